//! `wakeep setup`: shows the plan, takes it, and says what comes next. Beside a bot without root; a whole server: `server`.

use super::args::Setup;
use super::context::Context;
use super::exit::Exit;
use super::near::near;
use super::planned::{Report, take, undo};
use super::server;
use super::whose;
use crate::config::{self, Config, Place};
use crate::disk;
use crate::error::{At, Result};
use crate::keeper::ward::{Ward, wards};
use crate::owner::{self, Owner};
use crate::session::find;
use crate::setup::{Site, local};
use crate::text::{self, Phrase};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Sets up here or the whole server.
pub fn set_up(context: &Context, wish: &Setup) -> Result<Exit> {
    let mut report = Report::default();
    let exit = work(context, wish, &mut report)?;
    if exit == Exit::Done && context.show.json && !context.show.is_object_said() {
        context.show.object(&report.object(wish));
    }
    Ok(exit)
}

fn work(context: &Context, wish: &Setup, report: &mut Report) -> Result<Exit> {
    let meant = wish.server || wish.app_dir.is_some() || wish.bot_unit.is_some() || wish.schedule.is_some();
    let server = meant || (owner::is_root() && Path::new(server::BOOTED).is_dir());
    match (&wish.root, wish.beside_bot) {
        (None, true) => server::half(context, wish, report),
        (Some(_), _) => server::whole(context, wish, report),
        (None, false) if server && !owner::is_root() => Ok(needs_root(context, wish)),
        (None, false) if server => server::whole(context, wish, report),
        (None, false) => beside(context, wish, report),
    }
}

/// The bot's user may not write services: what was typed is told with what it lacks.
fn needs_root(context: &Context, wish: &Setup) -> Exit {
    let show = &context.show;
    let typed: Vec<_> = whose::arguments().into_iter().filter(|a| a != "--server").collect();
    let typed = typed.iter().map(text::typed).collect::<Vec<_>>().join(" ");
    let line =
        if wish.server { typed.replacen("setup", "./setup-auto-restore.sh", 1) } else { format!("wakeep {typed}") };
    let (phrase, line) = (show.lang.phrase(Phrase::SetupNeedsRoot), line.trim_end());
    show.talk(&format!("{phrase}\n  sudo {line}"));
    refused(context, &format!("{phrase} sudo {line}"));
    Exit::Usage
}

/// The object of what couldn't be begun; in words it was said.
fn refused(context: &Context, why: &str) {
    if context.show.json {
        context.show.object(&json!({"outcome": "failed", "error": why}));
    }
}

/// The current folder.
///
/// # Errors
/// `Io`: it is gone.
pub(super) fn here() -> Result<PathBuf> {
    std::env::current_dir().at("reading", Path::new("."))
}

/// Beside a bot, without root.
fn beside(context: &Context, wish: &Setup, report: &mut Report) -> Result<Exit> {
    let show = &context.show;
    let here = here()?;
    if let Some(owner) = Owner::of(&here).filter(|_| owner::is_root()) {
        return whose::again(context, Some(owner), &whose::arguments());
    }
    let mut site = Site::open(Path::new("/"), &here.join(local::RECORD))?;
    if wish.undo {
        if !undo(context, &mut site, wish.dry_run, report)? {
            show.line(show.lang.phrase(Phrase::NothingToUndo));
        }
        return Ok(Exit::Done);
    }
    let of_server = config::of_server(Path::new(config::SYSTEM), &here);
    let wards = sessions_here(context, &here, of_server.is_some())?;
    let there: Vec<_> = wards.iter().filter(|w| disk::exists(&w.session.path)).map(|w| &w.session).collect();
    if there.is_empty() {
        return Ok(nothing_here(context));
    }
    if let Some(file) = &of_server {
        show.line(&format!("{} {}", show.lang.phrase(Phrase::SetupServersHolds), file.display()));
    }
    let kept = |path: &PathBuf| there.iter().any(|s| s.path.starts_with(path) || path.starts_with(&s.path));
    say_not_kept(context, &find::places(&here).into_iter().filter(|p| !kept(p)).collect::<Vec<_>>(), report);
    take(context, &mut site, &local::plan(&here, &there, of_server.is_some()), wish.dry_run, report)?;
    if of_server.is_none() {
        show.line(&format!("{} wakeep watch", show.lang.phrase(Phrase::SetupNext)));
    }
    Ok(Exit::Done)
}

/// No session stands here: which one was named, and what to do.
fn nothing_here(context: &Context) -> Exit {
    let show = &context.show;
    let named: Vec<_> = context.named().iter().map(|e| show.lang.error(e).what).collect();
    let said = if named.is_empty() { show.lang.phrase(Phrase::NothingHere).to_owned() } else { named.join("; ") };
    show.line(&said);
    show.line(show.lang.phrase(Phrase::SetupLinkFirst));
    refused(context, &said);
    Exit::Broken
}

/// The sessions here: a server's configuration for another folder has nothing to say.
fn sessions_here(context: &Context, here: &Path, is_servers: bool) -> Result<Vec<Ward>> {
    let said = &context.config;
    let is_strange = said.file.as_ref().is_some_and(|f| f.starts_with(config::SYSTEM)) && !is_servers;
    if !is_strange && (said.file.is_some() || !said.places.is_empty()) {
        return context.wards();
    }
    let places = find::places(here).into_iter().map(|path| Place { path, ..Place::default() }).collect();
    wards(&Config { places, ..Config::default() })
}

/// Which sessions nobody keeps, since the configuration that stands doesn't name them.
pub(super) fn say_not_kept(context: &Context, sessions: &[PathBuf], report: &mut Report) {
    for path in sessions {
        report.warn(context, format!("{} {}", context.show.lang.phrase(Phrase::SetupNotKept), near(path)));
    }
}
