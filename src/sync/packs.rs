//! The archive in packs: to a bucket travels only what it doesn't hold yet. One request reads the pointer, one uploads a
//! pack of the missing pieces and the manifest, one replaces the pointer, if nobody else has meanwhile. Whatever is cut
//! off before that last request leaves the earlier latest whole.

use super::bin::Bin;
use super::fence::{Mark, require_newer};
use super::pack::{FORMAT, Held, Manifest, Place, Pointer, garbled};
use super::sweep::sweep;
use super::{Outgoing, Pushed};
use crate::archive::pieces::{Piece, pieces};
use crate::archive::seal::Sealer;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::platform::files::FileExt;
use crate::remote::{Put, Remote, Source, Tag, When};
use crate::vault::retention::{self, Candidate};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// An archive is spread over no more packs than this: each costs a request when it is pulled.
const MOST_PACKS: usize = 24;
/// So many of them are merged at a time.
const MERGED: usize = 16;
/// Packs may hold this much that no latest archive needs, beyond as much as it needs.
const SLACK: u64 = 8 << 20;

/// What this host remembers of its last push: a host that can seal but not open needs nothing of the remote then.
#[derive(Serialize, Deserialize)]
struct Memory {
    tag: String,
    manifest: Manifest,
}

pub(super) fn latest(session: &str) -> String {
    format!("{session}/latest")
}

pub(super) fn pack_name(session: &str, name: &str) -> String {
    format!("{session}/packs/{name}")
}

/// Pushes what the bucket doesn't hold yet; all of it where it turns out to have lost some.
pub fn push(out: &Outgoing, remote: &dyn Remote, told: &mut dyn FnMut(u64, u64)) -> Result<Pushed> {
    let there = read_pointer(remote, &out.session)?;
    if let Some((pointer, _)) = &there {
        let theirs = &pointer.archives[0].mark;
        if theirs.digest == out.mark.digest && pointer.sealed == out.recipients.is_some() {
            return Ok(Pushed::unchanged(remote));
        }
        if !out.force {
            require_newer(&out.mark, &out.ancestor, theirs, &remote.place())?;
        }
    }
    let known = there.as_ref().and_then(|(pointer, tag)| known(out, remote, pointer, tag));
    let now = publish(out, remote, there.as_ref(), known.as_ref(), &HashSet::new(), told)?;
    let lost = sweep(out, remote, there.as_ref().map(|(p, _)| p), &now.0);
    if lost.is_empty() {
        return Ok(Pushed::all(remote));
    }
    // What this host remembers to be there isn't: nothing of it is built upon.
    publish(out, remote, Some(&now), None, &lost, told)?;
    Ok(Pushed { renewed: true, ..Pushed::all(remote) })
}

/// Uploads a pack of what isn't `known` to be there, then the new pointer, if `there` is still what stands there.
fn publish(
    out: &Outgoing,
    remote: &dyn Remote,
    there: Option<&(Pointer, Tag)>,
    known: Option<&Manifest>,
    lost: &HashSet<String>,
    told: &mut dyn FnMut(u64, u64),
) -> Result<(Pointer, Tag)> {
    let before = there.map(|(p, _)| p);
    let (pack, manifest) = build(out, known, before)?;
    let pointer = point(out, &pack, &manifest, before, lost);
    let all = pack.content.len();
    let name = pack_name(&out.session, &pack.name);
    let stored = remote.put(&name, &pack.content, &When::Always, &mut |sent| told(sent, all));
    disk::remove_file(&pack.file)?;
    stored?;
    let when = there.map_or(When::Absent, |(_, tag)| When::Unchanged(tag.clone()));
    match remote.put(&latest(&out.session), &Source::bytes(&pointer.to_bytes()), &when, &mut |_| {})? {
        Put::Stored(tag) => {
            remember(out, &Memory { tag: tag.as_str().to_owned(), manifest })?;
            Ok((pointer, tag))
        }
        Put::Refused => Err(overtaken(out, remote)),
    }
}

/// Somebody replaced the pointer between our two requests.
fn overtaken(out: &Outgoing, remote: &dyn Remote) -> Error {
    match read_pointer(remote, &out.session) {
        Ok(Some((pointer, _))) => {
            let Held { mark, .. } = &pointer.archives[0];
            Error::RemoteNewer { place: remote.place(), host: mark.host.clone(), generation: mark.generation }
        }
        Ok(None) => garbled(&remote.place(), "latest"),
        Err(e) => e,
    }
}

