//! SQLite databases whose program locks them exclusively, as Chromium does: copied by their bytes, never opened
//! where they lie. Nothing here knows what the tables mean. Databases that other programs may join belong to
//! `database`.
//!
//! Source: sqlite.org/fileformat2.html.

mod wal;

pub use wal::Wal;

use crate::disk::{self, FileMark};
use crate::error::{At, Error, Result};
use crate::platform::paths;
use crate::tree::is_vanished;
use crate::verdict::{Code, Finding};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where SQLite's database file is locked: the pending, reserved and shared bytes from 1 GiB on, as offset and length
/// (sqlite.org/fileformat2.html, "lock-byte page"). A connection in WAL mode holds a shared byte while it is open.
pub const LOCK_BYTES: (u64, u64) = (0x4000_0000, 512);

/// A file that belongs to a database: `-wal`, `-journal`.
pub fn beside(db: &Path, suffix: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Fills the buffer; `false` where the source ends first.
fn filled(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(buffer) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}

/// Where the change counter stands in the first page.
const CHANGES: usize = 24;

/// How far a database has come, from the first bytes of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its log, where it has one.
    pub wal: Option<Wal>,
    /// The change counter of the first page in the database itself.
    pub changes: u32,
    /// The database's bytes, without the log.
    pub bytes: u64,
}

impl Point {
    /// Reads it; `None` where there is no database at the path.
    pub fn read(db: &Path) -> Result<Option<Point>> {
        let mut header = [0; 100];
        let wal = Wal::read(&beside(db, "-wal"))?;
        let mut file = match File::open(db).at("opening", db) {
            Err(e) if is_vanished(&e) => return Ok(None),
            file => file?,
        };
        let known = filled(&mut file, &mut header).at("reading", db)? && header.starts_with(b"SQLite format 3\0");
        let bytes = file.metadata().at("reading", db)?.len();
        // A database whose pages are all in the log still is empty.
        let point = Point { wal, changes: word(&header, CHANGES), bytes };
        Ok((known || (bytes == 0 && wal.is_some())).then_some(point))
    }

    /// The change counter with the log worked in: it never falls, whatever becomes of the log. A transaction that
    /// leaves the first page alone doesn't raise it.
    pub fn sequence(&self) -> u64 {
        u64::from(self.wal.and_then(|wal| wal.changes).unwrap_or(self.changes).max(self.changes))
    }

    /// A mark of the content: it changes with every transaction.
    pub fn content(&self) -> String {
        let (salts, committed) = self.wal.map_or(([0, 0], 0), |wal| (wal.salts, wal.committed));
        format!("{:08x}{:08x}-{committed}-{}-{}", salts[0], salts[1], self.changes, self.bytes)
    }
}

const TRIES: u32 = 8;

/// Copies a database and its log while its program writes. Frames stay in the log until it is begun anew, which
/// changes its salts: with the same salts before and after, copied pages and copied log fit together, also across a
/// checkpoint.
pub fn copy(live: &Path, into: &Path) -> Result<()> {
    for nth in 1..=TRIES {
        let before = state(live)?;
        copy_files(live, into)?;
        if state(live)? != before || has_hot_journal(live)? {
            continue;
        }
        // A frame may have been copied while it was written over an old one, and the next one after it. Damage in the
        // live log looks the same, but stays: then the copy shows it too.
        let whole = Wal::read(&beside(into, "-wal"))?.is_none_or(|wal| wal.damaged.is_none());
        if whole || nth == TRIES {
            return Ok(());
        }
    }
    Err(Error::Restless { path: live.to_owned(), tries: TRIES, last: "the log was begun anew".to_owned() })
}

fn copy_files(live: &Path, into: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-journal"] {
        disk::remove_file(&beside(into, suffix))?;
    }
    disk::copy_file(live, into)?;
    match disk::copy_file(&beside(live, "-wal"), &beside(into, "-wal")) {
        Err(e) if is_vanished(&e) => Ok(()),
        copied => copied.map(drop),
    }
}

/// What must be equal before and after a copy: the log's beginning or, without a log, the file itself.
fn state(live: &Path) -> Result<(Option<[u32; 2]>, Option<FileMark>)> {
    let salts = Wal::read(&beside(live, "-wal"))?.map(|wal| wal.salts);
    let mark = FileMark::of(live)?;
    Ok((salts, salts.is_none().then_some(mark)))
}

/// A rollback journal with content: a transaction is being written into the database itself.
fn has_hot_journal(live: &Path) -> Result<bool> {
    let journal = beside(live, "-journal");
    match File::open(&journal).at("opening", &journal) {
        Err(e) if is_vanished(&e) => Ok(false),
        file => {
            let mut first = [0];
            Ok(filled(&mut file?, &mut first).at("reading", &journal)? && first != [0])
        }
    }
}

/// A copy opened for reading. With a log, SQLite must work the log in: that happens in a second copy, which lasts as
/// long as this value.
pub struct Opened {
    /// The connection.
    pub connection: Connection,
    second: Option<PathBuf>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(folder) = &self.second {
            // Left-overs are cleared away with the snapshot's folder.
            let _ = disk::remove_tree(folder);
        }
    }
}

