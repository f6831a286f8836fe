//! Archives made to harm: each gets a clear error, and nothing is written outside the stage.

use crate::archive::{Folder, contents, data, noise, scratch, strip};
use flate2::{Compression, Decompress, FlushDecompress};
use std::fs;
use std::io::ErrorKind;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use wakeep::archive::*;
use wakeep::error::Error;

/// Tar entries as nobody honest writes them.
#[derive(Default)]
struct Tar(Vec<u8>);

impl Tar {
    /// A header of any type with any size, and after it any content.
    fn raw(mut self, name: &str, flag: u8, size: u64, content: &[u8]) -> Tar {
        let mut header = tar::Header::new_gnu();
        let bytes = name.as_bytes();
        header.as_gnu_mut().unwrap().name[..bytes.len()].copy_from_slice(bytes);
        header.as_old_mut().linkflag = [flag];
        if matches!(flag, b'1' | b'2') {
            header.set_link_name_literal("../../outside").unwrap();
        }
        header.set_size(size);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_700_000_000);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, content: &[u8]) -> Tar {
        self.raw(name, b'0', content.len() as u64, content)
    }

    fn with(self, name: &str, flag: u8) -> Tar {
        self.raw(name, flag, 0, b"")
    }

    fn pax(self, record: &str) -> Tar {
        let mut len = record.len() + 3;
        while len != format!("{len} {record}\n").len() {
            len += 1;
        }
        let text = format!("{len} {record}\n");
        self.raw("PaxHeaders/x", b'x', text.len() as u64, text.as_bytes())
    }

    fn long(self, name: &[u8]) -> Tar {
        self.raw("././@LongLink", b'L', name.len() as u64, name)
    }

    fn gz(&self) -> Vec<u8> {
        gz(&[&self.0[..], &[0; 1024]].concat())
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), Compression::new(6));
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// A folder with the stage in it, something beside the stage that must not change, and the archive.
struct Trap {
    dir: TempDir,
}

impl Trap {
    fn new(archive: &[u8]) -> Trap {
        let dir = scratch();
        fs::create_dir_all(dir.path().join("a/stage")).unwrap();
        fs::write(dir.path().join("outside"), "untouched").unwrap();
        fs::write(dir.path().join("archive"), archive).unwrap();
        Trap { dir }
    }

    fn archive(&self) -> PathBuf {
        self.dir.path().join("archive")
    }

    /// Unpacks everything and looks that nothing happened but in the stage.
    fn spring(&self, limits: &Limits) -> Result<Extracted, Error> {
        let stage = self.dir.path().join("a/stage");
        let done = extract(&self.archive(), &stage, &|p| Some(p.to_owned()), limits);
        let names = |d: &Path| fs::read_dir(d).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
        assert_eq!(names(&self.dir.path().join("a")), ["stage"]);
        assert_eq!(names(self.dir.path()).len(), 3);
        assert_eq!(fs::read(self.dir.path().join("outside")).unwrap(), b"untouched");
        for (path, kind, ..) in contents(&stage) {
            let plain = matches!(kind, wakeep::tree::EntryKind::File | wakeep::tree::EntryKind::Dir);
            assert!(plain, "{path:?} is a {kind:?}");
        }
        done
    }
}

fn hostile(archive: &[u8], what: &str) {
    let trap = Trap::new(archive);
    match trap.spring(&Limits::default()) {
        Err(Error::Hostile { what: said, .. }) => assert!(said.contains(what), "{said}, not {what}"),
        other => panic!("{other:?}, not hostile: {what}"),
    }
}

fn damaged(archive: &[u8], what: &str) {
    let trap = Trap::new(archive);
    for result in [trap.spring(&Limits::default()).map(drop), verify(&trap.archive(), Depth::Content).map(drop)] {
        match result {
            Err(Error::Damaged { what: said, .. }) => assert!(said.contains(what), "{said}, not {what}"),
            other => panic!("{other:?}, not damaged: {what}"),
        }
    }
}

