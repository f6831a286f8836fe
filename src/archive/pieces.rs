//! An archive as pieces: each member of the data and the tail, with their digests. Pieces of two archives are the same
//! where their digests are: what a remote holds already need not travel again.

use super::open::{self, Opened};
use super::read::read_at;
use crate::error::{At, Result};
use std::fs::File;
use std::path::Path;

/// Archives made elsewhere have no members of their own: they are cut every so many bytes.
const STEP: u64 = 1 << 20;

/// A run of bytes of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins in the file.
    pub at: u64,
    /// Its length.
    pub len: u64,
    /// BLAKE3 of its bytes.
    pub digest: [u8; 32],
}

/// All pieces of an archive, one after the other from its first byte to its last. For one of ours the digests are the
/// index's: a claim, until the archive is verified.
///
/// # Errors
/// `Damaged` or `Io`.
pub fn pieces(path: &Path) -> Result<Vec<Piece>> {
    let archive = match open::open(path)? {
        Opened::Ours(archive) if archive.base().is_none() => archive,
        _ => return cut(path, 0),
    };
    let members = archive.index.members.iter().zip(&archive.starts);
    let mut all: Vec<Piece> =
        members.map(|(m, at)| Piece { at: *at, len: m.stored, digest: m.stored_digest }).collect();
    all.extend(cut(path, archive.starts.last().copied().unwrap_or(0))?);
    Ok(all)
}

fn cut(path: &Path, from: u64) -> Result<Vec<Piece>> {
    let file = File::open(path).at("opening", path)?;
    let end = file.metadata().at("reading", path)?.len();
    let starts = (from..end).step_by(STEP as usize);
    let piece = |at| {
        let len = STEP.min(end - at);
        let digest = *blake3::hash(&read_at(&file, path, at, len as usize)?).as_bytes();
        Ok(Piece { at, len, digest })
    };
    starts.map(piece).collect()
}
