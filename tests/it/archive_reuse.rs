//! The next archive from the last one: what is copied, what is read, and that neither can be told from the bytes.

use crate::archive::{Folder, data, noise, scratch, text, unpack};
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wakeep::archive::*;

/// A folder, an archive of it as the base, and room for the next one.
struct Round {
    folder: Folder,
    place: TempDir,
    base: Archive,
    members: u32,
}

impl Round {
    fn new() -> Round {
        let (folder, place) = (Folder::new(), scratch());
        let members = folder.write(&place.path().join("base"), None, Form::Members).members;
        let base = Archive::open(&place.path().join("base")).unwrap();
        Round { folder, place, base, members }
    }

    fn next(&self) -> PathBuf {
        self.place.path().join("next")
    }

    /// Writes the next archive and holds it against one that was written without a base. Returns how many members
    /// were made anew.
    fn made_anew(&self) -> u32 {
        let fresh = self.place.path().join("fresh");
        let written = self.folder.write(&self.next(), Some(&self.base), Form::Members);
        self.folder.write(&fresh, None, Form::Members);
        assert!(data(&self.next()) == data(&fresh));
        verify(&self.next(), Depth::Content).unwrap();
        written.members - written.members_reused
    }
}

#[test]
fn nothing_changed_nothing_is_made() {
    assert_eq!(Round::new().made_anew(), 0);
}

#[test]
fn a_small_change_costs_its_own_member() {
    let round = Round::new();
    round.folder.put("keys/pre-key-150.json", b"another");
    assert_eq!(round.made_anew(), 1);
}

#[test]
fn a_new_and_a_lost_small_file_cost_their_neighbours_at_most() {
    let round = Round::new();
    round.folder.put("keys/pre-key-150-new.json", &text(1, 700));
    fs::remove_file(round.folder.root().join("keys/pre-key-200.json")).unwrap();
    assert!((1..=4).contains(&round.made_anew()));
}

#[test]
fn an_appended_log_costs_its_header_and_its_end() {
    let round = Round::new();
    round.folder.put("Default/leveldb/000003.log", &text(3, 900_500));
    assert_eq!(round.made_anew(), 2);
}

#[test]
fn a_page_changed_in_place_costs_its_step_and_the_header() {
    let round = Round::new();
    let mut bytes = noise(99, 2_000_000);
    bytes[1_000_000] ^= 1;
    round.folder.put("Default/leveldb/000005.ldb", &bytes);
    round.folder.age("Default/leveldb/000005.ldb", 1800);
    assert_eq!(round.made_anew(), 2);
}

/// Changes a byte of a file and nothing that a stamp would show.
fn change_unseen(folder: &Folder, name: &str) {
    let path = folder.root().join(name);
    let mtime = fs::metadata(&path).unwrap().modified().unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(b"!", 1_000_000).unwrap();
    file.set_modified(mtime).unwrap();
}

fn byte_in(archive: &Path, name: &str) -> u8 {
    let mut out = Vec::new();
    cat(archive, &Path::new(crate::archive::PREFIX).join(name), &mut out).unwrap();
    out[1_000_000]
}

const TABLE: &str = "Default/leveldb/000005.ldb";

#[test]
fn an_immutable_file_whose_stamp_stands_is_not_read() {
    let round = Round::new();
    let before = byte_in(round.base.path(), TABLE);
    change_unseen(&round.folder, TABLE);
    let written = round.folder.write(&round.next(), Some(&round.base), Form::Members);
    assert_eq!((written.members_reused, byte_in(&round.next(), TABLE)), (round.members, before));
}

#[test]
fn a_file_that_is_not_immutable_is_read_whatever_its_stamp_says() {
    let round = Round::new();
    change_unseen(&round.folder, TABLE);
    let written = round.folder.write_with(&round.next(), Some(&round.base), Form::Members, &|_| false);
    assert_eq!((written.members - written.members_reused, byte_in(&round.next(), TABLE)), (1, b'!'));
}

#[test]
fn a_stamp_too_fresh_is_not_trusted() {
    let mut round = Round::new();
    for (age, seen) in [(0, true), (1, true), (10, false)] {
        let base = round.place.path().join(format!("base-{age}"));
        // On a busy machine the stamp may have grown old before the archive is begun: once more, then.
        let in_time = (0..20).any(|_| {
            round.folder.put(TABLE, &noise(age, 2_000_000));
            let start = std::time::Instant::now();
            round.folder.age(TABLE, age);
            let _ = fs::remove_file(&base);
            round.folder.write(&base, None, Form::Members);
            start.elapsed() < std::time::Duration::from_millis(900)
        });
        assert!(in_time, "this machine takes too long for two megabytes");
        round.base = Archive::open(&base).unwrap();
        change_unseen(&round.folder, TABLE);
        let next = round.place.path().join(format!("next-{age}"));
        round.folder.write(&next, Some(&round.base), Form::Members);
        assert_eq!(byte_in(&next, TABLE) == b'!', seen, "written {age} s before the archive was begun");
    }
}

