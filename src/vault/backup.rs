//! One archive kept in a vault: what its name and its label say.

use super::label::Label;
use super::retention::Why;
use crate::archive;
use crate::disk;
use crate::error::{At, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fs;
use std::path::{Path, PathBuf};

/// How an archive came into the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// wakeep made it of the session; with its generation.
    Generation(u64),
    /// Somebody put it at the archive's path.
    Arrived,
    /// What stood before a restore.
    BeforeRestore,
}

/// How the name of a difference ends.
pub const DIFFERENCE: &str = ".difference";

/// An archive in the vault.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Where it lies.
    pub path: PathBuf,
    /// How it came here.
    pub origin: Origin,
    /// When it was made or came.
    pub made: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// What it says of itself; none for archives made elsewhere and for damaged ones.
    pub label: Option<Label>,
    /// Of a difference: the archive it is read with, whether that is there or not.
    pub base: Option<PathBuf>,
    /// Why it stays, as far as the last tidying said.
    pub why: Option<Why>,
}

impl Backup {
    /// Reads what a file in the vault is from its name and label; `None` for anything that is no backup.
    pub fn read(path: &Path) -> Result<Option<Backup>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some((origin, made)) = parse(&name) else { return Ok(None) };
        let bytes = fs::metadata(path).at("reading", path)?.len();
        let label = label_of(path);
        let base = if is_difference(path) { archive::base_of(path) } else { None };
        Ok(Some(Backup { path: path.to_owned(), origin, made, bytes, label, base, why: None }))
    }

    /// Whether it may be restored without being asked for by name: good by its label, or not yet looked at. A difference
    /// that can't be read, or not without its base, is tried as well, so that it is told of.
    pub fn may_be_good(&self) -> bool {
        let unknown = self.origin == Origin::Arrived || self.is_difference();
        self.label.as_ref().map_or(unknown, Label::is_good)
    }

    /// Whether it is read with another one.
    pub fn is_difference(&self) -> bool {
        is_difference(&self.path)
    }

    /// Its generation, where it has one.
    pub fn generation(&self) -> Option<u64> {
        match self.origin {
            Origin::Generation(n) => Some(n),
            Origin::Arrived | Origin::BeforeRestore => None,
        }
    }
}

/// Whether a file in a vault is a difference, by its name.
pub fn is_difference(path: &Path) -> bool {
    path.extension().is_some_and(|e| *e == DIFFERENCE[1..])
}

/// The label of one of our archives; none for any other file.
pub fn label_of(path: &Path) -> Option<Label> {
    let said = archive::said(path).ok()?;
    Label::from_bytes(&said.label, path).ok()
}

/// The name a backup gets: sortable, its time in UTC.
pub fn name(origin: Origin, made: Timestamp, ending: &str) -> String {
    let time = made.strftime("%Y%m%dT%H%M%SZ").to_string();
    match origin {
        Origin::Generation(n) => format!("g{n:06}_{time}{ending}"),
        Origin::Arrived => format!("arrived_{time}{ending}"),
        Origin::BeforeRestore => format!("before_restore_{time}{ending}"),
    }
}

/// `.zip` for a RemoteAuth archive, else `.tar.gz`.
pub fn ending_of(path: &Path) -> &'static str {
    if path.extension().is_some_and(|e| e == "zip") { ".zip" } else { ".tar.gz" }
}

fn parse(name: &str) -> Option<(Origin, Timestamp)> {
    let stem = [".tar.gz", ".zip", DIFFERENCE].iter().find_map(|ending| name.strip_suffix(ending))?;
    let (what, time) = stem.rsplit_once('_')?;
    // A second file of the same second carries a number behind the time.
    let time = time.split('-').next()?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
    let time = time.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp();
    let origin = match what {
        "arrived" => Origin::Arrived,
        "before_restore" => Origin::BeforeRestore,
        other => Origin::Generation(other.strip_prefix('g')?.parse().ok()?),
    };
    Some((origin, time))
}

/// A free path in `dir` for a backup of that name; one that is taken gets a number.
pub fn free_path(dir: &Path, origin: Origin, made: Timestamp, ending: &str) -> PathBuf {
    let plain = name(origin, made, ending);
    let stem = plain.strip_suffix(ending).unwrap_or(&plain).to_owned();
    let numbered = (2..).map(|n| format!("{stem}-{n}{ending}"));
    let mut names = std::iter::once(plain).chain(numbered).map(|n| dir.join(n));
    names.find(|p| !disk::exists(p)).expect("the numbers don't end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let time: Timestamp = "2026-11-24T12:04:12Z".parse().unwrap();
        for origin in [Origin::Generation(12), Origin::Arrived, Origin::BeforeRestore] {
            assert_eq!(parse(&name(origin, time, ".tar.gz")), Some((origin, time)));
        }
        assert_eq!(name(Origin::Generation(12), time, ".tar.gz"), "g000012_20261124T120412Z.tar.gz");
        assert_eq!(parse("arrived_20261124T120412Z-2.zip"), Some((Origin::Arrived, time)));
        assert_eq!(parse("backup_20250101_120000.tar.gz"), None);
    }
}
