//! Figures in the text form that Prometheus reads. Names and units: `docs/metrics.md`. Phone numbers never stand here.

use super::Witness;
use super::round::Round;
use super::seen::Seen;
use super::standing::Outlook;
use super::ward::Ward;
use crate::disk::{self, FileMark};
use crate::notice::{Condition, Standing};
use crate::vault::journal::Event;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A gauge that may have a fraction.
type Figure = Gauge<f64, AtomicU64>;

/// What came of the rounds of one session.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    archives: u64,
    refused: u64,
    failed: u64,
}

/// What this keeper counted since it started.
#[derive(Debug)]
pub struct Tally {
    rounds: Mutex<Histogram>,
    /// By the session's path.
    counts: Mutex<BTreeMap<PathBuf, Counts>>,
    alive: Mutex<Instant>,
}

impl Tally {
    /// For how long the rounds have given no sign of life.
    pub fn silence(&self) -> Duration {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn lives(&self) {
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Default for Tally {
    fn default() -> Tally {
        let rounds = Histogram::new([0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0]);
        Tally { rounds: Mutex::new(rounds), counts: Mutex::default(), alive: Mutex::new(Instant::now()) }
    }
}

impl Witness for Arc<Tally> {
    fn begins(&mut self) {
        self.lives();
    }

    fn saw(&mut self, ward: &Ward, round: &Round) {
        self.lives();
        let mut all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all.entry(ward.session.path.clone()).or_default();
        match round.event {
            Event::Created { .. } => counts.archives += 1,
            Event::Refused { .. } => counts.refused += 1,
            Event::Failed { .. } => counts.failed += 1,
            _ => {}
        }
    }

    fn ends(&mut self, seconds: f64) {
        self.lives();
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner).observe(seconds);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSession {
    session: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    session: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithCondition {
    session: String,
    condition: &'static str,
}

/// All figures of these sessions as they are now.
pub fn text(all: &[Seen], tally: Option<&Tally>, now: Timestamp) -> String {
    let mut registry = Registry::with_prefix("wakeep");
    logins(&mut registry, all);
    archives(&mut registry, all, now);
    if let Some(tally) = tally {
        let rounds = tally.rounds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        registry.register("round_seconds", "How long rounds over all sessions took", rounds);
        counted(&mut registry, all, tally);
    }
    let mut out = String::new();
    encode(&mut out, &registry).expect("a string takes everything");
    out
}

/// The same in the older text form (0.0.4), where a counter's description carries the whole name of its figures.
pub fn older(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with("# EOF") && !l.starts_with("# UNIT")).collect();
    let counts = |name: &str| lines.contains(&format!("# TYPE {name} counter").as_str());
    let whole = |line: &str| {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counts(name) => {
                format!("# {what} {name}_total {rest}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    lines.iter().map(|line| whole(line)).collect()
}

fn counted(registry: &mut Registry, all: &[Seen], tally: &Tally) {
    let counts = tally.counts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut counter = |name: &str, help: &str, of: &dyn Fn(&Counts) -> u64| {
        let family = Family::<OfSession, Counter>::default();
        for seen in all {
            if let Some(counts) = counts.get(&seen.ward.session.path) {
                family.get_or_create(&OfSession { session: seen.name.clone() }).inc_by(of(counts));
            }
        }
        registry.register(name, help, family);
    };
    counter("archives", "Archives written since the keeper started", &|c| c.archives);
    counter("refused_snapshots", "Snapshots refused since the keeper started", &|c| c.refused);
    counter("failed_rounds", "Failed rounds since the keeper started", &|c| c.failed);
}

fn logins(registry: &mut Registry, all: &[Seen]) {
    let (states, wrong) = (Family::<InState, Gauge>::default(), Family::<WithCondition, Gauge>::default());
    for Seen { name, outlook, .. } in all {
        let session = || name.clone();
        for state in Standing::ALL {
            let is = i64::from(state == outlook.standing);
            states.get_or_create(&InState { session: session(), state: state.as_str() }).set(is);
        }
        for condition in Condition::NAMES {
            let is = outlook.conditions.iter().any(|c| c.name() == condition && c.is_news());
            wrong.get_or_create(&WithCondition { session: session(), condition }).set(i64::from(is));
        }
    }
    registry.register("session_login_state", "1 for the state that the session is in", states);
    registry.register("condition", "1 while this is wrong with the session, and worth telling", wrong);
}

fn archives(registry: &mut Registry, all: &[Seen], now: Timestamp) {
    let mut figure = |name: &str, help: &str, of: &dyn Fn(&Ward, &Outlook) -> Option<f64>| {
        let family = Family::<OfSession, Figure>::default();
        for Seen { name, ward, outlook } in all {
            if let Some(value) = of(ward, outlook) {
                family.get_or_create(&OfSession { session: name.clone() }).set(value);
            }
        }
        registry.register(name, help, family);
    };
    let age = |t: Timestamp| (now.as_second() - t.as_second()) as f64;
    figure("last_archive_age_seconds", "Age of the newest archive", &|_, o| o.label.as_ref().map(|l| age(l.made)));
    figure("archive_age_seconds", "Age of the archive at its path", &|w, _| w.vault.latest().map(|l| age(l.made)));
    figure("last_good_round_age_seconds", "Since a round last found or made a good archive", &|_, o| {
        o.round.as_ref().map(|r| age(r.good))
    });
    figure("last_round_age_seconds", "Since the keeper last looked", &|_, o| o.round.as_ref().map(|r| age(r.time)));
    figure("archive_bytes", "Size of the archive at its path", &|w, _| {
        FileMark::of(w.vault.archive()).ok().map(|m| m.size as f64)
    });
    figure("vault_bytes", "Size of all backups", &|w, _| {
        w.vault.backups().ok().map(|b| b.iter().map(|b| b.bytes).sum::<u64>() as f64)
    });
    figure("last_drill_age_seconds", "Since the archive was last proved", &|w, _| {
        w.vault.state().drilled.as_ref().map(|d| age(d.time))
    });
    figure("free_bytes", "Free space beside the session", &|w, _| {
        disk::free_space(&w.session.home).ok().map(|b| b as f64)
    });
    figure("keeper_running", "1 while a keeper has the session in its care", &|w, _| {
        Some(f64::from(u8::from(w.work.who_keeps().ok().flatten().is_some())))
    });
}
