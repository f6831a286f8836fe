//! What each verb does: a line or a journey each.

use super::args::{Cli, Common, Generate, Restore, Verb};
use super::exit::Exit;
use super::show::{Show, near, nearer};
use super::{demo, doctor, reading, receive, setup, sides, status, whose};
use crate::archive::{self, Archive, Depth, Form};
use crate::cleanup::{Cleaned, cleanup};
use crate::config::{self, Config, LogFile, LogFormat};
use crate::disk;
use crate::drill::drill;
use crate::error::{At, Error, Result};
use crate::keep::Keeping;
use crate::keeper::signals::Signals;
use crate::keeper::ward::{Ward, wards};
use crate::keeper::{self, Keeper, all_taken, botlog};
use crate::owner::become_owner;
use crate::restore::{Restoring, Source, Wish};
use crate::session::holder;
use crate::text::{self, Lang, Phrase};
use crate::vault::journal::{Event, Told};
use clap::CommandFactory;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The one door to the clock.
pub(super) fn clock() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    Timestamp::now()
}

/// All that a verb needs to know of the world.
pub(super) struct Context {
    pub config: Config,
    pub show: Show,
    pub host: String,
    pub now: Timestamp,
}

/// Runs the program and returns how it ended.
pub fn run() -> Exit {
    let (cli, common) = super::parse();
    if let Some(n) = config::environment("WAKEEP_CRASH_BEFORE").and_then(|n| n.parse().ok()) {
        disk::crash_before(n);
    }
    let show = Show {
        lang: language(&common, None),
        json: common.json,
        full_account: common.show_account,
        log_format: LogFormat::Text,
        log_to: None,
    };
    let context = match context(common, show.clone()) {
        Ok(context) => context,
        Err(e) => return without_configuration(cli.verb, &show, &e),
    };
    let lang = context.show.lang;
    let done = verb(cli, context).inspect_err(|e| Show { lang, ..show.clone() }.error(e));
    done.unwrap_or_else(|e| Exit::of_error(&e))
}

/// Law 11: not even a mistake in the configuration keeps a bot from starting.
fn without_configuration(verb: Option<Verb>, show: &Show, e: &Error) -> Exit {
    match verb {
        Some(Verb::Restore(wish)) if wish.before_start => Exit::Done,
        Some(Verb::Run { command }) => {
            let config = Config::default();
            let (keeper, _) = Keeper::new(Vec::new(), &config, "", show.lang, clock);
            let ended = keeper::run::run(&command, keeper, &mut |_, _, _| {});
            ended.map_or_else(|e| Exit::of_error(&e), Exit::Bot)
        }
        _ => Exit::of_error(e),
    }
}

fn context(common: Common, mut show: Show) -> Result<Context> {
    let config = configuration(&common).inspect_err(|e| show.error(e))?;
    show.lang = language(&common, config.lang.as_deref());
    show.log_format = config.log_format;
    if let Some(log) = &common.log_to {
        show.log_to(log);
    }
    Ok(Context { config, show, host: holder::host_name(), now: clock() })
}

fn configuration(common: &Common) -> Result<Config> {
    let mut config = Config::load(common.config.as_deref(), common.session.as_deref())?;
    if let Some(archive) = &common.archive {
        config.first().archive = Some(archive.clone());
    }
    if let Some(vault) = &common.vault {
        config.first().vault = Some(vault.clone());
    }
    config.only.clone_from(&common.only);
    if let Some(format) = &common.log_format {
        config.set("log_format", &toml::Value::String(format.clone()), Path::new(""), "--log-format")?;
    }
    Ok(config)
}

/// Flag, then configuration, then the locale as POSIX orders its variables.
fn language(common: &Common, configured: Option<&str>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(config::environment);
    let decided = common.lang.as_deref().or(configured);
    Lang::of_locale(decided.or(locale.as_deref()).unwrap_or("en"))
}

fn verb(cli: Cli, context: Context) -> Result<Exit> {
    let verb = cli.verb.unwrap_or(Verb::Status);
    let owner = whose::owner(&context, &verb);
    whose::prepare_log(context.show.log_to.as_deref(), owner);
    match (verb, owner) {
        (Verb::Restore(wish), owner) => whose::restore(&context, &wish, owner),
        (Verb::Receive { file, yes }, owner) => receive::receive(&context, file.as_deref(), yes, owner),
        (_, Some(owner)) => match become_owner(owner, &whose::arguments())? {},
        (verb, None) => here(verb, context),
    }
}

