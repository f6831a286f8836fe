//! What kind of archive a file is, and an archive of ours opened by its footer, without reading the data.

use super::cut;
use super::difference::Through;
use super::index::{Index, IndexEntry};
use super::names;
use super::read::read_at;
use super::tail;
use crate::disk::FileMark;
use crate::error::{At, Error, Result};
use crate::platform::files;
use crate::tree::EntryKind;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The most content that a member of several may have; what is read is bounded by it.
const MAX_MEMBER: u64 = 1 << 20;

/// How every gzip file begins.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Who made an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// wakeep: with index and label.
    Ours,
    /// Any other tar.gz, as the earlier scripts made them, or a newer wakeep's.
    TarGz,
    /// A zip, as whatsapp-web.js's RemoteAuth makes them.
    Zip,
}

/// An archive of ours. Opening it reads the tail alone; what the index says of the data is a claim until
/// [`verify`](super::verify()) has looked.
#[derive(Debug)]
pub struct Archive {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) mark: FileMark,
    pub(super) index: Index,
    /// Where each member begins, and at last where the data end.
    pub(super) starts: Vec<u64>,
    /// Where each member's content begins in the tar, and at last where the tar ends.
    pub(super) content_starts: Vec<u64>,
    /// Of a difference: its base, and where the members lie.
    pub(super) through: Option<Through>,
    label: Vec<u8>,
    digest: [u8; 32],
}

/// Where a member lies.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub file: &'a File,
    pub path: &'a Path,
    pub at: u64,
    pub len: u64,
}

impl Place<'_> {
    /// Its bytes.
    pub fn read(&self) -> Result<Vec<u8>> {
        read_at(self.file, self.path, self.at, self.len as usize)
    }
}

/// Any archive, opened.
pub enum Opened {
    /// One of ours.
    Ours(Box<Archive>),
    /// Another's.
    Foreign(Origin, File, FileMark),
}

impl Opened {
    /// The file, and what it was when it was opened.
    pub fn file(&self) -> (&File, FileMark) {
        match self {
            Opened::Ours(archive) => (&archive.file, archive.mark),
            Opened::Foreign(_, file, mark) => (file, *mark),
        }
    }

    /// The bytes that all its content is unpacked from.
    pub fn packed(&self) -> u64 {
        match self {
            Opened::Ours(archive) if archive.through.is_some() => archive.stored(),
            opened => opened.file().1.size,
        }
    }

    /// An archive that somebody writes to while it is read proves nothing.
    pub fn require_still(&self, path: &Path) -> Result<()> {
        let (file, mark) = self.file();
        require_still(path, file, mark)?;
        let base = match self {
            Opened::Ours(archive) => archive.base(),
            Opened::Foreign(..) => None,
        };
        base.map_or(Ok(()), |base| require_still(&base.path, &base.file, base.mark))
    }
}

impl Archive {
    /// Opens an archive of ours.
    ///
    /// # Errors
    /// `Damaged` if it isn't one, or its tail isn't whole; `Io`.
    pub fn open(path: &Path) -> Result<Archive> {
        match open(path)? {
            Opened::Ours(archive) => Ok(*archive),
            Opened::Foreign(..) => Err(Error::damaged(path, "not an archive made by wakeep")),
        }
    }

    /// What the archive says of itself.
    pub fn label(&self) -> &[u8] {
        &self.label
    }

    /// Its files and folders, in the order of the tar.
    pub fn entries(&self) -> &[IndexEntry] {
        &self.index.entries
    }

    /// How many gzip members its data have.
    pub fn members(&self) -> u32 {
        self.index.members.len() as u32
    }

    /// How many bytes its files hold, as its index says.
    pub fn content(&self) -> u64 {
        self.index.entries.iter().filter(|e| e.kind == EntryKind::File).map(|e| e.mark.size).sum()
    }

    /// What tells this archive from every other one: a digest over its label and its index, which holds the digests of
    /// all data. A difference has that of the archive it stands for.
    pub fn digest(&self) -> [u8; 32] {
        match self.through {
            Some(_) => tail::digest_of(self.stored(), &self.index, &self.label),
            None => self.digest,
        }
    }

    /// The digest in the footer of this very file.
    pub(super) fn own_digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The base, where this is a difference.
    pub fn base(&self) -> Option<&Archive> {
        self.through.as_ref().map(|through| through.base.as_ref())
    }

