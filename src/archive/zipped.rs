//! Zips, as whatsapp-web.js's RemoteAuth makes them: read entry by entry, held to the same rules as a tar.

use super::entry::{Body, Head, Visit};
use super::guard::hostile;
use super::names;
use super::read::{Place, Source, Stream, unreadable};
use crate::error::{Error, Result};
use crate::platform::paths;
use crate::tree::EntryKind;
use jiff::civil;
use jiff::tz::TimeZone;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use zip::read::{Config, ZipFile};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;
use zip::{DateTime, System, ZipReadOptions};

type Entry<'z, 'f> = ZipFile<'z, BufReader<Place<'f>>>;

/// The file type in a Unix mode, and those of a folder, a regular file and a link.
const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// Calls `visit` for every entry.
pub fn walk(path: &Path, file: &File, visit: &mut Visit) -> Result<()> {
    let reader = || BufReader::new(Place::start(file));
    // Names and sizes stand in a zip twice; where the two differ, two programs would unpack different things.
    let mut zip = ZipIterable::try_new(reader(), Config::default())
        .map_err(|e| broken(path, e))?
        .enforce_header_consistency(true);
    let mut entries = zip.files_with_reader(reader(), ZipReadOptions::new()).map_err(|e| broken(path, e))?;
    while let Some(entry) = entries.next() {
        visit_one(path, entry.map_err(|e| broken(path, e))?, visit)?;
    }
    Ok(())
}

fn visit_one(path: &Path, entry: Entry, visit: &mut Visit) -> Result<()> {
    let raw = name(&entry);
    let kind = kind(&entry);
    let size = entry.size();
    if size > 0 && kind == EntryKind::Dir {
        return Err(hostile(path, "a folder with content", &raw));
    }
    let name = names::clean(&raw).map_err(|what| hostile(path, what, &raw))?;
    if paths::to_bytes(&name).is_empty() && kind != EntryKind::Dir {
        return Err(hostile(path, "an entry without a name", &raw));
    }
    let mtime = entry.last_modified().and_then(seconds).unwrap_or(0);
    let head = Head { name, kind, size, mtime: (mtime, 0), at: entry.header_start() };
    let mut content = Stream::new(path, entry);
    let mut body = Body::new(path, &mut content, size);
    visit(&head, &mut body)?;
    body.skip()?;
    // The end must be reached: there the checksum is looked at, and there a lie about the size shows.
    if content.chunk()?.is_empty() { Ok(()) } else { Err(hostile(path, "an entry longer than it says", &raw)) }
}

/// Names have `/` between their parts (APPNOTE.TXT, 4.4.17.1). Windows' own programs of old, `Compress-Archive` of PowerShell
/// 5.1 among them, write `\` all the same; where it was made on Unix, that is a letter.
fn name(entry: &Entry) -> Vec<u8> {
    let raw = entry.name_raw().to_vec();
    if entry.system() == System::Dos { names::slashed(raw) } else { raw }
}

fn kind(entry: &Entry) -> EntryKind {
    match entry.unix_mode().map(|mode| mode & TYPE) {
        Some(LINK) => EntryKind::Link,
        _ if entry.is_dir() => EntryKind::Dir,
        Some(FOLDER) => EntryKind::Dir,
        Some(REGULAR | 0) | None => EntryKind::File,
        Some(_) => EntryKind::Other,
    }
}

/// A zip's times have no zone; they are taken for UTC.
fn seconds(time: DateTime) -> Option<i64> {
    let part = |n: u8| i8::try_from(n).ok();
    let (year, month, day) = (i16::try_from(time.year()).ok()?, part(time.month())?, part(time.day())?);
    let (hour, minute, second) = (part(time.hour())?, part(time.minute())?, part(time.second())?);
    let civil = civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok().map(|t| t.as_second())
}

fn broken(path: &Path, e: ZipError) -> Error {
    match e {
        ZipError::Io(e) => unreadable(path, e),
        other => Error::damaged(path, other.to_string()),
    }
}
