//! Restoring: an archive takes the session's place, if the session needs it. Look, choose, stage, examine, back up,
//! swap, examine again, settle or roll back.
//!
//! It never replaces a good session unless forced, never works under a running bot, and never goes on when a person
//! has to scan a QR code.

pub mod back;
mod choose;
mod need;

use crate::archive::{self, Archive, Content, Depth, Form};
use crate::disk;
use crate::error::{Error, Holder, Result};
use crate::session::find;
use crate::session::interior::Interior;
use crate::session::snapshot::Carry;
use crate::session::{Session, Use};
use crate::swap::Swap;
use crate::vault::Vault;
use crate::vault::backup::label_of;
use crate::vault::journal::{Back, Event, Reason};
use crate::vault::label::Label;
use crate::vault::state::RestoredFrom;
use crate::vault::workplace::Workplace;
use crate::verdict::{Code, Finding, Grade, Login, Verdict, Worth, masked};
use crate::{tree, unpack};
use jiff::Timestamp;
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

/// An archive unpacked and found worth restoring.
struct Staged {
    from: PathBuf,
    label: Option<Label>,
    verdict: Verdict,
    /// A better candidate that was no good.
    passed_over: Option<PathBuf>,
}

impl Restoring<'_> {
    /// Restores the session if it needs it. Returns what happened; every change is in the journal then.
    pub fn restore(&mut self, now: Timestamp) -> Result<Event> {
        let _work = self.work.work("restore")?;
        let started = Instant::now();
        self.vault.refresh()?;
        self.finish_earlier(now)?;
        if let (Some(moved), false) = (&self.vault.state().moved, self.wish == Wish::Forced) {
            let holder = Holder { program: "wakeep move".to_owned(), host: Some(moved.to.clone()), pid: None };
            return Err(Error::LeaseHeld { holder });
        }
        self.vault.receive(now)?;
        let verdict = self.look()?;
        if let Some(reason) = self.reason_to_leave(&verdict, now)? {
            return self.leave(reason, verdict, now);
        }
        if !self.dry_run {
            self.session.require_idle()?;
        }
        let candidates = self.candidates(&verdict)?;
        self.require_the_right_path(&verdict, candidates.first())?;
        if candidates.is_empty() && self.wish == Wish::IfNeeded && verdict.login == Login::LoggedOut {
            return self.leave(Reason::Exhausted, verdict, now);
        }
        let staged = match self.stage_best(candidates)? {
            Ok(staged) => staged,
            Err(refused) => return Ok(refused),
        };
        if self.dry_run {
            disk::remove_tree(&self.work.stage())?;
            let back = self.back(&staged)?;
            return Ok(Event::WouldRestore { from: staged.from, verdict: verdict.masked(), back });
        }
        self.put_in_place(staged, &verdict, now, started)
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

    /// Unpacks candidates beside the session, newest first, until one is good.
    fn stage_best(&mut self, candidates: Vec<PathBuf>) -> Result<std::result::Result<Staged, Event>> {
        let mut refused = None;
        for from in candidates {
            match self.stage(&from) {
                Ok(staged) if self.is_worth_it(&staged.verdict) => {
                    return Ok(Ok(Staged { passed_over: refused.map(|(from, _)| from), ..staged }));
                }
                Ok(staged) => refused = refused.or(Some((from, staged.verdict))),
                Err(Error::Damaged { what, .. }) => {
                    refused = refused.or(Some((from.clone(), damaged(&from, Code::ArchiveDamaged, what))));
                }
                Err(Error::Hostile { what, .. }) => {
                    refused = refused.or(Some((from.clone(), damaged(&from, Code::ArchiveHostile, what))));
                }
                Err(e) => return Err(e),
            }
        }
        disk::remove_tree(&self.work.stage())?;
        match refused {
            Some((from, verdict)) => Ok(Err(Event::RestoreRefused { from, verdict: verdict.masked() })),
            None => Err(match self.source {
                Source::At(at) => Error::NothingSoOld { at },
                _ => Error::NothingToRestore { place: self.vault.archive().to_owned() },
            }),
        }
    }

    /// A session that isn't there, while the one that its archive was made of stands beside it, is a slip of the path: a
    /// second copy of the login would come to be kept, and the bot's own not.
    fn require_the_right_path(&self, before: &Verdict, archive: Option<&PathBuf>) -> Result<()> {
        if before.grade != Grade::Missing || self.wish == Wish::Forced {
            return Ok(());
        }
        let Some(label) = archive.and_then(|from| label_of(from)) else { return Ok(()) };
        let other = self.session.home.join(&label.prefix);
        let is_another = other != self.session.path && find::kind_of(&other).is_some_and(|k| k.name() == label.kind);
        if is_another { Err(Error::OtherSession { path: self.session.path.clone(), other }) } else { Ok(()) }
    }

    fn is_worth_it(&self, staged: &Verdict) -> bool {
        let least = if self.wish == Wish::Forced { Worth::Something } else { Worth::Good };
        staged.worth() >= least
    }

    fn stage(&self, from: &Path) -> Result<Staged> {
        let interior = self.interior(from)?;
        let stage = self.work.stage();
        unpack::unfold(from, &interior, &stage, Carry::All)?;
        self.session.kind.mend(&self.session.path, &stage, self.wish == Wish::Forced)?;
        if stage.is_dir() && !self.dry_run {
            disk::begin_writing_tree(&stage)?;
        }
        let mut verdict = self.session.kind.examine(&stage)?.verdict;
        let label = label_of(from);
        // A pair that the keeper came to believe in is believed here too.
        if label.as_ref().is_some_and(Label::is_good) {
            verdict = verdict.without(Code::PairRefuted);
        }
        Ok(Staged { from: from.to_owned(), label, verdict, passed_over: None })
    }

    /// This session within an archive.
    fn interior(&self, from: &Path) -> Result<Interior> {
        let all = unpack::sessions_in(from)?;
        unpack::meant(&all, |i| &i.prefix, &self.session.name, self.alone)
            .cloned()
            .ok_or_else(|| Error::damaged(from, format!("no session {} is in it", self.session.name)))
    }

    fn put_in_place(&mut self, staged: Staged, before: &Verdict, now: Timestamp, started: Instant) -> Result<Event> {
        let back = self.back(&staged)?;
        set_modes(&self.work.stage(), self.mode)?;
        let backup = self.flush_and_back_up(before, now)?;
        let mut swap = Swap::begin(self.session, self.work)?;
        // Who was faster than the hold is seen now; who comes later refuses to start.
        self.session.require_idle()?;
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
        if !disk::exists(&self.session.path) {
            return Ok(None);
        }
        let kept = self.work.snapshot();
        let entries = self.session.as_it_lies(&kept)?;
        if entries.is_empty() {
            return Ok(None);
        }
        let kind = self.session.kind;
        let content = Content {
            root: &kept,
            prefix: &self.session.prefix,
            entries: &entries,
            immutable: &|entry| kind.immutable(entry),
        };
        let backup = match self.in_the_vault(&content)? {
            Some(kept) => self.vault.keep_again(&kept, now)?,
            None => {
                let base = self.vault.latest().and_then(|_| Archive::open(self.vault.archive()).ok());
                let verified = self.write_verified(&content, &self.label(verdict, now), base.as_ref())?;
                self.vault.keep_before_restore(&verified, now)?
            }
        };
        disk::remove_tree(&kept)?;
        Ok(Some(backup))
    }

    /// A generation in the vault that holds just this, every byte of it looked at: then nothing has to be written.
    fn in_the_vault(&self, content: &Content) -> Result<Option<archive::Verified>> {
        let Some(kept) = self.vault.newest_of_its_own()? else { return Ok(None) };
        let Ok(generation) = Archive::open(&kept) else { return Ok(None) };
        if !archive::holds(&generation, content)? {
            return Ok(None);
        }
        match archive::verify(&kept, Depth::Stored) {
            Err(Error::Damaged { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// What the last archive holds already is copied from it; where that doesn't verify, all is written anew.
    fn write_verified(&self, content: &Content, label: &Label, base: Option<&Archive>) -> Result<archive::Verified> {
        let temp = self.work.dir().join("before.tar.gz");
        disk::remove_file(&temp)?;
        archive::write(&temp, content, &label.to_bytes(), base, Form::Members)?;
        match archive::flush_and_verify(&temp, Depth::Stored) {
            Err(_) if base.is_some() => self.write_verified(content, label, None),
            other => other,
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

fn damaged(path: &Path, code: Code, what: String) -> Verdict {
    Verdict::new("archive", Login::Unknown, None, vec![Finding::new(code, path, what)])
}

/// Folders get the mode, files what of it applies to files.
fn set_modes(root: &Path, mode: u32) -> Result<()> {
    let plain = mode & 0o666;
    if !root.is_dir() {
        return disk::set_mode(root, plain);
    }
    for entry in tree::walk(root, &|_| true)? {
        let bits = if entry.kind == tree::EntryKind::Dir { mode } else { plain };
        disk::set_mode(&root.join(&entry.path), bits)?;
    }
    disk::set_mode(root, mode)
}
