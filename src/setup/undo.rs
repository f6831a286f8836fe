//! Taking back what was set up, from its record. A thing that was changed since, or that holds something of its owner's,
//! stays.

use super::record::{Kind, Written};
use super::{Fate, Site};
use crate::disk;
use crate::error::{At, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// What becomes of one thing when it is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// It is gone.
    Removed,
    /// Its lines are gone, others stay.
    Shortened,
    /// What was there before stands again.
    PutBack,
    /// It stays: it was changed since, or there is something in it.
    Left,
    /// Nothing of it is there any more.
    Gone,
}

impl Site<'_> {
    /// What the undo would do, the last first. A folder that only holds what goes before it goes too.
    pub fn judge_undo(&self) -> Vec<(&Written, Undone)> {
        let mut gone: Vec<&Path> = Vec::new();
        let mut judged = Vec::new();
        for written in self.record.written.iter().rev() {
            let fate = self.judge_one(written, &gone);
            if fate == Undone::Removed {
                gone.push(&written.path);
            }
            judged.push((written, fate));
        }
        judged
    }

    /// What becomes of one thing that an earlier plan wrote and this one doesn't have any more.
    pub(super) fn fate_of_what_was_written(&self, path: &Path) -> Fate {
        match self.record.of(path).map(|written| self.judge_one(written, &[])) {
            None | Some(Undone::Left) => Fate::Stands,
            Some(undone) => Fate::Back(undone),
        }
    }

    /// Takes that back, and forgets it.
    pub(super) fn part_with(&mut self, path: &Path, undone: Undone) -> Result<()> {
        if let Some(written) = self.record.of(path).cloned() {
            self.take_back(&written, undone)?;
        }
        self.record.part_with(&[path.to_owned()]);
        self.record.save()
    }

    fn judge_one(&self, written: &Written, gone: &[&Path]) -> Undone {
        let at = self.on_disk(&written.path);
        if !disk::exists(&at) {
            return Undone::Gone;
        }
        let standing = || fs::read(&at).is_ok_and(|b| written.is_ours(&b));
        let goes = |path: &Path| gone.iter().any(|g| self.on_disk(g) == path);
        let empty = || fs::read_dir(&at).is_ok_and(|d| d.flatten().all(|item| goes(&item.path())));
        let stood = || written.moved_from.as_ref().is_some_and(|p| !disk::exists(&self.on_disk(p)));
        match written.kind {
            Kind::File if written.before.is_some() && standing() => Undone::PutBack,
            Kind::File if standing() => Undone::Removed,
            Kind::Folder if empty() => Undone::Removed,
            Kind::Lines => shortened(&at, &written.lines),
            Kind::Log => Undone::Removed,
            Kind::Aside if stood() => Undone::PutBack,
            Kind::File | Kind::Folder | Kind::Aside => Undone::Left,
        }
    }

    /// Takes back all that was written, the last first. What stays is forgotten too: it is its owner's now.
    pub fn undo(&mut self) -> Result<Vec<(Written, Undone)>> {
        let mut done = Vec::new();
        self.record.save()?;
        while let Some(written) = self.record.written.last().cloned() {
            let fate = self.judge_one(&written, &[]);
            self.take_back(&written, fate)?;
            done.push((written, fate));
            self.record.written.pop();
            self.record.save()?;
        }
        Ok(done)
    }

    fn take_back(&self, written: &Written, fate: Undone) -> Result<()> {
        let at = self.on_disk(&written.path);
        match (fate, written.kind) {
            (Undone::Gone | Undone::Left, _) => Ok(()),
            (Undone::PutBack, Kind::Aside) => {
                let from = written.moved_from.as_ref().map(|p| self.on_disk(p));
                from.map_or(Ok(()), |from| disk::move_to(&at, &from))
            }
            (Undone::PutBack, _) => disk::rewrite(&at, written.before.as_deref().unwrap_or_default().as_bytes()),
            (Undone::Shortened, _) => {
                let at = at.canonicalize().at("reading", &at)?;
                disk::rewrite(&at, rest(&at, &written.lines)?.as_bytes())
            }
            (Undone::Removed, Kind::Log) => rotated(&at)?.iter().try_for_each(|p| disk::remove_file(p)),
            (Undone::Removed, Kind::Folder) => disk::remove_empty_dir(&at),
            (Undone::Removed, _) => {
                disk::remove_file(&at)?;
                // A folder made for it alone, such as a unit's drop-ins.
                let above = disk::parent(&at);
                if above.to_string_lossy().ends_with(".service.d") { disk::remove_empty_dir(above) } else { Ok(()) }
            }
        }
    }
}

/// What becomes of a file from which these lines go.
fn shortened(at: &Path, lines: &[String]) -> Undone {
    match (rest(at, lines), fs::read_to_string(at)) {
        (Ok(rest), Ok(all)) if rest == all => Undone::Gone,
        (Ok(rest), _) if rest.is_empty() => Undone::Removed,
        _ => Undone::Shortened,
    }
}

/// The file's text without these lines.
pub(super) fn rest(at: &Path, lines: &[String]) -> Result<String> {
    let text = fs::read_to_string(at).at("reading", at)?;
    Ok(text.split_inclusive('\n').filter(|l| !lines.iter().any(|ours| ours == l.trim())).collect())
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
