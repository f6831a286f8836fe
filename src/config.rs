//! What the owner decided, from four places: flag > environment (`WAKEEP_…`) > `wakeep.toml` > default. Also the one
//! door to the environment.
//!
//! `config.toml` beside this file is the commented file that `wakeep setup` writes; a test keeps its keys equal to
//! [`keys::KEYS`].

mod field;
pub mod keys;
mod notify;
mod own;
mod position;
mod read;
mod secret;
#[cfg(test)]
mod tests;
mod which;

use jiff::SignedDuration;
pub use notify::{Address, Notify};
pub use own::Own;
pub use secret::Secret;
use std::path::PathBuf;
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
