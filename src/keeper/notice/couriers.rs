//! All couriers of a keeper: a thread a channel, and one for the watchman's beats.

use super::channel::Channel;
use super::channel::ping::{Beat, Ping};
use super::courier::{Courier, Order, Turn};
use super::outbox;
use crate::notice::Notice;
use jiff::Timestamp;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

/// All couriers of a keeper.
#[derive(Debug)]
pub struct Couriers {
    ways: Vec<(&'static str, Sender<Order>)>,
    ping: Option<SyncSender<Beat>>,
    turns: Receiver<Turn>,
}

impl Couriers {
    /// Starts a thread for each channel.
    pub fn start(channels: Vec<Box<dyn Channel>>, ping: Option<Ping>, clock: fn() -> Timestamp) -> Couriers {
        let (tell, turns) = self::channel();
        let ways = channels.into_iter().map(|channel| {
            let (sender, orders) = self::channel();
            let name = channel.name();
            let courier = Courier::new(channel, clock, tell.clone());
            std::thread::spawn(move || courier.work(&orders));
            (name, sender)
        });
        let ways = ways.collect();
        let ping = ping.map(|ping| {
            // Beats are worth something only while they are fresh: what can't be sent in time is dropped.
            let (sender, beats) = sync_channel::<Beat>(2);
            std::thread::spawn(move || beat(&ping, &beats, &tell));
            sender
        });
        Couriers { ways, ping, turns }
    }

    /// The channels that have begun to fail or to work since it was last asked.
    pub fn turns(&self) -> Vec<Turn> {
        self.turns.try_iter().collect()
    }

    /// Puts a notice into the outbox of every channel; where no disk takes it, the courier has it in its hand.
    pub fn post(&self, vault: &Path, notice: &Notice) {
        let may = |channel: &str| notice.news.condition().is_none_or(|c| c.goes_by(channel));
        for (name, orders) in self.ways.iter().filter(|(name, _)| may(name)) {
            if outbox::put(vault, name, notice).is_err() {
                // A courier lives as long as its orders come.
                let _ = orders.send(Order::Carry(vault.to_owned(), notice.clone()));
            }
        }
    }

    /// Lets every courier look after the outboxes of this vault.
    pub fn attend(&self, vault: &Path) {
        for (_, orders) in &self.ways {
            let _ = orders.send(Order::Attend(vault.to_owned()));
        }
    }

    /// Lets every courier try once more, and waits for that, for so long at most.
    pub fn finish(&self, patience: Duration) {
        let (trying, tried) = channel();
        for (_, orders) in &self.ways {
            let _ = orders.send(Order::Finish(trying.clone()));
        }
        drop(trying);
        // Nothing is ever sent: it ends when the last courier has let go.
        let _ = tried.recv_timeout(patience);
    }

    /// Tells the watchman of a round.
    pub fn ping(&self, beat: Beat) {
        if let Some(ping) = &self.ping {
            let _ = ping.try_send(beat);
        }
    }
}

/// Sends every beat, and tells when that begins to fail or to work.
fn beat(ping: &Ping, beats: &Receiver<Beat>, tell: &Sender<Turn>) {
    let mut failed = false;
    for beat in beats {
        let why = ping.send(&beat).err();
        if std::mem::replace(&mut failed, why.is_some()) != why.is_some() {
            let turn = Turn { channel: "ping", host: ping.host().to_owned(), why, vaults: Vec::new() };
            // Nobody listens any more only when the keeper has ended.
            let _ = tell.send(turn);
        }
    }
}
