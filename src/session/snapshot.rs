//! Takes a snapshot: a still, whole and fresh copy of what matters of a live session.

use super::{Examination, Session, Use, database};
use crate::disk::{self, FileMark};
use crate::error::{Error, Result};
use crate::progress::{Vector, rewound};
use crate::tree::{self, Entry, EntryKind};
use crate::verdict::{Finding, Weight, veiled};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a session is copied before it is said that it never holds still.
const TRIES: u32 = 6;

/// How often the same fault must show, one time after the other, to be the session's own and not the moment's.
const STILL: u32 = 3;

/// How much of the session's folder is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carry {
    /// What carries the login, and the small files beside it.
    #[default]
    Login,
    /// The whole folder, caches and all, as the earlier scripts took it.
    All,
}

/// A still copy of a session, and what was found out about it.
#[derive(Debug)]
pub struct Snapshot {
    /// The folder or file that holds the copy.
    pub root: PathBuf,
    /// Everything in it.
    pub entries: Vec<Entry>,
    /// The judgement on it; its vector says which making of each live database was copied.
    pub examination: Examination,
}

impl Session {
    /// Copies the live session to `into` (which is emptied first) until the copy is whole and nothing in it is
    /// older than what lay on disk when this attempt began. A fault that shows again and again is the session's own,
    /// and is returned as such in the examination.
    ///
    /// # Errors
    /// `SessionMissing`; `NotASession`; `Restless` where it changed under every attempt; `Io`.
    pub fn snapshot(&self, into: &Path, carry: Carry) -> Result<Snapshot> {
        let missing = || Error::SessionMissing { path: self.path.clone() };
        if !disk::exists(&self.path) {
            return Err(missing());
        }
        let (mut last, mut times) = (String::new(), 0);
        for attempt in 0..TRIES {
            std::thread::sleep(Duration::from_millis(u64::from(attempt) * 40));
            let lies_still = times >= STILL;
            let fault = match self.copy_once(into, carry, lies_still) {
                Ok(snapshot) if lies_still || !snapshot.is_faulty() => return Ok(snapshot),
                Ok(snapshot) => brief(&snapshot.examination.verdict.findings),
                Err(e) if self.is_gone(&e) => return Err(missing()),
                Err(e) if is_final(&e) => return Err(e),
                Err(e) => e.brief(),
            };
            times = if fault == last { times + 1 } else { 1 };
            last = fault;
        }
        // Names of files may be phone numbers.
        Err(Error::Restless { path: self.path.clone(), tries: TRIES, last: veiled(&last) })
    }

    /// A session that shows the same fault again and again is copied as it lies, so that the fault can be judged.
    fn copy_once(&self, into: &Path, carry: Carry, as_it_lies: bool) -> Result<Snapshot> {
        disk::remove_tree(into)?;
        disk::make_dir(disk::parent(into))?;
        let floor = self.kind.progress(&self.path);
        if self.path.is_dir() {
            disk::make_dir(into)?;
        }
        if as_it_lies {
            self.copy_as_it_lies(into)?;
        } else {
            self.kind.copy(&self.path, into)?;
        }
        if carry == Carry::All {
            self.copy_the_rest(into)?;
        }
        let mut examination = self.kind.examine(into)?;
        for (name, version) in self.kind.versions(&self.path) {
            examination.versions.entry(name).or_insert(version);
        }
        name_the_makings(&mut examination.vector, &floor);
        if !as_it_lies {
            require_fresh(&examination.vector, &floor)?;
        }
        let entries = entries_of(into)?;
        Ok(Snapshot { root: into.to_owned(), entries, examination })
    }

    /// What matters of a session that nobody works on, whatever state it is in: where that can be read, and what is
    /// there. A folder is read where it lies; of a file there is a copy at `into` then, since what belongs to it may
    /// stand beside it.
    ///
    /// # Errors
    /// `Io`; for a file also `Restless`.
    pub fn as_it_lies(&self, into: &Path) -> Result<(PathBuf, Vec<Entry>)> {
        disk::remove_tree(into)?;
        if !self.path.is_dir() {
            self.copy_as_it_lies(into)?;
            return Ok((into.to_owned(), entries_of(into)?));
        }
        let mut entries = tree::walk(&self.path, &|p| self.kind.matters(p))?;
        entries.retain(|entry| matches!(entry.kind, EntryKind::File | EntryKind::Dir));
        Ok((self.path.clone(), entries))
    }

    fn copy_as_it_lies(&self, into: &Path) -> Result<()> {
        if !self.path.is_dir() {
            let whole = self.kind.copy(&self.path, into);
            return whole.or_else(|_| disk::copy_file(&self.path, into).map(drop));
        }
        disk::make_dir(into)?;
        for entry in tree::walk(&self.path, &|p| self.kind.matters(p))? {
            let (from, to) = (self.path.join(&entry.path), into.join(&entry.path));
            match entry.kind {
                EntryKind::Dir => disk::make_dir(&to)?,
                EntryKind::File if self.kind.immutable(&entry.path) => disk::link_or_copy(&from, &to)?,
                EntryKind::File => drop(disk::copy_file(&from, &to)?),
                EntryKind::Link | EntryKind::Other => {}
            }
        }
        Ok(())
    }

