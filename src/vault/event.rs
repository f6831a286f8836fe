//! The facts that happen to a session, as the journal keeps them and `--json` shows them. What they mean in words is said in
//! `text`; their names and fields are told in docs/json.md.

use crate::verdict::{Verdict, lossy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Why a snapshot was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A bot that starts on it would lose the login.
    Broken,
    /// Something about it is not as it should be.
    Doubtful,
    /// No phone is linked.
    LoggedOut,
    /// Whether a phone is linked can't be told.
    UnknownLogin,
    /// It would have rewound a database against the last archive.
    Rewound,
    /// Another login than the last archive's, seen for too short a time to be sure that it is whole.
    Unsettled,
    /// The session changed under every attempt to copy it whole.
    Restless,
    /// A restore would refuse the archive: far more content, or more files, than an honest archive has.
    Unpackable,
}

impl Refusal {
    /// The stable name, also used in the names of rejected archives.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::Broken => "broken",
            Refusal::Doubtful => "doubtful",
            Refusal::LoggedOut => "logged_out",
            Refusal::UnknownLogin => "unknown_login",
            Refusal::Rewound => "rewound",
            Refusal::Unsettled => "unsettled",
            Refusal::Restless => "restless",
            Refusal::Unpackable => "unpackable",
        }
    }
}

/// Why a restore left the session as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is sound and paired.
    Good,
    /// Whether it is linked can't be told, and nothing about it is broken.
    UnknownLogin,
    /// There are doubts about it, but nothing is broken.
    Doubtful,
    /// It was never paired as far as this vault knows.
    NeverPaired,
    /// The phone ended this login: only a QR scan helps.
    Tombstone,
    /// Archives were tried and came back logged out: only a QR scan helps.
    Exhausted,
    /// A QR page is open and young: somebody may be scanning it right now.
    QrPage,
}

/// What a bot can tell of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The server accepted the login.
    Ready,
    /// The login ended.
    #[value(alias = "logged_out")]
    LoggedOut,
    /// A QR code is shown.
    Qr,
    /// The connection ended.
    Disconnected,
    /// Something came from the phone itself: it is on and online.
    #[value(alias = "phone_seen")]
    PhoneSeen,
}

/// One archive among those of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Its generation.
    pub generation: u64,
    /// When it was made.
    pub made: Timestamp,
}

/// That a restore goes back behind the newest archive of the same login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// The newest archive known.
    #[serde(rename = "from")]
    pub since: Point,
    /// The one that is restored.
    pub to: Point,
}

