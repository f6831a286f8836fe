//! `wakeep push`: the archives to the remote, with a bar where somebody looks.

use super::context::Context;
use super::exit::Exit;
use super::progress;
use crate::error::{Error, Result};
use crate::keeper::ward::Ward;
use crate::sync::{self, Pushed, Sync};
use crate::text::{Phrase, Work};
use serde_json::{Value, json};

/// Pushes the newest archive of each session.
pub fn push(context: &Context, place: Option<&str>, force: bool) -> Result<Exit> {
    let sync = open(context, place)?;
    let show = &context.show;
    let mut warned = false;
    each(context, &sync, |ward| {
        // What can't be remembered is said again.
        let news = sync.is_news_that_unsealed(ward.vault.dir(), &ward.session.name).unwrap_or(true);
        if news && !std::mem::replace(&mut warned, true) {
            show.talk(show.lang.phrase(Phrase::NotSealedThere));
        }
        super::once::require_seen(ward)?;
        // Whoever types it means the session as it was last seen.
        let work = ward.work.work("push")?;
        ward.vault.refresh()?;
        ward.vault.catch_up(context.now)?;
        drop(work);
        let name = &ward.session.name;
        let pushed = progress::during(show, Work::Pushing, name, |meter| {
            sync.push(&ward.vault, name, None, force, &mut |sent, size| meter.set(sent, size))
        })?;
        if !show.json {
            show.line(&format!("{}: {}", ward.session.name, told_of(context, &sync, &pushed)));
            if pushed.renewed {
                show.line(show.lang.phrase(Phrase::SentAnew));
            }
        }
        Ok(pushed_json(&ward.session.name, &sync, &pushed))
    })
}

/// Does something for each session: what fails is told and holds up no other one.
pub fn each(context: &Context, sync: &Sync, mut work: impl FnMut(&mut Ward) -> Result<Value>) -> Result<Exit> {
    let show = &context.show;
    let (mut exit, mut all) = (Exit::Done, Vec::new());
    for mut ward in context.wards()? {
        match work(&mut ward) {
            Ok(done) => all.push(done),
            Err(e) => {
                exit = exit.or(Exit::of_error(&e));
                show.error(&e);
                all.push(json!({"session": ward.session.name, "outcome": "failed", "remote": sync.place(),
                    "error": show.lang.error(&e).what}));
            }
        }
    }
    if show.json {
        show.object(&super::context::one_object(all));
    }
    Ok(exit)
}

/// The remote that was named, else the configured one.
pub fn open(context: &Context, place: Option<&str>) -> Result<Sync> {
    let place = place.or(context.config.remote.as_deref()).ok_or_else(|| Error::Config {
        place: "remote".to_owned(),
        problem: context.show.lang.phrase(Phrase::NoRemote).into(),
        suggestion: Some("ssh://user@host/opt/bot".to_owned()),
    })?;
    let somebody = super::asked::is_somebody_there();
    Sync::open(place, &context.config, &sync::settings(&context.config, somebody))
}

fn told_of(context: &Context, sync: &Sync, pushed: &Pushed) -> String {
    let lang = context.show.lang;
    match pushed.changed {
        true => lang.pushed(&sync.place(), pushed.spent.sent, pushed.spent.requests),
        false => format!("{} {}", lang.phrase(Phrase::ThereAlready), sync.place()),
    }
}

fn pushed_json(session: &str, sync: &Sync, pushed: &Pushed) -> Value {
    let outcome = if pushed.changed { "pushed" } else { "unchanged" };
    json!({"session": session, "outcome": outcome, "remote": sync.place(), "sealed": sync.seals(),
        "renewed": pushed.renewed, "bytes_sent": pushed.spent.sent, "requests": pushed.spent.requests})
}
