//! Differences as bytes: with its base beside it one is read as the archive it stands for, put together it is that archive,
//! and without its base, or with a changed byte in either, it is nothing.

use crate::archive::{Folder, contents, data, scratch, text, unpack};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wakeep::archive::*;
use wakeep::error::Error;

/// A folder that changed, its archive from before, and the difference.
struct Pair {
    folder: Folder,
    place: TempDir,
    written: Written,
}

impl Pair {
    fn new() -> Pair {
        let (folder, place) = (Folder::new(), scratch());
        folder.write(&place.path().join("base"), None, Form::Members);
        folder.put("Default/leveldb/000003.log", &text(3, 900_500));
        folder.put("keys/pre-key-150.json", b"another");
        fs::remove_file(folder.root().join("Default/sizes/700000")).unwrap();
        let base = Archive::open(&place.path().join("base")).unwrap();
        let written = folder.write(&place.path().join("difference"), Some(&base), Form::Difference);
        Pair { folder, place, written }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// What verifying the difference says is wrong.
    fn fault(&self) -> String {
        match verify(&self.at("difference"), Depth::Stored) {
            Err(Error::Damaged { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    }
}

fn flip(path: &Path, at: u64) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

#[test]
fn a_difference_is_small_and_reads_as_the_archive_it_stands_for() {
    let pair = Pair::new();
    let size = |name| fs::metadata(pair.at(name)).unwrap().len();
    assert_eq!(pair.written.bytes, size("difference"));
    assert!(size("difference") * 20 < size("base"), "{} to {}", size("difference"), size("base"));
    assert!(pair.written.members - pair.written.members_reused < 8);
    let verified = verify(&pair.at("difference"), Depth::Content).unwrap();
    assert_eq!(verified.base(), Some(pair.at("base").as_path()));
    assert_eq!(base_of(&pair.at("difference")), Some(pair.at("base")));
    unpack(&pair.at("difference"), &pair.at("unpacked"));
    assert!(contents(&pair.at("unpacked")) == contents(&pair.folder.root()));
}

#[test]
fn put_together_it_is_what_would_have_been_written_whole() {
    let pair = Pair::new();
    put_together(&pair.at("difference"), &pair.at("whole")).unwrap();
    pair.folder.write(&pair.at("fresh"), None, Form::Members);
    assert!(data(&pair.at("whole")) == data(&pair.at("fresh")));
    assert_eq!(verify(&pair.at("whole"), Depth::Content).unwrap().base(), None);
    let digest = |name| Archive::open(&pair.at(name)).unwrap().digest();
    assert_eq!(digest("difference"), digest("whole"), "it is remembered by what it stands for");
    assert_ne!(digest("difference"), digest("base"));
}

#[test]
fn an_archive_may_be_reused_through_a_difference() {
    let pair = Pair::new();
    pair.folder.put("keys/pre-key-10.json", b"a third state");
    let last = Archive::open(&pair.at("difference")).unwrap();
    let written = pair.folder.write(&pair.at("next"), Some(&last), Form::Members);
    pair.folder.write(&pair.at("fresh"), None, Form::Members);
    assert!(data(&pair.at("next")) == data(&pair.at("fresh")));
    assert_eq!(written.members - written.members_reused, 1);
}

#[test]
fn without_its_base_it_is_nothing() {
    let pair = Pair::new();
    fs::rename(pair.at("base"), pair.at("elsewhere")).unwrap();
    assert!(pair.fault().contains("its base"), "{}", pair.fault());
    pair.folder.write(&pair.at("base"), None, Form::Members);
    assert!(pair.fault().contains("its base"), "another archive of that name: {}", pair.fault());
    fs::rename(pair.at("elsewhere"), pair.at("base")).unwrap();
    verify(&pair.at("difference"), Depth::Content).unwrap();
}

/// Hostile: one that names itself as its base would be opened for ever.
#[test]
fn a_difference_is_no_base_and_not_its_own() {
    let pair = Pair::new();
    fs::copy(pair.at("difference"), pair.at("base")).unwrap();
    for name in ["base", "difference"] {
        assert!(matches!(verify(&pair.at(name), Depth::Stored), Err(Error::Damaged { .. })), "{name}");
    }
}

#[test]
fn no_changed_byte_in_either_goes_unnoticed() {
    let pair = Pair::new();
    let len = |name| fs::metadata(pair.at(name)).unwrap().len();
    for at in (0..len("difference")).step_by(997).chain([len("difference") - 1]) {
        flip(&pair.at("difference"), at);
        assert!(verify(&pair.at("difference"), Depth::Stored).is_err(), "byte {at} of the difference");
        flip(&pair.at("difference"), at);
    }
    // The last member of the base is the tar's end, which the difference needs; the removed file it doesn't.
    for at in [0, len("base") / 2, len("base") - 10] {
        flip(&pair.at("base"), at);
        assert!(verify(&pair.at("difference"), Depth::Stored).is_err(), "byte {at} of the base");
        flip(&pair.at("base"), at);
    }
    verify(&pair.at("difference"), Depth::Stored).unwrap();
}

#[test]
fn there_is_no_difference_to_a_difference_and_none_to_nothing() {
    let pair = Pair::new();
    let root = pair.folder.root();
    let entries = wakeep::tree::walk(&root, &|_| true).unwrap();
    let content = Content { root: &root, prefix: Path::new("x"), entries: &entries, immutable: &|_| false };
    let last = Archive::open(&pair.at("difference")).unwrap();
    for base in [None, Some(&last)] {
        write(&pair.at("second"), &content, b"{}", base, Form::Difference).unwrap_err();
        assert!(!pair.at("second").exists());
    }
}