#[test]
fn names_that_lead_elsewhere() {
    for name in ["../outside", "a/../../outside", "a/..", ".."] {
        hostile(&Tar::default().file(name, b"!").gz(), "'..'");
        hostile(&Tar::default().with(name, b'5').gz(), "'..'");
        hostile(&Tar::default().pax(&format!("path={name}")).file("a", b"!").gz(), "'..'");
        hostile(&Tar::default().long(format!("{name}\0").as_bytes()).file("a", b"!").gz(), "'..'");
    }
    for name in [r"..\outside", r"a\..\..\outside", r"a\..", r"..\"] {
        hostile(&Tar::default().file(name, b"").gz(), "'..'");
        hostile(&Tar::default().pax(&format!("path={name}")).file("a", b"").gz(), "'..'");
    }
    hostile(&Tar::default().file("/tmp/outside", b"!").gz(), "absolute");
    hostile(&Tar::default().file(r"\tmp\outside", b"!").gz(), "absolute");
    hostile(&Tar::default().file("//outside", b"!").gz(), "absolute");
    hostile(&Tar::default().pax("path=a\0b").file("a", b"!").gz(), "zero byte");
    hostile(&Tar::default().file("", b"!").gz(), "without a name");
    hostile(&Tar::default().file("./.", b"!").gz(), "without a name");
}

#[test]
fn names_too_long() {
    hostile(&Tar::default().file(&"x".repeat(100), b"").long(&[b'y'; 256]).file("a", b"").gz(), "255");
    hostile(&Tar::default().long("y/".repeat(2_500).as_bytes()).file("a", b"").gz(), "4096");
    hostile(&Tar::default().long(&vec![b'y'; 2 << 20]).file("a", b"").gz(), "more than 1 MiB");
    hostile(&Tar::default().raw("L", b'L', 10 << 30, b"").gz(), "more than 1 MiB");
    hostile(&Tar::default().raw("x", b'x', 10 << 30, b"").gz(), "more than 1 MiB");
}

#[test]
fn links_devices_and_holes() {
    hostile(&Tar::default().with("s", b'2').gz(), "a link");
    hostile(&Tar::default().with("s", b'2').file("s/x", b"!").gz(), "a link");
    hostile(&Tar::default().file("f", b"!").with("h", b'1').gz(), "a link");
    for flag in [b'3', b'4', b'6'] {
        hostile(&Tar::default().with("d", flag).gz(), "device or pipe");
    }
    hostile(&Tar::default().with("sparse", b'S').gz(), "sparse");
    hostile(&Tar::default().pax("GNU.sparse.major=1").file("a", b"1").gz(), "sparse");
    hostile(&Tar::default().with("?", b'Z').gz(), "unknown type");
    hostile(&Tar::default().raw("s", b'2', 512, &[1; 512]).gz(), "no file and has content");
    hostile(&Tar::default().raw("d", b'5', 512, &[1; 512]).gz(), "no file and has content");
}

#[test]
fn a_link_that_nobody_wants_is_left_out() {
    let trap = Trap::new(&Tar::default().with("SingletonLock", b'2').with("socket", b'6').file("f", b"1").gz());
    verify(&trap.archive(), Depth::Content).unwrap();
    let wanted = |p: &Path| (p == Path::new("f")).then(|| p.to_owned());
    let stage = trap.dir.path().join("a/stage");
    let done = extract(&trap.archive(), &stage, &wanted, &Limits::default()).unwrap();
    assert_eq!(done, Extracted { files: 1, bytes: 1, left_out: 2 });
    // But nothing may hide below it.
    hostile(&Tar::default().with("SingletonLock", b'2').file("SingletonLock/x", b"1").gz(), "link");
}

#[test]
fn what_two_readers_would_read_differently() {
    let inner = Tar::default().file("smuggled", b"!").0;
    hostile(&Tar::default().pax("size=0").file("outer", &inner).gz(), "two sizes");
    hostile(&Tar::default().pax("size=1024").raw("outer", b'0', 0, b"").file("b", b"").gz(), "two sizes");
    hostile(&Tar::default().pax("size=99999999999999999999").file("a", b"").gz(), "no number");
    hostile(&Tar::default().pax("size=18446744073709551615").file("a", b"").gz(), "impossible size");
    hostile(&Tar::default().pax("path=b").pax("path=c").file("a", b"").gz(), "two extensions");
    hostile(&Tar::default().long(b"b\0").long(b"c\0").file("a", b"").gz(), "two extensions");
    hostile(&Tar::default().long(b"b\0").pax("path=c").file("a", b"").gz(), "two names");
    hostile(&Tar::default().raw("g", b'g', 10, b"10 path=x\n").file("a", b"").gz(), "for all entries");
    hostile(&Tar::default().raw("x", b'x', 4, b"zzzz").file("a", b"").gz(), "PAX record");
    damaged(&gz(&[Tar::default().file("a", b"1").0, vec![0; 1024], inner].concat()), "follows the end");
}