/// A fact that happened to one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// This host is the one that may run the bot.
    LeaseTaken {
        /// Grows with each change of hands.
        lease: u64,
    },
    /// It no longer is, or that can't be told any longer: the bot is stopped.
    LeaseLost {
        /// Who has it, where that is known.
        host: Option<String>,
    },
    /// A new archive was published.
    Created {
        /// Where it stands.
        #[serde(serialize_with = "lossy::path")]
        archive: PathBuf,
        /// Its generation.
        generation: u64,
        /// Its size in bytes.
        bytes: u64,
        /// Gzip members in it.
        members: u32,
        /// Those copied from the last archive without compressing them again.
        members_reused: u32,
        /// How long snapshot, writing and verifying took, in seconds.
        seconds: f64,
        /// Who is logged in, masked.
        account: Option<String>,
        /// False where the archive is in the vault only: it is a difference, or an arrived file holds the archive's path.
        in_place: bool,
        /// Of a difference: the generation it is read with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<u64>,
    },
    /// Nothing that matters changed since the last archive, and that one still stands.
    Unchanged {
        /// The archive.
        #[serde(serialize_with = "lossy::path")]
        archive: PathBuf,
        /// When it was made.
        made: Timestamp,
        /// Its size in bytes.
        bytes: u64,
        /// Whether its bytes were looked at, too, and are as they were written.
        #[serde(default)]
        verified: bool,
    },
    /// A snapshot was not published.
    Refused {
        /// Why.
        reason: Refusal,
        /// The judgement on it, where it came to one.
        verdict: Option<Verdict>,
        /// Where the refused archive was kept for diagnosis.
        #[serde(default, serialize_with = "lossy::some_path")]
        kept: Option<PathBuf>,
    },
    /// The session isn't there yet.
    Absent {
        /// Where it is expected.
        #[serde(serialize_with = "lossy::path")]
        session: PathBuf,
    },
    /// A session was put back.
    Restored {
        /// The archive it came from.
        #[serde(serialize_with = "lossy::path")]
        from: PathBuf,
        /// That archive's generation, where it has one.
        generation: Option<u64>,
        /// The archive of what was there before.
        #[serde(default, serialize_with = "lossy::some_path")]
        backup: Option<PathBuf>,
        /// Who is logged in now, masked.
        account: Option<String>,
        /// How long it took, in seconds.
        seconds: f64,
        /// From where to where it goes back, if it does.
        back: Option<Back>,
        /// A better archive that was damaged, or wouldn't have brought the login back.
        #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "lossy::some_path")]
        passed_over: Option<PathBuf>,
    },
    /// A restore changed nothing, since nothing had to be.
    NotNeeded {
        /// Why.
        reason: Reason,
        /// The judgement on the session as it stands.
        verdict: Verdict,
    },
    /// What a restore would do; nothing was done.
    WouldRestore {
        /// The archive it would take.
        #[serde(serialize_with = "lossy::path")]
        from: PathBuf,
        /// The judgement on the session as it stands.
        verdict: Verdict,
        /// From where to where it would go back, if it would.
        back: Option<Back>,
    },
    /// Every archive that could be restored was looked at and none is good enough.
    RestoreRefused {
        /// The last one looked at.
        #[serde(serialize_with = "lossy::path")]
        from: PathBuf,
        /// The judgement on it.
        verdict: Verdict,
    },
    /// A restored session didn't pass its examination in place, and what was there before was put back.
    RolledBack {
        /// The archive.
        #[serde(serialize_with = "lossy::path")]
        from: PathBuf,
        /// The judgement on what came of it.
        verdict: Verdict,
    },
    /// A restore that was cut off was brought to its end, or undone.
    Recovered {
        /// Whether what was there before stands again.
        undone: bool,
    },
    /// Somebody put a file at the archive's path; the vault has it now.
    Arrived {
        /// The vault's copy.
        #[serde(serialize_with = "lossy::path")]
        kept: PathBuf,
        /// Until when it keeps the archive's path for itself.
        until: Timestamp,
    },
    /// A login ended that this vault had archived, and nothing more can be restored: a QR scan is needed.
    NeedsQr {
        /// Who was logged in, masked.
        account: Option<String>,
    },
    /// Old archives were removed.
    CleanedUp {
        /// How many.
        files: usize,
        /// How many bytes they held.
        bytes: u64,
        /// The newest good one of them, now in the vault.
        #[serde(default, serialize_with = "lossy::some_path")]
        kept: Option<PathBuf>,
    },
    /// The bot told what it knows.
    Told {
        /// What.
        what: Told,
        /// The reason it gave: a code or a word.
        reason: Option<String>,
        /// Whether it means that the server or the phone ended the login for good.
        ended: bool,
    },
    /// The archive was unpacked and examined, to prove that it would bring the login back.
    Drilled {
        /// The archive.
        #[serde(serialize_with = "lossy::path")]
        archive: PathBuf,
        /// The judgement on what came of it.
        verdict: Verdict,
        /// How long it took, in seconds.
        seconds: f64,
    },
    /// An archive can't be brought to the remote just now; it is tried again.
    PushFailed {
        /// The remote.
        remote: String,
        /// What happened, in the words of `text`.
        error: String,
    },
    /// Archives reach the remote again.
    PushedAgain {
        /// The remote.
        remote: String,
    },
    /// Archives go to the remote unsealed; told once.
    PushedUnsealed {
        /// The remote.
        remote: String,
    },
    /// Notices don't arrive through a channel just now; they are kept and tried again.
    NoticesFail {
        /// The channel's stable name.
        channel: String,
        /// The host it goes to.
        host: String,
        /// Why, in the words of `text`.
        error: String,
    },
    /// They arrive again.
    NoticesArrive {
        /// The channel's stable name.
        channel: String,
        /// The host it goes to.
        host: String,
    },
    /// Whether there are new sessions can't be told just now; those known are kept.
    SearchFails {
        /// Why, in the words of `text`.
        error: String,
    },
    /// It can be told again.
    SearchWorks,
    /// The keeper started to watch.
    Watching {
        /// Seconds between two looks.
        interval: u64,
    },
    /// The keeper ended.
    Stopped,
    /// A round of the keeper failed; it goes on.
    Failed {
        /// What happened, in the words of `text`.
        error: String,
    },
}
