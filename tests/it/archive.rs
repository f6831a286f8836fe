//! Archives written, reused, verified and unpacked, over folders like those of real sessions.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wakeep::archive::*;
use wakeep::error::Error;
use wakeep::tree::{self, EntryKind};

/// Bytes that no compressor makes smaller, the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Text as logs have it.
pub fn text(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 64);
    for n in 0u64.. {
        if bytes.len() >= len {
            break;
        }
        bytes.extend_from_slice(format!("{n:08} key-{} value {}\n", n * seed % 977, n * n % 65_537).as_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// A folder with a file of every size that matters, all written long ago.
pub struct Folder {
    dir: TempDir,
}

pub const PREFIX: &str = ".wwebjs_auth/session";

impl Folder {
    pub fn new() -> Folder {
        let folder = Folder::empty();
        for i in 0..300u64 {
            folder.put(&format!("keys/pre-key-{i}.json"), &text(i, 300 + i as usize));
        }
        for (i, size) in
            [0, 1, 511, 512, 513, 65_535, 65_536, 65_537, 262_144, 262_145, 700_000].into_iter().enumerate()
        {
            folder.put(&format!("Default/sizes/{size}"), &noise(i as u64, size));
        }
        folder.put("Default/leveldb/000003.log", &text(3, 900_000));
        folder.put("Default/leveldb/000005.ldb", &noise(99, 2_000_000));
        folder.put(&format!("long/{}/{}", "d".repeat(120), "n".repeat(200)), b"deep");
        folder.put("long/exactly-100/bytes-with-the-prefix", b"x");
        folder.put("names/кириллица и пробел", b"y");
        fs::create_dir_all(folder.root().join("empty/dir")).unwrap();
        folder
    }

    pub fn empty() -> Folder {
        let folder = Folder { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(folder.root()).unwrap();
        folder
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("session")
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        self.age(name, 3600);
    }

    /// Makes a file look written `seconds` ago.
    pub fn age(&self, name: &str, seconds: u64) {
        // By the clock that stamps files, as it is now.
        let clock = self.dir.path().join("clock");
        fs::write(&clock, b"x").unwrap();
        let now = fs::metadata(&clock).unwrap().modified().unwrap();
        let file = fs::File::options().write(true).open(self.root().join(name)).unwrap();
        file.set_modified(now - std::time::Duration::from_secs(seconds)).unwrap();
    }

    pub fn write(&self, to: &Path, base: Option<&Archive>, form: Form) -> Written {
        let immutable = |p: &Path| p.extension().is_some_and(|e| e == "ldb");
        self.write_with(to, base, form, &immutable)
    }

    pub fn write_with(
        &self,
        to: &Path,
        base: Option<&Archive>,
        form: Form,
        immutable: &dyn Fn(&Path) -> bool,
    ) -> Written {
        let root = self.root();
        let entries = tree::walk(&root, &|_| true).unwrap();
        let content = Content { root: &root, prefix: Path::new(PREFIX), entries: &entries, immutable };
        write(to, &content, b"{\"label\":1}", base, form).unwrap()
    }
}

/// Path, kind, content and time of last write of an entry.
type Thing = (PathBuf, EntryKind, Vec<u8>, (i64, u32));

/// All files of a folder with their bytes and times.
pub fn contents(root: &Path) -> Vec<Thing> {
    let all = tree::walk(root, &|_| true).unwrap();
    all.into_iter()
        .map(|e| match e.kind {
            EntryKind::File => (e.path.clone(), e.kind, fs::read(root.join(&e.path)).unwrap(), e.mark.mtime),
            kind => (e.path, kind, Vec::new(), (0, 0)),
        })
        .collect()
}

/// An archive's bytes without index and label, found by the footer as docs/format.md has it.
pub fn data(archive: &Path) -> Vec<u8> {
    let mut bytes = fs::read(archive).unwrap();
    let footer = &bytes[bytes.len() - 86 + 16..];
    assert_eq!(footer[..8], *b"wakeep\x01\x00");
    bytes.truncate(u64::from_le_bytes(footer[8..16].try_into().unwrap()) as usize);
    bytes
}

/// A place for archives and what is unpacked.
pub fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub fn strip(name: &Path) -> Option<PathBuf> {
    name.strip_prefix(PREFIX).ok().map(Path::to_owned)
}

pub fn unpack(archive: &Path, into: &Path) -> Extracted {
    fs::create_dir(into).unwrap();
    extract(archive, into, &strip, &Limits::default()).unwrap()
}

#[test]
fn what_was_archived_comes_back() {
    let (folder, place) = (Folder::new(), scratch());
    for form in [Form::Members, Form::Plain] {
        let archive = place.path().join(format!("{form:?}.tar.gz"));
        let written = folder.write(&archive, None, form);
        assert_eq!(written.bytes, fs::metadata(&archive).unwrap().len());
        assert_eq!(written.members == 1, form == Form::Plain);
        assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o7777, 0o600);
        for depth in [Depth::Index, Depth::Stored, Depth::Content] {
            let verified = verify(&archive, depth).unwrap();
            assert_eq!((verified.label(), verified.origin()), (Some(&b"{\"label\":1}"[..]), Origin::Ours));
            assert_eq!(verified.mark().inode, fs::metadata(&archive).unwrap().ino());
        }
        let out = place.path().join(format!("{form:?}"));
        let done = unpack(&archive, &out);
        assert_eq!(contents(&out), contents(&folder.root()));
        assert_eq!(done.files, contents(&out).iter().filter(|c| c.1 == EntryKind::File).count() as u64);
    }
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let (folder, place) = (Folder::new(), scratch());
    let (a, b) = (place.path().join("a"), place.path().join("b"));
    folder.write(&a, None, Form::Members);
    folder.write(&b, None, Form::Members);
    assert!(data(&a) == data(&b));
}

#[test]
fn one_file_is_found_by_the_index() {
    let (folder, place) = (Folder::new(), scratch());
    for form in [Form::Members, Form::Plain] {
        let archive = place.path().join(format!("{form:?}"));
        folder.write(&archive, None, form);
        for name in ["Default/leveldb/000005.ldb", "keys/pre-key-77.json", "Default/sizes/0"] {
            let mut out = Vec::new();
            let size = cat(&archive, &Path::new(PREFIX).join(name), &mut out).unwrap();
            assert_eq!((size, &out), (Some(out.len() as u64), &fs::read(folder.root().join(name)).unwrap()));
        }
        assert_eq!(cat(&archive, Path::new("no/such"), &mut Vec::new()).unwrap(), None);
        let listed = list(&archive).unwrap();
        assert_eq!(listed[0].path, Path::new(".wwebjs_auth"));
        assert_eq!(listed.len(), contents(&folder.root()).len() + 2);
    }
}

#[test]
fn a_session_that_is_one_file() {
    let place = scratch();
    let root = place.path().join("bot.db");
    fs::write(&root, noise(5, 300_000)).unwrap();
    let mark = wakeep::disk::FileMark::of(&root).unwrap();
    let entry = tree::Entry { path: PathBuf::new(), kind: EntryKind::File, mark, mode: 0o600 };
    let content = Content { root: &root, prefix: Path::new("data/bot.db"), entries: &[entry], immutable: &|_| false };
    let archive = place.path().join("a");
    write(&archive, &content, b"", None, Form::Members).unwrap();
    let names: Vec<_> = list(&archive).unwrap().into_iter().map(|l| l.path).collect();
    assert_eq!(names, [Path::new("data"), Path::new("data/bot.db")]);
    let out = place.path().join("out");
    fs::create_dir(&out).unwrap();
    let only = |p: &Path| (p == Path::new("data/bot.db")).then(|| "x.db".into());
    assert_eq!(extract(&archive, &out, &only, &Limits::default()).unwrap().files, 1);
    assert_eq!(fs::read(out.join("x.db")).unwrap(), fs::read(&root).unwrap());
}

#[test]
fn a_file_that_changes_meanwhile_is_refused_and_no_archive_left() {
    let (folder, place) = (Folder::new(), scratch());
    let root = folder.root();
    let entries = tree::walk(&root, &|_| true).unwrap();
    fs::write(root.join("Default/leveldb/000003.log"), text(3, 900_001)).unwrap();
    let content = Content { root: &root, prefix: Path::new(PREFIX), entries: &entries, immutable: &|_| false };
    let to = place.path().join("a");
    let failed = write(&to, &content, b"", None, Form::Members).unwrap_err();
    assert!(matches!(&failed, Error::Io { path, .. } if path.ends_with("000003.log")), "{failed}");
    assert!(!to.exists());
}
