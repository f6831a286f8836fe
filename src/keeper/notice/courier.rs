//! One thread a channel, so that one that hangs holds up no other and no round: takes what waits in the outboxes,
//! sends it, tries again with growing pauses. That a channel fails is said once, and once that it is well again.

use super::allowance::Allowance;
use super::channel::Channel;
use super::outbox;
use crate::disk;
use crate::notice::{Notice, Undelivered};
use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(600));

/// How many notices go in one delivery.
pub const TOGETHER: usize = 50;

/// A channel that has begun to fail, or to work again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The channel's stable name.
    pub channel: &'static str,
    /// The host it goes to.
    pub host: String,
    /// Why nothing arrives; none where it does again.
    pub why: Option<Undelivered>,
    /// Whose notices these are; the watchman's beats are of no vault.
    pub vaults: Vec<PathBuf>,
}

/// What a courier is asked for.
#[derive(Debug)]
pub(super) enum Order {
    /// To look after its outbox in this vault.
    Attend(PathBuf),
    /// To send what could be written down nowhere.
    Carry(PathBuf, Notice),
    /// To send what it has at once, and to drop this when it has tried.
    Finish(Sender<()>),
}

/// One channel's courier.
pub(super) struct Courier {
    channel: Box<dyn Channel>,
    clock: fn() -> Timestamp,
    allowance: Allowance,
    vaults: BTreeSet<PathBuf>,
    /// What lies in no outbox.
    carried: Vec<Waiting>,
    /// What has arrived, but can't be removed from its outbox yet.
    delivered: BTreeSet<PathBuf>,
    /// Who waits for the next try.
    awaited: Vec<Sender<()>>,
    /// The vaults of which it was said that their notices don't arrive.
    failing: BTreeSet<PathBuf>,
    tell: Sender<Turn>,
}

/// A notice that waits.
struct Waiting {
    vault: PathBuf,
    /// Where it lies in an outbox.
    file: Option<PathBuf>,
    notice: Notice,
}

impl Courier {
    pub(super) fn new(channel: Box<dyn Channel>, clock: fn() -> Timestamp, tell: Sender<Turn>) -> Courier {
        let (vaults, delivered, failing) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (allowance, carried, awaited) = (Allowance::new(), Vec::new(), Vec::new());
        Courier { channel, clock, allowance, vaults, carried, delivered, awaited, failing, tell }
    }

