//! What can be wrong around a bot's login, besides the login itself: facts that `doctor` finds. What each means and
//! what mends it stands in `text`.

use crate::error::Departure;
use crate::verdict::lossy;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Ailment {
    /// The bot was moved to another machine, or that was broken off.
    Moved {
        /// Where to.
        to: String,
        /// How far that has come.
        how: Departure,
        /// What starts it here.
        start: Option<String>,
    },
    /// The bot stands still, as its supervisor says.
    BotStopped {
        /// The unit or app.
        name: String,
        /// What starts it.
        start: String,
    },
    /// No session is there.
    SessionMissing {
        /// Where it is expected.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// A folder or file can't be written to by the user that keeps the session.
    NotWritable {
        /// What.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// The file system is read-only.
    ReadOnly {
        /// What lies on it.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// No archive stands.
    ArchiveMissing {
        /// Where it is expected.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// What stands at the archive's path is no whole archive.
    ArchiveDamaged {
        /// The archive.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The session changed since the archive was made, and that is too long ago.
    ArchiveStale {
        /// The archive.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
        /// Its age in seconds.
        seconds: i64,
    },
    /// Everybody on this machine can read an archive.
    WorldReadable {
        /// The archive.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
        /// The permission bits it should have, in octal.
        mode: String,
    },
    /// git has a key to the account in its history.
    TrackedByGit {
        /// The file.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// Nobody keeps the session.
    KeeperRests {
        /// The keeper's unit, where one is set up.
        unit: Option<String>,
    },
    /// A unit has failed.
    UnitFailed {
        /// Its name.
        unit: String,
    },
    /// A unit isn't started at boot.
    UnitDisabled {
        /// Its name.
        unit: String,
    },
    /// cron doesn't run, and the check is called by it.
    CronRests,
    /// A line of cron's has root run a script that another user can write.
    RootRunsScript {
        /// cron's file.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
        /// The script.
        #[serde(serialize_with = "lossy::path")]
        script: PathBuf,
    },
    /// Nothing calls the check every 6 hours.
    CheckMissing {
        /// Where its line is expected.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// A script can't be started.
    NotExecutable {
        /// The script.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// A lock of a browser that doesn't run any more, on this or another host.
    StaleLock {
        /// The lock.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
        /// What it says of its owner.
        owner: String,
        /// Whether its owner is proved dead: then it may be removed.
        dead: bool,
    },
    /// The disk is nearly full.
    DiskNearlyFull {
        /// Bytes left.
        free: u64,
    },
    /// The clock is behind what was written earlier.
    ClockWrong {
        /// The file that seems to come from the future.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
    },
    /// The bot's log has errors about its login or its browser.
    BotErrors {
        /// The log.
        #[serde(serialize_with = "lossy::path")]
        path: PathBuf,
        /// The last such line, shortened.
        line: String,
    },
}
