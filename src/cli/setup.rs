//! `wakeep setup`: shows the plan, takes it, and says what comes next. Beside a bot without root; as root the whole
//! server, in two halves: the system's, and the bot's folder's, which is done as the bot's user.

use super::args::Setup;
use super::exit::Exit;
use super::planned::{take, undo};
use super::run::Context;
use super::show::near;
use super::whose;
use crate::config::{self, Config, Place};
use crate::disk;
use crate::error::{At, Error, Result};
use crate::keeper::bot::Supervisor;
use crate::keeper::ward::{Ward, wards};
use crate::owner::{self, Owner};
use crate::platform::host;
use crate::session::find;
use crate::setup::change;
use crate::setup::facts::{Facts, Said, Schedule};
use crate::setup::names::Names;
use crate::setup::record::Record;
use crate::setup::server;
use crate::setup::{Site, bots, existing, local};
use crate::text::Phrase;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// systemd runs this machine: sd_booted(3).
const BOOTED: &str = "/run/systemd/system";

/// Sets up here or the whole server.
pub fn set_up(context: &Context, wish: &Setup) -> Result<Exit> {
    let meant = wish.server || wish.app_dir.is_some() || wish.bot_unit.is_some() || wish.schedule.is_some();
    let server = meant || (owner::is_root() && Path::new(BOOTED).is_dir());
    match (&wish.root, wish.beside_bot) {
        (None, true) => folder_half(context, wish, &facts(wish)?).map(|()| Exit::Done),
        (Some(_), _) => whole(context, wish),
        (None, false) if server && !owner::is_root() => needs_root(context, wish),
        (None, false) if server => whole(context, wish),
        (None, false) => beside(context, wish),
    }
}

/// The bot's user may not write services: what was typed is told with what it lacks.
fn needs_root(context: &Context, wish: &Setup) -> Result<Exit> {
    let show = &context.show;
    let typed: Vec<_> = whose::arguments().into_iter().filter(|a| a != "--server").collect();
    let typed = typed.iter().map(|a| a.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let line =
        if wish.server { typed.replacen("setup", "./setup-auto-restore.sh", 1) } else { format!("wakeep {typed}") };
    show.talk(&format!("{}\n  sudo {}", show.lang.phrase(Phrase::SetupNeedsRoot), line.trim_end()));
    Ok(Exit::Usage)
}

fn facts(wish: &Setup) -> Result<Facts> {
    let schedule = wish.schedule.as_deref().map(|s| if s == "timer" { Schedule::Timer } else { Schedule::Cron });
    let said = Said { app: wish.app_dir.clone(), unit: wish.bot_unit.clone(), schedule, undo: wish.undo };
    Facts::find(root(wish), &said, &here()?)
}

fn root(wish: &Setup) -> &Path {
    wish.root.as_deref().unwrap_or(Path::new("/"))
}

fn here() -> Result<PathBuf> {
    std::env::current_dir().at("reading", Path::new("."))
}

/// Beside a bot, without root.
fn beside(context: &Context, wish: &Setup) -> Result<Exit> {
    let show = &context.show;
    let here = here()?;
    if let Some(owner) = Owner::of(&here).filter(|_| owner::is_root()) {
        return whose::again(Some(owner), &whose::arguments());
    }
    let mut site = Site::open(Path::new("/"), &here.join(local::RECORD))?;
    if wish.undo {
        if !undo(context, &mut site, wish.dry_run)? {
            show.line(show.lang.phrase(Phrase::NothingToUndo));
        }
        return Ok(Exit::Done);
    }
    let of_server = config::of_server(Path::new(config::SYSTEM), &here);
    let wards = sessions_here(context, &here, of_server.is_some())?;
    let there: Vec<_> = wards.iter().filter(|w| disk::exists(&w.session.path)).map(|w| &w.session).collect();
    if there.is_empty() {
        show.line(show.lang.phrase(Phrase::NothingHere));
        show.line(show.lang.phrase(Phrase::SetupLinkFirst));
        return Ok(Exit::Broken);
    }
    if let Some(file) = &of_server {
        show.line(&format!("{} {}", show.lang.phrase(Phrase::SetupServersHolds), file.display()));
    }
    let kept = |path: &PathBuf| there.iter().any(|s| s.path.starts_with(path) || path.starts_with(&s.path));
    say_not_kept(context, &find::places(&here).into_iter().filter(|p| !kept(p)).collect::<Vec<_>>());
    take(context, &mut site, &local::plan(&here, &there, of_server.is_some()), wish.dry_run)?;
    if of_server.is_none() {
        show.line(&format!("{} wakeep watch", show.lang.phrase(Phrase::SetupNext)));
    }
    Ok(Exit::Done)
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

/// The whole server.
fn whole(context: &Context, wish: &Setup) -> Result<Exit> {
    if !wish.undo {
        return build(context, wish);
    }
    // Without a name: all that was set up here.
    let mut apps: Vec<PathBuf> = wish.app_dir.iter().cloned().collect();
    if apps.is_empty() {
        apps = bots::set_up(root(wish));
    }
    if apps.is_empty() {
        context.show.line(context.show.lang.phrase(Phrase::NothingToUndo));
    }
    for app in apps {
        take_down(context, &Setup { app_dir: Some(app), ..wish.clone() })?;
    }
    Ok(Exit::Done)
}

/// Whether the machine that is set up is this one, and runs.
fn is_alive(wish: &Setup) -> bool {
    wish.root.is_none() && Path::new(BOOTED).is_dir() && !wish.dry_run
}

fn site<'a>(wish: &'a Setup, facts: &Facts) -> Result<Site<'a>> {
    Site::open(root(wish), &Names::of(facts).record)
}

