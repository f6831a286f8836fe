//! A staged login takes the session's place: what stood there goes into the vault, the two are exchanged, and the new one
//! is examined where it lies; then it is settled, or all is as before.

use super::stage::Staged;
use super::{Restoring, choose};
use crate::archive::{self, Archive, Content, Depth, Form};
use crate::disk;
use crate::error::{Error, Result};
use crate::swap::Swap;
use crate::tree::{self, EntryKind};
use crate::vault::journal::Event;
use crate::vault::label::Label;
use crate::vault::state::RestoredFrom;
use crate::verdict::{Code, Login, Verdict, masked};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Instant;

impl<'a> Restoring<'a> {
    pub(super) fn put_in_place(
        &mut self,
        staged: Staged,
        before: &Verdict,
        now: Timestamp,
        started: Instant,
    ) -> Result<Event> {
        let back = self.back(&staged)?;
        let (backup, mut swap) = self.make_ready(before, now).inspect_err(|_| self.clear())?;
        swap.make()?;
        let mut after = match self.session.kind.examine(&self.session.path) {
            Ok(examined) => examined.verdict,
            Err(e) => return swap.undo().and(Err(e)),
        };
        if staged.verdict.is_good() {
            after = after.without(Code::PairRefuted);
        }
        if after.worth() < staged.verdict.worth() {
            swap.undo()?;
            let event = Event::RolledBack { from: staged.from, verdict: after.masked() };
            self.vault.record(now, &event)?;
            return Ok(event);
        }
        self.settle(swap, &staged, before, now)?;
        let event = Event::Restored {
            from: staged.from,
            generation: staged.label.map(|l| l.generation),
            backup,
            account: staged.verdict.account.as_deref().map(masked),
            seconds: started.elapsed().as_secs_f64(),
            back,
            passed_over: staged.passed_over,
        };
        self.vault.record(now, &event)?;
        self.vault.tidy(now)?;
        Ok(event)
    }

    /// All that comes before the first move: what is staged is durable, what stands there is in the vault, and nobody
    /// starts on either.
    fn make_ready(&mut self, before: &Verdict, now: Timestamp) -> Result<(Option<PathBuf>, Swap<'a>)> {
        set_modes(&self.work.stage(), self.mode)?;
        let backup = self.flush_and_back_up(before, now)?;
        let swap = Swap::begin(self.session, self.work)?;
        // Who was faster than the hold is seen now; who comes later refuses to start.
        self.session.require_idle()?;
        Ok((backup, swap))
    }

    /// Both take the disk's time, of which one alone uses little.
    fn flush_and_back_up(&mut self, before: &Verdict, now: Timestamp) -> Result<Option<PathBuf>> {
        let stage = self.work.stage();
        std::thread::scope(|scope| {
            let flushed = scope.spawn(|| disk::sync_tree(&stage));
            let backup = self.back_up(before, now);
            flushed.join().expect("flushing doesn't panic")?;
            disk::sync_dir(self.work.dir())?;
            backup
        })
    }

    /// The swap is decided: what is left of the old session goes while the new one is noted.
    fn settle(&mut self, swap: Swap, staged: &Staged, before: &Verdict, now: Timestamp) -> Result<()> {
        std::thread::scope(|scope| {
            let settled = scope.spawn(|| swap.settle());
            let remembered = self.remember(staged, before, now);
            settled.join().expect("settling doesn't panic")?;
            remembered
        })
    }

    /// What stands there now goes into the vault first, whatever it is worth.
    fn back_up(&mut self, verdict: &Verdict, now: Timestamp) -> Result<Option<PathBuf>> {
        // A link whose target is gone leads to nothing that could be kept.
        if !self.session.path.exists() {
            return Ok(None);
        }
        let (root, entries) = self.session.as_it_lies(&self.work.snapshot())?;
        if entries.is_empty() {
            return Ok(None);
        }
        let kind = self.session.kind;
        let content = Content {
            root: &root,
            prefix: &self.session.prefix,
            entries: &entries,
            immutable: &|entry| kind.immutable(entry),
        };
        // What changed while it was read has a bot that was started meanwhile.
        let kept = self.keep_before(&content, verdict, now).or_else(|e| self.session.require_idle().and(Err(e)))?;
        disk::remove_tree(&self.work.snapshot())?;
        Ok(Some(kept))
    }

    /// Keeps it in the vault as what stood before a restore: by a second name where a generation holds it.
    fn keep_before(&mut self, content: &Content, verdict: &Verdict, now: Timestamp) -> Result<PathBuf> {
        if let Some(kept) = self.in_the_vault(content)? {
            return self.vault.keep_again(&kept, now);
        }
        let base = self.vault.latest().and_then(|_| Archive::open(self.vault.archive()).ok());
        let (to, label) = (self.work.before(), self.label(verdict, now).to_bytes());
        let (_, verified) = archive::write_verified(&to, content, &label, base.as_ref(), Form::Members)?;
        self.vault.keep_before_restore(&verified, now)
    }

    /// A generation in the vault that holds just this, every byte of it looked at: then nothing has to be written.
    fn in_the_vault(&self, content: &Content) -> Result<Option<archive::Verified>> {
        let Some(kept) = self.vault.newest_of_its_own()? else { return Ok(None) };
        // Opened for this look alone: with many files an open archive is megabytes.
        let same = Archive::open(&kept).map_or(Ok(false), |generation| archive::holds(&generation, content))?;
        if !same {
            return Ok(None);
        }
        match archive::verify(&kept, Depth::Stored) {
            Err(Error::Damaged { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    fn label(&self, verdict: &Verdict, now: Timestamp) -> Label {
        Label {
            session: self.session.name.clone(),
            prefix: self.session.prefix.to_string_lossy().into_owned(),
            kind: self.session.kind.name().to_owned(),
            generation: 0,
            made: now,
            host: self.host.to_owned(),
            verdict: verdict.grade,
            login: verdict.login,
            doubts: verdict.doubts(),
            account: verdict.account.clone(),
            vector: crate::progress::Vector::new(),
            identity: None,
            versions: std::collections::BTreeMap::new(),
        }
    }

    fn remember(&mut self, staged: &Staged, before: &Verdict, now: Timestamp) -> Result<()> {
        let fingerprint = choose::fingerprint(&staged.from)?;
        let earlier = self.on_trial().map_or(0, |r| r.tries);
        let tries = if before.login == Login::LoggedOut { earlier + 1 } else { earlier };
        let generation = staged.label.as_ref().map(|l| l.generation);
        self.vault.remember(|s| {
            s.restored = Some(RestoredFrom { generation, fingerprint, time: now, tries, accepted: false });
            s.pending = None;
            s.moved = None;
            s.refusals.clear();
        })?;
        self.vault.note_stamp(None)?;
        self.vault.show_used(&staged.from)?;
        if staged.from == self.vault.archive() { self.vault.accept_standing() } else { Ok(()) }
    }
}

/// Folders get the mode, files what of it applies to files. A file that has a second name is not the login's: it stays as
/// its owner has it, under both.
fn set_modes(root: &Path, mode: u32) -> Result<()> {
    let plain = mode & 0o666;
    if !root.is_dir() {
        return disk::set_mode(root, plain);
    }
    for entry in tree::walk(root, &|_| true)? {
        let (path, is_dir) = (root.join(&entry.path), entry.kind == EntryKind::Dir);
        let bits = if is_dir { mode } else { plain };
        if entry.mode != bits && (is_dir || !disk::has_second_name(&path)?) {
            disk::set_mode(&path, bits)?;
        }
    }
    disk::set_mode(root, mode)
}
