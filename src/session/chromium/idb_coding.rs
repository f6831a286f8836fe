//! How Chromium writes IndexedDB into a LevelDB: keys, names, references to blobs. Not what the records hold.
//!
//! Source: Chromium's `indexed_db_leveldb_coding.cc`, `docs/leveldb_coding_scheme.md` and, for references to blobs,
//! `EncodeExternalObjects` of the backing store.

use super::layout::Key;
use crate::session::leveldb::Cursor;

/// What stands before every key: whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The database; 0 for what belongs to all.
    pub database: u64,
    /// The object store; 0 for what belongs to the database.
    pub store: u64,
    /// [`RECORDS`], [`BLOBS`], an index; 0 for what belongs to the store.
    pub index: u64,
}

/// The index of a store's records.
pub const RECORDS: u64 = 1;
/// The index of the blobs that records refer to.
pub const BLOBS: u64 = 3;

/// A key as far as a login's check is concerned with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The number of the layout.
    SchemaVersion,
    /// A database's name; the value is its number.
    DatabaseName(String),
    /// The name of an object store, as value.
    StoreName { database: u64, store: u64 },
    /// A record with a key that logins use, and the bytes of that key.
    Record(Prefix, Key, Vec<u8>),
    /// The blobs of a record, by the bytes of the record's key.
    Blobs(Prefix, Vec<u8>),
}

/// Takes a key apart; `None` for all that doesn't concern a login.
pub fn meaning(key: &[u8]) -> Option<Meaning> {
    let mut cursor = Cursor::new(key);
    let prefix = prefix(&mut cursor)?;
    match prefix {
        Prefix { database: 0, store: 0, index: 0 } => match cursor.byte()? {
            0 => Some(Meaning::SchemaVersion),
            201 => {
                let _origin = text(&mut cursor)?;
                text(&mut cursor).map(Meaning::DatabaseName)
            }
            _ => None,
        },
        Prefix { database, store: 0, index: 0 } => {
            let (kind, store, what) = (cursor.byte()?, cursor.varint()?, cursor.byte()?);
            (kind == 50 && what == 0).then_some(Meaning::StoreName { database, store })
        }
        Prefix { index: RECORDS, .. } => {
            let bytes = cursor.rest.to_vec();
            record_key(&mut cursor).map(|key| Meaning::Record(prefix, key, bytes))
        }
        Prefix { index: BLOBS, .. } => Some(Meaning::Blobs(prefix, cursor.rest.to_vec())),
        _ => None,
    }
}

fn prefix(cursor: &mut Cursor<'_>) -> Option<Prefix> {
    let sizes = cursor.byte()?;
    Some(Prefix {
        database: integer(cursor.take(usize::from(sizes >> 5) + 1)?)?,
        store: integer(cursor.take(usize::from(sizes >> 2 & 7) + 1)?)?,
        index: integer(cursor.take(usize::from(sizes & 3) + 1)?)?,
    })
}

/// An integer, little-endian, of as many bytes as it needs.
pub fn integer(bytes: &[u8]) -> Option<u64> {
    let mut whole = [0; 8];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(whole))
}

/// A string: its length in UTF-16 units, then those, big-endian.
fn text(cursor: &mut Cursor<'_>) -> Option<String> {
    let length = cursor.length()?.checked_mul(2)?;
    utf16(cursor.take(length)?)
}

/// A string without its length.
pub fn utf16(bytes: &[u8]) -> Option<String> {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    bytes.len().is_multiple_of(2).then(|| String::from_utf16(&units.collect::<Vec<_>>()).ok())?
}

/// A text, or a small whole number: nothing else is a key of a login.
fn record_key(cursor: &mut Cursor<'_>) -> Option<Key> {
    match cursor.byte()? {
        1 => text(cursor).map(Key::Text),
        3 => number(f64::from_le_bytes(cursor.take(8)?.try_into().ok()?)).map(Key::Number),
        _ => None,
    }
}

fn number(value: f64) -> Option<u32> {
    (0..16).find(|n| f64::from(*n) == value)
}

/// A file that a record refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// Its number, which gives the path.
    pub number: u64,
    /// Its bytes.
    pub size: u64,
}

impl Blob {
    /// The path below the folder of blobs.
    pub fn path(self, database: u64) -> String {
        format!("{database:x}/{:02x}/{:x}", (self.number >> 8) & 0xff, self.number)
    }
}

/// The blobs of a record, in order; `None` where the value can't be read.
pub fn blobs(value: &[u8]) -> Option<Vec<Blob>> {
    let mut cursor = Cursor::new(value);
    let mut found = Vec::new();
    while !cursor.is_empty() {
        let kind = cursor.byte()?;
        if kind == 2 {
            // A handle to a file of the user's: no file of the profile.
            cursor.prefixed()?;
            continue;
        }
        let number = cursor.varint()?;
        text(&mut cursor)?;
        let size = cursor.varint()?;
        if kind == 1 {
            text(&mut cursor)?;
            cursor.varint()?;
        }
        (kind < 2).then(|| found.push(Blob { number, size }))?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart() {
        assert_eq!(meaning(&[0, 0, 0, 0, 0]), Some(Meaning::SchemaVersion));
        let name = [0, 0, 0, 0, 201, 1, 0, b'o', 2, 0, b'd', 0, b'b'];
        assert_eq!(meaning(&name), Some(Meaning::DatabaseName("db".to_owned())));
        let store = [0, 3, 0, 0, 50, 2, 0];
        assert_eq!(meaning(&store), Some(Meaning::StoreName { database: 3, store: 2 }));
        let mut record = vec![0b0000_0100, 3, 0, 1, 1, 3];
        record.extend_from_slice(&1f64.to_le_bytes());
        let prefix = Prefix { database: 3, store: 256, index: 1 };
        assert_eq!(meaning(&record), Some(Meaning::Record(prefix, Key::Number(1), record[5..].to_vec())));
        assert_eq!(meaning(&record[..5]), None);
    }

    #[test]
    fn references_to_blobs_are_read() {
        let value = [0, 3, 0, 0x88, 0x27, 1, 5, 0, 2, 1, 0, b'x', 9];
        let blobs = blobs(&value).unwrap();
        assert_eq!(blobs, [Blob { number: 3, size: 5000 }, Blob { number: 5, size: 2 }]);
        assert_eq!(blobs[0].path(3), "3/00/3");
        assert_eq!(super::blobs(&value[..6]), None);
    }
}
