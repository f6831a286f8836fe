//! Telling somebody who isn't looking: what lasts is told once, then at growing intervals, then that it is over. The
//! rounds only decide and write down; sending is other threads' business, so that no round waits for a network.

pub mod channel;
pub mod courier;
pub mod memory;
pub mod outbox;

use super::Witness;
use super::round::Round;
use super::standing::Outlook;
use super::ward::Ward;
use crate::config::Config;
use crate::error::Result;
use crate::notice::{News, Notice};
use crate::text::Lang;
use crate::vault::journal::Event;
use crate::verdict::masked;
use courier::Couriers;
use jiff::Timestamp;
use memory::Memory;

/// Decides what is told of each round, and hands it to the couriers.
#[derive(Debug)]
pub struct Notices<'a> {
    config: &'a Config,
    host: &'a str,
    couriers: Couriers,
    wrong: Vec<String>,
}

impl<'a> Notices<'a> {
    /// Starts a courier for every channel that the configuration names; none where it names none.
    pub fn new(config: &'a Config, host: &'a str, lang: Lang, clock: fn() -> Timestamp) -> Result<Option<Notices<'a>>> {
        let channels = channel::all(&config.notify, lang)?;
        let ping = channel::ping::Ping::of(&config.notify);
        if channels.is_empty() && ping.is_none() {
            return Ok(None);
        }
        let couriers = Couriers::start(channels, ping, clock);
        Ok(Some(Notices { config, host, couriers, wrong: Vec::new() }))
    }

    fn tell(&self, ward: &Ward, now: Timestamp) -> Result<()> {
        let outlook = Outlook::of(ward, self.config, now)?;
        let mut memory = Memory::load(ward.vault.dir())?;
        let before = memory.clone();
        let mut news = memory.settle(&outlook.conditions, now);
        news.splice(0..0, restores(&outlook, &mut memory));
        let account = outlook.label.as_ref().and_then(|l| l.account.as_deref()).map(masked);
        for news in news {
            let (host, session) = (self.host.to_owned(), ward.session.name.clone());
            let notice = Notice { time: now, host, session, account: account.clone(), news };
            self.couriers.post(ward.vault.dir(), &notice)?;
        }
        // Only what lies in the outbox counts as told: a kill in between tells twice, never not at all.
        if memory != before {
            memory.save(ward.vault.dir())?;
        }
        self.couriers.attend(ward.vault.dir());
        Ok(())
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

impl Witness for Notices<'_> {
    fn begins(&mut self) {
        self.wrong.clear();
        self.couriers.ping(channel::ping::Beat::Start);
    }

    fn saw(&mut self, ward: &Ward, round: &Round) {
        if !Round::is_good(&round.event) {
            self.wrong.push(ward.session.name.clone());
        }
        // A full disk keeps the notice from being written down; the next round tries again.
        let _ = self.tell(ward, round.time);
    }

    fn ends(&mut self, _seconds: f64) {
        let wrong = std::mem::take(&mut self.wrong);
        let beat = if wrong.is_empty() { channel::ping::Beat::Good } else { channel::ping::Beat::Bad(wrong) };
        self.couriers.ping(beat);
    }
}
