//! `wakeep status`: is my bot's login safe? One screen, plain words first.

mod picture;

use super::context::Context;
use super::exit::Exit;
use super::near::{near, nearer};
use super::show::{COLUMN, Show, Tone};
use crate::archive::{self, Depth};
use crate::disk;
use crate::error::{Error, Result};
use crate::keeper::doctor;
use crate::keeper::ward::Ward;
use crate::text::{self, Phrase, Told};
use crate::vault::backup::label_of;
use picture::{Leased, Picture, danger, is_safe, picture, size};
use serde_json::{Value, json};

/// Shows every session's state; the exit code is 0 exactly where all are safe, else that of what is gravest.
pub fn status(context: &Context) -> Result<Exit> {
    let wards = context.wards()?;
    let show = &context.show;
    if wards.iter().all(Ward::is_unseen) {
        return Ok(nothing_here(context));
    }
    let (mut all, mut failed, mut worst) = (Vec::new(), Vec::new(), Exit::Done);
    for ward in wards {
        match picture(context, &ward) {
            Ok(picture) => all.push((ward, picture)),
            // One that can't be looked at just now hides no other.
            Err(e) => {
                show.error(&e);
                worst = worst.or(Exit::of_error(&e));
                failed.push(failed_json(context, &ward, &e));
            }
        }
    }
    if show.json {
        let seen = all.iter().map(|(ward, picture)| as_json(context, ward, picture));
        let sessions: Vec<Value> = seen.chain(failed).collect();
        show.object(&json!({ "sessions": sessions, "units": units_json(&context.config) }));
    } else {
        draw_all(context, &all);
    }
    Ok(all.iter().map(|(ward, picture)| danger(context, ward, picture)).fold(worst, Exit::or))
}

/// Nothing of any session is here: what was named, or where to go.
fn nothing_here(context: &Context) -> Exit {
    let show = &context.show;
    let named = context.named();
    named.iter().for_each(|e| show.error(e));
    if show.json {
        show.object(&json!({ "sessions": [] }));
    } else if named.is_empty() {
        show.line(show.lang.phrase(Phrase::NothingHere));
        show.line(show.lang.phrase(Phrase::HowToStart));
    }
    Exit::Broken
}

fn failed_json(context: &Context, ward: &Ward, e: &Error) -> Value {
    let mut value = context.failed_json(ward, e);
    (value["path"], value["safe"]) = (json!(ward.session.path.to_string_lossy()), json!(false));
    value
}

/// One session in full; of several a line each, and in full only those that somebody must look after.
fn draw_all(context: &Context, all: &[(Ward, Picture)]) {
    let (show, lang) = (&context.show, context.show.lang);
    let safe = all.iter().filter(|(ward, picture)| is_safe(context, ward, picture)).count();
    if all.len() > 1 {
        let tone = if safe == all.len() { Tone::Good } else { Tone::Bad };
        show.line(&show.paint(tone, &lang.safe_of(safe, all.len())));
        all.iter().for_each(|(ward, picture)| glance(context, ward, picture));
        show.line("");
    }
    let alone = all.len() == 1;
    for (ward, picture) in all.iter().filter(|(ward, picture)| alone || !is_safe(context, ward, picture)) {
        draw(context, ward, picture);
    }
    let units = doctor::units(&context.config);
    if !units.is_empty() {
        let told: Vec<_> = units.iter().map(|(unit, state)| format!("{unit} {}", lang.unit_state(state))).collect();
        show.row(Phrase::Units, &told.join(", "));
    }
    if safe > 0 && !alone {
        show.hung("", lang.phrase(Phrase::OneInFull));
    }
}

