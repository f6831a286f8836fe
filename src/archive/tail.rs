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
use std::path::Path;

/// The longest label, in bytes.
pub const MAX_LABEL: usize = 1 << 20;

/// The longest index, unpacked: about half a million files.
const MAX_INDEX: usize = 64 << 20;

/// Extra fields up to 16,000 bytes are read by everything; beyond 20,000 busybox calls the file corrupted.
const CHUNK: usize = 8 << 10;

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

/// The bytes of a tail that stands at `at`: of an archive, or with a plan of a difference. The label must not be longer
/// than [`MAX_LABEL`].
pub fn encode(at: u64, index: Index, label: &[u8], plan: Option<Plan>) -> Vec<u8> {
    let raw = raw(&index, plan.as_ref());
    // It is as large as its bytes are, and with many files that counts.
    drop(index);
    let (payload, footer) = parts(at, raw, label, if plan.is_some() { &DIFFERENCE } else { &MAGIC });
    let mut out: Vec<u8> = payload.chunks(CHUNK - 4).flat_map(|c| gzip::extra(CHUNK_ID, c)).collect();
    out.extend_from_slice(&gzip::extra(FOOTER_ID, &footer));
    out
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

/// The footer's numbers.
struct Footer {
    at: u64,
    packed: usize,
    raw: usize,
    label: usize,
    bytes: Vec<u8>,
}

/// Reads the tail of a file of `len` bytes. `None` if it has no footer of a version known here: another program's
/// archive, or a newer wakeep's, both of which can be read as an ordinary tar.gz.
pub fn read(file: &File, path: &Path, len: u64) -> Result<Option<Tail>> {
    let Some(footer) = read_footer(file, path, len)? else { return Ok(None) };
    let damaged = |what: &str| Error::damaged(path, what);
    let end = len - FOOTER_MEMBER as u64;
    let size = end.checked_sub(footer.at).ok_or_else(|| damaged("the footer points behind itself"))?;
    // Chunks cost 34 bytes each and are cut to 8 KiB, so this bounds what is read.
    if footer.raw > MAX_INDEX || footer.packed > MAX_INDEX || footer.label > MAX_LABEL || size > 2 * MAX_INDEX as u64 {
        return Err(damaged("index or label are too large"));
    }
    let chunks = read_at(file, path, footer.at, size as usize)?;
    let payload = join(&chunks).ok_or_else(|| damaged("the index is damaged"))?;
    drop(chunks);
    let (said, sum) = footer.bytes.split_at(FOOTER - 32);
    if payload.len() != footer.packed + footer.label || digest(&payload, said).as_bytes() != sum {
        return Err(damaged("index, label or footer are damaged"));
    }
    let digest = sum.try_into().expect("the digest is the last 32 bytes of the footer");
    let (packed, label) = payload.split_at(footer.packed);
    let label = label.to_vec();
    let raw = inflate(packed, footer.raw).ok_or_else(|| damaged("the index can't be unpacked"))?;
    drop(payload);
    let (plan, rest) = match footer.bytes.starts_with(&DIFFERENCE) {
        true => Plan::decode(&raw).map(|(plan, rest)| (Some(plan), rest)).map_err(damaged)?,
        false => (None, raw.as_slice()),
    };
    let index = Index::decode(rest).map_err(damaged)?;
    Ok(Some(Tail { at: footer.at, index, label, plan, digest }))
}

fn read_footer(file: &File, path: &Path, len: u64) -> Result<Option<Footer>> {
    let Some(at) = len.checked_sub(FOOTER_MEMBER as u64) else { return Ok(None) };
    let member = read_at(file, path, at, FOOTER_MEMBER)?;
    Ok(gzip::read_extra(FOOTER_ID, &member).and_then(|(bytes, _)| parse_footer(bytes)))
}

fn parse_footer(bytes: &[u8]) -> Option<Footer> {
    if bytes.len() != FOOTER {
        return None;
    }
    let rest = bytes.strip_prefix(&MAGIC).or_else(|| bytes.strip_prefix(&DIFFERENCE))?;
    let rest = rest.strip_prefix(&VERSION.to_le_bytes())?;
    let (at, rest) = rest.split_first_chunk()?;
    let length = |n: usize| Some(u32::from_le_bytes(rest.get(n..n + 4)?.try_into().ok()?) as usize);
    Some(Footer {
        at: u64::from_le_bytes(*at),
        packed: length(0)?,
        raw: length(4)?,
        label: length(8)?,
        bytes: bytes.to_vec(),
    })
}

fn join(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut payload = Vec::with_capacity(chunks.len());
    while !chunks.is_empty() {
        let (bytes, rest) = gzip::read_extra(CHUNK_ID, chunks)?;
        payload.extend_from_slice(bytes);
        chunks = rest;
    }
    Some(payload)
}

fn inflate(packed: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut inflate = Decompress::new(false);
    let mut raw = Vec::with_capacity(len + 1);
    let status = inflate.decompress_vec(packed, &mut raw, FlushDecompress::Finish).ok()?;
    let whole = status == Status::StreamEnd && raw.len() == len && inflate.total_in() == packed.len() as u64;
    whole.then_some(raw)
}
