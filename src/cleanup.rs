//! Cleaning up after earlier scripts: their `whatsapp_auth_<time>.tar.gz` pile up in the bot's folder. They go once a
//! good archive stands that is newer than each of them, and the newest good one of them is in the vault.

use crate::disk::{self, FileMark};
use crate::error::{At, Error, Result};
use crate::session::Session;
use crate::session::interior::Interior;
use crate::session::snapshot::Carry;
use crate::unpack;
use crate::vault::Vault;
use crate::vault::journal::Event;
use crate::vault::workplace::Workplace;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fs;
use std::path::{Path, PathBuf};

/// An archive of an earlier script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// Where it lies.
    pub path: PathBuf,
    /// The time in its name.
    pub made: Timestamp,
    /// Its size.
    pub bytes: u64,
}

/// What a cleanup did, or would do.
#[derive(Debug)]
pub struct Cleaned {
    /// The archives that went (or would go).
    pub gone: Vec<Old>,
    /// Those that stay, since no good archive that is newer stands.
    pub stay: Vec<Old>,
    /// The vault's copy of the newest good one.
    pub kept: Option<PathBuf>,
}

/// Removes the old archives beside the session's one archive, if that is safe. With `dry_run` only says what would go.
///
/// # Errors
/// `Busy`; `Io`. An archive that can't be removed keeps those after it, too.
pub fn cleanup(
    session: &Session,
    vault: &mut Vault,
    work: &Workplace,
    dry_run: bool,
    now: Timestamp,
) -> Result<Cleaned> {
    let old: Vec<Old> =
        old_archives(disk::parent(vault.archive()))?.into_iter().filter(|o| holds(&o.path, session)).collect();
    let nothing = |stay| Ok(Cleaned { gone: Vec::new(), stay, kept: None });
    let Some(newest) = old.iter().map(|o| o.made).max() else { return nothing(Vec::new()) };
    let _work = work.work("cleanup")?;
    let scratch = work.stage();
    let safe = made(vault).is_some_and(|made| made > newest) && is_good(vault.archive(), session, &scratch)?;
    if !safe {
        return nothing(old);
    }
    if dry_run {
        return Ok(Cleaned { gone: old, stay: Vec::new(), kept: None });
    }
    let kept = keep_newest_good(&old, session, vault, &scratch)?;
    for archive in &old {
        disk::remove_file(&archive.path)?;
    }
    let bytes = old.iter().map(|o| o.bytes).sum();
    vault.record(now, &Event::CleanedUp { files: old.len(), bytes, kept: kept.clone() })?;
    Ok(Cleaned { gone: old, stay: Vec::new(), kept })
}

/// When the archive at its path was made: by its label, else by the file's time.
fn made(vault: &Vault) -> Option<Timestamp> {
    let by_file = || Timestamp::from_second(FileMark::of(vault.archive()).ok()?.mtime.0).ok();
    crate::vault::backup::label_of(vault.archive()).map(|l| l.made).or_else(by_file)
}

fn holds(path: &Path, session: &Session) -> bool {
    let ours = |i: &Interior| i.prefix.file_name().is_none_or(|name| name == session.name.as_str());
    match unpack::sessions_in(path) {
        // One with another session in it as well may be the only copy of that one; one in which no session is
        // recognised may be another program's.
        Ok(all) => !all.is_empty() && all.iter().all(ours),
        // One whose bytes are not whole brings nobody's login back.
        Err(Error::Damaged { .. }) => true,
        Err(_) => false,
    }
}

fn is_good(path: &Path, session: &Session, scratch: &Path) -> Result<bool> {
    let all = unpack::sessions_in(path).unwrap_or_default();
    let named = all.iter().find(|i| i.prefix.file_name().is_none_or(|name| name == session.name.as_str()));
    let good = named.is_some_and(|i| unpack::unpack(path, i, scratch, Carry::Login).is_ok_and(|e| e.verdict.is_good()));
    disk::remove_tree(scratch)?;
    Ok(good)
}

