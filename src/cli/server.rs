//! The whole server, set up by root, in two halves: the system's, and the bot's folder's, which is done as the bot's user.
//! What is written stands in the room `setup`; here it is taken, told and switched on.

use super::args::Setup;
use super::context::Context;
use super::exit::Exit;
use super::near::near;
use super::planned::{Report, take, undo};
use super::setup::{here, say_not_kept};
use super::whose;
use crate::config::Config;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::keeper::bot::Supervisor;
use crate::owner;
use crate::platform::host;
use crate::setup::change;
use crate::setup::facts::{Facts, Said, Schedule};
use crate::setup::names::Names;
use crate::setup::record::Record;
use crate::setup::server;
use crate::setup::{Site, bots, existing};
use crate::text::Phrase;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// systemd runs this machine: sd_booted(3).
pub(super) const BOOTED: &str = "/run/systemd/system";

/// The whole server.
///
/// # Errors
/// `Config`: no bot, or what can't be; `Io`.
pub(super) fn whole(context: &Context, wish: &Setup, report: &mut Report) -> Result<Exit> {
    if !wish.undo {
        return build(context, wish, report);
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
        take_down(context, &Setup { app_dir: Some(app), ..wish.clone() }, report)?;
    }
    Ok(Exit::Done)
}

/// What is known of the machine and the bot.
fn facts(wish: &Setup) -> Result<Facts> {
    let schedule = wish.schedule.as_deref().map(|s| if s == "timer" { Schedule::Timer } else { Schedule::Cron });
    let said = Said { app: wish.app_dir.clone(), unit: wish.bot_unit.clone(), schedule, undo: wish.undo };
    Facts::find(root(wish), &said, &here()?)
}

fn root(wish: &Setup) -> &Path {
    wish.root.as_deref().unwrap_or(Path::new("/"))
}

/// Whether the machine that is set up is this one, and runs.
fn is_alive(wish: &Setup) -> bool {
    wish.root.is_none() && Path::new(BOOTED).is_dir() && !wish.dry_run
}

fn site<'a>(wish: &'a Setup, facts: &Facts) -> Result<Site<'a>> {
    Site::open(root(wish), &Names::of(facts).record)
}

fn build(context: &Context, wish: &Setup, report: &mut Report) -> Result<Exit> {
    let facts = facts(wish)?;
    let names = Names::of(&facts);
    let this = std::env::current_exe().at("reading", host::this_program())?;
    let installed = facts.wakeep.starts_with("/usr/bin") || (wish.root.is_none() && this == facts.wakeep);
    let program = (!installed).then_some(this.as_path());
    forewarn(context, wish, &facts, &names, report);
    let mut site = site(wish, &facts)?;
    take(context, &mut site, &server::system(&facts, program), wish.dry_run, report)?;
    let changes = change::steps(&facts, &site.record);
    // A timer whose files go is switched off first.
    if is_alive(wish) && changes.iter().any(|step| step.path.ends_with(&names.timer)) {
        switch_off(&names.timer);
    }
    take(context, &mut site, &changes, wish.dry_run, report)?;
    folder_half(context, wish, &facts, report)?;
    if is_alive(wish) {
        switch_on(context, &names.enabled(&facts))?;
    }
    finish(context, &facts, &names, is_alive(wish), report)
}

/// What the plan's lines alone wouldn't tell.
fn forewarn(context: &Context, wish: &Setup, facts: &Facts, names: &Names, report: &mut Report) {
    let show = &context.show;
    let site = Site { root: root(wish), record: Record::default() };
    for place in facts.sessions.iter().filter(|place| !disk::exists(&site.on_disk(&place.path))) {
        report.warn(context, format!("{} {}", show.lang.phrase(Phrase::SetupNoSession), place.path.display()));
    }
    say_not_kept(context, &facts.not_kept(&site.on_disk(&facts.app)), report);
    if let Some(unit) = facts.unit.as_ref().filter(|_| !facts.unit_stands) {
        report.warn(context, format!("{} {unit}", show.lang.phrase(Phrase::SetupNoSuchUnit)));
    }
    if facts.existing.own.is_none() {
        return;
    }
    let own = facts.app.join(existing::NAME);
    let took = if facts.existing.server.is_some() { Phrase::SetupServersHolds } else { Phrase::SetupTakesOver };
    show.line(&format!("{} {} ({})", show.lang.phrase(took), names.config.display(), near(&own)));
    let lost = facts.existing.not_taken(facts.unit.as_deref()).join(", ");
    if !lost.is_empty() {
        report.warn(context, format!("{} {lost}", show.lang.phrase(Phrase::SetupNotTaken)));
    }
}

