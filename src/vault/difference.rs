//! Between two rewrites of the one archive: what changed since an earlier generation, as one small file in the vault.
//! Each difference is to a whole generation, never to another difference, and takes the last one's place.

use super::backup::{self, Backup, Origin};
use super::label::Label;
use super::{Vault, is_good_generation};
use crate::archive::{self, Verified};
use crate::disk::{self, FileMark};
use crate::error::{Error, Result};
use jiff::Timestamp;
use std::path::PathBuf;

/// How many rounds a day has, at one every two minutes. An archive that may be rewritten in each of them within the write
/// budget is: what stands at its path is as fresh as it can be then. (With the default budget: up to 13.9 MB.)
const ROUNDS: u64 = 720;

/// A difference that has grown beyond this part of its base costs too much to be written each round.
const SHARE: u64 = 4;

/// The name of a difference in the making.
pub(super) const COMING: &str = ".difference";

impl Vault {
    /// Where a difference is made: beside its base.
    pub fn unfinished_difference(&self) -> Result<PathBuf> {
        let path = self.dir.join(COMING);
        disk::remove_file(&path)?;
        Ok(path)
    }

    /// The base for a difference with this label, where one will do; else the one archive is to be rewritten.
    pub fn base_for(&self, new: &Label, now: Timestamp) -> Result<Option<PathBuf>> {
        let wanted = self.rules.latest_every > 0 && !self.is_new_life(new, now) && !self.is_due(now);
        let all = if wanted { self.backups()? } else { Vec::new() };
        let base = self.newest_own_of(&all);
        let Some(base) = base.filter(|b| b.bytes > self.rules.write_budget / ROUNDS) else { return Ok(None) };
        let of_it = all.iter().filter(|b| b.base.as_ref() == Some(&base.path));
        let grown = of_it.max_by_key(|b| b.generation()).is_some_and(|last| last.bytes > base.bytes / SHARE);
        Ok((!grown).then(|| base.path.clone()))
    }

    /// The newest good generation that is one archive in a file of its own.
    pub fn newest_of_its_own(&self) -> Result<Option<PathBuf>> {
        let all = self.backups()?;
        Ok(self.newest_own_of(&all).map(|b| b.path.clone()))
    }

    fn newest_own_of<'b>(&self, all: &'b [Backup]) -> Option<&'b Backup> {
        all.iter().filter(|b| self.may_be_base(b)).max_by_key(|b| b.generation())
    }

    /// A login, or a life of it after a restore, that the file at the archive's path doesn't know is put there at once;
    /// and so is whatever comes where nothing of ours stands, unless what arrived holds the path.
    fn is_new_life(&self, new: &Label, now: Timestamp) -> bool {
        match self.latest() {
            Some(latest) => {
                let restored = self.state.restored.as_ref().is_some_and(|r| r.time > latest.made);
                restored || !new.same_lineage(&latest)
            }
            None => !self.is_held(now),
        }
    }

    /// Whether changes have waited for the one archive for as long as the owner lets them. While a file that arrived
    /// holds the path they wait on.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let waited = |since: Timestamp| now.as_second() - since.as_second();
        // A clock that was set back makes nobody wait for longer.
        let late = |since| !(0..self.rules.latest_every).contains(&waited(since));
        // Without a difference only a kill between the vault and the archive's path leaves it behind.
        let left = || self.latest().is_none_or(|latest| latest.generation < self.state.generation);
        !self.is_held(now) && self.state.behind.map_or_else(left, late)
    }

    /// Whole, good, and in a file of its own: `cp FILE latest` writes into the file that stands there.
    fn may_be_base(&self, backup: &Backup) -> bool {
        is_good_generation(backup) && !backup.is_difference() && self.has_own_file(backup)
    }

    pub(super) fn has_own_file(&self, backup: &Backup) -> bool {
        let place = |mark: FileMark| (mark.device, mark.inode);
        let standing = FileMark::of(&self.archive).ok().map(place);
        FileMark::of(&backup.path).is_ok_and(|mark| Some(place(mark)) != standing)
    }

    /// The newest generation, if that is a difference: what the file at the archive's path hasn't got yet.
    pub fn ahead(&self) -> Result<Option<(PathBuf, Label)>> {
        let newest = self.newest()?.filter(|(_, label)| label.generation == self.state.generation);
        Ok(newest.filter(|(path, _)| *path != self.archive && archive::base_of(path).is_some()))
    }

    /// Puts a verified difference into the vault. What it stands for, together with its base, must be good, and newer
    /// than all this vault has given out.
    ///
    /// # Errors
    /// As `publish`; `Damaged` also where its base isn't in this vault.
    pub fn publish_difference(&mut self, new: &Verified, now: Timestamp) -> Result<PathBuf> {
        let label = self.admissible(new)?;
        if new.base().is_none_or(|base| disk::parent(base) != self.dir) {
            return Err(Error::damaged(new.path(), "its base isn't in this vault"));
        }
        disk::set_mode(new.path(), self.rules.archive_mode)?;
        let (size, daily) = (new.mark().size, self.rules.write_budget);
        self.remember(|s| {
            s.generation = label.generation;
            s.written = s.written.plus(size, now, daily);
            s.behind.get_or_insert(now);
            s.refusals.clear();
        })?;
        let to = backup::free_path(&self.dir, Origin::Generation(label.generation), label.made, backup::DIFFERENCE);
        disk::publish(new.path(), &to)?;
        self.bury(label.account.as_ref())?;
        Ok(to)
    }

    /// Puts at the archive's path what the newest difference stands for, where it is ahead. The session isn't looked at.
    /// One that is damaged stays where it is, as what stands at the path does: the next round makes both anew.
    pub fn catch_up(&mut self, now: Timestamp) -> Result<()> {
        let Some((difference, label)) = self.ahead()? else { return Ok(()) };
        let to = self.unfinished()?;
        let whole = archive::put_together(&difference, &to);
        match whole.and_then(|()| archive::flush_and_verify(&to, archive::Depth::Stored)) {
            Ok(whole) => {
                self.put_whole(&whole, &label, now)?;
                self.tidy(now)
            }
            Err(Error::Damaged { .. }) => disk::remove_file(&to),
            Err(e) => Err(e),
        }
    }
}
