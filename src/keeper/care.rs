//! The sessions in the keeper's care: what it knows of each beside its ward, and how new ones come into it.

use super::round::Round;
use super::ward::{self, Ward};
use super::{Keeper, who_we_are};
use crate::disk::{self, Lock};
use crate::error::Result;
use crate::session::Session;
use crate::vault::journal::Event;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// One ward, and what was last said of it.
pub(super) struct Care {
    pub(super) ward: Ward,
    _lock: Lock,
    pub(super) said: Option<Event>,
    good: Timestamp,
}

impl Care {
    pub(super) fn new(ward: Ward, lock: Lock, now: Timestamp) -> Care {
        // Before the first round the keeper before it knows since when there is no good archive.
        let good = Round::read(&ward.work).map_or(now, |r| r.good.min(now));
        Care { ward, _lock: lock, said: None, good }
    }

    /// Whether it is care for that session, as one of that kind.
    fn is_of(&self, session: &Session) -> bool {
        self.ward.session.path == session.path && self.ward.session.kind.name() == session.kind.name()
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

impl Keeper<'_> {
    /// Takes sessions into care that have come to be since: a second client, or one of another kind than was expected.
    pub fn adopt(&mut self) -> Result<()> {
        let known = self.places();
        let is_known = |s: &Session| known.get(&*s.path).is_some_and(|at| self.cares[*at].is_of(s));
        if ward::any_new(self.config, &is_known)? {
            self.take_in(ward::wards(self.config)?)?;
        }
        // What was only expected is given up once others stand in its place.
        let empty = |w: &Ward| !disk::exists(&w.session.path) && !disk::exists(w.vault.dir());
        if self.cares.iter().any(|c| disk::exists(&c.ward.session.path)) {
            self.cares.retain(|c| !empty(&c.ward));
        }
        Ok(())
    }

    /// Where each session stands among its cares.
    fn places(&self) -> HashMap<&Path, usize> {
        self.cares.iter().enumerate().map(|(at, care)| (&*care.ward.session.path, at)).collect()
    }

    /// Takes those into care that aren't yet, and those anew that are of another kind than was thought.
    fn take_in(&mut self, wards: Vec<Ward>) -> Result<()> {
        let known = self.places();
        let known: Vec<Option<usize>> = wards.iter().map(|w| known.get(&*w.session.path).copied()).collect();
        for (ward, known) in wards.into_iter().zip(known) {
            match known {
                Some(at) if self.cares[at].is_of(&ward.session) => {}
                Some(at) => self.cares[at].ward = ward,
                None => {
                    if let Ok(lock) = ward.work.keeper(&who_we_are())? {
                        self.cares.push(Care::new(ward, lock, (self.clock)()));
                    }
                }
            }
        }
        Ok(())
    }
}
