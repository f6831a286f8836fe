//! What a vault has to remember that its archives don't say by themselves. One small file, replaced whole.

use super::journal::Refusal;
use crate::disk::{self, FileMark};
use crate::error::{At, Result};
use crate::progress::Identity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The memory of one session's vault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The highest generation ever given out.
    pub generation: u64,
    /// The file wakeep itself put at the archive's path.
    pub latest: Option<FileMark>,
    /// The file that is about to be put there; told from a stranger after a kill between two steps.
    pub coming: Option<FileMark>,
    /// A login that differs from the last archive's, and since when it has been seen so.
    pub pending: Option<Pending>,
    /// A file that somebody else put at the archive's path.
    pub arrived: Option<Arrived>,
    /// The refusals journaled since the session was last found good.
    pub refusals: Vec<Refusal>,
    /// Fingerprints of archives that came back logged out after they had been restored.
    pub refused: Vec<String>,
    /// The phone or the server ended the login.
    pub tombstone: Option<Tombstone>,
    /// The newest generation that the bot reported to be accepted by the server.
    pub ready: Option<u64>,
    /// The last restore.
    pub restored: Option<RestoredFrom>,
    /// The last proof that the archive would bring the login back.
    pub drilled: Option<Drilled>,
    /// The archive of a remote that this session goes back to: its host and its generation.
    pub pulled: Option<(String, u64)>,
    /// Where the bot was moved: it isn't active here any more.
    pub moved: Option<Moved>,
    /// When the bot last saw something come from the phone itself.
    pub phone_seen: Option<Timestamp>,
    /// Bytes written to archives lately, as a level that sinks with time.
    pub written: Written,
    /// Since when a difference has had what the archive at its path hasn't.
    pub behind: Option<Timestamp>,
}

/// A login not yet known to be whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Which login.
    pub identity: Option<Identity>,
    /// When it was first seen.
    pub since: Timestamp,
}

/// A file at the archive's path that wakeep didn't put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// Which file.
    pub mark: FileMark,
    /// When it was first seen.
    pub since: Timestamp,
    /// The vault's copy of it.
    #[serde(serialize_with = "crate::verdict::lossy::path")]
    pub kept: PathBuf,
}

/// Why a login must not be restored by itself any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// When it was told.
    pub time: Timestamp,
    /// What was told.
    pub reason: String,
    /// Whose login it was.
    pub account: Option<String>,
}

/// What the session was last restored from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredFrom {
    /// Its generation; none for an archive made elsewhere.
    pub generation: Option<u64>,
    /// A digest that stands for the archive's bytes.
    pub fingerprint: String,
    /// When.
    pub time: Timestamp,
    /// How many restores of a logged-out session there were since a login was last known to be accepted.
    pub tries: u32,
    /// Whether the server is known to have accepted it: the bot said so, or the login lasted.
    #[serde(default)]
    pub accepted: bool,
}

/// A drill: the archive unpacked and examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drilled {
    /// When.
    pub time: Timestamp,
    /// Whether the login would have come back.
    pub good: bool,
}

/// A bot that was moved to another machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The place.
    pub to: String,
    /// When that began, and once it is done when it was.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Whether the machine there was asked to take the session: from then on it could be active there.
    #[serde(default = "yes")]
    pub offered: bool,
    /// Whether its session stands there.
    pub done: bool,
}

/// A memory that doesn't say so is of a time in which only that was noted.
fn yes() -> bool {
    true
}

/// A level of bytes that sinks steadily.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The level in bytes at `at`.
    pub level: u64,
    /// Seconds since 1970.
    pub at: i64,
}

const DAY: u64 = 86_400;

impl Written {
    /// The level at `now` under a budget of `daily` bytes a day.
    fn sunk(self, now: Timestamp, daily: u64) -> u64 {
        // A clock that was set back must not stop the sinking until it has caught up.
        let seconds = u64::try_from(now.as_second() - self.at).unwrap_or(DAY);
        let sunk = u128::from(seconds) * u128::from(daily) / u128::from(DAY);
        self.level.saturating_sub(u64::try_from(sunk).unwrap_or(u64::MAX))
    }

    /// The level after `bytes` more.
    #[must_use]
    pub fn plus(self, bytes: u64, now: Timestamp, daily: u64) -> Written {
        Written { level: self.sunk(now, daily).saturating_add(bytes), at: now.as_second() }
    }

    /// The second since 1970 from which another archive fits.
    pub fn until(self, daily: u64) -> i64 {
        let wait = Timestamp::from_second(self.at).map_or(0, |at| self.wait(at, daily));
        self.at.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX))
    }

    /// Seconds until another archive fits: a burst of an hour's worth is free, beyond it each waits its turn.
    pub fn wait(self, now: Timestamp, daily: u64) -> u64 {
        let over = self.sunk(now, daily).saturating_sub(daily / 24);
        over.saturating_mul(DAY).div_ceil(daily.max(1))
    }
}

impl State {
    /// Reads the file. `None` if something is there that can't be read; nothing there is a vault without memory.
    pub fn load(file: &Path) -> Result<Option<State>> {
        if !disk::exists(file) {
            return Ok(Some(State::default()));
        }
        let bytes = fs::read(file).at("reading", file)?;
        Ok(serde_json::from_slice(&bytes).ok())
    }

    /// Replaces the file.
    pub fn save(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).expect("a state has string keys only");
        disk::write_whole(file, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_megabytes_wait_their_turn_under_ten_gigabytes_a_day() {
        let now = |s: i64| Timestamp::from_second(1_700_000_000 + s).unwrap();
        let (daily, archive) = (10_000_000_000, 100_000_000);
        let mut written = Written::default();
        for _ in 0..5 {
            written = written.plus(archive, now(0), daily);
        }
        assert_eq!(written.wait(now(0), daily), 721);
        assert_eq!(written.wait(now(721), daily), 0);
    }
}
