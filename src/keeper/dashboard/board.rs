//! What the page shows, as JSON with all sentences told already in the reader's language.

use super::super::seen::Seen;
use super::super::standing::Outlook;
use crate::config::Config;
use crate::disk;
use crate::notice::Standing;
use crate::text::{Lang, clock};
use crate::vault::journal::{Event, Line};
use crate::verdict::{masked, veiled};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How many points a line of sizes has, and how many events a session's history.
const POINTS: usize = 40;
const EVENTS: usize = 40;

/// One session at a glance.
pub fn card(seen: &Seen, lang: Lang, now: Timestamp) -> Value {
    let Seen { ward, outlook, .. } = seen;
    let age = |t: Timestamp| now.as_second() - t.as_second();
    let kept = ward.work.who_keeps().ok().flatten().is_some();
    let account = outlook.label.as_ref().and_then(|l| l.account.as_deref()).map(masked);
    let bytes = disk::FileMark::of(ward.vault.archive()).ok().map(|m| m.size);
    let wrong: Vec<Value> = outlook
        .conditions
        .iter()
        .map(|c| {
            let told = lang.condition(c);
            let next = told.next.as_deref().map(veiled);
            json!({"name": c.name(), "grave": c.is_grave(), "what": veiled(&told.what), "next": next})
        })
        .collect();
    let drilled = ward.vault.state().drilled.as_ref();
    // The archive at its path, where a difference is ahead of it.
    let newest = outlook.label.as_ref().map(|l| l.generation);
    let behind = ward.vault.latest().filter(|l| newest.is_some_and(|n| l.generation < n));
    let behind = behind.map(|l| lang.file_is_of(&lang.ago(age(l.made))));
    json!({
        "name": seen.name,
        "kind": ward.session.kind.name(),
        "path": veiled(&ward.session.path.to_string_lossy()),
        "standing": outlook.standing,
        "tone": tone(outlook, kept),
        "headline": lang.standing(outlook.standing),
        "means": lang.standing_means(outlook.standing),
        "account": account,
        "archive": outlook.label.as_ref().map(|l| json!({
            "made": l.made.to_string(), "ago": lang.ago(age(l.made)), "bytes": bytes,
            "size": bytes.map(|b| lang.bytes(b)), "file": behind,
        })),
        "looked": outlook.round.as_ref().map(|r| lang.ago(age(r.time))),
        "next": outlook.round.as_ref().filter(|_| kept).map(|r| r.next.to_string()),
        "keeper": kept,
        "drill": drilled.map(|d| json!({
            "good": d.good, "ago": lang.ago(age(d.time)),
        })),
        "wrong": wrong,
        "sizes": sizes(&outlook.lines),
    })
}

/// Green, yellow, red, or grey.
fn tone(outlook: &Outlook, kept: bool) -> &'static str {
    if outlook.standing.is_lost() || outlook.conditions.iter().any(crate::notice::Condition::is_grave) {
        return "bad";
    }
    match outlook.standing {
        Standing::Waiting => "idle",
        Standing::Linked if outlook.conditions.is_empty() && kept => "good",
        _ => "warn",
    }
}

fn sizes(lines: &[Line]) -> Vec<(i64, u64)> {
    let created = lines.iter().filter_map(|l| match &l.event {
        Event::Created { bytes, base: None, .. } => Some((l.time.as_second(), *bytes)),
        _ => None,
    });
    let all: Vec<_> = created.collect();
    all[all.len().saturating_sub(POINTS)..].to_vec()
}

/// One session in depth: its history and its backups.
pub fn depth(seen: &Seen, config: &Config, lang: Lang, now: Timestamp) -> Value {
    let Seen { ward, outlook, .. } = seen;
    let mut value = card(seen, lang, now);
    let told = |line: &Line| {
        let words = lang.event(&line.event).replace(&format!("{}/", ward.session.home.display()), "");
        let words = seen.veil(&words);
        json!({"time": clock(line.time, now), "at": line.time.to_string(), "sort": sort(&line.event), "words": words})
    };
    value["events"] = outlook.lines.iter().rev().take(EVENTS).map(told).collect();
    let backups = ward.vault.explained(now).unwrap_or_default();
    let backup = |b: &crate::vault::backup::Backup| {
        let who = b.label.as_ref().and_then(|l| l.account.as_deref()).map(masked);
        json!({
            "file": b.path.file_name().unwrap_or_default().to_string_lossy(), "made": clock(b.made, now),
            "size": lang.bytes(b.bytes), "why": b.why.map(|w| lang.why(w)), "account": who,
            "good": b.label.as_ref().is_some_and(crate::vault::label::Label::is_good),
        })
    };
    value["backups"] = backups.iter().map(backup).collect();
    value["interval"] = json!(config.interval.as_secs());
    value
}

/// The sort of an event, for its picture.
fn sort(event: &Event) -> &'static str {
    match event {
        Event::Created { .. } => "archive",
        Event::Restored { .. } | Event::Recovered { .. } => "restore",
        Event::Refused { .. } | Event::RestoreRefused { .. } | Event::RolledBack { .. } => "refusal",
        Event::NeedsQr { .. } | Event::Failed { .. } | Event::LeaseLost { .. } | Event::SearchFails { .. } => "trouble",
        Event::Drilled { verdict, .. } if !verdict.is_good() => "trouble",
        Event::Drilled { .. } => "proof",
        _ => "note",
    }
}
