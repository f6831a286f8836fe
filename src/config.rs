//! What the owner decided, from four places: flag > environment (`WAKEEP_…`) > `wakeep.toml` > default. Also the one
//! door to the environment.
//!
//! `config.toml` beside this file is the commented file that `wakeep setup` writes; a test keeps its keys equal to
//! [`KEYS`].

mod field;
pub mod keys;
mod notify;
mod own;
mod position;
mod secret;
#[cfg(test)]
mod tests;
mod which;

use crate::error::{At, Problem, Result};
use field::{Field, wrong};
use jiff::SignedDuration;
use keys::KEYS;
pub use notify::{Address, Notify};
pub use own::Own;
pub use secret::Secret;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Value;
pub use which::of_server;

/// The commented configuration that `wakeep setup` writes.
pub const TEMPLATE: &str = include_str!("config.toml");

/// Where a server's configuration stands.
pub const SYSTEM: &str = "/etc/wakeep";

/// Where one session lies, as the owner said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The session, or a folder of sessions.
    pub path: PathBuf,
    /// Its archive, where it isn't the usual one.
    pub archive: Option<PathBuf>,
    /// Its vault, where it isn't the usual one.
    pub vault: Option<PathBuf>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable lines.
    Text,
    /// JSON, one object a line.
    Json,
}

/// Everything that can be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The sessions to keep.
    pub places: Vec<Place>,
    /// Of these only the one of this name; a flag, no key.
    pub only: Option<String>,
    /// How often the keeper looks.
    pub interval: SignedDuration,
    /// Takes the whole folder instead of what carries the login.
    pub carry_all: bool,
    /// Permission bits of archives.
    pub archive_mode: u32,
    /// Permission bits of restored folders.
    pub session_mode: u32,
    /// How many bytes of backups stay.
    pub keep_bytes: u64,
    /// How long a file that arrived keeps the archive's path.
    pub arrived_hold: SignedDuration,
    /// How many bytes of archives may be written in a day.
    pub write_budget: u64,
    /// How long changes may lie in the vault only before the archive is rewritten; zero rewrites it at every change.
    pub latest_every: SignedDuration,
    /// How long the last archive waits for the bot to let go of the session.
    pub last_archive_wait: SignedDuration,
    /// Whether the keeper removes old timestamped archives.
    pub cleanup: bool,
    /// How often the keeper proves the archive; zero for never.
    pub drill: SignedDuration,
    /// The language, where it was decided.
    pub lang: Option<String>,
    /// The bot's log to append to: none, the usual one, or a path.
    pub log_file: LogFile,
    /// How log lines are written to the terminal.
    pub log_format: LogFormat,
    /// The systemd unit that runs the bot, where wakeep may stop and start it for a restore.
    pub bot_unit: Option<String>,
    /// The pm2 app that runs the bot, likewise.
    pub bot_pm2: Option<String>,
    /// Whether the keeper pushes every archive to the remote.
    pub push: bool,
    /// For whom archives are sealed when they leave the machine: recipients, or files of them.
    pub seal_to: Vec<String>,
    /// The file of the key that opens what is sealed.
    pub identity: Option<PathBuf>,
    /// The file whose first line is a passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// Where archives go and the lease is held: a folder, `ssh://…` or `s3://…`.
    pub remote: Option<String>,
    /// The address of an object storage that isn't AWS.
    pub s3_endpoint: Option<String>,
    /// The bucket's region.
    pub s3_region: Option<String>,
    /// Whether the bucket is named in the path instead of the host.
    pub s3_path_style: Option<bool>,
    /// The file with the keys to the bucket.
    pub s3_credentials: Option<PathBuf>,
    /// The certificates of the authorities that the storage's own may come from.
    pub s3_ca_file: Option<PathBuf>,
    /// Arguments for `ssh`.
    pub ssh_options: Vec<String>,
    /// How long a lease holds after it was renewed.
    pub lease_life: SignedDuration,
    /// Whether a bot is stopped, too, when the lease can't be renewed because nobody answers.
    pub lease_strict: bool,
    /// Whom to tell, and when.
    pub notify: Notify,
    /// Where the page is served, if the keeper serves it: an address and a port.
    pub serve: Option<std::net::SocketAddr>,
    /// The name by which others reach the page, through a server in front of it.
    pub serve_host: Option<String>,
    /// The file with the page's token.
    pub serve_token: Option<PathBuf>,
    /// The file this was read from.
    pub file: Option<PathBuf>,
    /// The folder that relative paths are meant from: that of the file.
    pub base: PathBuf,
}

