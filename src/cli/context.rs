//! What a verb works with: the configuration as this command line means it, whoever is to hear of it, this host and this
//! moment; and how a verb goes through the sessions. What is done with each is the verb's.

use super::args::{Common, Verb};
use super::exit::Exit;
use super::near::{near, nearer};
use super::run::clock;
use super::show::Show;
use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::keeper::ward::{Ward, wards};
use crate::platform::host;
use crate::text::{self, Lang, WayBack};
use crate::vault::journal::Event;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// All that a verb needs to know of the world.
#[derive(Clone)]
pub(super) struct Context {
    pub config: Config,
    pub show: Show,
    pub host: String,
    pub now: Timestamp,
}

impl Context {
    /// Reads the configuration that is meant. From then on `show` speaks the owner's language, and its log hears what goes
    /// wrong.
    ///
    /// # Errors
    /// `Config`; `Io`.
    pub fn read(common: Common, verb: Option<&Verb>, show: &mut Show) -> Result<Context> {
        if let Some(log) = &common.log_to {
            show.log_to(log);
        }
        let config = match configuration(&common) {
            // One that nobody named and that nothing is taken from but the language.
            Err(e) if common.config.is_none() && verb.is_some_and(|verb| does_without(verb, &e)) => Config::default(),
            read => read?,
        };
        show.lang = language(&common, config.lang.as_deref());
        show.log_format = config.log_format;
        Ok(Context { config, show: show.clone(), host: host::name(), now: clock() })
    }

    /// The sessions in question.
    pub fn wards(&self) -> Result<Vec<Ward>> {
        let all = wards(&self.config)?;
        match &self.config.only {
            Some(only) if all.is_empty() => Err(Error::SessionMissing { path: PathBuf::from(only) }),
            _ => Ok(all),
        }
    }

    /// Of the sessions that the command line or the configuration names, that they aren't there; for where none is.
    pub fn named(&self) -> Vec<Error> {
        self.config.places.iter().map(|place| Error::SessionMissing { path: place.path.clone() }).collect()
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
                    shown.push(self.failed_json(&ward, &e));
                }
            }
        }
        if self.show.json && hushed != Some(exit) {
            self.show.object(&one_object(shown));
        }
        Ok(exit)
    }

    /// What stands for a session that an error hindered, among the others.
    pub fn failed_json(&self, ward: &Ward, e: &Error) -> Value {
        json!({"outcome": "failed", "session": ward.session.name, "error": self.show.lang.error(e).what})
    }

    /// Of several sessions each is named.
    fn say(&self, ward: &Ward, event: &Event, several: bool) {
        if self.show.json {
            return;
        }
        let name = if several { format!("{}: ", ward.session.name) } else { String::new() };
        if let Event::Unchanged { made, verified, .. } = event {
            let since = self.show.lang.unchanged_since(&text::clock(*made, self.now), *verified);
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
pub(super) fn language(common: &Common, configured: Option<&str>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(config::environment);
    let decided = common.lang.as_deref().or(configured);
    Lang::of_locale(decided.or(locale.as_deref()).unwrap_or("en"))
}