/// The verb itself, as whoever this process runs.
fn here(verb: Verb, context: Context) -> Result<Exit> {
    match verb {
        Verb::Setup(wish) => setup::set_up(&context, &wish),
        Verb::Run { command } => run_bot(context, &command),
        Verb::Watch { interval } => watch(context, interval.as_deref()),
        Verb::Archive { force, plain } => keep(&context, force, if plain { Form::Plain } else { Form::Members }),
        Verb::Status => status::status(&context),
        Verb::Check { drill: true, .. } => prove(&context),
        Verb::Check { paths, .. } => reading::check(&context, &paths),
        Verb::Doctor { fix, report } => doctor::doctor(&context, fix, report),
        Verb::List { file: Some(file), .. } => reading::contents(&context, &file),
        Verb::List { events: true, .. } => reading::events(&context),
        Verb::List { .. } => reading::backups(&context),
        Verb::Restore(wish) => restore(&context, &wish),
        Verb::Receive { file, yes } => receive::receive(&context, file.as_deref(), yes, None),
        Verb::Event { what, reason } => hear(&context, what, reason.as_deref()),
        Verb::Cleanup { dry_run } => clean(&context, dry_run),
        Verb::Demo { bot: Some(dir) } => demo::bot(&dir),
        Verb::Demo { bot: None } => demo::demo(&context),
        Verb::Verify { file, quick } => reading::verify(&context, &file, quick),
        Verb::Extract { file, paths, into } => extract(&file, &paths, &into),
        Verb::Generate { what } => generate(&context, what),
    }
}

impl Context {
    /// The sessions in question.
    pub fn wards(&self) -> Result<Vec<Ward>> {
        let all = wards(&self.config)?;
        match &self.config.only {
            Some(only) if all.is_empty() => Err(Error::SessionMissing { path: PathBuf::from(only) }),
            _ => Ok(all),
        }
    }

    /// Does something for each session, shows what came of it, and returns the gravest code. An error with one
    /// session doesn't hold up the next.
    fn each(
        &self,
        work: impl FnMut(&mut Ward) -> Result<Event>,
        shape: impl Fn(&Ward, &Event) -> Value,
    ) -> Result<Exit> {
        self.each_but(None, work, shape)
    }

    /// The same; errors of this code are nothing to show.
    fn each_but(
        &self,
        hushed: Option<Exit>,
        mut work: impl FnMut(&mut Ward) -> Result<Event>,
        shape: impl Fn(&Ward, &Event) -> Value,
    ) -> Result<Exit> {
        let mut exit = Exit::Done;
        let mut shown = Vec::new();
        for mut ward in self.wards()? {
            match work(&mut ward) {
                Ok(event) => {
                    exit = exit.or(Exit::of_event(&event));
                    if self.show.json {
                        shown.push(shape(&ward, &event));
                    }
                    self.say(&event);
                }
                Err(e) if hushed == Some(Exit::of_error(&e)) => exit = exit.or(Exit::of_error(&e)),
                Err(e) => {
                    exit = exit.or(Exit::of_error(&e));
                    self.show.error(&e);
                    shown.push(json!({"outcome": "failed", "session": ward.session.name, "error": self.show.lang.error(&e).what}));
                }
            }
        }
        if self.show.json && hushed != Some(exit) {
            self.show.object(&one_object(shown));
        }
        Ok(exit)
    }

    fn say(&self, event: &Event) {
        if self.show.json {
            return;
        }
        if let Event::Unchanged { made, .. } = event {
            return self.show.line(&self.show.lang.unchanged_since(&text::clock(*made, self.now)));
        }
        self.show.line(&nearer(&self.show.lang.event(event)));
        if let Event::Refused { verdict: Some(verdict), .. } | Event::RestoreRefused { verdict, .. } = event {
            self.show.verdict("", verdict);
        }
    }
}

/// One session's object stands for itself; several stand in a list.
fn one_object(mut shown: Vec<Value>) -> Value {
    match shown.len() {
        1 => shown.remove(0),
        _ => json!({ "sessions": shown }),
    }
}

