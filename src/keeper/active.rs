//! Being the one active host: takes the leases of the sessions before their bot starts, renews them in a thread of its
//! own (a round may take long), and says when one is lost. Where no remote is configured, there is nothing to do.

mod right;

use super::ward::Ward;
use crate::config::Config;
use crate::error::{Error, Fault, Result};
use crate::remote::lease::{Look, standing};
use crate::remote::{Place, Remote, Settings, open};
use crate::sync;
use crate::vault::Vault;
use crate::vault::journal::Event;
pub use right::Patience;
use right::{Claimant, Held, Right, claim, take};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The remote that the configuration names.
pub fn remote(config: &Config, settings: &Settings) -> Result<Option<Arc<dyn Remote>>> {
    let Some(text) = &config.remote else { return Ok(None) };
    let place = Place::parse(text, Path::new(""))?;
    Ok(Some(Arc::from(open(&place, settings)?)))
}

/// The same, less patient: a bot waits for the answer, and a lease runs out meanwhile.
fn for_leases(config: &Config) -> Result<Option<Arc<dyn Remote>>> {
    let patience = (config.lease_life.unsigned_abs() / 6).clamp(Duration::from_secs(2), Duration::from_secs(10));
    remote(config, &Settings { patience, tries: 1, ..sync::settings(config, false) })
}

/// The name of a session's lease at the remote.
pub fn lease_name(session: &str) -> String {
    format!("{session}.lease")
}

/// That no other host may run these bots: what stands before a start beside the process that renews the lease. Takes a
/// free one.
///
/// # Errors
/// [`Error::LeaseHeld`]; with `lease_strict` also that the remote can't be reached. Without, `tell` hears that.
pub fn require<'a>(
    config: &Config,
    wards: impl IntoIterator<Item = &'a Ward>,
    host: &str,
    wait: &mut dyn FnMut(Duration, bool) -> bool,
    tell: &mut dyn FnMut(&Error),
) -> Result<()> {
    let asked = || -> Result<()> {
        let Some(remote) = for_leases(config)? else { return Ok(()) };
        // One that was moved away is refused by whoever restores it, and its lease is the other machine's.
        for ward in wards.into_iter().filter(|w| w.vault.state().moved.is_none()) {
            let mut claim = claim(&remote, ward, host, config.lease_life.unsigned_abs());
            while let Some(Look::Held { holder, wait: left, renamed }) = claim.look_beside()? {
                if !wait(left, renamed) {
                    return Err(Error::LeaseHeld { holder });
                }
            }
        }
        Ok(())
    };
    match asked() {
        Err(e) if !matches!(e, Error::LeaseHeld { .. }) && !config.lease_strict => {
            tell(&e);
            Ok(())
        }
        other => other,
    }
}

/// Gives up this host's lease of a session that was moved to another machine, so that it needn't wait there. A keeper
/// that renews it here does so, too. Returns whether it is free now.
///
/// # Errors
/// `Remote`; `Config` for what is no place. Then it runs out by itself.
pub fn hand_over(config: &Config, ward: &Ward, host: &str) -> Result<bool> {
    let Some(remote) = for_leases(config)?.filter(|_| holds_leases(config)) else { return Ok(false) };
    if standing(&*remote, &lease_name(&ward.session.name))?.is_none() {
        return Ok(true);
    }
    match claim(&remote, ward, host, config.lease_life.unsigned_abs()).look()? {
        Look::Taken(lease) => lease.release().map(|()| true),
        Look::Held { .. } => Ok(false),
    }
}

/// Whether a remote is configured that can hold leases: all but plain SSH.
pub fn holds_leases(config: &Config) -> bool {
    config.remote.as_ref().is_some_and(|text| !text.starts_with("ssh://"))
}

/// Who has a session's lease at the configured remote, and its generation; `None` where nobody has. Nothing is written.
///
/// # Errors
/// `Remote`; `Config` for what is no place.
pub fn holder(config: &Config, session: &str) -> Result<Option<(String, u64)>> {
    match for_leases(config)? {
        Some(remote) => standing(&*remote, &lease_name(session)),
        None => Ok(None),
    }
}

/// The leases of all sessions here.
#[derive(Default)]
pub struct Rights {
    each: Vec<Held>,
    life: Duration,
    strict: bool,
    patience: Patience,
    /// None where no lease can be held.
    claimant: Option<Claimant>,
}