/// Which of the bot's logs gets the keeper's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFile {
    /// `logs/combined.log` in the bot's folder, where it exists.
    Usual,
    /// None.
    Off,
    /// This one.
    At(PathBuf),
}

impl Default for Config {
    fn default() -> Config {
        Config {
            places: Vec::new(),
            only: None,
            interval: SignedDuration::from_secs(120),
            carry_all: false,
            archive_mode: 0o600,
            session_mode: 0o700,
            keep_bytes: 2_000_000_000,
            arrived_hold: SignedDuration::from_hours(1),
            write_budget: 10_000_000_000,
            latest_every: SignedDuration::from_mins(30),
            last_archive_wait: SignedDuration::from_secs(20),
            cleanup: true,
            drill: SignedDuration::ZERO,
            lang: None,
            log_file: LogFile::Usual,
            log_format: LogFormat::Text,
            bot_unit: None,
            bot_pm2: None,
            push: false,
            seal_to: Vec::new(),
            identity: None,
            passphrase_file: None,
            remote: None,
            s3_endpoint: None,
            s3_region: None,
            s3_path_style: None,
            s3_credentials: None,
            s3_ca_file: None,
            ssh_options: Vec::new(),
            lease_life: SignedDuration::from_secs(180),
            lease_strict: false,
            notify: Notify::default(),
            serve: None,
            serve_host: None,
            serve_token: None,
            file: None,
            base: PathBuf::new(),
        }
    }
}

/// A variable of the environment, where it is set and not empty.
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// The table in a text; what is no TOML is told with its line and column.
fn parsed(text: &str, place: &str) -> Result<toml::Table> {
    let told =
        |e: toml::de::Error| wrong(&position::at(place, text, e.span()), Problem::NotToml(e.message().into()), None);
    toml::from_str(text).map_err(told)
}

impl Config {
    /// Reads the file (`file`, else `WAKEEP_CONFIG`, else the server's for the bot in this folder, else `./wakeep.toml`,
    /// else `/etc/wakeep/wakeep.toml`) and the environment. `session` names the one session that is meant, whatever the
    /// file says. Where nothing names a session it is `.wwebjs_auth` beside the file.
    pub fn load(file: Option<&Path>, session: Option<&Path>) -> Result<Config> {
        let mut config = Config::default();
        let named = file.map(Path::to_owned).or_else(|| environment("WAKEEP_CONFIG").map(PathBuf::from));
        if let Some(path) = named.or_else(|| which::usual_files().into_iter().find(|p| p.is_file())) {
            config.read(&path)?;
        }
        let meant = session.map(Path::to_owned).or_else(|| environment("WAKEEP_SESSION").map(PathBuf::from));
        if let Some(session) = meant {
            config.mean(session);
        }
        for key in KEYS.iter().filter(|k| !["sessions", "session"].contains(k)) {
            let name = format!("WAKEEP_{}", key.to_uppercase());
            if let Some(text) = environment(&name) {
                config.set(key, &Value::String(text), Path::new(""), &name)?;
            }
        }
        Ok(config)
    }