fn keep(context: &Context, force: bool, form: Form) -> Result<Exit> {
    context.each(
        |ward| {
            ward.record_first()?;
            let mut keeping = Keeping {
                session: &ward.session,
                vault: &mut ward.vault,
                work: &ward.work,
                carry: ward.carry,
                form,
                force,
                host: &context.host,
            };
            match keeping.keep(context.now)? {
                // "Unchanged" is said of an archive whose bytes are as they were written.
                Event::Unchanged { archive, .. } if archive::verify(&archive, Depth::Stored).is_err() => {
                    keeping.force = true;
                    keeping.keep(context.now)
                }
                event => Ok(event),
            }
        },
        |ward, event| kept_json(context, ward, event),
    )
}

fn prove(context: &Context) -> Result<Exit> {
    context.each(
        |ward| drill(&ward.session.name, &mut ward.vault, &ward.work, context.now),
        |ward, event| kept_json(context, ward, event),
    )
}

fn hear(context: &Context, what: Told, reason: Option<&str>) -> Result<Exit> {
    if context.wards()?.len() > 1 {
        return Err(Error::Config {
            place: "wakeep event".to_owned(),
            problem: "there are several sessions here: say which with --only NAME".to_owned(),
            suggestion: None,
        });
    }
    context.each(
        |ward| {
            let _work = ward.work.work("event")?;
            ward.vault.refresh()?;
            ward.vault.hear(what, reason, context.now)
        },
        |ward, event| kept_json(context, ward, event),
    )
}

/// The contract of `archive --json`, and of the other verbs that tell of one event a session.
fn kept_json(context: &Context, ward: &Ward, event: &Event) -> Value {
    let mut value = serde_json::to_value(event).expect("an event has string keys only");
    let outcome = value["event"].take();
    value.as_object_mut().and_then(|o| o.remove("event"));
    value["outcome"] = outcome;
    value["session"] = json!(ward.session.name);
    if let Event::Unchanged { archive, .. } = event {
        let members = Archive::open(archive).map_or(0, |a| a.members());
        value["members"] = json!(members);
        value["members_reused"] = json!(members);
        value["seconds"] = json!(0.0);
    }
    if let Event::Refused { .. } = event {
        value["archive"] = json!(ward.vault.archive());
        value["bytes"] = json!(disk::FileMark::of(ward.vault.archive()).ok().map(|m| m.size));
    }
    context.show.mask(&mut value);
    value
}

/// `wakeep restore`, as whoever this process runs.
pub(super) fn restore(context: &Context, wish: &Restore) -> Result<Exit> {
    let source = source(wish, context.now)?;
    if wish.ask && !wish.answered && !sides::wanted(context, wish.yes)? {
        context.show.line(context.show.lang.phrase(Phrase::NothingChanged));
        return Ok(Exit::Done);
    }
    let told = if wish.tell && !context.show.json { reading::check(context, &[])? } else { Exit::Done };
    let mut changed = false;
    let done = context.each_but(
        wish.can_stop.then_some(Exit::InUse),
        |ward| {
            let event = Restoring {
                session: &ward.session,
                vault: &mut ward.vault,
                work: &ward.work,
                wish: urgency(wish),
                source: source.clone(),
                shared: ward.shared.as_deref(),
                mode: context.config.session_mode,
                alone: ward.alone || wish.from.is_some() && context.config.only.is_some(),
                dry_run: wish.dry_run,
                host: &context.host,
            }
            .restore(context.now);
            changed |= matches!(event, Ok(Event::Restored { .. }));
            event
        },
        |ward, event| restored_json(context, ward, event),
    );
    match done {
        // Law 11: the bot always starts; only a session that others work with, or a lease, may hold it back.
        Ok(exit) if wish.before_start && !matches!(exit, Exit::LeaseHeld | Exit::InUse) => Ok(Exit::Done),
        Ok(Exit::Done) if !changed => Ok(told),
        Err(e) if wish.before_start => Ok(let_start(&context.show, &e)),
        other => other,
    }
}

/// Law 11: an error is told, and the bot starts all the same, unless somebody else works with its session.
fn let_start(show: &Show, e: &Error) -> Exit {
    show.error(e);
    match Exit::of_error(e) {
        exit @ (Exit::InUse | Exit::LeaseHeld) => exit,
        _ => Exit::Done,
    }
}

