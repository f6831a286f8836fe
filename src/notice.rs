//! How a session stands, what is wrong with its keeping, and what is told of that to somebody who isn't looking. Facts
//! only: `keeper` finds them, `text` tells them.

mod undelivered;

pub use undelivered::{Distrust, Undelivered};

use crate::error::Departure;
use crate::vault::journal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How a session stands, as far as can be seen without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The login is linked, and a good archive of it stands.
    Linked,
    /// Nothing was archived yet.
    Waiting,
    /// The last look left doubts; the archive of before stands.
    Doubtful,
    /// No phone is linked any more.
    LoggedOut,
    /// Only a QR scan helps.
    NeedsQr,
    /// A bot that starts on it would lose the login.
    Broken,
    /// The session is gone.
    Missing,
    /// Another host has the right to run this bot.
    Elsewhere,
}

impl Standing {
    /// Every one, for metrics and documents.
    pub const ALL: [Standing; 8] = [
        Standing::Linked,
        Standing::Waiting,
        Standing::Doubtful,
        Standing::LoggedOut,
        Standing::NeedsQr,
        Standing::Broken,
        Standing::Missing,
        Standing::Elsewhere,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Linked => "linked",
            Standing::Waiting => "waiting",
            Standing::Doubtful => "doubtful",
            Standing::LoggedOut => "logged_out",
            Standing::NeedsQr => "needs_qr",
            Standing::Broken => "broken",
            Standing::Missing => "missing",
            Standing::Elsewhere => "elsewhere",
        }
    }

    /// Whether the login that was once kept doesn't work as it stands.
    pub fn is_lost(self) -> bool {
        match self {
            Standing::LoggedOut | Standing::NeedsQr | Standing::Broken | Standing::Missing => true,
            Standing::Linked | Standing::Waiting | Standing::Doubtful | Standing::Elsewhere => false,
        }
    }
}

/// Something that is wrong for as long as it lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "condition", rename_all = "snake_case")]
pub enum Condition {
    /// The login is broken, gone or logged out.
    SessionLost {
        /// Which of these.
        standing: Standing,
    },
    /// Only a QR scan helps.
    QrNeeded,
    /// No round came to a good archive for a while.
    NoGoodArchive {
        /// For how long, in seconds.
        seconds: i64,
    },
    /// Snapshots go on being refused.
    SnapshotsRefused {
        /// Why.
        reason: Refusal,
    },
    /// Rounds go on failing.
    RoundsFail {
        /// In the words of `text`.
        error: String,
    },
    /// Another host has the right to run this bot.
    LeaseLost,
    /// The last drill didn't bring the login back.
    DrillFailed,
    /// Notices don't arrive.
    NoticesFail {
        /// Through which channels, by their stable names.
        channels: Vec<String>,
    },
    /// Little space is free where archives are written.
    DiskNearlyFull {
        /// A folder on that file system.
        path: PathBuf,
        /// Bytes left.
        free: u64,
    },
    /// The bot was moved to another machine, or that was broken off.
    Moved {
        /// Where to.
        to: String,
        /// How far that has come.
        how: Departure,
        /// What a person types to start it here, where that is known.
        start: Option<String>,
    },
    /// The phone was last seen a week ago; WhatsApp unlinks after 14 days.
    PhoneUnseen {
        /// For how many days.
        days: i64,
    },
    /// The phone was last seen 12 days ago: two days are left.
    PhoneLongUnseen {
        /// For how many days.
        days: i64,
    },
}

impl Condition {
    /// The stable names of all.
    pub const NAMES: [&'static str; 12] = [
        "session_lost",
        "qr_needed",
        "no_good_archive",
        "snapshots_refused",
        "rounds_fail",
        "lease_lost",
        "drill_failed",
        "notices_fail",
        "disk_nearly_full",
        "moved",
        "phone_unseen",
        "phone_long_unseen",
    ];

