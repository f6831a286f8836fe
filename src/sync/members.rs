//! An archive to a machine where wakeep is installed: only the members that its latest hasn't got travel, and that side
//! publishes through its own vault. This is the side that sends, and what the two say; [`super::arrival`] is the other.
//! `docs/packs.md` ("Between two wakeeps") is the talk in words.

use super::far::{Far, Talk};
use super::fence::{Mark, require_newer};
use super::{Outgoing, Pushed};
use crate::archive::pieces::{Piece, pieces};
use crate::error::{At, Error, Fault, Result};
use crate::platform::files::FileExt;
use crate::remote::{Spent, tries};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, Read, Write};

/// How what is offered begins: the version of the talk.
pub(super) const OFFER: &str = "wakeep-members 1 ";
/// How what is to be put together begins.
pub(super) const PLAN: &str = "wakeep-plan ";
/// What is said once the archive stands there.
pub(super) const STORED: &str = "wakeep-stored";
/// The longest piece that travels by itself; `Form::Plain` has longer ones, and goes whole.
pub(super) const LONGEST: u64 = 2 << 20;
/// The most pieces an archive may have here, in either direction.
pub(super) const MOST: usize = 1 << 22;
/// The longest line either side says.
const LINE: u64 = 4096;
/// So many lines may come before the other wakeep's first.
const NOISE: usize = 200;
/// How often a line that broke is tried anew.
const TRIES: usize = 4;

/// What the other side has: this line, then so many digests of 32 bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Offered {
    /// The archive that stands there, if one of wakeep's does.
    pub standing: Option<Standing>,
    /// How many of the digests are that archive's pieces, in order; the rest are of an earlier try.
    pub pieces: usize,
    /// How many digests follow.
    pub digests: usize,
}

/// Which archive stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub host: String,
    pub generation: u64,
    pub made: Timestamp,
    #[serde(default)]
    pub who: Option<String>,
}

/// One piece of the archive to be: its digest, its length, and whether its bytes follow the plan.
pub(super) struct Wanted {
    pub digest: [u8; 32],
    pub len: u32,
    pub follows: bool,
}

impl Wanted {
    pub const BYTES: usize = 37;

    pub fn to_bytes(&self) -> [u8; Wanted::BYTES] {
        let mut bytes = [0; Wanted::BYTES];
        bytes[..32].copy_from_slice(&self.digest);
        bytes[32..36].copy_from_slice(&self.len.to_le_bytes());
        bytes[36] = u8::from(self.follows);
        bytes
    }

    pub fn read(from: &mut dyn BufRead) -> io::Result<Wanted> {
        let mut bytes = [0; Wanted::BYTES];
        from.read_exact(&mut bytes)?;
        let (mut digest, mut len) = ([0; 32], [0; 4]);
        digest.copy_from_slice(&bytes[..32]);
        len.copy_from_slice(&bytes[32..36]);
        Ok(Wanted { digest, len: u32::from_le_bytes(len), follows: bytes[36] == 1 })
    }
}

/// A line without its end. `None` at the end of all.
pub(super) fn line(from: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut text = Vec::new();
    from.take(LINE).read_until(b'\n', &mut text)?;
    Ok(text.strip_suffix(b"\n").map(|line| String::from_utf8_lossy(line).into_owned()))
}

/// What one try came to.
enum Said {
    Done(Pushed),
    /// That side has no wakeep that can do this: the file goes there whole.
    Cannot,
}

/// Sends what is missing there. `None` where the file has to go there whole.
///
/// # Errors
/// `RemoteNewer`; `Remote` with what the other wakeep said; `Io`.
pub fn push(out: &Outgoing, far: &Far, told: &mut dyn FnMut(u64, u64)) -> Result<Option<Pushed>> {
    let all = pieces(out.archive)?;
    if out.recipients.is_some() || all.iter().any(|p| p.len > LONGEST) {
        return Ok(None);
    }
    let (mut pauses, mut spent) = (tries(TRIES, None), Spent::default());
    loop {
        match attempt(out, far, &all, &mut spent, told) {
            Ok(Said::Done(pushed)) => return Ok(Some(pushed)),
            Ok(Said::Cannot) => return Ok(None),
            Err(e @ Error::Remote { fault: Fault::Unreachable { .. }, .. }) => {
                std::thread::sleep(pauses.next().ok_or(e)?);
            }
            Err(e) => return Err(e),
        }
    }
}

