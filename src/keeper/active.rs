//! Being the one active host: takes the leases of the sessions before their bot starts, renews them in a thread of its
//! own (a round may take long), and says when one is lost. Where no remote is configured, there is nothing to do.

mod renewal;
mod right;
mod rights;

use super::ward::Ward;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::remote::lease::{Look, standing};
use crate::remote::{Place, Remote, Settings, open};
use crate::sync;
pub use renewal::Active;
pub use right::Patience;
use right::claim;
pub use rights::Rights;
use std::path::Path;
use std::sync::Arc;
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
