//! English.

mod error;
mod phrase;

use super::{Told, WayBack, dated, seconds, sized, typed};
use crate::ailment::Ailment;
use crate::vault::journal::{Back, Event, Reason, Refusal, Told as Heard};
use crate::vault::retention::Why;
use crate::verdict::{Code, Grade, Login};
pub(super) use error::{error, moved};
pub(super) use phrase::phrase;

pub(super) fn bytes(n: u64) -> String {
    sized(n, ["B", "KB", "MB", "GB", "TB"])
}

pub(super) fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Sound => "sound",
        Grade::Doubtful => "doubtful",
        Grade::Broken => "broken",
        Grade::Missing => "missing",
    }
}

pub(super) fn login(login: Login) -> &'static str {
    match login {
        Login::Paired => "linked",
        Login::LoggedOut => "not linked",
        Login::Unknown => "link unknown",
    }
}

pub(super) fn code(code: Code, way: WayBack) -> Told {
    let restore = match way {
        WayBack::Archive => "stop the bot and run `wakeep restore`",
        WayBack::Remote => "no archive is here yet: stop the bot and run `wakeep pull`, then `wakeep restore`",
        WayBack::Scan => {
            "no archive brings it back: start the bot and scan its QR code (or bring an archive from elsewhere: `wakeep receive FILE`)"
        }
    };
    match code {
        Code::CurrentInvalid => Told::new("the database's CURRENT file is missing or wrong", restore),
        Code::ManifestMissing => Told::new("the database's MANIFEST is missing", restore),
        Code::ManifestDamaged => Told::new("the database's MANIFEST is damaged", restore),
        Code::TableMissing => Told::new("a table of the database is missing", restore),
        Code::TableSize => Told::new("a table of the database has the wrong size", restore),
        Code::TableDamaged => Told::new("a table of the database is damaged", restore),
        Code::LogMissing => Told::new("a log of the database is missing", restore),
        Code::LogDamaged => Told::new("a log of the database is damaged", restore),
        Code::LogTailTorn => Told::new(
            "the last record of a log is only half there; Chromium would append behind it and lose the database at its second start",
            "restore with wakeep, which cuts the half record off; don’t unpack by hand",
        ),
        Code::LogHole => Told::new("records are missing between two logs of the database", restore),
        Code::BlobMissing => Told::new("a blob file that the database needs is missing", restore),
        Code::BlobSize => Told::new("a blob file of the database has the wrong size", restore),
        Code::DatabaseDamaged => Told::new("the database file is damaged", restore),
        Code::SchemaUnknown => {
            Told::new("the database was made by a newer program than wakeep knows", "look for a newer wakeep")
        }
        Code::ForeignKeys => {
            Told::new("rows of the database refer to rows that are not there", "watch the bot; restore if it fails")
        }
        Code::StoresMissing => Told::new("nothing in this folder holds a login", restore),
        Code::LocalStorageMissing => Told::new("Local Storage is missing: half of the login", restore),
        Code::IndexedDbMissing => Told::new("IndexedDB is missing: half of the login", restore),
        Code::LoginIncomplete => Told::new("a part of the login is missing", restore),
        Code::LoginMixed => Told::new("the parts are of two different logins", restore),
        Code::PairUnproved => Told::new("that the parts belong together could not be proved, which is usual", ""),
        Code::PairRefuted => Told::new(
            "the two stores are of two logins, or WhatsApp has changed how they belong together",
            "leave a bot that works alone; otherwise stop it and run `wakeep restore --force`",
        ),
        Code::QrPage => Told::new(
            "no phone is linked",
            match way {
                WayBack::Archive => "scan the QR code, or run `wakeep restore` with the bot stopped",
                WayBack::Remote => "scan the QR code, or run `wakeep pull`, then `wakeep restore` with the bot stopped",
                WayBack::Scan => "scan the QR code",
            },
        ),
        Code::LayoutUnknown => Told::new(
            "the login is stored in a way wakeep doesn't know",
            "nothing is touched; look for a newer wakeep or report it",
        ),
        Code::ForeignLock => Told::new(
            "SingletonLock names another host: Chromium will refuse to start",
            "make sure that no bot runs there, then remove SingletonLock",
        ),
        Code::ChromiumDowngrade => Told::new(
            "an older Chromium than before used this profile; Chromium may not read what a newer one wrote",
            "install the newer Chromium again",
        ),
        Code::CredsMissing => Told::new("creds.json is missing", restore),
        Code::CredsTorn => Told::new("creds.json is empty or cut off", restore),
        Code::CredsField => Told::new("creds.json lacks a field or holds a wrong one", restore),
        Code::KeyMismatch => Told::new("a public key doesn't belong to its private key", restore),
        Code::SignatureWrong => Told::new("a signature in the login doesn't verify", restore),
        Code::KeyFileTorn => Told::new("a key file is empty or cut off", restore),
        Code::PreKeyCounter => Told::new(
            "the pre-key counter is too low",
            "stop the bot and run `wakeep restore --force`, which raises it",
        ),
        Code::DeviceField => Told::new("a device in the database has a field of the wrong length", restore),
        Code::NoDevice => Told::new("no device is registered in the database", "link the bot to a phone"),
        Code::DevicePaired => Told::new("a device in the database is linked", ""),
        Code::DeviceUnsound => Told::new(
            "one device in the database is not sound; the others are",
            "watch this bot; link it anew if it fails",
        ),
        Code::ArchiveDamaged => {
            Told::new("the archive is damaged", "use another one: `wakeep list` shows what there is")
        }
        Code::ArchiveHostile => Told::new("the archive holds something that may not be unpacked", "don't use it"),
        Code::WorldReadable => Told::new("everybody on this machine can read the archive", "chmod 600 it"),
    }
}

pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Created { base: Some(base), generation, bytes: size, seconds: s, account: who, .. } => {
            let who = who.as_deref().map(|a| format!(", {a}")).unwrap_or_default();
            let (size, s) = (bytes(*size), seconds(*s));
            format!("archive {generation} kept in the vault as its difference to {base}: {size}, {s} s{who}")
        }
        Event::Created { archive, generation, bytes: size, seconds: s, account: who, in_place, .. } => {
            let who = who.as_deref().map(|a| format!(", {a}")).unwrap_or_default();
            let place = if *in_place { format!("{}", archive.display()) } else { "in the vault only".to_owned() };
            format!("archive {generation} written: {}, {} s{who}, {place}", bytes(*size), seconds(*s))
        }
        Event::Unchanged { archive, .. } => format!("unchanged: {}", archive.display()),
        Event::Refused { reason, .. } => format!("snapshot refused, it replaces nothing: {}", refusal(*reason)),
        Event::Absent { session } => format!("no session at {} yet", session.display()),
        Event::Restored { from, account: who, seconds: s, back, passed_over, .. } => {
            let who = who.as_deref().map(|a| format!(", {a}")).unwrap_or_default();
            let passed = passed_over.as_ref().map(|p| format!("; {} is no good and was passed over", p.display()));
            let passed = passed.unwrap_or_default();
            let back = back.as_ref().map(|b| format!("; {}", goes_back(b))).unwrap_or_default();
            format!("session restored from {} in {} s{who}{back}{passed}", from.display(), seconds(*s))
        }
        Event::NotNeeded { reason, .. } => format!("nothing restored: {}", why_left(*reason)),
        Event::WouldRestore { from, back, .. } => {
            let back = back.as_ref().map(|b| format!("; {}", goes_back(b))).unwrap_or_default();
            format!("would restore from {}{back}", from.display())
        }
        Event::RestoreRefused { from, .. } => {
            format!("nothing restored: {} would not bring the login back", from.display())
        }
        Event::RolledBack { from, .. } => {
            format!("the session restored from {} was not good; what was there before stands again", from.display())
        }
        Event::Recovered { undone: true } => {
            "a restore that was cut off was undone; what was there before stands again".into()
        }
        Event::Recovered { undone: false } => "a restore that was cut off was brought to its end".into(),
        Event::Arrived { kept, .. } => {
            format!("a new file stands at the archive's path; a copy is in {}", kept.display())
        }
        Event::NeedsQr { account: who } => {
            let who = who.as_deref().map(|a| format!(" {a}")).unwrap_or_default();
            format!("the login{who} was ended and no archive brings it back: scan the QR code")
        }
        Event::CleanedUp { files, bytes: size, .. } => {
            format!("{files} old {} removed, {} freed", if *files == 1 { "archive" } else { "archives" }, bytes(*size))
        }
        Event::Told { what, reason, ended } => {
            let reason = reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
            let ended = if *ended { "; the login has ended, archives of it are not restored any more" } else { "" };
            format!("the bot says: {}{reason}{ended}", told(*what))
        }
        Event::Drilled { verdict, seconds: s, .. } if verdict.is_good() => {
            let who = verdict.account.as_deref().unwrap_or("the login");
            format!("proved: {who} comes back from the archive in {} s", seconds(*s))
        }
        Event::Drilled { archive, .. } => {
            format!("the drill failed: {} would not bring the login back", archive.display())
        }
        Event::PushFailed { remote, error } => {
            format!("{remote} doesn’t have the newest archive yet, it is tried again: {error}")
        }
        Event::PushedUnsealed { remote } => {
            format!(
                "archives go to {remote} unsealed; whoever reads them there can take over the account (`wakeep keygen`, then seal_to)"
            )
        }
        Event::PushedAgain { remote } => format!("{remote} has the newest archive again"),
        Event::NoticesFail { channel, host, error } => {
            format!("notices don't arrive by {channel} ({host}), they are tried again: {error}")
        }
        Event::SearchFails { error } => format!("can't look for new sessions (those known are kept): {error}"),
        Event::SearchWorks => "new sessions are looked for again".to_owned(),
        Event::NoticesArrive { channel, host } => format!("notices arrive by {channel} ({host}) again"),
        Event::Watching { interval } => format!("watching, a look every {interval} s"),
        Event::LeaseTaken { lease } => format!("this host has the lease ({lease}): it may run the bot"),
        Event::LeaseLost { host: Some(host) } => {
            format!("{host} has the lease now: the bot must not run here, two hosts with one login get both unlinked")
        }
        Event::LeaseLost { host: None } => {
            "the lease ran out and the remote can't be reached: the bot must not run here; `wakeep run` stops its own, any \
             other one is for its supervisor to stop"
                .into()
        }
        Event::Stopped => "stopped".into(),
        Event::Failed { error } => format!("this round failed, the next one follows: {error}"),
    }
}

