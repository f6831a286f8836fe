//! Who stops the bot for `wakeep move`: its supervisor, asked by this process, which may be root; the move itself is done
//! by the bot's user. A bot that isn't moved in the end is started again.

use super::exit::Exit;
use super::moving;
use super::run::Context;
use super::whose::{self, CAN_STOP, tell, when_let_go};
use crate::error::Result;
use crate::keeper::bot::Supervisor;
use crate::owner::Owner;
use crate::text::Phrase;
use std::ffi::OsString;

/// Moves the bot, stopped where it runs and the configuration names how.
pub fn go(context: &Context, to: &str, owner: Option<Owner>) -> Result<Exit> {
    let once = |more: &[&str]| once(context, to, owner, more);
    let Some(supervisor) = Supervisor::of(&context.config) else {
        let exit = once(&[])?;
        return settled(context, exit, None, owner);
    };
    let (mut exit, mut stopped) = (once(&[CAN_STOP])?, false);
    if exit == Exit::InUse && supervisor.runs(owner) {
        tell(context, Phrase::StoppingToMove, &supervisor.command("stop"));
        supervisor.stop(owner)?;
        stopped = true;
        exit = when_let_go(once)?;
    } else if exit == Exit::InUse {
        // Somebody else runs it: who, is said now.
        exit = once(&[])?;
    }
    settled(context, exit, Some((supervisor, stopped)), owner)
}

/// How the bot here is left. `by` is who runs it, and whether it was stopped for this.
fn settled(context: &Context, exit: Exit, by: Option<(Supervisor, bool)>, owner: Option<Owner>) -> Result<Exit> {
    let show = &context.show;
    match by {
        _ if exit != Exit::Done && is_half(context)? => show.talk(show.lang.phrase(Phrase::MoveHalf)),
        Some((supervisor, _)) if exit == Exit::Done => {
            tell(context, Phrase::StaysStopped, &supervisor.retire_command());
        }
        Some((supervisor, true)) => {
            tell(context, Phrase::StartingBot, &supervisor.command("start"));
            supervisor.start(owner)?;
        }
        Some((supervisor, false)) if !supervisor.runs(owner) => {
            tell(context, Phrase::StillStopped, &supervisor.command("start"));
        }
        _ => {}
    }
    Ok(exit)
}

/// Whether a move was begun: what ended in an error after that goes on with the same line, also where only its last words
/// are missing.
fn is_half(context: &Context) -> Result<bool> {
    Ok(context.wards()?.iter().any(|w| w.vault.state().moved.is_some()))
}

/// One attempt, as the bot's user. What went wrong is told before what becomes of the bot.
fn once(context: &Context, to: &str, owner: Option<Owner>, more: &[&str]) -> Result<Exit> {
    if owner.is_none() {
        let done = moving::go(context, to, more.contains(&CAN_STOP)).inspect_err(|e| context.show.error(e));
        return Ok(done.unwrap_or_else(|e| Exit::of_error(&e)));
    }
    let mut args = whose::arguments();
    args.extend(more.iter().map(OsString::from));
    whose::again(owner, &args)
}
