//! Which archives may be restored, best first.

use super::{Restoring, Source, Wish};
use crate::archive;
use crate::disk;
use crate::error::{At, Result};
use crate::vault::backup::{Backup, Origin, is_difference, label_of};
use crate::verdict::{Login, Verdict};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

impl Restoring<'_> {
    /// The archives that may be restored, best first.
    pub(super) fn candidates(&self, current: &Verdict) -> Result<Vec<PathBuf>> {
        match &self.source {
            Source::Arrived => Ok(vec![self.vault.archive().to_owned()]),
            Source::File(file) => Ok(vec![file.clone()]),
            Source::At(time) => Ok(self.made_until(*time)?),
            Source::Newest => self.newest_first(current),
        }
    }

    fn made_until(&self, time: Timestamp) -> Result<Vec<PathBuf>> {
        let standing =
            self.vault.latest().filter(|l| l.made <= time).map(|l| (l.made, self.vault.archive().to_owned()));
        let kept = self.vault.backups()?.into_iter().filter(|b| b.made <= time && b.may_be_good());
        let mut all: Vec<_> = standing.into_iter().chain(kept.map(|b| (b.made, b.path))).collect();
        all.sort_by_key(|(made, _)| std::cmp::Reverse(*made));
        Ok(all.into_iter().map(|(_, path)| path).collect())
    }

    /// A person means what stands at the archive's path, or what the keeper has made of it since; a program means the
    /// newest there is.
    fn newest_first(&self, current: &Verdict) -> Result<Vec<PathBuf>> {
        let standing = [Some(self.vault.archive()), self.shared].into_iter().flatten();
        let standing = standing.filter(|p| disk::exists(p)).map(Path::to_owned);
        let kept = self.vault.backups()?.into_iter();
        let kept = kept.filter(|b| b.may_be_good() && b.origin != Origin::BeforeRestore).map(|b| b.path);
        if self.wish != Wish::IfNeeded {
            // Where ours stands, and a difference is ahead of it.
            let latest = self.vault.latest().map(|label| Some(label.generation));
            let is_ahead = |path: &PathBuf| is_difference(path) && latest.is_some_and(|l| generation(path) > l);
            let (ahead, kept): (Vec<_>, Vec<_>) = kept.partition(is_ahead);
            return Ok(ahead.into_iter().chain(standing).chain(kept).collect());
        }
        let (mut ours, others): (Vec<_>, Vec<_>) = standing.chain(kept).partition(|path| self.is_own(path));
        // A clock that was set back doesn't turn generations round.
        ours.sort_by_key(|path| std::cmp::Reverse(generation(path)));
        for other in others {
            let at = ours.iter().position(|own| made(own) < made(&other)).unwrap_or(ours.len());
            ours.insert(at, other);
        }
        self.leave_out_refused(&mut ours, current)?;
        Ok(ours)
    }

    /// Whether wakeep made it here: its generation then counts.
    fn is_own(&self, path: &Path) -> bool {
        let at_its_path = path == self.vault.archive() && self.vault.latest().is_some();
        at_its_path || path.starts_with(self.vault.dir()) && named_generation(path).is_some()
    }

    /// By itself wakeep restores only the pairing that was there last, and nothing that came back logged out.
    fn leave_out_refused(&self, all: &mut Vec<PathBuf>, current: &Verdict) -> Result<()> {
        let newest = self.vault.newest()?.map(|(_, label)| label);
        let restored = self.on_trial();
        all.retain(|path| match (label_of(path), &newest) {
            (Some(label), Some(newest)) => label.same_lineage(newest),
            _ => true,
        });
        if current.login != Login::LoggedOut {
            return Ok(());
        }
        let mut left = Vec::new();
        for path in all.drain(..) {
            let after = restored.as_ref().zip(label_of(&path)).is_some_and(|(r, l)| l.made > r.time);
            if !after && !self.vault.state().refused.contains(&fingerprint(&path)?) {
                left.push(path);
            }
        }
        *all = left;
        Ok(())
    }
}

/// Which generation an archive is: by its label, else by its name in a vault.
fn generation(path: &Path) -> Option<u64> {
    label_of(path).map(|label| label.generation).or_else(|| named_generation(path))
}

fn named_generation(path: &Path) -> Option<u64> {
    Backup::read(path).ok().flatten()?.generation()
}

/// When an archive was made: by its label, else by the file's time. In seconds since 1970.
fn made(path: &Path) -> i64 {
    let by_file = || disk::FileMark::of(path).map_or(0, |mark| mark.mtime.0);
    label_of(path).map_or_else(by_file, |label| label.made.as_second())
}

/// What an archive is remembered by when the server refuses the login in it.
pub(super) fn fingerprint(path: &Path) -> Result<String> {
    if let Ok(said) = archive::said(path) {
        return Ok(blake3::Hash::from(said.digest).to_hex().to_string());
    }
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).at("opening", path)?;
    hasher.update_reader(file).at("reading", path)?;
    Ok(hasher.finalize().to_hex().to_string())
}
