//! A sorted table (`.ldb`, formerly `.sst`): blocks of entries, each with its checksum, found by an index block
//! that a footer points to.
//!
//! Source: LevelDB's `doc/table_format.md`, `table/format.cc`, `table/block.cc`.

use super::coding::{Cursor, Op, checksum_holds, internal_key};
use crate::session::snappy::unpacked;
use std::borrow::Cow;

const FOOTER: usize = 48;
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
/// Behind every block: how it is compressed, and a checksum.
const TRAILER: usize = 5;

/// One entry of a table or log.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The user's key.
    pub key: &'a [u8],
    /// The sequence number of the write.
    pub sequence: u64,
    /// What the write did.
    pub op: Op,
    /// The value; empty where the key was deleted.
    pub value: &'a [u8],
}

/// Reads a whole table: every checksum of every block, every entry.
pub fn scan(file: &[u8], visit: &mut dyn FnMut(Entry<'_>)) -> Result<(), String> {
    let (meta, index) = footer(file)?;
    let mut covered = FOOTER;
    let mut read = |handle: Handle| -> Result<Cow<'_, [u8]>, String> {
        covered += handle.length.saturating_add(TRAILER);
        handle.read(file)
    };
    for filter in handles(&read(meta)?, meta)? {
        // Filters speed up lookups; a damaged one hides keys.
        read(filter)?;
    }
    let mut at = 0;
    for handle in handles(&read(index)?, index)? {
        if handle.offset != at {
            return Err(format!("offset {at}: the index leaves a gap"));
        }
        at = handle.offset + handle.length + TRAILER;
        each_entry(&read(handle)?, handle, visit)?;
    }
    if covered != file.len() {
        return Err(format!("{} bytes in no block", file.len().abs_diff(covered)));
    }
    Ok(())
}

fn footer(file: &[u8]) -> Result<(Handle, Handle), String> {
    let start = file.len().checked_sub(FOOTER).ok_or("shorter than a footer")?;
    let (handles, magic) = file[start..].split_at(FOOTER - 8);
    if magic != MAGIC.to_le_bytes() {
        return Err("the footer's magic number is wrong".to_owned());
    }
    let mut cursor = Cursor::new(handles);
    let (meta, index) = (Handle::parse(&mut cursor), Handle::parse(&mut cursor));
    // LevelDB writes zeros up to the magic number; nothing else covers those bytes.
    if cursor.rest.iter().any(|b| *b != 0) {
        return Err("the footer is wrong".to_owned());
    }
    meta.zip(index).ok_or_else(|| "the footer is wrong".to_owned())
}

/// Where a block lies.
#[derive(Debug, Clone, Copy)]
struct Handle {
    offset: usize,
    length: usize,
}

impl Handle {
    fn parse(cursor: &mut Cursor<'_>) -> Option<Handle> {
        let offset = usize::try_from(cursor.varint()?).ok()?;
        let length = cursor.length()?;
        offset.checked_add(length)?.checked_add(TRAILER)?;
        Some(Handle { offset, length })
    }

    fn read(self, file: &[u8]) -> Result<Cow<'_, [u8]>, String> {
        let end = self.offset + self.length;
        let block = file.get(self.offset..=end).ok_or_else(|| self.wrong("outside the file"))?;
        let stored = file.get(end + 1..end + TRAILER).and_then(|b| Cursor::new(b).u32());
        if !stored.is_some_and(|stored| checksum_holds(stored, block)) {
            return Err(self.wrong("a block fails its checksum"));
        }
        let (content, compression) = block.split_at(self.length);
        match compression {
            [0] => Ok(Cow::Borrowed(content)),
            [1] => unpacked(content).map(Cow::Owned).map_err(|why| self.wrong(&format!("a block {why}"))),
            _ => Err(self.wrong("a block is compressed in an unknown way")),
        }
    }

    fn wrong(self, what: &str) -> String {
        format!("offset {}: {what}", self.offset)
    }
}

/// The blocks that an index block points to.
fn handles(block: &[u8], handle: Handle) -> Result<Vec<Handle>, String> {
    let mut found = Vec::new();
    each_pair(block, &mut |_, value| {
        found.push(Handle::parse(&mut Cursor::new(value))?);
        Some(())
    })
    .ok_or_else(|| handle.wrong("a block can't be read"))?;
    Ok(found)
}

fn each_entry(block: &[u8], handle: Handle, visit: &mut dyn FnMut(Entry<'_>)) -> Result<(), String> {
    each_pair(block, &mut |key, value| {
        let (key, sequence, op) = internal_key(key)?;
        visit(Entry { key, sequence, op, value });
        Some(())
    })
    .ok_or_else(|| handle.wrong("a block can't be read"))
}

/// What is done with a key and a value; `None` says that they can't be.
type VisitPair<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Option<()>;

/// Walks a block's entries: each key shares its first bytes with the one before.
fn each_pair(block: &[u8], visit: VisitPair<'_>) -> Option<()> {
    let (body, count) = block.split_at_checked(block.len().checked_sub(4)?)?;
    let restarts = usize::try_from(Cursor::new(count).u32()?).ok()?.checked_mul(4)?;
    let mut cursor = Cursor::new(body.get(..body.len().checked_sub(restarts)?)?);
    let mut key = Vec::new();
    while !cursor.is_empty() {
        let (shared, own, value) = (cursor.length()?, cursor.length()?, cursor.length()?);
        if shared > key.len() {
            return None;
        }
        key.truncate(shared);
        key.extend_from_slice(cursor.take(own)?);
        visit(&key, cursor.take(value)?)?;
    }
    Some(())
}