impl Rights {
    /// Takes them; with lasting patience those that another host has are tried again later, and `tell` hears whose they
    /// are. `wait` sleeps while another host's lease runs out, or says that this was not asked for; it hears whether
    /// the other seems to be this host under an earlier name.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`]: another host has one, and it is not waited for. With `lease_strict` also that the remote
    /// can't be reached; without, `tell` hears that, and the bot may start (law 11).
    pub fn take<'a>(
        config: &Config,
        wards: impl IntoIterator<Item = &'a Ward>,
        host: &str,
        patience: Patience,
        wait: &mut dyn FnMut(Duration, bool) -> bool,
        tell: &mut dyn FnMut(&Error),
    ) -> Result<Rights> {
        let (life, strict) = (config.lease_life.unsigned_abs(), config.lease_strict);
        let mut rights = Rights { each: Vec::new(), life, strict, patience, claimant: None };
        match for_leases(config) {
            Ok(None) => return Ok(rights),
            Ok(Some(remote)) => rights.claimant = Some(Claimant { remote, host: host.to_owned(), life }),
            Err(e) if strict => return Err(e),
            Err(e) => {
                tell(&e);
                return Ok(rights);
            }
        }
        match rights.also(wards, wait, tell) {
            Ok(()) => Ok(rights),
            Err(e) => {
                rights.release();
                Err(e)
            }
        }
    }

    /// Takes those of further sessions, too. What it has already stays as it is.
    ///
    /// # Errors
    /// As [`Rights::take`].
    pub fn also<'a>(
        &mut self,
        wards: impl IntoIterator<Item = &'a Ward>,
        wait: &mut dyn FnMut(Duration, bool) -> bool,
        tell: &mut dyn FnMut(&Error),
    ) -> Result<()> {
        for ward in wards {
            let Some(claimant) = self.claimant.as_ref().filter(|_| !self.has(ward)) else { continue };
            let claim = claimant.claim(ward);
            if Vault::is_left(ward.vault.dir()) {
                self.each.push(Held::of(ward, Right::Open(claim)));
                continue;
            }
            match take(claim, self.strict, self.patience, wait, tell) {
                Ok(right) => self.each.push(Held::of(ward, right)),
                Err(e) if self.strict || matches!(e, Error::LeaseHeld { .. }) => return Err(e),
                Err(e) => {
                    if matches!(e, Error::Remote { fault: Fault::NoLease { .. }, .. }) {
                        self.claimant = None;
                    }
                    tell(&e);
                }
            }
        }
        Ok(())
    }

    fn has(&self, ward: &Ward) -> bool {
        self.each.iter().any(|held| held.session == ward.session.name)
    }

    /// Gives all up, so that another host needn't wait.
    pub fn release(self) {
        for held in self.each {
            if let Right::Ours(lease) = held.right {
                // What can't be said there runs out by itself.
                let _ = lease.release();
            }
        }
    }

    /// Once more before a bot starts: what stands between may have taken long.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`]: another host has one by now. With `lease_strict` also that one ran out unrenewed.
    pub fn confirm(&mut self) -> Result<()> {
        let (strict, patience) = (self.strict, self.patience);
        self.each.iter_mut().try_for_each(|held| held.renew(strict, patience).map(drop))
    }

    /// Renews those that are ours, and takes those that can be by now, all but the first few. Returns whether one was lost.
    fn renew(&mut self, but: usize, news: &mut dyn FnMut(&str, Event)) -> bool {
        let mut lost = false;
        for held in &mut self.each[but..] {
            match held.renew(self.strict, self.patience) {
                Ok(None) => {}
                Ok(Some(lease)) => news(&held.session, Event::LeaseTaken { lease }),
                Err(e) => {
                    let host = if let Error::LeaseHeld { holder } = e { holder.host } else { None };
                    news(&held.session, Event::LeaseLost { host });
                    lost = true;
                }
            }
        }
        lost
    }

    fn generations(&self) -> BTreeMap<String, u64> {
        let ours = |held: &Held| match &held.right {
            Right::Ours(lease) if !lease.left().is_zero() => Some((held.session.clone(), lease.generation())),
            _ => None,
        };
        self.each.iter().filter_map(ours).collect()
    }

    /// Renews them from now on, until they are given up. `stop` is called once one is lost.
    pub fn keep(mut self, mut stop: impl FnMut() + Send + 'static) -> Active {
        let shared = Arc::new(Shared::default());
        let (line, words) = channel();
        let (ours, claimant) = (Arc::clone(&shared), self.claimant.clone());
        ours.note(self.generations(), None);
        for (session, lease) in self.generations() {
            ours.note(self.generations(), Some((session, Event::LeaseTaken { lease })));
        }
        let thread = std::thread::spawn(move || {
            let free = if self.claimant.is_some() { self.attend(&words, &ours, &mut stop) } else { BTreeSet::new() };
            self.each.retain(|held| free.contains(&held.session));
            self.release();
        });
        Active { shared, thread: Some(thread), line, claimant }
    }

    /// Renews three times in a life, and does what it is told meanwhile; returns which are free in the end.
    fn attend(&mut self, words: &Receiver<Word>, shared: &Shared, stop: &mut dyn FnMut()) -> BTreeSet<String> {
        let pause = self.life / 3;
        let mut next = Instant::now() + pause;
        loop {
            let lost = match words.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Word::End { free }) => return free,
                Err(RecvTimeoutError::Disconnected) => return BTreeSet::new(),
                Ok(Word::Without(session)) => {
                    self.give_up(&session);
                    shared.note(self.generations(), None);
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
        shared.note(self.generations(), None);
        news.into_iter().for_each(|n| shared.note(self.generations(), Some(n)));
        lost
    }
}

#[derive(Default)]
struct Shared {
    generations: Mutex<BTreeMap<String, u64>>,
    news: Mutex<Vec<(String, Event)>>,
}

impl Shared {
    fn note(&self, generations: BTreeMap<String, u64>, news: Option<(String, Event)>) {
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
    pub(super) fn release(self, free: BTreeSet<String>) {
        // The thread has ended only where there are no leases.
        let _ = self.line.send(Word::End { free });
    }

    /// From now on wants the lease of a session that has come to be since; one that another host has is lost.
    pub(super) fn also(&self, ward: &Ward) {
        if let Some(claimant) = &self.claimant {
            let held = Held::of(ward, Right::Open(claimant.claim(ward)));
            let _ = self.line.send(Word::Also(Box::new(held)));
        }
    }

    /// No longer wants that of a session that is not there.
    pub(super) fn without(&self, ward: &Ward) {
        let _ = self.line.send(Word::Without(ward.session.name.clone()));
    }

    /// What happened since the last call.
    pub(super) fn news(&self) -> Vec<(String, Event)> {
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