    /// The stable name: one condition is told once under it until it ends.
    pub fn name(&self) -> &'static str {
        match self {
            Condition::SessionLost { .. } => "session_lost",
            Condition::QrNeeded => "qr_needed",
            Condition::NoGoodArchive { .. } => "no_good_archive",
            Condition::SnapshotsRefused { .. } => "snapshots_refused",
            Condition::RoundsFail { .. } => "rounds_fail",
            Condition::LeaseLost => "lease_lost",
            Condition::DrillFailed => "drill_failed",
            Condition::NoticesFail { .. } => "notices_fail",
            Condition::DiskNearlyFull { .. } => "disk_nearly_full",
            Condition::Moved { .. } => "moved",
            Condition::PhoneUnseen { .. } => "phone_unseen",
            Condition::PhoneLongUnseen { .. } => "phone_long_unseen",
        }
    }

    /// What it is about: of two that are about the same one takes the other's place, and nothing has ended.
    pub fn matter(&self) -> &'static str {
        match self {
            Condition::SessionLost { .. } | Condition::QrNeeded => "login",
            Condition::PhoneUnseen { .. } | Condition::PhoneLongUnseen { .. } => "phone",
            other => other.name(),
        }
    }

    /// How long it must last before somebody is told, in seconds: what mends itself in the next rounds is no news.
    pub fn grace(&self) -> i64 {
        match self {
            Condition::SnapshotsRefused { .. } | Condition::RoundsFail { .. } | Condition::NoticesFail { .. } => 600,
            // A folder that is replaced is away for a moment: the next look tells.
            Condition::SessionLost { standing: Standing::Missing } => 1,
            Condition::SessionLost { .. } | Condition::QrNeeded | Condition::NoGoodArchive { .. } => 0,
            Condition::LeaseLost | Condition::DrillFailed | Condition::DiskNearlyFull { .. } => 0,
            // Whoever moved it knows.
            Condition::Moved { how: Departure::Done, .. } => i64::MAX,
            Condition::Moved { .. } => 600,
            Condition::PhoneUnseen { .. } | Condition::PhoneLongUnseen { .. } => 0,
        }
    }

    /// Whether somebody is told of it once it has lasted.
    pub fn is_news(&self) -> bool {
        self.grace() < i64::MAX
    }

    /// Whether a word of it can go this way: not through a channel that fails itself.
    pub fn goes_by(&self, channel: &str) -> bool {
        !matches!(self, Condition::NoticesFail { channels } if channels.iter().any(|c| c == channel))
    }

    /// Whether the bot can't work while it lasts.
    pub fn is_grave(&self) -> bool {
        match self {
            Condition::SessionLost { .. } | Condition::QrNeeded | Condition::LeaseLost => true,
            Condition::Moved { how, .. } => *how != Departure::Done,
            Condition::NoGoodArchive { .. } | Condition::DrillFailed | Condition::PhoneLongUnseen { .. } => false,
            Condition::SnapshotsRefused { .. } | Condition::RoundsFail { .. } => false,
            Condition::NoticesFail { .. } | Condition::DiskNearlyFull { .. } | Condition::PhoneUnseen { .. } => false,
        }
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum News {
    /// Something went wrong.
    Began {
        /// What.
        #[serde(flatten)]
        condition: Condition,
    },
    /// It is still wrong.
    GoesOn {
        /// What.
        #[serde(flatten)]
        condition: Condition,
        /// Since when.
        since: Timestamp,
    },
    /// One thing is right again, others aren't.
    Ended {
        /// What.
        #[serde(flatten)]
        condition: Condition,
        /// Since when it was wrong.
        since: Timestamp,
    },
    /// Nothing is wrong any more.
    Well {
        /// Since when something was.
        since: Timestamp,
    },
    /// The session was put back.
    Restored {
        /// The archive's file name.
        from: String,
    },
    /// `wakeep notify test`.
    Test,
}

impl News {
    /// What it is about, where it is about one thing.
    pub fn condition(&self) -> Option<&Condition> {
        match self {
            News::Began { condition } | News::GoesOn { condition, .. } | News::Ended { condition, .. } => {
                Some(condition)
            }
            News::Well { .. } | News::Restored { .. } | News::Test => None,
        }
    }
}

/// One piece of news, as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// When it came to be.
    pub time: Timestamp,
    /// The machine.
    pub host: String,
    /// The session's name.
    pub session: String,
    /// Whose login it is, masked.
    pub account: Option<String>,
    /// What.
    #[serde(flatten)]
    pub news: News,
}
