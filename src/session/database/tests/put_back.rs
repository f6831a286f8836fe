//! Putting back: over leftover logs, over what SQLite can't open, where nothing is, and under somebody's lock.

use super::*;

/// A copy with n = 1, beside a live database whose killed writer left n = 5 in the `-wal`.
fn with_a_leftover_wal(p: &Place) {
    Python::run(&p.live, &format!("{WAL}{TABLES}db.execute('UPDATE a SET n=1')\ndb.execute('UPDATE b SET n=1')")).end();
    copy_live(&p.live, &p.into).unwrap();
    Python::run(&p.live, "db.execute('UPDATE a SET n=5')\ndb.execute('UPDATE b SET n=5')").kill();
}

fn read_as_a_bot(live: &Path) -> i64 {
    Connection::open(live).unwrap().query_row("SELECT n FROM a", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_file_copied_over_a_leftover_wal_is_undone_by_it_and_put_back_is_not() {
    let p = place();
    with_a_leftover_wal(&p);
    fs::copy(&p.into, &p.live).unwrap();
    assert_eq!(read_as_a_bot(&p.live), 5, "the fact this is all about");

    let p = place();
    with_a_leftover_wal(&p);
    let inode = fs::metadata(&p.live).unwrap().ino();
    assert!(write_into(&p.into, &p.live).unwrap());
    assert_eq!(fs::metadata(&p.live).unwrap().ino(), inode);
    assert_eq!(counters(&p.live), (1, 1), "whole in the file itself");
    assert_eq!(read_as_a_bot(&p.live), 1);
}

#[test]
fn what_sqlite_cant_open_goes_aside_with_its_neighbours_and_comes_back() {
    let p = place();
    with_a_leftover_wal(&p);
    let mut bytes = fs::read(&p.live).unwrap();
    bytes[..100].fill(0x55);
    fs::write(&p.live, bytes).unwrap();
    let before = state(p.live.parent().unwrap());
    let aside = p.into.with_file_name("aside");
    fs::create_dir(&aside).unwrap();
    assert!(!write_into(&p.into, &p.live).unwrap());
    crate::session::database::place(&p.into, &p.live, &aside).unwrap();
    assert_eq!(fs::read_dir(aside.join("moved")).unwrap().count(), 3, "db, -wal, -shm");
    assert_eq!(read_as_a_bot(&p.live), 1);
    take_out(&p.live, &aside).unwrap();
    let mut after = state(p.live.parent().unwrap());
    // SQLite's attempt may have built the -shm anew, from the -wal that is as it was.
    after.retain(|path, now| !path.to_string_lossy().ends_with("-shm") || before[path] == *now);
    assert!(after.len() >= 2 && after.iter().all(|(path, now)| before[path] == *now), "{before:?} {after:?}");
}

#[test]
fn a_missing_database_is_placed_without_the_wal_of_its_predecessor() {
    let p = place();
    with_a_leftover_wal(&p);
    fs::remove_file(&p.live).unwrap();
    let aside = p.into.with_file_name("aside");
    fs::create_dir(&aside).unwrap();
    assert!(!write_into(&p.into, &p.live).unwrap());
    crate::session::database::place(&p.into, &p.live, &aside).unwrap();
    assert_eq!(fs::read_dir(aside.join("moved")).unwrap().count(), 2, "-wal, -shm");
    assert_eq!(read_as_a_bot(&p.live), 1);
}

#[test]
fn what_a_bot_made_for_itself_between_the_moves_is_set_aside() {
    let p = place();
    with_a_leftover_wal(&p);
    let old = fs::read(&p.live).unwrap();
    let aside = p.into.with_file_name("aside");
    // As a kill leaves it right after the database went aside.
    fs::create_dir_all(aside.join("moved")).unwrap();
    fs::write(aside.join("new"), "unfinished").unwrap();
    crate::disk::move_to(&p.live, &aside.join("moved").join(p.live.file_name().unwrap())).unwrap();
    fs::write(&p.live, "a bot's own").unwrap();
    assert!(!is_placed(&p.live, &aside));
    finish(&p.live, &aside).unwrap();
    assert_eq!(fs::read(&p.live).unwrap(), old);
    let name = format!("{}.set-aside", p.live.file_name().unwrap().to_string_lossy());
    assert_eq!(fs::read(p.live.with_file_name(name)).unwrap(), b"a bot's own");
}

#[test]
fn nothing_is_put_back_under_somebodys_lock() {
    let p = place();
    with_a_leftover_wal(&p);
    let bot = Python::run(&p.live, "db.execute('BEGIN IMMEDIATE')");
    assert!(matches!(write_into(&p.into, &p.live), Err(Error::InUse { .. })));
    bot.kill();
    assert_eq!(read_as_a_bot(&p.live), 5);
}