fn build(context: &Context, wish: &Setup) -> Result<Exit> {
    let facts = facts(wish)?;
    let names = Names::of(&facts);
    let this = std::env::current_exe().at("reading", host::this_program())?;
    let installed = facts.wakeep.starts_with("/usr/bin") || (wish.root.is_none() && this == facts.wakeep);
    let program = (!installed).then_some(this.as_path());
    forewarn(context, wish, &facts, &names);
    let mut site = site(wish, &facts)?;
    take(context, &mut site, &server::system(&facts, program), wish.dry_run)?;
    let changes = change::steps(&facts, &site.record);
    // A timer whose files go is switched off first; one that never was on is no reason to stop here.
    if is_alive(wish) && changes.iter().any(|step| step.path.ends_with(&names.timer)) {
        let _ = systemctl(&["disable", "--now", "--quiet", &names.timer]);
    }
    take(context, &mut site, &changes, wish.dry_run)?;
    folder_half(context, wish, &facts)?;
    if is_alive(wish) {
        switch_on(context, &names.enabled(&facts))?;
    }
    finish(context, &facts, &names, is_alive(wish))
}

/// What the plan's lines alone wouldn't tell.
fn forewarn(context: &Context, wish: &Setup, facts: &Facts, names: &Names) {
    let show = &context.show;
    let site = Site { root: root(wish), record: Record::default() };
    for place in facts.sessions.iter().filter(|place| !disk::exists(&site.on_disk(&place.path))) {
        show.line(&format!("{} {}", show.lang.phrase(Phrase::SetupNoSession), place.path.display()));
    }
    say_not_kept(context, &facts.not_kept(&site.on_disk(&facts.app)));
    if let Some(unit) = facts.unit.as_ref().filter(|_| !facts.unit_stands) {
        show.line(&format!("{} {unit}", show.lang.phrase(Phrase::SetupNoSuchUnit)));
    }
    if facts.existing.own.is_none() {
        return;
    }
    let own = facts.app.join(existing::NAME);
    let took = if facts.existing.server.is_some() { Phrase::SetupServersHolds } else { Phrase::SetupTakesOver };
    show.line(&format!("{} {} ({})", show.lang.phrase(took), names.config.display(), near(&own)));
    let lost = facts.existing.not_taken(facts.unit.as_deref()).join(", ");
    if !lost.is_empty() {
        show.line(&format!("{} {lost}", show.lang.phrase(Phrase::SetupNotTaken)));
    }
}

fn say_not_kept(context: &Context, sessions: &[PathBuf]) {
    for path in sessions {
        context.show.line(&format!("{} {}", context.show.lang.phrase(Phrase::SetupNotKept), near(path)));
    }
}

fn take_down(context: &Context, wish: &Setup) -> Result<()> {
    let facts = facts(wish)?;
    if is_alive(wish) {
        let names = Names::of(&facts);
        for unit in [names.restore, names.keeper, names.timer] {
            // What was never switched on is no reason to stop here.
            let _ = systemctl(&["disable", "--now", "--quiet", &unit]);
        }
    }
    folder_half(context, wish, &facts)?;
    let mut site = site(wish, &facts)?;
    let handed_over = hand_over(context, wish, &facts, &mut site)?;
    if !undo(context, &mut site, wish.dry_run)? && !handed_over {
        context.show.line(context.show.lang.phrase(Phrase::NothingToUndo));
    }
    if is_alive(wish) { systemctl(&["daemon-reload"]) } else { Ok(()) }
}

