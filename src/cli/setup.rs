//! `wakeep setup`: shows the plan, takes it, and says what comes next. Beside a bot without root; as root the whole
//! server, in two halves: the system's, and the bot's folder's, which is done as the bot's user.

use super::args::Setup;
use super::exit::Exit;
use super::run::Context;
use super::show::near;
use super::whose;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::keeper::bot::Supervisor;
use crate::owner::{self, Owner};
use crate::setup::facts::{self, Facts, Said, Schedule};
use crate::setup::record::Undone;
use crate::setup::server::{self, Names};
use crate::setup::{Fate, Site, Step, difference, local};
use crate::text::Phrase;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// systemd runs this machine: sd_booted(3).
const BOOTED: &str = "/run/systemd/system";

/// Sets up here or the whole server.
pub fn set_up(context: &Context, wish: &Setup) -> Result<Exit> {
    let server = owner::is_root() && (wish.app_dir.is_some() || Path::new(BOOTED).is_dir());
    match (&wish.root, wish.beside_bot) {
        (None, true) => folder_half(context, wish, &facts(wish)?).map(|()| Exit::Done),
        (Some(_), _) => whole(context, wish),
        (None, false) if server => whole(context, wish),
        (None, false) => beside(context, wish),
    }
}

fn facts(wish: &Setup) -> Result<Facts> {
    let schedule = wish.schedule.as_deref().map(|s| if s == "timer" { Schedule::Timer } else { Schedule::Cron });
    let said = Said { app: wish.app_dir.clone(), unit: wish.bot_unit.clone(), schedule };
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
        return undo(context, &mut site, wish.dry_run).map(|()| Exit::Done);
    }
    let wards = context.wards()?;
    let there: Vec<_> = wards.iter().filter(|w| disk::exists(&w.session.path)).map(|w| &w.session).collect();
    if there.is_empty() {
        show.line(show.lang.phrase(Phrase::NothingHere));
        return Ok(Exit::Broken);
    }
    take(context, &mut site, &local::plan(&here, &there), wish.dry_run)?;
    show.line(&format!("{} wakeep watch", show.lang.phrase(Phrase::SetupNext)));
    Ok(Exit::Done)
}

/// The whole server.
fn whole(context: &Context, wish: &Setup) -> Result<Exit> {
    if !wish.undo {
        return build(context, wish);
    }
    // Without a name: all that was set up here.
    let mut apps: Vec<PathBuf> = wish.app_dir.iter().cloned().collect();
    if apps.is_empty() {
        apps = facts::set_up(root(wish));
    }
    if apps.is_empty() {
        context.show.line(context.show.lang.phrase(Phrase::NothingChanged));
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
    Site::open(root(wish), &Path::new(crate::config::SYSTEM).join(server::record_name(facts)))
}

fn build(context: &Context, wish: &Setup) -> Result<Exit> {
    let facts = facts(wish)?;
    let names = Names::of(&facts);
    let this = std::env::current_exe().at("reading", Path::new("/proc/self/exe"))?;
    let installed = facts.wakeep.starts_with("/usr/bin") || (wish.root.is_none() && this == facts.wakeep);
    let program = (!installed).then_some(this.as_path());
    take(context, &mut site(wish, &facts)?, &server::system(&facts, program), wish.dry_run)?;
    folder_half(context, wish, &facts)?;
    if is_alive(wish) {
        switch_on(&names.enabled(&facts))?;
    }
    finish(context, &facts, &names, is_alive(wish))
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
    undo(context, &mut site(wish, &facts)?, wish.dry_run)?;
    if is_alive(wish) { systemctl(&["daemon-reload"]) } else { Ok(()) }
}

fn strs(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// Never the bot: its next start finds all of it.
fn switch_on(units: &[String]) -> Result<()> {
    systemctl(&["daemon-reload"])?;
    systemctl(&[&["enable", "--quiet"], strs(units).as_slice()].concat())?;
    systemctl(&[&["restart"], strs(units).as_slice()].concat())
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
    let mut site = Site::open(root(wish), &facts.app.join(local::RECORD))?;
    if wish.undo {
        return undo(context, &mut site, wish.dry_run);
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

fn take(context: &Context, site: &mut Site, steps: &[Step], dry_run: bool) -> Result<()> {
    for step in steps {
        let fate = if dry_run { site.judge(step)? } else { site.take(step)? };
        tell(context, site, step, &fate, dry_run);
    }
    Ok(())
}

fn tell(context: &Context, site: &Site, step: &Step, fate: &Fate, dry_run: bool) {
    let show = &context.show;
    let mark = if dry_run { "--dry-run: " } else { "" };
    let path = near(&step.path);
    let say = |phrase, more: &str| show.line(&format!("{mark}{}: {path}{more}", show.lang.phrase(phrase)));
    match fate {
        Fate::Stands => say(Phrase::LeftAsIs, ""),
        Fate::Write => say(Phrase::Wrote, ""),
        Fate::Append(lines) => say(Phrase::Wrote, &format!(" {}", lines.join(" "))),
        Fate::Replace => say(Phrase::SetupReplaced, ""),
        Fate::Keep => say(Phrase::SetupBeside, ".wakeep"),
        Fate::Beside(ours) => {
            say(Phrase::SetupBeside, ".wakeep");
            if !dry_run {
                let (theirs, ours) = (site.on_disk(&step.path), site.on_disk(ours));
                difference(&theirs, &ours).iter().for_each(|l| show.line(&format!("    {l}")));
                show.line(&format!(
                    "    {} cp {} {}",
                    show.lang.phrase(Phrase::SetupTakeIt),
                    near(&ours),
                    near(&theirs)
                ));
            }
        }
    }
}

fn undo(context: &Context, site: &mut Site, dry_run: bool) -> Result<()> {
    let show = &context.show;
    let mark = if dry_run { "--dry-run: " } else { "" };
    let done = if dry_run {
        site.record.all().iter().rev().map(|w| (w.path.clone(), site.judge_undo(w))).collect()
    } else {
        site.undo()?
    };
    for (path, fate) in done {
        let phrase = match fate {
            Undone::Removed => Phrase::SetupRemoved,
            Undone::PutBack => Phrase::SetupPutBack,
            Undone::Left => Phrase::LeftAsIs,
            Undone::Gone => continue,
        };
        show.line(&format!("{mark}{}: {}", show.lang.phrase(phrase), near(&path)));
    }
    Ok(())
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
    let config =
        crate::config::Config { bot_unit: facts.unit.clone(), bot_pm2: facts.pm2.clone(), ..Default::default() };
    if let Some(supervisor) = Supervisor::of(&config) {
        show.line(&format!("{} {}", show.lang.phrase(Phrase::SetupEffect), supervisor.command("restart")));
    }
    Ok(Exit::Done)
}
