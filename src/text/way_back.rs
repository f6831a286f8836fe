//! What can bring a login back here: what a person is told to do about a broken session depends on it.

use serde::{Deserialize, Serialize};

/// The way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayBack {
    /// An archive that is here.
    #[default]
    Archive,
    /// None is here, but a remote is configured.
    Remote,
    /// Nothing: the phone has to be linked anew.
    Scan,
}
