//! What our reader lets pass, GNU tar must see in the same way: the gap between two readers is where things are
//! smuggled. Tars here are honest, odd and broken ones, put together at random.

use crate::archive::{contents, scratch};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wakeep::archive::*;

/// A piece of a tar.
#[derive(Debug, Clone)]
enum Piece {
    Entry { name: String, flag: u8, size: u64, content: usize },
    Long(String),
    Pax(Vec<(String, String)>),
    Zeros(usize),
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[abc]{1,2}(/[abc]){0,2}",
        2 => "\\./[abc](/)?",
        1 => "[abc]//[abc]/?",
        1 => "[abc]{90,100}",
        1 => "(\\.\\./)?[abc] ?\\.?",
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    let content = prop_oneof![Just(0usize), 1..1_500usize];
    let flag = prop_oneof![12 => Just(b'0'), 3 => Just(b'5'), 1 => Just(0u8), 1 => Just(b'7'), 1 => any::<u8>()];
    let entry =
        (name(), flag, content, prop_oneof![9 => Just(0i64), 1 => -600..600i64]).prop_map(|(name, flag, n, lie)| {
            let content = if flag == b'5' { 0 } else { n };
            Piece::Entry { name, flag, size: (content as i64 + lie).max(0) as u64, content }
        });
    let key = prop_oneof![Just("path"), Just("size"), Just("mtime"), Just("comment"), Just("linkpath")];
    let value = prop_oneof![name(), "[0-9]{1,4}", "-?[0-9]{1,3}\\.[0-9]{1,3}"];
    prop_oneof![
        10 => entry,
        1 => name().prop_map(Piece::Long),
        1 => prop::collection::vec((key.prop_map(str::to_owned), value), 0..3).prop_map(Piece::Pax),
        1 => (0..3usize).prop_map(Piece::Zeros),
    ]
}

fn append(tar: &mut Vec<u8>, name: &str, flag: u8, size: u64, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkflag = [flag];
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_700_000_000);
    header.set_cksum();
    tar.extend_from_slice(header.as_bytes());
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

fn build(pieces: &[Piece]) -> Vec<u8> {
    let mut tar = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Entry { name, flag, size, content } => {
                append(&mut tar, name, *flag, *size, &crate::archive::noise(*content as u64, *content));
            }
            Piece::Long(name) => {
                append(&mut tar, "././@LongLink", b'L', name.len() as u64 + 1, &[name.as_bytes(), &[0]].concat())
            }
            Piece::Pax(records) => {
                let text: String = records.iter().map(|(k, v)| record(k, v)).collect();
                append(&mut tar, "PaxHeaders/x", b'x', text.len() as u64, text.as_bytes());
            }
            Piece::Zeros(blocks) => tar.resize(tar.len() + 512 * blocks, 0),
        }
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn record(key: &str, value: &str) -> String {
    let body = format!(" {key}={value}\n");
    let mut len = body.len() + 1;
    while len != format!("{len}{body}").len() {
        len += 1;
    }
    format!("{len}{body}")
}

/// Changes bytes of headers and mends their checksums, so that the change is not found by them.
fn twist(tar: &mut [u8], twists: &[(prop::sample::Index, u16, u8)]) {
    for (block, byte, value) in twists {
        let start = block.index(tar.len() / 512) * 512;
        let block = &mut tar[start..start + 512];
        if block[257..262] == *b"ustar" {
            block[usize::from(byte % 512)] = *value;
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

/// What GNU tar unpacks, and whether it did so without complaint.
fn gnu(tar: &[u8], into: &Path) -> (bool, Vec<(PathBuf, Vec<u8>)>) {
    let mut child = Command::new("tar")
        .args(["-xf", "-", "--no-same-owner", "-C"])
        .arg(into)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It closes the pipe when it has seen the end.
    let _ = child.stdin.take().unwrap().write_all(tar);
    (child.wait().unwrap().success(), files(into))
}

fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    contents(root).into_iter().map(|c| (c.0, c.2)).collect()
}

fn agree(tar: &[u8]) -> Result<bool, TestCaseError> {
    let place = scratch();
    let path = |name: &str| place.path().join(name);
    fs::create_dir(path("ours")).unwrap();
    fs::create_dir(path("gnu")).unwrap();
    let mut gz = GzEncoder::new(fs::File::create(path("archive")).unwrap(), Compression::fast());
    gz.write_all(tar).unwrap();
    gz.finish().unwrap();
    let done = extract(&path("archive"), &path("ours"), &|p| Some(p.to_owned()), &Limits::default());
    prop_assert_eq!(done.is_ok(), verify(&path("archive"), Depth::Content).is_ok() && done.is_ok());
    if done.is_err() {
        return Ok(false);
    }
    // Only now: what we refused might harm.
    let (content, theirs) = gnu(tar, &path("gnu"));
    let ours = files(&path("ours"));
    if content {
        prop_assert_eq!(theirs, ours);
    } else {
        // It minds owners and times that mean nothing here; but what it unpacks all the same is what we unpack.
        prop_assert!(theirs.iter().all(|file| ours.contains(file)), "{theirs:?} are not in {ours:?}");
    }
    Ok(content)
}

#[test]
fn what_we_let_pass_gnu_tar_sees_in_the_same_way() {
    let twist_by = prop::collection::vec((any::<prop::sample::Index>(), any::<u16>(), any::<u8>()), 0..3);
    // More by PROPTEST_CASES.
    let cases = ProptestConfig::default().cases.max(600);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let passed = std::cell::Cell::new(0);
    runner
        .run(&(prop::collection::vec(piece(), 0..5), twist_by), |(pieces, twists)| {
            let mut tar = build(&pieces);
            twist(&mut tar, &twists);
            passed.set(passed.get() + u32::from(agree(&tar)?));
            Ok(())
        })
        .unwrap();
    // The property would be empty if nearly everything were refused.
    assert!(passed.get() > cases / 6, "only {} of {cases} were let pass", passed.get());
}
