//! What comes to the keeper from the threads beside it: leases, pushes, notices. It journals and tells it; what to do
//! about it is theirs.

use super::{Keeper, Tell, active};
use crate::vault::journal::Event;
use std::path::{Path, PathBuf};
use std::time::Duration;

impl Keeper<'_> {
    /// What happened to the leases.
    pub(super) fn hear_of_leases(&mut self, tell: Tell) {
        let news = self.active.as_ref().map(active::Active::news).unwrap_or_default();
        for (session, event) in news {
            let care = self.cares.iter().find(|c| c.ward.session.name == session);
            if let Some(dir) = care.map(|c| c.ward.vault.dir().to_owned()) {
                self.note(&dir, &event, tell);
            }
        }
    }

    /// What became of the pushes; waits for those under way, for so long at most.
    pub(super) fn hear_of_pushes(&mut self, tell: Tell, patience: Duration) {
        let mut told = Vec::new();
        if let Some(e) = self.pusher_error.take() {
            let error = self.lang.error(&e).what;
            let remote = self.config.remote.clone().unwrap_or_default();
            let event = Event::PushFailed { remote, error };
            told.extend(self.cares.iter().map(|c| (c.ward.vault.dir().to_owned(), event.clone())));
        }
        if let Some(pusher) = &mut self.pusher {
            let mut hear = |dir: &PathBuf, event| told.push((dir.clone(), event));
            pusher.news(&mut hear);
            pusher.finish(patience, &mut hear);
        }
        told.iter().for_each(|(dir, event)| self.note(dir, event, tell));
    }

    /// What the witnesses have to say. What concerns all sessions is noted of the first: once is enough.
    pub(super) fn hear_witnesses(&mut self, tell: Tell) {
        let news: Vec<_> = self.witnesses.iter_mut().flat_map(|w| w.news()).collect();
        for (dir, event) in news {
            match dir {
                Some(dir) => self.note(&dir, &event, tell),
                None => self.note_of_first(&event, tell),
            }
        }
    }

    /// Journals and tells an event that concerns all sessions of the first.
    pub(super) fn note_of_first(&self, event: &Event, tell: Tell) {
        if let Some(care) = self.cares.first() {
            self.note(care.ward.vault.dir(), event, tell);
        }
    }

    /// Journals and tells an event of this vault's session.
    fn note(&self, dir: &Path, event: &Event, tell: Tell) {
        let now = (self.clock)();
        for care in self.cares.iter().filter(|c| c.ward.vault.dir() == dir) {
            care.record(now, event);
            tell(&care.ward, event, now);
        }
    }
}
