//! Real files: tables of schema 15, rows whose keys and signatures another implementation made, a second process that
//! writes. The table of states stands in `tests/it/kinds_corpus.rs`.

use super::*;
use crate::session::database::tests::Python;
use crate::verdict::Grade;

const SCHEMA: &str = include_str!("../../../tests/fixtures/whatsmeow/schema.sql");
const DEVICES: [&str; 2] = [
    include_str!("../../../tests/fixtures/whatsmeow/device-1.sql"),
    include_str!("../../../tests/fixtures/whatsmeow/device-2.sql"),
];

fn file(dir: &Path, sql: &[&str]) -> std::path::PathBuf {
    let path = dir.join("bot.db");
    Connection::open(&path).unwrap().execute_batch(&sql.concat()).unwrap();
    path
}

#[test]
fn devices_made_by_another_implementation_are_proved() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &[SCHEMA, DEVICES[0], DEVICES[1]]);
    assert!(Whatsmeow.claims(&path) && Whatsmeow.matters(Path::new("")) && !Whatsmeow.matters(Path::new("x")));
    let seen = Whatsmeow.examine(&path).unwrap();
    assert!(seen.verdict.is_good(), "{:?}", seen.verdict);
    assert_eq!(seen.verdict.account.as_deref(), Some("15550001111:7@s.whatsapp.net"));
    let said: Vec<_> = seen.verdict.findings.iter().map(|f| (f.code, f.detail.as_str())).collect();
    let one = |text| (Code::DevicePaired, text);
    assert_eq!(said, [one("+15•••••1111:7@s.whatsapp.net"), one("+44••••••0123:31@s.whatsapp.net")]);
    let identity = seen.identity.unwrap();
    assert_eq!((identity.proof, identity.marks.len()), (Proof::Proved, 2));
    assert_eq!(seen.versions["whatsmeow_schema"], "15");
}

#[test]
fn a_live_file_is_copied_whole_and_the_same_content_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &[SCHEMA, DEVICES[0], "PRAGMA journal_mode=WAL;"]);
    let bot = Python::run(
        &path,
        "db.execute('PRAGMA foreign_keys=ON')\njid = db.execute('SELECT jid FROM whatsmeow_device').fetchone()[0]\n\
         for n in range(500): db.execute('INSERT INTO whatsmeow_pre_keys VALUES (?, ?, randomblob(32), 0)', (jid, n))",
    );
    let copies: Vec<_> = ["one", "two"].map(|name| dir.path().join(name)).into();
    for copy in &copies {
        Whatsmeow.copy(&path, copy).unwrap();
    }
    let seen: Vec<_> = copies.iter().map(|c| Whatsmeow.examine(c).unwrap()).collect();
    assert!(seen[0].verdict.is_good(), "{:?}", seen[0].verdict);
    assert_eq!(seen[0].vector, seen[1].vector);
    assert_eq!(seen[0].identity, seen[1].identity);
    assert!(matches!(Whatsmeow.holder(&path), Use::Held(h) if h.pid == Some(bot.pid())));
    bot.end();
    assert_eq!(Whatsmeow.holder(&path), Use::Free);
}

#[test]
fn a_logout_deletes_the_row_and_a_damaged_file_is_no_logout() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &[SCHEMA, DEVICES[0], "DELETE FROM whatsmeow_device;"]);
    let verdict = Whatsmeow.examine(&path).unwrap().verdict;
    assert_eq!((verdict.grade, verdict.login), (Grade::Sound, Login::LoggedOut));
    std::fs::write(&path, [0u8; 4096]).unwrap();
    let verdict = Whatsmeow.examine(&path).unwrap().verdict;
    assert_eq!((verdict.grade, verdict.login), (Grade::Broken, Login::Unknown));
    let missing = Whatsmeow.examine(&dir.path().join("none")).unwrap().verdict;
    assert_eq!(missing.grade, Grade::Missing);
}
