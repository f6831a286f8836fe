//! A bot's login on this machine, and what one kind of it is made of. Sessions know nothing of backups.

pub mod baileys;
pub mod chromium;
pub mod curve;
pub mod database;
pub mod find;
pub mod interior;
pub mod leveldb;
mod snappy;
pub mod snapshot;
pub mod sqlite;
pub mod whatsmeow;

use crate::error::{Error, Holder, Result};
pub use crate::progress::{Identity, Progress, Proof, Vector};
use crate::verdict::{Finding, Verdict};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All kinds, in the order in which they are asked whether a path is theirs.
pub static KINDS: &[&dyn Kind] = &[&chromium::Chromium, &baileys::Baileys, &whatsmeow::Whatsmeow];

/// How one kind of session is made up. A value without state; all kinds stand in [`KINDS`].
///
/// Paths called `entry` are relative to the session. `live` may be written to by a bot at any moment; `copy` is
/// ours and still.
pub trait Kind: Sync {
    /// The stable name: `chromium`, `baileys`, `whatsmeow`.
    fn name(&self) -> &'static str;

    /// Whether the path (a folder or a file) is a session of this kind, judged by names and first bytes only.
    fn claims(&self, path: &Path) -> bool;

    /// Whether an entry belongs to the login; `false` for caches, locks and all else. For a folder, `false` also
    /// leaves out everything below it. For a session that is one file the entry is the empty path.
    fn matters(&self, entry: &Path) -> bool;

    /// Whether a change of this entry can be a change of the login. Files that a program rewrites all the time
    /// without the login changing are carried, but not watched.
    fn watched(&self, entry: &Path) -> bool {
        self.matters(entry)
    }

    /// Whether an entry, once there, is never written again by the format's own rules (LevelDB tables, blobs):
    /// its name, inode, size and mtime then stand for its content.
    fn immutable(&self, entry: &Path) -> bool {
        let _ = entry;
        false
    }

    /// Whether an entry is never taken, not even with the whole folder: locks and sockets of a running program.
    fn forbids(&self, entry: &Path) -> bool {
        let _ = entry;
        false
    }

    /// Copies what matters of the live session into the empty folder `into` (for a session that is one file:
    /// into the file path `into`), consistent although the bot writes. One attempt; an `Err` or a copy that
    /// [`Kind::examine`] finds broken is tried again by `snapshot`. Entries keep their relative paths.
    fn copy(&self, live: &Path, into: &Path) -> Result<()>;

    /// Judges a copy: bytes, login state, how far each database had come. Never called on a live session unless
    /// [`Kind::is_judged_in_place`], never writes into the copy.
    fn examine(&self, copy: &Path) -> Result<Examination>;

    /// Whether [`Kind::examine`] sees all of the live session, and makes nothing beside it: then one that nobody works on
    /// need not be copied to be judged.
    fn is_judged_in_place(&self, live: &Path) -> bool {
        let _ = live;
        false
    }

    /// How far each database of the live session has come at least, by reading alone; used as the floor of a
    /// snapshot's freshness. A database that can't be read just now is left out.
    fn progress(&self, live: &Path) -> Vector;

    /// What is worth saying of a live session besides its login, by names alone.
    fn remarks(&self, live: &Path) -> Vec<Finding> {
        let _ = live;
        Vec::new()
    }

    /// Versions of programs that stand beside the live session, by name; what the session itself says goes first.
    fn versions(&self, live: &Path) -> BTreeMap<String, String> {
        let _ = live;
        BTreeMap::new()
    }

    /// Whether a bot works on the live session.
    fn holder(&self, live: &Path) -> Use;

    /// The browser that works on the live session for a bot: its first process, which writes all it holds in memory when
    /// it is asked to end (SIGTERM), and then those of its processes that have the session's files open. Empty where none
    /// does or can be proved to, and where bots write by themselves.
    fn browser(&self, live: &Path) -> Vec<u32> {
        let _ = live;
        Vec::new()
    }

    /// Mends a staged session with what is still good of the live one, where a kind must not be rolled back whole, and
    /// with what others keep in the same folder. `forced`: a person wants the staged login, whichever the live one is.
    fn mend(&self, live: &Path, staged: &Path, forced: bool) -> Result<()> {
        let _ = (live, staged, forced);
        Ok(())
    }

    /// Whether a session of this kind reads as logged out only after the server or the phone ended the login.
    fn logs_out_for_good(&self) -> bool {
        false
    }

    /// Puts right what a kill left in a live session that nobody works on and its own program would stumble over.
    fn steady(&self, live: &Path) -> Result<()> {
        let _ = live;
        Ok(())
    }

    /// Makes a bot that starts meanwhile on one of these folders refuse to, as long as the returned value lives; they
    /// may change places. `room` is a folder beside them that is ours. Fails with [`Error::InUse`] if one is in use.
    fn hold(&self, folders: &[&Path], room: &Path) -> Result<Option<Box<dyn Hold>>> {
        let _ = (folders, room);
        Ok(None)
    }
}

/// Folders on which no bot starts as long as the value lives.
pub trait Hold: Send {}

/// All that an examination finds out about a copy.
#[derive(Debug, Clone)]
pub struct Examination {
    /// What people and decisions need.
    pub verdict: Verdict,
    /// How far each database had come.
    pub vector: Vector,
    /// Which login it is, where there is one.
    pub identity: Option<Identity>,
    /// Versions of programs that stand in the session, by name (`chromium`, `whatsapp_web`).
    pub versions: BTreeMap<String, String>,
}

impl Examination {
    /// An examination that found out nothing but the verdict.
    pub fn of(verdict: Verdict) -> Examination {
        Examination { verdict, vector: Vector::new(), identity: None, versions: BTreeMap::new() }
    }
}

/// Whether a bot works on a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// Nobody does.
    Free,
    /// Somebody does.
    Held(Holder),
    /// It can't be told from here, which counts as yes.
    CannotTell(String),
}

impl Use {
    /// Turns everything but [`Use::Free`] into the error that says why the session at `path` is left alone.
    ///
    /// # Errors
    /// `InUse`, with who holds it; `MaybeInUse` where that can't be told.
    pub fn or_refuse(self, path: &Path) -> Result<()> {
        match self {
            Use::Free => Ok(()),
            Use::Held(holder) => Err(Error::InUse { path: path.to_owned(), holder }),
            Use::CannotTell(why) => Err(Error::MaybeInUse { path: path.to_owned(), why }),
        }
    }
}

/// A session found on this machine, with everything that follows from where it lies.
#[derive(Clone)]
pub struct Session {
    /// The last folder or file name, which names the session: `session`, `session-shop2`, `auth_info`, `bot.db`.
    pub name: String,
    /// The folder or file itself.
    pub path: PathBuf,
    /// The folder beside which archive and `.wakeep` stand: the bot's folder.
    pub home: PathBuf,
    /// The path from `home` to the session, with which all names in the archive begin: `.wwebjs_auth/session`.
    pub prefix: PathBuf,
    /// How it is made up.
    pub kind: &'static dyn Kind,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("path", &self.path).field("kind", &self.kind.name()).finish()
    }
}
