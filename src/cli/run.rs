//! What each verb does: a line or a journey each.

use super::args::{Cli, Common, Generate, Notify, Verb};
use super::exit::Exit;
use super::show::{Show, near, nearer};
use super::{
    demo, doctor, leaving, manual, members, moving, notify, once, pull, push, reading, receive, seal, serve, setup,
    status, stay, whose,
};
use crate::archive::{self, Form};
use crate::cleanup::{Cleaned, cleanup};
use crate::config::{self, Config, LogFormat};
use crate::disk;
use crate::error::{At, Error, Problem, Result};
use crate::keeper::ward::{Ward, wards};
use crate::owner::become_owner;
use crate::platform::host;
use crate::text::{self, Lang, Phrase, WayBack};
use crate::vault::journal::Event;
use clap::CommandFactory;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The one door to the clock.
pub(super) fn clock() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    Timestamp::now()
}

/// All that a verb needs to know of the world.
#[derive(Clone)]
pub(super) struct Context {
    pub config: Config,
    pub show: Show,
    pub host: String,
    pub now: Timestamp,
}

/// Runs the program and returns how it ended.
pub fn run() -> Exit {
    let (cli, common) = super::parse();
    let number = |name| config::environment(name).and_then(|n| n.parse().ok());
    number("WAKEEP_CRASH_BEFORE").into_iter().for_each(disk::crash_before);
    number("WAKEEP_STOP_BEFORE").into_iter().for_each(disk::stop_before);
    let show = Show {
        lang: language(&common, None),
        json: common.json,
        full_account: common.show_account,
        log_format: LogFormat::Text,
        log_to: None,
    };
    let context = match context(common, cli.verb.as_ref(), show.clone()) {
        Ok(context) => context,
        Err(e) => return stay::without_configuration(cli.verb, &show, &e),
    };
    let lang = context.show.lang;
    let done = verb(cli, context).inspect_err(|e| Show { lang, ..show.clone() }.error(e));
    done.unwrap_or_else(|e| Exit::of_error(&e))
}

fn context(common: Common, verb: Option<&Verb>, mut show: Show) -> Result<Context> {
    let config = match configuration(&common) {
        // One that nobody named and that nothing is taken from but the language.
        Err(e) if common.config.is_none() && verb.is_some_and(|verb| does_without(verb, &e)) => Config::default(),
        read => read.inspect_err(|e| show.error(e))?,
    };
    show.lang = language(&common, config.lang.as_deref());
    show.log_format = config.log_format;
    if let Some(log) = &common.log_to {
        show.log_to(log);
    }
    Ok(Context { config, show, host: host::name(), now: clock() })
}

/// Whether a verb can do its work although this is the matter with the configuration.
fn does_without(verb: &Verb, e: &Error) -> bool {
    let is_others = || matches!(e, Error::Io { path, .. } if path.starts_with(config::SYSTEM));
    match verb {
        Verb::Demo { .. } | Verb::Verify { .. } | Verb::Extract { .. } | Verb::Generate { .. } => true,
        // Whoever may not read a server's sets up for themselves.
        Verb::Setup(wish) => wish.undo || wish.root.is_some() || is_others(),
        _ => false,
    }
}

fn configuration(common: &Common) -> Result<Config> {
    let mut config = Config::load(common.config.as_deref(), common.session.as_deref())?;
    if let Some(archive) = &common.archive {
        config.first().archive = Some(archive.clone());
    }
    if let Some(vault) = &common.vault {
        config.first().vault = Some(vault.clone());
    }
    // A flag that names the session beats the environment.
    let only = || config::environment("WAKEEP_ONLY").filter(|_| common.session.is_none());
    config.only = common.only.clone().or_else(only);
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
        (Verb::Move { inner: false, .. }, owner) => leaving::go(&context, owner),
        (Verb::Receive { file, opened, yes, members: false }, owner) => {
            let wish = receive::Wish { file: file.as_deref(), opened: opened.as_deref(), yes };
            receive::receive(&context, &wish, owner)
        }
        (_, Some(owner)) => match become_owner(owner, &whose::arguments())? {},
        (verb, None) => here(verb, context),
    }
}

