//! How often a channel may be written to: a few deliveries at once, then at a pace.

use std::time::{Duration, Instant};

/// So many deliveries may follow each other at once; then one every [`PACE`]. What comes to be in between goes together.
const BURST: u32 = 5;
const PACE: Duration = Duration::from_secs(20);

/// How often may be sent.
pub struct Allowance {
    left: u32,
    since: Instant,
}

impl Allowance {
    /// A full one.
    pub fn new() -> Allowance {
        Allowance { left: BURST, since: Instant::now() }
    }

    /// Takes one, if there is one left.
    pub fn take(&mut self) -> bool {
        let earned = (self.since.elapsed().as_secs() / PACE.as_secs()) as u32;
        if earned > 0 {
            self.left = (self.left + earned).min(BURST);
            self.since = Instant::now();
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    /// How long until there is one.
    pub fn pause(&self) -> Duration {
        if self.left > 0 { Duration::ZERO } else { PACE.saturating_sub(self.since.elapsed()) }
    }
}
