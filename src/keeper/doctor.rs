//! Finding out what is wrong around a bot's login: permissions, archive, disk, clock, the bot's log here; locks, scripts
//! and services in files of their own. Looks; mends only what is safe, on demand.

mod lock;
mod scripts;
mod services;

use super::bot::{State, Supervisor};
use super::standing::moved;
use super::ward::Ward;
pub use crate::ailment::Ailment;
use crate::archive::{self, Depth};
use crate::config::Config;
use crate::disk::{self, FileMark};
use crate::error::{Error, Result};
use crate::keeper::botlog;
use crate::notice::Condition;
use crate::platform::modes;
use crate::verdict::masked;
use jiff::Timestamp;
pub use services::units;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
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
    found.extend(lock::look(ward));
    found.extend(scripts::not_executable(&ward.session.home));
    found.extend(scripts::run_by_root(&ward.session.home));
    let free = disk::free_space(&ward.session.home)?;
    found.extend((free < LITTLE_SPACE).then_some(Ailment::DiskNearlyFull { free }));
    found.extend(bot_errors(ward, config)?);
    found.extend(services::look(ward, config)?);
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
        Ailment::StaleLock { path, owner, dead: true } => lock::clear(path, owner),
        _ => Ok(false),
    }
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
    let mut found: Vec<Ailment> = damaged(path).filter(|_| !ward.vault.is_arriving(now)).into_iter().collect();
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

/// What stands there without being an archive that somebody could restore from, as far as its tail tells. Every byte of
/// one of ours is `wakeep verify`'s to read; another program's tells nothing before its end.
fn damaged(path: &Path) -> Option<Ailment> {
    let looked = archive::verify(path, Depth::Index).and_then(|verified| verified.require_admissible());
    match looked {
        Err(Error::Damaged { what, .. } | Error::Hostile { what, .. }) => {
            Some(Ailment::ArchiveDamaged { path: path.to_owned(), what })
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_the_bots_log_are_masked() {
        let told = without_numbers("12:04 auth_failure for 79001234567@c.us code 401");
        assert_eq!(told, "12:04 auth_failure for +79•••••4567@c.us code 401");
    }
}
