//! One thread a channel, so that one that hangs holds up no other and no round: takes what waits in the outboxes,
//! sends it, tries again with growing pauses.

use super::channel::Channel;
use super::channel::ping::{Beat, Ping};
use super::outbox;
use crate::disk;
use crate::error::Result;
use crate::notice::Notice;
use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(600));

/// So many deliveries may follow each other at once; then one every [`PACE`]. What comes to be in between goes together.
const BURST: u32 = 5;
const PACE: Duration = Duration::from_secs(20);

/// How many notices go in one delivery.
pub const TOGETHER: usize = 50;

/// All couriers of a keeper.
#[derive(Debug)]
pub struct Couriers {
    ways: Vec<(&'static str, Sender<PathBuf>)>,
    ping: Option<SyncSender<Beat>>,
}

impl Couriers {
    /// Starts a thread for each channel.
    pub fn start(channels: Vec<Box<dyn Channel>>, ping: Option<Ping>, clock: fn() -> Timestamp) -> Couriers {
        let ways = channels.into_iter().map(|channel| {
            let (sender, orders) = self::channel();
            let name = channel.name();
            let courier = Courier { channel, clock, allowance: Allowance::new() };
            std::thread::spawn(move || courier.work(&orders));
            (name, sender)
        });
        let ways = ways.collect();
        let ping = ping.map(|ping| {
            // Beats are worth something only while they are fresh: what can't be sent in time is dropped.
            let (sender, beats) = sync_channel::<Beat>(2);
            std::thread::spawn(move || {
                beats.iter().for_each(|beat| drop(ping.send(&beat)));
            });
            sender
        });
        Couriers { ways, ping }
    }

    /// Puts a notice into the outbox of every channel.
    pub fn post(&self, vault: &Path, notice: &Notice) -> Result<()> {
        self.ways.iter().try_for_each(|(name, _)| outbox::put(vault, name, notice))
    }

    /// Lets every courier look after the outboxes of this vault.
    pub fn attend(&self, vault: &Path) {
        for (_, orders) in &self.ways {
            // A courier lives as long as its orders come.
            let _ = orders.send(vault.to_owned());
        }
    }

    /// Tells the watchman of a round.
    pub fn ping(&self, beat: Beat) {
        if let Some(ping) = &self.ping {
            let _ = ping.try_send(beat);
        }
    }
}

/// One channel's courier.
struct Courier {
    channel: Box<dyn Channel>,
    clock: fn() -> Timestamp,
    allowance: Allowance,
}

impl Courier {
    fn work(mut self, orders: &Receiver<PathBuf>) {
        let mut vaults = BTreeSet::new();
        let pauses =
            || ExponentialBuilder::default().with_min_delay(PAUSES.0).with_max_delay(PAUSES.1).without_max_times();
        let mut backoff = pauses().build();
        let mut not_before = Instant::now();
        loop {
            let rest = not_before.saturating_duration_since(Instant::now());
            match orders.recv_timeout(if vaults.is_empty() {
                Duration::from_secs(3600)
            } else {
                rest.max(Duration::from_millis(50))
            }) {
                Ok(vault) => {
                    vaults.insert(vault);
                    vaults.extend(orders.try_iter());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if vaults.is_empty() || Instant::now() < not_before {
                continue;
            }
            match self.deliver(&vaults) {
                Delivery::All => {
                    vaults.clear();
                    backoff = pauses().build();
                }
                Delivery::More => not_before = Instant::now() + self.allowance.pause(),
                Delivery::Failed => not_before = Instant::now() + backoff.next().unwrap_or(PAUSES.1),
            }
        }
    }

    /// Sends what waits, oldest first.
    fn deliver(&mut self, vaults: &BTreeSet<PathBuf>) -> Delivery {
        let now = (self.clock)();
        // An outbox that can't be read just now is read with the next order.
        let all = vaults.iter().flat_map(|v| outbox::waiting(v, self.channel.name(), now).unwrap_or_default());
        let mut all: Vec<(PathBuf, Notice)> = all.collect();
        all.sort_by_key(|(_, notice)| notice.time);
        if all.is_empty() {
            return Delivery::All;
        }
        if !self.allowance.take() {
            return Delivery::More;
        }
        let more = all.split_off(all.len().min(TOGETHER));
        let (files, notices): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let sent = self.channel.deliver(&notices, now);
        let done = sent.is_ok();
        // One that can't be removed would be sent twice: better than not at all.
        let removed = done && files.iter().all(|f| disk::remove_file(f).is_ok());
        match (removed, more.is_empty()) {
            (false, _) => Delivery::Failed,
            (true, true) => Delivery::All,
            (true, false) => Delivery::More,
        }
    }
}

enum Delivery {
    All,
    More,
    Failed,
}

/// How often may be sent.
struct Allowance {
    left: u32,
    since: Instant,
}

impl Allowance {
    fn new() -> Allowance {
        Allowance { left: BURST, since: Instant::now() }
    }

    fn take(&mut self) -> bool {
        let earned = (self.since.elapsed().as_secs() / PACE.as_secs()) as u32;
        if earned > 0 {
            self.left = (self.left + earned).min(BURST);
            self.since = Instant::now();
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    fn pause(&self) -> Duration {
        if self.left > 0 { Duration::ZERO } else { PACE.saturating_sub(self.since.elapsed()) }
    }
}