pub(super) fn read_pointer(remote: &dyn Remote, session: &str) -> Result<Option<(Pointer, Tag)>> {
    let mut text = Vec::new();
    match remote.get(&latest(session), None, &mut text)? {
        Some(tag) => Ok(Some((Pointer::read(&text, &remote.place())?, tag))),
        None => Ok(None),
    }
}

/// The manifest of what the pointer names: as remembered, else fetched. `None` where it can't be opened here; then all
/// travels once more.
fn known(out: &Outgoing, remote: &dyn Remote, pointer: &Pointer, tag: &Tag) -> Option<Manifest> {
    if pointer.sealed != out.recipients.is_some() {
        return None;
    }
    let memory = std::fs::read(&out.memory).ok();
    let memory: Option<Memory> = memory.and_then(|m| serde_json::from_slice(&m).ok());
    if let Some(memory) = memory.filter(|m| m.tag == tag.as_str()) {
        return Some(memory.manifest);
    }
    // Apart from what a pull may be fetching at the same time.
    let scratch = out.scratch.join("known");
    disk::make_dir(&scratch).ok()?;
    let mut bin = Bin::new(remote, &out.session, &scratch, out.identities, pointer);
    let manifest = bin.manifest(&pointer.archives[0]);
    bin.clear();
    manifest.ok()
}

fn remember(out: &Outgoing, memory: &Memory) -> Result<()> {
    let text = serde_json::to_vec(memory).expect("a memory has string keys only");
    disk::write_whole(&out.memory, &text)
}

/// A pack in the making.
struct Pack {
    name: String,
    /// Its content, held open: what is uploaded under its name is this and nothing else.
    content: Source<'static>,
    file: PathBuf,
    bytes: u64,
    manifest: (u64, u64),
}

fn build(out: &Outgoing, known: Option<&Manifest>, pointer: Option<&Pointer>) -> Result<(Pack, Manifest)> {
    let all = pieces(out.archive)?;
    let secret = known.map_or_else(super::digest::secret, |k| k.secret.clone());
    let stay = known.map(|k| stay(k, &all, pointer)).unwrap_or_default();
    let mut places: HashMap<String, (String, u64)> = HashMap::new();
    for Place(pack, at, _, digest) in known.iter().flat_map(|k| &k.pieces) {
        let pack = &known.expect("there are pieces of it").packs[*pack as usize];
        if stay.contains(pack) {
            places.insert(digest.clone(), (pack.clone(), *at));
        }
    }
    let mut name = keyed(&secret);
    let (mut missing, mut at) = (Vec::new(), 0);
    for piece in &all {
        let digest = hex(&piece.digest);
        if places.contains_key(&digest) {
            continue;
        }
        name.update(&piece.digest);
        places.insert(digest, (String::new(), at));
        missing.push(*piece);
        at += piece.len;
    }
    name.update(out.mark.digest.as_bytes()).update(&out.mark.generation.to_le_bytes());
    let name = name.finalize().to_hex().to_string();
    let manifest = manifest(&all, &places, secret, &name);
    let text = manifest.to_bytes();
    let file = out.scratch.join("outgoing.pack");
    disk::remove_file(&file)?;
    write_pack(out, &file, &missing, &text)?;
    let (len, content) = (text.len() as u64, Source::file(&file)?);
    Ok((Pack { name, content, file, bytes: at + len, manifest: (at, len) }, manifest))
}

fn manifest(all: &[Piece], places: &HashMap<String, (String, u64)>, secret: String, new: &str) -> Manifest {
    let mut manifest = Manifest { secret, packs: vec![new.to_owned()], pieces: Vec::with_capacity(all.len()) };
    let mut numbers: HashMap<String, u32> = HashMap::from([(String::new(), 0)]);
    for piece in all {
        let digest = hex(&piece.digest);
        let (pack, at) = &places[&digest];
        let number = *numbers.entry(pack.clone()).or_insert_with(|| {
            manifest.packs.push(pack.clone());
            manifest.packs.len() as u32 - 1
        });
        manifest.pieces.push(Place(number, *at, piece.len, digest));
    }
    manifest
}

