//! `wakeep move`: the bot to another machine, in one line. It stops being active here before anything is active there;
//! killed or failed at any step, the same line goes on. Who stops the bot: `leaving`.

use super::exit::Exit;
use super::run::Context;
use crate::error::{Error, Result};
use crate::keep::Keeping;
use crate::keeper::active;
use crate::keeper::ward::Ward;
use crate::remote::Place;
use crate::sync::far::{Far, There};
use crate::sync::{self, Sync};
use crate::text::Phrase;
use crate::vault::state::Moved;
use serde_json::json;

/// Moves the one session here, or the one that `--only` names. Where whoever started this `can_stop` the bot, one that
/// runs is nothing to tell: all that can be prepared before it stops is.
pub fn go(context: &Context, to: &str, can_stop: bool) -> Result<Exit> {
    let (far, there) = place(context, to)?;
    let mut wards = context.wards()?;
    let (Some(mut ward), true) = (wards.pop(), wards.is_empty()) else {
        return Err(wrong(context, to, Phrase::MoveOnlyOne));
    };
    let begun = match ward.vault.state().moved.clone() {
        Some(moved) if moved.to == there && moved.done => return told(context, &there),
        Some(moved) if moved.to != there => return Err(wrong(context, to, Phrase::MovedElsewhere)),
        moved => moved.is_some(),
    };
    active::require(&context.config, [&ward], &context.host, &mut |_, _| false, &mut |e| context.show.error(e))?;
    if !can_stop {
        ward.session.require_idle()?;
    }
    if !far.equip()? {
        return Err(wrong(context, to, Phrase::MoveNoWakeep));
    }
    if can_stop && ward.session.require_idle().is_err() {
        return Ok(Exit::InUse);
    }
    depart(context, &mut ward, &far, to, begun)?;
    leave(&mut ward, Some(Moved { to: there.clone(), done: true }))?;
    told(context, &there)
}

/// The steps in which the bot is active nowhere; after an error it is again, unless it could be active there. `begun` is
/// whether an earlier try came so far.
fn depart(context: &Context, ward: &mut Ward, far: &Far, to: &str, begun: bool) -> Result<()> {
    let there = Place::parse(to, &context.config.base)?.to_string();
    leave(ward, Some(Moved { to: there, done: false }))?;
    let sent = last_archive(context, ward).and_then(|()| send(context, ward, to));
    let arrived = sent.map(|()| {
        hand_over(context, ward);
        let name = ward.vault.archive().file_name().unwrap_or_default().to_string_lossy().into_owned();
        far.restore(&name)
    });
    match arrived {
        Ok(Ok(There::Restored)) => Ok(()),
        // Nothing is active there, unless an earlier try's restore arrived and its answer didn't.
        Err(e) | Ok(Ok(There::Refused(e))) if !begun => {
            leave(ward, None)?;
            Err(e)
        }
        Err(e) | Ok(Ok(There::Refused(e)) | Err(e)) => Err(e),
    }
}

fn place(context: &Context, to: &str) -> Result<(Far, String)> {
    let place = Place::parse(to, &context.config.base)?;
    let far = Far::of(&place, &sync::settings(&context.config, super::asked::is_somebody_there()));
    let far = far.ok_or_else(|| wrong(context, to, Phrase::MoveNeedsSsh))?;
    Ok((far, place.to_string()))
}

fn wrong(context: &Context, to: &str, problem: Phrase) -> Error {
    let suggestion = matches!(problem, Phrase::MoveNeedsSsh).then(|| "ssh://user@host/opt/bot".to_owned());
    Error::Config { place: to.to_owned(), problem: context.show.lang.phrase(problem).into(), suggestion }
}

/// Says that it isn't active here any more, or is again: a keeper may be at work here.
fn leave(ward: &mut Ward, moved: Option<Moved>) -> Result<()> {
    let _work = ward.work.work("move")?;
    ward.vault.refresh()?;
    ward.vault.remember(|s| s.moved = moved)
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

/// To the machine itself, over a line that is sealed already: unsealed, since it has no key. Where archives are pushed to
/// a remote, that has the last one, too; if it can't be reached, the move doesn't wait for it.
fn send(context: &Context, ward: &Ward, to: &str) -> Result<()> {
    let settings = sync::settings(&context.config, super::asked::is_somebody_there());
    let push = |sync: &Sync| sync.push(&ward.vault, &ward.session.name, None, false, &mut |_, _| {}).map(drop);
    push(&Sync::open(to, &context.config, &settings)?.unsealed())?;
    tell(context, &format!("{} {to}", context.show.lang.phrase(Phrase::LastStateSent)));
    if let (true, Some(remote)) = (context.config.push, &context.config.remote)
        && let Err(e) = Sync::open(remote, &context.config, &settings).and_then(|sync| push(&sync))
    {
        context.show.error(&e);
    }
    Ok(())
}

/// So that the other machine needn't wait for it. What can't be said at the remote runs out by itself.
fn hand_over(context: &Context, ward: &Ward) {
    match active::hand_over(&context.config, ward, &context.host) {
        Ok(false) => {}
        Ok(true) => tell(context, context.show.lang.phrase(Phrase::LeaseHandedOver)),
        Err(e) => context.show.error(&e),
    }
}

fn tell(context: &Context, line: &str) {
    let show = &context.show;
    if show.json { show.talk(line) } else { show.line(line) }
}

fn told(context: &Context, there: &str) -> Result<Exit> {
    let show = &context.show;
    if show.json {
        show.object(&json!({"outcome": "moved", "to": there}));
    } else {
        show.line(&format!("{there}: {}", show.lang.phrase(Phrase::MovedThere)));
    }
    Ok(Exit::Done)
}
