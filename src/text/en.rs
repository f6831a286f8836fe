//! English.

use super::{Phrase, Told, WayBack, dated, io, seconds, sized};
use crate::ailment::Ailment;
use crate::error::{Error, Fault, Holder, Unsealable};
use crate::vault::journal::{Back, Event, Reason, Refusal, Told as Heard};
use crate::vault::retention::Why;
use crate::verdict::{Code, Grade, Login};

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

pub(super) fn error(error: &Error) -> Told {
    match error {
        Error::Io { doing, path, source } => io::en(doing, path, source),
        Error::Config { place, problem, suggestion } => Told::new(
            format!("{place}: {problem}"),
            suggestion.as_ref().map(|s| format!("did you mean `{s}`?")).unwrap_or_default(),
        ),
        Error::SessionMissing { path } => Told::new(
            format!("there is no session at {}", path.display()),
            "name it with --session PATH, or bring it back with `wakeep restore`",
        ),
        Error::NotASession { path } => Told::new(
            format!("{} is no session that wakeep knows", path.display()),
            "give the .wwebjs_auth folder, one session folder in it, a Baileys folder or an SQLite file",
        ),
        Error::Restless { path, tries, last } => Told::new(
            format!("{} changed under each of {tries} attempts to copy it whole (last: {last})", path.display()),
            "it will be tried again; if that goes on, stop the bot once and run `wakeep archive`",
        ),
        Error::InUse { path, holder } => Told::new(
            format!("{} is in use by {}", path.display(), holder_name(holder)),
            "stop the bot first (pm2 stop NAME, or systemctl stop UNIT), then try again",
        ),
        Error::MaybeInUse { path, why } => Told::new(
            format!("whether {} is in use can't be told from here: {why}", path.display()),
            "stop the bot first, or run this as the bot's user or root on the machine where it runs",
        ),
        Error::Busy { holder } => Told::new(
            format!("another wakeep works on this session ({})", holder_name(holder)),
            "wait until it has finished, then try again",
        ),
        Error::Kept { by } => Told::new(
            format!("a keeper already has this session in its care ({by})"),
            "leave it to that one, or stop it first (systemctl stop wakeep, or its own terminal)",
        ),
        Error::OtherSession { path, other } => Told::new(
            format!(
                "there is no session at {}, but the one of the archive stands at {}",
                path.display(),
                other.display()
            ),
            "correct `session`; where it is meant so, `wakeep restore --force`",
        ),
        Error::NothingSoOld { at } => Told::new(
            format!("no good archive is from {} or before", dated(*at)),
            "`wakeep list` shows which there are",
        ),
        Error::NothingToRestore { place } => Told::new(
            format!("there is nothing to restore from: no archive at {}, none in the vault", place.display()),
            "copy whatsapp_auth_latest.tar.gz there from where the bot ran, or start the bot and scan its QR code",
        ),
        Error::Damaged { path, what } => {
            Told::new(format!("{} is damaged: {what}", path.display()), "use another archive: `wakeep list` shows them")
        }
        Error::Hostile { path, what } => {
            Told::new(format!("{} was refused: {what}", path.display()), "don't use it; ask where it came from")
        }
        Error::Stale { path, expected, found } => Told::new(
            format!("the copy of {} ends at record {found}, at least {expected} was on disk", path.display()),
            "it will be tried again",
        ),
        Error::RemoteNewer { place, host, generation } => Told::new(
            format!("{place} holds archive {generation} of host {host}, which this one doesn’t follow"),
            "if the bot runs here now, `wakeep pull` first, or replace it with `wakeep push --force`",
        ),
        Error::Sealed { path, why } => sealed(&path.display().to_string(), *why),
        Error::LeaseHeld { holder } => Told::new(
            format!("another host runs this bot: {}", holder_name(holder)),
            "stop it there first (two hosts with one login get both unlinked); if it is dead: `wakeep run --take-over`",
        ),
        Error::Remote { place, fault } => self::fault(place, fault),
        Error::Interrupted => Told::new("interrupted", ""),
    }
}

