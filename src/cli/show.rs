//! The one door to the terminal: data to standard output, talk to standard error, colour only where somebody looks. Where
//! one JSON object is wanted it is the data, and all else is talk.

use super::width::{self, visible};
use crate::config::{self, LogFormat};
use crate::error::Error;
use crate::keeper::ward::Ward;
use crate::owner::{self, Owner};
use crate::text::{self, Lang, Phrase, Told, WayBack};
use crate::vault::journal::Event;
use crate::verdict::{Finding, Verdict, Worth, masked, veiled};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the texts of a status screen begin, in columns.
pub const COLUMN: usize = 13;

/// A colour by what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Look at this.
    Doubt,
    /// This is wrong.
    Bad,
    /// Headings.
    Strong,
    /// Beside the point.
    Faint,
}

/// Says things in one language to whoever is there.
#[derive(Debug, Clone)]
pub struct Show {
    /// The language.
    pub lang: Lang,
    /// One JSON object instead of words.
    pub json: bool,
    /// Phone numbers in full.
    pub full_account: bool,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// A log that gets what is said, too.
    pub log_to: Option<PathBuf>,
    /// Whether the one object was said, by this process or by one that it started for that.
    is_said: Arc<AtomicBool>,
}

impl Show {
    /// What is said in this language; in one object if `json`, with phone numbers in full if `full_account`.
    pub fn new(lang: Lang, json: bool, full_account: bool) -> Show {
        let (log_format, log_to, is_said) = (LogFormat::Text, None, Arc::default());
        Show { lang, json, full_account, log_format, log_to, is_said }
    }

    /// Writes a line of data. Nobody being there to read it (a closed pipe) is no error.
    pub fn line(&self, text: &str) {
        if self.json {
            return self.talk(text);
        }
        self.data(text);
    }

    fn data(&self, text: &str) {
        let _ = writeln!(io::stdout(), "{text}");
        self.append(text);
    }

    /// Writes a sentence of data behind what leads it, in lines as wide as the reader's screen; the log gets it whole.
    pub fn hung(&self, lead: &str, text: &str) {
        if self.json {
            return self.talk_hung(lead, text);
        }
        let line = format!("{lead}{text}");
        let _ = writeln!(io::stdout(), "{}", width::broken(&line, visible(lead), width::of(&io::stdout())));
        self.append(&line);
    }

    /// The same as talk.
    fn talk_hung(&self, lead: &str, text: &str) {
        let line = format!("{lead}{text}");
        let _ = writeln!(io::stderr(), "{}", width::broken(&line, visible(lead), width::of(&io::stderr())));
        self.append(&line);
    }

    /// Writes a line of talk.
    pub fn talk(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
        self.append(text);
    }

