//! The command line: verbs and flags. What they do stands in `run`.

mod flags;

use crate::vault::journal::Told;
use clap::{Args, Parser, Subcommand};
pub use flags::{Restore, Setup, Watch};
use std::path::PathBuf;

/// The first page of `--help`: twelve verbs in three groups.
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

More: serve, notify, cleanup, demo, event, verify, extract, receive, seal, unseal, keygen, generate,
  close-browser.
`wakeep help VERB` tells all of each.";

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
    /// Only the session of this name or path, where there are several [else WAKEEP_ONLY]
    #[arg(long, global = true, value_name = "NAME")]
    pub only: Option<String>,
    /// The configuration [default: the server's for this folder, else ./wakeep.toml, else /etc/wakeep/FOLDER.toml or
    /// wakeep.toml]
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
    /// Before the bot is stopped (for ExecStop=): ask the browser that works on the session to end, and wait until it has
    /// written everything
    CloseBrowser,
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
        /// What whoever started this has opened as standard input
        #[arg(long, hide = true, value_name = "FILE")]
        opened: Option<PathBuf>,
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
        /// An outer process looks after the bot's supervisor
        #[arg(long, hide = true)]
        inner: bool,
        /// It can stop the bot, so a session in use is no news
        #[arg(long, hide = true)]
        can_stop: bool,
        /// Forget a move that was broken off before it was offered to anybody
        #[arg(long, hide = true)]
        stay: bool,
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