#[test]
fn another_file_of_the_same_name_size_and_time_is_read() {
    let round = Round::new();
    let path = round.folder.root().join(TABLE);
    let mtime = fs::metadata(&path).unwrap().modified().unwrap();
    let other = path.with_extension("other");
    fs::write(&other, noise(100, 2_000_000)).unwrap();
    fs::File::options().write(true).open(&other).unwrap().set_modified(mtime).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("keeps the old inode taken"), "").unwrap();
    wakeep::disk::move_to(&other, &path).unwrap();
    assert!(round.made_anew() >= 8);
}

#[test]
fn a_damaged_base_is_caught_before_it_is_published_and_can_be_done_without() {
    let round = Round::new();
    let file = fs::File::options().read(true).write(true).open(round.base.path()).unwrap();
    let middle = data(round.base.path()).len() as u64 / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).unwrap();
    file.write_all_at(&[byte[0] ^ 1], middle).unwrap();
    round.folder.write(&round.next(), Some(&round.base), Form::Members);
    verify(&round.next(), Depth::Index).unwrap();
    let found = verify(&round.next(), Depth::Stored).unwrap_err();
    assert!(matches!(found, wakeep::error::Error::Damaged { .. }), "{found}");
    let again = round.place.path().join("again");
    round.folder.write(&again, None, Form::Members);
    verify(&again, Depth::Content).unwrap();
}

#[test]
fn a_base_that_is_cut_short_fails_and_leaves_nothing() {
    let round = Round::new();
    fs::File::options().write(true).open(round.base.path()).unwrap().set_len(1000).unwrap();
    let root = round.folder.root();
    let entries = wakeep::tree::walk(&root, &|_| true).unwrap();
    let prefix = Path::new(crate::archive::PREFIX);
    let content = Content { root: &root, prefix, entries: &entries, immutable: &|_| true };
    write(&round.next(), &content, b"", Some(&round.base), Form::Members).unwrap_err();
    assert!(!round.next().exists());
}

#[test]
fn a_plain_base_is_no_hindrance() {
    let (folder, place) = (Folder::new(), scratch());
    folder.write(&place.path().join("plain"), None, Form::Plain);
    let base = Archive::open(&place.path().join("plain")).unwrap();
    folder.write(&place.path().join("next"), Some(&base), Form::Members);
    verify(&place.path().join("next"), Depth::Content).unwrap();
}

#[test]
fn it_does_not_grow_with_the_rounds() {
    let (folder, place) = (Folder::new(), scratch());
    let name = |n: u64| place.path().join(format!("{n}"));
    let first = folder.write(&name(0), None, Form::Members).bytes;
    for n in 1..=20 {
        folder.put("Default/leveldb/000003.log", &text(3 + n, 900_000));
        let base = Archive::open(&name(n - 1)).unwrap();
        let written = folder.write(&name(n), Some(&base), Form::Members);
        assert!(written.bytes < first + first / 20, "round {n}: {} of {first}", written.bytes);
        assert!(written.members_reused > 10);
    }
    unpack(&name(20), &place.path().join("out"));
}

/// What may happen to a file between two rounds.
#[derive(Debug, Clone)]
enum Edit {
    Put(u8, usize),
    Append(u8, usize),
    Remove(u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let size = prop_oneof![0..2_000usize, 60_000..70_000usize, 200_000..600_000usize];
    prop_oneof![
        (any::<u8>(), size.clone()).prop_map(|(f, n)| Edit::Put(f % 40, n)),
        (any::<u8>(), size).prop_map(|(f, n)| Edit::Append(f % 40, n)),
        any::<u8>().prop_map(|f| Edit::Remove(f % 40)),
    ]
}

fn apply(folder: &Folder, edit: &Edit) {
    let name = |f: &u8| format!("dir-{}/file-{f}", f % 3);
    let old = |f: &u8| fs::read(folder.root().join(name(f))).unwrap_or_default();
    match edit {
        Edit::Put(f, n) => folder.put(&name(f), &text(u64::from(*f) + *n as u64, *n)),
        Edit::Append(f, n) => folder.put(&name(f), &[old(f), noise(*n as u64, *n)].concat()),
        Edit::Remove(f) => drop(fs::remove_file(folder.root().join(name(f)))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever happened between two rounds, reuse can't be told from the bytes.
    #[test]
    fn reuse_leaves_no_trace(before in prop::collection::vec(edit(), 0..30), after in prop::collection::vec(edit(), 0..6)) {
        let (folder, place) = (Folder::empty(), scratch());
        let path = |name: &str| place.path().join(name);
        before.iter().for_each(|e| apply(&folder, e));
        folder.write(&path("base"), None, Form::Members);
        after.iter().for_each(|e| apply(&folder, e));
        let base = Archive::open(&path("base")).unwrap();
        folder.write_with(&path("next"), Some(&base), Form::Members, &|p| p.starts_with("dir-1"));
        folder.write(&path("fresh"), None, Form::Members);
        prop_assert!(data(&path("next")) == data(&path("fresh")));
        verify(&path("next"), Depth::Content).unwrap();
    }
}
