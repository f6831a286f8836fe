//! What is sent: bytes, a file, or a part of one. Its length is known, and every part of it can be read again: a
//! broken line is no reason to begin anew.

use crate::error::{At, Result};
use crate::platform::files::FileExt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The content of an object to be.
#[derive(Debug)]
pub struct Source<'a>(Content<'a>);

#[derive(Debug)]
enum Content<'a> {
    Bytes(&'a [u8]),
    File { file: File, path: PathBuf, range: Range<u64> },
}

impl<'a> Source<'a> {
    /// These bytes.
    pub fn bytes(bytes: &'a [u8]) -> Source<'a> {
        Source(Content::Bytes(bytes))
    }

    /// A whole file, as it is now: it is held open, so that a rename over its name changes nothing.
    pub fn file(path: &Path) -> Result<Source<'static>> {
        let file = File::open(path).at("opening", path)?;
        let size = file.metadata().at("reading", path)?.len();
        Ok(Source(Content::File { file, path: path.to_owned(), range: 0..size }))
    }

    /// A part of a file.
    pub fn part(path: &Path, range: Range<u64>) -> Result<Source<'static>> {
        let file = File::open(path).at("opening", path)?;
        Ok(Source(Content::File { file, path: path.to_owned(), range }))
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File { range, .. } => range.end.saturating_sub(range.start),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it, where it is small.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        self.from(0).read_to_end(&mut all).at("reading", self.path())?;
        Ok(all)
    }

    /// What it is called in an error: the file's path.
    pub(super) fn path(&self) -> &Path {
        match &self.0 {
            Content::Bytes(_) => Path::new("memory"),
            Content::File { path, .. } => path,
        }
    }

    /// Reads from an offset on; ends at the source's end.
    pub(super) fn from(&self, offset: u64) -> Reader<'_> {
        self.range(offset..u64::MAX)
    }

    /// Reads a range, cut at the source's end.
    pub(super) fn range(&self, range: Range<u64>) -> Reader<'_> {
        Reader { source: self, at: range.start, end: range.end.min(self.len()) }
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        match &self.0 {
            Content::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                (&bytes[from..]).read(into)
            }
            Content::File { file, range, .. } => file.read_at(into, range.start + offset),
        }
    }
}

/// Reads a part of a [`Source`]. A file that became shorter is an error, not an end.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    source: &'a Source<'a>,
    at: u64,
    end: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = into.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let n = self.source.read_at(self.at, &mut into[..wanted])?;
        if n == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was sent"));
        }
        self.at += n as u64;
        Ok(n)
    }
}