    /// Writes a line of talk that no log may get.
    pub fn whisper(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// To the log: each line with its time, without colours. Others read it: a number in the name of a session or a folder
    /// may be a phone's.
    fn append(&self, text: &str) {
        let Some(mut log) = self.log_to.as_ref().and_then(|p| OpenOptions::new().append(true).open(p).ok()) else {
            return;
        };
        let time = super::run::clock().to_zoned_datetime(TimeZone::system());
        let time = time.strftime("%Y-%m-%d %H:%M:%S");
        let lines: String = text.lines().map(|l| format!("{time} {}\n", veiled(&bare(l)))).collect();
        let _ = log.write_all(lines.as_bytes());
    }

    /// From now on the log gets what is said. One that can't be written is a warning.
    pub fn log_to(&mut self, log: &Path) {
        // Where the bot's user could have put a link, only the bot's user writes.
        if owner::is_root() && Owner::of(log).is_some() {
            return;
        }
        let opened = OpenOptions::new().append(true).create(true).open(log);
        match opened {
            Ok(_) => self.log_to = Some(log.to_owned()),
            Err(e) => self.talk(&format!("wakeep: {} {}: {e}", self.lang.phrase(Phrase::LogNotWritten), log.display())),
        }
    }

    /// Writes the one JSON object.
    pub fn object(&self, value: &Value) {
        self.object_was_said();
        self.data(&value.to_string());
    }

    /// Whether the one JSON object was written.
    pub fn is_object_said(&self) -> bool {
        self.is_said.load(Ordering::Relaxed)
    }

    /// Another process has written the one JSON object for this one.
    pub fn object_was_said(&self) {
        self.is_said.store(true, Ordering::Relaxed);
    }

    /// Colours a text where standard output is a terminal and `NO_COLOR` isn't set.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if self.json || !io::stdout().is_terminal() || config::environment("NO_COLOR").is_some() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Doubt => "33",
            Tone::Bad => "31",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Tells an error and what to do about it.
    pub fn error(&self, error: &Error) {
        self.told(&self.lang.error(error), "wakeep: ");
    }

    /// Tells the error that ended a command; where one object is wanted and none was said yet, it is this error's.
    pub fn failed(&self, error: &Error) {
        self.error(error);
        if self.json && !self.is_object_said() {
            self.object(&json!({"outcome": "failed", "error": self.lang.error(error).what}));
        }
    }

    fn told(&self, told: &Told, prefix: &str) {
        self.talk_hung(prefix, &told.what);
        if let Some(next) = &told.next {
            self.talk_hung(&format!("{:>w$}→ ", "", w = prefix.len().min(8)), next);
        }
    }

    /// A verdict with its findings, as a few lines.
    pub fn verdict(&self, name: &str, verdict: &Verdict, way: WayBack) {
        let tone = match verdict.worth() {
            Worth::Good => Tone::Good,
            Worth::Something => Tone::Doubt,
            Worth::Nothing => Tone::Bad,
        };
        let words = self.words(verdict);
        self.hung(&format!("{name}: "), &self.paint(tone, &words));
        for finding in &verdict.findings {
            self.finding(finding, way);
        }
    }

    fn finding(&self, finding: &Finding, way: WayBack) {
        let told = self.lang.finding(finding, way);
        self.hung(&format!("  {} ", self.paint(Tone::Faint, finding.code.as_str())), &told.what);
        if let Some(next) = told.next {
            self.hung("    → ", &next);
        }
    }

    /// A verdict in a few words, the account as the owner wants to see it.
    pub fn words(&self, verdict: &Verdict) -> String {
        match (&verdict.account, self.full_account) {
            (Some(account), true) => {
                format!("{}, {}, {account}", self.lang.grade(verdict.grade), self.lang.login(verdict.login))
            }
            _ => self.lang.verdict(verdict),
        }
    }

    /// An account as the owner wants to see it.
    pub fn account(&self, account: &str) -> String {
        if self.full_account { account.to_owned() } else { masked(account) }
    }

    /// A verdict as JSON: the contract of `check --json`, where a program asks who it is.
    pub fn verdict_json(&self, verdict: &Verdict) -> Value {
        serde_json::to_value(verdict).expect("a verdict has string keys only")
    }

    /// A line of the keeper: a time and a sentence on a terminal, or a JSON object. It ends up in logs that others read, so
    /// a number in a name is masked in its sentence as well.
    pub fn log(&self, ward: &Ward, event: &Event, now: Timestamp) {
        let own = |text: &str| if self.full_account { text.to_owned() } else { veiled(text) };
        let told = own(&self.lang.event(event));
        match self.log_format {
            LogFormat::Text => self.talk(&format!("{} {}: {told}", text::clock(now, now), own(&ward.session.name))),
            LogFormat::Json => {
                let mut value = serde_json::to_value(event).expect("an event has string keys only");
                self.mask(&mut value);
                value["time"] = json!(now.to_string());
                value["session"] = json!(ward.session.name);
                value["message"] = json!(told);
                self.talk(&value.to_string());
            }
        }
    }

    /// Masks the phone numbers in a value that is to be shown, wherever they stand in it.
    pub fn mask(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    match inner {
                        Value::String(account) if key == "account" => *account = self.account(account),
                        other => self.mask(other),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|v| self.mask(v)),
            _ => {}
        }
    }

    /// `label   text`, in the columns of a status screen.
    pub fn row(&self, label: Phrase, text: &str) {
        self.hung(&self.label(label), text);
    }

    /// A label, as wide as its column.
    pub fn label(&self, label: Phrase) -> String {
        let label = self.lang.phrase(label);
        let pad = (COLUMN - 3).saturating_sub(label.chars().count());
        format!("  {}{:pad$} ", self.paint(Tone::Faint, label), "")
    }
}

/// A line without the terminal's colours.
fn bare(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}
