//! What can go wrong, as facts. The sentences a person reads stand in `text`; the exit codes in `cli`.
//!
//! A variant earns its place by an exit code, a hint or a caller that matches on it; all the rest is [`Error::Io`].

mod fault;
mod problem;

pub use fault::Fault;
pub use problem::{Missing, Problem, Wanted};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The result of everything in wakeep that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who holds a session or a lock, as far as it could be found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holder {
    /// Process id on this host, where one is known.
    pub pid: Option<u32>,
    /// The program's name or what the lock says of itself.
    pub program: String,
    /// The host, where it is another one than this.
    pub host: Option<String>,
}

/// Why something sealed stays closed, or something open isn't sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsealable {
    /// No identity and no passphrase is configured.
    NoKey,
    /// It was sealed for others.
    OtherKey,
    /// The key itself can't be used: no key, or a kind that isn't supported.
    KeyUnusable,
    /// The key is itself locked, and no passphrase is named.
    KeyLocked,
    /// The passphrase opens neither it nor the key.
    WrongPassphrase,
    /// Nobody is named for whom to seal.
    NoRecipient,
    /// It isn't sealed.
    NotSealed,
    /// It is a difference: without its base it brings nothing back, sealed or not.
    Difference,
}

/// How far a move of the bot to another machine has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// It is going on right now.
    UnderWay,
    /// It was broken off before the other machine was asked to take the session: nothing has left.
    BrokenOff,
    /// It was broken off after that: the bot could be active there.
    Half,
    /// The session stands there.
    Done,
}

/// A fact about what failed.
#[derive(Debug)]
pub enum Error {
    /// The operating system refused something.
    Io {
        /// What was being done, an English verb phrase: "reading", "renaming".
        doing: &'static str,
        /// The file or folder it was done to.
        path: PathBuf,
        /// The system's own error.
        source: io::Error,
    },
    /// A flag, an environment variable or `wakeep.toml` says something that can't be.
    Config {
        /// Where it stands: a file's path, or the flag's or variable's name.
        place: String,
        /// What is wrong with it.
        problem: Problem,
        /// The nearest thing that would be right.
        suggestion: Option<String>,
    },
    /// No session is where one was expected.
    SessionMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The path holds something, but no kind of session wakeep knows.
    NotASession {
        /// What was looked at.
        path: PathBuf,
    },
    /// The session kept changing under every attempt to copy it whole.
    Restless {
        /// The session.
        path: PathBuf,
        /// How often it was tried.
        tries: u32,
        /// What was wrong with the last copy.
        last: String,
    },
    /// A bot works on the session.
    InUse {
        /// The session.
        path: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
    /// Whether a bot works on the session can't be told from here, which counts as yes.
    MaybeInUse {
        /// The session.
        path: PathBuf,
        /// Why it can't be told.
        why: String,
    },
    /// Another wakeep works on the same session.
    Busy {
        /// Who it is, as its lock says.
        holder: Holder,
    },
    /// Another keeper has this session in its care.
    Kept {
        /// What its lock says of itself.
        by: String,
    },
    /// No session is at the path, and the archive is of another one, which stands.
    OtherSession {
        /// Where none is.
        path: PathBuf,
        /// The one that stands.
        other: PathBuf,
    },
    /// No archive is as old as it was wanted.
    NothingSoOld {
        /// The time that none is older than.
        at: jiff::Timestamp,
    },
    /// There is no archive that may be restored.
    NothingToRestore {
        /// Where it was looked for.
        place: PathBuf,
    },
    /// An archive is of other sessions than this one.
    NotInArchive {
        /// The archive.
        path: PathBuf,
        /// The session's name.
        session: String,
    },
    /// A file is no archive, or its bytes are not whole.
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What is wrong, with the offset or member where it is known.
        what: String,
    },
    /// An archive holds something that may not be unpacked.
    Hostile {
        /// The archive.
        path: PathBuf,
        /// What it holds.
        what: String,
    },
    /// A snapshot holds older data than what is known to have been there.
    Stale {
        /// The database that would be rewound.
        path: PathBuf,
        /// The last sequence number that must be there.
        expected: u64,
        /// The last one found.
        found: u64,
    },
    /// The remote holds a later archive, or another host's.
    RemoteNewer {
        /// The remote.
        place: String,
        /// Which host made it.
        host: String,
        /// Its generation.
        generation: u64,
    },
    /// The archive here is newer than the one that the remote holds.
    HereNewer {
        /// The remote.
        place: String,
        /// When the one here was made.
        here: jiff::Timestamp,
        /// When the one there was.
        there: jiff::Timestamp,
    },
    /// Something sealed doesn't open, or can't be sealed.
    Sealed {
        /// The sealed file, or the key.
        path: PathBuf,
        /// Why.
        why: Unsealable,
    },
    /// Another host has the right to run this bot.
    LeaseHeld {
        /// Who has it.
        holder: Holder,
    },
    /// The bot was moved to another machine, or that was begun.
    Moved {
        /// Where to.
        to: String,
        /// How far that has come.
        how: Departure,
    },
    /// Another place for archives can't be used, or not now.
    Remote {
        /// The place as a person wrote it, without secrets.
        place: String,
        /// Why.
        fault: Fault,
    },
    /// Interrupted by a signal or the keyboard.
    Interrupted,
}

// People read `text`; this is for panics and test output.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Error {
    /// The system's error kind, where it was the system that refused.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Error::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    /// The same, said of `shown`, of which the file at `path` is a copy.
    #[must_use]
    pub fn about(mut self, copy: &Path, shown: &Path) -> Error {
        if let Error::Io { path, .. } | Error::Damaged { path, .. } | Error::Hostile { path, .. } = &mut self
            && path.file_name().is_some_and(|n| copy.file_name() == Some(n))
        {
            shown.clone_into(path);
        }
        self
    }

    /// What failed, in one line of plain English: for what quotes an error in a sentence of its own.
    pub fn brief(&self) -> String {
        match self {
            Error::Io { doing, path, source } => format!("{doing} {}: {source}", path.display()),
            Error::Restless { last, .. } => last.clone(),
            Error::Stale { path, expected, found } => format!("{}: {found} of {expected}", path.display()),
            other => format!("{other:?}"),
        }
    }

    /// A damaged archive, in one line.
    pub fn damaged(path: &Path, what: impl Into<String>) -> Error {
        Error::Damaged { path: path.to_owned(), what: what.into() }
    }
}

/// Adds to a system error what was being done and to which file.
pub trait At<T> {
    /// Turns the error into [`Error::Io`].
    fn at(self, doing: &'static str, path: &Path) -> Result<T>;
}

impl<T, E: Into<io::Error>> At<T> for std::result::Result<T, E> {
    fn at(self, doing: &'static str, path: &Path) -> Result<T> {
        self.map_err(|e| Error::Io { doing, path: path.to_owned(), source: e.into() })
    }
}
