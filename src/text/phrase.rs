//! Which headings, labels and the like there are.

/// The lines the command line says besides facts: headings, labels, the demo's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// Label: the session.
    Session,
    /// Label: its login.
    Login,
    /// Label: the archive.
    Archive,
    /// Label: the backups.
    Backups,
    /// Label: the keeper.
    Keeper,
    /// Label: the free space.
    Disk,
    /// Label: the events.
    Events,
    /// The keeper runs.
    KeeperRuns,
    /// The keeper doesn't run.
    KeeperRests,
    /// No archive stands.
    NoArchive,
    /// No backup is kept.
    NoBackups,
    /// All is well.
    Safe,
    /// Not all is well.
    Unsafe,
    /// Before the next step.
    Next,
    /// Nothing is set up here.
    NothingHere,
    /// What to type here.
    HowToStart,
    /// No browser works on the session.
    NoBrowser,
    /// Demo: heading.
    DemoTitle,
    /// Demo: the session was made.
    DemoSession,
    /// Demo: a round.
    DemoRound,
    /// Demo: the bot pauses.
    DemoIdle,
    /// Demo: the bot goes on.
    DemoBusy,
    /// Demo: the damage.
    DemoDamage,
    /// Demo: the check.
    DemoCheck,
    /// Demo: the restore.
    DemoRestore,
    /// Demo: the last look.
    DemoProof,
    /// Demo: what to type on a real bot.
    DemoEnd,
    /// Demo: something wasn't as it must be.
    DemoFailed,
    /// Cleanup: nothing to do.
    NothingToClean,
    /// Cleanup: nothing may go, since no newer good archive stands.
    NotSafeToClean,
    /// Cleanup: what would go.
    WouldClean,
    /// The keeper appends to the bot's log.
    AppendsTo,
    /// Setup: a file was written.
    Wrote,
    /// Setup: a file was left as it is.
    LeftAsIs,
    /// Setup: the line to start keeping with.
    SetupNext,
    /// Label: the last drill.
    Drill,
    /// There was no drill yet.
    NoDrill,
    /// The last drill proved the archive.
    DrillGood,
    /// The last drill failed.
    DrillBad,
    /// The archive at its path was not made by wakeep.
    NotOurs,
    /// What stands for the name of an archive that comes through a pipe.
    Incoming,
    /// The archive at its path can't be read as one.
    NotWhole,
    /// A file that arrived keeps the archive's path for a while.
    Held,
    /// Setup: what was there was replaced, and can come back.
    SetupReplaced,
    /// Setup: what was there stays, ours stands beside it.
    SetupBeside,
    /// Setup: a file would be written.
    WouldWrite,
    /// Setup: what is there would be replaced.
    WouldReplace,
    /// Setup: ours would stand beside what is there.
    WouldBeside,
    /// Setup: a configuration that has no effect any more was moved.
    SetupAside,
    /// Setup: it would be moved.
    WouldAside,
    /// Setup: it has no effect any more and stays, since git knows it.
    SetupTracked,
    /// Setup: the server's configuration takes over the bot's own; before its path.
    SetupTakesOver,
    /// Setup: the server's configuration stands; before its path.
    SetupServersHolds,
    /// Setup: what isn't taken over; before the keys.
    SetupNotTaken,
    /// Setup: an ignore list can't be written; before its path.
    SetupNotListed,
    /// Setup: it stays, since other bots use it; before its path.
    SetupShared,
    /// Setup: no session is in the folder; before the place where it is expected.
    SetupNoSession,
    /// Setup: a session that the standing configuration does not name; before its path.
    SetupNotKept,
    /// Setup: everything stands, but systemd does not start it; before the command that says why.
    SetupNotStarted,
    /// Receive: an archive of another user's is not taken; before its path.
    PassedOver,
    /// Setup: a key of the configuration that stands was decided; before its path and the line.
    SetupSet,
    /// Setup: it would be.
    WouldSet,
    /// Setup: the unit that was named isn't there; before its name.
    SetupNoSuchUnit,
    /// Setup: only root may; before the command.
    SetupNeedsRoot,
    /// Setup: what to do where no session is.
    SetupLinkFirst,
    /// Setup: nothing was set up here.
    NothingToUndo,
    /// Setup: lines were taken out of a file.
    SetupShortened,
    /// Setup: lines would be taken out.
    WouldShorten,
    /// Setup: what was there before would stand again.
    WouldPutBack,
    /// Setup: before the line that takes ours.
    SetupTakeIt,
    /// Setup: a thing was taken away.
    SetupRemoved,
    /// Setup: what was there before stands again.
    SetupPutBack,
    /// Setup: the bot's unit wasn't found.
    SetupNoUnit,
    /// Setup: when it takes effect, before the command.
    SetupEffect,
    /// A log can't be written to; before its path.
    LogNotWritten,
    /// The bot is stopped for a restore; before the command.
    StoppingBot,
    /// The bot is started again; before the command.
    StartingBot,
    /// What is named is a pipe or a device.
    NoRegularFile,
    /// Nobody is there to answer.
    NobodyToAsk,
    /// Question: restore?
    RestoreIt,
    /// The session is newer than the archive.
    SessionNewer,
    /// The archive is newer than the session.
    ArchiveNewer,
    /// Nothing was changed.
    NothingChanged,
    /// Status: who may run the bot.
    Lease,
    /// Status: this host may.
    LeaseHere,
    /// Status: nobody has the lease.
    LeaseFree,
    /// Receive: the file that is taken.
    Takes,
    /// Receive: no archive was found.
    NoneFound,
    /// Receive: what to type on the other machine.
    TypeThere,
    /// Question: is the bot stopped on the other machine?
    IsStoppedThere,
    /// Receive: where the archive stands now.
    PutThere,
    /// What an archive that others can read means.
    ModeRisk,
    /// Question: fetch it from the remote? Before the place.
    TakeFromRemote,
    /// Move: it stands there.
    MovedThere,
    /// Move: the bot is being stopped here; before the command.
    StoppingToMove,
    /// Move: what had been sent; before the place.
    LastStateSent,
    /// Move: the lease is given up.
    LeaseHandedOver,
    /// Move: the bot stays stopped; before the command that keeps it so.
    StaysStopped,
    /// Move: neither here nor surely there.
    MoveHalf,
    /// The bot stands still; before the command that starts it.
    StillStopped,
    /// Move: one that was broken off before the offer is forgotten.
    MoveForgotten,
    /// Move: there is no wakeep there, and this one doesn't run there.
    MoveNoWakeep,
    /// Move: a shell is needed there.
    MoveNeedsSsh,
    /// Move: one session at a time.
    MoveOnlyOne,
    /// Move: it was moved to another place before.
    MovedElsewhere,
    /// Push: what is pushed isn't sealed.
    NotSealedThere,
    /// Push: no remote is named.
    NoRemote,
    /// Push: the remote has it already; before the place.
    ThereAlready,
    /// Push: the remote had lost packs.
    SentAnew,
    /// Restore: a time goes with a remote, not with a file.
    AtOfFile,
    /// Keygen: where the secret key is; before the path.
    KeyWritten,
    /// Keygen: what to put into the configuration.
    SealToLine,
    /// Doctor: nothing is wrong.
    Healthy,
    /// Doctor: it was mended.
    Mended,
    /// Notify: no channel is set.
    NoChannel,
    /// Serve: before the page's address.
    PageAt,
    /// Label: what is wrong.
    Wrong,
    /// Label: the units of the server.
    Units,
    /// Status: how one of several is shown in full.
    OneInFull,
}
