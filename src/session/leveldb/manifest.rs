//! Which files a database consists of: `CURRENT` names a MANIFEST, whose records, applied in turn, give the
//! version. Not the files themselves.
//!
//! Source: LevelDB's `db/version_edit.cc`, `db/version_set.cc` (`VersionSet::Recover`), `db/filename.cc`.

use super::coding::Cursor;
use super::log::{Ending, replay};
use crate::error::{At, Result};
use crate::tree::is_vanished;
use crate::verdict::{Code, Finding};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The state of a database as its MANIFEST tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version {
    /// The MANIFEST's file name.
    pub manifest: String,
    /// The name of the order of keys.
    pub comparator: String,
    /// Logs from this number on are not in the tables yet.
    pub log_number: u64,
    /// One older log that isn't either; 0 for none.
    pub prev_log_number: u64,
    /// The last sequence number when the MANIFEST was written.
    pub last_sequence: u64,
    /// The tables: number → bytes.
    pub tables: BTreeMap<u64, u64>,
}

impl Version {
    /// Whether the log of this number is replayed when the database is opened.
    pub fn needs_log(&self, number: u64) -> bool {
        number >= self.log_number || (number == self.prev_log_number && number != 0)
    }
}

/// The file name in the content of `CURRENT`.
pub fn named_by(current: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(current).ok()?.strip_suffix('\n')?;
    let number = name.strip_prefix("MANIFEST-")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(name)
}

/// Reads `CURRENT` and the MANIFEST it names. Without a version the findings say why.
pub fn read(dir: &Path) -> Result<(Option<Version>, Vec<Finding>)> {
    let current = dir.join("CURRENT");
    let content = match fs::read(&current).at("reading", &current) {
        Err(e) if is_vanished(&e) => return Ok(failed(Code::CurrentInvalid, "CURRENT", "missing")),
        other => other?,
    };
    let Some(name) = named_by(&content) else {
        return Ok(failed(Code::CurrentInvalid, "CURRENT", "names no MANIFEST"));
    };
    let path = dir.join(name);
    let file = match File::open(&path).at("opening", &path) {
        Err(e) if is_vanished(&e) => return Ok(failed(Code::ManifestMissing, name, "")),
        other => other?,
    };
    let mut building = Building::default();
    let ending = replay(file, &mut |_, record| building.apply(record).ok_or("an edit that can't be"));
    match ending.at("reading", &path)? {
        Ending::Damaged { offset, what } => {
            Ok(failed(Code::ManifestDamaged, name, &format!("offset {offset}: {what}")))
        }
        ending => Ok(match building.finish(name) {
            None => failed(Code::ManifestDamaged, name, "ends before it says the state"),
            Some(version) => (Some(version), torn(name, &ending)),
        }),
    }
}

fn torn(name: &str, ending: &Ending) -> Vec<Finding> {
    match ending {
        Ending::Torn(offset) => vec![Finding::new(Code::LogTailTorn, name, format!("offset {offset}"))],
        _ => Vec::new(),
    }
}

fn failed(code: Code, name: &str, detail: &str) -> (Option<Version>, Vec<Finding>) {
    (None, vec![Finding::new(code, PathBuf::from(name), detail)])
}

#[derive(Default)]
struct Building {
    version: Version,
    tables: BTreeMap<(u64, u64), u64>,
    log_number: Option<u64>,
    next_file: Option<u64>,
    last_sequence: Option<u64>,
}

const LEVELS: u64 = 7;

impl Building {
    fn apply(&mut self, edit: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(edit);
        let mut added = Vec::new();
        while !cursor.is_empty() {
            match cursor.varint()? {
                1 => self.version.comparator = String::from_utf8(cursor.prefixed()?.to_vec()).ok()?,
                2 => self.log_number = Some(cursor.varint()?),
                3 => self.next_file = Some(cursor.varint()?),
                4 => self.last_sequence = Some(cursor.varint()?),
                5 => {
                    level(&mut cursor)?;
                    cursor.prefixed()?;
                }
                6 => {
                    self.tables.remove(&(level(&mut cursor)?, cursor.varint()?));
                }
                7 => {
                    added.push(((level(&mut cursor)?, cursor.varint()?), cursor.varint()?));
                    cursor.prefixed()?;
                    cursor.prefixed()?;
                }
                9 => self.version.prev_log_number = cursor.varint()?,
                _ => return None,
            }
        }
        self.tables.extend(added);
        Some(())
    }

    fn finish(self, manifest: &str) -> Option<Version> {
        self.next_file?;
        Some(Version {
            manifest: manifest.to_owned(),
            log_number: self.log_number?,
            last_sequence: self.last_sequence?,
            tables: self.tables.into_iter().map(|((_, number), size)| (number, size)).collect(),
            ..self.version
        })
    }
}

fn level(cursor: &mut Cursor<'_>) -> Option<u64> {
    cursor.varint().filter(|level| *level < LEVELS)
}
