//! Leases that are renewed in a thread of their own, since a round may take long; and what it is told and tells meanwhile.

use super::right::{Claimant, Held, Right};
use super::rights::Rights;
use crate::keeper::ward::Ward;
use crate::vault::journal::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a lease of this life is renewed: three times in it.
fn pace(life: Duration) -> Duration {
    life / 3
}

impl Rights {
    /// Renews them from now on, until they are given up. `stop` is called once one is lost.
    pub fn keep(mut self, mut stop: impl FnMut() + Send + 'static) -> Active {
        let shared = Arc::new(Shared::default());
        let (line, words) = channel();
        let (ours, claimant) = (Arc::clone(&shared), self.claimant.clone());
        ours.note(self.generations(), self.news());
        let thread = std::thread::spawn(move || {
            let free = if self.claimant.is_some() { self.attend(&words, &ours, &mut stop) } else { BTreeSet::new() };
            self.each.retain(|held| free.contains(&held.session));
            self.release();
        });
        Active { shared, thread: Some(thread), line, claimant }
    }

    /// Renews them at their pace, and does what it is told meanwhile; returns which are free in the end.
    fn attend(&mut self, words: &Receiver<Word>, shared: &Shared, stop: &mut dyn FnMut()) -> BTreeSet<String> {
        let pause = pace(self.life);
        let mut next = Instant::now() + pause;
        loop {
            let lost = match words.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Word::End { free }) => return free,
                Err(RecvTimeoutError::Disconnected) => return BTreeSet::new(),
                Ok(Word::Without(session)) => {
                    self.give_up(&session);
                    shared.note(self.generations(), Vec::new());
                    false
                }
                Ok(Word::Also(held)) => {
                    self.each.push(*held);
                    self.renew_and_tell(self.each.len() - 1, shared)
                }
                Err(RecvTimeoutError::Timeout) => {
                    next = Instant::now() + pause;
                    self.renew_and_tell(0, shared)
                }
            };
            if lost {
                stop();
            }
        }
    }

    fn give_up(&mut self, session: &str) {
        if let Some(at) = self.each.iter().position(|held| held.session == session)
            && let Right::Ours(lease) = self.each.swap_remove(at).right
        {
            // What can't be said there runs out by itself.
            let _ = lease.release();
        }
    }

    /// Returns whether one was lost.
    fn renew_and_tell(&mut self, but: usize, shared: &Shared) -> bool {
        let mut news = Vec::new();
        let lost = self.renew(but, &mut |session, event| news.push((session.to_owned(), event)));
        shared.note(self.generations(), news);
        lost
    }
}

#[derive(Default)]
struct Shared {
    generations: Mutex<BTreeMap<String, u64>>,
    news: Mutex<Vec<(String, Event)>>,
}

impl Shared {
    fn note(&self, generations: BTreeMap<String, u64>, news: Vec<(String, Event)>) {
        *self.generations.lock().unwrap_or_else(PoisonError::into_inner) = generations;
        self.news.lock().unwrap_or_else(PoisonError::into_inner).extend(news);
    }
}

/// What the thread that renews is told.
enum Word {
    /// One more session's right, as yet open.
    Also(Box<Held>),
    /// Of this session none is wanted any more.
    Without(String),
    /// All is over; these sessions nobody works with.
    End { free: BTreeSet<String> },
}

/// Leases that are being renewed. When dropped they are no longer, and run out by themselves: a bot may still run.
pub struct Active {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    line: Sender<Word>,
    claimant: Option<Claimant>,
}

impl Active {
    /// The lease's generation of a session that may be published: `None` while it isn't surely ours.
    pub fn generation(&self, session: &str) -> Option<u64> {
        self.shared.generations.lock().unwrap_or_else(PoisonError::into_inner).get(session).copied()
    }

    /// Gives up those of sessions that nobody works with any more, so that another host needn't wait.
    pub(in crate::keeper) fn release(self, free: BTreeSet<String>) {
        // The thread has ended only where there are no leases.
        let _ = self.line.send(Word::End { free });
    }

    /// From now on wants the lease of a session that has come to be since; one that another host has is lost.
    pub(in crate::keeper) fn also(&self, ward: &Ward) {
        if let Some(claimant) = &self.claimant {
            let held = Held::of(ward, Right::Open(claimant.claim(ward)));
            let _ = self.line.send(Word::Also(Box::new(held)));
        }
    }

    /// No longer wants that of a session that is not there.
    pub(in crate::keeper) fn without(&self, ward: &Ward) {
        let _ = self.line.send(Word::Without(ward.session.name.clone()));
    }

    /// How long after the last call there may be news: as often they are renewed. For ever where there are no leases.
    pub(in crate::keeper) fn pace(&self) -> Duration {
        self.claimant.as_ref().map_or(Duration::MAX, |claimant| pace(claimant.life))
    }

    /// What happened since the last call.
    pub(in crate::keeper) fn news(&self) -> Vec<(String, Event)> {
        std::mem::take(&mut *self.shared.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let _ = self.line.send(Word::End { free: BTreeSet::new() });
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
