//! Headings, labels and the like, in English.

use crate::text::Phrase;

pub fn phrase(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::Session => "session",
        Phrase::Login => "login",
        Phrase::Archive => "archive",
        Phrase::Backups => "backups",
        Phrase::Keeper => "keeper",
        Phrase::Disk => "disk",
        Phrase::Events => "events",
        Phrase::Lease => "lease",
        Phrase::LeaseHere => "this host may run the bot",
        Phrase::LeaseFree => "free: no host has it",
        Phrase::KeeperRuns => "runs",
        Phrase::KeeperRests => "does not run: start it with `wakeep watch`",
        Phrase::NoArchive => "none yet",
        Phrase::NoBackups => "none",
        Phrase::Safe => "Your bot's login is safe.",
        Phrase::Unsafe => "Your bot's login is NOT safe.",
        Phrase::Next => "next",
        Phrase::NothingHere => "No session was found here.",
        Phrase::NoBrowser => "no browser works on it",
        Phrase::HowToStart => "Go to your bot's folder and run `wakeep setup`, or see it work: `wakeep demo`",
        Phrase::DemoTitle => "wakeep keeps a bot linked: a demonstration on a scratch session",
        Phrase::DemoSession => "a bot's session, and the bot writing into it",
        Phrase::DemoRound => "the keeper looks while the bot writes",
        Phrase::DemoIdle => "the bot pauses; the keeper takes what came last, then finds nothing new",
        Phrase::DemoBusy => "the bot goes on, the keeper looks again",
        Phrase::DemoDamage => "the bot is killed and its session damaged",
        Phrase::DemoCheck => "the check finds it",
        Phrase::DemoRestore => "the session is restored",
        Phrase::DemoProof => "the check again",
        Phrase::DemoEnd => "The login survived. On your bot, in its folder:",
        Phrase::DemoFailed => "something was not as it must be",
        Phrase::NothingToClean => "no old archives are here",
        Phrase::NotSafeToClean => "nothing removed: no good archive stands that is newer than these",
        Phrase::WouldClean => "would remove",
        Phrase::AppendsTo => "lines also go to",
        Phrase::Wrote => "wrote",
        Phrase::LeftAsIs => "left as it is",
        Phrase::SetupNext => "From now on, beside your bot:",
        Phrase::Drill => "drill",
        Phrase::NoDrill => "never: `wakeep check --drill` proves that the archive works",
        Phrase::DrillGood => "the archive brings the login back",
        Phrase::DrillBad => "FAILED: the archive would not bring the login back",
        Phrase::Incoming => "what arrives",
        Phrase::NotOurs => "made elsewhere",
        Phrase::NotWhole => "damaged: nothing can be restored from it",
        Phrase::Held => "kept there for you to restore; the rounds go into the vault",
        Phrase::SetupReplaced => "replaced, the undo puts the earlier one back",
        Phrase::SetupBeside => "yours stays, ours is",
        Phrase::WouldWrite => "would write",
        Phrase::WouldReplace => "would replace, the undo would put the earlier one back",
        Phrase::WouldBeside => "yours would stay, ours would be",
        Phrase::SetupAside => "set aside, the server's configuration holds instead",
        Phrase::WouldAside => "would be set aside, the server's configuration holds instead",
        Phrase::SetupTracked => "tracked by git, so it stays; it has no effect beside the server's configuration",
        Phrase::SetupTakesOver => "one configuration for services, scripts and commands; it takes over the bot's own:",
        Phrase::SetupServersHolds => "one configuration for services, scripts and commands stands already:",
        Phrase::SetupNotTaken => "warning: in the bot's own, not taken over:",
        Phrase::SetupNotListed => "warning: may not be written, keep session and archives out of it yourself",
        Phrase::SetupShared => "stays, other bots here use it",
        Phrase::SetupNoSession => {
            "warning: no session is there yet; if the bot keeps it elsewhere, write so into the configuration (session =). Expected at:"
        }
        Phrase::SetupNotKept => {
            "warning: the configuration that stands does not name this session, so nobody keeps it; add it under [[sessions]]:"
        }
        Phrase::SetupNotStarted => "all of it is written, but systemd did not start it. Why not is told by:",
        Phrase::PassedOver => "passed over, it is another user's",
        Phrase::SetupSet => "one line changed",
        Phrase::WouldSet => "one line would change",
        Phrase::SetupNoSuchUnit => "warning: systemd has no such unit yet; nothing takes effect before it has:",
        Phrase::SetupNeedsRoot => "setting a server up takes root:",
        Phrase::SetupLinkFirst => {
            "Start your bot and link it once; a session in another folder is named by --session PATH. A server: sudo wakeep setup --app-dir DIR"
        }
        Phrase::NothingToUndo => "nothing to undo: nothing is set up here",
        Phrase::SetupShortened => "its lines removed",
        Phrase::WouldShorten => "would remove its lines",
        Phrase::WouldPutBack => "would put back as it was",
        Phrase::SetupTakeIt => "to take it:",
        Phrase::SetupRemoved => "removed",
        Phrase::SetupPutBack => "put back as it was",
        Phrase::SetupNoUnit => {
            "The bot's unit was not found: name it with --bot-unit UNIT, so that every start of the bot finds a restored login."
        }
        Phrase::SetupEffect => "Takes effect at your bot's next start:",
        Phrase::LogNotWritten => "warning: the log can't be written:",
        Phrase::NoRegularFile => "it is no regular file, so no archive",
        Phrase::StoppingBot => "the bot is being stopped for the restore:",
        Phrase::StartingBot => "and started again:",
        Phrase::NobodyToAsk => "nobody is at a terminal to answer",
        Phrase::RestoreIt => "Put the archive in the session's place? What is there now is kept as a backup.",
        Phrase::SessionNewer => "the session is newer than the archive",
        Phrase::ArchiveNewer => "the archive is newer than the session",
        Phrase::NothingChanged => "nothing was changed",
        Phrase::Takes => "taking",
        Phrase::NoneFound => "No whatsapp_auth….tar.gz is in your home folder or in /tmp.",
        Phrase::TypeThere => "Type this on the machine where the bot ran, in the bot's folder:",
        Phrase::IsStoppedThere => {
            "Is the bot on the other machine stopped? Two machines with one login get both unlinked."
        }
        Phrase::PutThere => "in place:",
        Phrase::ModeRisk => {
            "archive_mode lets other users of this machine read the archive; whoever can read it can take over the account"
        }
        Phrase::TakeFromRemote => "Fetch the archive from",
        Phrase::MovedThere => "the session stands there, and is not active here any more; start the bot there",
        Phrase::StoppingToMove => "the bot is being stopped here:",
        Phrase::LastStateSent => "the last state was sent to",
        Phrase::LeaseHandedOver => "the right to run the bot was given up here: the other machine may take it",
        Phrase::StaysStopped => "it stays stopped here; so that no boot tries to start it:",
        Phrase::MoveHalf => {
            "the bot is active neither here nor surely there: type the same line again, and it goes on; to have it back \
             here, once it surely doesn't run there: wakeep restore --force"
        }
        Phrase::StillStopped => "the bot is stopped; to start it:",
        Phrase::MoveForgotten => "nothing had been handed over by a move that was broken off: the bot belongs here",
        Phrase::MoveNoWakeep => {
            "no wakeep is there, and this one doesn't run there: install it there, then type this line again"
        }
        Phrase::MoveNeedsSsh => "a bot moves over SSH only",
        Phrase::MoveOnlyOne => "several sessions are here: say which with --only NAME",
        Phrase::MovedElsewhere => {
            "the bot was moved to another place before; `wakeep restore --force` makes it active here again"
        }
        Phrase::NotSealedThere => {
            "warning: archives leave this machine unsealed; whoever reads them there can take over the account (`wakeep keygen`, then seal_to)"
        }
        Phrase::NoRemote => "no remote is named",
        Phrase::ThereAlready => "unchanged in",
        Phrase::SentAnew => "packs were missing there (a lifecycle rule? a person?): all was sent anew",
        Phrase::AtOfFile => "a time can’t be combined with a file",
        Phrase::KeyWritten => {
            "the secret key is in this file; keep a copy off this machine, without it nothing sealed opens again:"
        }
        Phrase::SealToLine => "Put this into wakeep.toml where the bot runs; the file isn’t needed there:",
        Phrase::Healthy => "Nothing is wrong.",
        Phrase::Mended => "mended",
        Phrase::PageAt => "the page is at",
        Phrase::Wrong => "wrong",
        Phrase::Units => "units",
        Phrase::OneInFull => "One in full: `wakeep status --only NAME`",
        Phrase::NoChannel => {
            "no channel for notices is set: notify_webhook, notify_telegram_chat, notify_email_to, notify_ntfy or notify_ping"
        }
    }
}
