//! A consistent copy of a profile's login while Chromium writes to it. One attempt; what vanished meanwhile shows in
//! the copy's examination.
//!
//! IndexedDB goes first. Local Storage reaches the disk seconds after IndexedDB, so what is then read of it refers
//! only to what IndexedDB already held.

use super::layout::{PROFILE, Profile};
use super::sqlite_stores;
use super::stores::is_there;
use crate::disk::{self, FileMark};
use crate::error::{At, Result};
use crate::session::{leveldb, sqlite};
use crate::tree::{self, EntryKind, is_vanished};
use std::fs;
use std::path::Path;

/// Copies what matters of the profile `live` into the folder `into`.
pub fn profile(live: &Path, into: &Path) -> Result<()> {
    disk::make_dir(into)?;
    let login = &PROFILE.login;
    let blobs = (live.join(&login.blobs), into.join(&login.blobs));
    // Before the database, since a blob may be deleted meanwhile; after it, since one may have been added.
    link_blobs(&blobs.0, &blobs.1)?;
    for database in [&login.indexed_db, &login.local_storage] {
        if is_there(&live.join(database))? {
            leveldb::copy(&live.join(database), &into.join(database))?;
        }
        if database == &login.indexed_db {
            link_blobs(&blobs.0, &blobs.1)?;
        }
    }
    copy_sqlite(live, into)?;
    optional(&PROFILE, live, into);
    Ok(())
}

fn copy_sqlite(live: &Path, into: &Path) -> Result<()> {
    let local_storage = Path::new(&PROFILE.login.local_storage_sqlite).to_owned();
    let databases = sqlite_stores::databases(live)?;
    for path in databases.iter().chain([&local_storage]) {
        let from = live.join(path);
        if is_there(&from)? {
            disk::make_dir(disk::parent(&into.join(path)))?;
            sqlite::copy(&from, &into.join(path))?;
        }
        let blobs = sqlite_stores::legacy_blobs(path);
        link_blobs(&live.join(&blobs), &into.join(&blobs))?;
    }
    Ok(())
}

/// A blob that was written to this recently, in seconds, may still be growing: a copy of it is still, a link isn't.
const SETTLED: i64 = 10;

fn link_blobs(live: &Path, into: &Path) -> Result<()> {
    if !is_there(live)? {
        return Ok(());
    }
    disk::make_dir(into)?;
    for entry in tree::walk(live, &|_| true)? {
        let (from, to) = (live.join(&entry.path), into.join(&entry.path));
        let done = match entry.kind {
            EntryKind::Dir => disk::make_dir(&to),
            EntryKind::File => link_blob(&from, &to),
            EntryKind::Link | EntryKind::Other => Ok(()),
        };
        done.or_else(|e| if is_vanished(&e) { Ok(()) } else { Err(e) })?;
    }
    Ok(())
}

fn link_blob(from: &Path, to: &Path) -> Result<()> {
    let live = FileMark::of(from)?;
    if disk::exists(to) {
        if FileMark::of(to)?.size == live.size {
            return Ok(());
        }
        disk::remove_file(to)?;
    }
    if is_settled(live, disk::parent(to))? { disk::link_or_copy(from, to) } else { disk::copy_file(from, to).map(drop) }
}

/// Compares with the time of a folder of ours, so that the file system's own clock decides.
fn is_settled(live: FileMark, ours: &Path) -> Result<bool> {
    Ok(live.mtime.0 + SETTLED < FileMark::of(ours)?.mtime.0)
}

/// Carries the small rest as far as that works; none of it is needed for the login.
fn optional(profile: &Profile, live: &Path, into: &Path) {
    for file in &profile.optional.files {
        for suffix in ["", "-wal", "-journal"] {
            let name = format!("{file}{suffix}");
            let (from, to) = (live.join(&name), into.join(&name));
            let small = fs::symlink_metadata(&from).is_ok_and(|m| m.is_file() && m.len() <= profile.optional.largest);
            if small && disk::make_dir(disk::parent(&to)).and_then(|()| disk::copy_file(&from, &to)).is_err() {
                let _ = disk::remove_file(&to);
            }
        }
    }
    for database in &profile.optional.leveldb {
        let (from, to) = (live.join(database), into.join(database));
        if size_of(&from).is_ok_and(|size| size <= profile.optional.largest) && leveldb::copy(&from, &to).is_err() {
            let _ = disk::remove_tree(&to);
        }
    }
}

fn size_of(folder: &Path) -> Result<u64> {
    fs::metadata(folder).at("reading", folder)?;
    Ok(tree::walk(folder, &|_| true)?.iter().map(|entry| entry.mark.size).sum())
}