/// What other bots here use, too, stays, and is theirs to undo from now on. Returns whether there was anything.
fn hand_over(context: &Context, wish: &Setup, facts: &Facts, site: &mut Site) -> Result<bool> {
    let others = bots::other_records(root(wish), facts.second.as_deref());
    let Some(heir) = others.first() else { return Ok(false) };
    let parted = site.record.part_with(&server::shared(facts));
    for written in &parted {
        context.show.line(&format!("{}: {}", context.show.lang.phrase(Phrase::SetupShared), near(&written.path)));
    }
    let any = !parted.is_empty();
    if !wish.dry_run {
        Site::open(root(wish), heir)?.record.inherit(parted)?;
    }
    Ok(any)
}

fn strs(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// Never the bot: its next start finds all of it.
fn switch_on(context: &Context, units: &[String]) -> Result<()> {
    let on = systemctl(&["daemon-reload"])
        .and_then(|()| systemctl(&[&["enable", "--quiet"], strs(units).as_slice()].concat()))
        .and_then(|()| systemctl(&[&["restart"], strs(units).as_slice()].concat()));
    on.inspect_err(|_| {
        let why = context.show.lang.phrase(Phrase::SetupNotStarted);
        context.show.talk(&format!("{why}\n  systemctl status --no-pager {}", units.join(" ")));
    })
}

fn systemctl(args: &[&str]) -> Result<()> {
    let status = Command::new("systemctl").args(args).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let place = Path::new("systemd");
    let status = status.at("asking", place)?;
    let failed = || std::io::Error::other(format!("`systemctl {}` ended with {status}", args.join(" ")));
    if status.success() { Ok(()) } else { Err(Error::Io { doing: "asking", path: place.into(), source: failed() }) }
}

/// The half that stands in the bot's folder: done as the bot's user, by this program again.
fn folder_half(context: &Context, wish: &Setup, facts: &Facts) -> Result<()> {
    if owner::is_root() && facts.owner.is_some() && wish.root.is_none() {
        let exit = whose::again(facts.owner, &folder_arguments(context, wish, facts))?;
        let failed = || std::io::Error::other(format!("exit code {}", exit.code()));
        return if exit == Exit::Done { Ok(()) } else { Err(failed()).at("setting up", &facts.app) };
    }
    let mut site = Site::open(root(wish), &facts.app.join(server::FOLDER_RECORD))?;
    if wish.undo {
        return undo(context, &mut site, wish.dry_run).map(drop);
    }
    let steps = server::beside_the_bot(facts, &site.on_disk(&facts.app));
    take(context, &mut site, &steps, wish.dry_run)
}

fn folder_arguments(context: &Context, wish: &Setup, facts: &Facts) -> Vec<String> {
    let lang = if context.show.lang == crate::text::Lang::Ru { "ru" } else { "en" };
    let mut args: Vec<String> = ["--lang", lang, "setup", "--beside-bot", "--app-dir"].map(str::to_owned).to_vec();
    args.push(facts.app.to_string_lossy().into_owned());
    for (flag, value) in [("--bot-unit", &facts.unit), ("--schedule", &wish.schedule)] {
        args.extend(value.iter().flat_map(|v| [flag.to_owned(), v.clone()]));
    }
    let switches = [(wish.dry_run, "--dry-run"), (wish.undo, "--undo")];
    args.extend(switches.iter().filter(|(on, _)| *on).map(|(_, flag)| flag.to_string()));
    args
}

/// Proves it on the user's own session, and says what is left to do.
fn finish(context: &Context, facts: &Facts, names: &Names, alive: bool) -> Result<Exit> {
    let show = &context.show;
    if facts.unit.is_none() && facts.pm2.is_none() {
        show.line(show.lang.phrase(Phrase::SetupNoUnit));
    }
    if alive {
        let lang = if show.lang == crate::text::Lang::Ru { "ru" } else { "en" };
        let config = names.config.to_string_lossy();
        let run = |verb: &[&str]| {
            let args = [&["--lang", lang, "--config", &config], verb].concat();
            let mut command = owner::again(facts.owner);
            command.args(args).current_dir(&facts.app);
            command
        };
        // The first archive may be the keeper's already; one that can't be made yet is told by the drill.
        let _ = run(&["archive"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let _ = run(&["check", "--drill"]).status();
    }
    let config = Config { bot_unit: facts.unit.clone(), bot_pm2: facts.pm2.clone(), ..Default::default() };
    if let Some(supervisor) = Supervisor::of(&config) {
        show.line(&format!("{} {}", show.lang.phrase(Phrase::SetupEffect), supervisor.command("restart")));
    }
    Ok(Exit::Done)
}
