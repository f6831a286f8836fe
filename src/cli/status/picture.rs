//! What `status` shows of a session, gathered before anything is drawn; and whether it is safe.

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::reading;
use crate::disk;
use crate::error::{Error, Result};
use crate::keeper::active;
use crate::keeper::standing::Outlook;
use crate::keeper::ward::Ward;
use crate::notice::Condition;
use crate::vault::journal::{Event, Line};
use crate::verdict::Verdict;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// How many of the last events are shown.
const EVENTS: usize = 5;

/// What one screen says of a session.
pub(super) struct Picture {
    pub(super) verdict: Verdict,
    pub(super) archive: Option<(Timestamp, u64)>,
    pub(super) newer: Option<Newer>,
    pub(super) held: bool,
    /// When the newest good archive was made that a start would restore from, where one stands.
    pub(super) good: Option<Timestamp>,
    pub(super) backups: (usize, u64),
    pub(super) keeper: Option<String>,
    pub(super) next: Option<Timestamp>,
    pub(super) wrong: Vec<Condition>,
    pub(super) free: u64,
    pub(super) events: Vec<Line>,
    pub(super) wait: u64,
    pub(super) lease: Option<Leased>,
}

/// A difference that the archive at its path hasn't got yet.
pub(super) struct Newer {
    pub(super) path: PathBuf,
    pub(super) made: Timestamp,
    pub(super) bytes: u64,
}

/// What is known of the lease, where a remote is configured.
pub(super) enum Leased {
    By(String, u64),
    Nobody,
    Unknown(Error),
}

pub(super) fn picture(context: &Context, ward: &Ward) -> Result<Picture> {
    let verdict = reading::look(&ward.session, &ward.vault.versions()?, &ward.work, "status")?.verdict;
    let archive = ward.vault.latest().map(|l| (l.made, size(ward.vault.archive())));
    let newer = ward.vault.ahead()?.map(|(path, label)| Newer { bytes: size(&path), made: label.made, path });
    let held = ward.vault.is_held(context.now);
    // What arrived keeps the path; the rounds go into the vault meanwhile.
    let kept = if held { ward.vault.newest()?.map(|(_, label)| label) } else { ward.vault.latest() };
    let kept = kept.filter(|label| label.is_good()).map(|label| label.made);
    let good = kept.map(|made| newer.as_ref().map_or(made, |newer| newer.made));
    let backups = ward.vault.backups()?;
    let outlook = Outlook::of(ward, &context.config, context.now)?;
    let keeper = ward.work.who_keeps()?;
    // The verdict says better what is wrong with the login itself.
    let wrong = outlook.conditions.into_iter().filter(|c| !matches!(c, Condition::SessionLost { .. })).collect();
    let mut events = outlook.lines;
    events.retain(|l| !matches!(l.event, Event::Unchanged { .. }));
    Ok(Picture {
        verdict,
        archive,
        newer,
        held,
        good,
        backups: (backups.len(), backups.iter().map(|b| b.bytes).sum()),
        next: outlook.round.filter(|_| keeper.is_some()).map(|r| r.next),
        keeper,
        wrong,
        free: disk::free_space(&ward.session.home)?,
        events: events.split_off(events.len().saturating_sub(EVENTS)),
        wait: ward.vault.state().written.wait(context.now, ward.vault.rules.write_budget),
        lease: leased(context, ward),
    })
}

fn leased(context: &Context, ward: &Ward) -> Option<Leased> {
    if !active::holds_leases(&context.config) {
        return None;
    }
    Some(match active::holder(&context.config, &ward.session.name) {
        Ok(Some((host, generation))) => Leased::By(host, generation),
        Ok(None) => Leased::Nobody,
        Err(e) => Leased::Unknown(e),
    })
}

pub(super) fn size(path: &Path) -> u64 {
    disk::FileMark::of(path).map_or(0, |m| m.size)
}

/// How old an archive of a session that has changed since may be, in seconds.
const FRESH: i64 = 3600;

/// Safe means: the login is good, and a good archive stands that holds it as it is now, or was within the hour.
pub(super) fn is_safe(context: &Context, ward: &Ward, picture: &Picture) -> bool {
    danger(context, ward, picture) == Exit::Done
}

/// What keeps a session from being safe, as the code that says so.
pub(super) fn danger(context: &Context, ward: &Ward, picture: &Picture) -> Exit {
    if !picture.verdict.is_good() {
        return Exit::of_verdict(&picture.verdict);
    }
    // A login that the phone ended, or that another host has, isn't this bot's, however good its archive is.
    if picture.wrong.iter().any(|c| matches!(c, Condition::QrNeeded)) {
        return Exit::LoggedOut;
    }
    if picture.wrong.iter().any(|c| matches!(c, Condition::LeaseLost | Condition::Moved { .. })) {
        return Exit::LeaseHeld;
    }
    match picture.good {
        Some(made) if is_fresh(context, ward, made) => Exit::Done,
        None if picture.archive.is_none() && picture.backups.0 == 0 && !disk::exists(ward.vault.archive()) => {
            Exit::NothingToRestore
        }
        _ => Exit::Doubtful,
    }
}

fn is_fresh(context: &Context, ward: &Ward, made: Timestamp) -> bool {
    let same = || ward.session.stamp().is_ok_and(|stamp| ward.vault.stamp().as_ref() == Some(&stamp.digest));
    context.now.as_second() - made.as_second() <= FRESH || same()
}
