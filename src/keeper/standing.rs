//! How a session stands and what is wrong with its keeping, told from what lies on disk: journal, memory, the last
//! round. The session itself isn't opened, so that looking costs nothing and disturbs nobody.

use super::bot::Supervisor;
use super::notice::memory::Memory;
use super::round::Round;
use super::ward::Ward;
use crate::config::Config;
use crate::disk;
use crate::error::{Departure, Result};
use crate::notice::{Condition, Standing};
use crate::vault::journal::{Event, Line, Refusal, Told};
use crate::vault::label::Label;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Days after which a phone that isn't seen is worth a word, and a second one; WhatsApp unlinks after 14.
const UNSEEN: (i64, i64) = (7, 12);

/// A session from outside.
#[derive(Debug)]
pub struct Outlook {
    /// How it stands.
    pub standing: Standing,
    /// What is wrong, the gravest first.
    pub conditions: Vec<Condition>,
    /// The label of the newest archive.
    pub label: Option<Label>,
    /// The last round, where a keeper made one.
    pub round: Option<Round>,
    /// The journal, oldest first.
    pub lines: Vec<Line>,
}

impl Outlook {
    /// Looks at a session from outside.
    pub fn of(ward: &Ward, config: &Config, now: Timestamp) -> Result<Outlook> {
        let lines = ward.vault.events()?;
        let round = Round::read(&ward.work);
        let label = ward.vault.newest()?.map(|(_, label)| label);
        let standing = standing(ward, config, label.as_ref(), round.as_ref(), &lines);
        let mut outlook = Outlook { standing, conditions: Vec::new(), label, round, lines };
        outlook.conditions = outlook.conditions(ward, config, now);
        Ok(outlook)
    }

    /// One that can't be read: that is all that is known of it.
    pub fn unreadable(error: String) -> Outlook {
        let conditions = vec![Condition::RoundsFail { error }];
        Outlook { standing: Standing::Doubtful, conditions, label: None, round: None, lines: Vec::new() }
    }

    fn conditions(&self, ward: &Ward, config: &Config, now: Timestamp) -> Vec<Condition> {
        let mut found = Vec::new();
        let standing = self.standing;
        if standing == Standing::NeedsQr {
            found.push(Condition::QrNeeded);
        } else if standing.is_lost() {
            found.push(Condition::SessionLost { standing });
        }
        if standing == Standing::Elsewhere && !is_moved(ward) && was_taken_away(&self.lines) {
            found.push(Condition::LeaseLost);
        }
        found.extend(moved(ward, config));
        // Of one that runs elsewhere nothing is kept here.
        let is_here = !standing.is_lost() && standing != Standing::Elsewhere;
        match self.round.as_ref().map(|r| &r.event) {
            Some(Event::Failed { error }) => found.push(Condition::RoundsFail { error: error.clone() }),
            // A bot that was never linked has nothing to keep, and that is no trouble.
            Some(Event::Refused { reason: Refusal::LoggedOut | Refusal::UnknownLogin, .. })
                if standing == Standing::Waiting => {}
            Some(Event::Refused { reason, .. }) if is_here => {
                found.push(Condition::SnapshotsRefused { reason: *reason });
            }
            _ => {}
        }
        found.extend(self.no_good_archive(ward, config, now).filter(|_| is_here));
        let drilled = ward.vault.state().drilled.as_ref();
        found.extend(drilled.filter(|d| !d.good).map(|_| Condition::DrillFailed));
        found.extend(mute(&self.lines));
        found.extend(nearly_full(ward, config));
        found.extend(phone(ward, now));
        found
    }

    /// Only a keeper that looks can say so: without one the archive's age says nothing of the session.
    fn no_good_archive(&self, ward: &Ward, config: &Config, now: Timestamp) -> Option<Condition> {
        let round = self.round.as_ref().filter(|_| self.label.is_some())?;
        let seconds = now.as_second() - round.good.as_second();
        // While the write budget lets it wait no round looks for an archive.
        let waited = ward.vault.state().written.until(ward.vault.rules.write_budget) - round.good.as_second();
        let limit = config.notify.archive_age.as_secs().max(2 * config.interval.as_secs());
        (seconds - waited.clamp(0, seconds.max(0)) > limit).then_some(Condition::NoGoodArchive { seconds })
    }
}

/// A move that is over, or was broken off. One under way has ended at the next look.
pub(super) fn moved(ward: &Ward, config: &Config) -> Option<Condition> {
    let (moved, how) = ward.vault.departure(&ward.work).ok()??;
    let start = Supervisor::of(config).map(|by| by.command("start"));
    let condition = Condition::Moved { to: moved.to.clone(), how, start };
    (how != Departure::UnderWay).then_some(condition)
}

/// Whether `wakeep move` has brought it to another machine.
fn is_moved(ward: &Ward) -> bool {
    ward.vault.state().moved.as_ref().is_some_and(|m| m.done)
}

/// Whether the last word on the lease was that another host has it. Where there is no remote any more there is no lease.
fn runs_elsewhere(config: &Config, lines: &[Line]) -> bool {
    if config.remote.is_none() {
        return false;
    }
    let mut words = lines.iter().rev().map(|l| &l.event);
    let last = words.find(|e| matches!(e, Event::LeaseTaken { .. } | Event::LeaseLost { .. }));
    matches!(last, Some(Event::LeaseLost { .. }))
}

