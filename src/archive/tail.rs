//! The tail of an archive: index and label in the extra fields of empty gzip members, and the footer that finds
//! them. Other tools see nothing but empty members.

use super::difference::Plan;
use super::gzip::{self, AROUND_EXTRA};
use super::index::Index;
use super::read::read_at;
use crate::error::{Error, Result};
use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{CompressionLvl, Compressor};
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

/// The longest label, in bytes.
pub const MAX_LABEL: usize = 1 << 20;

/// The longest index, unpacked: about half a million files.
const MAX_INDEX: usize = 64 << 20;

/// Extra fields up to 16,000 bytes are read by everything; beyond 20,000 busybox calls the file corrupted.
const CHUNK: usize = 8 << 10;

/// How much of a tail is looked at at once: the largest chunk that there can be is smaller.
const WINDOW: u64 = 80 << 10;

const CHUNK_ID: [u8; 2] = *b"WK";
const FOOTER_ID: [u8; 2] = *b"WF";
const MAGIC: [u8; 6] = *b"wakeep";
/// Of a difference: nothing that reads archives takes it for one.
const DIFFERENCE: [u8; 6] = *b"wkdiff";
const VERSION: u16 = 1;

/// Magic, version, place of the tail, three lengths, digest.
const FOOTER: usize = 6 + 2 + 8 + 4 + 4 + 4 + 32;

/// The footer member's length.
const FOOTER_MEMBER: usize = FOOTER + AROUND_EXTRA;

/// What a tail says.
pub struct Tail {
    /// Where the data end and the tail begins.
    pub at: u64,
    /// What lies where.
    pub index: Index,
    /// What the writer of the archive had to say.
    pub label: Vec<u8>,
    /// Of a difference: what it needs of which base.
    pub plan: Option<Plan>,
    /// The footer's digest, over all of this.
    pub digest: [u8; 32],
}

/// Writes a tail that stands at `at`: of an archive, or with a plan of a difference. The label must not be longer than
/// [`MAX_LABEL`]. Returns the tail's length.
pub fn write(to: &mut dyn Write, at: u64, index: Index, label: &[u8], plan: Option<Plan>) -> io::Result<u64> {
    let raw = raw(&index, plan.as_ref());
    // It is as large as its bytes are, and with many files that counts.
    drop(index);
    let (payload, footer) = parts(at, raw, label, if plan.is_some() { &DIFFERENCE } else { &MAGIC });
    let chunks = payload.chunks(CHUNK - 4).map(|piece| gzip::extra(CHUNK_ID, piece));
    let mut length = 0;
    for member in chunks.chain([gzip::extra(FOOTER_ID, &footer)]) {
        to.write_all(&member)?;
        length += member.len() as u64;
    }
    Ok(length)
}

/// The digest that the footer of an archive with this tail has.
pub fn digest_of(at: u64, index: &Index, label: &[u8]) -> [u8; 32] {
    let (_, footer) = parts(at, raw(index, None), label, &MAGIC);
    *footer.last_chunk().expect("the digest is the last 32 bytes of the footer")
}

fn raw(index: &Index, plan: Option<&Plan>) -> Vec<u8> {
    match plan {
        None => index.encode(),
        Some(plan) => [plan.encode(), index.encode()].concat(),
    }
}

/// What the chunks carry, and the footer.
fn parts(at: u64, raw: Vec<u8>, label: &[u8], magic: &[u8; 6]) -> (Vec<u8>, Vec<u8>) {
    let mut payload = deflate(&raw);
    let (packed, unpacked) = (payload.len(), raw.len());
    drop(raw);
    payload.extend_from_slice(label);
    let mut footer = Vec::with_capacity(FOOTER);
    footer.extend_from_slice(magic);
    footer.extend_from_slice(&VERSION.to_le_bytes());
    footer.extend_from_slice(&at.to_le_bytes());
    for length in [packed, unpacked, label.len()] {
        let length = u32::try_from(length).expect("index and label are far below 4 GiB");
        footer.extend_from_slice(&length.to_le_bytes());
    }
    footer.extend_from_slice(digest(&payload, &footer).as_bytes());
    (payload, footer)
}

fn digest(payload: &[u8], footer: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(payload).update(footer).finalize()
}

fn deflate(raw: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(6).expect("libdeflate has a level 6"));
    let mut packed = vec![0; compressor.deflate_compress_bound(raw.len())];
    let n = compressor.deflate_compress(raw, &mut packed).expect("the buffer has the size that libdeflate asked for");
    packed.truncate(n);
    packed
}

/// What the footer says.
struct Footer {
    is_difference: bool,
    /// Where the tail begins, and where its chunks end.
    at: u64,
    end: u64,
    packed: usize,
    raw: usize,
    label: usize,
    /// All before the digest.
    said: Vec<u8>,
    digest: [u8; 32],
}

/// Reads the tail of a file of `len` bytes. `None` if it has no footer of a version known here: another program's
/// archive, or a newer wakeep's, both of which can be read as an ordinary tar.gz.
pub fn read(file: &File, path: &Path, len: u64) -> Result<Option<Tail>> {
    let Some(footer) = read_footer(file, path, len)? else { return Ok(None) };
    let damaged = |what: &str| Error::damaged(path, what);
    let mut index = Inflating::new(footer.raw);
    let label = go_through(file, path, &footer, &mut |packed| index.take(packed))?;
    let raw = index.finish().ok_or_else(|| damaged("the index can't be unpacked"))?;
    let (plan, rest) = match footer.is_difference {
        true => Plan::decode(&raw).map(|(plan, rest)| (Some(plan), rest)).map_err(damaged)?,
        false => (None, raw.as_slice()),
    };
    let index = Index::decode(rest).map_err(damaged)?;
    Ok(Some(Tail { at: footer.at, index, label, plan, digest: footer.digest }))
}

