//! Who stops the bot for `wakeep move`: its supervisor, asked by this process, which may be root; the move itself is done
//! by the bot's user. A bot that isn't moved in the end is started again, whatever came between.

use super::context::Context;
use super::exit::Exit;
use super::halt::{CAN_STOP, INNER, Outer};
use super::whose::{self, tell};
use crate::error::{Departure, Error, Result};
use crate::keeper::bot::Supervisor;
use crate::owner::Owner;
use crate::text::Phrase;
use std::ffi::OsString;

/// Moves the bot, stopped where it runs and the configuration names how.
pub fn go(context: &Context, owner: Option<Owner>) -> Result<Exit> {
    let mut outer = Outer::new(context, owner)?;
    let supervisor = Supervisor::of(&context.config);
    let done = moved(&mut outer, supervisor.as_ref(), owner);
    let settled = settled(context, &mut outer, supervisor.as_ref(), matches!(done, Ok(Exit::Done)), owner);
    let exit = done?;
    settled.map(|()| exit)
}

fn moved(outer: &mut Outer, supervisor: Option<&Supervisor>, owner: Option<Owner>) -> Result<Exit> {
    let Some(supervisor) = supervisor else { return outer.again(&args(&[])) };
    let exit = outer.again(&args(&[CAN_STOP]))?;
    if exit != Exit::InUse {
        return Ok(exit);
    }
    if supervisor.runs(owner) {
        outer.stop(supervisor, Phrase::StoppingToMove)?;
        outer.when_let_go(&args(&[]))
    } else {
        // Somebody else runs it: who, is said now.
        outer.again(&args(&[]))
    }
}

/// How the bot here is left.
fn settled(
    context: &Context,
    outer: &mut Outer,
    by: Option<&Supervisor>,
    is_moved: bool,
    owner: Option<Owner>,
) -> Result<()> {
    let show = &context.show;
    if is_moved {
        by.iter().for_each(|by| tell(context, Phrase::StaysStopped, &by.retire_command()));
        return Ok(());
    }
    let how = how_far(context);
    match (&how, by) {
        (Ok(Some(Departure::Half)), _) => show.talk(show.lang.phrase(Phrase::MoveHalf)),
        (Ok(None | Some(Departure::BrokenOff)), _) => {
            // What becomes of the note holds nobody up: the next start forgets it as well.
            let forgotten = if let Ok(Some(_)) = how { outer.again(&to_stay()).map(drop) } else { Ok(()) };
            let Some(by) = by else { return forgotten };
            let stood_still = !outer.has_stopped() && !by.runs(owner);
            outer.start(by)?;
            if stood_still {
                tell(context, Phrase::StillStopped, &by.command("start"));
            }
            forgotten?;
        }
        // Whoever moves it just now decides what becomes of it; and what can't be read starts nothing.
        (Err(_), Some(by)) if outer.has_stopped() => tell(context, Phrase::StillStopped, &by.command("start")),
        _ => {}
    }
    how.map(drop)
}

/// How far a move has come that was begun: what ended in an error after the offer goes on with the same line, also where
/// only its last words are missing.
fn how_far(context: &Context) -> Result<Option<Departure>> {
    let wards = match context.wards() {
        Err(Error::Config { .. } | Error::SessionMissing { .. }) => return Ok(None),
        other => other?,
    };
    let mut all = wards.iter().filter_map(|w| w.vault.departure(&w.work).transpose());
    let half = |d: Result<_>| d.map(|(_, how)| how);
    all.next().map(half).transpose()
}

fn args(more: &[&str]) -> Vec<OsString> {
    whose::arguments().into_iter().chain([INNER].iter().chain(more).map(OsString::from)).collect()
}

/// The arguments that forget a move which has come to nothing: what became of it was said, or will be.
fn to_stay() -> Vec<OsString> {
    let mut args = args(&["--stay"]);
    args.retain(|arg| arg != "--json");
    args
}
