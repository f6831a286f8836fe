//! Whether an archive may take the place of the one that a remote holds. Generations count on one host; between hosts
//! the lease decides, and without one that the newcomer was pulled from what it replaces.

use crate::error::{Error, Fault, Result};
use crate::vault::label::Label;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of an archive without opening it. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its generation, as its label says.
    pub generation: u64,
    /// The lease's generation under which it was pushed; 0 without a lease.
    #[serde(default)]
    pub fence: u64,
    /// When it was made, UTC.
    pub made: Timestamp,
    /// On which host.
    pub host: String,
    /// BLAKE3 of the whole archive, open, in hexadecimal; keyed where it is sealed, so that it tells nothing.
    pub digest: String,
    /// Which bot's, as [`who`] says; none where it isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

impl Mark {
    /// What a label says of an archive with this digest.
    pub fn of(label: &Label, fence: u64, digest: String) -> Mark {
        let (generation, made, host) = (label.generation, label.made, label.host.clone());
        Mark { generation, fence, made, host, digest, who: who(label) }
    }
}

/// Which bot: 16 bits of a digest of its number and its kind. Enough to tell two bots apart; so few that they fit a
/// hundred thousand numbers and name none. The device isn't part of it: linked anew, it is the same bot.
pub(super) fn who(label: &Label) -> Option<String> {
    let number = label.account.as_deref()?.split([':', '.', '@']).next().filter(|n| !n.is_empty())?;
    let mut hasher = blake3::Hasher::new_derive_key("wakeep 2026-11 which bot an archive at a remote is of");
    hasher.update(number.as_bytes()).update(b"\n").update(label.kind.as_bytes());
    Some(hasher.finalize().to_hex()[..4].to_owned())
}

/// Which archive of a remote this host's session goes back to.
pub type Ancestor = Option<(String, u64)>;

/// Fails where `theirs` is a later archive than `ours`, another host's that `ours` doesn't go back to, or another bot's.
///
/// # Errors
/// [`Error::RemoteNewer`]; [`Fault::OtherBot`].
pub fn require_newer(ours: &Mark, ancestor: &Ancestor, theirs: &Mark, place: &str) -> Result<()> {
    if ours.who.is_some() && theirs.who.is_some() && ours.who != theirs.who {
        return Err(Error::Remote { place: place.to_owned(), fault: Fault::OtherBot });
    }
    let later = match (ours.fence, theirs.fence) {
        (ours, theirs) if ours > theirs => true,
        // A command beside the keeper holds no lease itself: then the hosts decide.
        (1.., theirs) if ours.fence < theirs => false,
        _ if ours.host == theirs.host => ours.generation >= theirs.generation,
        _ => {
            ancestor.as_ref() == Some(&(theirs.host.clone(), theirs.generation)) && ours.generation > theirs.generation
        }
    };
    if later {
        return Ok(());
    }
    let (place, host, generation) = (place.to_owned(), theirs.host.clone(), theirs.generation);
    Err(Error::RemoteNewer { place, host, generation })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(host: &str, generation: u64, fence: u64) -> Mark {
        let made = Timestamp::UNIX_EPOCH;
        Mark { generation, fence, made, host: host.into(), digest: String::new(), who: None }
    }

    #[test]
    fn a_stale_host_is_fenced_off() {
        let ok = |ours: &Mark, ancestor: &Ancestor, theirs: &Mark| require_newer(ours, ancestor, theirs, "x").is_ok();
        assert!(ok(&mark("a", 5, 0), &None, &mark("a", 4, 0)));
        assert!(!ok(&mark("a", 3, 0), &None, &mark("a", 4, 0)));
        assert!(!ok(&mark("b", 9, 0), &None, &mark("a", 4, 0)), "another host's");
        assert!(ok(&mark("b", 5, 0), &Some(("a".into(), 4)), &mark("a", 4, 0)), "it was pulled from that");
        assert!(!ok(&mark("a", 6, 0), &None, &mark("b", 5, 0)), "the host left behind");
        assert!(ok(&mark("a", 5, 0), &None, &mark("a", 4, 7)) && !ok(&mark("b", 5, 0), &None, &mark("a", 4, 7)));
        assert!(ok(&mark("b", 1, 8), &None, &mark("a", 90, 7)) && !ok(&mark("a", 91, 7), &None, &mark("b", 1, 8)));
    }

    #[test]
    fn another_bot_is_told_whatever_the_lease_says() {
        let of = |who: &str, fence| Mark { who: Some(who.into()), ..mark("a", 5, fence) };
        assert!(require_newer(&of("1", 0), &None, &of("1", 0), "x").is_ok());
        let refused = require_newer(&of("1", 9), &None, &of("2", 0), "x");
        assert!(matches!(refused, Err(Error::Remote { fault: Fault::OtherBot, .. })), "{refused:?}");
        assert!(require_newer(&of("1", 0), &None, &mark("a", 5, 0), "x").is_ok(), "an earlier wakeep didn't say");
    }
}
