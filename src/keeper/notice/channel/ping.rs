//! A watchman elsewhere who misses us when we are gone: called at the start and the end of every round. Source of the
//! paths: <https://healthchecks.io/docs/http_api/> (`/start`, nothing, `/fail`).

use super::http;
use crate::config::{Address, Notify};
use crate::notice::Undelivered;
use ureq::Agent;

/// What a round says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beat {
    /// It begins.
    Start,
    /// Every session has a good archive.
    Good,
    /// These haven't.
    Bad(Vec<String>),
}

/// The watchman.
#[derive(Debug)]
pub struct Ping {
    address: Address,
    agent: Agent,
}

impl Ping {
    /// The one that the configuration names.
    pub fn of(config: &Notify) -> Option<Ping> {
        let address = config.ping.clone()?;
        Some(Ping { address, agent: http::agent(config.timeout.unsigned_abs()) })
    }

    /// The host it goes to.
    pub fn host(&self) -> &str {
        self.address.host()
    }

    /// Calls.
    pub fn send(&self, beat: &Beat) -> Result<(), Undelivered> {
        let (path, body) = match beat {
            Beat::Start => ("/start", String::new()),
            Beat::Good => ("", String::new()),
            Beat::Bad(sessions) => ("/fail", sessions.join("\n")),
        };
        let url = format!("{}{path}", self.address.secret());
        http::post(&self.agent, &url, &[("Content-Type", "text/plain; charset=utf-8")], &body)
    }
}
