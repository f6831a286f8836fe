//! Any bytes as an archive: no crash, no endless work, nothing outside the stage; and what our reader lets pass GNU
//! tar must see in the same way. The first byte of the input says what the rest is.
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wakeep::archive::{Depth, Limits, Origin, cat, extract, list, verify};
use wakeep::tree::{self, EntryKind};

/// Gives one input to the reader.
pub fn one(input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else { return };
    let archive = match kind % 4 {
        // A whole file: ours, another's, a zip.
        0 => rest.to_vec(),
        // A tar, so that the fuzzer needn't invent checksums of gzip.
        1 => gz(rest),
        // A tar whose header checksums are mended.
        2 => gz(&mended(rest)),
        // An index over honest data.
        _ => with_index(rest),
    };
    run(&archive);
}

fn run(archive: &[u8]) {
    let dir = tempfile::Builder::new().prefix("fuzz").tempdir_in("/dev/shm").expect("/dev/shm can be written");
    let path = dir.path().join("archive");
    let stage = dir.path().join("stage");
    fs::write(&path, archive).expect("there is room");
    fs::create_dir(&stage).expect("there is room");
    let _ = verify(&path, Depth::Index);
    let _ = verify(&path, Depth::Stored);
    let verified = verify(&path, Depth::Content);
    let _ = list(&path);
    let _ = cat(&path, Path::new("a"), &mut Vec::new());
    // Links are left out here as a restore leaves them out.
    let limits = Limits { entries: 1_000, bytes: 8 << 20, ..Limits::default() };
    let done = extract(&path, &stage, &|p| Some(p.to_owned()), &limits);
    assert_eq!(fs::read_dir(dir.path()).expect("it is there").count(), 2, "something is outside the stage");
    let ours = files(&stage);
    if done.is_ok() && verified.is_ok_and(|v| v.origin() != Origin::Zip) {
        let (content, theirs) = gnu(&path, dir.path());
        // It complains about records that mean nothing here; but what it unpacks must be what we unpack.
        let same = if content { theirs == ours } else { theirs.iter().all(|file| ours.contains(file)) };
        assert!(same, "GNU tar sees it otherwise");
    }
}

fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let all = tree::walk(root, &|_| true).expect("the stage can be listed");
    all.into_iter()
        .map(|e| match e.kind {
            EntryKind::File => (e.path.clone(), fs::read(root.join(&e.path)).expect("it was just written")),
            EntryKind::Dir => (e.path, Vec::new()),
            other => panic!("{other:?} in the stage"),
        })
        .collect()
}

/// Whether GNU tar is content, and what it unpacks.
fn gnu(archive: &Path, dir: &Path) -> (bool, Vec<(PathBuf, Vec<u8>)>) {
    let into = dir.join("gnu");
    fs::create_dir(&into).expect("there is room");
    let mut run = Command::new("tar");
    run.args(["--no-same-owner", "-C"]).arg(&into).arg("-xzf").arg(archive);
    let status = run.stderr(Stdio::null()).status().expect("GNU tar is installed");
    (status.success(), files(&into))
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bytes).expect("memory takes all");
    gz.finish().expect("memory takes all")
}

fn mended(tar: &[u8]) -> Vec<u8> {
    let mut tar = tar.to_vec();
    for block in tar.chunks_exact_mut(512).filter(|b| b[257..262] == *b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    tar
}

/// Honest data, whose index is the input: as docs/format.md has it.
fn with_index(index: &[u8]) -> Vec<u8> {
    let mut out = include_bytes!("../fuzz_targets/honest.data").to_vec();
    let mut footer = b"wakeep\x01\x00".to_vec();
    footer.extend_from_slice(&(out.len() as u64).to_le_bytes());
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(index).expect("memory takes all");
    let payload = deflate.finish().expect("memory takes all");
    for n in [payload.len(), index.len(), 0] {
        footer.extend_from_slice(&(n as u32).to_le_bytes());
    }
    let digest = blake3::Hasher::new().update(&payload).update(&footer).finalize();
    footer.extend_from_slice(digest.as_bytes());
    payload.chunks(8188).for_each(|c| out.extend(extra(b"WK", c)));
    out.extend(extra(b"WF", &footer));
    out
}

fn extra(id: &[u8; 2], payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u16;
    let head = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255];
    [&head[..], &(len + 4).to_le_bytes(), id, &len.to_le_bytes(), payload, &[3, 0], &[0; 8]].concat()
}
