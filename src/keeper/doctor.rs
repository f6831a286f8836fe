//! Finding out what is wrong around a bot's login: permissions, archive, keeper, units, cron, scripts, locks, disk,
//! clock, the bot's log. Looks; mends only what is safe, on demand.

use super::bot::{State, Supervisor};
use super::standing::moved;
use super::ward::Ward;
pub use crate::ailment::Ailment;
use crate::config::{Config, SYSTEM};
use crate::disk::{self, FileMark};
use crate::error::Result;
use crate::keeper::botlog;
use crate::notice::Condition;
use crate::owner::Owner;
use crate::platform::{host, modes, processes};
use crate::setup::server::SHIMS;
use crate::verdict::masked;
use jiff::Timestamp;
use std::fs;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An archive older than this is stale where the session was written since, in seconds.
const STALE_AFTER: i64 = 3600;

/// Less free space than this is nearly full, in bytes.
const LITTLE_SPACE: u64 = 500_000_000;

/// How much of the bot's log's end is looked through.
const TAIL: u64 = 64 * 1024;

/// Words in a line of the bot's log that say that its login or its browser failed.
const TROUBLE: [&str; 8] = [
    "auth_failure",
    "LOGOUT",
    "Failed to launch the browser",
    "Protocol error",
    "Target closed",
    "SingletonLock",
    "ENOSPC",
    "Execution context was destroyed",
];

/// All that is wrong with one bot.
pub fn examine(ward: &Ward, config: &Config, now: Timestamp) -> Result<Vec<Ailment>> {
    let mut found = astray(ward, config);
    if !disk::exists(&ward.session.path) {
        found.push(Ailment::SessionMissing { path: ward.session.path.clone() });
    }
    found.extend(not_writable(ward));
    found.extend(archive(ward, now)?);
    found.extend(tracked(ward));
    found.extend(locks(ward));
    found.extend(scripts(&ward.session.home));
    found.extend(cron_files().iter().flat_map(|file| root_runs(file, &ward.session.home)));
    let free = disk::free_space(&ward.session.home)?;
    found.extend((free < LITTLE_SPACE).then_some(Ailment::DiskNearlyFull { free }));
    found.extend(bot_errors(ward, config)?);
    found.extend(keeping(ward, config)?);
    Ok(found)
}

/// A bot that is elsewhere, or nowhere: who stopped it may have been killed.
fn astray(ward: &Ward, config: &Config) -> Vec<Ailment> {
    if let Some(Condition::Moved { to, how, start }) = moved(ward, config) {
        return vec![Ailment::Moved { to, how, start }];
    }
    let stopped = Supervisor::of(config).filter(|by| by.state(None) == State::Down);
    let ailment = |by: Supervisor| Ailment::BotStopped { name: by.name().to_owned(), start: by.command("start") };
    stopped.map(ailment).into_iter().collect()
}

/// Mends what is safe to mend of a session's. Returns whether it did.
pub fn mend(ailment: &Ailment, ward: &Ward) -> Result<bool> {
    match ailment {
        Ailment::WorldReadable { path, .. } => disk::set_mode(path, ward.vault.rules.archive_mode).map(|()| true),
        Ailment::NotExecutable { path } => disk::set_mode(path, 0o755).map(|()| true),
        Ailment::StaleLock { path, owner, dead: true } => clear(path, owner),
        _ => Ok(false),
    }
}

/// Removes a dead owner's lock. A bot may have started since it was looked at: what is moved aside is looked at again, and
/// put back where it is another one.
fn clear(lock: &Path, owner: &str) -> Result<bool> {
    let aside = lock.with_file_name(".wakeep-SingletonLock");
    disk::remove_file(&aside)?;
    match disk::move_to(lock, &aside) {
        Err(e) if e.io_kind() == Some(ErrorKind::NotFound) => return Ok(true),
        other => other?,
    }
    let is_same = fs::read_link(&aside).is_ok_and(|now| now.to_string_lossy() == owner);
    if is_same && is_dead(owner) {
        return disk::remove_file(&aside).map(|()| true);
    }
    disk::move_to(&aside, lock).map(|()| false)
}

/// Whether the owner that a lock names (`<host>-<pid>`) is proved dead.
fn is_dead(owner: &str) -> bool {
    let Some((host, pid)) = owner.rsplit_once('-') else { return false };
    host == host::name() && !pid.parse().is_ok_and(processes::is_alive)
}

fn not_writable(ward: &Ward) -> Vec<Ailment> {
    let archive_dir = disk::parent(ward.vault.archive());
    let vault = disk::parent(ward.vault.dir());
    let all = [archive_dir, &ward.session.home, &ward.session.path, vault];
    let mut bad: Vec<&Path> = all.into_iter().filter(|p| disk::exists(p) && !modes::may_write(p)).collect();
    bad.dedup();
    let ailment = |path: PathBuf| match modes::is_read_only(&path) {
        true => Ailment::ReadOnly { path },
        false => Ailment::NotWritable { path },
    };
    bad.into_iter().map(|p| ailment(p.to_owned())).collect()
}

