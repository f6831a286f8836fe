//! The directory that keeps the backups of one session, and the one way in: [`Vault::publish`]. It knows archives
//! and labels, but no sessions. Unless its docs say otherwise, what fails here fails with `Io`, and names the file.

mod arrival;
pub mod backup;
mod copies;
mod difference;
mod event;
pub mod journal;
pub mod label;
mod leave;
mod publish;
pub mod retention;
pub mod state;
mod tidying;
mod told;
pub mod workplace;

use crate::disk::{self, FileMark};
use crate::error::{At, Result};
use backup::{Backup, Origin};
use jiff::Timestamp;
use journal::Event;
use label::Label;
use state::State;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the owner decided about backups.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Permission bits of archives.
    pub archive_mode: u32,
    /// How many bytes of backups stay, those not counted that must.
    pub keep_bytes: u64,
    /// For how long a file that arrived keeps the archive's path, in seconds.
    pub arrived_hold: i64,
    /// How many bytes of archives may be written in a day.
    pub write_budget: u64,
    /// For how long the keeper's rounds may leave changes in differences, in seconds; 0: the archive itself is rewritten
    /// whenever something changed.
    pub latest_every: i64,
}

/// The memory's file in the vault.
const STATE: &str = "state.json";

/// The backups of one session, and the one archive that stands for it.
#[derive(Debug)]
pub struct Vault {
    dir: PathBuf,
    archive: PathBuf,
    /// What the owner decided.
    pub rules: Rules,
    state: State,
}

impl Vault {
    /// Opens the vault in `dir` (which need not exist yet) of the session whose archive stands at `archive`.
    pub fn open(dir: &Path, archive: &Path, rules: Rules) -> Result<Vault> {
        let mut vault = Vault { dir: dir.to_owned(), archive: archive.to_owned(), rules, state: State::default() };
        vault.refresh()?;
        Ok(vault)
    }

    /// Where the one archive stands.
    pub fn archive(&self) -> &Path {
        &self.archive
    }

    /// The vault's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the vault remembers.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Reads the memory anew: another wakeep may have changed it before the work lock was taken.
    pub fn refresh(&mut self) -> Result<()> {
        self.state = match State::load(&self.state_file())? {
            Some(state) => state,
            None => self.remembered_by_archives()?,
        };
        Ok(())
    }

    /// A memory that can't be read any more, as far as the archives know it. The next change replaces the file.
    fn remembered_by_archives(&self) -> Result<State> {
        let kept = self.backups()?.into_iter().filter_map(|b| b.generation()).max();
        let standing = backup::label_of(&self.archive).map(|l| l.generation);
        let latest = FileMark::of(&self.archive).ok().filter(|_| standing.is_some());
        Ok(State { generation: kept.max(standing).unwrap_or(0), latest, ..State::default() })
    }

    /// Whether the bot was moved to another machine, as it stands on disk now.
    pub fn is_left(dir: &Path) -> bool {
        let state = State::load(&dir.join(STATE)).ok().flatten();
        state.is_some_and(|s| s.moved.is_some())
    }

    /// Changes the memory and saves it, if that changed anything.
    pub fn remember(&mut self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut next = self.state.clone();
        change(&mut next);
        if next != self.state {
            disk::make_dir(&self.dir)?;
            next.save(&self.state_file())?;
            self.state = next;
        }
        Ok(())
    }

    /// How the live session looked when it was last found unchanged or archived.
    pub fn stamp(&self) -> Option<String> {
        fs::read_to_string(self.stamp_file()).ok()
    }

    /// Notes how the live session looks. Not durable, and no part of the state: it may change every round of an idle
    /// bot, and one that is lost or older costs a look.
    pub fn note_stamp(&self, stamp: Option<&str>) -> Result<()> {
        match stamp {
            None => disk::remove_file(&self.stamp_file()),
            Some(_) if stamp == self.stamp().as_deref() => Ok(()),
            Some(stamp) => {
                disk::make_dir(&self.dir)?;
                disk::write_hint(&self.stamp_file(), stamp.as_bytes())
            }
        }
    }

    fn stamp_file(&self) -> PathBuf {
        self.dir.join("stamp")
    }

    fn state_file(&self) -> PathBuf {
        self.dir.join(STATE)
    }

    fn journal_file(&self) -> PathBuf {
        self.dir.join("journal.jsonl")
    }

    /// Writes a line into the journal.
    pub fn record(&self, now: Timestamp, event: &Event) -> Result<()> {
        disk::make_dir(&self.dir)?;
        journal::write(&self.journal_file(), now, event)
    }

    /// The journal, oldest first.
    pub fn events(&self) -> Result<Vec<journal::Line>> {
        journal::read(&self.journal_file())
    }

    /// The label of the archive at its path, if that is one that this vault put there and it still stands unchanged.
    pub fn latest(&self) -> Option<Label> {
        let mark = FileMark::of(&self.archive).ok()?;
        if self.is_ours(mark) { backup::label_of(&self.archive) } else { None }
    }

    /// The newest archive that wakeep made, at its path or in the vault, where it may be a difference: what another one
    /// is measured against.
    pub fn newest(&self) -> Result<Option<(PathBuf, Label)>> {
        let standing = self.latest().map(|label| (self.archive.clone(), label));
        let kept = self.backups()?.into_iter().filter(is_generation);
        let kept = kept.filter_map(|b| b.label.map(|l| (b.path, l)));
        // Of one generation the whole archive, and of two of those the one at its path.
        let rank = |(path, label): &(PathBuf, Label)| (label.generation, !backup::is_difference(path));
        Ok(kept.chain(standing).max_by_key(rank))
    }

    /// The newest archive that is one by itself: what may leave the vault.
    pub fn newest_whole(&self) -> Result<Option<(PathBuf, Label)>> {
        let standing = self.latest().map(|label| (self.archive.clone(), label));
        let kept = self.backups()?.into_iter().filter(|b| is_generation(b) && !b.is_difference());
        let kept = kept.filter_map(|b| b.label.map(|l| (b.path, l)));
        Ok(standing.into_iter().chain(kept).max_by_key(|(_, l)| l.generation))
    }

    /// Versions of the programs that wrote the newest archive.
    pub fn versions(&self) -> Result<std::collections::BTreeMap<String, String>> {
        Ok(self.newest()?.map(|(_, label)| label.versions).unwrap_or_default())
    }

    pub(super) fn is_ours(&self, mark: FileMark) -> bool {
        [self.state.latest, self.state.coming].contains(&Some(mark))
    }

    /// All backups, newest first.
    pub fn backups(&self) -> Result<Vec<Backup>> {
        let mut found = Vec::new();
        let listed = match fs::read_dir(&self.dir) {
            // None was kept yet: one that can't be read is something else.
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            other => Some(other.at("listing", &self.dir)?),
        };
        for item in listed.into_iter().flatten() {
            found.extend(Backup::read(&item.at("listing", &self.dir)?.path())?);
        }
        found.sort_by_key(|b| std::cmp::Reverse((b.made, b.generation())));
        self.explain(&mut found);
        Ok(found)
    }
}

fn is_generation(backup: &Backup) -> bool {
    matches!(backup.origin, Origin::Generation(_))
}

fn is_good_generation(backup: &Backup) -> bool {
    is_generation(backup) && backup.label.as_ref().is_some_and(Label::is_good)
}