fn sealed(path: &str, why: Unsealable) -> Told {
    match why {
        Unsealable::NoKey => Told::new(
            format!("{path} is sealed, and nothing here opens it"),
            "name the key: `identity` in wakeep.toml or WAKEEP_IDENTITY (a file), or `passphrase_file`",
        ),
        Unsealable::OtherKey => Told::new(
            format!("{path} is sealed for another key than the one here"),
            "give the identity that belongs to one of its recipients",
        ),
        Unsealable::KeyUnusable => Told::new(
            format!("{path} holds no key that can be used"),
            "give an age identity (`wakeep keygen`) or an ed25519 or RSA SSH key",
        ),
        Unsealable::KeyLocked => Told::new(
            format!("the key {path} is itself locked with a passphrase"),
            "write the passphrase into a file (0600) and name it with `passphrase_file`",
        ),
        Unsealable::WrongPassphrase => Told::new(
            format!("the passphrase doesn't open the key for {path}"),
            "put the right one into the first line of the file that `passphrase_file` names",
        ),
        Unsealable::NoRecipient => Told::new(
            format!("{path} can’t be sealed: nobody is named for whom"),
            "put `seal_to = \"age1…\"` into wakeep.toml; `wakeep keygen` makes a key",
        ),
        Unsealable::NotSealed => Told::new(format!("{path} is not sealed"), "use it as it is"),
    }
}

fn fault(place: &str, fault: &Fault) -> Told {
    match fault {
        Fault::Unreachable { why } => Told::new(
            format!("{place} can't be reached: {why}"),
            "look at the network and the address; what is here is safe, and it will be tried again",
        ),
        Fault::TimedOut => Told::new(
            format!("{place} doesn't answer in time"),
            "look at the network; what is here is safe, and it will be tried again",
        ),
        Fault::Credentials { why } => Told::new(
            format!("{place} doesn't take these credentials: {why}"),
            "check the key in `s3_credentials`, the environment or the SSH agent, and this machine's clock",
        ),
        Fault::NoCredentials => Told::new(
            format!("there are no credentials for {place}"),
            "put them into a file (0600) and name it with `s3_credentials`, or set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY",
        ),
        Fault::HostKey => Told::new(
            format!("{place} shows a host key that isn't the known one, or none is known"),
            "connect once with `ssh` by hand and compare the fingerprint with the server's",
        ),
        Fault::Untrusted { why } => Told::new(
            format!("{place} shows a certificate that isn't trusted here: {why}"),
            "if an authority of your own made it, name that authority's certificate with `s3_ca_file`",
        ),
        Fault::NoBucket { bucket } => {
            Told::new(format!("{place}: there is no bucket {bucket}"), "make it, or correct the name in `remote`")
        }
        Fault::Moved { to: Some(to) } => {
            Told::new(format!("{place}: the bucket lies in {to}"), "set `s3_region` or `s3_endpoint` to that")
        }
        Fault::Moved { to: None } => Told::new(
            format!("{place}: the bucket lies in another region or behind another endpoint"),
            "set `s3_region` and `s3_endpoint` to where it was made",
        ),
        Fault::NoFolder { path } => Told::new(
            format!("{place}: there is no folder {path}"),
            "mount the disk or make the folder, then try again; wakeep doesn't make it, since it could be a disk \
             that isn't mounted",
        ),
        Fault::Denied { why } => Told::new(
            format!("{place} doesn't allow it: {why}"),
            "give this user or key the right to list, read, write and delete there",
        ),
        Fault::Full => Told::new(
            format!("{place}: the disk or the quota is full there"),
            "free some space there; what stood there before still stands",
        ),
        Fault::Garbled { name } => Told::new(
            format!("{place}: {name} didn't arrive as it was sent"),
            "it will be sent again; if that goes on, something between here and there changes bytes",
        ),
        Fault::Replaced { name } => {
            Told::new(format!("{place}: {name} was replaced while it was fetched"), "try again: the new one is whole")
        }
        Fault::Foreign { name } => Told::new(
            format!("{place}: {name} was not put there by this wakeep, and what it is can't be told from here"),
            "move it to another name if somebody needs it, or replace it with `wakeep push --force`",
        ),
        Fault::OtherBot => Told::new(
            format!("{place} keeps the archive of another bot (another number or kind)"),
            "give each bot a place of its own, or replace that one with `wakeep push --force`",
        ),
        Fault::Name { name } => Told::new(format!("{place}: {name:?} can't be the name of an object"), ""),
        Fault::NoLease { why } => Told::new(
            format!("{place} can't say which host may run the bot: {why}"),
            "use a bucket that knows conditional writes (see docs/remotes.md), or run the bot on one host only",
        ),
        Fault::Odd { why } => Told::new(format!("{place}: {why}"), ""),
    }
}