/// Reads of the tail of an archive only its label and the footer's digest: the index is as the digest says, but stays
/// packed. `None` for a difference, which says nothing without its base, and as in [`read`].
pub fn read_label(file: &File, path: &Path, len: u64) -> Result<Option<(Vec<u8>, [u8; 32])>> {
    let Some(footer) = read_footer(file, path, len)?.filter(|f| !f.is_difference) else { return Ok(None) };
    let label = go_through(file, path, &footer, &mut |_| ())?;
    Ok(Some((label, footer.digest)))
}

/// Goes through the payload: gives `index` what is of the packed index, piece by piece, and returns the label once all is
/// known to be what the footer's digest says. What `index` was given is a claim until then.
fn go_through(file: &File, path: &Path, footer: &Footer, index: &mut dyn FnMut(&[u8])) -> Result<Vec<u8>> {
    let (mut hasher, mut label) = (blake3::Hasher::new(), Vec::new());
    let mut left = footer.packed;
    each_piece(file, path, footer.at..footer.end, &mut |piece| {
        hasher.update(piece);
        let (packed, said) = piece.split_at(piece.len().min(left));
        left -= packed.len();
        index(packed);
        let room = (footer.label + 1).saturating_sub(label.len());
        label.extend_from_slice(&said[..said.len().min(room)]);
    })?;
    let same = hasher.update(&footer.said).finalize() == footer.digest;
    if left > 0 || label.len() != footer.label || !same {
        return Err(Error::damaged(path, "index, label or footer are damaged"));
    }
    Ok(label)
}

/// Gives `take` what each chunk in this part of the file carries.
fn each_piece(file: &File, path: &Path, part: Range<u64>, take: &mut dyn FnMut(&[u8])) -> Result<()> {
    let mut at = part.start;
    while at < part.end {
        let window = read_at(file, path, at, WINDOW.min(part.end - at) as usize)?;
        let mut rest = window.as_slice();
        while let Some((piece, behind)) = gzip::read_extra(CHUNK_ID, rest) {
            take(piece);
            rest = behind;
        }
        if rest.len() == window.len() {
            return Err(Error::damaged(path, "the index is damaged"));
        }
        at += (window.len() - rest.len()) as u64;
    }
    Ok(())
}

fn read_footer(file: &File, path: &Path, len: u64) -> Result<Option<Footer>> {
    let Some(end) = len.checked_sub(FOOTER_MEMBER as u64) else { return Ok(None) };
    let member = read_at(file, path, end, FOOTER_MEMBER)?;
    let parsed = gzip::read_extra(FOOTER_ID, &member).and_then(|(bytes, _)| parse_footer(bytes, end));
    let Some(footer) = parsed else { return Ok(None) };
    let damaged = |what: &str| Error::damaged(path, what);
    let size = end.checked_sub(footer.at).ok_or_else(|| damaged("the footer points behind itself"))?;
    // Chunks cost 26 bytes each and are cut to 8 KiB, so this bounds what is read.
    if footer.raw > MAX_INDEX || footer.packed > MAX_INDEX || footer.label > MAX_LABEL || size > 2 * MAX_INDEX as u64 {
        return Err(damaged("index or label are too large"));
    }
    Ok(Some(footer))
}

fn parse_footer(bytes: &[u8], end: u64) -> Option<Footer> {
    let (said, digest) = bytes.split_last_chunk()?;
    if bytes.len() != FOOTER {
        return None;
    }
    let is_difference = said.starts_with(&DIFFERENCE);
    let rest = said.strip_prefix(if is_difference { &DIFFERENCE } else { &MAGIC })?;
    let rest = rest.strip_prefix(&VERSION.to_le_bytes())?;
    let (at, rest) = rest.split_first_chunk()?;
    let length = |n: usize| Some(u32::from_le_bytes(rest.get(n..n + 4)?.try_into().ok()?) as usize);
    Some(Footer {
        is_difference,
        at: u64::from_le_bytes(*at),
        end,
        packed: length(0)?,
        raw: length(4)?,
        label: length(8)?,
        said: said.to_vec(),
        digest: *digest,
    })
}

/// An index on its way out of its deflate stream.
struct Inflating {
    inflate: Decompress,
    raw: Vec<u8>,
    len: usize,
    /// Whether the stream has come to its end, and nothing behind it.
    ended: bool,
    broken: bool,
}

impl Inflating {
    /// One that must have this length.
    fn new(len: usize) -> Inflating {
        // One byte more, so that a longer one shows.
        Inflating {
            inflate: Decompress::new(false),
            raw: Vec::with_capacity(len + 1),
            len,
            ended: false,
            broken: false,
        }
    }

    fn take(&mut self, mut packed: &[u8]) {
        while !packed.is_empty() && !self.broken {
            let before = self.inflate.total_in();
            let status = self.inflate.decompress_vec(packed, &mut self.raw, FlushDecompress::None);
            packed = &packed[(self.inflate.total_in() - before) as usize..];
            self.broken = self.ended || status.is_err() || self.inflate.total_in() == before;
            self.ended |= matches!(status, Ok(Status::StreamEnd));
        }
    }

    /// All of it; `None` where that isn't one whole stream of that length.
    fn finish(self) -> Option<Vec<u8>> {
        (self.ended && !self.broken && self.raw.len() == self.len).then_some(self.raw)
    }
}
