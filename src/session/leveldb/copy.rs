//! A consistent copy of a database that its program is writing to.
//!
//! Tables never change once written, so they are linked, first of all: from then on a compaction can delete them
//! as it likes. Then `CURRENT` and the MANIFEST are copied, then the logs it needs, oldest first: when two are
//! listed, the older one is already complete, so the copies have no hole; whatever is written later is simply not
//! in the copy. Last, tables that the copied MANIFEST names and the first pass didn't see are linked, and those
//! it doesn't name are let go: they were still being built, or are no longer in use.
//!
//! A record that was being written during the copy is cut off. LevelDB itself would skip it, but Chromium appends
//! to the log it finds (`reuse_logs`): behind half a record, which makes the database unreadable at the start
//! after the next. Measured with Chromium 156: the login was gone at the second start.

use super::log::{Ending, replay};
use super::manifest::{self, Version};
use super::{logs, table_names};
use crate::disk;
use crate::error::{At, Error, Result};
use crate::tree::is_vanished;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

/// A compaction in the middle of a copy takes away what it needs; the next try finds the files after it.
const TRIES: u32 = 5;

/// Copies the database in folder `live` into the new folder `into`. An error may still only mean that the program was
/// in the middle of something.
pub fn copy(live: &Path, into: &Path) -> Result<()> {
    let mut last = attempt(live, into);
    for _ in 1..TRIES {
        if last.is_ok() || !live.is_dir() {
            break;
        }
        disk::remove_tree(into)?;
        last = attempt(live, into);
    }
    last
}

fn attempt(live: &Path, into: &Path) -> Result<()> {
    disk::make_dir(into)?;
    let mut linked = link_all_tables(live, into)?;
    let version = copy_manifest(live, into)?;
    for name in logs(live, &version)?.values() {
        disk::copy_file(&live.join(name), &into.join(name))?;
        cut_torn_tail(&into.join(name))?;
    }
    for (number, size) in &version.tables {
        if !linked.remove(number) {
            link_table(live, into, *number)?;
        }
        require_size(into, *number, *size)?;
    }
    for number in linked {
        for name in table_names(number) {
            disk::remove_file(&into.join(name))?;
        }
    }
    require_same_current(live, into)?;
    require_all_logs(into)
}

/// The number in the name of a table, `000012.ldb` or `.sst`.
pub fn table_number(name: &str) -> Option<u64> {
    name.strip_suffix(".ldb").or_else(|| name.strip_suffix(".sst")).and_then(super::number)
}

fn link_all_tables(live: &Path, into: &Path) -> Result<BTreeSet<u64>> {
    let mut linked = BTreeSet::new();
    for item in fs::read_dir(live).at("listing", live)? {
        let name = item.at("listing", live)?.file_name();
        let Some(number) = name.to_str().and_then(table_number) else {
            continue;
        };
        match disk::link_or_copy(&live.join(&name), &into.join(&name)) {
            Err(e) if is_vanished(&e) => {}
            other => {
                other?;
                linked.insert(number);
            }
        }
    }
    Ok(linked)
}

fn copy_manifest(live: &Path, into: &Path) -> Result<Version> {
    disk::copy_file(&live.join("CURRENT"), &into.join("CURRENT"))?;
    let path = into.join("CURRENT");
    let current = fs::read(&path).at("reading", &path)?;
    let name = manifest::named_by(&current).ok_or_else(|| unready(&path, "CURRENT names no MANIFEST"))?;
    disk::copy_file(&live.join(name), &into.join(name))?;
    cut_torn_tail(&into.join(name))?;
    match manifest::read(into)? {
        (Some(version), _) => Ok(version),
        (None, findings) => Err(unready(&into.join(name), &format!("{findings:?}"))),
    }
}

/// Cuts an incomplete last record off a log or MANIFEST of ours. Says whether there was one.
fn cut_torn_tail(path: &Path) -> Result<bool> {
    let file = File::options().read(true).write(true).open(path).at("opening", path)?;
    let Ending::Torn(offset) = replay(&file, &mut |_, _| Ok(())).at("reading", path)? else {
        return Ok(false);
    };
    file.set_len(offset).at("shortening", path)?;
    Ok(true)
}

/// Cuts incomplete last records off all logs and the MANIFEST of a still copy (never of a live database), as
/// [`copy()`] does: for copies that others made. Returns the names of the files that had one.
pub fn cut_torn_tails(dir: &Path) -> Result<Vec<String>> {
    let (Some(version), _) = manifest::read(dir)? else {
        return Ok(Vec::new());
    };
    let mut cut = Vec::new();
    for name in logs(dir, &version)?.into_values().chain([version.manifest]) {
        if cut_torn_tail(&dir.join(&name))? {
            cut.push(name);
        }
    }
    Ok(cut)
}

fn link_table(live: &Path, into: &Path, number: u64) -> Result<()> {
    let names = table_names(number);
    let name = names.iter().find(|name| disk::exists(&live.join(name))).unwrap_or(&names[0]);
    disk::link_or_copy(&live.join(name), &into.join(name))
}

fn require_size(into: &Path, number: u64, size: u64) -> Result<()> {
    let found = table_names(number).iter().find_map(|name| fs::metadata(into.join(name)).ok());
    match found.map(|meta| meta.len()) {
        Some(found) if found >= size => Ok(()),
        found => Err(unready(into, &format!("table {number}: {found:?} of {size} bytes"))),
    }
}

/// A log may have been deleted between the copies of MANIFEST and logs.
fn require_all_logs(into: &Path) -> Result<()> {
    match super::progress(into)? {
        Some(_) => Ok(()),
        None => Err(unready(into, "a log is missing, or what it begins with")),
    }
}

/// A program that opened the database meanwhile has begun a new MANIFEST, and may have deleted what the old one
/// needs.
fn require_same_current(live: &Path, into: &Path) -> Result<()> {
    let path = live.join("CURRENT");
    let (now, then) = (fs::read(&path).at("reading", &path)?, fs::read(into.join("CURRENT")).at("reading", into)?);
    if now == then { Ok(()) } else { Err(unready(&path, "the database was opened anew")) }
}

fn unready(path: &Path, what: &str) -> Error {
    Error::Io {
        doing: "copying",
        path: path.to_owned(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned()),
    }
}
