//! What the owner decided, from four places: flag > environment (`WAKEEP_…`) > `wakeep.toml` > default. Also the one
//! door to the environment.
//!
//! `config.toml` beside this file is the commented file that `wakeep setup` writes; a test keeps its keys equal to
//! [`KEYS`].

mod notify;

use crate::error::{At, Error, Result};
use jiff::SignedDuration;
pub use notify::{Address, Notify};
use std::fs;
use std::path::{Path, PathBuf};
use toml::Value;

/// The commented configuration that `wakeep setup` writes.
pub const TEMPLATE: &str = include_str!("config.toml");

/// Where a server's configuration stands.
pub const SYSTEM: &str = "/etc/wakeep";

/// Every key of `wakeep.toml`'s first level. Each can also be set as `WAKEEP_<KEY IN CAPITALS>`.
pub const KEYS: [&str; 51] = [
    "session",
    "archive",
    "vault",
    "interval",
    "carry",
    "archive_mode",
    "session_mode",
    "keep_bytes",
    "arrived_hold",
    "write_budget",
    "latest_every",
    "last_archive_wait",
    "cleanup",
    "drill",
    "lang",
    "log_file",
    "log_format",
    "bot_unit",
    "bot_pm2",
    "push",
    "seal_to",
    "identity",
    "passphrase_file",
    "remote",
    "s3_endpoint",
    "s3_region",
    "s3_path_style",
    "s3_credentials",
    "ssh_options",
    "lease_life",
    "lease_strict",
    "serve",
    "serve_host",
    "serve_token_file",
    "notify_webhook",
    "notify_webhook_secret_file",
    "notify_telegram_chat",
    "notify_telegram_token_file",
    "notify_telegram_api",
    "notify_ping",
    "notify_email_to",
    "notify_email_from",
    "notify_email_server",
    "notify_email_user",
    "notify_email_password_file",
    "notify_ntfy",
    "notify_ntfy_token_file",
    "notify_archive_age",
    "notify_free",
    "notify_timeout",
    "sessions",
];

/// The keys of one table in `[[sessions]]`.
pub const SESSION_KEYS: [&str; 3] = ["path", "archive", "vault"];

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
    /// How long changes may lie in the vault only before the archive is rewritten; zero for not at all.
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

/// Where the configuration is looked for. The second bot on a server has a file named after its folder.
fn usual_files() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let of_folder = here.file_name().map(|n| Path::new(SYSTEM).join(format!("{}.toml", n.to_string_lossy())));
    let system = Path::new(SYSTEM).join("wakeep.toml");
    [Some("wakeep.toml".into()), of_folder, Some(system)].into_iter().flatten().collect()
}

/// A variable of the environment, where it is set and not empty.
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// A secret that systemd hands over by `LoadCredential=wakeep-…:FILE` (systemd.exec(5)).
fn credential(name: &str) -> Option<PathBuf> {
    let path = Path::new(&environment("CREDENTIALS_DIRECTORY")?).join(name);
    path.is_file().then_some(path)
}

/// A secret's text, and the place it is from.
pub type Secret = (String, PathBuf);

impl Config {
    /// The secret key that opens what is sealed: a file's, systemd's `wakeep-identity`, or `WAKEEP_IDENTITY_KEY`.
    ///
    /// # Errors
    /// `Io`: the file can't be read.
    pub fn identity_key(&self) -> Result<Option<Secret>> {
        secret(self.identity.as_deref(), "wakeep-identity", "WAKEEP_IDENTITY_KEY")
    }

    /// The passphrase: a file's, systemd's `wakeep-passphrase`, or `WAKEEP_PASSPHRASE`.
    ///
    /// # Errors
    /// `Io`: the file can't be read.
    pub fn passphrase(&self) -> Result<Option<Secret>> {
        secret(self.passphrase_file.as_deref(), "wakeep-passphrase", "WAKEEP_PASSPHRASE")
    }