/// A session's line among several.
fn glance(context: &Context, ward: &Ward, picture: &Picture) {
    let show = &context.show;
    let (mark, tone) = if is_safe(context, ward, picture) { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
    let archive = picture.newer.as_ref().map(|n| n.made).or(picture.archive.map(|(made, _)| made)).map(|made| {
        let ago = show.lang.ago(context.now.as_second() - made.as_second());
        format!(", {} {ago}", show.lang.phrase(Phrase::Archive))
    });
    let words = show.words(&picture.verdict);
    let lead = format!("  {} {:<20} ", show.paint(tone, mark), ward.session.name);
    show.hung(&lead, &format!("{words}{}", archive.unwrap_or_default()));
}

fn units_json(config: &crate::config::Config) -> Value {
    doctor::units(config).into_iter().map(|(unit, state)| json!({"unit": unit, "state": state})).collect()
}

fn draw(context: &Context, ward: &Ward, picture: &Picture) {
    let (show, lang) = (&context.show, context.show.lang);
    let (phrase, tone) =
        if is_safe(context, ward, picture) { (Phrase::Safe, Tone::Good) } else { (Phrase::Unsafe, Tone::Bad) };
    show.line(&show.paint(tone, lang.phrase(phrase)));
    show.row(Phrase::Session, &format!("{} ({})", near(&ward.session.path), ward.session.kind.name()));
    show.row(Phrase::Login, &show.words(&picture.verdict));
    for finding in &picture.verdict.findings {
        told(show, &lang.finding(finding, ward.way_back(&context.config)));
    }
    if !picture.wrong.is_empty() {
        show.row(Phrase::Wrong, "");
    }
    for condition in &picture.wrong {
        told(show, &lang.condition(condition));
    }
    show.row(Phrase::Archive, &archive_words(context, ward, picture));
    show.row(Phrase::Drill, &drill_words(context, ward));
    show.row(Phrase::Backups, &backup_words(context, ward, picture));
    show.row(Phrase::Keeper, &keeper_words(context, picture));
    if let Some(lease) = &picture.lease {
        show.row(Phrase::Lease, &lease_words(context, lease));
    }
    show.row(Phrase::Disk, &lang.free(picture.free));
    for (n, line) in picture.events.iter().enumerate() {
        let time = text::clock(line.time, context.now);
        let label = if n == 0 { show.label(Phrase::Events) } else { " ".repeat(COLUMN) };
        show.hung(&format!("{label}{time} "), &nearer(&lang.event(&line.event)));
    }
    show.line("");
}

/// What is so and what to do, below a row.
fn told(show: &Show, told: &Told) {
    let column = " ".repeat(COLUMN);
    show.hung(&column, &told.what);
    if let Some(next) = &told.next {
        show.hung(&format!("{column}→ "), next);
    }
}

fn keeper_words(context: &Context, picture: &Picture) -> String {
    let lang = context.show.lang;
    let Some(by) = &picture.keeper else { return lang.phrase(Phrase::KeeperRests).to_owned() };
    let next = picture.next.map(|next| lang.next_look(next.as_second() - context.now.as_second()));
    format!("{} ({by}){}", lang.phrase(Phrase::KeeperRuns), next.map(|n| format!(", {n}")).unwrap_or_default())
}

fn archive_words(context: &Context, ward: &Ward, picture: &Picture) -> String {
    let lang = context.show.lang;
    let words = match picture.archive {
        Some((made, bytes)) => {
            let ago = lang.ago(context.now.as_second() - made.as_second());
            format!("{}, {}, {ago}", near(ward.vault.archive()), context.show.lang.bytes(bytes))
        }
        None if disk::exists(ward.vault.archive()) => {
            let path = ward.vault.archive();
            let whole = archive::verify(path, Depth::Content).is_ok();
            match label_of(path).filter(|_| whole) {
                // A wakeep made it: pulled, or copied here.
                Some(label) => {
                    let ago = lang.ago(context.now.as_second() - label.made.as_second());
                    format!("{}, {}, {ago}", near(path), lang.bytes(size(path)))
                }
                None if whole => format!("{}, {}", near(path), lang.phrase(Phrase::NotOurs)),
                None => format!("{}, {}", near(path), lang.phrase(Phrase::NotWhole)),
            }
        }
        None => lang.phrase(Phrase::NoArchive).to_owned(),
    };
    let newer = picture.newer.as_ref().map(|newer| {
        let ago = lang.ago(context.now.as_second() - newer.made.as_second());
        format!("; {}", lang.newer_in_vault(&ago, newer.bytes))
    });
    let newer = newer.unwrap_or_default();
    let held = if picture.held { format!("; {}", lang.phrase(Phrase::Held)) } else { String::new() };
    let wait = if picture.wait > 0 { format!("; {}", lang.over_budget(picture.wait)) } else { String::new() };
    format!("{words}{newer}{held}{wait}")
}

fn lease_words(context: &Context, lease: &Leased) -> String {
    let lang = context.show.lang;
    match lease {
        Leased::By(host, generation) if *host == context.host => {
            format!("{} ({generation})", lang.phrase(Phrase::LeaseHere))
        }
        Leased::By(host, generation) => format!("{host} ({generation})"),
        Leased::Nobody => lang.phrase(Phrase::LeaseFree).to_owned(),
        Leased::Unknown(e) => lang.error(e).what,
    }
}

fn lease_json(context: &Context, lease: &Leased) -> Value {
    match lease {
        Leased::By(host, generation) => {
            json!({"host": host, "generation": generation, "here": *host == context.host, "error": null})
        }
        Leased::Nobody => json!({"host": null, "generation": null, "here": false, "error": null}),
        Leased::Unknown(e) => {
            json!({"host": null, "generation": null, "here": false, "error": context.show.lang.error(e).what})
        }
    }
}

fn drill_words(context: &Context, ward: &Ward) -> String {
    let lang = context.show.lang;
    let Some(drilled) = &ward.vault.state().drilled else { return lang.phrase(Phrase::NoDrill).to_owned() };
    let outcome = lang.phrase(if drilled.good { Phrase::DrillGood } else { Phrase::DrillBad });
    format!("{outcome}, {}", lang.ago(context.now.as_second() - drilled.time.as_second()))
}

fn backup_words(context: &Context, ward: &Ward, picture: &Picture) -> String {
    let (count, bytes) = picture.backups;
    if count == 0 {
        return context.show.lang.phrase(Phrase::NoBackups).to_owned();
    }
    format!("{count}, {} / {}", context.show.lang.bytes(bytes), context.show.lang.bytes(ward.vault.rules.keep_bytes))
}

fn as_json(context: &Context, ward: &Ward, picture: &Picture) -> Value {
    let age = |made: jiff::Timestamp| context.now.as_second() - made.as_second();
    let archive = picture.archive.map(|(made, bytes)| {
        json!({"path": ward.vault.archive().to_string_lossy(), "made": made.to_string(), "age_seconds": age(made), "bytes": bytes})
    });
    let newer = picture.newer.as_ref().map(|newer| {
        json!({"path": newer.path.to_string_lossy(), "made": newer.made.to_string(), "age_seconds": age(newer.made), "bytes": newer.bytes})
    });
    let mut value = json!({
        "session": ward.session.name,
        "path": ward.session.path.to_string_lossy(),
        "safe": is_safe(context, ward, picture),
        "check": context.show.verdict_json(&picture.verdict),
        "archive": archive,
        "newer": newer,
        "archive_held": picture.held,
        "backups": {"count": picture.backups.0, "bytes": picture.backups.1, "budget_bytes": ward.vault.rules.keep_bytes},
        "drill": ward.vault.state().drilled,
        "keeper": picture.keeper,
        "next_round": picture.next.map(|n| n.to_string()),
        "conditions": picture.wrong,
        "lease": picture.lease.as_ref().map(|lease| lease_json(context, lease)),
        "free_bytes": picture.free,
        "next_archive_in_seconds": picture.wait,
        "events": picture.events,
    });
    context.show.mask(&mut value);
    value
}
