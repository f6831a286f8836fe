//! A still copy of an SQLite file, whatever its writer does. It is not the judge of the copy, and it leaves the live
//! file, its neighbours and their modes as they are.
//!
//! A database somebody works on is copied by SQLite's online backup, in one step under one read lock, over a read-only
//! connection: such a connection neither checkpoints nor deletes a `-wal`. It would make a missing `-shm`, and it can't
//! finish what a killed writer left behind; so a database without `-shm`, or with a journal to be rolled back, is
//! copied as bytes together with its `-wal` and `-journal`, and recovery happens in the copy.

use super::{behind_links, is_busy, require_file, sidecars, sqlite};
use crate::disk::{self, FileMark};
use crate::error::{At, Error, Result};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often a lock is asked for again, and how long to wait between: five seconds in all, as long as most bots wait.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// How often a copy of bytes is begun anew because something changed meanwhile.
const BYTE_TRIES: u32 = 10;

/// Copies the database at `live` to the new file `into`, private to its owner and with the time of the last write.
///
/// # Errors
/// It isn't there or can't be read, or it is locked or changing at every try ([`Error::Restless`]).
pub fn copy_live(live: &Path, into: &Path) -> Result<()> {
    require_file(live)?;
    let live = &behind_links(live);
    // A copy that broke off left them: they would be in the way of this one, or be taken for its own.
    remove_sidecars(into)?;
    let online = if reader_can_join(live)? { by_backup(live, into)? } else { false };
    if !online {
        by_bytes(live, into)?;
    }
    let [wal, ..] = sidecars(live);
    let written = [live, &wal].into_iter().filter_map(|f| fs::metadata(f).ok()?.modified().ok()).max();
    if let Some(time) = written {
        File::options().write(true).open(into).and_then(|f| f.set_modified(time)).at("setting the time of", into)?;
    }
    Ok(())
}

/// Whether a reader would find everything it needs. Byte 18 of the header is 2 in WAL mode, where every connection
/// shares a `-shm`.
fn reader_can_join(live: &Path) -> Result<bool> {
    let mut header = Vec::new();
    File::open(live).at("opening", live)?.take(100).read_to_end(&mut header).at("reading", live)?;
    let [_, shm, _] = sidecars(live);
    Ok(header.len() == 100 && (header[18] != 2 || shm.exists()))
}

/// `false` where SQLite can't read it over a connection that mustn't write.
fn by_backup(live: &Path, into: &Path) -> Result<bool> {
    drop(disk::create_new(into)?);
    match backup_once(live, into) {
        Ok(()) => Ok(true),
        Err(e) if is_busy(&e) => {
            disk::remove_file(into)?;
            Err(Error::Restless { path: live.to_owned(), tries: LOCK_TRIES, last: e.to_string() })
        }
        Err(_) => disk::remove_file(into).map(|()| false),
    }
}

fn backup_once(live: &Path, into: &Path) -> rusqlite::Result<()> {
    let from = Connection::open_with_flags(live, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let mut to =
        Connection::open_with_flags(into, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // The copy is thrown away if this doesn't end well.
    to.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    run(&Backup::new(&from, &mut to)?, LOCK_TRIES)
}

/// Runs a backup in one step, waiting 25 ms at every try for locks; the busy error when they never come.
pub(super) fn run(backup: &Backup<'_, '_>, tries: u32) -> rusqlite::Result<()> {
    for _ in 0..tries {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => thread::sleep(LOCK_PAUSE),
        }
    }
    Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None))
}

fn by_bytes(live: &Path, into: &Path) -> Result<()> {
    let mut last = String::new();
    for _ in 0..BYTE_TRIES {
        let before = marks(live);
        copy_with_sidecars(live, into)?;
        if marks(live) == before {
            recover(into)?;
            return remove_sidecars(into);
        }
        last = "written while it was copied".into();
        disk::remove_file(into)?;
        remove_sidecars(into)?;
        thread::sleep(LOCK_PAUSE);
    }
    Err(Error::Restless { path: live.to_owned(), tries: BYTE_TRIES, last })
}

fn marks(live: &Path) -> Vec<Option<FileMark>> {
    let [wal, shm, journal] = sidecars(live);
    // Whether a `-shm` came into being says that somebody opened it; its content is nobody's concern.
    let shm = FileMark::of(&shm).ok().map(|m| FileMark { size: 0, mtime: (0, 0), ..m });
    [live, &wal, &journal].into_iter().map(|f| FileMark::of(f).ok()).chain([shm]).collect()
}

fn copy_with_sidecars(live: &Path, into: &Path) -> Result<()> {
    disk::copy_file(live, into)?;
    for (from, to) in sidecars(live).iter().zip(sidecars(into)) {
        if from.exists() && !from.as_os_str().to_string_lossy().ends_with("-shm") {
            disk::copy_file(from, &to)?;
        }
    }
    Ok(())
}

/// Lets SQLite replay the `-wal` or roll back the `-journal` of the copy. What is too damaged for that stays as it is:
/// the examination says so.
fn recover(copy: &Path) -> Result<()> {
    if sidecars(copy).iter().all(|f| !f.exists()) {
        return Ok(());
    }
    let db = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(sqlite)
        .at("opening", copy)?;
    let _ = db.execute_batch("SELECT count(*) FROM sqlite_master; PRAGMA wal_checkpoint(TRUNCATE)");
    Ok(())
}

fn remove_sidecars(copy: &Path) -> Result<()> {
    sidecars(copy).iter().try_for_each(|f| disk::remove_file(f))
}