/// Opens a still copy; the second copy is made in the folder `scratch`, which is made for it and goes with it. `Err` of
/// the inside: what SQLite says.
pub fn open(db: &Path, scratch: &Path) -> Result<std::result::Result<Opened, String>> {
    let wal = beside(db, "-wal");
    if !disk::exists(&wal) {
        let opened = open_still(db).map(|connection| Opened { connection, second: None });
        return Ok(opened.map_err(|e| e.to_string()));
    }
    disk::remove_tree(scratch)?;
    disk::make_dir(scratch)?;
    let second = scratch.join("db");
    disk::copy_file(db, &second)?;
    disk::copy_file(&wal, &beside(&second, "-wal"))?;
    let opened = connect(&second, "", OpenFlags::SQLITE_OPEN_READ_WRITE);
    let opened = opened.map(|connection| Opened { connection, second: Some(scratch.to_owned()) });
    Ok(opened.map_err(|e| e.to_string()))
}

/// Opens a file of which nothing changes, without locks and without making anything beside it.
pub fn open_still(db: &Path) -> rusqlite::Result<Connection> {
    connect(db, "?immutable=1", OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// A file's name is part of an URI: then none of its bytes means anything else.
fn connect(db: &Path, query: &str, access: OpenFlags) -> rusqlite::Result<Connection> {
    let name: String = paths::to_bytes(db).iter().map(|b| format!("%{b:02x}")).collect();
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{name}{query}"), flags)
}

/// What is wrong with a still copy's bytes, as far as SQLite's own check and the log's checksums show. `path` stands
/// in the findings. Pages of the database have no checksums: a changed byte within a value isn't seen.
pub fn check(db: &Path, opened: &Opened, path: &Path) -> Result<Vec<Finding>> {
    let damaged = |detail: String| Finding::new(Code::DatabaseDamaged, path, detail);
    let mut findings = Vec::new();
    let wal = Wal::read(&beside(db, "-wal"))?;
    findings.extend(wal.and_then(|wal| wal.damaged).map(|nth| damaged(format!("-wal: frame {nth}"))));
    let said = opened
        .connection
        .prepare("PRAGMA integrity_check(10)")
        .and_then(|mut query| query.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>());
    match said {
        Err(e) => findings.push(damaged(e.to_string())),
        Ok(lines) => findings.extend(lines.into_iter().filter(|line| line != "ok").map(damaged)),
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn database(path: &Path, rows: u32) -> Connection {
        let db = Connection::open(path).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        db.execute_batch("CREATE TABLE t(n INTEGER, text BLOB)").unwrap();
        for n in 0..rows {
            db.execute("INSERT INTO t VALUES (?1, randomblob(900))", [n]).unwrap();
        }
        db
    }

    fn rows(db: &Path) -> u32 {
        let scratch = tempfile::tempdir().unwrap();
        let opened = open(db, &scratch.path().join("second")).unwrap().unwrap();
        assert_eq!(check(db, &opened, Path::new("x")).unwrap(), []);
        opened.connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_copy_holds_what_is_still_in_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let (live, into) = (dir.path().join("live"), dir.path().join("copy"));
        let db = database(&live, 20);
        copy(&live, &into).unwrap();
        assert_eq!(rows(&into), 20);
        let first = Point::read(&live).unwrap().unwrap();
        assert_eq!(Point::read(&into).unwrap().unwrap(), first);
        db.execute("INSERT INTO t VALUES (1, 2)", []).unwrap();
        let second = Point::read(&live).unwrap().unwrap();
        assert!(second.sequence() >= first.sequence() && second.content() != first.content());
        drop(db);
        copy(&live, &into).unwrap();
        assert_eq!(rows(&into), 21);
        assert!(!beside(&into, "-wal").exists());
    }

    #[test]
    fn a_frame_changed_in_the_middle_of_the_log_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (live, into) = (dir.path().join("live"), dir.path().join("copy"));
        let _open = database(&live, 20);
        copy(&live, &into).unwrap();
        let wal = beside(&into, "-wal");
        let mut bytes = fs::read(&wal).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&wal, &bytes).unwrap();
        assert!(Wal::read(&wal).unwrap().unwrap().damaged.is_some());
        bytes.truncate(middle);
        fs::write(&wal, &bytes).unwrap();
        assert_eq!(Wal::read(&wal).unwrap().unwrap().damaged, None);
    }

    #[test]
    fn copies_taken_under_a_writer_are_whole_and_never_older_than_their_start() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("live");
        let db = database(&live, 5);
        db.pragma_update(None, "wal_autocheckpoint", 20).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                for n in 0..400 {
                    db.execute("INSERT INTO t VALUES (?1, randomblob(3000))", [n]).unwrap();
                }
            });
            let mut last = 0;
            for nth in 0.. {
                let into = dir.path().join(format!("copy-{nth}"));
                let torn = || Wal::read(&beside(&into, "-wal")).unwrap().is_some_and(|wal| wal.damaged.is_some());
                if copy(&live, &into).is_ok() && !torn() {
                    let now = rows(&into);
                    assert!(now >= last, "{now} rows after {last}");
                    last = now;
                }
                if writer.is_finished() {
                    break;
                }
            }
        });
    }
}
