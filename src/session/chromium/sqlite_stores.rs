//! The login stores in their coming layout: Local Storage as one SQLite file, IndexedDB as a folder with one for
//! each database. Chromium 156 writes them behind flags.
//!
//! Source: the tables as Chromium 156 makes them; key order and encodings by `EncodeSortableIDBKey`; compression by
//! `components/services/storage/public/cpp/compression.h`.

use super::layout::{Key, PROFILE, RecordName, WHATSAPP};
use super::stores::{Databases, Items, Store, is_there, storage_text};
use super::value::version_in;
use crate::disk;
use crate::error::{At, Result};
use crate::session::snappy::unpacked;
use crate::session::sqlite::{self, Opened, Point};
use crate::session::{Progress, Vector};
use crate::tree::is_vanished;
use crate::verdict::{Code, Finding};
use rusqlite::{Connection, OptionalExtension};
use std::fs;
use std::path::{Path, PathBuf};

/// Reads Local Storage as SQLite; `None` where there is none.
pub fn local_storage(profile: &Path) -> Result<Option<Store<Items>>> {
    let path = Path::new(&PROFILE.login.local_storage_sqlite);
    if !is_there(&profile.join(path))? {
        return Ok(None);
    }
    let mut store = Store::default();
    if let Some(opened) = open(profile, path, &mut store)? {
        let items = items(&opened.connection);
        store.content = conclude(items, path, &mut store.findings);
    }
    Ok(Some(store))
}

/// Reads IndexedDB as SQLite; `None` where there is none.
pub fn indexed_db(profile: &Path) -> Result<Option<Store<Databases>>> {
    let files = databases(profile)?;
    if files.is_empty() {
        return Ok(None);
    }
    let (mut store, mut found, mut all_known) = (Store::default(), Databases::default(), true);
    for path in files {
        let Some(opened) = open(profile, &path, &mut store)? else { continue };
        let read = add_database(&opened.connection, &mut found);
        all_known &= conclude(read, &path, &mut store.findings).is_some();
        store.findings.extend(check_blobs(profile, &path, &opened.connection)?);
    }
    store.content = all_known.then_some(found);
    Ok(Some(store))
}

/// The files of IndexedDB, one a database, relative to the profile.
pub fn databases(profile: &Path) -> Result<Vec<PathBuf>> {
    let folder = Path::new(&PROFILE.login.indexed_db_sqlite);
    let full = profile.join(folder);
    let list = match fs::read_dir(&full).at("listing", &full) {
        Err(e) if is_vanished(&e) => return Ok(Vec::new()),
        list => list?,
    };
    let mut found = Vec::new();
    for item in list {
        let item = item.at("listing", &full)?;
        let is_file = item.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && item.file_name().as_encoded_bytes().iter().all(u8::is_ascii_alphanumeric) {
            found.push(folder.join(item.file_name()));
        }
    }
    found.sort();
    Ok(found)
}

/// The folder of a database's blobs that were moved here from the old layout.
pub fn legacy_blobs(database: &Path) -> PathBuf {
    sqlite::beside(database, "_")
}

fn open<T>(profile: &Path, path: &Path, store: &mut Store<T>) -> Result<Option<Opened>> {
    let db = profile.join(path);
    if let Some(point) = Point::read(&db)? {
        store.vector.extend(progress(path, &point));
    }
    // One that a kill left beside an earlier copy is a key to the account.
    match sqlite::open(&db, &disk::unfinished(profile, "second")?)? {
        Err(what) => {
            store.findings.push(Finding::new(Code::DatabaseDamaged, path, what));
            Ok(None)
        }
        Ok(opened) => {
            let findings = sqlite::check(&db, &opened, path)?;
            let whole = findings.is_empty();
            store.findings.extend(findings);
            Ok(whole.then_some(opened))
        }
    }
}

/// How far a database has come.
pub fn progress(path: &Path, point: &Point) -> Vector {
    let progress = Progress { incarnation: String::new(), sequence: point.sequence(), content: point.content() };
    Vector::from([(path.to_string_lossy().into_owned(), progress)])
}

/// A database whose tables are others than expected isn't known; that says nothing about the login.
fn conclude<T>(read: rusqlite::Result<T>, path: &Path, findings: &mut Vec<Finding>) -> Option<T> {
    read.map_err(|e| findings.push(Finding::new(Code::LayoutUnknown, path, e.to_string()))).ok()
}