/// The verb itself, as whoever this process runs.
fn here(verb: Verb, context: Context) -> Result<Exit> {
    match verb {
        Verb::Setup(wish) => setup::set_up(&context, &wish),
        Verb::Run { take_over, command } => stay::run_bot(context, &command, take_over),
        Verb::Watch(wish) => stay::watch(context, &wish),
        Verb::Serve { listen } => serve::serve(&context, listen.as_deref()),
        Verb::Notify { what: Notify::Test } => notify::test(&context),
        Verb::Archive { force, plain, round } => {
            once::keep(&context, force, if plain { Form::Plain } else { Form::Members }, round)
        }
        Verb::Status => status::status(&context),
        Verb::Check { drill: true, .. } => once::prove(&context),
        Verb::Check { paths, .. } => reading::check(&context, &paths),
        Verb::Doctor { fix, report } => doctor::doctor(&context, fix, report),
        Verb::List { file: Some(file), .. } => reading::contents(&context, &file),
        Verb::List { events: true, .. } => reading::events(&context),
        Verb::List { .. } => reading::backups(&context),
        Verb::Restore(wish) => once::restore(&context, &wish),
        Verb::Receive { file: Some(name), members: true, .. } => members::take(&context, &name),
        Verb::Receive { file, opened, yes, .. } => {
            let wish = receive::Wish { file: file.as_deref(), opened: opened.as_deref(), yes };
            receive::receive(&context, &wish, None)
        }
        Verb::Event { what, reason } => once::hear(&context, what, reason.as_deref()),
        Verb::CloseBrowser => once::close_browser(&context),
        Verb::Cleanup { dry_run } => clean(&context, dry_run),
        Verb::Demo { bot: Some(dir) } => demo::bot(&dir),
        Verb::Demo { bot: None } => demo::demo(&context),
        Verb::Verify { file, quick } => reading::verify(&context, &file, quick),
        Verb::Extract { file, paths, into } => extract(&context, &file, &paths, &into),
        Verb::Move { stay: true, .. } => moving::stay(&context),
        Verb::Move { to, can_stop, .. } => moving::go(&context, &to, can_stop),
        Verb::Push { remote, force } => push::push(&context, remote.as_deref(), force),
        Verb::Pull { remote, at, force } => pull::pull(&context, remote.as_deref(), at.as_deref(), force),
        Verb::Keygen { file } => seal::keygen(&context, file.as_deref()),
        Verb::Seal { file, to } => seal::seal(&context, &file, to),
        Verb::Unseal { file, to } => seal::unseal(&context, &file, to),
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
    pub fn each(
        &self,
        work: impl FnMut(&mut Ward) -> Result<Event>,
        shape: impl Fn(&Ward, &Event) -> Value,
    ) -> Result<Exit> {
        self.each_but(None, work, shape)
    }

    /// The same; errors of this code are nothing to show.
    pub fn each_but(
        &self,
        hushed: Option<Exit>,
        mut work: impl FnMut(&mut Ward) -> Result<Event>,
        shape: impl Fn(&Ward, &Event) -> Value,
    ) -> Result<Exit> {
        let mut exit = Exit::Done;
        let mut shown = Vec::new();
        let wards = self.wards()?;
        let several = wards.len() > 1;
        for mut ward in wards {
            match work(&mut ward) {
                Ok(event) => {
                    exit = exit.or(Exit::of_event(&event));
                    if self.show.json {
                        shown.push(shape(&ward, &event));
                    }
                    self.say(&ward, &event, several);
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

    /// Of several sessions each is named.
    fn say(&self, ward: &Ward, event: &Event, several: bool) {
        if self.show.json {
            return;
        }
        let name = if several { format!("{}: ", ward.session.name) } else { String::new() };
        if let Event::Unchanged { made, .. } = event {
            let since = self.show.lang.unchanged_since(&text::clock(*made, self.now));
            return self.show.line(&format!("{name}{since}"));
        }
        self.show.line(&format!("{name}{}", nearer(&self.show.lang.event(event))));
        match event {
            Event::Refused { verdict: Some(verdict), .. } => {
                self.show.verdict(&near(&ward.session.path), verdict, ward.way_back(&self.config));
            }
            Event::RestoreRefused { from, verdict } => self.show.verdict(&near(from), verdict, WayBack::Archive),
            _ => {}
        }
    }
}

/// One session's object stands for itself; several stand in a list.
pub(super) fn one_object(mut shown: Vec<Value>) -> Value {
    match shown.len() {
        1 => shown.remove(0),
        _ => json!({ "sessions": shown }),
    }
}

fn clean(context: &Context, dry_run: bool) -> Result<Exit> {
    let show = &context.show;
    let mut all = Vec::new();
    for mut ward in context.wards()? {
        let cleaned = cleanup(&ward.session, &mut ward.vault, &ward.work, dry_run, context.now)?;
        if !show.json {
            say_cleaned(show, &cleaned, dry_run);
        }
        let names =
            |list: &[crate::cleanup::Old]| list.iter().map(|o| json!(o.path.to_string_lossy())).collect::<Vec<_>>();
        all.push(json!({"session": ward.session.name, "removed": names(&cleaned.gone), "kept": cleaned.kept.as_ref().map(|kept| kept.to_string_lossy()),
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

fn extract(context: &Context, file: &Path, paths: &[PathBuf], into: &Path) -> Result<Exit> {
    let wanted = |name: &Path| {
        let named = paths.is_empty() || paths.iter().any(|p| name.starts_with(p));
        named.then(|| name.to_owned())
    };
    disk::make_dir(into)?;
    let limits = archive::Limits::of_disk(disk::free_space(into)?);
    let done = archive::extract(file, into, &wanted, &limits)?;
    if done.files == 0 && !paths.is_empty() {
        let (place, list) = (file.display().to_string(), format!("wakeep list {}", text::typed(file)));
        return Err(Error::Config { place, problem: Problem::NotInside, suggestion: Some(list) });
    }
    let show = &context.show;
    if show.json {
        show.object(&json!({"into": into.to_string_lossy(), "files": done.files, "bytes": done.bytes}));
    } else {
        show.line(&format!("{} {} ({})", show.lang.phrase(Phrase::Wrote), near(into), show.lang.bytes(done.bytes)));
    }
    Ok(Exit::Done)
}

fn generate(context: &Context, what: Generate) -> Result<Exit> {
    let mut out = Vec::new();
    match what {
        Generate::Config => out.extend_from_slice(config::TEMPLATE.as_bytes()),
        Generate::Man => out = manual::page().at("writing", Path::new("the man page"))?,
        Generate::Completions { shell } => clap_complete::generate(shell, &mut Cli::command(), "wakeep", &mut out),
    }
    context.show.line(String::from_utf8_lossy(&out).trim_end());
    Ok(Exit::Done)
}
