//! What went wrong and what to do, in English.

use crate::error::{Departure, Error, Fault, Holder, Unsealable};
use crate::text::{Lang, Told, dated, io, timed, typed};

pub fn error(error: &Error) -> Told {
    match error {
        Error::Io { doing, path, source } => io::en(doing, path, source),
        Error::Config { place, problem, suggestion } => Told::new(
            format!("{place}: {}", Lang::En.problem(problem)),
            suggestion.as_ref().map(|s| Lang::En.suggestion(problem, s)).unwrap_or_default(),
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
        Error::NotInArchive { path, session } => Told::new(
            format!("{} holds no archive of the session {session}", path.display()),
            "name the session that is meant with --only NAME; `wakeep check FILE` says which are in it",
        ),
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
        Error::HereNewer { place, here, there } => Told::new(
            format!("the archive here, of {}, is newer than the one at {place}, of {}", timed(*here), timed(*there)),
            "it stays; to put the older one in its place: `wakeep pull --force`",
        ),
        Error::Sealed { path, why } => sealed(&path.display().to_string(), *why),
        Error::LeaseHeld { holder } => Told::new(
            format!("another host runs this bot: {}", holder_name(holder)),
            "stop it there first (two hosts with one login get both unlinked); if it is dead: `wakeep run --take-over`",
        ),
        Error::Moved { to, how } => moved(to, *how, None),
        Error::Remote { place, fault } => self::fault(place, fault),
        Error::Interrupted => Told::new("interrupted", ""),
    }
}

/// Where a bot that was moved stands, and the line that ends that. `start` is what starts it here.
pub(in crate::text) fn moved(to: &str, how: Departure, start: Option<&str>) -> Told {
    let (start, there) = (start.unwrap_or("start the bot"), typed(to));
    match how {
        Departure::UnderWay => {
            Told::new(format!("this bot is being moved to {to} right now"), "wait until that command has ended")
        }
        Departure::BrokenOff => Told::new(
            format!("a move to {to} was broken off before anything was handed over: the bot belongs here"),
            format!("to go on: `wakeep move {there}`; to have it run here: {start}"),
        ),
        Departure::Half => Told::new(
            format!("a move to {to} was broken off in the middle: the bot may be active there already"),
            format!(
                "`wakeep move {there}` ends it; to have the bot back here, once it surely doesn't run there: `wakeep restore \
                 --force`, then {start}"
            ),
        ),
        Departure::Done => Told::new(
            format!("this bot was moved to {to} and belongs there"),
            format!(
                "to have it back here: stop it there (two hosts with one login get both unlinked), then `wakeep restore \
                 --force` and {start}"
            ),
        ),
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
        Unsealable::Difference => Told::new(
            format!("{path} holds only what changed since another archive, and brings nothing back by itself"),
            "run `wakeep archive`, then seal whatsapp_auth_latest.tar.gz: it has all of it",
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
