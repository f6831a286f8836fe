//! The sessions in the keeper's care: what it knows of each beside its ward, and how new ones come into it.

use super::round::Round;
use super::ward::{self, Ward};
use super::{Keeper, Tell, who_we_are};
use crate::config::Config;
use crate::disk::{self, Lock};
use crate::error::Result;
use crate::session::Session;
use crate::vault::journal::Event;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::time::Duration;

/// What was last said of a session: a mark of the event. The event itself, with its paths, would be held for thousands.
type Said = u64;

/// One ward, and what was last said of it.
pub(super) struct Care {
    pub(super) ward: Ward,
    /// The keeper's place; not taken while the session is only waited for.
    lock: Option<Lock>,
    said: Option<Said>,
    good: Timestamp,
}

impl Care {
    pub(super) fn new(ward: Ward, lock: Option<Lock>, now: Timestamp) -> Care {
        // Before the first round the keeper before it knows since when there is no good archive.
        let good = Round::read(&ward.work).map_or(now, |r| r.good.min(now));
        Care { ward, lock, said: None, good }
    }

    /// Whether its session has yet to come to be, in a folder that may be the wrong one: nothing is made there until then.
    pub(super) fn waits(&self) -> bool {
        self.lock.is_none()
    }

    /// Takes the keeper's place as soon as there is something to keep. Returns whether nobody else has it.
    ///
    /// # Errors
    /// `Io`.
    fn begin(&mut self) -> Result<bool> {
        if !self.waits() || self.ward.is_unseen() {
            return Ok(true);
        }
        self.lock = self.ward.work.keeper(&who_we_are())?.ok();
        Ok(!self.waits())
    }

    /// Notes an event in the journal. Where even that can't be written there is only the telling left.
    pub(super) fn record(&self, now: Timestamp, event: &Event) {
        if !self.waits() {
            let _ = self.ward.vault.record(now, event);
        }
    }

    /// Whether it is care for that session, as one of that kind.
    fn is_of(&self, session: &Session) -> bool {
        self.ward.session.path == session.path && self.ward.session.kind.name() == session.kind.name()
    }

    /// Whether an event is news, and not what was said of it last.
    pub(super) fn is_news(&self, event: &Event) -> bool {
        said(event).is_none_or(|mark| self.said != Some(mark))
    }

    /// From now on that was said of it last.
    pub(super) fn say(&mut self, event: &Event) {
        self.said = said(event);
    }

    /// Notes what came of a round for those who look from outside.
    pub(super) fn round(&mut self, event: &Event, now: Timestamp, interval: SignedDuration, took: Duration) -> Round {
        if Round::is_good(event) {
            self.good = now;
        }
        let next = now.checked_add(interval).unwrap_or(now);
        let seconds = took.as_secs_f64();
        let round = Round { time: now, next, seconds, event: event.clone(), good: self.good };
        // A hint that can't be left is missed by the page only.
        let _ = round.write(&self.ward.work);
        round
    }
}

/// The mark of what the next round may say again; none of what is news each time. A refusal says its reason.
fn said(event: &Event) -> Option<Said> {
    let words = match event {
        Event::Created { .. } | Event::Restored { .. } => return None,
        Event::Refused { reason, .. } => serde_json::to_vec(reason),
        other => serde_json::to_vec(other),
    };
    let mut hasher = DefaultHasher::new();
    hasher.write(&words.expect("an event has string keys only"));
    Some(hasher.finish())
}

/// Whether nothing of it was ever seen: neither a session nor a backup.
fn is_expected(ward: &Ward) -> bool {
    !disk::exists(&ward.session.path) && !disk::exists(ward.vault.dir())
}

impl Keeper<'_> {
    /// Takes sessions into care that have come to be since: a second client, or one of another kind than was expected.
    ///
    /// # Errors
    /// The sessions can't be listed just now, or one of them can't be taken; the others are.
    pub fn adopt(&mut self) -> Result<()> {
        let known = self.places();
        let is_known = |s: &Session| known.get(&*s.path).is_some_and(|at| self.cares[*at].is_of(s));
        let taken = match ward::any_new(self.config, &is_known)? {
            true => self.take_in(ward::wards(self.config)?),
            false => Ok(()),
        };
        let begun = self.begin_what_came();
        self.give_up_expected();
        taken.and(begun)
    }

    /// Begins to keep what was waited for and has come to be. What another keeper has begun with is its.
    ///
    /// # Errors
    /// `Io`; it is tried again.
    pub(super) fn begin_what_came(&mut self) -> Result<()> {
        let mut begun = Ok(());
        self.cares.retain_mut(|care| match care.begin() {
            Ok(ours) => ours,
            Err(e) => {
                begun = Err(e);
                true
            }
        });
        begun
    }

    /// Whether the session is only waited for: nobody named it, and nothing of it was ever seen here. A lease is held for
    /// what has yet to come to be, too.
    pub(super) fn only_waits(config: &Config, ward: &Ward) -> bool {
        config.file.is_none() && config.remote.is_none() && ward.is_unseen()
    }

    /// [`Keeper::adopt`] of a round: that it fails is said once, and once that it works again.
    pub(super) fn adopt_and_tell(&mut self, tell: Tell) {
        let failed = self.adopt().err().map(|e| self.lang.error(&e).what);
        if failed == self.adopt_failed {
            return;
        }
        let event = match failed.clone() {
            Some(error) => Event::SearchFails { error },
            None => Event::SearchWorks,
        };
        self.adopt_failed = failed;
        self.note_of_first(&event, tell);
    }

    /// What was only expected is given up once others stand in its place.
    fn give_up_expected(&mut self) {
        if !self.has_any() {
            return;
        }
        let active = self.active.as_ref();
        self.cares.retain(|care| {
            let expected = is_expected(&care.ward);
            if expected {
                active.inspect(|active| active.without(&care.ward));
            }
            !expected
        });
    }

    /// Whether a session stands that is in its care.
    fn has_any(&self) -> bool {
        self.cares.iter().any(|c| disk::exists(&c.ward.session.path))
    }

    /// Where each session stands among its cares.
    fn places(&self) -> HashMap<&Path, usize> {
        self.cares.iter().enumerate().map(|(at, care)| (&*care.ward.session.path, at)).collect()
    }

    /// Takes those into care that aren't yet, and those anew that are of another kind than was thought.
    fn take_in(&mut self, wards: Vec<Ward>) -> Result<()> {
        let known = self.places();
        let known: Vec<Option<usize>> = wards.iter().map(|w| known.get(&*w.session.path).copied()).collect();
        let mut taken = Ok(());
        for (ward, known) in wards.into_iter().zip(known) {
            match known {
                Some(at) if self.cares[at].is_of(&ward.session) => {}
                Some(at) => self.cares[at].ward = ward,
                None if is_expected(&ward) && self.has_any() => {}
                None if Keeper::only_waits(self.config, &ward) => self.care_for(ward, None),
                None => match ward.work.keeper(&who_we_are()) {
                    Ok(Ok(lock)) => self.care_for(ward, Some(lock)),
                    // Another keeper's.
                    Ok(Err(_)) => {}
                    Err(e) => taken = taken.and(Err(e)),
                },
            }
        }
        taken
    }

    fn care_for(&mut self, ward: Ward, lock: Option<Lock>) {
        if let Some(active) = &self.active {
            active.also(&ward);
        }
        self.cares.push(Care::new(ward, lock, (self.clock)()));
    }
}
