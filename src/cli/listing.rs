//! `wakeep list`: the archives of each session, its journal, or what is in one archive. What can't be listed is told, and
//! the rest is listed all the same.

use super::context::Context;
use super::exit::Exit;
use super::near::{near, nearer};
use super::show::Tone;
use crate::archive;
use crate::disk;
use crate::error::Result;
use crate::keeper::ward::Ward;
use crate::text::{self, Phrase};
use crate::vault::backup::{Backup, Origin};
use serde_json::{Value, json};
use std::path::Path;

/// `wakeep list`: the archives of each session.
pub fn backups(context: &Context) -> Result<Exit> {
    let (mut exit, mut all) = (Exit::Done, Vec::new());
    for ward in context.wards()? {
        let listed = ward.vault.explained(context.now).map(|kept| match context.show.json {
            true => all.push(vault_json(context, &ward, &kept)),
            false => draw(context, &ward, &kept),
        });
        if let Err(e) = listed {
            exit = exit.or(Exit::of_error(&e));
            context.show.error(&e);
            all.push(context.failed_json(&ward, &e));
        }
    }
    if context.show.json {
        context.show.object(&json!({ "sessions": all }));
    }
    Ok(exit)
}

fn vault_json(context: &Context, ward: &Ward, kept: &[Backup]) -> Value {
    let (standing, label) = (ward.vault.archive(), ward.vault.latest());
    let latest = disk::exists(standing).then(|| json!({"path": standing.to_string_lossy(), "label": label}));
    let kept: Vec<_> = kept.iter().map(backup_json).collect();
    let mut value = json!({"session": ward.session.name, "latest": latest, "backups": kept});
    context.show.mask(&mut value);
    value
}

fn draw(context: &Context, ward: &Ward, kept: &[Backup]) {
    let (show, standing) = (&context.show, ward.vault.archive());
    show.line(&show.paint(Tone::Strong, &near(&ward.session.path)));
    match ward.vault.latest() {
        Some(l) => show.hung("  ", &format!("{}  {}", near(standing), text::clock(l.made, context.now))),
        None if disk::exists(standing) => show.hung("  ", &near(standing)),
        None => show.line(&format!("  {}: {}", show.lang.phrase(Phrase::Archive), show.lang.phrase(Phrase::NoArchive))),
    }
    for b in kept {
        show.hung(&format!("  {:<16} ", text::clock(b.made, context.now)), &backup_words(context, b));
    }
}

fn backup_words(context: &Context, backup: &Backup) -> String {
    let lang = context.show.lang;
    let who =
        backup.label.as_ref().and_then(|l| l.account.as_deref()).map(|a| context.show.account(a)).unwrap_or_default();
    let why = backup.why.map(|w| lang.why(w)).unwrap_or_default();
    format!("{:>9}  {who:<14} {why:<20} {}", context.show.lang.bytes(backup.bytes), near(&backup.path))
}

fn backup_json(backup: &Backup) -> Value {
    let origin = match backup.origin {
        Origin::Generation(_) => "generation",
        Origin::Arrived => "arrived",
        Origin::BeforeRestore => "before_restore",
    };
    json!({"path": backup.path.to_string_lossy(), "origin": origin, "generation": backup.generation(), "made": backup.made.to_string(),
        "bytes": backup.bytes, "why": backup.why, "base": backup.base.as_ref().map(|base| base.to_string_lossy()), "label": backup.label})
}

/// `wakeep list --events`
pub fn events(context: &Context) -> Result<Exit> {
    let show = &context.show;
    let (mut exit, mut all) = (Exit::Done, Vec::new());
    for ward in context.wards()? {
        let lines = ward.vault.events().unwrap_or_else(|e| {
            exit = exit.or(Exit::of_error(&e));
            show.error(&e);
            Vec::new()
        });
        for line in lines {
            if show.json {
                let mut value = serde_json::to_value(&line).expect("an event has string keys only");
                value["session"] = json!(ward.session.name);
                show.mask(&mut value);
                all.push(value);
            } else {
                let time = text::clock(line.time, context.now);
                let told = nearer(&show.lang.event(&line.event));
                show.hung(&format!("{time:<16} "), &format!("{}: {told}", ward.session.name));
            }
        }
    }
    if show.json {
        show.object(&json!({ "events": all }));
    }
    Ok(exit)
}

/// `wakeep list FILE`
pub fn contents(context: &Context, file: &Path) -> Result<Exit> {
    let show = &context.show;
    let all = archive::list(file)?;
    if show.json {
        let entries: Vec<_> = all.iter().map(|l| json!({"path": l.path.to_string_lossy(), "bytes": l.size})).collect();
        show.object(&json!({ "path": file.to_string_lossy(), "entries": entries }));
    } else {
        all.iter().for_each(|l| show.line(&format!("{:>10}  {}", show.lang.bytes(l.size), l.path.display())));
    }
    Ok(Exit::Done)
}
