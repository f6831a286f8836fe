//! A session that is one SQLite file, which its program opens in the ordinary way (whatsmeow, Baileys' SQLite store):
//! what its bytes say, who has it open, and what SQLite itself complains about. It knows no tables by name, and it is
//! not for Chromium's stores, which are locked exclusively (`sqlite`).
//!
//! Looking never opens a live file through SQLite's locks: it is read as `immutable`, which takes no lock and makes no
//! `-shm`. Only `copy` joins as a reader does, and only `put_back` writes. A process that closes any descriptor of a
//! file loses its POSIX locks on it, so one session is never looked at while the same process copies it or puts it
//! back; the `work` lock of a session sees to that.

mod copy;
mod put_back;

pub use super::sqlite::open_still;
pub use copy::copy_live;
pub use put_back::{finish, is_placed, place, take_out, write_into};

use super::{Use, sqlite};
use crate::disk::{FileMark, Making};
use crate::error::{At, Error, Holder, Result};
use crate::platform::{holders, processes};
use crate::verdict::{Code, Finding};
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How every SQLite file begins (sqlite.org/fileformat2.html).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How far into a file's first bytes, and into its `-wal`, a table's name is looked for.
const LOOK: u64 = 256 * 1024;

/// The files that SQLite keeps beside a database, whether they are there or not.
pub fn sidecars(db: &Path) -> [PathBuf; 3] {
    ["-wal", "-shm", "-journal"].map(|end| {
        let mut name = db.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

/// The database itself where a link leads to it: SQLite, too, looks for what belongs to it there.
fn behind_links(db: &Path) -> PathBuf {
    // Each round of a keeper asks many times, and following a path costs a call for every folder in it.
    if !db.is_symlink() {
        return db.to_owned();
    }
    db.canonicalize().unwrap_or_else(|_| db.to_owned())
}

/// The files in which a transaction shows, with their marks. In WAL mode it stands in the `-wal` alone until SQLite works
/// that in, which may be never as long as the bot runs.
///
/// # Errors
/// The database isn't there, or can't be looked at.
pub fn marks(db: &Path) -> Result<Vec<(PathBuf, FileMark)>> {
    let db = behind_links(db);
    let own = (PathBuf::new(), FileMark::of(&db)?);
    let [wal, ..] = sidecars(&db);
    let wal = FileMark::of(&wal).ok().map(|mark| (PathBuf::from("-wal"), mark));
    Ok(std::iter::once(own).chain(wal).collect())
}

/// Whether the file is an SQLite database with this table, told without changing anything: by the schema, or, where
/// that can't be read or still lies in the `-wal`, by the name in the first bytes of both.
pub fn has_table(db: &Path, table: &str) -> bool {
    if !first_bytes(db, MAGIC.len() as u64).starts_with(MAGIC) {
        return false;
    }
    let by_schema = open_still(db).and_then(|still| still.table_exists(None::<&str>, table));
    // Every round of the keeper asks: what the schema tells is not looked for in the bytes.
    let named = |path: &Path| first_bytes(path, LOOK).windows(table.len()).any(|w| w == table.as_bytes());
    let [wal, ..] = sidecars(&behind_links(db));
    by_schema.unwrap_or_else(|_| named(db)) || named(&wal)
}

fn first_bytes(path: &Path, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if fs::metadata(path).is_ok_and(|m| m.is_file()) {
        let _ = File::open(path).and_then(|f| f.take(limit).read_to_end(&mut bytes));
    }
    bytes
}

/// What SQLite complains about: its integrity check, and rows that refer to nothing. CHECK constraints are left to the
/// kind, which knows what a wrong length means and whose it is.
pub fn complaints(db: &Connection) -> Vec<Finding> {
    let damaged = |detail: String| vec![Finding::new(Code::DatabaseDamaged, "", detail)];
    let _ = db.execute_batch("PRAGMA ignore_check_constraints = ON");
    match first_column(db, "PRAGMA integrity_check(10)") {
        Err(e) => return damaged(e.to_string()),
        Ok(lines) if lines != ["ok"] => return damaged(lines.join("; ")),
        Ok(_) => {}
    }
    match first_column(db, "PRAGMA foreign_key_check") {
        Err(e) => damaged(e.to_string()),
        Ok(mut tables) if !tables.is_empty() => {
            let rows = tables.len();
            tables.dedup();
            vec![Finding::new(Code::ForeignKeys, "", format!("{rows}: {}", tables.join(", ")))]
        }
        Ok(_) => Vec::new(),
    }
}

fn first_column(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// A digest of a still database's content. Two counters of the header that SQLite raises without a change of content
/// are left out: the change counter with its version number, and the schema cookie that a backup sets anew.
///
/// # Errors
/// The file can't be read.
pub fn digest(db: &Path) -> Result<String> {
    let mut file = File::open(db).at("opening", db)?;
    let mut header = Vec::new();
    (&mut file).take(100).read_to_end(&mut header).at("reading", db)?;
    for range in [24..28, 40..44, 92..100] {
        if let Some(counter) = header.get_mut(range) {
            counter.fill(0);
        }
    }
    let mut hash = blake3::Hasher::new();
    hash.update(&header);
    file.seek(SeekFrom::Start(header.len() as u64)).at("reading", db)?;
    hash.update_reader(file).at("reading", db)?;
    Ok(hash.finalize().to_hex().to_string())
}

/// Which making of a file or folder this is: device, inode and time of birth. Empty where nothing is.
pub fn incarnation(path: &Path) -> String {
    Making::of(path).map_or_else(String::new, |Making { device, inode, born }| {
        format!("{device}:{inode}:{}", born.unwrap_or_default().as_nanos())
    })
}

/// Who has the database open. A connection in WAL mode holds locks for as long as it is open, so those are seen
/// across users and containers; an idle connection in rollback mode holds none, and only `/proc` shows it.
pub fn holder(db: &Path) -> Use {
    let db = behind_links(db);
    let [wal, shm, journal] = sidecars(&db);
    let locks = [(&db, sqlite::LOCK_BYTES), (&shm, (0, 0))];
    for (file, range) in locks {
        match holders::posix_lock_owner_of(file, range) {
            Ok(None) => {}
            Ok(Some(pid)) => return Use::Held(named(pid)),
            Err(e) => return Use::CannotTell(e.brief()),
        }
    }
    match holders::open_by(&[db, wal, shm, journal]) {
        Ok(scan) if !scan.pids.is_empty() => Use::Held(named(scan.pids[0].0)),
        Ok(scan) if scan.blind => Use::CannotTell("processes of its owner that can't be looked into".into()),
        Ok(_) => Use::Free,
        Err(e) => Use::CannotTell(e.brief()),
    }
}

fn named(pid: u32) -> Holder {
    match pid {
        0 => Holder::default(),
        pid => Holder { pid: Some(pid), program: processes::program_of(pid), host: None },
    }
}

/// SQLite's error as what the system would have said.
fn sqlite(e: rusqlite::Error) -> io::Error {
    io::Error::other(e)
}

/// Whether SQLite says that somebody else has a lock just now.
fn is_busy(e: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(e.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// The error for a session that isn't there.
fn require_file(db: &Path) -> Result<()> {
    match fs::metadata(db) {
        Ok(meta) if meta.is_file() => Ok(()),
        Ok(_) => Err(Error::NotASession { path: db.to_owned() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Error::SessionMissing { path: db.to_owned() }),
        Err(e) => Err(e).at("reading", db),
    }
}

#[cfg(test)]
pub(crate) mod tests;