fn attempt(
    out: &Outgoing,
    far: &Far,
    all: &[Piece],
    spent: &mut Spent,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Said> {
    let mut talk = far.talk(&out.name)?;
    spent.requests += 1;
    let Some((offered, theirs)) = hear(&mut talk, spent) else {
        let end = talk.end()?;
        return if Talk::cannot(&end) { Ok(Said::Cannot) } else { Err(far.odd(&end)) };
    };
    let same =
        offered.standing.is_some() && all.iter().map(|p| p.digest).eq(theirs.iter().copied().take(offered.pieces));
    if same {
        talk.end()?;
        return Ok(Said::Done(Pushed { changed: false, renewed: false, spent: *spent }));
    }
    if let (Some(standing), false) = (offered.standing, out.force) {
        let Standing { host, generation, made, who } = standing;
        let theirs = Mark { generation, fence: 0, made, host, digest: String::new(), who };
        require_newer(&out.mark, &out.ancestor, &theirs, far.place())?;
    }
    let held: HashSet<[u8; 32]> = theirs.into_iter().collect();
    // That the line breaks shows in what that side says, or doesn't.
    let sent = send(out, &mut talk, all, &held, spent, told)?;
    let stored = sent && matches!(talk.line(), Some(said) if said == STORED);
    let end = talk.end()?;
    if stored { Ok(Said::Done(Pushed { changed: true, renewed: false, spent: *spent })) } else { Err(far.odd(&end)) }
}

fn hear(talk: &mut Talk, spent: &mut Spent) -> Option<(Offered, Vec<[u8; 32]>)> {
    // A login shell may have its say first.
    let mut said = std::iter::from_fn(|| talk.line()).take(NOISE);
    let said = said.find_map(|line| line.strip_prefix(OFFER).map(str::to_owned))?;
    let offered: Offered = serde_json::from_str(&said).ok()?;
    if offered.digests > MOST || offered.pieces > offered.digests {
        return None;
    }
    let mut digests = Vec::new();
    for _ in 0..offered.digests {
        let mut digest = [0; 32];
        talk.answer().read_exact(&mut digest).ok()?;
        digests.push(digest);
    }
    spent.received += said.len() as u64 + digests.len() as u64 * 32;
    Some((offered, digests))
}

/// The plan, then each missing piece once. Returns false where nobody takes it any more.
fn send(
    out: &Outgoing,
    talk: &mut Talk,
    all: &[Piece],
    held: &HashSet<[u8; 32]>,
    spent: &mut Spent,
    told: &mut dyn FnMut(u64, u64),
) -> Result<bool> {
    let (mut plan, mut missing, mut there) = (format!("{PLAN}{}\n", all.len()).into_bytes(), Vec::new(), held.clone());
    for piece in all {
        let follows = there.insert(piece.digest);
        let len = u32::try_from(piece.len).expect("the caller looked at the lengths");
        plan.extend_from_slice(&Wanted { digest: piece.digest, len, follows }.to_bytes());
        missing.extend(follows.then_some(*piece));
    }
    let source = File::open(out.archive).at("opening", out.archive)?;
    let size = plan.len() as u64 + missing.iter().map(|p| p.len).sum::<u64>();
    let mut sent = 0;
    let mut pass = |talk: &mut Talk, bytes: &[u8]| {
        sent += bytes.len() as u64;
        spent.sent += bytes.len() as u64;
        told(sent, size);
        talk.send(bytes)
    };
    let mut taken = pass(talk, &plan);
    for piece in missing {
        if !taken {
            break;
        }
        let mut bytes = vec![0; piece.len as usize];
        source.read_exact_at(&mut bytes, piece.at).at("reading", out.archive)?;
        if *blake3::hash(&bytes).as_bytes() != piece.digest {
            return Err(Error::damaged(out.archive, "a member isn't what its index says"));
        }
        taken = pass(talk, &bytes);
    }
    talk.hang_up();
    Ok(taken)
}

pub(super) fn write_line(to: &mut dyn Write, text: &str) -> io::Result<()> {
    to.write_all(format!("{text}\n").as_bytes())?;
    to.flush()
}
