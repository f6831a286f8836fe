//! A LevelDB database, read without ever writing: whether it is whole, how far it has come, and the entries a
//! caller asks for. A library that opens a database writes to it; this one doesn't, so it also reads what a
//! running program writes at the same time, as far as that can be read.
//!
//! Paths in findings are relative to the database's folder.

mod batch;
mod coding;
mod copy;
mod log;
mod manifest;
mod table;

pub use coding::{Cursor, Op};
pub use copy::{copy, cut_torn_tails, table_number};
pub use manifest::Version;
pub use table::Entry;

use crate::error::{At, Result};
use crate::tree::is_vanished;
use crate::verdict::{Code, Finding};
use batch::Span;
use log::Ending;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Which keys a caller wants: everything else is checked and forgotten, so memory follows the answer's size.
pub type Wanted<'a> = &'a (dyn Fn(&[u8]) -> bool + Sync);

/// What was found in a database.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What its MANIFEST says, if it can be read.
    pub version: Option<Version>,
    /// The last sequence number after replaying the logs.
    pub last_sequence: u64,
    /// The wanted entries that are alive: key → value.
    pub entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// How far a database has come, from its MANIFEST and logs alone.
#[derive(Debug, Clone)]
pub struct Point {
    /// What its MANIFEST says.
    pub version: Version,
    /// The last sequence number after replaying the logs.
    pub last_sequence: u64,
}

/// Reads a still database whole: every checksum of every file its MANIFEST names, every blob of the logs.
pub fn read(dir: &Path, wanted: Wanted<'_>) -> Result<Reading> {
    let (version, findings) = manifest::read(dir)?;
    let Some(version) = version else {
        return Ok(Reading { findings, ..Reading::default() });
    };
    let mut newest = Newest::default();
    let mut reading = Reading { findings, ..Reading::default() };
    reading.last_sequence = replay_logs(dir, &version, &mut reading.findings, &mut |entry| {
        if wanted(entry.key) {
            newest.add(entry);
        }
    })?;
    scan_tables(dir, &version, wanted, &mut newest, &mut reading.findings)?;
    reading.entries = newest.alive();
    reading.version = Some(version);
    Ok(reading)
}

/// How far a database has come that may be written to meanwhile. `None` where it can't be told just now.
pub fn progress(dir: &Path) -> Result<Option<Point>> {
    let (Some(version), _) = manifest::read(dir)? else {
        return Ok(None);
    };
    let mut findings = Vec::new();
    let last_sequence = replay_logs(dir, &version, &mut findings, &mut |_| ())?;
    let whole = findings.iter().all(|f| f.code == Code::LogTailTorn);
    Ok(whole.then_some(Point { version, last_sequence }))
}

