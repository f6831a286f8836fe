//! SQLite in a second, real process: python3 writes, waits, is killed; we copy, put back and look who it is.

mod put_back;

use super::*;
use crate::disk::FileMark;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};

/// A python3 process that runs `code` with `db` connected to the file (no transactions of its own making), says
/// "ready" and lives until it is ended or killed.
pub(crate) struct Python(Child);

impl Python {
    pub(crate) fn run(db: &Path, code: &str) -> Python {
        let code = format!(
            "import sqlite3, sys, os, time\n\
             db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)\n\
             def ready():\n    print('ready', flush=True)\n{code}\nready()\nsys.stdin.read()"
        );
        let mut command = Command::new("python3");
        command.args(["-c", &code]).arg(db).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Python(child)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Closes the connection in order, as far as the code lets it.
    pub(crate) fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

const WAL: &str = "db.execute('PRAGMA journal_mode=WAL')\n";
const TABLES: &str = "db.execute('CREATE TABLE a(n INTEGER)')\ndb.execute('CREATE TABLE b(n INTEGER, big BLOB)')\n\
    db.execute('INSERT INTO a VALUES (0)')\ndb.execute('INSERT INTO b VALUES (0, NULL)')\n";
/// Each transaction raises both counters, and pours 20 KB on top so that checkpoints happen.
const WRITE: &str = "ready()\nwhile True:\n    db.execute('BEGIN IMMEDIATE')\n    db.execute('UPDATE a SET n = n + 1')\n\
    \x20   db.execute('UPDATE b SET n = n + 1, big = randomblob(20000)')\n    db.execute('COMMIT')\n";

/// Both counters of a still copy, after its integrity check.
fn counters(copy: &Path) -> (i64, i64) {
    let db = open_still(copy).unwrap();
    assert_eq!(complaints(&db), []);
    db.query_row("SELECT a.n, b.n FROM a, b", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// Everything that tells whether somebody touched a folder: names, marks, modes and digests of contents.
fn state(dir: &Path) -> BTreeMap<PathBuf, (FileMark, u32, blake3::Hash)> {
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    files
        .map(|p| {
            let mode = fs::metadata(&p).unwrap().mode();
            (p.clone(), (FileMark::of(&p).unwrap(), mode, blake3::hash(&fs::read(&p).unwrap())))
        })
        .collect()
}

struct Place {
    _dir: tempfile::TempDir,
    live: PathBuf,
    into: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let (live, stage) = (dir.path().join("live"), dir.path().join("stage"));
    fs::create_dir(&live).unwrap();
    fs::create_dir(&stage).unwrap();
    Place { live: live.join("bot?#%.db"), into: stage.join("bot.db"), _dir: dir }
}

fn copy_again(p: &Place) -> (i64, i64) {
    let _ = fs::remove_file(&p.into);
    copy_live(&p.live, &p.into).unwrap();
    assert_eq!(fs::read_dir(p.into.parent().unwrap()).unwrap().count(), 1, "the copy is one file");
    assert_eq!(fs::metadata(&p.into).unwrap().mode() & 0o777, 0o600);
    counters(&p.into)
}

fn copies_stay_whole_and_fresh_under_a_writer(mode: &str) {
    let p = place();
    let writer = Python::run(&p.live, &format!("{mode}{TABLES}{WRITE}"));
    let mut last = 0;
    for _ in 0..30 {
        let (a, b) = copy_again(&p);
        assert_eq!(a, b, "one transaction is seen whole or not at all");
        assert!(a >= last, "never older than the copy before");
        last = a;
    }
    assert!(last > 0, "the writer wrote meanwhile");
    writer.kill();
}

#[test]
fn copies_stay_whole_under_a_wal_writer() {
    copies_stay_whole_and_fresh_under_a_writer(WAL);
}

#[test]
fn copies_stay_whole_under_a_rollback_writer() {
    copies_stay_whole_and_fresh_under_a_writer("");
}

#[test]
fn copying_leaves_the_live_folder_as_it_is() {
    for (mode, wait) in [(WAL, true), (WAL, false), ("", true), ("", false)] {
        let p = place();
        let writer = Python::run(&p.live, &format!("{mode}{TABLES}"));
        fs::set_permissions(&p.live, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        let writer = if wait { Some(writer) } else { (writer.end(), None).1 };
        let before = state(p.live.parent().unwrap());
        assert_eq!(copy_again(&p), (0, 0));
        let after = state(p.live.parent().unwrap());
        let names = |s: &BTreeMap<PathBuf, _>| s.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&before), names(&after), "{mode:?} {wait}");
        for (path, now) in &after {
            // The -shm is where readers of a live database register; it holds nothing of the login.
            assert!(path.to_string_lossy().ends_with("-shm") || before[path] == *now, "{path:?} {mode:?} {wait}");
        }
        if let Some(writer) = writer {
            writer.end();
        }
    }
}

#[test]
fn a_killed_writers_wal_is_in_the_copy_and_stays_beside_the_original() {
    for without_shm in [false, true] {
        let p = place();
        let writer = Python::run(
            &p.live,
            &format!("{WAL}{TABLES}db.execute('UPDATE a SET n=7')\ndb.execute('UPDATE b SET n=7')"),
        );
        writer.kill();
        let [wal, shm, _] = sidecars(&p.live);
        assert!(fs::metadata(&wal).unwrap().len() > 0);
        if without_shm {
            fs::remove_file(&shm).unwrap();
        }
        let before = state(p.live.parent().unwrap());
        assert_eq!(copy_again(&p), (7, 7));
        let after = state(p.live.parent().unwrap());
        assert_eq!(before[&p.live], after[&p.live]);
        assert_eq!(before[&wal], after[&wal]);
        assert_eq!(before.len(), after.len(), "nothing came into being");
    }
}

/// A full disk in the middle of a copy left them (found by random fault 7003330).
#[test]
fn what_a_copy_that_broke_off_left_is_not_in_the_way() {
    let p = place();
    Python::run(&p.live, &format!("{WAL}{TABLES}db.execute('UPDATE a SET n=7')\ndb.execute('UPDATE b SET n=7')"))
        .kill();
    for without_shm in [false, true] {
        let [_, shm, _] = sidecars(&p.live);
        if without_shm {
            fs::remove_file(&shm).unwrap();
        }
        for left in sidecars(&p.into) {
            fs::write(left, [0x37; 4096]).unwrap();
        }
        assert_eq!(copy_again(&p), (7, 7));
    }
}

#[test]
fn a_killed_writers_journal_is_rolled_back_in_the_copy_only() {
    let p = place();
    let code = format!(
        "{TABLES}db.execute('PRAGMA cache_size=5')\nfor i in range(300): db.execute('INSERT INTO b VALUES (0, randomblob(4000))')\n\
         db.execute('BEGIN IMMEDIATE')\ndb.execute('UPDATE a SET n=9')\ndb.execute('UPDATE b SET n=9, big=randomblob(4000)')"
    );
    Python::run(&p.live, &code).kill();
    let [_, _, journal] = sidecars(&p.live);
    assert!(fs::metadata(&journal).unwrap().len() > 0);
    let before = state(p.live.parent().unwrap());
    assert_eq!(copy_again(&p), (0, 0));
    assert_eq!(before, state(p.live.parent().unwrap()));
}

#[test]
fn a_lock_held_for_a_moment_is_waited_for() {
    let p = place();
    Python::run(&p.live, TABLES).end();
    let code = "db.execute('BEGIN EXCLUSIVE')\nready()\ntime.sleep(0.4)\ndb.execute('COMMIT')";
    let writer = Python::run(&p.live, code);
    assert_eq!(copy_again(&p), (0, 0));
    writer.kill();
}

#[test]
fn what_is_no_database_is_copied_as_it_is() {
    let p = place();
    fs::write(&p.live, "not a database").unwrap();
    copy_live(&p.live, &p.into).unwrap();
    assert_eq!(fs::read(&p.into).unwrap(), b"not a database");
    assert!(matches!(copy_live(&p.live.with_extension("none"), &p.into), Err(Error::SessionMissing { .. })));
}

#[test]
fn a_table_is_found_wherever_its_schema_lies() {
    let p = place();
    let writer = Python::run(&p.live, &format!("{WAL}{TABLES}"));
    assert!(has_table(&p.live, "b"), "still in the -wal");
    assert!(!has_table(&p.live, "whatsmeow_device"));
    writer.end();
    assert!(has_table(&p.live, "b"), "in the file");
    let mut bytes = fs::read(&p.live).unwrap();
    bytes[100] ^= 0xff;
    fs::write(&p.live, &bytes).unwrap();
    assert!(has_table(&p.live, "b"), "in a file whose schema can't be read");
    fs::write(&p.live, "CREATE TABLE b").unwrap();
    assert!(!has_table(&p.live, "b"), "in a text");
}

#[test]
fn two_copies_of_the_same_content_have_the_same_digest() {
    let p = place();
    Python::run(&p.live, &format!("{WAL}{TABLES}")).end();
    copy_again(&p);
    let first = digest(&p.into).unwrap();
    copy_again(&p);
    assert_eq!(first, digest(&p.into).unwrap());
    Python::run(&p.live, "db.execute('UPDATE a SET n=1')").end();
    copy_again(&p);
    assert_ne!(first, digest(&p.into).unwrap());
}

#[test]
fn whoever_has_it_open_is_named() {
    for mode in [WAL, ""] {
        let p = place();
        let writer = Python::run(&p.live, &format!("{mode}{TABLES}"));
        assert!(matches!(holder(&p.live), Use::Held(Holder { pid: Some(pid), .. }) if pid == writer.pid()), "{mode:?}");
        writer.kill();
        assert_eq!(holder(&p.live), Use::Free, "{mode:?}");
    }
    assert_eq!(holder(Path::new("/nowhere/bot.db")), Use::Free);
}
