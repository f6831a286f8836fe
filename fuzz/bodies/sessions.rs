//! Any bytes as a session: the LevelDB reader, Chromium's stores, Baileys' creds, labels and journals. No crash and no
//! endless work; what comes of it is always a verdict or an error. The first byte of the input says what the rest is.
use std::fs;
use std::path::Path;
use wakeep::session::KINDS;
use wakeep::vault::label::Label;
use wakeep::vault::{journal, state::State};

const LOCAL: &str = "Default/Local Storage/leveldb";
const INDEXED: &str = "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb";

/// Gives one input to the readers.
pub fn one(input: &[u8]) {
    let Some((what, rest)) = input.split_first() else { return };
    let dir = tempfile::Builder::new().prefix("fuzz").tempdir_in("/dev/shm").expect("/dev/shm can be written");
    match what % 4 {
        0 => database(&dir.path().join(LOCAL), rest),
        1 => database(&dir.path().join(INDEXED), rest),
        2 => fs::write(dir.path().join("creds.json"), rest).expect("there is room"),
        _ => return texts(dir.path(), rest),
    }
    for kind in KINDS {
        let _ = kind.examine(dir.path());
        let _ = kind.progress(dir.path());
    }
}

/// MANIFEST, log and table, each behind its length in two bytes.
fn database(dir: &Path, mut rest: &[u8]) {
    fs::create_dir_all(dir).expect("there is room");
    fs::write(dir.join("CURRENT"), "MANIFEST-000001\n").expect("there is room");
    for name in ["MANIFEST-000001", "000003.log", "000005.ldb"] {
        let Some((length, behind)) = rest.split_first_chunk::<2>() else { return };
        let length = usize::from(u16::from_le_bytes(*length)).min(behind.len());
        let (content, behind) = behind.split_at(length);
        fs::write(dir.join(name), content).expect("there is room");
        rest = behind;
    }
}

fn texts(dir: &Path, bytes: &[u8]) {
    let file = dir.join("text");
    fs::write(&file, bytes).expect("there is room");
    let _ = Label::from_bytes(bytes, &file);
    let _ = State::load(&file);
    let _ = journal::read(&file);
}