/// The number in the name of a log, `000012.log`.
fn log_number(name: &str) -> Option<u64> {
    name.strip_suffix(".log").and_then(number)
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The logs that an opening replays, oldest first.
fn logs(dir: &Path, version: &Version) -> Result<BTreeMap<u64, String>> {
    let mut found = BTreeMap::new();
    for item in fs::read_dir(dir).at("listing", dir)? {
        let name = item.at("listing", dir)?.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some(number) = log_number(name).filter(|n| version.needs_log(*n)) {
            found.insert(number, name.to_owned());
        }
    }
    Ok(found)
}

fn replay_logs(
    dir: &Path,
    version: &Version,
    findings: &mut Vec<Finding>,
    visit: &mut dyn FnMut(Entry<'_>),
) -> Result<u64> {
    let logs = logs(dir, version)?;
    findings.extend(missing_log(version, &logs));
    let mut last = version.last_sequence;
    // Batches of the first log may be older than the MANIFEST, never a hole newer.
    let mut expected = None;
    for name in logs.values() {
        let log = replay_log(&dir.join(name), visit)?;
        findings.extend(log.finding(name));
        let Some(span) = log.first else { continue };
        let hole = match expected {
            Some(next) => span.start != next,
            None => span.start > version.last_sequence + 1,
        };
        if hole {
            let next = expected.unwrap_or(version.last_sequence + 1);
            findings.push(Finding::new(Code::LogHole, name, format!("{next}..{}", span.start)));
        }
        expected = Some(log.last + 1);
        last = last.max(log.last);
    }
    Ok(last)
}

/// The log that must be there. A database that was never compacted nor opened twice says 0: it has one of any number.
fn missing_log(version: &Version, logs: &BTreeMap<u64, String>) -> Option<Finding> {
    let there = match version.log_number {
        0 => !logs.is_empty() || !version.tables.is_empty(),
        number => logs.contains_key(&number),
    };
    (!there).then(|| Finding::new(Code::LogMissing, format!("{:06}.log", version.log_number), ""))
}

/// What one log held.
struct Log {
    first: Option<Span>,
    last: u64,
    ending: Ending,
}

impl Log {
    fn finding(&self, name: &str) -> Option<Finding> {
        match &self.ending {
            Ending::Whole => None,
            Ending::Torn(offset) => Some(Finding::new(Code::LogTailTorn, name, format!("offset {offset}"))),
            Ending::Damaged { offset, what } => {
                Some(Finding::new(Code::LogDamaged, name, format!("offset {offset}: {what}")))
            }
        }
    }
}

fn replay_log(path: &Path, visit: &mut dyn FnMut(Entry<'_>)) -> Result<Log> {
    let file = File::open(path).at("opening", path)?;
    let (mut first, mut last) = (None, 0);
    let ending = log::replay(file, &mut |_, record| {
        let span = batch::read(record, visit)?;
        first.get_or_insert(span);
        last = span.last();
        Ok(())
    });
    Ok(Log { first, last, ending: ending.at("reading", path)? })
}

/// The newest write of each wanted key.
#[derive(Default)]
struct Newest(HashMap<Vec<u8>, (u64, Option<Vec<u8>>)>);

impl Newest {
    fn add(&mut self, entry: Entry<'_>) {
        let value = || (entry.op == Op::Put).then(|| entry.value.to_vec());
        match self.0.get_mut(entry.key) {
            Some(known) if known.0 >= entry.sequence => {}
            Some(known) => *known = (entry.sequence, value()),
            None => drop(self.0.insert(entry.key.to_vec(), (entry.sequence, value()))),
        }
    }

    fn merge(&mut self, other: Newest) {
        for (key, theirs) in other.0 {
            let ours = self.0.entry(key).or_insert((0, None));
            if theirs.0 >= ours.0 {
                *ours = theirs;
            }
        }
    }

    fn alive(self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.0.into_iter().filter_map(|(key, (_, value))| Some((key, value?))).collect()
    }
}

/// Two: the machines bots run on have few cores, and each thread holds a table in memory.
const SCANNERS: usize = 2;

fn scan_tables(
    dir: &Path,
    version: &Version,
    wanted: Wanted<'_>,
    newest: &mut Newest,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let tables: Vec<_> = version.tables.iter().map(|(n, size)| (*n, *size)).collect();
    let next = AtomicUsize::new(0);
    let scan = || {
        let (mut newest, mut findings, mut buffer) = (Newest::default(), Vec::new(), Vec::new());
        while let Some((number, size)) = tables.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(name) = read_table(dir, *number, &mut buffer)? else {
                findings.push(Finding::new(Code::TableMissing, format!("{number:06}.ldb"), ""));
                continue;
            };
            findings.extend(scan_table(name, &buffer, *size, wanted, &mut newest));
        }
        Ok((newest, findings))
    };
    let results: Vec<Result<_>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..SCANNERS.min(tables.len())).map(|_| scope.spawn(scan)).collect();
        handles.into_iter().map(|h| h.join().expect("scanning doesn't panic")).collect()
    });
    for result in results {
        let (theirs, found) = result?;
        newest.merge(theirs);
        findings.extend(found);
    }
    Ok(())
}

fn scan_table(name: String, bytes: &[u8], size: u64, wanted: Wanted<'_>, newest: &mut Newest) -> Option<Finding> {
    // What lies behind the length that the MANIFEST gives is never read, by LevelDB neither.
    let Some(bytes) = usize::try_from(size).ok().and_then(|size| bytes.get(..size)) else {
        return Some(Finding::new(Code::TableSize, name, format!("{} of {size} bytes", bytes.len())));
    };
    let scanned = table::scan(bytes, &mut |entry| {
        if wanted(entry.key) {
            newest.add(entry);
        }
    });
    scanned.err().map(|what| Finding::new(Code::TableDamaged, name, what))
}

/// A table's names: today's, and the one of LevelDB before 1.14.
fn table_names(number: u64) -> [String; 2] {
    [format!("{number:06}.ldb"), format!("{number:06}.sst")]
}

/// Reads a table into the buffer; gives its name, or `None` where it is missing.
fn read_table(dir: &Path, number: u64, buffer: &mut Vec<u8>) -> Result<Option<String>> {
    buffer.clear();
    for name in table_names(number) {
        let path = dir.join(&name);
        match File::open(&path).at("opening", &path) {
            Err(e) if is_vanished(&e) => {}
            file => {
                file?.read_to_end(buffer).at("reading", &path)?;
                return Ok(Some(name));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