fn archive(ward: &Ward, now: Timestamp) -> Result<Vec<Ailment>> {
    let path = ward.vault.archive();
    let Ok(mark) = FileMark::of(path) else {
        return Ok(vec![Ailment::ArchiveMissing { path: path.to_owned() }]);
    };
    let mut found = Vec::new();
    // Where the owner decided so, it is no ailment.
    let mode = ward.vault.rules.archive_mode;
    if mode & 0o004 == 0 && disk::world_readable(path)? {
        found.push(Ailment::WorldReadable { path: path.to_owned(), mode: format!("{mode:o}") });
    }
    let newest = ward.vault.ahead()?.map(|(_, label)| label).or_else(|| ward.vault.latest());
    let made = newest.map_or(mark.mtime.0, |l| l.made.as_second());
    let age = now.as_second() - made;
    if age < -120 {
        found.push(Ailment::ClockWrong { path: path.to_owned() });
    }
    let looked = ward.session.stamp().ok().is_some_and(|s| ward.vault.stamp().as_deref() == Some(s.digest.as_str()));
    if age > STALE_AFTER && !looked && disk::exists(&ward.session.path) {
        found.push(Ailment::ArchiveStale { path: path.to_owned(), seconds: age });
    }
    Ok(found)
}

fn tracked(ward: &Ward) -> Vec<Ailment> {
    let home = &ward.session.home;
    let names = [ward.session.path.as_path(), ward.vault.archive()];
    let inside = |p: &&Path| p.starts_with(home) && home.ancestors().any(|d| d.join(".git").exists());
    let tracked = |p: &&Path| {
        let out =
            Command::new("git").arg("-C").arg(home).args(["ls-files", "--"]).arg(p).stderr(Stdio::null()).output();
        out.is_ok_and(|o| !o.stdout.is_empty())
    };
    names.into_iter().filter(inside).filter(tracked).map(|p| Ailment::TrackedByGit { path: p.to_owned() }).collect()
}

/// Chromium's lock is a link to `<host>-<pid>`: a dead owner on this host is proved, one on another host isn't.
fn locks(ward: &Ward) -> Option<Ailment> {
    let path = ward.session.path.join("SingletonLock");
    let owner = fs::read_link(&path).ok()?.to_string_lossy().into_owned();
    let (host, _) = owner.rsplit_once('-')?;
    let dead = is_dead(&owner);
    let stale = dead || host != host::name();
    stale.then_some(Ailment::StaleLock { path, owner, dead })
}

fn scripts(home: &Path) -> Vec<Ailment> {
    let here = SHIMS.iter().map(|(name, _)| home.join(name)).filter(|p| p.is_file());
    let bad = here.filter(|p| fs::metadata(p).is_ok_and(|m| modes::mode(&m) & 0o111 != 0o111));
    bad.map(|path| Ailment::NotExecutable { path }).collect()
}

/// The tables in which cron finds lines with a user.
fn cron_files() -> Vec<PathBuf> {
    let more = fs::read_dir("/etc/cron.d").into_iter().flatten().flatten().map(|e| e.path());
    more.chain([PathBuf::from("/etc/crontab")]).collect()
}

/// The scripts of ours in the bot's folder that a line of root's calls although another user decides what is in them.
fn root_runs(file: &Path, home: &Path) -> Vec<Ailment> {
    let table = fs::read_to_string(file).unwrap_or_default();
    let of_root = |line: &&str| line.split_whitespace().nth(5) == Some("root") && !line.trim_start().starts_with('#');
    let lines: Vec<&str> =
        table.lines().filter(of_root).filter(|line| line.contains(&*home.to_string_lossy())).collect();
    let called = SHIMS.iter().filter(|(name, _)| lines.iter().any(|line| line.contains(name)));
    let writable = called.map(|(name, _)| home.join(name)).filter(|script| Owner::of(script).is_some());
    writable.map(|script| Ailment::RootRunsScript { path: file.to_owned(), script }).collect()
}

