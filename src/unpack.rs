//! An archive as sessions: which are in it, and one of them unpacked and examined. Checking and restoring share it.

use crate::archive::{self, Limits};
use crate::disk;
use crate::error::{Error, Result};
use crate::session::Examination;
use crate::session::interior::{self, Interior};
use crate::session::snapshot::Carry;
use crate::vault::backup;
use std::path::{Path, PathBuf};

/// The sessions an archive holds: as its label says, else by the names in it.
///
/// # Errors
/// `Damaged`, `Hostile`, `Io`.
pub fn sessions_in(path: &Path) -> Result<Vec<Interior>> {
    let labelled = backup::label_of(path).and_then(|label| {
        let kind = interior::kind_named(&label.kind)?;
        Some(Interior { prefix: PathBuf::from(label.prefix), kind })
    });
    match labelled {
        Some(interior) => Ok(vec![exact(path, interior)?]),
        None => Ok(interior::sessions(&archive::list(path)?.into_iter().map(|l| l.path).collect::<Vec<_>>())),
    }
}

/// A label is text; a name that is none stands in the archive as it is.
fn exact(path: &Path, labelled: Interior) -> Result<Interior> {
    let is_it = |name: &PathBuf| name.to_string_lossy() == labelled.prefix.to_string_lossy();
    let is_text = !labelled.prefix.to_string_lossy().contains(char::REPLACEMENT_CHARACTER);
    let found = if is_text { None } else { archive::list(path)?.into_iter().map(|listed| listed.path).find(is_it) };
    Ok(Interior { prefix: found.unwrap_or(labelled.prefix), kind: labelled.kind })
}

/// The session of this name among those of an archive, or, where it stands `alone` here or the archive has no name for
/// it, the only one. One bot's login in another's session would run it twice, and get both unlinked.
pub fn meant<'a, T>(all: &'a [T], prefix: impl Fn(&T) -> &Path, name: &str, alone: bool) -> Option<&'a T> {
    let named = all.iter().find(|one| prefix(one).file_name().is_some_and(|n| n.to_string_lossy() == name));
    let only = || all.first().filter(|one| all.len() == 1 && (alone || prefix(one).as_os_str().is_empty()));
    named.or_else(only)
}

/// Unpacks one session of an archive into the path `into` (emptied first) and examines it there. Every digest and
/// checksum in the archive is checked on the way. Locks and sockets are left out.
///
/// # Errors
/// As [`unfold`]; what is wrong with the session is in the examination.
pub fn unpack(path: &Path, interior: &Interior, into: &Path, carry: Carry) -> Result<Examination> {
    unfold(path, interior, into, carry)?;
    interior.kind.examine(into)
}

/// [`unpack()`] without the examination. All of a session is unpacked to stay: the disk begins to write it meanwhile.
///
/// # Errors
/// `Damaged`, also where nothing of the session is in it; `Hostile`; `Io`, a full disk among them.
pub fn unfold(path: &Path, interior: &Interior, into: &Path, carry: Carry) -> Result<()> {
    disk::remove_tree(into)?;
    let kind = interior.kind;
    let wanted = |name: &Path| {
        let entry = interior.inside(name).filter(|entry| !is_a_macs(entry))?;
        let taken = match carry {
            Carry::Login => kind.matters(&entry) || entry.as_os_str().is_empty(),
            Carry::All => !kind.forbids(&entry),
        };
        let target = if entry.as_os_str().is_empty() { name_of(into) } else { name_of(into).join(entry) };
        taken.then_some(target)
    };
    let above = disk::parent(into);
    disk::make_dir(above)?;
    let extract = if carry == Carry::All { archive::extract_to_flush } else { archive::extract };
    extract(path, above, &wanted, &Limits::of_disk(disk::free_space(above)?))?;
    if disk::exists(into) { Ok(()) } else { Err(Error::damaged(path, "the session in it is empty")) }
}

/// What a Mac's `tar` and Finder put beside files; no program that keeps a session makes such names. Source: AppleDouble's
/// `._NAME`, Finder's `.DS_Store`.
fn is_a_macs(entry: &Path) -> bool {
    entry.file_name().is_some_and(|n| n == ".DS_Store" || n.as_encoded_bytes().starts_with(b"._"))
}

fn name_of(path: &Path) -> PathBuf {
    PathBuf::from(path.file_name().unwrap_or_default())
}
