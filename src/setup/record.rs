//! What setting up has written: one small file, from which the undo works.

use super::digest;
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
    /// Somebody else's file, moved here.
    Aside,
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
    /// Where a file that was moved stood before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<PathBuf>,
    /// The lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// All that was written.
#[derive(Debug, Default)]
pub struct Record {
    file: PathBuf,
    base: PathBuf,
    pub(super) written: Vec<Written>,
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
            moved_from: None,
            lines: Vec::new(),
        }
    }

    fn each_path(&mut self, change: impl Fn(&Path) -> PathBuf) {
        self.path = change(&self.path);
        self.moved_from = self.moved_from.as_deref().map(change);
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
    /// Reads the record; none is an empty one. Paths below `base` are kept relative to it: a bot's folder that was copied
    /// or moved has its own undone, not the one that it came from.
    pub fn open(file: &Path, base: &Path) -> Result<Record> {
        let mut written: Vec<Written> = match fs::read(file) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => {
                let bytes = other.at("reading", file)?;
                serde_json::from_slice(&bytes).map_err(|e| Error::damaged(file, e.to_string()))?
            }
        };
        written.iter_mut().for_each(|w| w.each_path(|path| base.join(path)));
        Ok(Record { file: file.to_owned(), base: base.to_owned(), written })
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

    /// These lines aren't in the file any more.
    pub(super) fn forget_lines(&mut self, path: &Path, lines: &[String]) -> Result<()> {
        let known = self.written.iter_mut().filter(|w| w.path == path);
        known.for_each(|w| w.lines.retain(|line| !lines.contains(line)));
        if lines.is_empty() { Ok(()) } else { self.save() }
    }

    /// Takes out what stands at one of these paths. Nothing is saved: whoever gets it saves first.
    pub fn part_with(&mut self, paths: &[PathBuf]) -> Vec<Written> {
        let (parted, rest) = self.written.drain(..).partition(|w| paths.contains(&w.path));
        self.written = rest;
        parted
    }

    /// Takes over what another record parts with. It was written before ours, so it is undone after it.
    pub fn inherit(&mut self, mut parted: Vec<Written>) -> Result<()> {
        parted.retain(|w| self.of(&w.path).is_none());
        self.written.splice(0..0, parted);
        self.save()
    }

    /// Saves what is left after parting with something.
    pub(super) fn save(&self) -> Result<()> {
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
        let above = disk::parent(&self.file);
        // The workplace beside a session is its owner's alone.
        if above.ends_with(".wakeep") {
            disk::make_dir(above)?
        } else {
            super::make_folders(above)?
        }
        let mut kept = self.written.clone();
        let near = |path: &Path| path.strip_prefix(&self.base).unwrap_or(path).to_owned();
        kept.iter_mut().for_each(|w| w.each_path(near));
        let text = serde_json::to_vec_pretty(&kept).expect("a record has string keys only");
        disk::write_whole(&self.file, &text)
    }
}
