//! Putting a copy back where a database lies or lay. It is not the decision to do so, and it doesn't ask whether a bot
//! runs: the caller has.
//!
//! A database that is only replaced as a file would replay the `-wal` its predecessor left beside it: the restored login
//! would be undone, and the integrity check would say ok. So SQLite itself writes the copy into the existing file,
//! under its own lock and in one transaction; where it can't open that, the file and its neighbours go aside together. That
//! takes several moves: the caller's marker stands before the first, and [`finish`] ends what a kill cut off.

use super::copy::run;
use super::{is_busy, open_still, sidecars};
use crate::disk;
use crate::error::{Error, Holder, Result};
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::iter;
use std::path::{Path, PathBuf};

/// How often the lock is asked for, 25 ms apart. The bot should have stopped: who still has it is no passer-by.
const LOCK_TRIES: u32 = 40;

/// The new database before it is placed, in the folder aside.
const NEW: &str = "new";
/// Where in the folder aside the old one and its neighbours are moved.
const MOVED: &str = "moved";

/// Lets SQLite write the still copy at `copy` into the database at `live`, which keeps its inode, owner and mode. `false`
/// where nothing stands there, or nothing that SQLite can write into; then nothing was changed.
///
/// # Errors
/// Somebody has a lock on the live file ([`Error::InUse`]).
pub fn write_into(copy: &Path, live: &Path) -> Result<bool> {
    if !live.exists() {
        return Ok(false);
    }
    match write(copy, live) {
        Ok(()) => Ok(true),
        Err(e) if is_busy(&e) => Err(Error::InUse { path: live.to_owned(), holder: Holder::default() }),
        Err(_) => Ok(false),
    }
}

fn write(copy: &Path, live: &Path) -> rusqlite::Result<()> {
    let from = open_still(copy)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut to = Connection::open_with_flags(live, flags)?;
    // Closing what turned out to be damaged would work the old `-wal` into it; it is to go aside as it lies.
    to.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    to.execute_batch("PRAGMA synchronous = FULL")?;
    run(&Backup::new(&from, &mut to)?, LOCK_TRIES)?;
    // In WAL mode the copy is in the `-wal` now, durably; moving it into the file is tidiness, not needed.
    let _ = to.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    let _ = to.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
    Ok(())
}

/// Places the still copy at `copy` as a new file at `live`. What lies there goes into the folder `aside` first, which is
/// empty and on the same file system.
///
/// # Errors
/// The disk refuses; then what was there is back, as far as the disk allows that: [`finish`] does the rest.
pub fn place(copy: &Path, live: &Path, aside: &Path) -> Result<()> {
    let mode = disk::mode(live).ok();
    let new = aside.join(NEW);
    disk::copy_file(copy, &new)?;
    if let Some(mode) = mode {
        disk::set_mode(&new, mode)?;
    }
    disk::sync_file(&new)?;
    disk::make_dir(&aside.join(MOVED))?;
    let done = files(live)
        .iter()
        .try_for_each(|file| if disk::exists(file) { disk::move_to(file, &moved(file, aside)) } else { Ok(()) });
    done.and_then(|()| disk::publish(&new, live)).inspect_err(|_| {
        if !is_placed(live, aside) {
            // What the disk refuses here the next command does.
            let _ = finish(live, aside);
        }
    })
}

/// Whether a [`place`] that was cut off had come to its end: the new database stands. It is whole then, and a bot may
/// have used it already. Else what lay there is to come back ([`finish`]).
pub fn is_placed(live: &Path, aside: &Path) -> bool {
    // Something may stand there that is not ours: a bot that started meanwhile made itself an empty one.
    disk::exists(live) && lies_aside(live, aside) && !disk::exists(&aside.join(NEW))
}

/// Undoes a [`place`] that was cut off before its end: what lay there comes back. A database that a bot made for itself
/// meanwhile is kept beside it. May itself be cut off anywhere.
///
/// # Errors
/// The disk refuses a move.
pub fn finish(live: &Path, aside: &Path) -> Result<()> {
    // The database goes aside first and comes back last: what stands there while it is aside is somebody else's.
    if disk::exists(live) && disk::exists(&moved(live, aside)) {
        files(live).iter().filter(|f| disk::exists(f)).try_for_each(|f| disk::set_aside(f))?;
    }
    come_back(live, aside)
}

/// Undoes a finished [`place`]: what was placed is removed, what was moved comes back.
///
/// # Errors
/// The disk refuses a move.
pub fn take_out(live: &Path, aside: &Path) -> Result<()> {
    files(live).iter().rev().try_for_each(|placed| disk::remove_file(placed))?;
    come_back(live, aside)
}

fn come_back(live: &Path, aside: &Path) -> Result<()> {
    let all = files(live);
    let aside = all.iter().rev().map(|was| (moved(was, aside), was)).filter(|(is, _)| disk::exists(is));
    aside.into_iter().try_for_each(|(is, was)| disk::move_to(&is, was))
}

fn lies_aside(live: &Path, aside: &Path) -> bool {
    files(live).iter().any(|file| disk::exists(&moved(file, aside)))
}

/// The database and its neighbours, in the order in which they go aside.
fn files(live: &Path) -> Vec<PathBuf> {
    iter::once(live.to_owned()).chain(sidecars(live)).collect()
}

fn moved(file: &Path, aside: &Path) -> PathBuf {
    aside.join(MOVED).join(file.file_name().unwrap_or_default())
}
