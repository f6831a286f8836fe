//! A difference: the members that an archive has and its base hasn't, with the index and the label of the whole. With its
//! base beside it, it is read as that archive; by itself it is nothing. `docs/format.md` ("Differences") is it in words.

use super::index::{Digest, Index, Numbers};
use super::open::{self, Archive};
use super::output::Output;
use super::tail;
use crate::disk;
use crate::error::{Error, Result};
use crate::platform::paths;
use std::io;
use std::path::{Path, PathBuf};

/// What stands for a member that the difference itself holds.
const OWN: u32 = u32::MAX;

/// Which archive is the base, and what of it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The base's digest.
    pub base: Digest,
    /// Its file's name, in the difference's own folder.
    pub name: PathBuf,
    /// For each member its number in the base; none for those that stand in the difference.
    pub sources: Vec<Option<u32>>,
}

impl Plan {
    /// A plan over this base in which nothing is needed yet.
    pub fn over(base: &Archive) -> Plan {
        let name = PathBuf::from(base.path.file_name().unwrap_or_default());
        Plan { base: base.own_digest(), name, sources: Vec::new() }
    }

    /// The bytes of the plan, which the index follows.
    pub fn encode(&self) -> Vec<u8> {
        let name = paths::to_bytes(&self.name);
        let mut out = self.base.to_vec();
        out.extend_from_slice(&u16::try_from(name.len()).expect("a file's name is short").to_le_bytes());
        out.extend_from_slice(name);
        out.extend_from_slice(&u32::try_from(self.sources.len()).expect("as many as members").to_le_bytes());
        for source in &self.sources {
            out.extend_from_slice(&source.unwrap_or(OWN).to_le_bytes());
        }
        out
    }

    /// The plan at the beginning of these bytes, and what follows it; or what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<(Plan, &[u8]), &'static str> {
        let mut rest = Numbers(bytes);
        let base = rest.take()?;
        let len = usize::from(u16::from_le_bytes(rest.take()?));
        let name = paths::to_path(rest.slice(len)?).to_owned();
        // Nothing outside its own folder is ever a base.
        if name.file_name() != Some(name.as_os_str()) {
            return Err("the name of its base is none");
        }
        let count = rest.u32()?;
        let source = |n| if n == OWN { None } else { Some(n) };
        let sources = (0..count).map(|_| rest.u32().map(source)).collect::<Result<Vec<_>, _>>()?;
        Ok((Plan { base, name, sources }, rest.0))
    }
}

/// What a difference reads through.
#[derive(Debug)]
pub struct Through {
    /// The base, as it was when the difference was opened.
    pub base: Box<Archive>,
    /// Where each member begins, and whether that is in the base.
    pub places: Vec<(bool, u64)>,
}

impl Through {
    /// Opens the base of the difference at `path`, whose own members end at `end`, and finds every member.
    pub fn open(path: &Path, plan: Plan, index: &Index, end: u64) -> Result<Through> {
        let base = open_base(path, &plan)?;
        if plan.sources.len() != index.members.len() {
            return Err(Error::damaged(path, "its plan is of another archive"));
        }
        let (mut at, mut places) = (0u64, Vec::with_capacity(plan.sources.len()));
        for (member, source) in index.members.iter().zip(plan.sources) {
            match source {
                None => {
                    places.push((false, at));
                    at = at
                        .checked_add(member.stored)
                        .ok_or_else(|| Error::damaged(path, "it counts too many bytes"))?;
                }
                Some(n) if base.index.members.get(n as usize) == Some(member) => {
                    places.push((true, base.starts[n as usize]));
                }
                Some(_) => return Err(Error::damaged(path, "its base hasn't got what it needs")),
            }
        }
        if at != end {
            return Err(Error::damaged(path, "the index describes other data than the file has"));
        }
        Ok(Through { base: Box::new(base), places })
    }
}

fn open_base(path: &Path, plan: &Plan) -> Result<Archive> {
    let at = disk::parent(path).join(&plan.name);
    let missing = || Error::damaged(path, format!("its base {} doesn't stand beside it", at.display()));
    let base = match open::open_base(&at) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Err(missing()),
        other => other?,
    };
    if base.own_digest() == plan.base { Ok(base) } else { Err(missing()) }
}

/// The base of the difference at this path, which need not be there; none for everything that is no difference.
pub fn base_of(path: &Path) -> Option<PathBuf> {
    let (file, mark) = open::open_file(path).ok()?;
    let plan = tail::read(&file, path, mark.size).ok()??.plan?;
    Some(disk::parent(path).join(plan.name))
}

/// Puts the archive that a difference stands for into the new file `to`: byte for byte what would have been written
/// without a base. Neither flushed nor verified. A failed attempt leaves nothing.
///
/// # Errors
/// `Damaged`; `Io`.
pub fn put_together(difference: &Path, to: &Path) -> Result<()> {
    let archive = Archive::open(difference)?;
    let file = disk::create_new(to)?;
    let mut out = Output::new(&file, to, archive.index.begun, Some(&archive));
    let copied = (0..archive.members()).try_for_each(|member| out.copy(member));
    out.index.entries.clone_from(&archive.index.entries);
    let done = copied.and_then(|()| out.finish(archive.label()));
    if done.is_err() {
        disk::remove_file(to)?;
    }
    done.map(drop)
}
