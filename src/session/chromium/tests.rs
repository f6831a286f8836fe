//! Verdicts on small profiles that Chromium 156 made (`tests/fixtures/chromium`, fake logins), whole and harmed.

use super::*;
use crate::session::Proof;
use crate::tree;
use crate::verdict::{Grade, Login};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

const LOCAL: &str = "Default/Local Storage";
const INDEXED: &str = "Default/IndexedDB";

fn fixture(name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = format!("{}/tests/fixtures/chromium/{name}.tar.gz", env!("CARGO_MANIFEST_DIR"));
    let file = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    tar::Archive::new(file).unpack(dir.path().join("profile")).unwrap();
    dir
}

fn examine(dir: &tempfile::TempDir) -> Examination {
    Chromium.examine(&dir.path().join("profile")).unwrap()
}

/// Grade, login and codes in one line.
fn said(examination: &Examination) -> String {
    let verdict = &examination.verdict;
    let codes: Vec<_> = verdict.findings.iter().map(|f| f.code.as_str()).collect();
    format!("{:?} {:?} {}", verdict.grade, verdict.login, codes.join(" "))
}

/// Replaces one store of a fixture by another fixture's, or takes it away.
fn exchange(name: &str, store: &str, other: Option<&str>) -> tempfile::TempDir {
    let dir = fixture(name);
    let at = dir.path().join("profile").join(store);
    crate::disk::remove_tree(&at).unwrap();
    if let Some(other) = other {
        let other = fixture(other);
        crate::disk::move_to(&other.path().join("profile").join(store), &at).unwrap();
    }
    dir
}

#[test]
fn states_made_by_chromium_are_told_apart() {
    for (name, expected) in [
        ("paired", "Sound Paired "),
        ("blobs", "Sound Paired "),
        ("sqlite", "Sound Paired "),
        ("qr", "Sound LoggedOut qr_page"),
        ("empty", "Sound LoggedOut qr_page"),
        ("logged-out", "Sound LoggedOut qr_page"),
    ] {
        let examination = examine(&fixture(name));
        assert_eq!(said(&examination), expected, "{name}: {:?}", examination.verdict);
        if examination.verdict.login == Login::Paired {
            let identity = examination.identity.unwrap();
            assert_eq!(examination.verdict.account.as_deref(), Some("15550001111:7@c.us"));
            assert_eq!((identity.proof, identity.marks.len()), (Proof::Proved, 3));
        }
    }
}

#[test]
fn stores_that_do_not_belong_together_are_told_apart() {
    for (name, store, other, expected) in [
        ("paired", LOCAL, None, "Broken Unknown local_storage_missing"),
        ("paired", INDEXED, None, "Broken Unknown indexed_db_missing"),
        // A kill in the first minute after pairing.
        ("paired", LOCAL, Some("qr"), "Broken Unknown login_incomplete"),
        ("paired", LOCAL, Some("empty"), "Broken Unknown login_incomplete"),
        ("paired", INDEXED, Some("qr"), "Broken Paired login_incomplete"),
        ("paired", INDEXED, Some("logged-out"), "Broken Paired login_incomplete login_incomplete"),
        // A re-pairing: every key is there, but of two logins.
        ("paired", INDEXED, Some("blobs"), "Doubtful Paired pair_refuted"),
    ] {
        let examination = examine(&exchange(name, store, other));
        assert_eq!(said(&examination), expected, "{name}, {store} of {other:?}: {:?}", examination.verdict);
    }
}

#[test]
fn a_folder_without_stores_says_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("profile/Default")).unwrap();
    assert_eq!(said(&examine(&dir)), "Broken Unknown stores_missing");
}

#[test]
fn a_blob_is_missed_and_measured() {
    let dir = fixture("blobs");
    let blob = dir.path().join("profile/Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.blob/3/00/2");
    fs::write(&blob, "short").unwrap();
    assert_eq!(said(&examine(&dir)), "Broken Paired blob_size");
    fs::remove_file(&blob).unwrap();
    assert_eq!(said(&examine(&dir)), "Broken Paired blob_missing");
}

