//! Verdicts on small profiles that Chromium 156 made (`tests/fixtures/chromium`, fake logins), whole and harmed.

use super::*;
use crate::session::Proof;
use crate::session::leveldb;
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

#[test]
fn every_changed_byte_of_the_leveldb_stores_is_noticed() {
    let dir = fixture("paired");
    let root = dir.path().join("profile");
    for database in [&PROFILE.login.local_storage, &PROFILE.login.indexed_db] {
        let database = root.join(database);
        assert_eq!(unnoticed_changes(&database), [], "{}", database.display());
    }
}

/// Changes each byte of each file in turn, and gives those that no finding speaks of.
fn unnoticed_changes(database: &Path) -> Vec<(PathBuf, usize)> {
    let mut unnoticed = Vec::new();
    for entry in tree::walk(database, &|_| true).unwrap() {
        let path = database.join(&entry.path);
        let whole = fs::read(&path).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        for (at, byte) in whole.iter().enumerate() {
            file.write_all_at(&[byte ^ 1], at as u64).unwrap();
            if leveldb::read(database, &|_| false).unwrap().findings.is_empty() {
                unnoticed.push((entry.path.clone(), at));
            }
            file.write_all_at(&[*byte], at as u64).unwrap();
        }
    }
    unnoticed
}