    /// Reads the file (`file`, else `WAKEEP_CONFIG`, else `./wakeep.toml`, else `/etc/wakeep/wakeep.toml`) and the
    /// environment. `session` names the one session that is meant, whatever the file says. Where nothing names a session
    /// it is `.wwebjs_auth` beside the file.
    pub fn load(file: Option<&Path>, session: Option<&Path>) -> Result<Config> {
        let mut config = Config::default();
        let named = file.map(Path::to_owned).or_else(|| environment("WAKEEP_CONFIG").map(PathBuf::from));
        if let Some(path) = named.or_else(|| usual_files().into_iter().find(|p| p.is_file())) {
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
        let table: toml::Table = toml::from_str(&text).map_err(|e| wrong(&place, e.message(), None))?;
        let base = crate::disk::parent(path);
        if base != Path::new(".") {
            base.clone_into(&mut self.base);
        }
        let one = ["session", "archive", "vault"].into_iter().find(|key| table.contains_key(*key));
        if let (Some(key), true) = (one, table.contains_key("sessions")) {
            let problem = format!("`{key}` speaks of one session, [[sessions]] of several: put it into their tables");
            return Err(wrong(&place, &problem, None));
        }
        let base = self.base.clone();
        for (key, value) in &table {
            self.set(key, value, &base, &place)?;
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
            "interval" => self.interval = field.duration()?,
            "carry" => self.carry_all = field.choice(&["login", "all"])? == 1,
            "archive_mode" => self.archive_mode = field.mode()?,
            "session_mode" => self.session_mode = field.mode()?,
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

/// A secret stands in a file, in a credential of systemd's, or in the environment; never among the arguments.
fn secret(file: Option<&Path>, credential_name: &str, variable: &str) -> Result<Option<Secret>> {
    match file.map(Path::to_owned).or_else(|| credential(credential_name)) {
        Some(path) => fs::read_to_string(&path).at("reading", &path).map(|text| Some((text, path))),
        None => Ok(environment(variable).map(|text| (text, PathBuf::from(variable)))),
    }
}

/// One value, and where it stands.
struct Field<'a> {
    key: &'a str,
    value: &'a Value,
    base: &'a Path,
    place: &'a str,
}

impl Field<'_> {
    fn text(&self) -> Result<&str> {
        self.value.as_str().ok_or_else(|| self.wants("a text in quotes"))
    }

    /// The name of a unit or an app: it becomes an argument and a line of a unit file.
    fn name(&self) -> Result<String> {
        let text = self.text()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@:".contains(c);
        let good = !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
        if good { Ok(text.to_owned()) } else { Err(self.wants("a plain name such as \"nord-laundry-bot\"")) }
    }

    /// A place with `://` in it stands for itself, a folder is meant from the file's own.
    fn remote(&self) -> Result<String> {
        let text = self.text()?;
        Ok(if text.contains("://") { text.to_owned() } else { self.path()?.display().to_string() })
    }

    /// A list of words; in the environment one text, cut at spaces.
    fn words(&self) -> Result<Vec<String>> {
        let wanted = || self.wants("a list of words such as [\"-o\", \"Compression=yes\"]");
        match self.value {
            Value::String(text) => Ok(text.split_whitespace().map(str::to_owned).collect()),
            Value::Array(list) => list.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(wanted)).collect(),
            _ => Err(wanted()),
        }
    }

    /// Shorter lives would end between two requests over a slow line.
    fn life(&self) -> Result<SignedDuration> {
        let life = self.duration()?;
        if life.as_secs() >= 1 { Ok(life) } else { Err(self.wants("a second at least")) }
    }

    fn path(&self) -> Result<PathBuf> {
        Ok(self.base.join(self.text()?))
    }

    fn duration(&self) -> Result<SignedDuration> {
        let wanted = || self.wants("a duration such as \"2m\" or \"1h\"");
        let duration: SignedDuration = self.text()?.parse().map_err(|_| wanted())?;
        if duration.is_negative() { Err(wanted()) } else { Ok(duration) }
    }

    fn choice(&self, words: &[&str]) -> Result<usize> {
        let text = self.text()?;
        words.iter().position(|w| *w == text).ok_or_else(|| {
            wrong(self.place, &format!("`{}` must be one of: {}", self.key, words.join(", ")), nearest(text, words))
        })
    }

    fn switch(&self) -> Result<bool> {
        match self.value {
            Value::Boolean(on) => Ok(*on),
            Value::String(s) if s == "true" => Ok(true),
            Value::String(s) if s == "false" => Ok(false),
            _ => Err(self.wants("true or false")),
        }
    }

    fn mode(&self) -> Result<u32> {
        let bits = self.text().ok().and_then(|t| u32::from_str_radix(t, 8).ok());
        bits.filter(|b| *b <= 0o777 && b & 0o400 != 0).ok_or_else(|| self.wants("permission bits such as \"0600\""))
    }

    fn size(&self) -> Result<u64> {
        let size = match self.value {
            Value::Integer(n) => u64::try_from(*n).ok(),
            Value::String(s) => bytes_of(s),
            _ => None,
        };
        size.filter(|n| *n > 0).ok_or_else(|| self.wants("a size such as \"10 GB\" or \"500 MB\""))
    }

    fn log_file(&self) -> Result<LogFile> {
        match self.switch() {
            Ok(true) => Ok(LogFile::Usual),
            Ok(false) => Ok(LogFile::Off),
            Err(_) => self.path().map(LogFile::At),
        }
    }

    /// One recipient or a list of them (in the environment: parted by commas); what is no key is a file's name.
    fn recipients(&self) -> Result<Vec<String>> {
        let wanted = || self.wants("\"age1…\", an SSH public key, a file of them, or a list of these");
        let texts: Vec<&str> = match self.value {
            Value::String(text) => text.split([',', '\n']).collect(),
            Value::Array(list) => list.iter().map(|v| v.as_str().ok_or_else(wanted)).collect::<Result<_>>()?,
            _ => return Err(wanted()),
        };
        let is_key = |t: &str| ["age1", "ssh-", "AGE-SECRET-KEY-"].iter().any(|start| t.starts_with(start));
        let named = |t: &str| if is_key(t) { t.to_owned() } else { self.base.join(t).display().to_string() };
        Ok(texts.into_iter().map(str::trim).filter(|t| !t.is_empty()).map(named).collect())
    }

    fn socket(&self) -> Result<std::net::SocketAddr> {
        let text = self.text()?.replace("localhost", "127.0.0.1");
        text.parse().map_err(|_| self.wants("an address and a port such as \"127.0.0.1:9477\""))
    }

    fn places(&self) -> Result<Vec<Place>> {
        let list = self.value.as_array().ok_or_else(|| self.wants("tables: [[sessions]]"))?;
        list.iter().map(|v| self.one_place(v)).collect()
    }

    fn one_place(&self, value: &Value) -> Result<Place> {
        let table = value.as_table().ok_or_else(|| self.wants("tables: [[sessions]]"))?;
        let mut place = Place::default();
        for (key, value) in table {
            let field = Field { key, value, base: self.base, place: self.place };
            match key.as_str() {
                "path" => place.path = field.path()?,
                "archive" => place.archive = Some(field.path()?),
                "vault" => place.vault = Some(field.path()?),
                unknown => return Err(field.unknown(unknown, &SESSION_KEYS)),
            }
        }
        if place.path.as_os_str().is_empty() { Err(self.wants("a `path` in each table")) } else { Ok(place) }
    }

    fn wants(&self, what: &str) -> Error {
        wrong(self.place, &format!("`{}` wants {what}", self.key), None)
    }

    fn unknown(&self, key: &str, known: &[&str]) -> Error {
        wrong(self.place, &format!("there is no key `{key}`"), nearest(key, known))
    }
}

fn wrong(place: &str, problem: &str, suggestion: Option<String>) -> Error {
    Error::Config { place: place.to_owned(), problem: problem.to_owned(), suggestion }
}

/// The word that was most likely meant.
fn nearest(word: &str, words: &[&str]) -> Option<String> {
    let likeness = |w: &&str| (strsim::jaro_winkler(word, w) * 1000.0) as u32;
    words.iter().copied().max_by_key(likeness).filter(|w| likeness(w) > 700).map(str::to_owned)
}

/// `10 GB`, `500MB`, `1.5 GiB`, `4096`.
fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1.0,
        "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KIB" => 1024.0,
        "MIB" => 1024.0 * 1024.0,
        "GIB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * unit;
    (bytes.is_finite() && bytes < 1e18).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Result<Config> {
        let mut config = Config::default();
        let table: toml::Table = toml::from_str(text).unwrap();
        for (key, value) in &table {
            config.set(key, value, Path::new("/bot"), "wakeep.toml")?;
        }
        Ok(config)
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let Err(Error::Config { suggestion, .. }) = set("intervall = \"2m\"") else { panic!() };
        assert_eq!(suggestion.as_deref(), Some("interval"));
        let Err(Error::Config { suggestion, .. }) = set("[[sessions]]\npaht = \"x\"") else { panic!() };
        assert_eq!(suggestion.as_deref(), Some("path"));
    }