pub(super) fn goes_back(back: &Back) -> String {
    let [since, to] = [&back.since, &back.to].map(|p| format!("archive {} ({})", p.generation, dated(p.made)));
    format!("it goes back, from {since} to {to}")
}

fn told(what: Heard) -> &'static str {
    match what {
        Heard::Ready => "ready",
        Heard::LoggedOut => "logged out",
        Heard::Qr => "a QR code is shown",
        Heard::Disconnected => "disconnected",
        Heard::PhoneSeen => "the phone was seen",
    }
}

pub(super) fn refusal(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Broken => "the session is broken",
        Refusal::Doubtful => "there are doubts about the session",
        Refusal::LoggedOut => "no phone is linked",
        Refusal::UnknownLogin => "whether a phone is linked can't be told",
        Refusal::Rewound => "it is older than the last archive",
        Refusal::Unsettled => "a new login; waiting a minute until all of it is on disk",
        Refusal::Restless => "the session never held still",
        Refusal::Unpackable => {
            "a restore would refuse it: it unpacks to more than a hundred times its size, or has more than \
             200,000 files; `carry = \"login\"` leaves out what bloats it"
        }
    }
}

fn why_left(reason: Reason) -> &'static str {
    match reason {
        Reason::Good => "the session is good",
        Reason::UnknownLogin => "whether a phone is linked can't be told; `wakeep restore --force` does it anyway",
        Reason::Doubtful => "there are doubts about the session, but it is not broken; `--force` does it anyway",
        Reason::NeverPaired => "this bot was never linked here; scan the QR code",
        Reason::Tombstone => "the phone ended this login; scan the QR code",
        Reason::Exhausted => "the archives came back logged out; scan the QR code",
        Reason::QrPage => "a QR page is open, somebody may be scanning; `--force` does it anyway",
    }
}

pub(super) fn why(why: Why) -> &'static str {
    match why {
        Why::Newest => "newest",
        Why::Ready => "accepted by the server",
        Why::RestoredFrom => "restored from",
        Why::Arrived => "put there by you",
        Why::EarlierPairing => "earlier login",
        Why::BeforeRestore => "before a restore",
        Why::Difference => "newest difference",
        Why::Base => "base of a difference",
        Why::Hour => "for the hour",
        Why::SixHours => "for six hours",
        Why::Day => "one a day",
    }
}

pub(super) fn tally(all: usize, lost: usize) -> String {
    let archives = if all == 1 { "archive" } else { "archives" };
    format!("of your {all} {archives}, {lost} would not bring the login back")
}

