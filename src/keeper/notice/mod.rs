//! Telling somebody who isn't looking: what lasts is told once, then at growing intervals, then that it is over. The
//! rounds only decide and write down; sending is other threads' business, so that no round waits for a network.

mod allowance;
pub mod channel;
pub mod courier;
mod couriers;
pub mod memory;
pub mod outbox;

use super::Witness;
use super::round::Round;
use super::standing::Outlook;
use super::ward::Ward;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::notice::{Condition, News, Notice};
use crate::platform::files;
use crate::text::Lang;
use crate::vault::journal::Event;
use crate::verdict::{masked, veiled};
use courier::Turn;
use couriers::Couriers;
use jiff::Timestamp;
use memory::Memory;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the last notices may take on their way when the keeper ends.
const LAST_NOTICES: Duration = Duration::from_secs(10);

/// Decides what is told of each round, and hands it to the couriers.
#[derive(Debug)]
pub struct Notices<'a> {
    config: &'a Config,
    host: &'a str,
    lang: Lang,
    couriers: Couriers,
    wrong: Vec<String>,
    /// What no disk took, by vault: what was told isn't told again for that.
    unsaved: BTreeMap<PathBuf, Memory>,
    /// The file systems with little space, and the vault whose session tells of it.
    full: BTreeMap<u64, PathBuf>,
}

impl<'a> Notices<'a> {
    /// Starts a courier for every channel that the configuration names; none where it names none. What is wrong with a
    /// channel that can't be used comes beside it.
    pub fn new(
        config: &'a Config,
        host: &'a str,
        lang: Lang,
        clock: fn() -> Timestamp,
    ) -> (Option<Notices<'a>>, Vec<Error>) {
        let (channels, errors) = channel::all(&config.notify, lang);
        let ping = channel::ping::Ping::of(&config.notify);
        if channels.is_empty() && ping.is_none() {
            return (None, errors);
        }
        let couriers = Couriers::start(channels, ping, clock);
        let (unsaved, full) = (BTreeMap::new(), BTreeMap::new());
        (Some(Notices { config, host, lang, couriers, wrong: Vec::new(), unsaved, full }), errors)
    }

    /// Tells what is new. Returns whether something is wrong that was told.
    fn tell(&mut self, ward: &Ward, now: Timestamp) -> Result<bool> {
        let vault = ward.vault.dir();
        let outlook = Outlook::of(ward, self.config, now)?;
        let unsaved = self.unsaved.remove(vault);
        let is_unsaved = unsaved.is_some();
        let mut memory = unsaved.map_or_else(|| Memory::load(vault), Ok)?;
        let before = memory.clone();
        let wrong = self.its_own(&outlook, &memory, vault);
        let mut news = memory.settle(&wrong, now);
        news.splice(0..0, restores(&outlook, &mut memory));
        let account = outlook.label.as_ref().and_then(|l| l.account.as_deref()).map(masked);
        for news in news {
            let (host, session) = (self.host.to_owned(), veiled(&ward.session.name));
            let notice = Notice { time: now, host, session, account: account.clone(), news };
            self.couriers.post(vault, &notice);
        }
        // Only what lies in the outbox counts as told: a kill in between tells twice, never not at all.
        let troubled = memory.is_troubled();
        if (is_unsaved || memory != before) && memory.save(vault).is_err() {
            self.unsaved.insert(vault.to_owned(), memory);
        }
        self.couriers.attend(vault);
        Ok(troubled)
    }

    /// What is wrong with this session, but for a full file system that another session tells of.
    fn its_own(&mut self, outlook: &Outlook, memory: &Memory, vault: &Path) -> Vec<Condition> {
        let device = |path: &Path| std::fs::metadata(path).map_or(0, |m| files::identity(&m).0);
        let mut wrong = Vec::new();
        let mut still = None;
        for condition in &outlook.conditions {
            if let Condition::DiskNearlyFull { path, .. } = condition {
                let device = device(path);
                let teller = self.full.entry(device).or_insert_with(|| vault.to_owned());
                if teller != vault && !memory.has(condition.name()) {
                    continue;
                }
                still = Some(device);
            }
            wrong.push(veil(condition));
        }
        self.full.retain(|device, teller| teller != vault || still == Some(*device));
        wrong
    }
}

/// The same with the phone numbers masked that names and paths hold.
fn veil(condition: &Condition) -> Condition {
    match condition.clone() {
        Condition::RoundsFail { error } => Condition::RoundsFail { error: veiled(&error) },
        Condition::DiskNearlyFull { path, free } => {
            Condition::DiskNearlyFull { path: veiled(&path.to_string_lossy()).into(), free }
        }
        other => other,
    }
}

/// Restores that the journal has and that weren't told: whichever wakeep did them.
fn restores(outlook: &Outlook, memory: &mut Memory) -> Vec<News> {
    let last = outlook.lines.last().map(|l| l.time);
    // What was before the first look is no news.
    let Some(seen) = std::mem::replace(&mut memory.seen, last) else { return Vec::new() };
    let new = outlook.lines.iter().filter(|l| l.time > seen);
    new.filter_map(|l| match &l.event {
        Event::Restored { from, .. } => {
            Some(News::Restored { from: from.file_name().unwrap_or_default().to_string_lossy().into_owned() })
        }
        _ => None,
    })
    .collect()
}

/// The vaults that a channel's turn concerns; none means all.
fn places(turn: &Turn) -> Vec<Option<PathBuf>> {
    if turn.vaults.is_empty() { vec![None] } else { turn.vaults.iter().cloned().map(Some).collect() }
}

fn told(turn: &Turn, lang: Lang) -> Event {
    let (channel, host) = (turn.channel.to_owned(), turn.host.clone());
    match turn.why {
        Some(why) => Event::NoticesFail { channel, host, error: lang.why_undelivered(why) },
        None => Event::NoticesArrive { channel, host },
    }
}

impl Witness for Notices<'_> {
    fn begins(&mut self) {
        self.wrong.clear();
        self.couriers.ping(channel::ping::Beat::Start);
    }

    fn saw(&mut self, ward: &Ward, round: &Round) {
        // What can't be looked at isn't well, either.
        if self.tell(ward, round.time).unwrap_or(true) {
            self.wrong.push(veiled(&ward.session.name));
        }
    }

    fn ends(&mut self, _seconds: f64) {
        let wrong = std::mem::take(&mut self.wrong);
        let beat = if wrong.is_empty() { channel::ping::Beat::Good } else { channel::ping::Beat::Bad(wrong) };
        self.couriers.ping(beat);
    }

    fn news(&mut self) -> Vec<(Option<PathBuf>, Event)> {
        let mut news = Vec::new();
        for turn in self.couriers.turns() {
            news.extend(places(&turn).into_iter().map(|place| (place, told(&turn, self.lang))));
        }
        news
    }

    fn leaves(&mut self) {
        self.couriers.finish(self.config.notify.timeout.unsigned_abs().min(LAST_NOTICES));
    }
}