fn items(db: &Connection) -> rusqlite::Result<Items> {
    let storage_key = format!("{}/", WHATSAPP.origin);
    let mut query = db.prepare(
        "SELECT e.key, e.value_compression_type, e.value FROM map_entries e JOIN maps m ON m.row_id = e.map_id \
         WHERE m.storage_key = CAST(?1 AS BLOB)",
    )?;
    let rows = query.query_map([storage_key], |row| {
        let (key, compression, value): (Vec<u8>, u8, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let value = plain(compression, value).and_then(|value| storage_text(&value));
        // An item that is there but can't be read here stays an item: its form is unknown then.
        Ok(storage_text(&key).map(|key| (key, value.unwrap_or_default())))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// A value out of its compression; zstd, which only bigger values get, isn't read here.
fn plain(compression: u8, value: Vec<u8>) -> Option<Vec<u8>> {
    match compression {
        0 => Some(value),
        2 => unpacked(&value).ok(),
        _ => None,
    }
}

fn add_database(db: &Connection, found: &mut Databases) -> rusqlite::Result<()> {
    let name: Vec<u8> = db.query_row("SELECT name FROM indexed_db_metadata", [], |row| row.get(0))?;
    let name = utf16(&name);
    let mut query = db.prepare("SELECT id, name FROM object_stores")?;
    let stores: Vec<(i64, String)> =
        query.query_map([], |row| Ok((row.get(0)?, utf16(&row.get::<_, Vec<u8>>(1)?))))?.collect::<Result<_, _>>()?;
    for wanted in WHATSAPP.indexed_db.all().filter(|record| record.database == name) {
        for (id, _) in stores.iter().filter(|(_, store)| *store == wanted.store) {
            if let Some(value) = record(db, *id, &wanted)? {
                found.records.insert(wanted.clone(), value);
            }
        }
    }
    let versions = &WHATSAPP.indexed_db.version;
    for (id, _) in stores.iter().filter(|(_, store)| name == versions.database && *store == versions.store) {
        found.version = version(db, *id)?.or(found.version.take());
    }
    found.stores.insert(name, stores.into_iter().map(|(_, store)| store).collect());
    Ok(())
}

/// The version that a store of settings tells.
fn version(db: &Connection, store: i64) -> rusqlite::Result<Option<String>> {
    let mut query = db.prepare("SELECT key, compression_type, value FROM records WHERE object_store_id = ?1")?;
    let mut rows = query.query([store])?;
    while let Some(row) = rows.next()? {
        let key = text_of(&row.get::<_, Vec<u8>>(0)?).map(Key::Text);
        if key.is_some_and(|key| WHATSAPP.indexed_db.version.may_have(&key))
            && let Some(version) = value_of(row.get(1)?, row.get(2)?).and_then(|value| version_in(&value))
        {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

fn record(db: &Connection, store: i64, name: &RecordName) -> rusqlite::Result<Option<Vec<u8>>> {
    let query = "SELECT compression_type, value FROM records WHERE object_store_id = ?1 AND key = ?2";
    let row = db.query_row(query, (store, sortable(&name.key)), |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
    Ok(row.optional()?.map(|(compression, value)| value_of(compression, value).unwrap_or_default()))
}

/// A record's value; what isn't packed by snappy is taken as it is.
fn value_of(compression: u8, value: Vec<u8>) -> Option<Vec<u8>> {
    if compression == 2 { plain(2, value) } else { Some(value) }
}

/// A key in the order-preserving encoding: numbers big-endian with the sign turned, text with every unit raised by
/// one and a zero at the end. Login keys are ASCII, where a unit is a byte.
fn sortable(key: &Key) -> Vec<u8> {
    match key {
        Key::Number(number) => {
            let bits = f64::from(*number).to_bits() | 1 << 63;
            [&[0x10], bits.to_be_bytes().as_slice()].concat()
        }
        Key::Text(text) => {
            let units = text.bytes().map(|b| b.wrapping_add(1));
            std::iter::once(0x30).chain(units).chain([0]).collect()
        }
    }
}

/// A text key out of that encoding, as far as it is ASCII.
fn text_of(key: &[u8]) -> Option<String> {
    let units = key.strip_prefix(&[0x30])?.strip_suffix(&[0])?;
    String::from_utf8(units.iter().map(|b| b.wrapping_sub(1)).collect()).ok()
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    String::from_utf16_lossy(&units.collect::<Vec<_>>())
}

/// Blobs from the old layout still lie in files of their own.
fn check_blobs(profile: &Path, path: &Path, db: &Connection) -> Result<Vec<Finding>> {
    let rows = db
        .prepare("SELECT row_id, size_bytes FROM blobs WHERE bytes IS NULL AND object_type < 2 AND size_bytes > 0")
        .and_then(|mut query| {
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<(i64, i64)>, _>>()
        });
    let mut findings = Vec::new();
    for (id, size) in conclude(rows, path, &mut findings).unwrap_or_default() {
        let blob = legacy_blobs(path).join(format!("{id:x}"));
        match fs::metadata(profile.join(&blob)) {
            Err(_) => findings.push(Finding::new(Code::BlobMissing, blob, "")),
            Ok(meta) if i64::try_from(meta.len()) != Ok(size) => {
                findings.push(Finding::new(Code::BlobSize, blob, format!("{} of {size} bytes", meta.len())));
            }
            Ok(_) => {}
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_chromium_does() {
        assert_eq!(sortable(&Key::Number(1)), [0x10, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(sortable(&Key::Text("a_".to_owned())), [0x30, b'b', b'`', 0]);
        assert_eq!(text_of(&sortable(&Key::Text("a_Z".to_owned()))).as_deref(), Some("a_Z"));
        assert_eq!(text_of(&sortable(&Key::Number(1))), None);
    }
}
