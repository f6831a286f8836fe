//! What stands in a lease's object, and how it is read and written. Whose it is, is not decided here.

use crate::error::{Error, Fault, Holder, Result};
use crate::remote::{Put, Remote, Source, Tag, When};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// No lease holds longer, whatever its body says.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The object's content, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// Another one in each body: no two bodies, hence no two tags, are alike.
    pub(super) nonce: String,
    pub(super) host: String,
    pub(super) session: String,
    pub(super) generation: u64,
    /// Seconds.
    pub(super) life: f64,
    pub(super) released: bool,
}

impl Body {
    /// How long it holds after it was written; a life that can't be is the longest.
    pub(super) fn life(&self) -> Duration {
        Duration::try_from_secs_f64(self.life).map_or(LONGEST, |life| life.min(LONGEST))
    }

    /// Whether it is the very body that was to be written, whatever became of the answer.
    pub(super) fn is(&self, written: &Body) -> bool {
        (&self.nonce, self.generation, self.released) == (&written.nonce, written.generation, written.released)
            && self.host == written.host
    }

    pub(super) fn holder(&self) -> Holder {
        Holder { pid: None, program: self.session.clone(), host: Some(self.host.clone()) }
    }
}

/// A life and a margin: clocks of two hosts may differ in pace by a tenth, requests take a moment.
pub(super) fn outlived(life: Duration) -> Duration {
    life.saturating_add(life / 5)
}

pub(super) fn read(remote: &dyn Remote, name: &str) -> Result<Option<(Body, Tag)>> {
    let mut text = Vec::new();
    let Some(tag) = remote.get(name, None, &mut text)? else { return Ok(None) };
    let body = serde_json::from_slice(&text).map_err(|e| Error::Remote {
        place: remote.place(),
        fault: Fault::Odd { why: format!("{name} is no lease: {e}") },
    })?;
    Ok(Some((body, tag)))
}

pub(super) fn write(remote: &dyn Remote, name: &str, body: &Body, when: &When) -> Result<Put> {
    let text = serde_json::to_vec(body).expect("a body has only texts and numbers");
    remote.put(name, &Source::bytes(&text), when, &mut |_| {})
}
