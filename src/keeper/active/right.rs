//! One session's right to run: taken before its bot starts, or open while the remote can't be asked. Who renews it when
//! is not decided here.

use super::lease_name;
use crate::disk;
use crate::error::{Error, Fault, Result};
use crate::keeper::ward::Ward;
use crate::remote::Remote;
use crate::remote::lease::{Boot, Claim, Lease, Look, Memory};
use crate::vault::Vault;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Whether another host's lease ends the matter, or is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patience {
    /// The bot here stands and falls with the lease.
    #[default]
    None,
    /// It is tried again as long as this process lives: the bot isn't ours to stop.
    Lasting,
}

/// A session, and its right to run here.
pub(super) struct Held {
    pub(super) session: String,
    vault: PathBuf,
    pub(super) right: Right,
}

impl Held {
    pub(super) fn of(ward: &Ward, right: Right) -> Held {
        Held { session: ward.session.name.clone(), vault: ward.vault.dir().to_owned(), right }
    }

    /// As [`Right::renew`]; that of a bot that was moved to another machine is given up instead, and wanted again once
    /// it is back.
    pub(super) fn renew(&mut self, strict: bool, patience: Patience) -> Result<Option<u64>> {
        if !Vault::is_left(&self.vault) {
            return self.right.renew(strict, patience);
        }
        self.right = match std::mem::replace(&mut self.right, Right::Gone) {
            Right::Ours(lease) => lease.resign().map_or_else(Right::Ours, Right::Open),
            other => other,
        };
        Ok(None)
    }
}

/// One session's right to run.
pub(super) enum Right {
    Ours(Lease),
    /// The remote couldn't be reached so far.
    Open(Claim),
    /// Another host's, as was told; it is waited for.
    Theirs {
        claim: Claim,
        host: Option<String>,
    },
    Gone,
}

impl Right {
    /// Renews what is ours, and takes what couldn't be taken before: returns its generation then.
    ///
    /// # Errors
    /// Once, when it is gone or found to be another host's; with lasting patience it is wanted from then on.
    pub(super) fn renew(&mut self, strict: bool, patience: Patience) -> Result<Option<u64>> {
        let gone = match self {
            Right::Ours(lease) => match lease.renew() {
                Err(e) if matches!(e, Error::LeaseHeld { .. }) || strict && lease.left().is_zero() => e,
                _ => return Ok(None),
            },
            Right::Open(claim) | Right::Theirs { claim, .. } => match claim.look() {
                Ok(Look::Taken(lease)) => {
                    let generation = lease.generation();
                    *self = Right::Ours(lease);
                    return Ok(Some(generation));
                }
                // This host's own under an earlier name: silent, or else another one's at the next look.
                Ok(Look::Held { renamed: true, .. }) | Err(_) => return Ok(None),
                Ok(Look::Held { .. }) if matches!(self, Right::Theirs { .. }) => return Ok(None),
                Ok(Look::Held { holder, .. }) => Error::LeaseHeld { holder },
            },
            Right::Gone => return Ok(None),
        };
        self.lose(&gone, patience);
        Err(gone)
    }

    /// It isn't ours: with lasting patience it is wanted from now on.
    fn lose(&mut self, why: &Error, patience: Patience) {
        let claim = match std::mem::replace(self, Right::Gone) {
            _ if patience == Patience::None => return,
            Right::Ours(lease) => lease.into_claim(),
            Right::Open(claim) | Right::Theirs { claim, .. } => claim,
            Right::Gone => return,
        };
        *self = match why {
            Error::LeaseHeld { holder } => Right::Theirs { claim, host: holder.host.clone() },
            _ => Right::Open(claim),
        };
    }
}

/// Where leases lie, and who takes them.
#[derive(Clone)]
pub(super) struct Claimant {
    pub(super) remote: Arc<dyn Remote>,
    pub(super) host: String,
    pub(super) life: Duration,
}

impl Claimant {
    pub(super) fn claim(&self, ward: &Ward) -> Claim {
        claim(&self.remote, ward, &self.host, self.life)
    }
}

pub(super) fn claim(remote: &Arc<dyn Remote>, ward: &Ward, host: &str, life: Duration) -> Claim {
    // For its memory. A disk that takes nothing is no reason to leave the lease to others.
    let _ = disk::make_dir(ward.work.dir());
    let who = format!("{}", ward.session.path.display());
    let name = lease_name(&ward.session.name);
    let memory = Memory::at(ward.work.lease());
    Claim::new(Arc::clone(remote), Arc::new(Boot), memory, &name, (host, &who), life)
}

pub(super) fn take(
    mut claim: Claim,
    strict: bool,
    patience: Patience,
    wait: &mut dyn FnMut(Duration, bool) -> bool,
    tell: &mut dyn FnMut(&Error),
) -> Result<Right> {
    loop {
        match claim.look() {
            Ok(Look::Taken(lease)) => return Ok(Right::Ours(lease)),
            Ok(Look::Held { wait: left, renamed, .. }) if wait(left, renamed) => {}
            Ok(Look::Held { holder, .. }) if patience == Patience::Lasting => {
                let host = holder.host.clone();
                tell(&Error::LeaseHeld { holder });
                return Ok(Right::Theirs { claim, host });
            }
            Ok(Look::Held { holder, .. }) => return Err(Error::LeaseHeld { holder }),
            Err(e @ Error::Remote { fault: Fault::NoLease { .. }, .. }) => return Err(e),
            Err(e) if strict => return Err(e),
            Err(e) => {
                tell(&e);
                return Ok(Right::Open(claim));
            }
        }
    }
}
