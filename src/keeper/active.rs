//! Being the one active host: takes the leases of the sessions before their bot starts, renews them in a thread of its
//! own (a round may take long), and says when one is lost. Where no remote is configured, there is nothing to do.

mod right;

use super::ward::Ward;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::remote::lease::{Look, standing};
use crate::remote::{Place, Remote, Settings, open};
use crate::sync;
use crate::vault::Vault;
use crate::vault::journal::Event;
pub use right::Patience;
use right::{Held, Right, claim, take};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

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
        let life = config.lease_life.unsigned_abs();
        let mut rights = Rights { each: Vec::new(), life, strict: config.lease_strict, patience };
        let hinders = |e: &Error| matches!(e, Error::LeaseHeld { .. }) || config.lease_strict;
        let remote = match for_leases(config) {
            Ok(None) => return Ok(rights),
            Ok(Some(remote)) => remote,
            Err(e) if hinders(&e) => return Err(e),
            Err(e) => {
                tell(&e);
                return Ok(rights);
            }
        };
        for ward in wards {
            let claim = claim(&remote, ward, host, life);
            if Vault::is_left(ward.vault.dir()) {
                rights.each.push(Held::of(ward, Right::Open(claim)));
                continue;
            }
            match take(claim, config.lease_strict, patience, wait, tell) {
                Ok(right) => rights.each.push(Held::of(ward, right)),
                Err(e) if hinders(&e) => {
                    rights.release();
                    return Err(e);
                }
                Err(e) => tell(&e),
            }
        }
        Ok(rights)
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

    /// Renews those that are ours, and takes those that can be by now. Returns whether one was lost.
    fn renew(&mut self, news: &mut dyn FnMut(&str, Event)) -> bool {
        let mut lost = false;
        for held in &mut self.each {
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
        let (hang_up, asked) = channel();
        let ours = Arc::clone(&shared);
        ours.note(self.generations(), None);
        for (session, lease) in self.generations() {
            ours.note(self.generations(), Some((session, Event::LeaseTaken { lease })));
        }
        let thread = std::thread::spawn(move || {
            // Three tries in a life.
            let pause = self.life / 3;
            let mut free: std::result::Result<BTreeSet<String>, _> = Err(RecvTimeoutError::Timeout);
            while !self.each.is_empty() && free == Err(RecvTimeoutError::Timeout) {
                free = asked.recv_timeout(pause);
                if free == Err(RecvTimeoutError::Timeout) && self.renew_and_tell(&ours) {
                    stop();
                }
            }
            let free = free.unwrap_or_default();
            self.each.retain(|held| free.contains(&held.session));
            self.release();
        });
        Active { shared, thread: Some(thread), hang_up }
    }

    /// Returns whether one was lost.
    fn renew_and_tell(&mut self, shared: &Shared) -> bool {
        let mut news = Vec::new();
        let lost = self.renew(&mut |session, event| news.push((session.to_owned(), event)));
        news.into_iter().for_each(|n| shared.note(BTreeMap::new(), Some(n)));
        shared.note(self.generations(), None);
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

/// Leases that are being renewed. When dropped they are no longer, and run out by themselves: a bot may still run.
pub struct Active {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    hang_up: Sender<BTreeSet<String>>,
}

impl Active {
    /// The lease's generation of a session that may be published: `None` while it isn't surely ours.
    pub fn generation(&self, session: &str) -> Option<u64> {
        self.shared.generations.lock().unwrap_or_else(PoisonError::into_inner).get(session).copied()
    }

    /// Gives up those of sessions that nobody works with any more, so that another host needn't wait.
    pub(super) fn release(self, free: BTreeSet<String>) {
        // The thread has ended only where there are no leases.
        let _ = self.hang_up.send(free);
    }

    /// What happened since the last call.
    pub(super) fn news(&self) -> Vec<(String, Event)> {
        std::mem::take(&mut *self.shared.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let _ = self.hang_up.send(BTreeSet::new());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
