//! Putting a copy back where a database lies or lay. It is not the decision to do so, and it doesn't ask whether a bot
//! runs: the caller has.
//!
//! A database that is only replaced as a file would replay the `-wal` its predecessor left beside it: the restored login
//! would be undone, and the integrity check would say ok. So SQLite itself writes the copy into the existing file,
//! under its own lock and in one transaction; where it can't open that, the file and its neighbours go aside together.

use super::copy::run;
use super::{is_busy, open_still, sidecars};
use crate::disk;
use crate::error::{Error, Holder, Result};
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How often the lock is asked for, 25 ms apart. The bot should have stopped: who still has it is no passer-by.
const LOCK_TRIES: u32 = 40;

/// How a copy was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutBack {
    /// SQLite wrote it into the file that was there, which keeps its inode, owner and mode.
    Written,
    /// It was placed as a new file. What lay there, as (where it was, where it is now), in the order in which it was
    /// moved; moving it back in the reverse order undoes the restore.
    Placed {
        /// Moved files.
        aside: Vec<(PathBuf, PathBuf)>,
    },
}

/// Puts the still copy at `copy` back to `live`. Where what lies there can't be written by SQLite, it goes into the
/// folder `aside` first, which lies on the same file system. A kill between these moves leaves no database at `live`,
/// rather than an old one without its `-wal`; the caller's journal names `aside` and finishes or undoes it.
///
/// # Errors
/// Somebody has a lock on the live file ([`Error::InUse`]), or the disk refuses; then `live` is as it was.
pub fn put_back(copy: &Path, live: &Path, aside: &Path) -> Result<PutBack> {
    if live.exists() {
        match write_into(copy, live) {
            Ok(()) => return Ok(PutBack::Written),
            Err(e) if is_busy(&e) => {
                return Err(Error::InUse { path: live.to_owned(), holder: Holder::default() });
            }
            Err(_) => {}
        }
    }
    place(copy, live, aside)
}

fn write_into(copy: &Path, live: &Path) -> rusqlite::Result<()> {
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

fn place(copy: &Path, live: &Path, aside: &Path) -> Result<PutBack> {
    let mode = fs::metadata(live).map(|m| m.permissions().mode() & 0o7777).ok();
    let temp = disk::beside(live, "restored");
    disk::remove_file(&temp)?;
    disk::copy_file(copy, &temp)?;
    if let Some(mode) = mode {
        disk::set_mode(&temp, mode)?;
    }
    let mut moved = Vec::new();
    let done = move_aside(live, aside, &mut moved).and_then(|()| disk::publish(&temp, live));
    match done {
        Ok(()) => Ok(PutBack::Placed { aside: moved }),
        Err(e) => {
            let _ = disk::remove_file(&temp);
            moved.iter().rev().try_for_each(|(was, is)| disk::move_to(is, was))?;
            Err(e)
        }
    }
}

fn move_aside(live: &Path, aside: &Path, moved: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    for file in std::iter::once(live.to_owned()).chain(sidecars(live)) {
        let name = file.file_name().ok_or_else(|| Error::NotASession { path: live.to_owned() })?;
        let to = aside.join(name);
        if disk::exists(&file) {
            disk::move_to(&file, &to)?;
            moved.push((file, to));
        }
    }
    Ok(())
}

/// Undoes [`PutBack::Placed`]: what was placed is removed, what was moved comes back.
///
/// # Errors
/// The disk refuses a move.
pub fn take_out(live: &Path, aside: &[(PathBuf, PathBuf)]) -> Result<()> {
    let placed = sidecars(live);
    std::iter::once(live).chain(placed.iter().map(PathBuf::as_path)).try_for_each(disk::remove_file)?;
    aside.iter().rev().try_for_each(|(was, is)| disk::move_to(is, was))
}