    /// Narrows the sessions down to this one. Archive and vault of another are not its own.
    fn mean(&mut self, session: PathBuf) {
        let full = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| p.to_owned());
        let known = self.places.iter().find(|p| full(&p.path) == full(&session)).cloned();
        self.places = vec![known.unwrap_or(Place { path: session, ..Place::default() })];
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).at("reading", path)?;
        let place = path.display().to_string();
        let table: toml::Table = parsed(&text, &place)?;
        let base = crate::disk::parent(path);
        if base != Path::new(".") {
            base.clone_into(&mut self.base);
        }
        let one = ["session", "archive", "vault"].into_iter().find(|key| table.contains_key(*key));
        if let (Some(key), true) = (one, table.contains_key("sessions")) {
            let error = wrong(&place, Problem::OneAndSeveral(key.to_owned()), None);
            return Err(position::of(error, &place, &text, key));
        }
        let base = self.base.clone();
        for (key, value) in &table {
            self.set(key, value, &base, &place).map_err(|e| position::of(e, &place, &text, key))?;
        }
        self.file = Some(path.to_owned());
        Ok(())
    }

    /// Sets one key. Relative paths are meant from `base`; `place` is named in errors.
    pub fn set(&mut self, key: &str, value: &Value, base: &Path, place: &str) -> Result<()> {
        let field = Field { key, value, base, place };
        match key {
            "session" => self.first().path = field.path()?,
            "archive" => self.first().archive = Some(field.path()?),
            "vault" => self.first().vault = Some(field.path()?),
            "sessions" => self.places.extend(field.places()?),
            "interval" => self.interval = field.pause()?,
            "carry" => self.carry_all = field.choice(&["login", "all"])? == 1,
            "archive_mode" => self.archive_mode = field.mode()?,
            "session_mode" => self.session_mode = field.folder_mode()?,
            "keep_bytes" => self.keep_bytes = field.size()?,
            "arrived_hold" => self.arrived_hold = field.duration()?,
            "write_budget" => self.write_budget = field.size()?,
            "latest_every" => self.latest_every = field.duration()?,
            "last_archive_wait" => self.last_archive_wait = field.duration()?,
            "cleanup" => self.cleanup = field.switch()?,
            "drill" => self.drill = field.duration()?,
            "lang" => self.lang = Some(["en", "ru"][field.choice(&["en", "ru"])?].to_owned()),
            "log_file" => self.log_file = field.log_file()?,
            "log_format" => self.log_format = [LogFormat::Text, LogFormat::Json][field.choice(&["text", "json"])?],
            "bot_unit" => self.bot_unit = Some(field.name()?),
            "bot_pm2" => self.bot_pm2 = Some(field.name()?),
            "push" => self.push = field.choice(&["never", "after every archive"])? == 1,
            "seal_to" => self.seal_to = field.recipients()?,
            "identity" => self.identity = Some(field.path()?),
            "passphrase_file" => self.passphrase_file = Some(field.path()?),
            "remote" => self.remote = Some(field.remote()?),
            "s3_endpoint" => self.s3_endpoint = Some(field.text()?.to_owned()),
            "s3_region" => self.s3_region = Some(field.text()?.to_owned()),
            "s3_path_style" => self.s3_path_style = Some(field.switch()?),
            "s3_credentials" => self.s3_credentials = Some(field.path()?),
            "s3_ca_file" => self.s3_ca_file = Some(field.path()?),
            "ssh_options" => self.ssh_options = field.words()?,
            "lease_life" => self.lease_life = field.life()?,
            "lease_strict" => self.lease_strict = field.switch()?,
            "serve" => self.serve = Some(field.socket()?),
            "serve_host" => self.serve_host = Some(field.name()?),
            "serve_token_file" => self.serve_token = Some(field.path()?),
            _ if self.notify.set(&field)? => {}
            unknown => return Err(field.unknown(unknown, &KEYS)),
        }
        Ok(())
    }

    /// The session that `session`, `archive` and `vault` speak of.
    pub fn first(&mut self) -> &mut Place {
        if self.places.is_empty() {
            self.places.push(Place { path: self.base.join(".wwebjs_auth"), ..Place::default() });
        }
        &mut self.places[0]
    }
}
