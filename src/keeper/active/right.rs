//! One session's right to run: taken before its bot starts, or open while the remote can't be asked. Who renews it when
//! is not decided here.

use super::lease_name;
use crate::disk;
use crate::error::{Error, Fault, Result};
use crate::keeper::ward::Ward;
use crate::remote::Remote;
use crate::remote::lease::{Boot, Claim, Lease, Look, Memory};
use std::sync::Arc;
use std::time::Duration;

/// One session's right to run.
pub(super) enum Right {
    Ours(Lease),
    /// The remote couldn't be reached so far.
    Open(Claim),
    Gone,
}

impl Right {
    /// Renews what is ours, and takes what couldn't be asked for before.
    ///
    /// # Errors
    /// Once, when it is gone.
    pub(super) fn renew(&mut self, strict: bool) -> Result<()> {
        let gone = match self {
            Right::Ours(lease) => match lease.renew() {
                Err(e) if matches!(e, Error::LeaseHeld { .. }) || strict && lease.left().is_zero() => e,
                _ => return Ok(()),
            },
            Right::Open(claim) => match claim.look() {
                Ok(Look::Taken(lease)) => {
                    *self = Right::Ours(lease);
                    return Ok(());
                }
                Ok(Look::Held { holder, renamed: false, .. }) => Error::LeaseHeld { holder },
                // This host's own under an earlier name: silent, or else another one's at the next look.
                Ok(Look::Held { renamed: true, .. }) | Err(_) => return Ok(()),
            },
            Right::Gone => return Ok(()),
        };
        *self = Right::Gone;
        Err(gone)
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
    wait: &mut dyn FnMut(Duration, bool) -> bool,
    tell: &mut dyn FnMut(&Error),
) -> Result<Right> {
    loop {
        match claim.look() {
            Ok(Look::Taken(lease)) => return Ok(Right::Ours(lease)),
            Ok(Look::Held { holder, wait: left, renamed }) => {
                if !wait(left, renamed) {
                    return Err(Error::LeaseHeld { holder });
                }
            }
            Err(e @ Error::Remote { fault: Fault::NoLease { .. }, .. }) => return Err(e),
            Err(e) if strict => return Err(e),
            Err(e) => {
                tell(&e);
                return Ok(Right::Open(claim));
            }
        }
    }
}
