//! Where the tar is cut into members. The cuts follow from each entry's own name and size, so that a change of one
//! file never moves the cuts between others. `docs/format.md` ("Cutting") is this rule in words.

use super::header::{self, BLOCK};
use super::names;
use crate::disk::FileMark;
use crate::platform::paths;
use crate::tree::EntryKind;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Contents of large files are cut at multiples of this.
pub const STEP: u64 = 256 << 10;

/// Small neighbours share a member up to this size.
const SHARED: u64 = 64 << 10;

/// About how large a shared member is on average.
const AIM: u64 = 16 << 10;

/// One file or folder to be written.
#[derive(Debug)]
pub struct Item {
    /// Its name in the tar.
    pub name: PathBuf,
    /// File or folder.
    pub kind: EntryKind,
    /// What it was when it was listed.
    pub mark: FileMark,
    /// Its permission bits.
    pub mode: u32,
    /// Where it is read.
    pub source: PathBuf,
    /// Whether name, inode, size and mtime stand for its content.
    pub immutable: bool,
}

/// What one member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// These items, whole.
    Small(Range<usize>),
    /// The header of this large item.
    Head(usize),
    /// The n-th step of this large item's content.
    Step(usize, u64),
    /// The end of the tar.
    End,
}

impl Item {
    /// An item with this name; links, sockets and devices can't be one.
    pub fn new(name: PathBuf, source: PathBuf, entry: &crate::tree::Entry, immutable: bool) -> io::Result<Item> {
        if !matches!(entry.kind, EntryKind::File | EntryKind::Dir) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a file nor a folder"));
        }
        let mut mark = entry.mark;
        if entry.kind == EntryKind::Dir {
            mark.size = 0;
        }
        Item { name, kind: entry.kind, mark, mode: entry.mode, source, immutable }.checked()
    }

    /// A folder above the session, which carries nothing but its name.
    pub fn folder(name: &Path) -> io::Result<Item> {
        let mark = FileMark { device: 0, inode: 0, size: 0, mtime: (0, 0) };
        let (name, source) = (name.to_owned(), PathBuf::new());
        Item { name, kind: EntryKind::Dir, mark, mode: 0o700, source, immutable: false }.checked()
    }

    fn checked(self) -> io::Result<Item> {
        if !names::is_clean(&self.name) || self.name.as_os_str().is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name that may not stand in an archive"));
        }
        Ok(self)
    }

    /// Its header in the tar.
    pub fn header(&self) -> Vec<u8> {
        header::blocks(paths::to_bytes(&self.name), self.kind, self.mark.size, self.mark.mtime.0)
    }

    /// Its length in the tar.
    pub fn len(&self) -> u64 {
        self.header().len() as u64 + self.mark.size.next_multiple_of(BLOCK as u64)
    }

    /// Whether its content has members of its own.
    pub fn is_large(&self) -> bool {
        is_large(self.mark.size)
    }

    /// Whether a member begins at this item, whatever stands before it: the more likely, the larger it is.
    fn begins(&self, len: u64) -> bool {
        let digest = blake3::hash(paths::to_bytes(&self.name));
        let (low, _) = digest.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
        u64::from(u16::from_le_bytes(*low)) % AIM < len.next_power_of_two()
    }
}

/// Whether a file of this size has members of its own.
pub fn is_large(size: u64) -> bool {
    size > SHARED
}

/// The least that an entry with a content of this size takes in the tar.
pub fn least_len(size: u64) -> Option<u64> {
    size.checked_next_multiple_of(BLOCK as u64)?.checked_add(BLOCK as u64)
}

/// How many steps a content of this size has.
pub fn steps(size: u64) -> u64 {
    size.div_ceil(STEP)
}

/// The length of the n-th step in the tar: the last one is filled up to whole blocks.
pub fn step_len(size: u64, n: u64) -> u64 {
    STEP.min(size.saturating_sub(n.saturating_mul(STEP))).next_multiple_of(BLOCK as u64)
}

/// The members in the order of the tar.
pub fn cut(items: &[Item]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut small = 0..0;
    let mut filled = 0;
    for (i, item) in items.iter().enumerate() {
        let len = item.len();
        if item.is_large() || filled + len > SHARED || item.begins(len) {
            close(&mut parts, &mut small);
        }
        if item.is_large() {
            parts.push(Part::Head(i));
            parts.extend((0..steps(item.mark.size)).map(|n| Part::Step(i, n)));
            continue;
        }
        if small.is_empty() {
            small = i..i;
            filled = 0;
        }
        small.end = i + 1;
        filled += len;
    }
    close(&mut parts, &mut small);
    parts.push(Part::End);
    parts
}

fn close(parts: &mut Vec<Part>, small: &mut Range<usize>) {
    if small.start < small.end {
        parts.push(Part::Small(small.clone()));
        *small = 0..0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, size: u64) -> Item {
        let mark = FileMark { device: 1, inode: 1, size, mtime: (1, 0) };
        Item { name: name.into(), kind: EntryKind::File, mark, mode: 0, source: name.into(), immutable: false }
    }

    fn members(items: &[Item]) -> Vec<Vec<(PathBuf, u64)>> {
        let of = |i: usize| (items[i].name.clone(), items[i].mark.size);
        cut(items)
            .into_iter()
            .map(|part| match part {
                Part::Small(r) => r.map(of).collect(),
                Part::Head(i) => vec![of(i)],
                Part::Step(i, n) => vec![of(i), ("step".into(), n)],
                Part::End => Vec::new(),
            })
            .collect()
    }

    #[test]
    fn a_growing_file_changes_its_own_members_only() {
        let all =
            |grown: u64| (0..2000).map(move |i| item(&format!("session-{i}.json"), if i == 700 { grown } else { 700 }));
        let before = members(&all(700).collect::<Vec<_>>());
        assert!(before.len() > 60 && before.len() < 400, "{}", before.len());
        for grown in [701, 3_000, 40_000, 70_000] {
            let after = members(&all(grown).collect::<Vec<_>>());
            let new: Vec<_> = after.iter().filter(|m| !before.contains(m)).collect();
            assert!(new.len() <= 4, "{grown}: {new:?}");
        }
    }

    #[test]
    fn large_contents_are_cut_at_fixed_steps() {
        let items = [item("a", 10), item("log", STEP * 2 + 1), item("z", 10)];
        use Part::*;
        assert_eq!(cut(&items), [Small(0..1), Head(1), Step(1, 0), Step(1, 1), Step(1, 2), Small(2..3), End]);
        assert_eq!(cut(&[]), [End]);
    }
}