    #[test]
    fn values_are_read_and_nonsense_is_refused() {
        let config =
            set("interval = \"90s\"\narchive_mode = \"0644\"\nwrite_budget = \"1.5 GB\"\nsession = \"a\"").unwrap();
        assert_eq!((config.interval.as_secs(), config.archive_mode), (90, 0o644));
        assert_eq!((config.write_budget, config.places[0].path.as_path()), (1_500_000_000, Path::new("/bot/a")));
        for bad in [
            "interval = \"-2m\"",
            "archive_mode = \"9\"",
            "carry = \"some\"",
            "keep_bytes = 0",
            "lang = 1",
            "bot_unit = \"a b\"",
        ] {
            assert!(matches!(set(bad), Err(Error::Config { .. })), "{bad}");
        }
    }

    #[test]
    fn the_commented_file_has_every_key_with_its_default() {
        let uncommented =
            |l: &str| l.strip_prefix("# ").filter(|l| l.contains(" = ") && !l.contains(". ")).map(str::to_owned);
        let lines: Vec<String> = TEMPLATE.lines().filter_map(uncommented).collect();
        let table: toml::Table = toml::from_str(&lines.join("\n")).unwrap();
        // `path` belongs to the table of one session.
        let mut keys: Vec<_> = table.keys().map(String::as_str).filter(|k| *k != "path").chain(["sessions"]).collect();
        let mut known = KEYS.to_vec();
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(keys, known);
        let defaults: Vec<_> = lines.into_iter().filter(|l| !l.starts_with("path")).collect();
        let mut config = set(&defaults.join("\n")).unwrap();
        config.places.clear();
        config.lang = None;
        config.bot_unit = None;
        config.bot_pm2 = None;
        config = Config {
            remote: None,
            s3_endpoint: None,
            s3_region: None,
            s3_path_style: None,
            s3_credentials: None,
            seal_to: Vec::new(),
            identity: None,
            passphrase_file: None,
            ..config
        };
        (config.serve, config.serve_host, config.serve_token) = (None, None, None);
        // Whom to tell has examples, when has defaults.
        let defaults = Notify::default();
        assert_eq!(config.notify.telegram_api, defaults.telegram_api);
        let times = |n: &Notify| (n.archive_age, n.free, n.timeout);
        assert_eq!(times(&config.notify), times(&defaults));
        config.notify = defaults;
        assert_eq!(config, Config::default());
    }
}