fn write_pack(out: &Outgoing, file: &Path, missing: &[Piece], manifest: &[u8]) -> Result<()> {
    let source = File::open(out.archive).at("opening", out.archive)?;
    let target = BufWriter::with_capacity(256 << 10, disk::create_new(file)?);
    let fill = |to: &mut dyn Write| -> Result<()> {
        for piece in missing {
            let mut bytes = vec![0; piece.len as usize];
            source.read_exact_at(&mut bytes, piece.at).at("reading", out.archive)?;
            if *blake3::hash(&bytes).as_bytes() != piece.digest {
                return Err(Error::damaged(out.archive, "a member isn't what its index says"));
            }
            to.write_all(&bytes).at("writing", file)?;
        }
        to.write_all(manifest).at("writing", file)
    };
    match out.recipients {
        Some(recipients) => {
            let mut sealer = Sealer::new(target, recipients).at("writing", file)?;
            fill(&mut sealer)?;
            sealer.finish().and_then(|mut t| t.flush()).at("writing", file)
        }
        None => {
            let mut target = target;
            fill(&mut target)?;
            target.flush().at("writing", file)
        }
    }
}

/// The packs whose pieces are used again. Where there are too many, the emptiest are written anew into one, of what
/// lies here; where they hold more waste than content, those with the most of it are.
fn stay(known: &Manifest, all: &[Piece], pointer: Option<&Pointer>) -> HashSet<String> {
    let wanted: HashSet<String> = all.iter().map(|p| hex(&p.digest)).collect();
    let mut live: HashMap<&str, u64> = HashMap::new();
    for Place(pack, _, len, digest) in &known.pieces {
        if wanted.contains(digest) {
            *live.entry(&known.packs[*pack as usize]).or_insert(0) += len;
        }
    }
    let size = |pack: &str| pointer.and_then(|p| p.packs.get(pack)).copied().unwrap_or(0);
    let mut packs: Vec<(&str, u64)> = live.into_iter().collect();
    packs.sort_by_key(|(_, live)| std::cmp::Reverse(*live));
    if packs.len() >= MOST_PACKS {
        packs.truncate(packs.len() - MERGED);
    }
    packs.sort_by_key(|(pack, live)| live * 1000 / size(pack).max(1));
    let needed: u64 = all.iter().map(|p| p.len).sum();
    let mut waste: u64 = packs.iter().map(|(pack, live)| size(pack).saturating_sub(*live)).sum();
    packs.retain(|(pack, live)| {
        let too_much = waste > needed + SLACK && size(pack) > 2 * live;
        if too_much {
            waste -= size(pack).saturating_sub(*live);
        }
        !too_much
    });
    packs.into_iter().map(|(pack, _)| pack.to_owned()).collect()
}

/// The new pointer: this archive before those that the rule keeps and that can still be put together.
fn point(
    out: &Outgoing,
    pack: &Pack,
    manifest: &Manifest,
    before: Option<&Pointer>,
    lost: &HashSet<String>,
) -> Pointer {
    let live = manifest.live();
    let fence = before.map_or(0, |b| b.archives[0].mark.fence).max(out.mark.fence);
    let new = Held {
        mark: Mark { fence, ..out.mark.clone() },
        bytes: manifest.pieces.iter().map(|p| p.2).sum(),
        pack: pack.name.clone(),
        manifest: pack.manifest,
        packs: manifest.packs.iter().filter(|p| live.contains_key(*p)).cloned().collect(),
    };
    let sealed = out.recipients.is_some();
    // What was open before doesn't stay beside what is sealed now.
    let earlier = before.filter(|b| b.sealed == sealed).map(|b| b.archives.clone()).unwrap_or_default();
    let earlier = earlier.into_iter().filter(|a| a.is_without(lost));
    let mut archives: Vec<Held> = std::iter::once(new).chain(earlier).collect();
    let candidates: Vec<Candidate> =
        archives.iter().map(|a| Candidate { made: a.mark.made, bytes: 0, pinned: None }).collect();
    let mut why = retention::keep(&candidates, out.mark.made, u64::MAX).into_iter();
    archives.retain(|_| why.next().flatten().is_some());
    let used: HashSet<&String> = archives.iter().flat_map(|a| a.packs.iter().chain([&a.pack])).collect();
    let size = |name: &str| before.and_then(|b| b.packs.get(name)).copied().unwrap_or(0);
    let sized = |name: &String| (name.clone(), if *name == pack.name { pack.bytes } else { size(name) });
    let packs = used.into_iter().map(sized).collect();
    Pointer { format: FORMAT, sealed, archives, packs }
}

fn keyed(secret: &str) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_derive_key("wakeep 2026-11 the name of a pack");
    hasher.update(secret.as_bytes());
    hasher
}

pub(super) fn hex(digest: &[u8; 32]) -> String {
    blake3::Hash::from(*digest).to_hex().to_string()
}