    /// Copies what the kind left out. Caches may be torn and vanish: nothing depends on them.
    fn copy_the_rest(&self, into: &Path) -> Result<()> {
        for entry in tree::walk(&self.path, &|p| !self.kind.forbids(p) && !p.starts_with(".wakeep"))? {
            let (from, to) = (self.path.join(&entry.path), into.join(&entry.path));
            if disk::exists(&to) || self.kind.matters(&entry.path) {
                continue;
            }
            match entry.kind {
                EntryKind::Dir => disk::make_dir(&to)?,
                EntryKind::File => match disk::copy_file(&from, &to) {
                    Err(e) if tree::is_vanished(&e) => {}
                    other => drop(other?),
                },
                EntryKind::Link | EntryKind::Other => {}
            }
        }
        Ok(())
    }

    fn is_gone(&self, e: &Error) -> bool {
        tree::is_vanished(e) && !disk::exists(&self.path)
    }

    /// A cheap mark of how the live session looks: equal stamps mean that nothing that is watched was written.
    /// A stamp says nothing about writes within the file system's clock tick: see [`Stamp::settled`].
    ///
    /// # Errors
    /// `Io`, also where the session isn't there.
    pub fn stamp(&self) -> Result<Stamp> {
        let mut hasher = blake3::Hasher::new();
        let mut newest = (0, 0);
        for (path, mark) in self.watched()? {
            hasher.update(path.as_os_str().as_encoded_bytes());
            for number in [mark.inode, mark.size, mark.mtime.0.cast_unsigned(), u64::from(mark.mtime.1)] {
                hasher.update(&number.to_le_bytes());
            }
            newest = newest.max(mark.mtime);
        }
        Ok(Stamp { digest: hasher.finalize().to_hex().to_string(), newest })
    }

    /// Every file that is watched, with its mark.
    fn watched(&self) -> Result<Vec<(PathBuf, FileMark)>> {
        if !self.path.is_dir() {
            return database::marks(&self.path);
        }
        let all = tree::walk(&self.path, &|p| self.kind.watched(p))?;
        Ok(all.into_iter().filter(|e| e.kind == EntryKind::File).map(|e| (e.path, e.mark)).collect())
    }

    /// Whether a bot works on the session.
    pub fn in_use(&self) -> Use {
        if disk::exists(&self.path) { self.kind.holder(&self.path) } else { Use::Free }
    }

    /// The processes of the browser that works on it for a bot, the first one first; none where there is none.
    pub fn browser(&self) -> Vec<u32> {
        self.kind.browser(&self.path)
    }

    /// Law 4: a session in use, or where that can't be told, is not replaced.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::MaybeInUse`].
    pub fn require_idle(&self) -> Result<()> {
        self.in_use().or_refuse(&self.path)
    }
}

impl Snapshot {
    fn is_faulty(&self) -> bool {
        self.examination.verdict.findings.iter().any(|f| f.code.weight() == Weight::Fault)
    }
}

/// How a live session looked.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Over the name, inode, size and time of last write of every watched file.
    pub digest: String,
    /// The latest of those times, in seconds and nanoseconds.
    pub newest: (i64, u32),
}

impl Stamp {
    /// Whether the last write lies so far before `now` that a later one would show in the file's time.
    pub fn settled(&self, now: jiff::Timestamp) -> bool {
        now.as_second() - self.newest.0 > 2
    }
}

/// Findings in one line of codes, names and numbers.
fn brief(findings: &[Finding]) -> String {
    let one = |f: &Finding| format!("{} {} {}", f.code.as_str(), f.path.display(), f.detail);
    findings.iter().map(|f| one(f).trim_end().to_owned()).collect::<Vec<_>>().join("; ")
}

fn name_the_makings(vector: &mut Vector, floor: &Vector) {
    for (path, progress) in vector {
        if let Some(live) = floor.get(path) {
            progress.incarnation.clone_from(&live.incarnation);
        }
    }
}

fn require_fresh(copy: &Vector, floor: &Vector) -> Result<()> {
    match rewound(copy, floor) {
        Some((path, expected, found)) => Err(Error::Stale { path: path.into(), expected, found }),
        None => Ok(()),
    }
}

/// Lists a copy; one that is a single file has one entry with the empty path.
fn entries_of(root: &Path) -> Result<Vec<Entry>> {
    if root.is_dir() {
        return tree::walk(root, &|_| true);
    }
    let name = PathBuf::from(root.file_name().unwrap_or_default());
    let mut found = tree::walk(disk::parent(root), &|p| p == name)?;
    found.iter_mut().for_each(|e| e.path = PathBuf::new());
    Ok(found)
}

/// No further attempt can mend these.
fn is_final(e: &Error) -> bool {
    use std::io::ErrorKind as Kind;
    let hopeless = [Kind::PermissionDenied, Kind::StorageFull, Kind::ReadOnlyFilesystem, Kind::QuotaExceeded];
    e.io_kind().is_some_and(|kind| hopeless.contains(&kind)) || matches!(e, Error::NotASession { .. })
}

#[cfg(test)]
mod tests;
