//! Bytes in order, whatever they come from, with errors that say which archive is damaged.

use crate::error::{At, Error, Result};
use crate::platform::files::FileExt;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes in order. Unlike `Read` it fails with our own errors and lends its buffer.
pub trait Source {
    /// The next bytes, as many as are at hand; none at the end.
    fn chunk(&mut self) -> Result<&[u8]>;

    /// Goes on by `n` bytes of the last chunk.
    fn consume(&mut self, n: usize);
}

/// A source that reads a stream of another program's making.
pub struct Stream<'a, R> {
    path: &'a Path,
    stream: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<'a, R: Read> Stream<'a, R> {
    /// Reads a stream of the archive at `path`.
    pub fn new(path: &'a Path, stream: R) -> Stream<'a, R> {
        Stream { path, stream, buffer: vec![0; 128 << 10], start: 0, end: 0 }
    }
}

impl<R: Read> Source for Stream<'_, R> {
    fn chunk(&mut self) -> Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.stream.read(&mut self.buffer).map_err(|e| unreadable(self.path, e))?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.start += n;
    }
}

/// All gzip members of a file as one stream. (`GzDecoder` would silently stop after the first.)
pub fn gunzip<'a>(path: &'a Path, file: &'a File) -> Stream<'a, impl Read> {
    let bytes = BufReader::with_capacity(128 << 10, Place::start(file));
    Stream::new(path, MultiGzDecoder::new(bytes))
}

/// A place in a file: read from without moving the file's own position, which other readers share.
pub struct Place<'a> {
    file: &'a File,
    at: u64,
}

impl<'a> Place<'a> {
    /// The file's beginning.
    pub fn start(file: &'a File) -> Place<'a> {
        Place { file, at: 0 }
    }
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Place<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// What a decoder's error means: most are damage, the rest is the system's.
pub fn unreadable(path: &Path, e: io::Error) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof, Unsupported};
    match e.kind() {
        UnexpectedEof => Error::damaged(path, "it is cut off"),
        InvalidData | InvalidInput | Other | Unsupported if e.raw_os_error().is_none() => {
            Error::damaged(path, e.to_string())
        }
        _ => Error::Io { doing: "reading", path: path.to_owned(), source: e },
    }
}

/// `len` bytes from `at` on.
pub fn read_at(file: &File, path: &Path, at: u64, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    match file.read_exact_at(&mut bytes, at) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(Error::damaged(path, "it is cut off")),
        other => other.at("reading", path).map(|()| bytes),
    }
}