fn urgency(wish: &Restore) -> Wish {
    match (wish.force || wish.ask, wish.if_needed || wish.before_start) {
        (true, _) => Wish::Forced,
        (false, true) => Wish::IfNeeded,
        (false, false) => Wish::Asked,
    }
}

/// The contract of `restore --json`.
fn restored_json(context: &Context, ward: &Ward, event: &Event) -> Value {
    let outcome = match event {
        Event::Restored { .. } => "restored",
        Event::NotNeeded { .. } => "not_needed",
        Event::WouldRestore { .. } => "would_restore",
        Event::RolledBack { .. } => "rolled_back",
        _ => "refused",
    };
    let mut value = serde_json::to_value(event).expect("an event has string keys only");
    value.as_object_mut().and_then(|o| o.remove("event"));
    for key in ["from", "backup"] {
        if value.get(key).is_none() {
            value[key] = Value::Null;
        }
    }
    value["outcome"] = json!(outcome);
    value["session"] = json!(ward.session.name);
    context.show.mask(&mut value);
    value
}

fn source(wish: &Restore, now: Timestamp) -> Result<Source> {
    match (&wish.from, &wish.at) {
        (Some(file), _) => {
            // One that isn't there is said at once, by its name.
            std::fs::metadata(file).at("reading", file)?;
            Ok(Source::File(std::path::absolute(file).at("resolving", file)?))
        }
        (None, Some(at)) => time(at, now).map(Source::At),
        (None, None) => Ok(Source::Newest),
    }
}

/// A point in time as people write it: RFC 3339, a date and time or a time of today here, or how long ago.
fn time(text: &str, now: Timestamp) -> Result<Timestamp> {
    let zone = TimeZone::system();
    let here = |d: DateTime| d.to_zoned_datetime(zone.clone()).ok().map(|z| z.timestamp());
    let today = now.to_zoned_datetime(zone.clone()).date();
    let of_today = || text.parse().ok().and_then(|t: jiff::civil::Time| here(today.to_datetime(t)));
    let ago = || text.parse().ok().and_then(|d: SignedDuration| now.checked_sub(d.abs()).ok());
    let at = text.parse().ok().or_else(|| text.parse().ok().and_then(here)).or_else(of_today).or_else(ago);
    at.ok_or_else(|| Error::Config {
        place: "--at".to_owned(),
        problem: format!("`{text}` is no time"),
        suggestion: Some("2026-11-24T12:00".to_owned()),
    })
}

fn watch(context: Context, interval: Option<&str>) -> Result<Exit> {
    let mut config = context.config.clone();
    if let Some(text) = interval {
        config.set("interval", &toml::Value::String(text.to_owned()), Path::new(""), "--interval")?;
    }
    let mut signals = Signals::new()?;
    let show = &context.show;
    let (mut keeper, taken) = Keeper::new(context.wards()?, &config, &context.host, show.lang, clock);
    for (ward, by) in &taken {
        show.talk(&format!("{}: {}", ward.session.name, show.lang.error(&all_taken(by.clone())).what));
    }
    if keeper.is_idle() {
        let by = taken.into_iter().next().map(|(_, by)| by).unwrap_or_default();
        return Err(all_taken(by));
    }
    announce(&context, &config)?;
    let mut tell = teller(show, &config);
    keeper.watch(&mut signals, &mut tell)?;
    Ok(Exit::Done)
}

/// `wakeep run -- CMD`
fn run_bot(context: Context, command: &[String]) -> Result<Exit> {
    let before = Restore { before_start: true, ..Restore::default() };
    let show = &context.show;
    let exit = restore(&context, &before).unwrap_or_else(|e| let_start(show, &e));
    if exit != Exit::Done {
        return Ok(exit);
    }
    let wards = context.wards().unwrap_or_else(|e| {
        show.error(&e);
        Vec::new()
    });
    let (keeper, taken) = Keeper::new(wards, &context.config, &context.host, show.lang, clock);
    for (ward, by) in &taken {
        show.talk(&format!("{}: {}", ward.session.name, show.lang.error(&all_taken(by.clone())).what));
    }
    let mut tell = teller(show, &context.config);
    let code = keeper::run::run(command, keeper, &mut tell)?;
    Ok(Exit::Bot(code))
}

