//! What an archive of ours says of itself, read without its index.

use super::open::{Archive, GZIP, open_file};
use super::read::read_at;
use super::tail;
use crate::error::Result;
use std::path::Path;

/// What an archive of ours says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its label.
    pub label: Vec<u8>,
    /// What tells it from every other one, as [`Archive::digest`] does.
    pub digest: [u8; 32],
}

/// What an archive of ours says of itself. Its index isn't unpacked, which with many files is megabytes; only a difference
/// is opened, together with its base.
///
/// # Errors
/// As [`Archive::open`].
pub fn said(path: &Path) -> Result<Said> {
    let (file, mark) = open_file(path)?;
    let is_gzip = read_at(&file, path, 0, mark.size.min(2) as usize)? == GZIP;
    let read = if is_gzip { tail::read_label(&file, path, mark.size)? } else { None };
    if let Some((label, digest)) = read {
        return Ok(Said { label, digest });
    }
    let archive = Archive::open(path)?;
    Ok(Said { digest: archive.digest(), label: archive.label().to_vec() })
}