fn keep_newest_good(old: &[Old], session: &Session, vault: &mut Vault, scratch: &Path) -> Result<Option<PathBuf>> {
    let mut newest_first = old.to_vec();
    newest_first.sort_by_key(|o| std::cmp::Reverse(o.made));
    for archive in newest_first {
        if is_good(&archive.path, session, scratch)? {
            return vault.take_in(&archive.path, archive.made).map(Some);
        }
    }
    Ok(None)
}

/// The archives in a folder whose names are those of the earlier scripts, oldest first.
///
/// # Errors
/// `Io`.
pub fn old_archives(dir: &Path) -> Result<Vec<Old>> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).at("listing", dir)? {
        let item = item.at("listing", dir)?;
        let Some(made) = item.file_name().to_str().and_then(time_in) else { continue };
        let meta = item.metadata().at("reading", &item.path())?;
        if meta.is_file() {
            found.push(Old { path: item.path(), made, bytes: meta.len() });
        }
    }
    found.sort_by_key(|o| o.made);
    Ok(found)
}

/// The time in `whatsapp_auth_<time>.tar.gz` (`-` for `_` as well); `None` for every other name, whoever gave it.
fn time_in(name: &str) -> Option<Timestamp> {
    let rest = name.strip_prefix("whatsapp_auth")?.strip_suffix(".tar.gz")?;
    let middle = rest.strip_prefix(['_', '-'])?;
    let digits_only = middle.bytes().all(|b| b.is_ascii_digit());
    if digits_only && matches!(middle.len(), 10 | 13) {
        let number: i64 = middle.parse().ok()?;
        let seconds = if middle.len() == 13 { number / 1000 } else { number };
        return Timestamp::from_second(seconds).ok();
    }
    let middle = middle.replace('_', "-");
    // 20250101-120000, 2025-01-01T12-00-00-000Z, 2025-01-01T12-00-00Z, 2025-01-01-12-00-00
    let forms = ["%Y%m%d-%H%M%S", "%Y-%m-%dT%H-%M-%S", "%Y-%m-%d-%H-%M-%S", "%Y%m%dT%H%M%S"];
    let bare = middle.strip_suffix('Z').unwrap_or(&middle);
    let without_ms = bare.rsplit_once('-').filter(|(_, ms)| ms.len() == 3).map_or(bare, |(head, _)| head);
    let time = forms.iter().find_map(|f| DateTime::strptime(f, without_ms).ok())?;
    // `date` gives the time here, JavaScript's toISOString that of UTC and says so.
    let zone = if middle.ends_with('Z') { TimeZone::UTC } else { TimeZone::system() };
    time.to_zoned_datetime(zone).ok().map(|z| z.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_time_are_old_archives() {
        for name in [
            "whatsapp_auth_20250101_120000.tar.gz",
            "whatsapp_auth-20250101-120000.tar.gz",
            "whatsapp_auth_2025-01-01T12-00-00-000Z.tar.gz",
            "whatsapp_auth_1735732800000.tar.gz",
        ] {
            let time = time_in(name).unwrap_or_else(|| panic!("{name}"));
            let apart = time.as_second() - "2025-01-01T12:00:00Z".parse::<Timestamp>().unwrap().as_second();
            assert!(apart.abs() <= 14 * 3600, "{name}: at most a time zone apart");
            assert!(apart == 0 || !name.contains('Z'), "{name}");
        }
        for name in [
            "whatsapp_auth_latest.tar.gz",
            "whatsapp_auth_latest.shop.tar.gz",
            "backup_20250101_120000.tar.gz",
            "whatsapp_auth_before_update.tar.gz",
            "whatsapp_auth_20251301_120000.tar.gz",
            "whatsapp_auth_20250101_120000_good.tar.gz",
            "whatsapp_auth_20250101_120000.tar.gz.bak",
            "my_whatsapp_auth_20250101_120000.tar.gz",
        ] {
            assert_eq!(time_in(name), None, "{name}");
        }
    }
}