#[test]
fn names_that_stand_there_twice() {
    hostile(&Tar::default().file("a", b"1").file("a", b"2").gz(), "twice");
    hostile(&Tar::default().file("a", b"1").file("./a", b"2").gz(), "twice");
    hostile(&Tar::default().file("a", b"1").with("a", b'5').gz(), "twice");
    hostile(&Tar::default().file("a/b", b"1").file("a", b"2").gz(), "twice");
    hostile(&Tar::default().file("a", b"1").file("a/b", b"2").gz(), "below a file");
    Trap::new(&Tar::default().with("a", b'5').with("a/", b'5').file("a/b", b"").gz())
        .spring(&Limits::default())
        .unwrap();
}

#[test]
fn names_that_differ_in_case_are_two_files_where_the_disk_says_so() {
    let trap = Trap::new(&Tar::default().file("key-AAAAAd", b"1").file("key-AAAAAD", b"2").gz());
    // WhatsApp's key ids are base64: such twins are honest. A disk that can't tell them apart refuses the second
    // one when it is to be made anew (`stage`).
    assert_eq!(trap.spring(&Limits::default()).unwrap().files, 2);
}

#[test]
fn millions_of_entries() {
    let mut tar = Tar::default();
    for i in 0..2_000 {
        tar = tar.file(&format!("f{i}"), b"");
    }
    let few = Limits { entries: 1_000, ..Limits::default() };
    let found = Trap::new(&tar.gz()).spring(&few).unwrap_err();
    assert!(matches!(&found, Error::Hostile { what, .. } if what.contains("too many entries")), "{found}");
    // Five million names in 40 KB: the same block of headers, again and again.
    let block = gz(&Tar::default().with("d", b'5').0.repeat(20_000));
    hostile(&block.repeat(250), "too many entries");
}

#[test]
fn bombs() {
    let zeros = gz(&vec![0; 16 << 20]);
    let bomb = [gz(&Tar::default().raw("zeros", b'0', 10 << 30, b"").0), zeros.repeat(640), gz(&[0; 1024])].concat();
    hostile(&bomb, "far more content");
    let small = Limits { bytes: 1 << 20, ..Limits::default() };
    let trap = Trap::new(&Tar::default().file("a", &noise(1, 2 << 20)).gz());
    // That is the disk's fault, not the archive's.
    assert!(matches!(trap.spring(&small), Err(Error::Io { source, .. }) if source.kind() == ErrorKind::StorageFull));
    assert_eq!(fs::read_dir(trap.dir.path().join("a/stage")).unwrap().count(), 0);
    hostile(&[Tar::default().file("a", b"1").gz(), zeros.repeat(4)].concat(), "endless zeros");
}

#[test]
fn cut_off_or_broken() {
    let whole = Tar::default().file("a", &noise(1, 3_000)).file("b", b"2").gz();
    for n in (0..whole.len()).step_by(97) {
        let trap = Trap::new(&whole[..n]);
        let found = trap.spring(&Limits::default()).unwrap_err();
        assert!(matches!(found, Error::Damaged { .. }), "{n}: {found}");
    }
    let mut crc = whole.clone();
    let at = whole.len() - 6;
    crc[at] ^= 1;
    damaged(&crc, "");
    damaged(b"", "empty");
    damaged(b"not an archive", "neither");
    damaged(&gz(b"not a tar"), "no end");
    damaged(&gz(&noise(1, 5_000)), "no tar header");
    damaged(&gz(&Tar::default().file("a", b"1").0), "no end");
    damaged(&[whole, b"garbage".to_vec()].concat(), "");
}

