//! Restoring: an archive takes the session's place, if the session needs it. Look, choose, stage, examine, back up,
//! swap, examine again, settle or roll back.
//!
//! It never replaces a good session unless forced, never works under a running bot, and never goes on when a person
//! has to scan a QR code.

pub mod back;
mod choose;
mod need;
mod place;
mod stage;

use crate::disk;
use crate::error::{Error, Result};
use crate::session::snapshot::Carry;
use crate::session::{Session, Use};
use crate::swap::Swap;
use crate::unpack;
use crate::vault::Vault;
use crate::vault::journal::{Back, Event, Reason};
use crate::vault::state::RestoredFrom;
use crate::vault::workplace::Workplace;
use crate::verdict::{Login, Verdict, masked};
use jiff::Timestamp;
use stage::Staged;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How urgently the restore is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// By a program: only what certainly helps.
    IfNeeded,
    /// By a person: unless the session is good.
    Asked,
    /// By a person: whatever the session is like.
    Forced,
}

/// Which archive is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The newest good one.
    Newest,
    /// What stands at the archive's path.
    Arrived,
    /// This file.
    File(PathBuf),
    /// The newest good one that is not younger than this.
    At(Timestamp),
}

/// One session, and how it is to be restored.
pub struct Restoring<'a> {
    /// The session.
    pub session: &'a Session,
    /// Where its archives stand.
    pub vault: &'a mut Vault,
    /// Where the work lies.
    pub work: &'a Workplace,
    /// How urgent it is.
    pub wish: Wish,
    /// Which archive is wanted.
    pub source: Source,
    /// A further place to look for archives made elsewhere: where the plain name stands, if that is not this
    /// session's own.
    pub shared: Option<&'a Path>,
    /// Permission bits for the session's folders; files get those of them that apply to files.
    pub mode: u32,
    /// Whether this is the only session here: then an archive of another name is meant for it as well.
    pub alone: bool,
    /// Whether whoever asks knows that no QR page is open but one the bot told of.
    pub qr_unseen: bool,
    /// Only says what would be done.
    pub dry_run: bool,
    /// This host's name.
    pub host: &'a str,
}

