//! Whether an archive may take the place of the one that a remote holds. Generations count on one host; between hosts
//! the lease decides, and without one that the newcomer was pulled from what it replaces.

use crate::error::{Error, Result};
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
}

/// Which archive of a remote this host's session goes back to.
pub type Origin = Option<(String, u64)>;

/// Fails where `theirs` is a later archive than `ours`, or another host's that `ours` doesn't go back to.
///
/// # Errors
/// [`Error::RemoteNewer`].
pub fn require_newer(ours: &Mark, origin: &Origin, theirs: &Mark, place: &str) -> Result<()> {
    let later = match (ours.fence, theirs.fence) {
        (ours, theirs) if ours > theirs => true,
        // A command beside the keeper holds no lease itself: then the hosts decide.
        (1.., theirs) if ours.fence < theirs => false,
        _ if ours.host == theirs.host => ours.generation >= theirs.generation,
        _ => origin.as_ref() == Some(&(theirs.host.clone(), theirs.generation)) && ours.generation > theirs.generation,
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
        Mark { generation, fence, made: Timestamp::UNIX_EPOCH, host: host.into(), digest: String::new() }
    }

    #[test]
    fn a_stale_host_is_fenced_off() {
        let ok = |ours: &Mark, origin: &Origin, theirs: &Mark| require_newer(ours, origin, theirs, "x").is_ok();
        assert!(ok(&mark("a", 5, 0), &None, &mark("a", 4, 0)));
        assert!(!ok(&mark("a", 3, 0), &None, &mark("a", 4, 0)));
        assert!(!ok(&mark("b", 9, 0), &None, &mark("a", 4, 0)), "another host's");
        assert!(ok(&mark("b", 5, 0), &Some(("a".into(), 4)), &mark("a", 4, 0)), "it was pulled from that");
        assert!(!ok(&mark("a", 6, 0), &None, &mark("b", 5, 0)), "the host left behind");
        assert!(ok(&mark("a", 5, 0), &None, &mark("a", 4, 7)) && !ok(&mark("b", 5, 0), &None, &mark("a", 4, 7)));
        assert!(ok(&mark("b", 1, 8), &None, &mark("a", 90, 7)) && !ok(&mark("a", 91, 7), &None, &mark("b", 1, 8)));
    }
}