fn holder_name(holder: &Holder) -> String {
    let pid = holder.pid.map(|p| format!(" (pid {p})")).unwrap_or_default();
    let host = holder.host.as_ref().map(|h| format!(" on {h}")).unwrap_or_default();
    let program = if holder.program.is_empty() { "a program" } else { &holder.program };
    format!("{program}{pid}{host}")
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
            let who = who.as_deref().unwrap_or_default();
            format!("the login {who} was ended and no archive brings it back: scan the QR code")
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
            let who = verdict.account.as_deref().unwrap_or_default();
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
        Event::NoticesArrive { channel, host } => format!("notices arrive by {channel} ({host}) again"),
        Event::Watching { interval } => format!("watching, a look every {interval} s"),
        Event::LeaseTaken { lease } => format!("this host has the lease ({lease}): it may run the bot"),
        Event::LeaseLost { host: Some(host) } => {
            format!("{host} has the lease now: the bot must not run here, two hosts with one login get both unlinked")
        }
        Event::LeaseLost { host: None } => {
            "the lease ran out and the remote can't be reached: the bot is stopped".into()
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
        Why::Hour => "an hour old",
        Why::SixHours => "six hours old",
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

pub(super) fn phrase(phrase: Phrase) -> &'static str {
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
        Phrase::StoppingBot => "the bot is stopped for the restore:",
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
        Phrase::StoppingToMove => "the bot is stopped here:",
        Phrase::LastStateSent => "the last state was sent to",
        Phrase::LeaseHandedOver => "the right to run the bot was given up here: the other machine may take it",
        Phrase::StaysStopped => "it stays stopped here; so that no boot tries to start it:",
        Phrase::MoveHalf => {
            "the bot is active neither here nor surely there: type the same line again, and it goes on; to have it back \
             here, once it surely doesn't run there: wakeep restore --force"
        }
        Phrase::StillStopped => "nothing was moved, and the bot is stopped here; to start it:",
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

pub(super) fn ailment(ailment: &Ailment) -> Told {
    match ailment {
        Ailment::SessionMissing { path } => Told::new(
            format!("there is no session at {}", path.display()),
            "./auto-restore-auth.sh, or `wakeep restore`; without an archive start the bot and scan its QR code",
        ),
        Ailment::NotWritable { path } => Told::new(
            format!("{} can't be written to by the bot's user", path.display()),
            format!("sudo chown --no-dereference BOT_USER {}", path.display()),
        ),
        Ailment::ArchiveMissing { path } => Told::new(
            format!("there is no archive at {}", path.display()),
            "wakeep archive (on a new server: ./upload-auth-archive.sh)",
        ),
        Ailment::ArchiveStale { seconds: age, .. } => Told::new(
            format!("the session changed, but the archive is from {}", ago(*age)),
            "wakeep archive; it says what hinders it",
        ),
        Ailment::WorldReadable { path } => Told::new(
            format!("everybody on this machine can read {}, a key to the account", path.display()),
            format!("chmod 600 {} (or set archive_mode, where that is meant)", path.display()),
        ),
        Ailment::TrackedByGit { path } => Told::new(
            format!("git tracks {}, a key to the account", path.display()),
            format!("git rm -r --cached {}, then unlink the device on the phone and link it anew", path.display()),
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
        Ailment::CheckMissing { path } => {
            Told::new(format!("nothing checks every 6 hours: {} is missing", path.display()), "sudo wakeep setup")
        }
        Ailment::NotExecutable { path } => {
            Told::new(format!("{} can't be started", path.display()), format!("chmod 755 {}", path.display()))
        }
        Ailment::StaleLock { path, owner, dead: true } => Told::new(
            format!("{} is left over from a browser that ended ({owner})", path.display()),
            "wakeep doctor --fix",
        ),
        Ailment::StaleLock { path, owner, dead: false } => Told::new(
            format!("{} belongs to another host ({owner}): Chromium will refuse to start", path.display()),
            format!("make sure that no bot runs there, then rm {}", path.display()),
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
            Told::new(format!("the bot's log has an error: {line}"), format!("tail -n 50 {}", path.display()))
        }
    }
}