    pub(super) fn work(mut self, orders: &Receiver<Order>) {
        let pauses =
            || ExponentialBuilder::default().with_min_delay(PAUSES.0).with_max_delay(PAUSES.1).without_max_times();
        let mut backoff = pauses().build();
        let mut not_before = Instant::now();
        loop {
            let rest = not_before.saturating_duration_since(Instant::now()).max(Duration::from_millis(50));
            match orders.recv_timeout(if self.is_idle() { Duration::from_secs(3600) } else { rest }) {
                Ok(order) => std::iter::once(order).chain(orders.try_iter()).for_each(|o| self.take(o)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Let go of at the end of this turn: then it was tried.
            let awaited = std::mem::take(&mut self.awaited);
            let hurried = !awaited.is_empty();
            if self.is_idle() || (Instant::now() < not_before && !hurried) {
                continue;
            }
            match self.deliver(hurried) {
                Delivery::All => {
                    self.vaults.clear();
                    backoff = pauses().build();
                }
                Delivery::More => not_before = Instant::now() + self.allowance.pause(),
                Delivery::Failed => not_before = Instant::now() + backoff.next().unwrap_or(PAUSES.1),
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.vaults.is_empty() && self.carried.is_empty()
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Attend(vault) => drop(self.vaults.insert(vault)),
            Order::Carry(vault, notice) => self.carry([Waiting { vault, file: None, notice }]),
            Order::Finish(awaited) => self.awaited.push(awaited),
        }
    }

    /// Keeps those that no file keeps; the oldest give way, as in an outbox.
    fn carry(&mut self, waiting: impl IntoIterator<Item = Waiting>) {
        self.carried.extend(waiting.into_iter().filter(|w| w.file.is_none()));
        self.carried.drain(..self.carried.len().saturating_sub(outbox::MOST));
    }

    /// Sends what waits, oldest first; beyond its allowance only where it is the last chance.
    fn deliver(&mut self, hurried: bool) -> Delivery {
        let now = (self.clock)();
        let mut batch = self.waiting(now);
        if batch.is_empty() {
            return Delivery::All;
        }
        if !self.allowance.take() && !hurried {
            self.carry(batch);
            return Delivery::More;
        }
        let more = batch.split_off(batch.len().min(TOGETHER));
        let is_last = more.is_empty();
        self.carry(more);
        let notices: Vec<Notice> = batch.iter().map(|w| w.notice.clone()).collect();
        let sent = self.channel.deliver(&notices, now);
        self.turn(&batch, sent.err());
        if sent.is_err() {
            self.carry(batch);
            return Delivery::Failed;
        }
        // One that can't be removed isn't sent again, though: not by this keeper.
        let files = batch.into_iter().filter_map(|w| w.file);
        self.delivered.extend(files.filter(|f| disk::remove_file(f).is_err()));
        if is_last { Delivery::All } else { Delivery::More }
    }

    /// Tells of each vault once that its notices don't arrive, and once that they do again.
    fn turn(&mut self, batch: &[Waiting], why: Option<Undelivered>) {
        let vaults: BTreeSet<PathBuf> = match why {
            Some(_) => batch.iter().map(|w| w.vault.clone()).filter(|v| !self.failing.contains(v)).collect(),
            None => std::mem::take(&mut self.failing),
        };
        if vaults.is_empty() {
            return;
        }
        if why.is_some() {
            self.failing.extend(vaults.iter().cloned());
        }
        let (channel, host) = (self.channel.name(), self.channel.host().to_owned());
        // Nobody listens any more only when the keeper has ended.
        let _ = self.tell.send(Turn { channel, host, why, vaults: vaults.into_iter().collect() });
    }

    /// What isn't delivered yet, oldest first; what was carried is handed out.
    fn waiting(&mut self, now: Timestamp) -> Vec<Waiting> {
        self.delivered.retain(|file| disk::remove_file(file).is_err());
        let name = self.channel.name();
        let mut found = std::mem::take(&mut self.carried);
        for vault in &self.vaults {
            // An outbox that can't be read just now is read with the next order.
            let all = outbox::waiting(vault, name, now).unwrap_or_default().into_iter();
            let new = all.filter(|(file, _)| !self.delivered.contains(file));
            found.extend(new.map(|(file, notice)| Waiting { vault: vault.clone(), file: Some(file), notice }));
        }
        found.sort_by_key(|w| w.notice.time);
        found
    }
}

enum Delivery {
    All,
    More,
    Failed,
}

#[cfg(test)]
mod tests {
    use super::super::couriers::Couriers;
    use super::*;
    use crate::notice::News;
    use std::fs;
    use std::sync::mpsc::channel;

    /// A channel into a queue.
    struct Queue(Sender<usize>);

    impl Channel for Queue {
        fn name(&self) -> &'static str {
            "webhook"
        }

        fn host(&self) -> &'static str {
            "here"
        }

        fn deliver(&self, notices: &[Notice], _: Timestamp) -> std::result::Result<(), Undelivered> {
            self.0.send(notices.len()).map_err(|_| Undelivered::NotReached)
        }
    }

    fn then() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn notice() -> Notice {
        Notice { time: then(), host: "h".into(), session: "session".into(), account: None, news: News::Test }
    }

    #[test]
    fn what_no_disk_takes_is_sent_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, sent) = channel();
        let couriers = Couriers::start(vec![Box::new(Queue(sender))], None, then);
        let vault = dir.path().join("vault");
        fs::write(&vault, "a file where a folder should be").unwrap();
        couriers.post(&vault, &notice());
        couriers.finish(Duration::from_secs(60));
        assert_eq!(sent.try_recv(), Ok(1), "the last chance was waited for");
    }

    #[test]
    fn what_arrived_but_cannot_be_removed_is_not_sent_again() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, sent) = channel();
        let mut courier = Courier::new(Box::new(Queue(sender)), then, channel().0);
        outbox::put(dir.path(), "webhook", &notice()).unwrap();
        courier.take(Order::Attend(dir.path().to_owned()));
        let (file, _) = outbox::waiting(dir.path(), "webhook", then()).unwrap().remove(0);
        let text = fs::read(&file).unwrap();
        assert!(matches!(courier.deliver(false), Delivery::All));
        // As if it had stayed: it is in the way, and goes when it can.
        fs::write(&file, text).unwrap();
        courier.delivered.insert(file.clone());
        assert!(matches!(courier.deliver(false), Delivery::All));
        assert_eq!(sent.try_iter().sum::<usize>(), 1);
        assert!(!file.exists());
    }
}