/// Says what the keeper has to say, here and in the bot's own log.
fn teller<'a>(show: &'a Show, config: &'a Config) -> impl FnMut(&Ward, &Event, Timestamp) + 'a {
    move |ward, event, now| {
        if matches!(event, Event::Unchanged { .. }) {
            return;
        }
        show.log(ward, event, now);
        if let Some(log) = botlog::path(&config.log_file, &ward.session.home) {
            // The bot's log is the bot's: that it can't be written to is no reason to stop keeping.
            let _ = botlog::append(&log, show.lang, event, now);
        }
    }
}

/// Says once that lines also go to the bot's log, and what a mode that the owner chose means.
fn announce(context: &Context, config: &Config) -> Result<()> {
    if config.archive_mode & 0o077 != 0 {
        context.show.talk(context.show.lang.phrase(Phrase::ModeRisk));
    }
    for ward in context.wards()? {
        if let (Some(log), LogFile::Usual) = (botlog::path(&config.log_file, &ward.session.home), &config.log_file) {
            let phrase = context.show.lang.phrase(Phrase::AppendsTo);
            context.show.talk(&format!("{phrase} {} (log_file = false)", near(&log)));
        }
    }
    Ok(())
}

fn clean(context: &Context, dry_run: bool) -> Result<Exit> {
    let show = &context.show;
    let mut all = Vec::new();
    for mut ward in context.wards()? {
        let cleaned = cleanup(&ward.session, &mut ward.vault, &ward.work, dry_run, context.now)?;
        if !show.json {
            say_cleaned(show, &cleaned, dry_run);
        }
        let names = |list: &[crate::cleanup::Old]| list.iter().map(|o| json!(o.path)).collect::<Vec<_>>();
        all.push(json!({"session": ward.session.name, "removed": names(&cleaned.gone), "kept": cleaned.kept,
            "stay": names(&cleaned.stay), "dry_run": dry_run}));
    }
    if show.json {
        show.object(&one_object(all));
    }
    Ok(Exit::Done)
}

fn say_cleaned(show: &Show, cleaned: &Cleaned, dry_run: bool) {
    let lang = show.lang;
    for old in &cleaned.stay {
        show.line(&format!("{}: {}", lang.phrase(Phrase::LeftAsIs), near(&old.path)));
    }
    if !cleaned.stay.is_empty() {
        return show.line(lang.phrase(Phrase::NotSafeToClean));
    }
    if cleaned.gone.is_empty() {
        return show.line(lang.phrase(Phrase::NothingToClean));
    }
    if dry_run {
        return cleaned
            .gone
            .iter()
            .for_each(|o| show.line(&format!("{} {}", lang.phrase(Phrase::WouldClean), near(&o.path))));
    }
    let bytes = cleaned.gone.iter().map(|o| o.bytes).sum();
    show.line(&lang.event(&Event::CleanedUp { files: cleaned.gone.len(), bytes, kept: None }));
    if let Some(kept) = &cleaned.kept {
        show.line(&format!("{}: {}", lang.phrase(Phrase::Backups), near(kept)));
    }
}

fn extract(file: &Path, paths: &[PathBuf], into: &Path) -> Result<Exit> {
    let wanted = |name: &Path| {
        let named = paths.is_empty() || paths.iter().any(|p| name.starts_with(p));
        named.then(|| name.to_owned())
    };
    disk::make_dir(into)?;
    let limits = archive::Limits::of_disk(disk::free_space(into)?);
    let done = archive::extract(file, into, &wanted, &limits)?;
    if done.files == 0 && !paths.is_empty() {
        return Err(Error::damaged(file, "none of these names is in it"));
    }
    Ok(Exit::Done)
}

fn generate(context: &Context, what: Generate) -> Result<Exit> {
    let mut command = Cli::command();
    let mut out = Vec::new();
    match what {
        Generate::Config => out.extend_from_slice(config::TEMPLATE.as_bytes()),
        Generate::Man => clap_mangen::Man::new(command).render(&mut out).at("writing", Path::new("the man page"))?,
        Generate::Completions { shell } => clap_complete::generate(shell, &mut command, "wakeep", &mut out),
    }
    context.show.line(String::from_utf8_lossy(&out).trim_end());
    Ok(Exit::Done)
}
