//! The exit codes: what a script learns without reading. Documented in README.md, stable.

use crate::error::{Error, Fault, Unsealable};
use crate::vault::journal::{Event, Refusal};
use crate::verdict::{Grade, Login, Verdict};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or good.
    Done,
    /// Something failed.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// Doubtful, or the login can't be told; of `status`, too: no good archive that is new enough.
    Doubtful,
    /// Broken or missing.
    Broken,
    /// Logged out.
    LoggedOut,
    /// There is nothing to restore from.
    NothingToRestore,
    /// Another host has the right to run this bot.
    LeaseHeld,
    /// The session is in use, or that can't be told.
    InUse,
    /// Another wakeep works on it.
    Busy,
    /// Interrupted.
    Interrupted,
    /// As the bot ended that `run` had started.
    Bot(u8),
}

impl Exit {
    /// All of our own, for the documents and their test.
    pub const ALL: [Exit; 11] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Doubtful,
        Exit::Broken,
        Exit::LoggedOut,
        Exit::NothingToRestore,
        Exit::LeaseHeld,
        Exit::InUse,
        Exit::Busy,
        Exit::Interrupted,
    ];

    /// The code of an error.
    pub fn of_error(error: &Error) -> Exit {
        match error {
            Error::Remote { fault: Fault::Foreign { .. } | Fault::OtherBot, .. } => Exit::LeaseHeld,
            Error::Io { .. } | Error::Restless { .. } | Error::Stale { .. } => Exit::Failed,
            Error::Remote { .. } | Error::HereNewer { .. } => Exit::Failed,
            Error::Sealed { why, .. } => match why {
                Unsealable::NoKey | Unsealable::NoRecipient | Unsealable::KeyUnusable | Unsealable::KeyLocked => {
                    Exit::Usage
                }
                Unsealable::Difference => Exit::Usage,
                Unsealable::OtherKey | Unsealable::WrongPassphrase | Unsealable::NotSealed => Exit::Failed,
            },
            Error::Config { .. } => Exit::Usage,
            Error::SessionMissing { .. } | Error::NotASession { .. } => Exit::Broken,
            Error::Damaged { .. } | Error::Hostile { .. } => Exit::Broken,
            Error::InUse { .. } | Error::MaybeInUse { .. } => Exit::InUse,
            Error::Busy { .. } | Error::Kept { .. } => Exit::Busy,
            Error::NotInArchive { .. } | Error::NothingToRestore { .. } | Error::NothingSoOld { .. } => {
                Exit::NothingToRestore
            }
            Error::OtherSession { .. } => Exit::Usage,
            Error::LeaseHeld { .. } | Error::Moved { .. } | Error::RemoteNewer { .. } => Exit::LeaseHeld,
            Error::Interrupted => Exit::Interrupted,
        }
    }

    /// The code of a verdict: broken before logged out before doubtful.
    pub fn of_verdict(verdict: &Verdict) -> Exit {
        match (verdict.grade, verdict.login) {
            (Grade::Broken | Grade::Missing, _) => Exit::Broken,
            (_, Login::LoggedOut) => Exit::LoggedOut,
            (Grade::Doubtful, _) | (_, Login::Unknown) => Exit::Doubtful,
            (Grade::Sound, Login::Paired) => Exit::Done,
        }
    }

    /// The code of what happened.
    pub fn of_event(event: &Event) -> Exit {
        match event {
            Event::Refused { verdict: Some(verdict), reason: Refusal::Broken | Refusal::Doubtful, .. }
            | Event::Refused { verdict: Some(verdict), reason: Refusal::LoggedOut | Refusal::UnknownLogin, .. }
            | Event::RestoreRefused { verdict, .. }
            | Event::Drilled { verdict, .. } => Exit::of_verdict(verdict),
            Event::Refused { .. } | Event::RolledBack { .. } | Event::Failed { .. } => Exit::Failed,
            Event::Absent { .. } => Exit::Broken,
            Event::Created { .. } | Event::Unchanged { .. } | Event::Restored { .. } | Event::NotNeeded { .. } => {
                Exit::Done
            }
            Event::WouldRestore { .. } | Event::Recovered { .. } | Event::Arrived { .. } => Exit::Done,
            Event::NeedsQr { .. } => Exit::LoggedOut,
            Event::PushFailed { .. } | Event::NoticesFail { .. } | Event::SearchFails { .. } => Exit::Failed,
            Event::NoticesArrive { .. } | Event::PushedAgain { .. } | Event::PushedUnsealed { .. } => Exit::Done,
            Event::LeaseTaken { .. } | Event::SearchWorks => Exit::Done,
            Event::LeaseLost { .. } => Exit::LeaseHeld,
            Event::Told { .. } | Event::CleanedUp { .. } | Event::Watching { .. } | Event::Stopped => Exit::Done,
        }
    }

    /// The graver of two: for several sessions at once.
    #[must_use]
    pub fn or(self, other: Exit) -> Exit {
        if self.gravity() >= other.gravity() { self } else { other }
    }

    fn gravity(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Doubtful => 1,
            Exit::LoggedOut => 2,
            Exit::NothingToRestore => 3,
            Exit::Broken => 4,
            Exit::Failed => 5,
            Exit::Busy => 6,
            Exit::Usage => 7,
            // These alone hold a bot back: no other session's mishap hides them.
            Exit::LeaseHeld => 8,
            Exit::InUse => 9,
            Exit::Interrupted | Exit::Bot(_) => 10,
        }
    }

    /// What a process that ended with this number says.
    pub fn from_code(code: i32) -> Option<Exit> {
        Exit::ALL.into_iter().find(|e| i32::from(e.code()) == code)
    }

    /// The number the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Doubtful => 3,
            Exit::Broken => 4,
            Exit::LoggedOut => 5,
            Exit::NothingToRestore => 10,
            Exit::LeaseHeld => 11,
            Exit::InUse => 12,
            Exit::Busy => 13,
            Exit::Interrupted => 130,
            Exit::Bot(code) => code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_verdict_gives_the_code() {
        assert_eq!(Exit::Done.or(Exit::Doubtful).or(Exit::LoggedOut).or(Exit::Broken), Exit::Broken);
        assert_eq!(Exit::LoggedOut.or(Exit::Doubtful), Exit::LoggedOut);
    }
}
