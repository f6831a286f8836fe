//! Keeping: a snapshot of the live session becomes the one archive, if it is worth more than nothing and nothing
//! better stands there already. Snapshot, examine, write, verify, publish.

use crate::archive::{self, Archive, Content, Depth, Form, Verified, Written};
use crate::disk;
use crate::error::{Error, Result};
use crate::progress::{Identity, Proof, rewound};
use crate::session::snapshot::{Carry, Snapshot, Stamp};
use crate::session::{Session, Use};
use crate::swap::Swap;
use crate::vault::Vault;
use crate::vault::journal::{Event, Refusal};
use crate::vault::label::Label;
use crate::vault::state::Pending;
use crate::vault::workplace::Workplace;
use crate::verdict::{Code, Grade, Login, Verdict, Worth, masked};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// For how long a login that differs from the last archive's must look the same before it is believed, in seconds.
const SETTLES_AFTER: i64 = 60;

/// How long a restored login must have lasted to count as accepted by the server, in seconds.
const ACCEPTED_AFTER: i64 = 1800;

/// One session, and how it is to be kept.
pub struct Keeping<'a> {
    /// The session.
    pub session: &'a Session,
    /// Where its archives stand.
    pub vault: &'a mut Vault,
    /// Where the work lies.
    pub work: &'a Workplace,
    /// How much of the folder is taken.
    pub carry: Carry,
    /// How the archive is laid out.
    pub form: Form,
    /// Writes an archive although nothing changed.
    pub force: bool,
    /// Nobody waits for the file at the archive's path: until it is due a difference will do.
    pub at_leisure: bool,
    /// This host's name.
    pub host: &'a str,
}

/// Where a generation came to lie, and what it is a difference to.
struct Made {
    archive: PathBuf,
    in_place: bool,
    base: Option<u64>,
}

