//! The keeper: stays beside the bots, looks at each session every interval, and archives what changed. One failing
//! session never holds up another, and a failed round is followed by the next.

pub mod active;
pub mod bot;
pub mod botlog;
pub mod browser;
mod care;
pub mod dashboard;
pub mod doctor;
mod files;
mod hearing;
mod look;
pub mod metrics;
pub mod notice;
pub mod pusher;
mod remembered;
pub mod round;
pub mod run;
pub mod seen;
pub mod signals;
pub mod standing;
mod supervisor;
pub mod ward;
mod witness;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::session::Use;
use crate::text::Lang;
use crate::vault::journal::Event;
use care::Care;
use jiff::Timestamp;
use look::{archive, look};
use pusher::Pusher;
use sd_notify::NotifyState;
use signals::{Alarm, Woken};
use std::time::{Duration, Instant};
use supervisor::{Signs, notify, pulse};
use ward::Ward;
pub use witness::Witness;

/// Where the keeper's facts go: to the terminal, the log, the notices. What the round before said too isn't told.
pub type Tell<'a> = &'a mut dyn FnMut(&Ward, &Event, Timestamp);

/// How long the last archive may take on its way to the remote when the keeper ends.
const LAST_PUSH: Duration = Duration::from_secs(20);

/// The resident process.
pub struct Keeper<'a> {
    config: &'a Config,
    host: &'a str,
    lang: Lang,
    clock: fn() -> Timestamp,
    cares: Vec<Care>,
    pusher: Option<Pusher>,
    pusher_error: Option<Error>,
    /// What kept the last round from finding new sessions.
    adopt_failed: Option<String>,
    active: Option<active::Active>,
    witnesses: Vec<Box<dyn Witness + 'a>>,
    signs: Signs,
}

impl<'a> Keeper<'a> {
    /// Takes the wards into care: from now on no other keeper does. Those that can't be taken, for another keeper has
    /// them or their place can't be written to, are returned with the reason.
    pub fn new(
        wards: Vec<Ward>,
        config: &'a Config,
        host: &'a str,
        lang: Lang,
        clock: fn() -> Timestamp,
    ) -> (Keeper<'a>, Vec<(Ward, Error)>) {
        files::allow(wards.len());
        let (mut cares, mut taken) = (Vec::new(), Vec::new());
        for ward in wards {
            if Keeper::only_waits(config, &ward) {
                cares.push(Care::new(ward, None, clock()));
                continue;
            }
            match ward.work.keeper(&who_we_are()) {
                Ok(Ok(lock)) => cares.push(Care::new(ward, Some(lock), clock())),
                Ok(Err(by)) => taken.push((ward, Error::Kept { by })),
                Err(e) => taken.push((ward, e)),
            }
        }
        let (pusher, pusher_error) = match Pusher::start(config, lang) {
            Ok(pusher) => (pusher, None),
            Err(e) => (None, Some(e)),
        };
        let (adopt_failed, active, witnesses, signs) = (None, None, Vec::new(), Signs::default());
        (
            Keeper { config, host, lang, clock, cares, pusher, pusher_error, adopt_failed, active, witnesses, signs },
            taken,
        )
    }

    /// From now on this one looks on, too.
    pub fn show_to(&mut self, witness: Box<dyn Witness + 'a>) {
        self.witnesses.push(witness);
    }

    /// Keeps these leases while it watches, and gives them up in the end.
    pub fn hold(&mut self, active: active::Active) {
        self.active = Some(active);
    }

    /// What its owner said.
    pub fn config(&self) -> &Config {
        self.config
    }

    /// How long it waits for a bot that was asked to end.
    pub fn patience(&self) -> Duration {
        self.config.last_archive_wait.unsigned_abs()
    }

    /// What it has in its care.
    pub fn wards(&self) -> impl Iterator<Item = &Ward> {
        self.cares.iter().map(|c| &c.ward)
    }

    /// Whether there is nothing to keep.
    pub fn is_idle(&self) -> bool {
        self.cares.is_empty()
    }

