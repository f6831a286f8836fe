//! The command line: verbs and flags. What they do stands in `run`.

use crate::vault::journal::Told;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// The first page of `--help`: fourteen verbs in three groups.
const GROUPS: &str = "\
Set up:
  setup      Set up beside a bot; as root on a server: services, check, logs, scripts
  move       Move the bot to another machine: ssh://user@host/opt/bot

Keep:
  run -- CMD Restore if needed, start the bot, keep while it runs
  watch      Stay beside the bot and archive its session whenever it changed
  archive    Archive the session once, if it changed
  push       Bring the archive to another place: a folder, SSH, a bucket
  pull       Fetch the archive from there

Look and mend:
  status     Is my bot's login safe? One screen (the same as no verb)
  check      Judge sessions, folders and archives; changes nothing
  list       Show the archives of a session, or what is in one
  restore    Put the session back, if it needs it
  doctor     What is wrong here, and the command that mends it

More: serve, notify, cleanup, demo, event, verify, extract, receive, seal, unseal, keygen, generate.
`wakeep VERB --help` tells all of each.";

/// Keeps WhatsApp bots linked: one current archive of the login, never torn, put back when it is needed.
#[derive(Debug, Parser)]
#[command(name = "wakeep", version, about, after_help = GROUPS, disable_help_subcommand = true, args_override_self = true)]
#[command(help_template = "{about}\n\n{usage-heading} {usage}\n\n{after-help}\n\nOptions:\n{options}")]
pub struct Cli {
    /// What to do; `status` where nothing is said.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Flags that every verb takes.
    #[command(flatten)]
    pub common: Common,
}