/// Whether the lease went to another host while this one had it: not where that stands by, or gave it up in order.
fn was_taken_away(lines: &[Line]) -> bool {
    let (mut had, mut away) = (false, false);
    for line in lines {
        match line.event {
            Event::LeaseTaken { .. } => (had, away) = (true, false),
            Event::LeaseLost { .. } => away |= had,
            Event::Stopped => had &= away,
            _ => {}
        }
    }
    away
}

fn standing(ward: &Ward, config: &Config, label: Option<&Label>, round: Option<&Round>, lines: &[Line]) -> Standing {
    let state = ward.vault.state();
    if is_moved(ward) {
        return Standing::Elsewhere;
    }
    let kept = label.is_some() || state.generation > 0;
    if !disk::exists(&ward.session.path) {
        return if kept { Standing::Missing } else { Standing::Waiting };
    }
    if runs_elsewhere(config, lines) {
        return Standing::Elsewhere;
    }
    if kept && (state.tombstone.is_some() || asks_for_qr(lines)) {
        return Standing::NeedsQr;
    }
    let said = round.and_then(|r| match &r.event {
        Event::Refused { reason, .. } => Some(*reason),
        _ => None,
    });
    let refusal = said.filter(|r| state.refusals.contains(r)).or(state.refusals.last().copied());
    match (refusal, label) {
        (Some(Refusal::Broken), _) => Standing::Broken,
        (Some(Refusal::LoggedOut), _) if kept => Standing::LoggedOut,
        (Some(_), Some(_)) => Standing::Doubtful,
        (_, None) => Standing::Waiting,
        (None, Some(label)) if label.is_good() => Standing::Linked,
        (None, Some(_)) => Standing::Doubtful,
    }
}

/// Whether the last that was said of the login is that a QR code must be scanned.
fn asks_for_qr(lines: &[Line]) -> bool {
    let said = lines.iter().rev().find_map(|l| match &l.event {
        Event::NeedsQr { .. } | Event::Told { what: Told::Qr, .. } => Some(true),
        Event::Told { what: Told::Ready, .. } | Event::Created { .. } | Event::Restored { .. } => Some(false),
        _ => None,
    });
    said == Some(true)
}

/// The channels that failed last, as far as the keeper of now or the last one knows.
fn mute(lines: &[Line]) -> Option<Condition> {
    let mut channels = BTreeSet::new();
    for line in lines {
        match &line.event {
            Event::NoticesFail { channel, .. } => drop(channels.insert(channel.clone())),
            Event::NoticesArrive { channel, .. } => drop(channels.remove(channel)),
            Event::Watching { .. } => channels.clear(),
            _ => {}
        }
    }
    let channels: Vec<String> = channels.into_iter().collect();
    (!channels.is_empty()).then_some(Condition::NoticesFail { channels })
}

/// The vault's file system and the archive's: the first where little is left. What was told so ends only with clearly
/// more than the limit: a bot that writes and tidies would end and begin it all day.
fn nearly_full(ward: &Ward, config: &Config) -> Option<Condition> {
    let archive = disk::parent(ward.vault.archive());
    let vault = ward.vault.dir().ancestors().find(|p| p.exists()).unwrap_or(archive);
    let was = Memory::load(ward.vault.dir()).is_ok_and(|m| m.has("disk_nearly_full"));
    let limit = config.notify.free;
    let limit = if was { limit.saturating_add(limit / 5) } else { limit };
    [vault, archive].into_iter().find_map(|path| {
        let free = disk::free_space(path).ok().filter(|free| *free < limit)?;
        Some(Condition::DiskNearlyFull { path: path.to_owned(), free })
    })
}

/// Only a bot that says when it last saw the phone can be warned of its absence.
fn phone(ward: &Ward, now: Timestamp) -> Option<Condition> {
    let seen = ward.vault.state().phone_seen?;
    let days = (now.as_second() - seen.as_second()) / 86_400;
    match days {
        d if d >= UNSEEN.1 => Some(Condition::PhoneLongUnseen { days }),
        d if d >= UNSEEN.0 => Some(Condition::PhoneUnseen { days }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_stands_by_has_lost_nothing() {
        let line = |event| Line { time: Timestamp::UNIX_EPOCH, event };
        let (taken, lost) = (|| Event::LeaseTaken { lease: 1 }, || Event::LeaseLost { host: Some("b".into()) });
        let watching = || Event::Watching { interval: 120 };
        let away = |events: Vec<Event>| was_taken_away(&events.into_iter().map(line).collect::<Vec<_>>());
        assert!(!away(vec![watching(), lost()]), "never had it");
        assert!(!away(vec![taken(), Event::Stopped, watching(), lost()]), "gave it up");
        assert!(away(vec![taken(), watching(), lost()]), "was cut off");
        assert!(
            away(vec![taken(), lost(), Event::Stopped, watching(), lost()]),
            "a new keeper beside a bot that runs on"
        );
        assert!(!away(vec![taken(), lost(), taken()]));
    }
}
