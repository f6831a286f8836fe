//! What `status` shows of a session, gathered before anything is drawn; and whether it is safe.

use super::super::reading;
use super::super::run::Context;
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
        held: ward.vault.is_held(context.now),
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

fn size(path: &Path) -> u64 {
    disk::FileMark::of(path).map_or(0, |m| m.size)
}

/// How old an archive of a session that has changed since may be, in seconds.
const FRESH: i64 = 3600;

/// Safe means: the login is good, and a good archive stands that holds it as it is now, or was within the hour.
pub(super) fn is_safe(context: &Context, ward: &Ward, picture: &Picture) -> bool {
    let Some(label) = ward.vault.latest().filter(|l| l.is_good()) else { return false };
    let made = picture.newer.as_ref().map_or(label.made, |newer| newer.made);
    let fresh = context.now.as_second() - made.as_second() <= FRESH;
    let same = ward.session.stamp().is_ok_and(|stamp| ward.vault.stamp().as_ref() == Some(&stamp.digest));
    // A login that the phone ended, or that another host has, isn't this bot's, however good its archive is.
    let ours = !picture.wrong.iter().any(|c| matches!(c, Condition::QrNeeded | Condition::LeaseLost));
    picture.verdict.is_good() && ours && (fresh || same)
}
