//! Keeping: a snapshot of the live session becomes the one archive, if it is worth more than nothing and nothing
//! better stands there already. Snapshot, examine, write, verify, publish.

mod belief;
mod publish;

use crate::archive::Form;
use crate::disk;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::snapshot::{Carry, Snapshot, Stamp};
use crate::swap::Swap;
use crate::vault::Vault;
use crate::vault::journal::{Event, Refusal};
use crate::vault::workplace::Workplace;
use belief::shows_the_same;
use jiff::Timestamp;
use std::time::Instant;

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

impl Keeping<'_> {
    /// Makes the archive anew if the session changed. Returns what happened; everything but "unchanged" and
    /// repeated refusals is in the journal then.
    ///
    /// # Errors
    /// `Busy` while another wakeep works on the session; `Hostile` or `Damaged` where what was written can't be used; `Io`. A
    /// session that is broken, logged out, missing or never still is no error but an event.
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
            // Who writes into the archive's file may have taken the newest generation away: of an older one it isn't said.
            None if self.vault.is_held(now) => {
                self.vault.newest().ok()?.filter(|(_, label)| label.generation >= self.vault.state().generation)?
            }
            None => return None,
        };
        let bytes = disk::FileMark::of(&archive).ok()?.size;
        Some(Event::Unchanged { archive, made: label.made, bytes, verified: false })
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
}
