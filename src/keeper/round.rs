//! What the keeper's last round saw of a session, left beside it for whoever looks from outside: the page, metrics. A
//! hint: an older one, or none, costs nothing but the look.

use crate::disk;
use crate::error::Result;
use crate::vault::journal::Event;
use crate::vault::workplace::Workplace;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;

/// The last round of one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// When it was.
    pub time: Timestamp,
    /// When the next one is.
    pub next: Timestamp,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What came of it.
    pub event: Event,
    /// When a round last ended with a good archive that is as the session is.
    pub good: Timestamp,
}

impl Round {
    /// Whether an event means that a good archive stands that is as the session is.
    pub fn is_good(event: &Event) -> bool {
        // Without a size it wasn't looked at: the write budget let it wait.
        matches!(event, Event::Created { .. }) || matches!(event, Event::Unchanged { bytes, .. } if *bytes > 0)
    }

    /// The last one, where one can be read.
    pub fn read(work: &Workplace) -> Option<Round> {
        serde_json::from_slice(&fs::read(file(work)).ok()?).ok()
    }

    /// Leaves it.
    pub fn write(&self, work: &Workplace) -> Result<()> {
        let text = serde_json::to_vec(self).expect("a round has string keys only");
        disk::write_hint(&file(work), &text)
    }
}

/// Where it lies.
pub fn file(work: &Workplace) -> PathBuf {
    work.dir().join("round.json")
}