    /// Looks every interval until it is asked to end; then waits for the bots to let go of their sessions and
    /// takes the last archives.
    ///
    /// # Errors
    /// The signals can't be waited for. What goes wrong with a session is told as an event, and the next round follows.
    pub fn watch(&mut self, alarm: &mut dyn Alarm, tell: Tell) -> Result<()> {
        let interval = self.config.interval.unsigned_abs().max(Duration::from_millis(200));
        self.each(tell, |_, _| Ok(Event::Watching { interval: interval.as_secs() }));
        notify(&[NotifyState::Ready]);
        // What an earlier keeper couldn't push any more.
        if let Some(pusher) = &mut self.pusher {
            let active = self.active.as_ref();
            let fence = |ward: &Ward| active.and_then(|a| a.generation(&ward.session.name));
            self.cares.iter().for_each(|care| pusher.wake(&care.ward, fence(&care.ward)));
        }
        let mut next = Instant::now();
        loop {
            self.hear_of_leases(tell);
            if Instant::now() >= next {
                self.round(tell);
                next = Instant::now() + interval;
            }
            let rest = next.saturating_duration_since(Instant::now());
            // That another host has a lease is told when it is found, however long the interval is.
            let pace = self.active.as_ref().map_or(Duration::MAX, active::Active::pace);
            match alarm.wait(rest.min(pulse()).min(pace))? {
                Woken::Asked => break,
                Woken::Rested => notify(&[NotifyState::Watchdog]),
            }
        }
        self.finish(tell)
    }

    /// One look at every session.
    pub fn round(&mut self, tell: Tell) {
        let began = Instant::now();
        self.adopt_and_tell(tell);
        let (host, tidies) = (self.host, self.config.cleanup);
        self.witnesses.iter_mut().for_each(|w| w.begins());
        self.each(tell, |ward, now| look(ward, host, tidies, now));
        self.hear_of_pushes(tell, Duration::ZERO);
        self.hear_witnesses(tell);
        self.drills(tell);
        self.witnesses.iter_mut().for_each(|w| w.ends(began.elapsed().as_secs_f64()));
    }

    /// The last archives: the best moment, since a bot that has ended has written everything.
    pub fn finish(&mut self, tell: Tell) -> Result<()> {
        notify(&[NotifyState::Stopping]);
        self.hear_of_leases(tell);
        // A bot may have made its session after the last round; what hinders that hinders the archive too, which tells.
        let _ = self.begin_what_came();
        let patience = self.patience();
        let start = Instant::now();
        let in_use = |c: &Care| c.ward.session.in_use() != Use::Free;
        // Who holds a session is asked of every process of the host: for thousands of sessions, once each if they are free.
        let mut held: Vec<&Care> = self.cares.iter().collect();
        loop {
            held.retain(|care| {
                self.signs.alive();
                start.elapsed() < patience && in_use(care)
            });
            if held.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let host = self.host;
        self.each(tell, |ward, now| archive(ward, host, false, now));
        self.hear_of_pushes(tell, LAST_PUSH);
        self.witnesses.iter_mut().for_each(|w| w.leaves());
        self.hear_witnesses(tell);
        self.each(tell, |_, _| Ok(Event::Stopped));
        if let Some(active) = self.active.take() {
            // A keeper may end while its bot runs on: then no other host may have the lease yet.
            let leased = self.cares.iter().filter(|c| active.generation(&c.ward.session.name).is_some());
            let free = leased.filter(|c| !in_use(c)).map(|c| c.ward.session.name.clone());
            let free = free.collect();
            active.release(free);
        }
        Ok(())
    }

    /// Does something for every ward; says what is new, and turns an error into an event of its own.
    fn each(&mut self, tell: Tell, mut work: impl FnMut(&mut Ward, Timestamp) -> Result<Event>) {
        for care in &mut self.cares {
            let (now, began) = ((self.clock)(), Instant::now());
            let event = work(&mut care.ward, now).unwrap_or_else(|e| self.lang.failed(&e));
            if let (Some(pusher), Event::Created { base: None, .. }) = (&mut self.pusher, &event) {
                let active = self.active.as_ref();
                pusher.wake(&care.ward, active.and_then(|a| a.generation(&care.ward.session.name)));
            }
            if !matches!(event, Event::Watching { .. } | Event::Stopped) {
                let round = care.round(&event, now, self.config.interval, began.elapsed());
                self.witnesses.iter_mut().for_each(|w| w.saw(&care.ward, &round));
            }
            let new = care.is_news(&event);
            if new && matches!(event, Event::Failed { .. } | Event::Watching { .. } | Event::Stopped) {
                care.record(now, &event);
            }
            self.signs.alive();
            if new {
                notify(&[NotifyState::Status(&self.lang.event(&event))]);
                tell(&care.ward, &event, now);
            }
            if !matches!(event, Event::Watching { .. }) {
                care.say(&event);
            }
        }
    }
}

/// What other wakeeps are told who find a session in our care.
fn who_we_are() -> String {
    format!("wakeep watch, pid {}", std::process::id())
}
