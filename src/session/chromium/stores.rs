//! The two login stores of a copied profile, read whole, whichever layout they have: what Local Storage and
//! IndexedDB hold that a login is made of. Draws no conclusions from it.

use super::idb_coding::{self, BLOBS, Blob, Meaning, Prefix};
use super::layout::{Key, PROFILE, RecordName, WHATSAPP};
use super::value::{Stored, unwrap, version_in};
use crate::error::{At, Result};
use crate::session::leveldb::{self, Cursor, Reading};
use crate::session::{Progress, Vector};
use crate::tree::is_vanished;
use crate::verdict::{Code, Finding};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// One store: what it holds, what is wrong with it, how far it had come.
#[derive(Debug, Default)]
pub struct Store<T> {
    /// What it holds; `None` where its layout isn't known.
    pub content: Option<T>,
    /// What is wrong with its bytes.
    pub findings: Vec<Finding>,
    /// How far its databases had come.
    pub vector: Vector,
}

/// The items of WhatsApp Web's Local Storage.
pub type Items = BTreeMap<String, String>;

/// What IndexedDB holds of a login.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Databases {
    /// The names of all databases, with those of their object stores.
    pub stores: BTreeMap<String, BTreeSet<String>>,
    /// The records that logins use, out of their wrappings.
    pub records: BTreeMap<RecordName, Vec<u8>>,
    /// The version of WhatsApp Web that opened them last, where they say so.
    pub version: Option<String>,
}

impl Databases {
    /// Takes a record that logins use, or one that may tell a version.
    pub fn take(&mut self, name: RecordName, content: Vec<u8>, login: bool) {
        if login {
            self.records.insert(name, content);
        } else {
            self.version = version_in(&content).or(self.version.take());
        }
    }
}

/// Reads Local Storage as LevelDB; `None` where there is none.
pub fn local_storage(profile: &Path) -> Result<Option<Store<Items>>> {
    let start = [b"_", WHATSAPP.origin.as_bytes(), &[0]].concat();
    let path = &PROFILE.login.local_storage;
    let wanted = |key: &[u8]| key == b"VERSION" || key.starts_with(&start);
    let Some((reading, store)) = read(profile, path, &wanted)? else {
        return Ok(None);
    };
    let known = comparator_is(&reading, "leveldb.BytewiseComparator")
        && reading.entries.get(&b"VERSION"[..]).is_none_or(|version| version == b"1");
    let items = reading.entries.iter().filter_map(|(key, value)| {
        let key = storage_text(key.strip_prefix(start.as_slice())?)?;
        Some((key, storage_text(value)?))
    });
    Ok(Some(Store { content: known.then(|| items.collect()), ..store }))
}

fn comparator_is(reading: &Reading, name: &str) -> bool {
    reading.version.as_ref().is_some_and(|version| version.comparator == name)
}

/// A string of Local Storage: its encoding, then its bytes.
pub fn storage_text(bytes: &[u8]) -> Option<String> {
    match bytes.split_first()? {
        (1, latin1) => Some(latin1.iter().map(|b| char::from(*b)).collect()),
        (0, utf16) => {
            let units = utf16.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            Some(String::from_utf16_lossy(&units.collect::<Vec<_>>()))
        }
        _ => None,
    }
}

/// Reads IndexedDB as LevelDB, with its blobs; `None` where there is none.
pub fn indexed_db(profile: &Path) -> Result<Option<Store<Databases>>> {
    let path = &PROFILE.login.indexed_db;
    let wanted = |key: &[u8]| match idb_coding::meaning(key) {
        Some(Meaning::Record(_, key, _)) => {
            WHATSAPP.indexed_db.version.may_have(&key) || WHATSAPP.indexed_db.all().any(|record| record.key == key)
        }
        other => other.is_some(),
    };
    let Some((reading, mut store)) = read(profile, path, &wanted)? else {
        return Ok(None);
    };
    let map = Map::of(&reading);
    if comparator_is(&reading, "idb_cmp1") && map.schema.is_some_and(|schema| schema <= NEWEST_SCHEMA) {
        store.findings.extend(map.check_blobs(profile)?);
        store.content = Some(map.databases(profile)?);
    }
    Ok(Some(store))
}

/// The newest layout that the reader was tried on.
const NEWEST_SCHEMA: u64 = 5;

fn read<T>(profile: &Path, path: &str, wanted: leveldb::Wanted<'_>) -> Result<Option<(Reading, Store<T>)>> {
    let dir = profile.join(path);
    if !is_there(&dir)? {
        return Ok(None);
    }
    let mut reading = leveldb::read(&dir, wanted)?;
    let mut findings = std::mem::take(&mut reading.findings);
    for finding in &mut findings {
        finding.path = Path::new(path).join(&finding.path);
    }
    let progress = reading.version.as_ref().map(|version| Progress {
        incarnation: String::new(),
        sequence: reading.last_sequence,
        content: tables_digest(version),
    });
    let vector = progress.into_iter().map(|progress| (path.to_owned(), progress)).collect();
    Ok(Some((reading, Store { content: None, findings, vector })))
}

