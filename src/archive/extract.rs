//! Getting files out of an archive: all, some, or one, and the list of them.

use super::decode;
use super::entry::{Body, Head, Visit};
use super::guard::{Limits, hostile};
use super::names;
use super::open::{self, Archive, Opened};
use super::untar;
use super::walk::{compared, walk};
use crate::disk;
use crate::error::{At, Error, Result};
use crate::platform::paths;
use crate::platform::stage::{Stage, is_clash};
use crate::tree::EntryKind;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// An entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name in the archive, without `./` and trailing slashes.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes.
    pub size: u64,
    /// Seconds and nanoseconds of the last write.
    pub mtime: (i64, u32),
}

/// What was unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extracted {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries of any kind that were left out.
    pub left_out: u64,
}

/// Gives a path for what is to be unpacked.
pub type Wanted<'a> = dyn Fn(&Path) -> Option<PathBuf> + 'a;

/// What is in an archive. For one of ours the index says it; another's is read to its end.
///
/// # Errors
/// `Damaged`, `Hostile`, `Io`.
pub fn list(path: &Path) -> Result<Vec<Listed>> {
    let mut all = Vec::new();
    match open::open(path)? {
        Opened::Ours(archive) => all.extend(archive.entries().iter().map(|e| Listed {
            path: e.name.clone(),
            kind: e.kind,
            size: e.mark.size,
            mtime: e.mark.mtime,
        })),
        opened => drop(walk(path, &opened, &Limits::default(), &mut |head, _| {
            let Head { name, kind, size, mtime, .. } = head.clone();
            all.push(Listed { path: name, kind, size, mtime });
            Ok(())
        })?),
    }
    Ok(all)
}

/// Unpacks into the existing folder `into` what `wanted` gives a path for, relative to `into`; `None` leaves an
/// entry out. Everything is read and checked while it is unpacked, what is left out too. Files are 0600, folders
/// 0700, and files keep their time of last write. Nothing is flushed. After an error `into` holds a part and is
/// the caller's to remove.
///
/// # Errors
/// `Damaged`; `Hostile` for what could lead elsewhere, for links and devices that are wanted, and beyond `limits`;
/// `Io`.
pub fn extract(path: &Path, into: &Path, wanted: &Wanted, limits: &Limits) -> Result<Extracted> {
    extract_to(path, into, wanted, limits, &|_, _, _| {})
}

/// [`extract`] of what will be flushed: the disk begins to write each part as soon as it is there.
///
/// # Errors
/// As `extract`.
pub fn extract_to_flush(path: &Path, into: &Path, wanted: &Wanted, limits: &Limits) -> Result<Extracted> {
    extract_to(path, into, wanted, limits, &disk::begin_writing)
}

fn extract_to(
    path: &Path,
    into: &Path,
    wanted: &Wanted,
    limits: &Limits,
    there: &dyn Fn(&File, u64, u64),
) -> Result<Extracted> {
    let opened = open::open(path)?;
    let mut stage = Stage::open(into).at("opening the folder", into)?;
    let mut done = Extracted::default();
    let fresh = fs::read_dir(into).at("listing", into)?.next().is_none();
    walk(path, &opened, limits, &mut |head, body| {
        let Some(target) = wanted(&head.name) else {
            done.left_out += 1;
            return Ok(());
        };
        if !names::is_clean(&target) {
            return Err(refused(path, "a path that leads elsewhere", head));
        }
        match head.kind {
            EntryKind::Dir => stage.make_dir(&target).or_else(|e| clash(path, into, head, &target, fresh, e)),
            EntryKind::File => {
                done.files += 1;
                done.bytes += head.size;
                match stage.create(&target) {
                    Ok(file) => unpack(file, &into.join(&target), head, body, there),
                    Err(e) => clash(path, into, head, &target, fresh, e),
                }
            }
            EntryKind::Link => Err(refused(path, "a link", head)),
            EntryKind::Other => Err(refused(path, "a device or pipe", head)),
        }
    })?;
    Ok(done)
}

/// Tells `there` after each lap which part of the file has been written.
fn unpack(mut file: File, to: &Path, head: &Head, body: &mut Body, there: &dyn Fn(&File, u64, u64)) -> Result<()> {
    const LAP: u64 = 8 << 20;
    let (mut told, mut written) = (0, 0);
    while let Some(chunk) = body.next()? {
        file.write_all(chunk).at("writing", to)?;
        written += chunk.len() as u64;
        if written - told >= LAP {
            there(&file, told, written - told);
            told = written;
        }
    }
    there(&file, told, written - told);
    set_time(&file, head.mtime).at("setting the time of", to)
}

fn set_time(file: &File, (seconds, nanos): (i64, u32)) -> io::Result<()> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = match seconds {
        0.. => SystemTime::UNIX_EPOCH.checked_add(whole),
        _ => SystemTime::UNIX_EPOCH.checked_sub(whole),
    };
    // A time beyond what the system can count is a lie; the file is none the worse without it.
    match time.and_then(|t| t.checked_add(Duration::from_nanos(nanos.into()))) {
        Some(time) => file.set_modified(time),
        None => Ok(()),
    }
}

/// In a folder that was empty only the archive itself can have put something in the way; in another one its owner did.
fn clash(path: &Path, into: &Path, head: &Head, target: &Path, fresh: bool, e: io::Error) -> Result<()> {
    if fresh && is_clash(&e) {
        return Err(refused(path, "a name that another one already took", head));
    }
    Err(e).at("creating", &into.join(target))
}

fn refused(path: &Path, what: &str, head: &Head) -> Error {
    hostile(path, what, paths::to_bytes(&head.name))
}

/// Writes one file of an archive to `out`; in one of ours it is found by the index, and only its own members are
/// read and checked. Returns its size, or `None` if there is no file of that name.
///
/// # Errors
/// `Damaged`, also where no such file is in it; `Hostile`; `Io`.
pub fn cat(path: &Path, name: &Path, out: &mut dyn Write) -> Result<Option<u64>> {
    let mut found = None;
    let mut copy = |head: &Head, body: &mut Body| {
        while let Some(chunk) = body.next()? {
            out.write_all(chunk).at("writing", &head.name)?;
        }
        found = Some(head.size);
        Ok(())
    };
    match open::open(path)? {
        Opened::Ours(archive) => cat_ours(&archive, name, &mut copy)?,
        opened => drop(walk(path, &opened, &Limits::default(), &mut |head, body| {
            if head.name == name && head.kind == EntryKind::File { copy(head, body) } else { Ok(()) }
        })?),
    }
    Ok(found)
}

fn cat_ours(archive: &Archive, name: &Path, copy: &mut Visit) -> Result<()> {
    let Some(entry) = archive.entries().iter().find(|e| e.name == name && e.kind == EntryKind::File) else {
        return Ok(());
    };
    let start = archive.position(entry).expect("entries were checked when the archive was opened") - entry.offset;
    decode::tar(archive, entry.member, |tar| {
        untar::one(&archive.path, tar, entry.offset, &mut |head, body| {
            let head = Head { at: head.at + start, ..head.clone() };
            compared(archive, entry, &head)?;
            copy(&head, body)
        })
    })
}
