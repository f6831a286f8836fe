//! The folder beside a session where work on it lies: locks, the snapshot, the stage, the marker of a restore that
//! was cut off. It is on the session's own mount, wherever the vault is, since links and exchanges need that.

use crate::disk::{self, Lock};
use crate::error::{Error, Holder, Result};
use crate::platform::volumes::mount;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a command waits for another wakeep to finish its work on the same session.
const PATIENCE: Duration = Duration::from_secs(60);

/// The lock of whoever moves the bot.
const MOVING: &str = "moving.lock";

/// The workplace of one session.
#[derive(Debug, Clone)]
pub struct Workplace {
    dir: PathBuf,
}

impl Workplace {
    /// The workplace of the session `name` at `session`: in `home/.wakeep`; where that is another mount in
    /// `.wakeep` beside the session; and where the session's own folder is a mount point within it. Makes nothing.
    pub fn of(home: &Path, session: &Path, name: &str) -> Workplace {
        let beside = disk::parent(session);
        let root = if session.is_dir() && !same_mount(session, beside) {
            session
        } else if beside.exists() && !same_mount(beside, home) {
            beside
        } else {
            home
        };
        let mut dir = root.join(".wakeep").join(name);
        dir.shrink_to_fit();
        Workplace { dir }
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The last nonces of this host's lease.
    pub fn lease(&self) -> PathBuf {
        self.dir().join("lease")
    }

    /// Where snapshots are taken.
    pub fn snapshot(&self) -> PathBuf {
        self.dir.join("snapshot")
    }

    /// Where archives are unpacked before they take the session's place.
    pub fn stage(&self) -> PathBuf {
        self.dir.join("stage")
    }

    /// Where the children of a folder that can't be exchanged are put aside.
    pub fn aside(&self) -> PathBuf {
        self.dir.join("aside")
    }

    /// Where the archive of what stood before a restore is made.
    pub fn before(&self) -> PathBuf {
        self.dir.join("before.tar.gz")
    }

    /// What work that was cut off may have left here besides its marker: all of it keys to the account.
    pub fn left_over(&self) -> [PathBuf; 4] {
        [self.stage(), self.aside(), self.snapshot(), self.before()]
    }

    /// The marker of a restore that can't be done in one step.
    pub fn marker(&self) -> PathBuf {
        self.dir.join("restore.json")
    }

    /// Takes the right to work on the session (one publish, restore or cleanup), waiting a minute for it.
    ///
    /// # Errors
    /// `Busy`, with who has it, after that minute; `Io`.
    pub fn work(&self, says: &str) -> Result<Lock> {
        self.make()?;
        let path = self.dir.join("work.lock");
        let start = Instant::now();
        loop {
            match Lock::take(&path, says)? {
                Ok(lock) => return Ok(lock),
                Err(_) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
                Err(holder) => return Err(Error::Busy { holder: Holder { program: holder, ..Holder::default() } }),
            }
        }
    }

    /// Takes the keeper's place for life, or tells who has it.
    ///
    /// # Errors
    /// `Io`.
    pub fn keeper(&self, says: &str) -> Result<std::result::Result<Lock, String>> {
        self.take("keeper.lock", says)
    }

    fn take(&self, name: &str, says: &str) -> Result<std::result::Result<Lock, String>> {
        self.make()?;
        let path = self.dir.join(name);
        let start = Instant::now();
        loop {
            match Lock::take(&path, says)? {
                // Whoever only asked who has it has gone in a moment.
                Err(_) if start.elapsed() < Duration::from_millis(500) => std::thread::sleep(Duration::from_millis(50)),
                taken => return Ok(taken),
            }
        }
    }

    /// What the keeper says of itself, if one has the session in its care.
    pub fn who_keeps(&self) -> Result<Option<String>> {
        let path = self.dir.join("keeper.lock");
        if disk::exists(&path) { Lock::holder(&path) } else { Ok(None) }
    }

    /// Takes the right to move the bot to another machine for as long as that takes, or tells who has it.
    pub fn moving(&self, says: &str) -> Result<std::result::Result<Lock, String>> {
        self.take(MOVING, says)
    }

    /// Who moves the bot to another machine just now, if anybody does.
    pub fn who_moves(&self) -> Result<Option<String>> {
        let path = self.dir.join(MOVING);
        if disk::exists(&path) { Lock::holder(&path) } else { Ok(None) }
    }

    /// Makes the folder; it keeps itself out of git.
    pub fn make(&self) -> Result<()> {
        disk::make_dir(&self.dir)?;
        let ignore = disk::parent(&self.dir).join(".gitignore");
        if disk::exists(&ignore) { Ok(()) } else { disk::write_whole(&ignore, b"*\n") }
    }
}

fn same_mount(a: &Path, b: &Path) -> bool {
    matches!((mount(a), mount(b)), (Ok(a), Ok(b)) if a == b)
}
