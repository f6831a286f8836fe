//! The one way to the archive's path, and into the vault: what is verified, good, and newer than all before.

use super::Vault;
use super::backup::{Backup, Origin};
use super::is_good_generation;
use super::label::Label;
use super::state::State;
use crate::archive::Verified;
use crate::disk::{self, FileMark};
use crate::error::{Error, Result};
use crate::verdict::Worth;
use jiff::Timestamp;
use std::path::PathBuf;

impl Vault {
    /// Puts a verified archive at the archive's path and into the vault. It must be good, and newer than all this
    /// vault has given out. Returns false where a file that arrived keeps the path: then it is in the vault only.
    ///
    /// # Errors
    /// `Damaged` where it is a difference, has no label, or is worse or older than what stands; `Hostile` where a restore would refuse
    /// to unpack it; `Io`.
    pub fn publish(&mut self, new: Verified, now: Timestamp) -> Result<bool> {
        let label = self.admissible(&new)?;
        let in_place = self.put_whole(&new, &label, now)?;
        self.bury(label.account.as_ref())?;
        Ok(in_place)
    }

    /// Beside the archive's path, so that it can be renamed to it; one name, so that a kill leaves one at most, and free.
    pub fn unfinished(&self) -> Result<PathBuf> {
        let name = self.archive.file_name().unwrap_or_default().to_string_lossy();
        let path = disk::parent(&self.archive).join(format!(".{name}.wakeep-new"));
        disk::remove_file(&path)?;
        Ok(path)
    }

    pub(super) fn put_whole(&mut self, new: &Verified, label: &Label, now: Timestamp) -> Result<bool> {
        if new.base().is_some() {
            return Err(Error::damaged(new.path(), "a difference is no archive by itself"));
        }
        disk::set_mode(new.path(), self.rules.archive_mode)?;
        let mark = FileMark::of(new.path())?;
        let in_place = self.may_take_path(now);
        let shared = self.has_recent_copy(now)?;
        let (bytes, daily) = (if shared { mark.size } else { 2 * mark.size }, self.rules.write_budget);
        self.remember(|s| {
            s.generation = label.generation;
            s.coming = in_place.then_some(mark);
            s.written = s.written.plus(bytes, now, daily);
        })?;
        let origin = Origin::Generation(label.generation);
        if shared {
            self.keep_a_copy(new.path(), origin, label.made)?;
        } else {
            self.keep_own_copy(new.path(), origin, label.made)?;
        }
        self.put_at_path(new, in_place, |s| s.refusals.clear())?;
        Ok(in_place)
    }

    /// The path is free, holds our own archive, or one that arrived and whose time is over. Whatever else is there may
    /// still be on its way in.
    pub(super) fn may_take_path(&self, now: Timestamp) -> bool {
        let Ok(mark) = FileMark::of(&self.archive) else { return true };
        let arrived = self.state.arrived.as_ref().is_some_and(|a| a.mark == mark);
        self.is_ours(mark) || arrived && !self.is_held(now)
    }

    /// Whether another generation, in a file of its own, is young. Then the newest may share its file with the archive,
    /// which costs nothing; else it is copied: `cp FILE latest` writes into the archive's own file.
    fn has_recent_copy(&self, now: Timestamp) -> Result<bool> {
        const RECENT: i64 = 900;
        let young = |b: &Backup| (0..RECENT).contains(&(now.as_second() - b.made.as_second()));
        let standing = FileMark::of(&self.archive).ok();
        let mut generations = self.backups()?.into_iter().filter(|b| is_good_generation(b) && young(b));
        // What shares its file with the archive now has one of its own once that is replaced.
        Ok(generations.any(|b| FileMark::of(&b.path).is_ok_and(|mark| self.is_ours(mark) || Some(mark) != standing)))
    }

    /// Law 1: nothing worthless comes in, nothing worse than the newest there is, nothing older, and nothing that a
    /// restore wouldn't unpack.
    pub(super) fn admissible(&self, new: &Verified) -> Result<Label> {
        new.require_admissible()?;
        let bytes = new.label().ok_or_else(|| Error::damaged(new.path(), "it has no label"))?;
        let label = Label::from_bytes(bytes, new.path())?;
        let least = self.newest()?.map_or(Worth::Something, |(_, newest)| newest.worth());
        if label.worth() < least || label.generation <= self.state.generation {
            return Err(Error::damaged(new.path(), "it is worse or older than the last archive"));
        }
        Ok(label)
    }

    /// The last step of an archive that the vault holds already: to the archive's path, unless that is held; and the
    /// memory says so.
    pub(super) fn put_at_path(&mut self, new: &Verified, in_place: bool, also: impl FnOnce(&mut State)) -> Result<()> {
        if in_place {
            disk::publish(new.path(), &self.archive)?;
        } else {
            disk::remove_file(new.path())?;
        }
        self.remember(|s| {
            if let Some(mark) = s.coming.take() {
                s.latest = Some(mark);
                s.arrived = None;
                s.behind = None;
            }
            also(s);
        })
    }

    /// Takes an archive that another host's wakeep pushed here: into the vault as a generation, and to the archive's
    /// path. What stood there is in the vault. Whether the bot is active here doesn't change. Returns false where a
    /// file that arrived keeps the path.
    ///
    /// # Errors
    /// `Damaged` for an archive that says nothing of itself; `Io`.
    pub fn adopt(&mut self, new: &Verified, now: Timestamp) -> Result<bool> {
        let bytes = new.label().ok_or_else(|| Error::damaged(new.path(), "it has no label"))?;
        let label = Label::from_bytes(bytes, new.path())?;
        self.receive(now)?;
        disk::set_mode(new.path(), self.rules.archive_mode)?;
        let (mark, in_place) = (FileMark::of(new.path())?, self.may_take_path(now));
        self.remember(|s| {
            s.generation = s.generation.max(label.generation);
            s.coming = in_place.then_some(mark);
        })?;
        self.keep_own_copy(new.path(), Origin::Generation(label.generation), label.made)?;
        self.put_at_path(new, in_place, |s| s.pulled = Some((label.host, label.generation)))?;
        self.tidy(now)?;
        Ok(in_place)
    }

    /// Accepts what stands at the archive's path as the current archive: it has just been restored.
    pub fn accept_standing(&mut self) -> Result<()> {
        let mark = FileMark::of(&self.archive)?;
        self.remember(|s| {
            s.latest = Some(mark);
            s.arrived = None;
        })
    }
}
