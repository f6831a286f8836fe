//! The leases of all sessions that one process runs bots of: taken before the bots start, confirmed, given up.

use super::for_leases;
use super::right::{Claimant, Held, Patience, Right, take};
use crate::config::Config;
use crate::error::{Error, Fault, Result};
use crate::keeper::ward::Ward;
use crate::vault::Vault;
use crate::vault::journal::Event;
use std::collections::BTreeMap;
use std::time::Duration;

/// The leases of all sessions here.
#[derive(Default)]
pub struct Rights {
    pub(super) each: Vec<Held>,
    pub(super) life: Duration,
    strict: bool,
    patience: Patience,
    /// None where no lease can be held.
    pub(super) claimant: Option<Claimant>,
}

impl Rights {
    /// Takes them; with lasting patience those that another host has are tried again later, and `tell` hears whose they
    /// are. `wait` sleeps while another host's lease runs out, or says that this was not asked for; it hears whether
    /// the other seems to be this host under an earlier name.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`]: another host has one, and it is not waited for. With `lease_strict`, where a bot stands and
    /// falls with it, also that the remote can't be reached; else `tell` hears that, and the bot may start (law 11).
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
            Err(e) if rights.holds_back() => return Err(e),
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
            match take(claim, self.holds_back(), self.patience, wait, tell) {
                Ok(right) => self.each.push(Held::of(ward, right)),
                Err(e) if self.holds_back() || matches!(e, Error::LeaseHeld { .. }) => return Err(e),
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

    /// Whether a remote that can't be reached holds the bot back: not one that isn't ours to start, whose keeper goes on.
    fn holds_back(&self) -> bool {
        self.strict && self.patience == Patience::None
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
    pub(super) fn renew(&mut self, but: usize, news: &mut dyn FnMut(&str, Event)) -> bool {
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

    /// How things stand when it begins to be renewed: which leases are ours, and which another host's.
    pub(super) fn news(&self) -> Vec<(String, Event)> {
        let of = |held: &Held| match &held.right {
            Right::Ours(lease) if !lease.left().is_zero() => Some(Event::LeaseTaken { lease: lease.generation() }),
            Right::Theirs { host, .. } => Some(Event::LeaseLost { host: host.clone() }),
            _ => None,
        };
        self.each.iter().filter_map(|held| Some((held.session.clone(), of(held)?))).collect()
    }

    pub(super) fn generations(&self) -> BTreeMap<String, u64> {
        let ours = |held: &Held| match &held.right {
            Right::Ours(lease) if !lease.left().is_zero() => Some((held.session.clone(), lease.generation())),
            _ => None,
        };
        self.each.iter().filter_map(ours).collect()
    }
}