/// An archive of ours over a small folder.
fn ours() -> (Folder, Vec<u8>) {
    let folder = Folder::empty();
    for i in 0..40 {
        folder.put(&format!("keys/{i}.json"), &crate::archive::text(i, 400));
    }
    folder.put("table.ldb", &noise(3, 300_000));
    let place = scratch();
    folder.write(&place.path().join("a"), None, Form::Members);
    (folder, fs::read(place.path().join("a")).unwrap())
}

#[test]
fn every_flipped_byte_of_ours_is_found_or_harmless() {
    let (folder, whole) = ours();
    let end = whole.len();
    // All of the tail and of the first members, and a sample of what lies between.
    let at: Vec<usize> =
        (0..end).filter(|i| *i < 200 || (*i > end - 3_000 && i % 3 == 0) || *i > end - 86 || i % 4_001 == 0).collect();
    let trap = Trap::new(&whole);
    for i in at {
        let mut wrong = whole.clone();
        wrong[i] ^= 0x10;
        fs::write(trap.archive(), &wrong).unwrap();
        expect_whole_or_refused(&trap, &folder, i);
    }
}

#[test]
fn ours_cut_off_is_found_or_harmless() {
    let (folder, whole) = ours();
    let trap = Trap::new(&whole);
    for n in (0..whole.len()).filter(|n| n % 3_001 == 0 || (n % 5 == 0 && whole.len() - n < 2_500)) {
        fs::write(trap.archive(), &whole[..n]).unwrap();
        expect_whole_or_refused(&trap, &folder, n);
    }
}

/// Without its tail an archive of ours is a plain tar.gz; then it must bring everything back.
fn expect_whole_or_refused(trap: &Trap, folder: &Folder, at: usize) {
    match verify(&trap.archive(), Depth::Content) {
        Err(Error::Damaged { .. } | Error::Hostile { .. }) => {}
        Err(other) => panic!("byte {at}: {other}"),
        Ok(verified) => {
            assert_eq!((verified.origin(), verified.label()), (Origin::TarGz, None), "byte {at}");
            let out = trap.dir.path().join("out");
            fs::create_dir(&out).unwrap();
            extract(&trap.archive(), &out, &strip, &Limits::default()).unwrap();
            let bytes = |root: &Path| contents(root).into_iter().map(|c| (c.0, c.2)).collect::<Vec<_>>();
            assert!(bytes(&out) == bytes(&folder.root()), "byte {at}");
            wakeep::disk::remove_tree(&out).unwrap();
        }
    }
}

/// An archive of ours taken apart as docs/format.md has it, to be put together with lies in it.
#[derive(Clone)]
struct Apart {
    data: Vec<u8>,
    index: Vec<u8>,
    label: Vec<u8>,
}

impl Apart {
    fn of(archive: &Path) -> Apart {
        let data = data(archive);
        let bytes = fs::read(archive).unwrap();
        let footer = &bytes[bytes.len() - 70..];
        let number = |at: usize| u32::from_le_bytes(footer[at..at + 4].try_into().unwrap()) as usize;
        let mut payload = Vec::new();
        let mut rest = &bytes[data.len()..bytes.len() - 86];
        while !rest.is_empty() {
            let len = usize::from(u16::from_le_bytes([rest[14], rest[15]]));
            payload.extend_from_slice(&rest[16..16 + len]);
            rest = &rest[26 + len..];
        }
        let (packed, raw) = (number(16), number(20));
        let mut index = Vec::with_capacity(raw + 1);
        Decompress::new(false).decompress_vec(&payload[..packed], &mut index, FlushDecompress::Finish).unwrap();
        assert_eq!(index.len(), raw);
        Apart { data, index, label: payload.split_off(packed) }
    }

    fn together(&self) -> Vec<u8> {
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(6));
        deflate.write_all(&self.index).unwrap();
        let mut payload = deflate.finish().unwrap();
        let mut footer = b"wakeep\x01\x00".to_vec();
        footer.extend_from_slice(&(self.data.len() as u64).to_le_bytes());
        for n in [payload.len(), self.index.len(), self.label.len()] {
            footer.extend_from_slice(&(n as u32).to_le_bytes());
        }
        payload.extend_from_slice(&self.label);
        let digest = blake3::Hasher::new().update(&payload).update(&footer).finalize();
        footer.extend_from_slice(digest.as_bytes());
        let mut out = self.data.clone();
        payload.chunks(8188).for_each(|c| out.extend(extra(b"WK", c)));
        out.extend(extra(b"WF", &footer));
        out
    }

    /// Where the entries begin in the index.
    fn entries_at(&self) -> usize {
        20 + 80 * u32::from_le_bytes(self.index[12..16].try_into().unwrap()) as usize
    }
}