    /// The length of all data.
    pub(super) fn stored(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Identity, size and time of the file that was opened.
    pub fn mark(&self) -> FileMark {
        self.mark
    }

    /// The file that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the data are one single member, as `Form::Plain` writes them.
    pub(super) fn is_plain(&self) -> bool {
        self.through.is_none() && matches!(self.index.members.as_slice(), [only] if only.content > MAX_MEMBER)
    }

    fn new(path: &Path, file: File, mark: FileMark, tail: tail::Tail) -> Result<Archive> {
        let damaged = |what: &str| Error::damaged(path, what);
        let tail::Tail { at, index, label, plan, digest } = tail;
        let endless = || damaged("the index counts more bytes than there can be");
        let starts = index.starts().ok_or_else(endless)?;
        let content_starts = index.content_starts().ok_or_else(endless)?;
        let through = plan.map(|plan| Through::open(path, plan, &index, at)).transpose()?;
        if through.is_none() && starts.last() != Some(&at) {
            return Err(damaged("the index describes other data than the file has"));
        }
        let path = path.to_owned();
        let archive = Archive { path, file, mark, index, starts, content_starts, through, label, digest };
        archive.check_members()?;
        archive.check_entries()?;
        Ok(archive)
    }

    /// No member takes more memory than members do.
    fn check_members(&self) -> Result<()> {
        let too_large = |m: &super::index::Member| m.content > MAX_MEMBER || m.stored > MAX_MEMBER + (16 << 10);
        if !self.is_plain() && self.index.members.iter().any(too_large) {
            return Err(Error::damaged(&self.path, "the index names a member that is too large"));
        }
        Ok(())
    }

    /// Every entry lies inside the data, behind the one before, and has a harmless name.
    fn check_entries(&self) -> Result<()> {
        let mut free = 0;
        for entry in &self.index.entries {
            let at = self.position(entry);
            let end = at.and_then(|at| at.checked_add(cut::least_len(entry.mark.size)?));
            let inside = at.is_some_and(|at| at >= free) && end.is_some_and(|e| Some(&e) <= self.content_starts.last());
            if !inside || !names::is_clean(&entry.name) || entry.name.as_os_str().is_empty() {
                return Err(Error::damaged(&self.path, "an entry of the index can't be"));
            }
            free = end.unwrap_or(u64::MAX);
        }
        Ok(())
    }

    /// Where an entry's header begins in the tar.
    pub(super) fn position(&self, entry: &IndexEntry) -> Option<u64> {
        let member = self.index.members.get(entry.member as usize)?;
        let start = self.content_starts[entry.member as usize];
        (entry.offset < member.content).then_some(start + entry.offset)
    }

    /// Where a member lies.
    pub(super) fn place(&self, member: usize) -> Place<'_> {
        let len = self.index.members[member].stored;
        let (of, at) = match &self.through {
            None => (self, self.starts[member]),
            Some(through) => match through.places[member] {
                (true, at) => (through.base.as_ref(), at),
                (false, at) => (self, at),
            },
        };
        Place { file: &of.file, path: &of.path, at, len }
    }

    /// The stored bytes of neighbouring members.
    pub(super) fn read(&self, run: Range<usize>) -> Result<Vec<u8>> {
        let len = self.starts[run.end] - self.starts[run.start];
        if self.through.is_none() {
            return read_at(&self.file, &self.path, self.starts[run.start], len as usize);
        }
        let mut bytes = Vec::with_capacity(len as usize);
        for member in run {
            bytes.extend_from_slice(&self.place(member).read()?);
        }
        Ok(bytes)
    }
}

/// Opens what must be an archive by itself, for a difference to be read with.
pub(super) fn open_base(path: &Path) -> Result<Archive> {
    let (file, mark) = open_file(path)?;
    match tail::read(&file, path, mark.size)? {
        Some(tail) if tail.plan.is_none() => Archive::new(path, file, mark, tail),
        _ => Err(Error::damaged(path, "it is no archive that a difference could be to")),
    }
}

fn require_still(path: &Path, file: &File, mark: FileMark) -> Result<()> {
    let now = FileMark::from(&file.metadata().at("reading", path)?);
    if now != mark { Err(Error::damaged(path, "it changed while it was read")) } else { Ok(()) }
}

/// Opens any archive and tells what it is by its bytes.
pub fn open(path: &Path) -> Result<Opened> {
    let (file, mark) = open_file(path)?;
    let head = read_at(&file, path, 0, mark.size.min(4) as usize)?;
    match head.as_slice() {
        [a, b, ..] if [*a, *b] == GZIP => match tail::read(&file, path, mark.size)? {
            Some(tail) => Ok(Opened::Ours(Box::new(Archive::new(path, file, mark, tail)?))),
            None => Ok(Opened::Foreign(Origin::TarGz, file, mark)),
        },
        b"PK\x03\x04" | b"PK\x05\x06" => Ok(Opened::Foreign(Origin::Zip, file, mark)),
        [] => Err(Error::damaged(path, "the file is empty")),
        _ => Err(Error::damaged(path, "neither a gzip nor a zip file")),
    }
}

/// Opens a file that may be an archive, whatever stands at the path.
pub(super) fn open_file(path: &Path) -> Result<(File, FileMark)> {
    let file = files::open_at_once(path).at("opening", path)?;
    let meta = file.metadata().at("reading", path)?;
    if !meta.is_file() {
        return Err(Error::damaged(path, "not a file"));
    }
    Ok((file, FileMark::from(&meta)))
}
