//! How archives get into the vault, and one out of it to be shown: by a second name or as a copy, durable in the end.

use super::Vault;
use super::backup::{self, Origin};
use super::journal::Refusal;
use crate::archive::{self, Verified};
use crate::disk::{self, FileMark};
use crate::error::Result;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// Names of copies on their way into the vault, and to be shown beside it.
pub(super) const INCOMING: &str = ".incoming";
pub(super) const USED: &str = ".used";

impl Vault {
    /// Keeps a copy of an archive made elsewhere, with the time it was made.
    pub fn take_in(&self, from: &Path, made: Timestamp) -> Result<PathBuf> {
        self.keep_own_copy(from, Origin::Arrived, made)
    }

    /// Puts the archive that was restored beside the vaults, under the archive's own name: the last one known to have
    /// worked. What wakeep itself put at the archive's path gets a second name, since it is replaced there and not written
    /// into; where the vault has no own file of it, and of anything else, it is a copy.
    pub fn show_used(&self, used: &Path) -> Result<()> {
        let name = self.archive.file_name().unwrap_or_default();
        let to = disk::parent(&self.dir).join(name);
        if to == used || to == self.archive {
            return Ok(());
        }
        let temp = self.dir.join(USED);
        disk::remove_file(&temp)?;
        if is_one_file(used, &to) {
            return Ok(());
        }
        if self.may_be_shared(used)? {
            disk::link_or_copy(used, &temp)?;
        } else if archive::base_of(used).is_some() {
            archive::put_together(used, &temp)?;
        } else {
            disk::copy_file(used, &temp)?;
        }
        disk::set_mode(&temp, self.rules.archive_mode)?;
        disk::publish(&temp, &to)
    }

    /// Whether it is wakeep's own at the archive's path, in the mode it has to have, and the vault has a file of its own
    /// of it: then whoever writes into either name takes nothing away.
    fn may_be_shared(&self, used: &Path) -> Result<bool> {
        let latest = if used == self.archive { self.latest() } else { None };
        let kept = if latest.is_some() { self.newest_of_its_own()? } else { None };
        let same = kept.and_then(|kept| backup::label_of(&kept)) == latest;
        Ok(latest.is_some() && same && disk::mode(used)? == self.rules.archive_mode)
    }

    /// Keeps a verified archive of what stood before a restore. Returns where.
    pub fn keep_before_restore(&mut self, old: &Verified, now: Timestamp) -> Result<PathBuf> {
        let kept = self.keep_a_copy(old.path(), Origin::BeforeRestore, now)?;
        disk::remove_file(old.path())?;
        Ok(kept)
    }

    /// Keeps a verified archive of this vault under a second name: it is what stood before a restore. Returns where.
    pub fn keep_again(&self, kept: &Verified, now: Timestamp) -> Result<PathBuf> {
        self.keep_a_copy(kept.path(), Origin::BeforeRestore, now)
    }

    /// Keeps an archive that is not to be published, for diagnosis: one per reason, the newer replacing the older.
    pub fn keep_rejected(&self, temp: &Path, reason: Refusal) -> Result<PathBuf> {
        disk::make_dir(&self.dir)?;
        let name = format!("rejected_{}.tar.gz", reason.as_str());
        let inside = self.dir.join(format!(".{name}.new"));
        disk::remove_file(&inside)?;
        disk::link_or_copy(temp, &inside)?;
        disk::publish(&inside, &self.dir.join(&name))?;
        disk::remove_file(temp)?;
        Ok(self.dir.join(name))
    }

    /// Gives the archive a second name in the vault (or a copy, on another file system), durable before it returns.
    pub(super) fn keep_a_copy(&self, from: &Path, origin: Origin, made: Timestamp) -> Result<PathBuf> {
        self.bring_in(from, origin, made, disk::link_or_copy)
    }

    /// Copies the file's content: a later write into the original's inode must not reach the vault.
    pub(super) fn keep_own_copy(&self, from: &Path, origin: Origin, made: Timestamp) -> Result<PathBuf> {
        self.bring_in(from, origin, made, |from, to| disk::copy_file(from, to).map(drop))
    }

    fn bring_in(
        &self,
        from: &Path,
        origin: Origin,
        made: Timestamp,
        bring: impl FnOnce(&Path, &Path) -> Result<()>,
    ) -> Result<PathBuf> {
        disk::make_dir(&self.dir)?;
        let to = backup::free_path(&self.dir, origin, made, backup::ending_of(from));
        let temp = self.dir.join(INCOMING);
        disk::remove_file(&temp)?;
        bring(from, &temp)?;
        disk::publish(&temp, &to)?;
        Ok(to)
    }
}

fn is_one_file(a: &Path, b: &Path) -> bool {
    let place = |path| FileMark::of(path).ok().map(|mark| (mark.device, mark.inode));
    place(a).is_some() && place(a) == place(b)
}