/// Flags that every verb takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// The session: a .wwebjs_auth folder, one session folder in it, a Baileys folder or an SQLite file
    /// [default: ./.wwebjs_auth]
    #[arg(long, global = true, value_name = "PATH")]
    pub session: Option<PathBuf>,
    /// The one archive [default: whatsapp_auth_latest.tar.gz beside the session]
    #[arg(long, global = true, value_name = "FILE")]
    pub archive: Option<PathBuf>,
    /// Backups and journal [default: .wakeep beside the session]
    #[arg(long, global = true, value_name = "DIR")]
    pub vault: Option<PathBuf>,
    /// Only the session of this name, where there are several
    #[arg(long, global = true, value_name = "NAME")]
    pub only: Option<String>,
    /// The configuration [default: ./wakeep.toml, else /etc/wakeep/wakeep.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The language of what is said
    #[arg(long, global = true, value_name = "LANG", value_parser = ["en", "ru"])]
    pub lang: Option<String>,
    /// How log lines are written
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["text", "json"])]
    pub log_format: Option<String>,
    /// Append what is said to this log, too
    #[arg(long, global = true, value_name = "FILE")]
    pub log_to: Option<PathBuf>,
    /// One JSON object on standard output instead of words
    #[arg(long, global = true)]
    pub json: bool,
    /// Phone numbers in full
    #[arg(long, global = true)]
    pub show_account: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Set up beside the bot: a commented wakeep.toml, and session and archive out of git, npm and Docker. As root on a
    /// server: services, check, logs and scripts, so that the login comes back by itself
    Setup(Setup),
    /// Restore if needed, start the bot, keep while it runs, archive once more when it has ended
    Run {
        /// Wait until another host's lease has run out, then take it
        #[arg(long)]
        take_over: bool,
        /// The bot's command
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
        command: Vec<String>,
    },
    /// Stay beside the bot and archive its session whenever it changed
    Watch(Watch),
    /// Archive the session once, if it changed
    Archive {
        /// Write an archive although nothing changed
        #[arg(long)]
        force: bool,
        /// One gzip member, for the few readers that stop after the first
        #[arg(long)]
        plain: bool,
        /// As a keeper's round: until the archive is due (latest_every) a small difference in the vault will do
        #[arg(long, conflicts_with_all = ["force", "plain"])]
        round: bool,
    },
    /// Is my bot's login safe? One screen
    Status,
    /// Judge sessions, folders and archives; changes nothing
    Check {
        /// What to judge; the sessions here where nothing is named
        paths: Vec<PathBuf>,
        /// Unpack the archive into a scratch folder and judge what comes of it; the proof is recorded
        #[arg(long, conflicts_with = "paths")]
        drill: bool,
    },
    /// What is wrong here, and the exact command that mends it
    Doctor {
        /// Mend what is safe to mend
        #[arg(long)]
        fix: bool,
        /// Print a text fit for an issue: no phone numbers, no names
        #[arg(long)]
        report: bool,
    },
    /// Show the archives of a session, or what is in one
    List {
        /// An archive to look into
        file: Option<PathBuf>,
        /// The journal instead
        #[arg(long, conflicts_with = "file")]
        events: bool,
    },
    /// Put the session back, if it needs it
    Restore(Restore),
    /// The page in the browser: how every session stands, with metrics and /status.json
    Serve {
        /// Address and port [default: 127.0.0.1:9477]
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Try the channels that notices go by
    Notify {
        /// What to do
        #[command(subcommand)]
        what: Notify,
    },
    /// Tell what the bot knows of its connection
    Event {
        /// What happened
        #[arg(ignore_case = true)]
        what: Told,
        /// Why: a code or a word, as the bot's library gave it
        #[arg(long)]
        reason: Option<String>,
    },
    /// Remove the timestamped archives that earlier scripts piled up, where that is safe
    Cleanup {
        /// Only show what would go
        #[arg(long)]
        dry_run: bool,
    },
    /// See it work on a scratch session: keep, damage, check, restore
    Demo {
        /// Write records into this scratch session until killed; the demo starts it as its bot
        #[arg(long, hide = true, value_name = "DIR")]
        bot: Option<PathBuf>,
    },
    /// Check the bytes of an archive: every member, every digest, the index against the tar
    Verify {
        /// The archive
        file: PathBuf,
        /// The index alone
        #[arg(long)]
        quick: bool,
    },
    /// Unpack an archive, or some of its files, into the current folder
    Extract {
        /// The archive
        file: PathBuf,
        /// Files or folders in it; all where none is named
        paths: Vec<PathBuf>,
        /// Where to
        #[arg(long, value_name = "DIR", default_value = ".")]
        into: PathBuf,
    },
    /// Take an archive brought here from another machine, check it, and put it where the restore takes it from
    Receive {
        /// The archive, or - for standard input; without it the newest in ~ and /tmp
        file: Option<PathBuf>,
        /// The bot on the other machine is stopped: don't ask
        #[arg(long)]
        yes: bool,
        /// Talk with the wakeep of another machine, which sends what the archive of this name hasn't got yet
        #[arg(long, requires = "file", conflicts_with = "yes")]
        members: bool,
    },
    /// Move the bot to another machine: a last archive, over SSH, restored there; no longer active here
    Move {
        /// The bot's folder there: ssh://user@host/opt/bot
        to: String,
    },
    /// Bring the newest archive to another place: a folder, ssh://host/path or s3://bucket/prefix
    Push {
        /// The place [default: `remote` in wakeep.toml]
        remote: Option<String>,
        /// Replace what is there, also where it is later or another host's
        #[arg(long)]
        force: bool,
    },
    /// Fetch the archive from another place to where the restore takes it from
    Pull {
        /// The place [default: `remote` in wakeep.toml]
        remote: Option<String>,
        /// The newest that isn't younger than this, where the place keeps a history
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Also where the archive here is newer
        #[arg(long)]
        force: bool,
    },
    /// Make a key for sealing; prints the recipient, which seals and may be shown
    Keygen {
        /// Where the secret half goes [default: wakeep-key.txt]
        file: Option<PathBuf>,
    },
    /// Seal a file for the recipients in `seal_to`, as the `age` program does: FILE.age
    Seal {
        /// The file
        file: PathBuf,
        /// The sealed file, where FILE.age isn't wanted
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Open a sealed file with the key in `identity`
    Unseal {
        /// The sealed file
        file: PathBuf,
        /// The open one, where the same name without .age isn't wanted
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Print what packagers need
    Generate {
        /// What to print
        #[command(subcommand)]
        what: Generate,
    },
}

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
    /// From this archive
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
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
    /// The question was answered
    #[arg(long, hide = true, requires = "ask")]
    pub answered: bool,
}

/// What to do with the channels.
#[derive(Debug, Clone, Subcommand)]
pub enum Notify {
    /// Send a test through each channel and say whether it arrived
    Test,
}

/// What can be printed.
#[derive(Debug, Clone, Subcommand)]
pub enum Generate {
    /// The commented configuration with every key
    Config,
    /// A man page
    Man,
    /// A completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}