impl Restoring<'_> {
    /// Restores the session if it needs it. Returns what happened; every change is in the journal then.
    ///
    /// # Errors
    /// `InUse` or `MaybeInUse` under a running bot; `LeaseHeld` where the bot was moved away; `OtherSession`; `NothingSoOld` or
    /// `NothingToRestore`; `Busy`; `Io`. A candidate that is no good is no error but an event.
    pub fn restore(&mut self, now: Timestamp) -> Result<Event> {
        let Some(session) = self.promised() else { return self.restore_here(now) };
        let mut promised = Restoring {
            session: &session,
            vault: &mut *self.vault,
            work: self.work,
            wish: self.wish,
            source: self.source.clone(),
            shared: self.shared,
            mode: self.mode,
            alone: self.alone,
            qr_unseen: self.qr_unseen,
            dry_run: self.dry_run,
            host: self.host,
        };
        promised.restore_here(now)
    }

    /// The session as the file has it that it is to be restored from, where only its name is known here.
    fn promised(&self) -> Option<Session> {
        let Source::File(file) = &self.source else { return None };
        if !self.is_a_name_only() {
            return None;
        }
        let all = unpack::sessions_in(file).ok()?;
        let named = unpack::meant(&all, |i| &i.prefix, &self.session.name, false)?;
        Some(Session { kind: named.kind, ..self.session.clone() })
    }

    /// Whether nothing here says of what kind the session is, as on a new machine.
    fn is_a_name_only(&self) -> bool {
        !disk::exists(&self.session.path) && matches!(self.vault.newest(), Ok(None))
    }

    fn restore_here(&mut self, now: Timestamp) -> Result<Event> {
        let _work = self.work.work("restore")?;
        let started = Instant::now();
        self.vault.refresh()?;
        self.finish_earlier(now)?;
        self.vault.require_here(self.work, self.wish == Wish::Forced)?;
        self.vault.receive(now)?;
        let verdict = self.look()?;
        if let Some(reason) = self.reason_to_leave(&verdict, now)? {
            return self.leave(reason, verdict, now);
        }
        let candidates = self.candidates(&verdict)?;
        self.require_the_right_path(&verdict, candidates.first())?;
        if candidates.is_empty() && self.wish == Wish::IfNeeded && verdict.login == Login::LoggedOut {
            return self.leave(Reason::Exhausted, verdict, now);
        }
        let staged = match self.stage_best(candidates).inspect_err(|_| self.clear())? {
            Ok(staged) => staged,
            Err(refused) => return Ok(refused),
        };
        if self.dry_run {
            disk::remove_tree(&self.work.stage())?;
            let back = self.back(&staged)?;
            return Ok(Event::WouldRestore { from: staged.from, verdict: verdict.masked(), back });
        }
        // Nobody is stopped, or told to stop, for a restore that can't be.
        self.session.require_idle().inspect_err(|_| self.clear())?;
        self.put_in_place(staged, &verdict, now, started)
    }

    /// What failed before the swap leaves nothing: no key to the account, and no disk as full as it made it.
    fn clear(&self) {
        for left in self.work.left_over() {
            // What can't be removed now is by the next command.
            let _ = disk::remove_tree(&left);
        }
    }

    /// From where to where the archive goes back, if it does: whoever forces it is told.
    fn back(&self, staged: &Staged) -> Result<Option<Back>> {
        staged.label.as_ref().map_or(Ok(None), |label| back::goes_back(self.vault, label))
    }

    /// Brings a swap that a kill cut off to an end before anything else is looked at.
    fn finish_earlier(&mut self, now: Timestamp) -> Result<()> {
        if let Some(undone) = Swap::finish_earlier(self.session, self.work)? {
            self.vault.record(now, &Event::Recovered { undone })?;
        }
        Ok(())
    }

    fn look(&self) -> Result<Verdict> {
        if let Some(verdict) = self.look_in_place() {
            return Ok(verdict);
        }
        let kind = self.session.kind.name();
        let looked = match self.session.snapshot(&self.work.snapshot(), Carry::Login) {
            Ok(snapshot) => Ok(snapshot.examination.verdict),
            Err(Error::SessionMissing { .. }) => Ok(Verdict::missing(kind)),
            // A session that never holds still is a session in use; what it is worth can't be told.
            Err(Error::Restless { .. }) => Ok(Verdict::new(kind, Login::Unknown, None, Vec::new())),
            Err(e) => Err(e),
        };
        disk::remove_tree(&self.work.snapshot())?;
        looked
    }

    /// The verdict on a good session that nobody works on, neither before the look nor after it, where that needs no copy. One
    /// that looks worse is looked at again with patience: a bot that can't be seen from here may be writing.
    fn look_in_place(&self) -> Option<Verdict> {
        let (kind, live) = (self.session.kind, &self.session.path);
        let rests = || kind.is_judged_in_place(live) && self.session.in_use() == Use::Free;
        let looked = if rests() { kind.examine(live).ok()? } else { return None };
        (looked.verdict.is_good() && rests()).then_some(looked.verdict)
    }

    /// The last restore, as long as it isn't known whether the server accepted the login.
    fn on_trial(&self) -> Option<RestoredFrom> {
        self.vault.state().restored.clone().filter(|r| !r.accepted)
    }

    fn leave(&mut self, reason: Reason, verdict: Verdict, now: Timestamp) -> Result<Event> {
        if reason == Reason::Good {
            self.steady()?;
        }
        if reason == Reason::Exhausted && !self.dry_run && !self.was_told()? {
            let account = self.vault.newest()?.and_then(|(_, label)| label.account).as_deref().map(masked);
            self.vault.record(now, &Event::NeedsQr { account })?;
        }
        Ok(Event::NotNeeded { reason, verdict: verdict.masked() })
    }

    /// Whether a person was told since the last restore that a QR code has to be scanned.
    fn was_told(&self) -> Result<bool> {
        let last = self.vault.events()?.into_iter().rev().find_map(|line| match line.event {
            Event::NeedsQr { .. } => Some(true),
            Event::Restored { .. } => Some(false),
            _ => None,
        });
        Ok(last.unwrap_or(false))
    }

    /// What a kill left in a session that stays, and that its own program would stumble over, is put right while
    /// nobody works on it.
    fn steady(&self) -> Result<()> {
        let (kind, live) = (self.session.kind, &self.session.path);
        if self.dry_run || !live.is_dir() || self.session.in_use() != Use::Free {
            return Ok(());
        }
        match kind.hold(&[live], self.work.dir()) {
            Ok(_held) => kind.steady(live),
            // Its bot has just started.
            Err(Error::InUse { .. } | Error::MaybeInUse { .. }) => Ok(()),
            Err(e) => Err(e),
        }
    }
}
