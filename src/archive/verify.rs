//! Are the bytes whole? The only maker of [`Verified`], without which nothing is published.

use super::decode;
use super::guard::{self, Limits};
use super::open::{self, Archive, Opened, Origin};
use super::walk::walk;
use super::write::{Content, Form, Written, write};
use crate::disk::{self, FileMark};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// How deeply to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The footer, the index and the label: their digest, and that they describe a file of this length.
    Index,
    /// Also that every byte in the file is the one that was written.
    Stored,
    /// Also that every member unpacks to what was archived, and that the tar is what the index says.
    Content,
}

/// An archive whose bytes were looked at and are whole. Only [`verify`] makes one.
#[derive(Debug, Clone)]
pub struct Verified {
    path: PathBuf,
    mark: FileMark,
    origin: Origin,
    depth: Depth,
    label: Option<Vec<u8>>,
    base: Option<PathBuf>,
    objection: Option<String>,
}

impl Verified {
    /// Where it was when it was verified.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which file it was: whoever uses it later compares.
    pub fn mark(&self) -> FileMark {
        self.mark
    }

    /// Who made it.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// How deeply it was looked at.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// What it says of itself; others' archives say nothing.
    pub fn label(&self) -> Option<&[u8]> {
        self.label.as_deref()
    }

    /// The base that was read with it, where it is a difference.
    pub fn base(&self) -> Option<&Path> {
        self.base.as_deref()
    }

    /// That whoever unpacks it would take it: whole bytes may still be more than the guard lets pass.
    ///
    /// # Errors
    /// `Hostile`, as unpacking says it.
    pub fn require_admissible(&self) -> Result<()> {
        let refused = |what: &String| Err(Error::Hostile { path: self.path.clone(), what: what.clone() });
        self.objection.as_ref().map_or(Ok(()), refused)
    }
}

/// [`verify`] for an archive that has just been written: it is flushed to the disk meanwhile.
///
/// # Errors
/// As `verify`, and `Io` if flushing fails.
pub fn flush_and_verify(path: &Path, depth: Depth) -> Result<Verified> {
    std::thread::scope(|scope| {
        let flushed = scope.spawn(|| disk::sync_file(path));
        let verified = verify(path, depth);
        flushed.join().expect("flushing doesn't panic")?;
        verified
    })
}

/// Writes an archive in place of an unfinished one, flushes and verifies it. Members copied from `base` are as good as that
/// one was: where the new one doesn't verify, all is written anew.
///
/// # Errors
/// As [`write()`] and [`flush_and_verify`].
pub fn write_verified(
    to: &Path,
    content: &Content,
    label: &[u8],
    base: Option<&Archive>,
    form: Form,
) -> Result<(Written, Verified)> {
    disk::remove_file(to)?;
    let written = write(to, content, label, base, form)?;
    match flush_and_verify(to, Depth::Stored) {
        Err(_) if base.is_some() => write_verified(to, content, label, None, form),
        verified => Ok((written, verified?)),
    }
}

/// Looks whether an archive is whole. Others' archives have no index: they are read to the end, whatever the depth.
///
/// # Errors
/// `Damaged`, `Hostile`, or `Io` if it can't be read.
pub fn verify(path: &Path, depth: Depth) -> Result<Verified> {
    verify_told(path, depth, &mut |_, _| {})
}

/// [`verify`] that tells after each step how many bytes of content were looked at, and of how many; 0 where only the end
/// tells, as in others' archives.
///
/// # Errors
/// As `verify`.
pub fn verify_told(path: &Path, depth: Depth, told: &mut dyn FnMut(u64, u64)) -> Result<Verified> {
    let opened = open::open(path)?;
    let depth = match &opened {
        Opened::Ours(_) => depth,
        Opened::Foreign(..) => Depth::Content,
    };
    match (&opened, depth) {
        (Opened::Ours(_), Depth::Index) => {}
        (Opened::Ours(archive), Depth::Stored) => decode::check_stored(archive)?,
        _ => {
            let all = if let Opened::Ours(archive) = &opened { archive.content() } else { 0 };
            let mut done = 0;
            walk(path, &opened, &Limits::default(), &mut |_, body| {
                while let Some(chunk) = body.next()? {
                    done += chunk.len() as u64;
                    told(done, all);
                }
                Ok(())
            })?;
        }
    }
    opened.require_still(path)?;
    let mark = opened.file().1;
    let objection = match guard::require_admissible(&opened, Limits::default()) {
        Err(Error::Hostile { what, .. }) => Some(what),
        other => other.map(|()| None)?,
    };
    let (origin, label, base) = match &opened {
        Opened::Ours(archive) => {
            (Origin::Ours, Some(archive.label().to_vec()), archive.base().map(|b| b.path().to_owned()))
        }
        Opened::Foreign(origin, ..) => (*origin, None, None),
    };
    Ok(Verified { path: path.to_owned(), mark, origin, depth, label, base, objection })
}
