//! What somebody else put at the archive's path: known as such, copied into the vault, and left there for a while.

use super::backup::Origin;
use super::copies::{INCOMING, USED};
use super::journal::Event;
use super::label::Label;
use super::state::Arrived;
use super::{Vault, difference};
use crate::archive::{self, Depth, Verified};
use crate::disk::{self, FileMark};
use crate::error::Result;
use jiff::Timestamp;

impl Vault {
    /// Takes note of a file that somebody else put at the archive's path: a copy goes into the vault as soon as it
    /// is whole. On the very first look (no journal yet) it doesn't keep the path for itself.
    ///
    /// # Errors
    /// `Io`. A file that isn't whole may still be growing: it is looked at again, and taken in when it has stopped.
    pub fn receive(&mut self, now: Timestamp) -> Result<Option<Event>> {
        self.clear_unfinished()?;
        let Ok(mark) = FileMark::of(&self.archive) else {
            self.remember(|s| s.arrived = None)?;
            return Ok(None);
        };
        let known = self.state.arrived.as_ref().is_some_and(|a| a.mark == mark);
        if known || self.is_ours(mark) {
            return Ok(None);
        }
        let whole = archive::verify(&self.archive, Depth::Content).is_ok();
        if !whole && may_be_growing(now, mark) {
            return Ok(None);
        }
        let first = self.state.generation == 0 && self.state.arrived.is_none();
        self.drop_overwritten(mark)?;
        let kept = self.keep_own_copy(&self.archive.clone(), Origin::Arrived, now)?;
        // Bytes that nobody can restore from keep no path for themselves; lost they are not.
        let since = if first || !whole { Timestamp::UNIX_EPOCH } else { now };
        self.remember(|s| s.arrived = Some(Arrived { mark, since, kept: kept.clone() }))?;
        let until = self.held_until().unwrap_or(now);
        let event = Event::Arrived { kept, until };
        self.record(now, &event)?;
        Ok(Some(event))
    }

    /// What a kill left half done. Callers hold the work lock.
    pub(super) fn clear_unfinished(&self) -> Result<()> {
        [INCOMING, USED, difference::COMING].iter().try_for_each(|name| disk::remove_file(&self.dir.join(name)))?;
        // An upload that was broken off is a key to the account like any archive.
        disk::sweep_beside(&self.archive, "arriving")?;
        disk::sweep_all(&self.dir)
    }

    /// `cp FILE latest` writes into our own inode: the vault's second name for it then isn't that generation any more, and
    /// how the session looked when it was made stands for nothing.
    fn drop_overwritten(&self, mark: FileMark) -> Result<()> {
        for backup in self.backups()? {
            let other = FileMark::of(&backup.path)?;
            if (other.device, other.inode) == (mark.device, mark.inode) {
                self.note_stamp(None)?;
                disk::remove_file(&backup.path)?;
            }
        }
        Ok(())
    }

    /// Whether what stands at the archive's path may still be on its way there: then it says nothing that it isn't whole.
    pub fn is_arriving(&self, now: Timestamp) -> bool {
        FileMark::of(&self.archive).is_ok_and(|mark| !self.is_ours(mark) && may_be_growing(now, mark))
    }

    pub(super) fn held_until(&self) -> Option<Timestamp> {
        let arrived = self.state.arrived.as_ref()?;
        Timestamp::from_second(arrived.since.as_second().saturating_add(self.rules.arrived_hold)).ok()
    }

    /// Until when a file that arrived keeps the archive's path, if one does.
    pub fn is_held(&self, now: Timestamp) -> bool {
        // A clock that was set back holds nothing for longer than was promised.
        let longest = now.as_second().saturating_add(self.rules.arrived_hold);
        self.held_until().is_some_and(|until| now < until && until.as_second() <= longest)
    }

    /// Puts an archive fetched from a remote at the archive's path; what stood there is in the vault. From now on this
    /// session's archives are later than that one.
    pub fn bring(&mut self, new: Verified, now: Timestamp) -> Result<()> {
        self.receive(now)?;
        let label = new.label().and_then(|bytes| Label::from_bytes(bytes, new.path()).ok());
        disk::set_mode(new.path(), self.rules.archive_mode)?;
        let temp = disk::unfinished(&self.archive, "arriving")?;
        disk::copy_file(new.path(), &temp)?;
        disk::set_mode(&temp, self.rules.archive_mode)?;
        disk::publish(&temp, &self.archive)?;
        self.receive(now)?;
        self.remember(|s| {
            if let Some(label) = label {
                s.generation = s.generation.max(label.generation);
                s.pulled = Some((label.host, label.generation));
            }
            s.moved = None;
        })
    }
}

/// A copy that is still being written has a young time of last write. One from the future was brought along, or is from
/// before the clock was set back; a server's clock may be ahead a little.
fn may_be_growing(now: Timestamp, mark: FileMark) -> bool {
    (-60..=60).contains(&(now.as_second() - mark.mtime.0))
}
