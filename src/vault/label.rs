//! What an archive says of itself. Stored as JSON in the archive; fields unknown to a reader are ignored by it.

use crate::error::{Error, Result};
use crate::progress::{Identity, Vector};
use crate::verdict::{Code, Grade, Login, Worth};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The label of one archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The session's name: its last folder.
    pub session: String,
    /// The path with which the names in the archive begin.
    pub prefix: String,
    /// The kind's name.
    pub kind: String,
    /// Counts up by one for every archive of this session; never repeats, never falls.
    pub generation: u64,
    /// When the snapshot was taken, UTC.
    pub made: Timestamp,
    /// On which host.
    pub host: String,
    /// The grade its snapshot was given.
    pub verdict: Grade,
    /// The login state its snapshot showed.
    pub login: Login,
    /// What its snapshot left in doubt.
    #[serde(default)]
    pub doubts: Vec<Code>,
    /// Who: `<phone>:<device>@…`.
    pub account: Option<String>,
    /// How far each database had come.
    #[serde(default)]
    pub vector: Vector,
    /// Which login it is.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// Versions of the programs that wrote the session.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
}

impl Label {
    /// The label as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a label has string keys only")
    }

    /// Reads a stored label; `path` is the archive it stands in.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Label> {
        serde_json::from_slice(bytes).map_err(|e| Error::damaged(path, format!("its label can't be read: {e}")))
    }

    /// Worth restoring when it was made.
    pub fn is_good(&self) -> bool {
        self.worth() == Worth::Good
    }

    /// What its snapshot was worth.
    pub fn worth(&self) -> Worth {
        Worth::of(self.verdict, self.login, &self.doubts)
    }

    /// Whether both are of the same pairing: the same account (phone and device number).
    pub fn same_lineage(&self, other: &Label) -> bool {
        self.account == other.account
    }
}
