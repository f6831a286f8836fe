//! `wakeep move`: the bot to another machine, in one line. It stops being active here before anything is active there;
//! killed or failed at any step, the same line goes on. Who stops the bot: `leaving`.

use super::context::Context;
use super::exit::Exit;
use crate::error::{Departure, Error, Holder, Result};
use crate::keep::Keeping;
use crate::keeper::active;
use crate::keeper::bot::Supervisor;
use crate::keeper::ward::Ward;
use crate::remote::Place;
use crate::sync::far::{Far, There};
use crate::sync::{self, Sync};
use crate::text::Phrase;
use crate::vault::Vault;
use crate::vault::workplace::Workplace;
use serde_json::json;

/// Moves the one session here, or the one that `--only` names. Where whoever started this `can_stop` the bot, one that
/// runs is nothing to tell: all that can be prepared before it stops is.
pub fn go(context: &Context, to: &str, can_stop: bool) -> Result<Exit> {
    let (far, there) = place(context, to)?;
    let mut ward = only_ward(context, to)?;
    if let Some(moved) = ward.vault.state().moved.clone().filter(|m| m.offered) {
        if moved.to != there {
            return Err(wrong(context, to, Phrase::MovedElsewhere));
        }
        if moved.done {
            return told(context, &there);
        }
    }
    active::require(&context.config, [&ward], &context.host, &mut |_, _| false, &mut |e| context.show.error(e))?;
    if !can_stop {
        require_idle(context, &ward)?;
    }
    if !far.equip()? {
        return Err(wrong(context, to, Phrase::MoveNoWakeep));
    }
    if can_stop && require_idle(context, &ward).is_err() {
        return Ok(Exit::InUse);
    }
    depart(context, &mut ward, &far, to, &there)?;
    told(context, &there)
}

/// Forgets a move that was broken off before any machine was asked to take the session.
pub fn stay(context: &Context) -> Result<Exit> {
    for mut ward in context.wards()? {
        note(&mut ward, |vault, work| vault.forget_broken_move(work).map(drop))?;
    }
    Ok(Exit::Done)
}

fn only_ward(context: &Context, to: &str) -> Result<Ward> {
    let mut wards = context.wards()?;
    match (wards.pop(), wards.is_empty()) {
        (Some(ward), true) => Ok(ward),
        _ => Err(wrong(context, to, Phrase::MoveOnlyOne)),
    }
}

/// The session is free, and whoever runs the bot isn't about to start it: between two starts it is free as well.
fn require_idle(context: &Context, ward: &Ward) -> Result<()> {
    ward.session.require_idle()?;
    match Supervisor::of(&context.config) {
        Some(by) if by.runs(None) => {
            let holder = Holder { program: by.name().to_owned(), ..Holder::default() };
            Err(Error::InUse { path: ward.session.path.clone(), holder })
        }
        _ => Ok(()),
    }
}

/// The steps in which the bot is active nowhere, each noted before the next. What fails before the machine there was
/// asked to take the session, or is refused there, leaves the bot here; what fails after that goes on with the same line.
fn depart(context: &Context, ward: &mut Ward, far: &Far, to: &str, there: &str) -> Result<()> {
    let held = ward.work.moving("move")?;
    let _held = held.map_err(|_| Error::Moved { to: there.to_owned(), how: Departure::UnderWay })?;
    // An earlier try's restore could have arrived there, and its answer not.
    let begun = ward.vault.state().moved.as_ref().is_some_and(|m| m.offered);
    note(ward, |vault, _| vault.leave(there, context.now))?;
    // Whoever was starting when that was noted is seen now; whoever comes later is refused.
    let ready =
        require_idle(context, ward).and_then(|()| last_archive(context, ward)).and_then(|()| send(context, ward, to));
    let offered = ready.and_then(|()| note(ward, |vault, _| vault.offer(false, context.now)));
    let arrived = offered.map(|()| {
        hand_over(context, ward);
        let name = ward.vault.archive().file_name().unwrap_or_default().to_string_lossy().into_owned();
        far.restore(&name)
    });
    match arrived {
        Ok(Ok(There::Restored)) => note(ward, |vault, _| vault.offer(true, context.now)),
        Err(e) | Ok(Ok(There::Refused(e))) if !begun => {
            note(ward, |vault, _| vault.stay())?;
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

/// Notes a step: a keeper may be at work here.
fn note(ward: &mut Ward, step: impl FnOnce(&mut Vault, &Workplace) -> Result<()>) -> Result<()> {
    let _work = ward.work.work("move")?;
    ward.vault.refresh()?;
    step(&mut ward.vault, &ward.work)
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
    context.show.line(&format!("{} {to}", context.show.lang.phrase(Phrase::LastStateSent)));
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
        Ok(true) => context.show.line(context.show.lang.phrase(Phrase::LeaseHandedOver)),
        Err(e) => context.show.error(&e),
    }
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