fn bot_errors(ward: &Ward, config: &Config) -> Result<Option<Ailment>> {
    let Some(log) = botlog::path(&config.log_file, &ward.session.home).filter(|p| p.is_file()) else { return Ok(None) };
    let text = tail(&log).unwrap_or_default();
    let line = text.lines().rev().find(|l| TROUBLE.iter().any(|w| l.contains(w)));
    Ok(line.map(|l| Ailment::BotErrors { path: log, line: without_numbers(l) }))
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = fs::File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A line of somebody else's log, short, with phone numbers masked.
fn without_numbers(line: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in line.chars().take(200).chain(['\n']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        out += &if digits.len() >= 10 { masked(&digits) } else { digits.clone() };
        digits.clear();
        out.push(c);
    }
    out.trim_end().to_owned()
}

/// What the units of a server's bot have behind their first name; none where no server was set up.
fn dash(config: &Config) -> Option<String> {
    let system = config.file.as_ref().filter(|f| f.starts_with(SYSTEM))?;
    let name = system.file_stem().map(|s| s.to_string_lossy().into_owned());
    Some(name.filter(|n| n != "wakeep").map(|n| format!("-{n}")).unwrap_or_default())
}

/// The units that setting up made, and how systemd says they are; none where it doesn't run.
pub fn units(config: &Config) -> Vec<(String, String)> {
    let Some(dash) = dash(config).filter(|_| Path::new("/run/systemd/system").is_dir()) else { return Vec::new() };
    let names = [format!("wakeep{dash}.service"), format!("whatsapp-auth-restore{dash}.service")];
    let timer = format!("whatsapp-auth-check{dash}.timer");
    let by_cron = Path::new(&format!("/etc/cron.d/whatsapp-auth-check{dash}")).exists();
    let all = names.into_iter().chain((!by_cron).then_some(timer));
    all.filter_map(|unit| state_of(&unit).map(|state| (unit, state))).collect()
}

fn state_of(unit: &str) -> Option<String> {
    let said = Command::new("systemctl").args(["is-active", unit]).stderr(Stdio::null()).output().ok()?;
    let state = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    (!state.is_empty()).then_some(state)
}

/// Keeper, units and the check, where a server was set up.
fn keeping(ward: &Ward, config: &Config) -> Result<Vec<Ailment>> {
    let (system, dash) = (dash(config), dash(config).unwrap_or_default());
    let mut found = Vec::new();
    let keeper = format!("wakeep{dash}.service");
    if ward.work.who_keeps()?.is_none() {
        let unit = system.as_ref().map(|_| keeper.clone());
        found.push(Ailment::KeeperRests { unit });
    }
    if system.is_none() || !Path::new("/run/systemd/system").is_dir() {
        return Ok(found);
    }
    let timer = format!("whatsapp-auth-check{dash}.timer");
    let cron = PathBuf::from(format!("/etc/cron.d/whatsapp-auth-check{dash}"));
    for unit in [format!("whatsapp-auth-restore{dash}.service"), keeper] {
        if says(&["is-failed", "--quiet", &unit]) {
            found.push(Ailment::UnitFailed { unit });
        } else if !says(&["is-enabled", "--quiet", &unit]) {
            found.push(Ailment::UnitDisabled { unit });
        }
    }
    if cron.exists() {
        found.extend(
            (!says(&["is-active", "--quiet", "cron.service"]) && !says(&["is-active", "--quiet", "crond.service"]))
                .then_some(Ailment::CronRests),
        );
    } else if !says(&["is-active", "--quiet", &timer]) {
        found.push(Ailment::CheckMissing { path: cron });
    }
    Ok(found)
}

fn says(args: &[&str]) -> bool {
    let quiet = Command::new("systemctl").args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|s| s.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bot may start between the look and the mending.
    #[test]
    fn only_the_lock_that_was_looked_at_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let lock = dir.path().join("SingletonLock");
        let (dead, alive) = (format!("{}-4194399", host::name()), format!("{}-{}", host::name(), std::process::id()));
        // Another one's by now; the same number, but of a process that lives by now; gone by now.
        for (now, looked) in [(&alive, &dead), (&alive, &alive)] {
            disk::point(&lock, Path::new(now)).unwrap();
            assert!(!clear(&lock, looked).unwrap());
            assert_eq!(fs::read_link(&lock).unwrap(), Path::new(now));
            fs::remove_file(&lock).unwrap();
        }
        assert!(clear(&lock, &dead).unwrap());
        disk::point(&lock, Path::new(&dead)).unwrap();
        assert!(clear(&lock, &dead).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_line_of_roots_that_calls_the_bots_script_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let (home, table) = (dir.path().join("bot"), dir.path().join("check"));
        fs::create_dir(&home).unwrap();
        fs::write(home.join("auto-restore-auth.sh"), "").unwrap();
        if crate::owner::is_root() {
            disk::give_to(&home, 65534, 65534).unwrap();
        }
        let found = |user: &str, what: &str| {
            let line = format!("# min\n0 */6 * * * {user} cd {} && {what}\n", home.display());
            fs::write(&table, line).unwrap();
            root_runs(&table, &home).len()
        };
        assert_eq!(found("root", "./auto-restore-auth.sh check"), 1);
        assert_eq!(found("bot", "./auto-restore-auth.sh check"), 0, "the bot's user's own");
        assert_eq!(found("root", "/usr/local/bin/wakeep --config /etc/wakeep/wakeep.toml restore"), 0);
    }

    #[test]
    fn numbers_in_the_bots_log_are_masked() {
        let told = without_numbers("12:04 auth_failure for 79001234567@c.us code 401");
        assert_eq!(told, "12:04 auth_failure for +79•••••4567@c.us code 401");
    }
}
