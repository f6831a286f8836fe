//! The supervisor above the keeper, systemd or one that speaks its protocol: what it is told, and how often it wants to hear.

use sd_notify::NotifyState;
use std::time::{Duration, Instant};

/// Tells the supervisor, where there is one; that it can't be told is no reason to stop keeping.
pub(super) fn notify(states: &[NotifyState]) {
    let _ = sd_notify::notify(states);
}

/// How long the keeper may sleep at a stretch: half of the time in which the supervisor wants a sign of life.
pub(super) fn pulse() -> Duration {
    sd_notify::watchdog_enabled().map_or(Duration::MAX, |limit| limit / 2)
}

/// Signs of life during a round: not a message for each of a thousand sessions.
#[derive(Debug, Default)]
pub(super) struct Signs {
    last: Option<Instant>,
}

impl Signs {
    /// Gives one, unless one was given a moment ago.
    pub(super) fn alive(&mut self) {
        let moment = pulse().min(Duration::from_secs(1));
        if self.last.is_none_or(|last| last.elapsed() >= moment) {
            notify(&[NotifyState::Watchdog]);
            self.last = Some(Instant::now());
        }
    }
}
