//! Whose files a command works on. Run by root, it is done again as the bot's user; and where a restore needs the bot
//! stopped, the outer process, which may, stops and starts it.

use super::args::{Restore, Verb};
use super::context::Context;
use super::exit::Exit;
use super::halt::{CAN_STOP, INNER, Outer};
use super::once;
use crate::error::Result;
use crate::keeper::bot::Supervisor;
use crate::owner::{self, Owner};
use crate::text::Phrase;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Tells the inner process that the person has said yes.
const ANSWERED: &str = "--answered";

/// The bot's user, where this process is root and the command works on files that aren't all root's.
pub fn owner(context: &Context, verb: &Verb) -> Option<Owner> {
    if !owner::is_root() {
        return None;
    }
    let places = context.config.places.iter();
    let configured = places.flat_map(|p| [Some(p.path.clone()), p.vault.clone()]).flatten();
    let paths: Vec<PathBuf> = match verb {
        // These judge files that root named, or have nothing to do with a bot's folder, or divide the work themselves.
        Verb::Demo { .. } | Verb::Verify { .. } | Verb::Extract { .. } | Verb::Generate { .. } => return None,
        Verb::Setup { .. } => return None,
        Verb::Keygen { .. } | Verb::Seal { .. } | Verb::Unseal { .. } => return None,
        Verb::List { file: Some(_), .. } => return None,
        Verb::Check { paths, .. } if !paths.is_empty() => paths.clone(),
        // A configuration that the bot's user wrote gives orders to that user only.
        _ => context.config.file.iter().cloned().chain(configured).chain(here(context)).collect(),
    };
    paths.iter().find_map(|p| Owner::of(p))
}

/// Where nothing is configured, the session is looked for in the current folder.
fn here(context: &Context) -> Option<PathBuf> {
    context.config.places.is_empty().then(|| PathBuf::from(".wwebjs_auth"))
}

/// This command's own arguments, byte for byte: names of files need not be UTF-8.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// `wakeep restore`: once as the session's owner; where the bot holds the session and its supervisor is known, again
/// between a stop and a start of the bot.
pub fn restore(context: &Context, wish: &Restore, owner: Option<Owner>) -> Result<Exit> {
    let supervisor = Supervisor::of(&context.config).filter(|_| !wish.before_start && !wish.dry_run && !wish.inner);
    let Some(supervisor) = supervisor else { return once(context, wish, owner, &[], false) };
    let exit = once(context, wish, owner, &[CAN_STOP], false)?;
    if exit != Exit::InUse {
        return Ok(exit);
    }
    if !supervisor.runs(owner) {
        let answered: &[&str] = if wish.ask { &[ANSWERED] } else { &[] };
        return once(context, wish, owner, answered, true);
    }
    let mut args = arguments();
    args.retain(|a| a != "--tell");
    args.extend([INNER].into_iter().chain(wish.ask.then_some(ANSWERED)).map(OsString::from));
    let mut outer = Outer::new(context, owner)?;
    let done = outer.stop(&supervisor, Phrase::StoppingBot).and_then(|()| outer.when_let_go(&args));
    // Its error counts, but hides no other.
    let started = outer.start(&supervisor);
    let exit = done?;
    started.map(|()| exit)
}

/// What is done to the bot; before the command that does it.
pub fn tell(context: &Context, phrase: Phrase, command: &str) {
    context.show.line(&format!("{} {command}", context.show.lang.phrase(phrase)));
}

/// One attempt; after the first the verdict has been told.
fn once(context: &Context, wish: &Restore, owner: Option<Owner>, more: &[&str], told: bool) -> Result<Exit> {
    if owner.is_none() {
        let mut wish = wish.clone();
        wish.can_stop |= more.contains(&CAN_STOP);
        wish.answered |= more.contains(&ANSWERED);
        wish.tell &= !told;
        return once::restore(context, &wish);
    }
    let mut args = arguments();
    args.retain(|a| !told || a != "--tell");
    args.extend(more.iter().chain(&[INNER]).map(OsString::from));
    again(context, owner, &args)
}

/// Runs this program again as the owner; its exit code is ours.
pub fn again(context: &Context, owner: Option<Owner>, args: &[impl AsRef<OsStr>]) -> Result<Exit> {
    let exit = exit_of(owner::run_again(owner, args)?);
    said_by(context, args, exit);
    Ok(exit)
}

/// How a process of this program ended.
pub fn exit_of(status: ExitStatus) -> Exit {
    status.code().and_then(Exit::from_code).unwrap_or(Exit::Failed)
}

/// Notes that another process has written the one JSON object, where it was to and had something to say.
pub fn said_by(context: &Context, args: &[impl AsRef<OsStr>], exit: Exit) {
    let has = |flag: &str| args.iter().any(|arg| arg.as_ref() == flag);
    if has("--json") && !(exit == Exit::InUse && has(CAN_STOP)) {
        context.show.object_was_said();
    }
}

/// Makes sure that the log can be appended to after root has become the bot's user.
pub fn prepare_log(log: Option<&Path>, owner: Option<Owner>) {
    if let (Some(log), Some(owner)) = (log, owner) {
        // One that can't be made is told by whoever then can't write it.
        let _ = owner::make_log(log, Some(owner));
    }
}