#[test]
fn a_layout_that_is_not_known_is_never_called_logged_out() {
    let dir = fixture("sqlite");
    let profile = dir.path().join("profile");
    let db = rusqlite::Connection::open(profile.join("Default/LocalStorage")).unwrap();
    db.execute_batch("ALTER TABLE map_entries RENAME TO entries").unwrap();
    drop(db);
    let verdict = examine(&dir).verdict;
    assert_eq!((verdict.grade, verdict.login), (Grade::Doubtful, Login::Unknown));
}

#[test]
fn a_copy_reads_as_its_original_and_is_private() {
    for name in ["paired", "blobs", "sqlite", "qr"] {
        let dir = fixture(name);
        let (live, into) = (dir.path().join("profile"), dir.path().join("copy"));
        let original = examine(&dir);
        Chromium.copy(&live, &into).unwrap();
        let copy = Chromium.examine(&into).unwrap();
        assert_eq!(said(&copy), said(&original), "{name}");
        assert_eq!((copy.vector.clone(), copy.identity), (original.vector, original.identity), "{name}");
        assert_eq!(copy.versions["chromium"], "156.0.8078.79");
        let progress = Chromium.progress(&live);
        let sequences = |vector: &Vector| vector.iter().map(|(k, v)| (k.clone(), v.sequence)).collect::<Vec<_>>();
        assert_eq!(sequences(&progress), sequences(&copy.vector), "{name}");
        assert_eq!(left_over(dir.path()), ["copy", "profile"]);
        assert!(Chromium.claims(&into), "{name}");
    }
}

/// SQLite works a log in in a second copy, which is a key to the account as the first is.
#[test]
fn the_second_copy_that_a_kill_left_goes() {
    let dir = fixture("sqlite");
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let left = dir.path().join(format!(".profile.{}.second", child.id()));
    fs::create_dir(&left).unwrap();
    fs::write(left.join("db"), "").unwrap();
    examine(&dir);
    assert_eq!(left_over(dir.path()), ["profile"]);
}

#[test]
fn a_store_of_settings_tells_the_version_of_whatsapp_web() {
    let dir = fixture("sqlite");
    assert_eq!(examine(&dir).versions.get("whatsapp_web"), None, "where nothing tells it");
    let name = "6SWAZZBFF7GBMSNKQLMCXDS3JJIWPKF7JUPJBTBRCW6XSPKNBZFQ";
    let db = dir.path().join("profile").join(&PROFILE.login.indexed_db_sqlite).join(name);
    let db = rusqlite::Connection::open(db).unwrap();
    let name: Vec<u8> = "user-prefs".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let store: i64 = db.query_row("SELECT id FROM object_stores WHERE name = ?1", [name], |row| row.get(0)).unwrap();
    let value = b"\xff\x15\xff\x0fo\"\x05value\"\x112.3000.1027934701{\x01";
    let insert = "INSERT INTO records (object_store_id, key, value, compression_type) VALUES (?1, ?2, ?3, 0)";
    db.execute(insert, (store, [b"\x30", &b"BqqWfstjpoCbtf"[..], &[0]].concat(), &value[..])).unwrap();
    drop(db);
    assert_eq!(examine(&dir).versions["whatsapp_web"], "2.3000.1027934701");
}

