//! What setting up has written: one small file, from which the undo works. A thing that was changed since, or that
//! holds something of its owner's, stays.

use super::{Site, digest};
use crate::disk;
use crate::error::{At, Error, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What kind of thing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A whole file.
    File,
    /// Lines in a file of somebody else.
    Lines,
    /// A folder; it goes only when it is empty.
    Folder,
    /// A log, with its rotated older parts.
    Log,
}

/// One thing that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// What kind of thing.
    pub kind: Kind,
    /// The digest of a file as it was written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The digest of our own earlier version that it replaces: a kill may have left that one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub earlier: String,
    /// The text that the file replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// What becomes of one thing when it is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// It is gone.
    Removed,
    /// What was there before stands again.
    PutBack,
    /// It stays: it was changed since, or there is something in it.
    Left,
    /// It was gone already.
    Gone,
}

/// All that was written.
#[derive(Debug, Default)]
pub struct Record {
    file: PathBuf,
    written: Vec<Written>,
}

impl Written {
    /// A thing without content of its own.
    pub fn new(path: &Path, kind: Kind) -> Written {
        Written {
            path: path.to_owned(),
            kind,
            digest: String::new(),
            earlier: String::new(),
            before: None,
            lines: Vec::new(),
        }
    }

    /// Whether a file of this content is as we wrote it.
    pub(super) fn is_ours(&self, standing: &[u8]) -> bool {
        [&self.digest, &self.earlier].contains(&&digest(standing))
    }

    /// Whether it is what stood there before us.
    pub(super) fn was_before(&self, standing: &[u8]) -> bool {
        self.before.as_ref().is_some_and(|text| text.as_bytes() == standing)
    }
}

impl Record {
    /// Reads the record; none is an empty one.
    pub fn open(file: &Path) -> Result<Record> {
        let written = match fs::read(file) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => {
                let bytes = other.at("reading", file)?;
                serde_json::from_slice(&bytes).map_err(|e| Error::damaged(file, e.to_string()))?
            }
        };
        Ok(Record { file: file.to_owned(), written })
    }

    /// Whether nothing was written here.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// What was written at this path.
    pub fn of(&self, path: &Path) -> Option<&Written> {
        self.written.iter().find(|w| w.path == path)
    }

    /// All of it, in the order of writing.
    pub fn all(&self) -> &[Written] {
        &self.written
    }

    /// Adds a thing, or replaces what is known of it.
    pub(super) fn add(&mut self, written: Written) -> Result<()> {
        match self.written.iter_mut().find(|w| w.path == written.path) {
            Some(known) => *known = written,
            None => self.written.push(written),
        }
        self.save()
    }

    /// Adds lines to those known.
    pub(super) fn add_lines(&mut self, path: &Path, lines: &[String]) -> Result<()> {
        let mut all = self.of(path).map(|w| w.lines.clone()).unwrap_or_default();
        all.extend_from_slice(lines);
        self.add(Written { lines: all, ..Written::new(path, Kind::Lines) })
    }

    fn save(&self) -> Result<()> {
        if self.written.is_empty() {
            disk::remove_file(&self.file)?;
            let above = disk::parent(&self.file);
            // Ours alone; `.wakeep` beside a bot holds the bot's backups.
            return if above.ends_with("etc/wakeep") && above.is_dir() {
                disk::remove_empty_dir(above)
            } else {
                Ok(())
            };
        }
        super::make_folders(disk::parent(&self.file))?;
        let text = serde_json::to_vec_pretty(&self.written).expect("a record has string keys only");
        disk::write_whole(&self.file, &text)
    }
}

impl Site<'_> {
    /// What the undo would do with one thing.
    pub fn judge_undo(&self, written: &Written) -> Undone {
        let at = self.on_disk(&written.path);
        if !disk::exists(&at) {
            return Undone::Gone;
        }
        let standing = || fs::read(&at).is_ok_and(|b| written.is_ours(&b));
        let empty = || fs::read_dir(&at).is_ok_and(|mut d| d.next().is_none());
        match written.kind {
            Kind::File if written.before.is_some() && standing() => Undone::PutBack,
            Kind::File if standing() => Undone::Removed,
            Kind::Folder if empty() => Undone::Removed,
            Kind::Lines | Kind::Log => Undone::Removed,
            Kind::File | Kind::Folder => Undone::Left,
        }
    }

    /// Takes back all that was written, the last first. What stays is forgotten too: it is its owner's now.
    pub fn undo(&mut self) -> Result<Vec<(PathBuf, Undone)>> {
        let mut done = Vec::new();
        while let Some(written) = self.record.written.last().cloned() {
            let fate = self.judge_undo(&written);
            self.take_back(&written, fate)?;
            done.push((written.path, fate));
            self.record.written.pop();
            self.record.save()?;
        }
        Ok(done)
    }

    fn take_back(&self, written: &Written, fate: Undone) -> Result<()> {
        let at = self.on_disk(&written.path);
        match (fate, written.kind) {
            (Undone::Gone | Undone::Left, _) => Ok(()),
            (Undone::PutBack, _) => {
                let mode = disk::mode(&at)?;
                disk::write_whole(&at, written.before.as_deref().unwrap_or_default().as_bytes())?;
                disk::set_mode(&at, mode)
            }
            (Undone::Removed, Kind::Lines) => without_lines(&at, &written.lines),
            (Undone::Removed, Kind::Log) => rotated(&at)?.iter().try_for_each(|p| disk::remove_file(p)),
            (Undone::Removed, Kind::Folder) => disk::remove_empty_dir(&at),
            (Undone::Removed, Kind::File) => {
                disk::remove_file(&at)?;
                // A folder made for it alone, such as a unit's drop-ins.
                let above = disk::parent(&at);
                if above.to_string_lossy().ends_with(".service.d") { disk::remove_empty_dir(above) } else { Ok(()) }
            }
        }
    }
}

fn without_lines(at: &Path, lines: &[String]) -> Result<()> {
    let text = fs::read_to_string(at).at("reading", at)?;
    let rest: String = text.split_inclusive('\n').filter(|l| !lines.iter().any(|ours| ours == l.trim())).collect();
    if rest.is_empty() {
        return disk::remove_file(at);
    }
    let mode = disk::mode(at)?;
    disk::write_whole(at, rest.as_bytes())?;
    disk::set_mode(at, mode)
}

/// The log and what logrotate made of it: `NAME.1`, `NAME.2.gz`.
fn rotated(log: &Path) -> Result<Vec<PathBuf>> {
    let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let dir = disk::parent(log);
    let mut all = vec![log.to_owned()];
    for item in fs::read_dir(dir).at("listing", dir)? {
        let path = item.at("listing", dir)?.path();
        let other = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = other.strip_prefix(&name).and_then(|r| r.strip_prefix('.')).map(|r| r.trim_end_matches(".gz"));
        if number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
            all.push(path);
        }
    }
    Ok(all)
}