fn extra(id: &[u8; 2], payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u16;
    let head = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255];
    [&head[..], &(len + 4).to_le_bytes(), id, &len.to_le_bytes(), payload, &[3, 0], &[0; 8]].concat()
}

/// What is done to an archive, and what must be said of it.
type Lie = (&'static str, fn(&mut Apart));

const LIES: &[Lie] = &[
    ("the name of the first file", |a| flip(a, b"keys/0.json")),
    ("a kind", |a| at_entry(a, 0, 0)),
    ("a size", |a| at_entry(a, 2, 1 + 4 + 16)),
    ("a time", |a| at_entry(a, 3, 1 + 4 + 24)),
    ("a member", |a| at_entry(a, 2, 1 + 4 + 36)),
    ("an offset", |a| at_entry(a, 3, 1 + 4 + 40 + 1)),
    ("the stored digest of a member", |a| a.index[20 + 16] ^= 1),
    ("the content digest of a member", |a| a.index[20 + 48] ^= 1),
    ("the stored length of a member", |a| a.index[20] ^= 1),
    ("the content length of a member", |a| a.index[20 + 8] ^= 1),
    ("a member of 4 EiB", |a| a.index[20 + 15] ^= 0x40),
    ("four billion members", |a| a.index[12..16].fill(0xff)),
    ("four billion entries", |a| a.index[16..20].fill(0xff)),
    ("one entry fewer", |a| {
        let entries = a.entries_at();
        let name = usize::from(u16::from_le_bytes([a.index[entries + 53], a.index[entries + 54]]));
        a.index.drain(entries..entries + 55 + name);
        a.index[16] -= 1;
    }),
    ("one entry more", |a| {
        let entries = a.entries_at();
        let name = usize::from(u16::from_le_bytes([a.index[entries + 53], a.index[entries + 54]]));
        let first = a.index[entries..entries + 55 + name].to_vec();
        a.index.extend_from_slice(&first);
        a.index[16] += 1;
    }),
    ("bytes behind the index", |a| a.index.push(0)),
    ("data that the index doesn't know", |a| a.data.extend(extra(b"XX", b"hidden"))),
    ("a second member inside the first one's place", |a| {
        let len = u64::from_le_bytes(a.index[20..28].try_into().unwrap()) as usize;
        let twice = a.data[..len].repeat(2);
        a.data.splice(..len, twice.iter().copied());
        a.index[20..28].copy_from_slice(&(2 * len as u64).to_le_bytes());
        a.index[36..68].copy_from_slice(blake3::hash(&twice).as_bytes());
    }),
];

fn flip(a: &mut Apart, needle: &[u8]) {
    let at = a.index.windows(needle.len()).position(|w| w == needle).expect("the name is there");
    a.index[at] ^= 1;
}

/// Flips a bit of the n-th entry's bytes, `offset` into it.
fn at_entry(a: &mut Apart, n: usize, offset: usize) {
    let mut at = a.entries_at();
    for _ in 0..n {
        at += 55 + usize::from(u16::from_le_bytes([a.index[at + 53], a.index[at + 54]]));
    }
    a.index[at + offset] ^= 1;
}

#[test]
fn an_index_that_lies() {
    let (_, whole) = ours();
    let trap = Trap::new(&whole);
    let honest = Apart::of(&trap.archive());
    fs::write(trap.archive(), honest.together()).unwrap();
    verify(&trap.archive(), Depth::Content).unwrap();
    for (what, lie) in LIES {
        let mut apart = honest.clone();
        lie(&mut apart);
        fs::write(trap.archive(), apart.together()).unwrap();
        let found = verify(&trap.archive(), Depth::Content).map(drop);
        assert!(matches!(found, Err(Error::Damaged { .. } | Error::Hostile { .. })), "{what}: {found:?}");
        wakeep::disk::remove_tree(&trap.dir.path().join("a/stage")).unwrap();
        fs::create_dir(trap.dir.path().join("a/stage")).unwrap();
        assert!(trap.spring(&Limits::default()).is_err(), "{what}");
    }
}

#[test]
fn an_index_bomb() {
    let (_, whole) = ours();
    let trap = Trap::new(&whole);
    let mut apart = Apart::of(&trap.archive());
    apart.index.resize(65 << 20, 0);
    fs::write(trap.archive(), apart.together()).unwrap();
    let found = verify(&trap.archive(), Depth::Index).map(drop);
    assert!(matches!(&found, Err(Error::Damaged { what, .. }) if what.contains("too large")), "{found:?}");
}

/// A zip by Python's zipfile, which writes what it is told.
fn zip(script: &str) -> Vec<u8> {
    let place = scratch();
    let path = place.path().join("a.zip");
    let head = "import sys, zipfile, stat; from zipfile import ZipInfo; z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)";
    let run = Command::new("python3")
        .args(["-W", "ignore", "-c", &format!("{head}\n{script}\nz.close()")])
        .arg(&path)
        .output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    fs::read(path).unwrap()
}

#[test]
fn zips_that_lead_elsewhere() {
    hostile(&zip("z.writestr('../outside', 'x')"), "'..'");
    hostile(&zip("z.writestr('a/../../outside', 'x')"), "'..'");
    hostile(&zip("z.writestr('/tmp/outside', 'x')"), "absolute");
    hostile(&zip("z.writestr('a', '1'); z.writestr('a', '2')"), "twice");
    hostile(&zip("z.writestr('a', '1'); z.writestr('a/b', '2')"), "below a file");
    hostile(&zip("i = ZipInfo('l'); i.external_attr = 0o120777 << 16; z.writestr(i, '../../outside')"), "a link");
    hostile(&zip("i = ZipInfo('p'); i.external_attr = 0o010644 << 16; z.writestr(i, '')"), "device or pipe");
    hostile(&zip("i = ZipInfo('x'); i.filename = '..\\\\outside'; i.create_system = 0; z.writestr(i, 'x')"), "'..'");
    // Of a Unix a backslash is a letter: the file lands in the stage, by that very name.
    let trap = Trap::new(&zip("z.writestr('..\\\\..\\\\outside', 'x')"));
    assert_eq!(trap.spring(&Limits::default()).unwrap().files, 1);
}

#[test]
fn zips_that_burst_or_are_broken() {
    hostile(&zip("z.writestr('a', bytes(80 << 20))"), "far more content");
    let honest = zip("z.writestr('a', b'0123456789' * 5000)");
    for n in (4..honest.len()).step_by(11) {
        let found = Trap::new(&honest[..n]).spring(&Limits::default());
        assert!(matches!(found, Err(Error::Damaged { .. })), "{n}: {found:?}");
    }
    // The size in both headers says less than there is.
    let size = 50_000u32.to_le_bytes();
    let mut lie = honest.clone();
    while let Some(at) = lie.windows(4).position(|w| w == size) {
        lie[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    }
    let found = Trap::new(&lie).spring(&Limits::default());
    assert!(matches!(found, Err(Error::Damaged { .. } | Error::Hostile { .. })), "{found:?}");
    for at in (0..honest.len()).step_by(3) {
        let mut wrong = honest.clone();
        wrong[at] ^= 0x04;
        let trap = Trap::new(&wrong);
        if trap.spring(&Limits::default()).is_ok() {
            let all = contents(&trap.dir.path().join("a/stage"));
            assert!(all.iter().all(|c| c.2 == b"0123456789".repeat(5000)), "byte {at}");
        }
    }
}

#[test]
fn what_is_no_file_is_no_archive() {
    let trap = Trap::new(b"");
    fs::remove_file(trap.archive()).unwrap();
    fs::create_dir(trap.archive()).unwrap();
    assert!(matches!(verify(&trap.archive(), Depth::Index), Err(Error::Damaged { .. })));
    fs::remove_dir(trap.archive()).unwrap();
    assert!(Command::new("mkfifo").arg(trap.archive()).status().unwrap().success());
    assert!(matches!(verify(&trap.archive(), Depth::Index), Err(Error::Damaged { .. })));
}
