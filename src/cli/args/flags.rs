//! The flags of the verbs that take many.

use clap::Args;
use std::path::PathBuf;

/// How the keeper is wanted.
#[derive(Debug, Clone, Args)]
pub struct Watch {
    /// How often to look, such as 2m or 30s
    #[arg(long, value_name = "TIME")]
    pub interval: Option<String>,
    /// Wait until another host's lease has run out, then take it
    #[arg(long)]
    pub take_over: bool,
    /// End when standard input ends, too: for a bot that starts its own keeper
    #[arg(long)]
    pub until_eof: bool,
    /// Serve the page too, at this address
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:9477")]
    pub serve: Option<String>,
}

/// What is to be set up.
#[derive(Debug, Clone, Args)]
pub struct Setup {
    /// The bot's folder, where it can't be found out
    #[arg(long, value_name = "DIR")]
    pub app_dir: Option<PathBuf>,
    /// The bot's systemd unit, where it can't be found out
    #[arg(long, value_name = "UNIT")]
    pub bot_unit: Option<String>,
    /// Who calls the check of every 6 hours [default: cron where it is installed]
    #[arg(long, value_name = "WHO", value_parser = ["cron", "timer"])]
    pub schedule: Option<String>,
    /// Build into this tree instead of this machine
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Take away exactly what setup put; never sessions, archives or backups
    #[arg(long)]
    pub undo: bool,
    /// A server is meant, whatever this machine looks like; the script of that name says so
    #[arg(long, hide = true)]
    pub server: bool,
    /// The half in the bot's folder alone; root's half calls it as the bot's user
    #[arg(long, hide = true, requires = "app_dir")]
    pub beside_bot: bool,
}

/// How a restore is wanted.
#[derive(Debug, Clone, Default, Args)]
pub struct Restore {
    /// Only what certainly helps; a program asks, nobody is there
    #[arg(long, conflicts_with = "force")]
    pub if_needed: bool,
    /// Whatever the session is like
    #[arg(long, conflicts_with = "before_start")]
    pub force: bool,
    /// As --if-needed, and never keep the bot from starting for lack of a login (for ExecStartPre=)
    #[arg(long)]
    pub before_start: bool,
    /// No QR page is open but one the bot told of (`event qr`): a page of any age gives way
    #[arg(long)]
    pub qr_unseen: bool,
    /// From this archive, or from a remote: a folder, ssh://host/path, s3://bucket/prefix
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// From the newest archive not younger than this: 2026-11-24T12:00, 12:00, or "2h" for two hours ago
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Show session and archive side by side and ask; yes means --force
    #[arg(long, conflicts_with_all = ["if_needed", "before_start", "force"])]
    pub ask: bool,
    /// Answer --ask with yes
    #[arg(long, requires = "ask")]
    pub yes: bool,
    /// Tell the verdict first; where nothing is restored it gives the exit code
    #[arg(long)]
    pub tell: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// The outer process can stop the bot, so a session in use is no news
    #[arg(long, hide = true)]
    pub can_stop: bool,
    /// An outer process looks after the bot's supervisor
    #[arg(long, hide = true)]
    pub inner: bool,
    /// The question was answered
    #[arg(long, hide = true, requires = "ask")]
    pub answered: bool,
}