fn take_down(context: &Context, wish: &Setup, report: &mut Report) -> Result<()> {
    let facts = facts(wish)?;
    if is_alive(wish) {
        let names = Names::of(&facts);
        [names.restore, names.keeper, names.timer].iter().for_each(|unit| switch_off(unit));
    }
    folder_half(context, wish, &facts, report)?;
    let mut site = site(wish, &facts)?;
    let handed_over = hand_over(context, wish, &facts, &mut site, report)?;
    if !undo(context, &mut site, wish.dry_run, report)? && !handed_over {
        context.show.line(context.show.lang.phrase(Phrase::NothingToUndo));
    }
    if is_alive(wish) { systemctl(&["daemon-reload"]) } else { Ok(()) }
}

/// What other bots here use, too, stays, and is theirs to undo from now on. Returns whether there was anything.
fn hand_over(context: &Context, wish: &Setup, facts: &Facts, site: &mut Site, report: &mut Report) -> Result<bool> {
    let others = bots::other_records(root(wish), facts.second.as_deref());
    let Some(heir) = others.first() else { return Ok(false) };
    let parted = site.record.part_with(&server::shared(facts));
    for written in &parted {
        context.show.line(&format!("{}: {}", context.show.lang.phrase(Phrase::SetupShared), near(&written.path)));
        report.step(&written.path, "shared", json!({}));
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

/// What was never switched on is no reason to stop, and nothing to tell.
fn switch_off(unit: &str) {
    let mut off = Command::new("systemctl");
    off.args(["disable", "--now", "--quiet", unit]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = off.status();
}

fn systemctl(args: &[&str]) -> Result<()> {
    let status = Command::new("systemctl").args(args).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let place = Path::new("systemd");
    let status = status.at("asking", place)?;
    let failed = || std::io::Error::other(format!("`systemctl {}` ended with {status}", args.join(" ")));
    if status.success() { Ok(()) } else { Err(Error::Io { doing: "asking", path: place.into(), source: failed() }) }
}

/// The half that stands in the bot's folder alone.
///
/// # Errors
/// As [`whole`].
pub(super) fn half(context: &Context, wish: &Setup, report: &mut Report) -> Result<Exit> {
    folder_half(context, wish, &facts(wish)?, report).map(|()| Exit::Done)
}

/// The half that stands in the bot's folder: done as the bot's user, by this program again.
fn folder_half(context: &Context, wish: &Setup, facts: &Facts, report: &mut Report) -> Result<()> {
    if owner::is_root() && facts.owner.is_some() && wish.root.is_none() {
        let mut again = owner::again(facts.owner);
        again.args(folder_arguments(context, wish, facts));
        let (exit, object) = heard(context, again).at("setting up", &facts.app)?;
        report.add(&object);
        let failed = || std::io::Error::other(format!("exit code {}", exit.code()));
        return if exit == Exit::Done { Ok(()) } else { Err(failed()).at("setting up", &facts.app) };
    }
    let mut site = Site::open(root(wish), &facts.app.join(server::FOLDER_RECORD))?;
    if wish.undo {
        return undo(context, &mut site, wish.dry_run, report).map(drop);
    }
    let steps = server::beside_the_bot(facts, &site.on_disk(&facts.app));
    take(context, &mut site, &steps, wish.dry_run, report)
}

/// Runs a command of this program that shows what it has to say, or gives it as an object where one is wanted.
fn heard(context: &Context, mut again: Command) -> std::io::Result<(Exit, Value)> {
    if !context.show.json {
        return again.status().map(|status| (whose::exit_of(status), Value::Null));
    }
    let done = again.arg("--json").stderr(Stdio::inherit()).output()?;
    // Where it was killed there is none.
    Ok((whose::exit_of(done.status), serde_json::from_slice(&done.stdout).unwrap_or_default()))
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
fn finish(context: &Context, facts: &Facts, names: &Names, alive: bool, report: &mut Report) -> Result<Exit> {
    let show = &context.show;
    if facts.unit.is_none() && facts.pm2.is_none() {
        report.warn(context, show.lang.phrase(Phrase::SetupNoUnit).to_owned());
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
        report.drill = heard(context, run(&["check", "--drill"])).map(|(_, object)| object).unwrap_or_default();
    }
    let config = Config { bot_unit: facts.unit.clone(), bot_pm2: facts.pm2.clone(), ..Default::default() };
    if let Some(supervisor) = Supervisor::of(&config) {
        show.line(&format!("{} {}", show.lang.phrase(Phrase::SetupEffect), supervisor.command("restart")));
    }
    Ok(Exit::Done)
}