impl Keeping<'_> {
    /// Makes the archive anew if the session changed. Returns what happened; everything but "unchanged" and
    /// repeated refusals is in the journal then.
    pub fn keep(&mut self, now: Timestamp) -> Result<Event> {
        let _work = self.work.work("archive")?;
        self.vault.refresh()?;
        let event = self.keep_what_changed(now)?;
        if !self.at_leisure && matches!(event, Event::Refused { .. } | Event::Absent { .. }) {
            // Nothing comes of the session: then what a round kept of it goes to the archive's path.
            self.vault.catch_up(now)?;
        }
        Ok(event)
    }

    fn keep_what_changed(&mut self, now: Timestamp) -> Result<Event> {
        if let Some(undone) = Swap::finish_earlier(self.session, self.work)? {
            self.vault.record(now, &Event::Recovered { undone })?;
        }
        self.vault.receive(now)?;
        // A kill left a key to the account there, and nothing may have changed since.
        self.vault.unfinished()?;
        self.vault.unfinished_difference()?;
        let started = Instant::now();
        let stamp = match self.session.stamp() {
            Err(e) if crate::tree::is_vanished(&e) => return Ok(self.absent()),
            other => other?,
        };
        if let Some(unchanged) = self.looks_unchanged(&stamp, now) {
            self.vouch(now)?;
            return Ok(unchanged);
        }
        let event = match self.session.snapshot(&self.work.snapshot(), self.carry) {
            Ok(mut snapshot) => self.judge(&mut snapshot, &stamp, now, started),
            Err(Error::SessionMissing { .. }) => Ok(self.absent()),
            Err(Error::Restless { .. }) => self.refuse(Refusal::Restless, None, now),
            Err(e) => Err(e),
        };
        disk::remove_tree(&self.work.snapshot())?;
        event
    }

    fn absent(&self) -> Event {
        Event::Absent { session: self.session.path.clone() }
    }

    /// A login that is still there half an hour after it was restored was accepted by the server; and what was wrong
    /// with the session isn't any more.
    fn vouch(&mut self, now: Timestamp) -> Result<()> {
        self.vault.remember(|s| {
            s.refusals.clear();
            if let Some(restored) = &mut s.restored
                && now.as_second() - restored.time.as_second() > ACCEPTED_AFTER
            {
                (restored.accepted, restored.tries) = (true, 0);
            }
        })
    }

    /// The cheap answer: not one watched file was written since the last look.
    fn looks_unchanged(&self, stamp: &Stamp, now: Timestamp) -> Option<Event> {
        let same = self.vault.stamp().as_deref() == Some(&stamp.digest);
        if self.force || !same { None } else { self.unchanged(now) }
    }

    /// "Unchanged" can only be said while an archive stands, and not of an older one than the vault has, unless that may
    /// wait: a kill between the vault and the archive's path leaves such a one, too.
    fn unchanged(&self, now: Timestamp) -> Option<Event> {
        let may_wait = self.at_leisure && !self.vault.is_due(now);
        let (archive, label) = match self.vault.latest() {
            Some(label) if label.generation < self.vault.state().generation && !may_wait => return None,
            Some(label) if label.generation < self.vault.state().generation => self.vault.ahead().ok()??,
            Some(label) => (self.vault.archive().to_owned(), label),
            None if self.vault.is_held(now) => self.vault.newest().ok()??,
            None => return None,
        };
        let bytes = disk::FileMark::of(&archive).ok()?.size;
        Some(Event::Unchanged { archive, made: label.made, bytes })
    }

    fn judge(&mut self, snapshot: &mut Snapshot, stamp: &Stamp, now: Timestamp, started: Instant) -> Result<Event> {
        let newest = self.vault.newest()?.map(|(_, label)| label);
        self.absolve(snapshot, newest.as_ref(), now);
        if let Some(reason) = self.objection(snapshot, newest.as_ref(), now)? {
            return self.refuse(reason, Some(snapshot), now);
        }
        let same = newest.as_ref().is_some_and(|n| shows_the_same(snapshot, n));
        let seen = stamp.settled(now).then(|| stamp.digest.clone());
        if same
            && !self.force
            && let Some(unchanged) = self.unchanged(now)
        {
            self.vault.note_stamp(seen.as_deref())?;
            self.vouch(now)?;
            return Ok(unchanged);
        }
        let event = match self.publish(snapshot, now, started) {
            Err(Error::Hostile { .. }) => return self.refuse_unpackable(now),
            other => other?,
        };
        self.vouch(now)?;
        self.vault.note_stamp(seen.as_deref())?;
        Ok(event)
    }

    /// A refuted pair is two logins mixed, or WhatsApp having changed how it locks. A mix shows as a change of the
    /// login; one that looks as it did in the last archive, a minute ago or more, is none.
    fn absolve(&self, snapshot: &mut Snapshot, newest: Option<&Label>, now: Timestamp) {
        let found = &mut snapshot.examination;
        let refuted = found.identity.as_ref().filter(|i| i.proof == Proof::Refuted);
        let Some((login, newest)) = refuted.zip(newest) else { return };
        let same = newest.identity.as_ref().is_some_and(|known| known.same_login(login));
        let pending = self.vault.state().pending.as_ref().filter(|p| p.identity.as_ref() == Some(login));
        let since = if same { Some(newest.made) } else { pending.map(|p| p.since) };
        if since.is_some_and(|since| now.as_second() - since.as_second() >= SETTLES_AFTER) {
            found.verdict = found.verdict.without(Code::PairRefuted);
        }
    }

    /// Why this snapshot may not become the archive, if it may not.
    fn objection(&mut self, snapshot: &Snapshot, newest: Option<&Label>, now: Timestamp) -> Result<Option<Refusal>> {
        let verdict = &snapshot.examination.verdict;
        let least = newest.map_or(Worth::Something, Label::worth);
        if verdict.worth() < least {
            let reason = weakness(verdict);
            let refuted = verdict.without(Code::PairRefuted).worth() > verdict.worth();
            if let (true, Some(newest)) = (refuted, newest) {
                // Starts the minute after which it is believed.
                self.is_settled(snapshot.examination.identity.as_ref(), newest, now)?;
            }
            return Ok(Some(reason));
        }
        let Some(newest) = newest else { return Ok(None) };
        if rewound(&snapshot.examination.vector, &newest.vector).is_some() {
            return Ok(Some(Refusal::Rewound));
        }
        let settled = self.is_settled(snapshot.examination.identity.as_ref(), newest, now)?;
        Ok((!settled).then_some(Refusal::Unsettled))
    }

    /// Another login than the last archive's is believed when its parts are proved to belong together, when two
    /// looks a minute apart agree on it, or when the bot has ended and everything lies on disk.
    fn is_settled(&mut self, login: Option<&Identity>, newest: &Label, now: Timestamp) -> Result<bool> {
        let known = match (login, &newest.identity) {
            (Some(new), Some(old)) => new.same_login(old),
            (new, old) => new.is_none() && old.is_none(),
        };
        let proof = login.map_or(Proof::Unproved, |i| i.proof);
        let ended = || proof != Proof::Refuted && self.session.in_use() == Use::Free;
        if known || proof == Proof::Proved || ended() {
            self.vault.remember(|s| s.pending = None)?;
            return Ok(true);
        }
        let pending = self.vault.state().pending.clone().filter(|p| p.identity.as_ref() == login);
        let since = pending.map_or(now, |p| p.since.min(now));
        self.vault.remember(|s| s.pending = Some(Pending { identity: login.cloned(), since }))?;
        Ok(now.as_second() - since.as_second() >= SETTLES_AFTER)
    }

    fn publish(&mut self, snapshot: &Snapshot, now: Timestamp, started: Instant) -> Result<Event> {
        let label = self.label(snapshot, self.vault.state().generation + 1, now);
        if let Some(event) = self.publish_difference(snapshot, &label, now, started)? {
            return Ok(event);
        }
        let base = self.vault.latest().and_then(|_| Archive::open(self.vault.archive()).ok());
        let (written, verified) = self.write_verified(snapshot, &label, base.as_ref())?;
        let in_place = self.vault.publish(verified, now)?;
        let made = Made { archive: self.vault.archive().to_owned(), in_place, base: None };
        self.tell_of(made, &written, &label, now, started)
    }

    /// What was published goes into the journal, and what it made superfluous goes.
    fn tell_of(
        &mut self,
        made: Made,
        written: &Written,
        label: &Label,
        now: Timestamp,
        started: Instant,
    ) -> Result<Event> {
        let Made { archive, in_place, base } = made;
        let event = Event::Created {
            archive,
            generation: label.generation,
            bytes: written.bytes,
            members: written.members,
            members_reused: written.members_reused,
            seconds: started.elapsed().as_secs_f64(),
            account: label.account.as_deref().map(masked),
            in_place,
            base,
        };
        self.vault.record(now, &event)?;
        self.vault.tidy(now)?;
        Ok(event)
    }

    /// Only what changed since an earlier generation, where that will do. One that doesn't verify together with its base
    /// is none: then all is written.
    fn publish_difference(
        &mut self,
        snapshot: &Snapshot,
        label: &Label,
        now: Timestamp,
        started: Instant,
    ) -> Result<Option<Event>> {
        let base = if self.at_leisure && !self.force { self.vault.base_for(label, now)? } else { None };
        let Some(base) = base.and_then(|path| Archive::open(&path).ok()) else { return Ok(None) };
        let to = self.vault.unfinished_difference()?;
        let written = self.write(&to, snapshot, label, Some(&base), Form::Difference)?;
        let verified = match archive::flush_and_verify(&to, Depth::Stored) {
            Err(Error::Damaged { .. }) => return disk::remove_file(&to).map(|()| None),
            other => other?,
        };
        let archive = self.vault.publish_difference(&verified, now)?;
        let base = Label::from_bytes(base.label(), base.path()).ok().map(|base| base.generation);
        self.tell_of(Made { archive, in_place: false, base }, &written, label, now, started).map(Some)
    }

    /// Members copied from the last archive are as good as that one was: where they don't verify, all is written anew.
    fn write_verified(
        &self,
        snapshot: &Snapshot,
        label: &Label,
        base: Option<&Archive>,
    ) -> Result<(archive::Written, Verified)> {
        let to = self.vault.unfinished()?;
        let written = self.write(&to, snapshot, label, base, self.form)?;
        match archive::flush_and_verify(&to, Depth::Stored) {
            Ok(verified) => Ok((written, verified)),
            Err(_) if base.is_some() => self.write_verified(snapshot, label, None),
            Err(e) => Err(e),
        }
    }

    fn write(
        &self,
        to: &Path,
        snapshot: &Snapshot,
        label: &Label,
        base: Option<&Archive>,
        form: Form,
    ) -> Result<archive::Written> {
        let kind = self.session.kind;
        let content = Content {
            root: &snapshot.root,
            prefix: &self.session.prefix,
            entries: &snapshot.entries,
            immutable: &|entry| kind.immutable(entry),
        };
        archive::write(to, &content, &label.to_bytes(), base, form)
    }

    fn label(&self, snapshot: &Snapshot, generation: u64, now: Timestamp) -> Label {
        let found = &snapshot.examination;
        Label {
            session: self.session.name.clone(),
            prefix: self.session.prefix.to_string_lossy().into_owned(),
            kind: self.session.kind.name().to_owned(),
            generation,
            made: now,
            host: self.host.to_owned(),
            verdict: found.verdict.grade,
            login: found.verdict.login,
            doubts: found.verdict.doubts(),
            account: found.verdict.account.clone(),
            vector: found.vector.clone(),
            identity: found.identity.clone(),
            versions: found.versions.clone(),
        }
    }

    /// Keeps the first snapshot refused for a reason for diagnosis, and journals it; the following ones only return.
    fn refuse(&mut self, reason: Refusal, snapshot: Option<&Snapshot>, now: Timestamp) -> Result<Event> {
        let verdict = snapshot.map(|s| s.examination.verdict.masked());
        let repeated = self.vault.state().refusals.contains(&reason);
        let kept = match snapshot {
            Some(snapshot) if !repeated => Some(self.keep_rejected(snapshot, reason, now)?),
            _ => None,
        };
        let event = Event::Refused { reason, verdict, kept };
        if !repeated {
            self.vault.record(now, &event)?;
            self.vault.remember(|s| s.refusals.push(reason))?;
        }
        Ok(event)
    }

    /// What was written is what a restore would refuse. It isn't kept for diagnosis: its size says all.
    fn refuse_unpackable(&mut self, now: Timestamp) -> Result<Event> {
        self.vault.unfinished()?;
        self.vault.unfinished_difference()?;
        self.refuse(Refusal::Unpackable, None, now)
    }

    fn keep_rejected(&self, snapshot: &Snapshot, reason: Refusal, now: Timestamp) -> Result<PathBuf> {
        let to = self.vault.unfinished()?;
        self.write(&to, snapshot, &self.label(snapshot, 0, now), None, self.form)?;
        self.vault.keep_rejected(&to, reason)
    }
}

fn weakness(verdict: &Verdict) -> Refusal {
    match (verdict.grade, verdict.login) {
        (Grade::Broken | Grade::Missing, _) => Refusal::Broken,
        (_, Login::LoggedOut) => Refusal::LoggedOut,
        (Grade::Doubtful, _) => Refusal::Doubtful,
        (Grade::Sound, Login::Unknown | Login::Paired) => Refusal::UnknownLogin,
    }
}

/// Whether an archive holds all that the snapshot shows. Which files changed doesn't matter: programs append empty
/// records and rewrite settings while nothing happens to the login.
fn shows_the_same(snapshot: &Snapshot, archive: &Label) -> bool {
    let found = &snapshot.examination;
    found.vector == archive.vector
        && found.identity.as_ref().map(|i| &i.marks) == archive.identity.as_ref().map(|i| &i.marks)
        && found.verdict.worth() == archive.worth()
}
