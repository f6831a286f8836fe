//! How far a session's databases had come, and which login they hold: what tells fresh from stale, changed from
//! unchanged and one pairing from another. Floor, since sessions measure it and labels carry it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far one database had come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Which making of the database this is: the same text means that sequences may be compared. Filled from the
    /// live database's folder or file (inode and birth time), empty in a copy.
    pub incarnation: String,
    /// The last sequence number, or another count that never falls while the incarnation lasts.
    pub sequence: u64,
    /// A digest of what the sequence doesn't cover: tables named, or the content itself.
    pub content: String,
}

/// How far all databases of a session had come, by the database's path.
pub type Vector = BTreeMap<String, Progress>;

/// How sure it is that the parts of a login belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Shown by cryptography.
    Proved,
    /// Couldn't be shown; an ordinary state.
    #[default]
    Unproved,
    /// The known way to show it failed: two logins, or a way that has changed.
    Refuted,
}

/// Which login this is. Two examinations with equal marks show the same login.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Digests of what names the login (account, salt, signed identity …), by name.
    pub marks: BTreeMap<String, String>,
    /// Whether the parts are proved to belong together.
    pub proof: Proof,
}

impl Identity {
    /// Whether two examinations show the same login.
    pub fn same_login(&self, other: &Identity) -> bool {
        self.marks == other.marks
    }
}

/// The first database of `now` that would be rewound against `floor`: same incarnation, lower sequence.
/// Returns its path, the sequence expected and the one found.
pub fn rewound(now: &Vector, floor: &Vector) -> Option<(String, u64, u64)> {
    floor.iter().find_map(|(path, known)| {
        let found = now.get(path)?;
        let same_making = found.incarnation == known.incarnation;
        (same_making && found.sequence < known.sequence).then(|| (path.clone(), known.sequence, found.sequence))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(incarnation: &str, sequence: u64) -> Vector {
        let progress = Progress { incarnation: incarnation.into(), sequence, content: String::new() };
        Vector::from([("idb".to_owned(), progress)])
    }

    #[test]
    fn a_rewind_counts_only_within_one_making_of_a_database() {
        assert_eq!(rewound(&at("1", 7), &at("1", 9)), Some(("idb".into(), 9, 7)));
        assert_eq!(rewound(&at("1", 9), &at("1", 9)), None);
        assert_eq!(rewound(&at("2", 1), &at("1", 9)), None);
    }
}
