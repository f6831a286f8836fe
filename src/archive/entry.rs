//! An entry of any archive while it passes: its head, and its content piece by piece.

use super::read::Source;
use crate::error::{Error, Result};
use crate::tree::EntryKind;
use std::path::{Path, PathBuf};

/// What stands before an entry's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name, cleaned; empty for the root itself.
    pub name: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of content.
    pub size: u64,
    /// Seconds and nanoseconds of the last write.
    pub mtime: (i64, u32),
    /// Where its first header block begins in the tar.
    pub at: u64,
}

/// An entry's content.
pub struct Body<'a> {
    path: &'a Path,
    source: &'a mut dyn Source,
    left: u64,
    lent: usize,
}

impl<'a> Body<'a> {
    /// The next `len` bytes of a source.
    pub fn new(path: &'a Path, source: &'a mut dyn Source, len: u64) -> Body<'a> {
        Body { path, source, left: len, lent: 0 }
    }

    /// The next bytes, `None` at the end.
    pub fn next(&mut self) -> Result<Option<&[u8]>> {
        self.source.consume(std::mem::take(&mut self.lent));
        if self.left == 0 {
            return Ok(None);
        }
        let chunk = self.source.chunk()?;
        if chunk.is_empty() {
            return Err(Error::damaged(self.path, "it is cut off"));
        }
        let n = usize::try_from(self.left).map_or(chunk.len(), |left| left.min(chunk.len()));
        self.left -= n as u64;
        self.lent = n;
        Ok(Some(&chunk[..n]))
    }

    /// Goes to the end.
    pub fn skip(mut self) -> Result<()> {
        while self.next()?.is_some() {}
        Ok(())
    }
}

/// What an entry is done with.
pub type Visit<'v> = dyn FnMut(&Head, &mut Body) -> Result<()> + 'v;
