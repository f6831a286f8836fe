//! `wakeep move`: the bot to another machine, in one line. It stops being active here before anything is active there;
//! killed or failed at any step, the same line goes on.

use super::exit::Exit;
use super::run::Context;
use crate::error::{Error, Result};
use crate::keep::Keeping;
use crate::keeper::bot::Supervisor;
use crate::keeper::ward::Ward;
use crate::remote::Place;
use crate::sync::{self, Sync, far::Far};
use crate::text::Phrase;
use crate::vault::state::Moved;
use serde_json::json;

/// Moves the one session here, or the one that `--only` names.
pub fn go(context: &Context, to: &str) -> Result<Exit> {
    let show = &context.show;
    let place = Place::parse(to, &context.config.base)?;
    let wrong = |problem: Phrase| Error::Config {
        place: to.to_owned(),
        problem: show.lang.phrase(problem).to_owned(),
        suggestion: Some("ssh://user@host/opt/bot".to_owned()),
    };
    let far = Far::of(&place, &context.config, super::asked::is_somebody_there());
    let far = far.ok_or_else(|| wrong(Phrase::MoveNeedsSsh))?;
    let mut wards = context.wards()?;
    let (Some(mut ward), true) = (wards.pop(), wards.is_empty()) else { return Err(wrong(Phrase::MoveOnlyOne)) };
    let there = place.to_string();
    match ward.vault.state().moved.clone() {
        Some(moved) if moved.to == there && moved.done => return told(context, &there, true),
        Some(moved) if moved.to != there => return Err(wrong(Phrase::MovedElsewhere)),
        _ => {}
    }
    let_go(context, &ward)?;
    ward.vault.remember(|s| s.moved = Some(Moved { to: there.clone(), done: false }))?;
    let sent = last_archive(context, &mut ward).and_then(|()| send(context, &far, &ward, to));
    if let Err(e) = sent {
        // Nothing is active there: it goes on being active here.
        ward.vault.remember(|s| s.moved = None)?;
        return Err(e);
    }
    let name = ward.vault.archive().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let restored = far.restore(&name)? || far.bring_wakeep()? && far.restore(&name)?;
    if restored {
        ward.vault.remember(|s| s.moved = Some(Moved { to: there.clone(), done: true }))?;
    }
    told(context, &there, restored)
}

/// The bot here has to have ended; its supervisor is asked to, where it is known.
fn let_go(context: &Context, ward: &Ward) -> Result<()> {
    if ward.session.require_idle().is_ok() {
        return Ok(());
    }
    if let Some(supervisor) = Supervisor::of(&context.config) {
        supervisor.stop(None)?;
    }
    ward.session.require_idle()
}

/// What the bot wrote until it ended. Where it would be worse than the last archive, nothing is moved.
fn last_archive(context: &Context, ward: &mut Ward) -> Result<()> {
    ward.record_first()?;
    let event = Keeping {
        session: &ward.session,
        vault: &mut ward.vault,
        work: &ward.work,
        carry: ward.carry,
        form: crate::archive::Form::Members,
        force: false,
        at_leisure: false,
        host: &context.host,
    }
    .keep(context.now)?;
    match Exit::of_event(&event) {
        Exit::Done => Ok(()),
        _ => Err(Error::damaged(&ward.session.path, context.show.lang.event(&event))),
    }
}

/// To the machine itself, over a line that is sealed already: unsealed, since it has no key.
fn send(context: &Context, far: &Far, ward: &Ward, to: &str) -> Result<()> {
    far.make_folder()?;
    let settings = sync::settings(&context.config, super::asked::is_somebody_there());
    let sync = Sync::open(to, &context.config, &settings)?.unsealed();
    sync.push(&ward.vault, &ward.session.name, None, false, &mut |_, _| {}).map(drop)
}

fn told(context: &Context, there: &str, restored: bool) -> Result<Exit> {
    let show = &context.show;
    if show.json {
        let outcome = if restored { "moved" } else { "sent" };
        show.object(&json!({"outcome": outcome, "to": there}));
    } else {
        let phrase = if restored { Phrase::MovedThere } else { Phrase::MoveByHand };
        show.line(&format!("{there}: {}", show.lang.phrase(phrase)));
    }
    Ok(if restored { Exit::Done } else { Exit::Failed })
}