pub(super) fn ago(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

pub(super) fn ailment(ailment: &Ailment) -> Told {
    match ailment {
        Ailment::Moved { to, how, start } => moved(to, *how, start.as_deref()),
        Ailment::BotStopped { name, start } => Told::new(format!("the bot ({name}) doesn't run"), start.as_str()),
        Ailment::SessionMissing { path } => Told::new(
            format!("there is no session at {}", path.display()),
            "./auto-restore-auth.sh, or `wakeep restore`; without an archive start the bot and scan its QR code",
        ),
        Ailment::NotWritable { path } => Told::new(
            format!("{} can't be written to by the bot's user", path.display()),
            format!("sudo chown --no-dereference BOT_USER {}", typed(path)),
        ),
        Ailment::ReadOnly { path } => Told::new(
            format!("{} lies on a file system that is read-only", path.display()),
            format!("dmesg tells why; then sudo mount -o remount,rw $(findmnt -no TARGET -T {})", typed(path)),
        ),
        Ailment::ArchiveMissing { path } => Told::new(
            format!("there is no archive at {}", path.display()),
            "wakeep archive (on a new server: ./upload-auth-archive.sh)",
        ),
        Ailment::ArchiveDamaged { path, what } => Told::new(
            format!("the archive {} is damaged: {what}", path.display()),
            "wakeep archive --force makes it anew; where the session is lost, too: wakeep restore, from an earlier backup",
        ),
        Ailment::ArchiveStale { seconds: age, .. } => Told::new(
            format!("the session changed, but the archive is from {}", ago(*age)),
            "wakeep archive; it says what hinders it",
        ),
        Ailment::WorldReadable { path, mode } => Told::new(
            format!("everybody on this machine can read {}, a key to the account", path.display()),
            format!("chmod {mode} {} (or set archive_mode, where that is meant)", typed(path)),
        ),
        Ailment::TrackedByGit { path } => Told::new(
            format!("git tracks {}, a key to the account", path.display()),
            format!("git rm -r --cached {}, then unlink the device on the phone and link it anew", typed(path)),
        ),
        Ailment::KeeperRests { unit: Some(unit) } => Told::new(
            "the keeper does not run",
            format!("sudo systemctl restart {unit}; journalctl -u {unit} says why it ended"),
        ),
        Ailment::KeeperRests { unit: None } => {
            Told::new("no keeper runs: nothing is archived by itself", "wakeep watch")
        }
        Ailment::UnitFailed { unit } => Told::new(
            format!("{unit} has failed"),
            format!("journalctl -u {unit} -n 20, then sudo systemctl restart {unit}"),
        ),
        Ailment::UnitDisabled { unit } => {
            Told::new(format!("{unit} is not started at boot"), format!("sudo systemctl enable {unit}"))
        }
        Ailment::CronRests => Told::new(
            "cron does not run, so the check every 6 hours doesn't either",
            "sudo systemctl enable --now cron; journalctl -u cron is where it logs",
        ),
        Ailment::RootRunsScript { path, script } => Told::new(
            format!("{} has root run {}, which the bot's user can write", path.display(), script.display()),
            "sudo wakeep setup: its line calls the installed wakeep",
        ),
        Ailment::CheckMissing { path } => {
            Told::new(format!("nothing checks every 6 hours: {} is missing", path.display()), "sudo wakeep setup")
        }
        Ailment::NotExecutable { path } => {
            Told::new(format!("{} can't be started", path.display()), format!("chmod 755 {}", typed(path)))
        }
        Ailment::StaleLock { path, owner, dead: true } => Told::new(
            format!("{} is left over from a browser that ended ({owner})", path.display()),
            "wakeep doctor --fix",
        ),
        Ailment::StaleLock { path, owner, dead: false } => Told::new(
            format!("{} belongs to another host ({owner}): Chromium will refuse to start", path.display()),
            format!("make sure that no bot runs there, then rm {}", typed(path)),
        ),
        Ailment::DiskNearlyFull { free } => Told::new(
            format!("only {} are free on the disk", bytes(*free)),
            "df -h; sudo journalctl --vacuum-size=200M",
        ),
        Ailment::ClockWrong { path } => Told::new(
            format!("{} seems to come from the future: the clock is wrong", path.display()),
            "timedatectl; sudo timedatectl set-ntp true",
        ),
        Ailment::BotErrors { path, line } => {
            Told::new(format!("the bot's log has an error: {line}"), format!("tail -n 50 {}", typed(path)))
        }
    }
}