#[test]
fn the_page_that_whatsapp_web_js_loaded_last_tells_its_version() {
    let home = tempfile::tempdir().unwrap();
    let (profile, cache) = (home.path().join(".wwebjs_auth/session"), home.path().join(".wwebjs_cache"));
    assert!(Chromium.versions(&profile).is_empty());
    fs::create_dir(&cache).unwrap();
    for (name, seconds) in [("2.3000.1.html", 2), ("2.2412.54.html", 1), ("notes.html", 3)] {
        let file = fs::File::create(cache.join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
    }
    assert_eq!(Chromium.versions(&profile)["whatsapp_web"], "2.3000.1");
    assert!(Chromium.versions(home.path()).is_empty(), "no folder of its own");
}

fn left_over(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn half_a_record_is_seen_and_cut_off() {
    let dir = fixture("paired");
    let name = Path::new(&PROFILE.login.indexed_db).join("000003.log");
    let log = fs::File::options().write(true).open(dir.path().join("profile").join(&name)).unwrap();
    log.set_len(log.metadata().unwrap().len() - 1).unwrap();
    assert_eq!(said(&examine(&dir)), "Sound Paired log_tail_torn");
    assert_eq!(cut_torn_tails(&dir.path().join("profile")).unwrap(), [name]);
    assert_eq!(said(&examine(&dir)), "Sound Paired ");
}

/// Which bytes no checksum covers, and why that is all right, stands in `docs/verdicts.md`.
#[test]
fn every_changed_byte_of_a_login_is_noticed_but_those_inside_blobs() {
    assert_eq!(unnoticed_changes("paired"), []);
    let unnoticed = unnoticed_changes("blobs");
    let outside: Vec<_> = unnoticed.iter().filter(|(path, _)| !path.starts_with(&PROFILE.login.blobs)).collect();
    assert_eq!(outside, Vec::<&(PathBuf, usize)>::new());
    assert_eq!(unnoticed.len(), 503, "the blobs' own bytes, which nothing covers");
}

/// Changes each byte of a login set in turn, and gives those that the verdict has no finding about.
fn unnoticed_changes(name: &str) -> Vec<(PathBuf, usize)> {
    let dir = fixture(name);
    let profile = dir.path().join("profile");
    let entries = tree::walk(&profile, &|path| Chromium.watched(path)).unwrap();
    let mut unnoticed = Vec::new();
    for entry in entries.into_iter().filter(|entry| entry.kind == tree::EntryKind::File) {
        let path = profile.join(&entry.path);
        let whole = fs::read(&path).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        for (at, byte) in whole.iter().enumerate() {
            file.write_all_at(&[byte ^ 1], at as u64).unwrap();
            if examine(&dir).verdict.findings.is_empty() {
                unnoticed.push((entry.path.clone(), at));
            }
            file.write_all_at(&[*byte], at as u64).unwrap();
        }
    }
    unnoticed
}

/// A `-wal` has checksums; SQLite's pages have none: there only the login's own keys prove themselves.
#[test]
fn changed_bytes_of_sqlite_stores_are_noticed_where_something_covers_them() {
    let dir = fixture("sqlite");
    let whole = examine(&dir);
    let noticed = |path: &Path, at: &mut dyn Iterator<Item = usize>| {
        let path = dir.path().join("profile").join(path);
        let bytes = fs::read(&path).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        at.filter(|at| {
            file.write_all_at(&[bytes[*at] ^ 1], *at as u64).unwrap();
            let now = examine(&dir);
            file.write_all_at(&[bytes[*at]], *at as u64).unwrap();
            said(&now) != said(&whole)
        })
        .count()
    };
    let wal = Path::new("Default/LocalStorage-wal");
    // Without its last frame a log is one that was cut off, as a kill leaves it.
    let frames = 32..fs::metadata(dir.path().join("profile").join(wal)).unwrap().len() as usize - (24 + 4096);
    assert_eq!(noticed(wal, &mut frames.clone().step_by(101)), frames.step_by(101).count());

    let keys = PROFILE.login.indexed_db_sqlite.clone() + "/C7VKP2XABYLXKQCNKGYFXIVCO36CAYZTYH26KLSSIT3KP6LLOCCQ";
    let bytes = fs::read(dir.path().join("profile").join(&keys)).unwrap();
    let mark = b"\\K\x06\x10";
    let record = bytes.windows(mark.len()).position(|w| w == mark).expect("the key that locks the login");
    let shown = noticed(Path::new(&keys), &mut (record..record + 140));
    assert!(shown >= 128, "{shown} bytes of the key were noticed");
}
