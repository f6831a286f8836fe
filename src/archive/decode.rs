//! The tar inside an archive of ours: its members are read, checked by digest and unpacked on all cores, and come
//! back in order.

use super::gzip::Unpacker;
use super::index::Member;
use super::open::Archive;
use super::parallel::ordered;
use super::read::{self, Source, read_at};
use crate::error::{Error, Result};
use std::ops::Range;

/// Small members are read together up to this many bytes: a few such runs are under way at once.
const TOGETHER: u64 = 256 << 10;

/// Gives `consume` the content of the members from `first` on.
pub fn tar<T>(archive: &Archive, first: u32, consume: impl FnOnce(&mut dyn Source) -> Result<T>) -> Result<T> {
    if archive.is_plain() {
        return plain(archive, consume);
    }
    let jobs = runs(archive, first, |m| m.stored.max(m.content));
    ordered(
        &archive.path,
        jobs,
        Unpacker::new,
        |unpacker, run| unpack(archive, unpacker, run),
        |pieces| consume(&mut Pieces { pieces, piece: Vec::new(), at: 0 }),
    )
}

/// Checks the digest of every member's bytes as they stand in the file, without unpacking them.
pub fn check_stored(archive: &Archive) -> Result<()> {
    let jobs = runs(archive, 0, |m| m.stored);
    ordered(&archive.path, jobs, || (), |(), run| check_run(archive, run), |checked| checked.collect())
}

/// Neighbouring members in groups of about [`TOGETHER`] bytes.
fn runs(archive: &Archive, first: u32, weight: impl Fn(&Member) -> u64) -> impl Iterator<Item = Range<usize>> {
    let members = &archive.index.members;
    let mut next = first as usize;
    std::iter::from_fn(move || {
        let start = next;
        let mut filled = 0;
        while next < members.len() && (next == start || filled + weight(&members[next]) <= TOGETHER) {
            filled += weight(&members[next]);
            next += 1;
        }
        (start < next).then_some(start..next)
    })
}

fn check_run(archive: &Archive, run: Range<usize>) -> Result<()> {
    for i in run {
        let mut hasher = blake3::Hasher::new();
        let place = archive.place(i);
        let (mut at, end) = (place.at, place.at + place.len);
        while at < end {
            let bytes = read_at(place.file, place.path, at, TOGETHER.min(end - at) as usize)?;
            hasher.update(&bytes);
            at += bytes.len() as u64;
        }
        if hasher.finalize() != archive.index.members[i].stored_digest {
            return Err(flaw(archive, i, "its bytes are not what was written"));
        }
    }
    Ok(())
}

fn unpack(archive: &Archive, unpacker: &mut Unpacker, run: Range<usize>) -> Result<Vec<u8>> {
    let (start, bytes) = (archive.starts[run.start], archive.read(run.clone())?);
    let all = archive.content_starts[run.end] - archive.content_starts[run.start];
    let mut contents = Vec::with_capacity(all as usize + 1);
    for i in run {
        let member = &archive.index.members[i];
        let from = (archive.starts[i] - start) as usize;
        let stored = &bytes[from..from + member.stored as usize];
        unpack_one(unpacker, stored, member, &mut contents).map_err(|what| flaw(archive, i, what))?;
    }
    Ok(contents)
}

fn unpack_one(
    unpacker: &mut Unpacker,
    stored: &[u8],
    member: &Member,
    contents: &mut Vec<u8>,
) -> Result<(), &'static str> {
    if blake3::hash(stored) != member.stored_digest {
        return Err("its bytes are not what was written");
    }
    let begin = contents.len();
    unpacker.unpack(stored, member.content as usize, contents)?;
    if blake3::hash(&contents[begin..]) != member.content_digest {
        Err("its content is not what was archived")
    } else {
        Ok(())
    }
}

fn flaw(archive: &Archive, member: usize, what: &str) -> Error {
    let place = archive.place(member);
    Error::damaged(place.path, format!("member {member} at byte {}: {what}", place.at))
}

/// Unpacked pieces, one after the other.
struct Pieces<'a, I> {
    pieces: &'a mut I,
    piece: Vec<u8>,
    at: usize,
}

impl<I: Iterator<Item = Result<Vec<u8>>>> Source for Pieces<'_, I> {
    fn chunk(&mut self) -> Result<&[u8]> {
        while self.at == self.piece.len() {
            let Some(piece) = self.pieces.next() else { return Ok(&[]) };
            self.piece = piece?;
            self.at = 0;
        }
        Ok(&self.piece[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

/// An archive of one member is read as a stream, and its digests are compared at the end.
fn plain<T>(archive: &Archive, consume: impl FnOnce(&mut dyn Source) -> Result<T>) -> Result<T> {
    check_stored(archive)?;
    let mut hashed = Hashed { of: read::gunzip(&archive.path, &archive.file), hasher: blake3::Hasher::new() };
    let result = consume(&mut hashed)?;
    while let n @ 1.. = hashed.chunk()?.len() {
        hashed.consume(n);
    }
    if hashed.hasher.finalize() != archive.index.members[0].content_digest {
        return Err(flaw(archive, 0, "its content is not what was archived"));
    }
    Ok(result)
}

/// A source that hashes what passes.
struct Hashed<S> {
    of: S,
    hasher: blake3::Hasher,
}

impl<S: Source> Source for Hashed<S> {
    fn chunk(&mut self) -> Result<&[u8]> {
        self.of.chunk()
    }

    fn consume(&mut self, n: usize) {
        if let Ok(chunk) = self.of.chunk() {
            self.hasher.update(&chunk[..n]);
        }
        self.of.consume(n);
    }
}
