//! The index: what lies where in an archive, as bytes and back. What it says is a claim until `verify` has
//! compared it with the members.

use crate::disk::FileMark;
use crate::platform::paths;
use crate::tree::EntryKind;
use std::path::PathBuf;

/// A digest by BLAKE3.
pub type Digest = [u8; 32];

/// Bytes of an index before its members, of a member, and of an entry without its name.
const HEAD: usize = 20;
const MEMBER: usize = 80;
const ENTRY: usize = 55;

/// One gzip member of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its length in the file.
    pub stored: u64,
    /// The length of its content.
    pub content: u64,
    /// BLAKE3 of its bytes in the file.
    pub stored_digest: Digest,
    /// BLAKE3 of its content.
    pub content_digest: Digest,
}

/// One file or folder of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its name in the archive, without a slash at the end.
    pub name: PathBuf,
    /// File or folder.
    pub kind: EntryKind,
    /// Identity, size and last write of the file that was read.
    pub mark: FileMark,
    /// Permission bits of the file that was read; the tar itself says 0600 and 0700.
    pub mode: u32,
    /// The member in which its header begins.
    pub member: u32,
    /// How far into that member's content.
    pub offset: u64,
}

/// What lies where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// A moment before the first file was read, by the clock that stamps files: seconds and nanoseconds.
    pub begun: (i64, u32),
    /// The members, one after the other from the file's first byte.
    pub members: Vec<Member>,
    /// The entries, in the order of the tar.
    pub entries: Vec<IndexEntry>,
}

impl Index {
    /// Where each member begins in the file, and at last where the data ends. `None` if that is beyond all numbers.
    pub fn starts(&self) -> Option<Vec<u64>> {
        sums(self.members.iter().map(|m| m.stored))
    }

    /// Where each member's content begins in the tar, and at last where the tar ends.
    pub fn content_starts(&self) -> Option<Vec<u64>> {
        sums(self.members.iter().map(|m| m.content))
    }

    /// The bytes of the index, all numbers little-endian.
    pub fn encode(&self) -> Vec<u8> {
        let names: usize = self.entries.iter().map(|e| e.name.as_os_str().len()).sum();
        let mut out = Vec::with_capacity(HEAD + self.members.len() * MEMBER + self.entries.len() * ENTRY + names);
        out.extend_from_slice(&self.begun.0.to_le_bytes());
        out.extend_from_slice(&self.begun.1.to_le_bytes());
        out.extend_from_slice(&count(self.members.len()).to_le_bytes());
        out.extend_from_slice(&count(self.entries.len()).to_le_bytes());
        for m in &self.members {
            out.extend_from_slice(&m.stored.to_le_bytes());
            out.extend_from_slice(&m.content.to_le_bytes());
            out.extend_from_slice(&m.stored_digest);
            out.extend_from_slice(&m.content_digest);
        }
        for e in &self.entries {
            encode_entry(e, &mut out);
        }
        out
    }

    /// The index in these bytes, or what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Index, &'static str> {
        let mut rest = Numbers(bytes);
        let begun = (rest.i64()?, rest.u32()?);
        let (members, entries) = (rest.u32()?, rest.u32()?);
        let members = decode_all(&mut rest, members, MEMBER, decode_member)?;
        let entries = decode_all(&mut rest, entries, ENTRY, decode_entry)?;
        if !rest.0.is_empty() {
            return Err("something follows the index");
        }
        Ok(Index { begun, members, entries })
    }
}

fn sums(lengths: impl ExactSizeIterator<Item = u64>) -> Option<Vec<u64>> {
    let mut at = 0u64;
    let mut all = Vec::with_capacity(lengths.len() + 1);
    all.push(0);
    for length in lengths {
        at = at.checked_add(length)?;
        all.push(at);
    }
    Some(all)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("an archive has fewer than four billion parts")
}

fn encode_entry(e: &IndexEntry, out: &mut Vec<u8>) {
    let name = paths::to_bytes(&e.name);
    let len = u16::try_from(name.len()).expect("names are checked before they are written");
    out.push(u8::from(e.kind == EntryKind::Dir));
    out.extend_from_slice(&e.mode.to_le_bytes());
    out.extend_from_slice(&e.mark.device.to_le_bytes());
    out.extend_from_slice(&e.mark.inode.to_le_bytes());
    out.extend_from_slice(&e.mark.size.to_le_bytes());
    out.extend_from_slice(&e.mark.mtime.0.to_le_bytes());
    out.extend_from_slice(&e.mark.mtime.1.to_le_bytes());
    out.extend_from_slice(&e.member.to_le_bytes());
    out.extend_from_slice(&e.offset.to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(name);
}

/// The count is a claim: room is made for no more than the bytes that are really there can hold.
fn decode_all<T>(
    rest: &mut Numbers,
    count: u32,
    least: usize,
    one: impl Fn(&mut Numbers) -> Result<T, &'static str>,
) -> Result<Vec<T>, &'static str> {
    let mut all = Vec::with_capacity((rest.0.len() / least).min(count as usize));
    for _ in 0..count {
        all.push(one(rest)?);
    }
    Ok(all)
}

fn decode_member(rest: &mut Numbers) -> Result<Member, &'static str> {
    Ok(Member { stored: rest.u64()?, content: rest.u64()?, stored_digest: rest.take()?, content_digest: rest.take()? })
}

fn decode_entry(rest: &mut Numbers) -> Result<IndexEntry, &'static str> {
    let kind = match rest.take()? {
        [0] => EntryKind::File,
        [1] => EntryKind::Dir,
        _ => return Err("the index knows only files and folders"),
    };
    let mode = rest.u32()?;
    let mark =
        FileMark { device: rest.u64()?, inode: rest.u64()?, size: rest.u64()?, mtime: (rest.i64()?, rest.u32()?) };
    let (member, offset) = (rest.u32()?, rest.u64()?);
    let len = usize::from(u16::from_le_bytes(rest.take()?));
    let name = paths::to_path(rest.slice(len)?).to_owned();
    Ok(IndexEntry { name, kind, mark, mode, member, offset })
}

/// Bytes that are eaten from the front as numbers.
pub struct Numbers<'a>(pub &'a [u8]);

impl<'a> Numbers<'a> {
    /// The next `n` bytes.
    pub fn slice(&mut self, n: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or("the index is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        Ok(self.slice(N)?.try_into().expect("slice has the length asked for"))
    }

    /// The next four, as a number.
    pub fn u32(&mut self) -> Result<u32, &'static str> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, &'static str> {
        self.take().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, &'static str> {
        self.take().map(i64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_and_no_cut_of_it_is_one() {
        let mark = FileMark { device: 1, inode: u64::MAX, size: 3, mtime: (-5, 999_999_999) };
        let entry = |name: &[u8], kind| IndexEntry {
            name: paths::to_path(name).to_owned(),
            kind,
            mark,
            mode: 0o644,
            member: 7,
            offset: 512,
        };
        let index = Index {
            begun: (1_700_000_000, 5),
            members: vec![Member { stored: 1, content: 2, stored_digest: [3; 32], content_digest: [4; 32] }],
            entries: vec![entry(b"a", EntryKind::Dir), entry(b"a/\xff\n", EntryKind::File)],
        };
        let bytes = index.encode();
        assert_eq!(Index::decode(&bytes), Ok(index));
        for n in 0..bytes.len() {
            assert!(Index::decode(&bytes[..n]).is_err());
        }
        assert!(Index::decode(&[&bytes[..], &[0]].concat()).is_err());
    }
}
