//! Every entry of any archive, in order: bounded, held to the rules, and for archives of ours compared with the
//! index. Verifying, listing and unpacking all go through here.

use super::decode;
use super::entry::{Body, Head, Visit};
use super::guard::{Guard, Limits, hostile};
use super::index::IndexEntry;
use super::open::{Archive, Opened, Origin};
use super::read;
use super::untar;
use super::zipped;
use crate::error::{Error, Result};
use crate::platform::paths;
use crate::tree::EntryKind;
use std::path::Path;

/// How much there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Entries.
    pub entries: u64,
    /// Bytes of content.
    pub bytes: u64,
}

/// Calls `visit` for every entry but the root itself. Everything is read, and every checksum there is is looked at.
pub fn walk(path: &Path, opened: &Opened, limits: &Limits, visit: &mut Visit) -> Result<Totals> {
    let mut guard = Guard::new(path, *limits, opened.packed());
    let mut admitted = |head: &Head, body: &mut Body| {
        guard.admit(head)?;
        if head.name.as_os_str().is_empty() { Ok(()) } else { visit(head, body) }
    };
    match opened {
        Opened::Ours(archive) => ours(archive, &mut admitted)?,
        Opened::Foreign(Origin::Zip, file, _) => zipped::walk(path, file, &mut admitted)?,
        Opened::Foreign(origin, file, _) => untar::walk(path, *origin, &mut read::gunzip(path, file), &mut admitted)?,
    }
    opened.require_still(path)?;
    let (entries, bytes) = guard.totals();
    Ok(Totals { entries, bytes })
}

fn ours(archive: &Archive, visit: &mut Visit) -> Result<()> {
    let mut claims = archive.entries().iter();
    decode::tar(archive, 0, |tar| {
        untar::walk(&archive.path, Origin::Ours, tar, &mut |head, body| {
            let claim = claims.next().ok_or_else(|| lies(archive, head))?;
            visit(&compared(archive, claim, head)?, body)
        })
    })?;
    match claims.next() {
        None => Ok(()),
        Some(more) => Err(hostile(&archive.path, "the index names what isn't there", paths::to_bytes(&more.name))),
    }
}

/// The entry with what the index knows better: the fraction of its time.
pub fn compared(archive: &Archive, claim: &IndexEntry, head: &Head) -> Result<Head> {
    let is_file = claim.kind == EntryKind::File;
    let same = claim.name == head.name
        && claim.kind == head.kind
        && claim.mark.size == head.size
        && archive.position(claim) == Some(head.at)
        && (!is_file || claim.mark.mtime.0.max(0) == head.mtime.0);
    if !same {
        return Err(lies(archive, head));
    }
    let mtime = if is_file && head.mtime.0 > 0 { claim.mark.mtime } else { head.mtime };
    Ok(Head { mtime, ..head.clone() })
}

fn lies(archive: &Archive, head: &Head) -> Error {
    hostile(&archive.path, "the index says otherwise than the tar", paths::to_bytes(&head.name))
}