/// Whether something is at the path. A path that may not be looked at is an error, never "missing".
pub fn is_there(path: &Path) -> Result<bool> {
    match fs::metadata(path).at("reading", path) {
        Err(e) if is_vanished(&e) => Ok(false),
        meta => meta.map(|_| true),
    }
}

/// A digest of the tables a database consists of: names and sizes, since they never change.
pub fn tables_digest(version: &leveldb::Version) -> String {
    let mut hasher = blake3::Hasher::new();
    for (number, size) in &version.tables {
        hasher.update(&number.to_le_bytes());
        hasher.update(&size.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The entries of IndexedDB by what they mean. What belongs to deleted databases and stores may still be there:
/// Chromium clears it away later, and its blobs may be gone.
#[derive(Default)]
struct Map<'a> {
    schema: Option<u64>,
    names: BTreeMap<u64, String>,
    stores: BTreeMap<(u64, u64), String>,
    records: Vec<(Prefix, Key, Vec<u8>, &'a [u8])>,
    blobs: BTreeMap<(Prefix, Vec<u8>), &'a [u8]>,
}

impl<'a> Map<'a> {
    fn of(reading: &'a Reading) -> Map<'a> {
        let mut map = Map::default();
        for (key, value) in &reading.entries {
            match idb_coding::meaning(key) {
                Some(Meaning::SchemaVersion) => map.schema = idb_coding::integer(value),
                Some(Meaning::DatabaseName(name)) => {
                    map.names.extend(idb_coding::integer(value).map(|number| (number, name)));
                }
                Some(Meaning::StoreName { database, store }) => {
                    map.stores.extend(idb_coding::utf16(value).map(|name| ((database, store), name)));
                }
                Some(Meaning::Record(prefix, key, bytes)) => map.records.push((prefix, key, bytes, value)),
                Some(Meaning::Blobs(prefix, key)) => drop(map.blobs.insert((prefix, key), value)),
                None => {}
            }
        }
        map
    }

    /// The names of a database and a store that are alive.
    fn place(&self, prefix: Prefix) -> Option<(&String, &String)> {
        let database = self.names.get(&prefix.database)?;
        Some((database, self.stores.get(&(prefix.database, prefix.store))?))
    }

    fn check_blobs(&self, profile: &Path) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for ((prefix, _), value) in self.blobs.iter().filter(|((prefix, _), _)| self.place(*prefix).is_some()) {
            let Some(blobs) = idb_coding::blobs(value) else {
                let detail = "a reference to blobs can't be read";
                findings.push(Finding::new(Code::LayoutUnknown, &PROFILE.login.indexed_db, detail));
                continue;
            };
            for blob in blobs {
                findings.extend(check_blob(profile, prefix.database, blob)?);
            }
        }
        Ok(findings)
    }

    fn databases(&self, profile: &Path) -> Result<Databases> {
        let mut found = Databases::default();
        for (number, name) in &self.names {
            let stores = self.stores.range((*number, 0)..=(*number, u64::MAX));
            found.stores.insert(name.clone(), stores.map(|(_, store)| store.clone()).collect());
        }
        for (prefix, key, bytes, value) in &self.records {
            let Some((database, store)) = self.place(*prefix) else {
                continue;
            };
            let name = RecordName { database: database.clone(), store: store.clone(), key: key.clone() };
            let (login, version) = (WHATSAPP.indexed_db.holds(&name), WHATSAPP.indexed_db.version.has(&name));
            if (login || version)
                && let Some(content) = self.content(profile, *prefix, bytes, value)?
            {
                found.take(name, content, login);
            }
        }
        Ok(found)
    }

    /// A record's value without its version and out of its wrappings.
    fn content(&self, profile: &Path, prefix: Prefix, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut cursor = Cursor::new(value);
        let Some(stored) = cursor.varint().and_then(|_| unwrap(cursor.rest)) else {
            return Ok(None);
        };
        let nth = match stored {
            Stored::Inline(bytes) => return Ok(Some(bytes.into_owned())),
            Stored::InBlob(nth) => nth,
        };
        let references = self.blobs.get(&(Prefix { index: BLOBS, ..prefix }, key.to_vec()));
        let blobs = references.and_then(|value| idb_coding::blobs(value));
        let Some(blob) = blobs.and_then(|blobs| blobs.get(nth).copied()) else {
            return Ok(None);
        };
        let path = profile.join(&PROFILE.login.blobs).join(blob.path(prefix.database));
        match fs::read(&path).at("reading", &path) {
            Err(e) if is_vanished(&e) => Ok(None),
            other => Ok(match unwrap(&other?) {
                Some(Stored::Inline(bytes)) => Some(bytes.into_owned()),
                _ => None,
            }),
        }
    }
}

fn check_blob(profile: &Path, database: u64, blob: Blob) -> Result<Option<Finding>> {
    let path = Path::new(&PROFILE.login.blobs).join(blob.path(database));
    match fs::metadata(profile.join(&path)).at("reading", &path) {
        Err(e) if is_vanished(&e) => Ok(Some(Finding::new(Code::BlobMissing, path, ""))),
        meta => {
            let found = meta?.len();
            let detail = format!("{found} of {} bytes", blob.size);
            Ok((found != blob.size).then(|| Finding::new(Code::BlobSize, path, detail)))
        }
    }
}
