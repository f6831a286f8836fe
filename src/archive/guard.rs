//! What may be in an archive: the bounds and rules that every entry passes, whoever made the archive.

use super::entry::Head;
use super::names::shown;
use super::open::{Archive, Opened};
use crate::error::{Error, Result};
use crate::platform::paths;
use crate::tree::EntryKind;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

/// Bounds on what an archive may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most entries.
    pub entries: u64,
    /// The most bytes of content.
    pub bytes: u64,
    /// How many times larger than the archive the content may be, where it is more than 64 MiB.
    pub ratio: u64,
}

/// Below this, no ratio makes a bomb.
const HARMLESS: u64 = 64 << 20;

impl Default for Limits {
    fn default() -> Limits {
        // The largest sessions seen have 20,000 files; Baileys' own stay below 10,000.
        Limits { entries: 200_000, bytes: u64::MAX, ratio: 100 }
    }
}

impl Limits {
    /// The default bounds, and no more content than fits into `free` bytes of disk, less a sixteenth.
    pub fn of_disk(free: u64) -> Limits {
        Limits { bytes: free - free / 16, ..Limits::default() }
    }
}

/// Lets entries pass, or says why not.
pub struct Guard<'a> {
    path: &'a Path,
    limits: Limits,
    packed: u64,
    entries: u64,
    bytes: u64,
    /// A digest of each name, and whether it is a folder: names themselves would take too much memory.
    names: HashMap<[u8; 16], bool>,
    parent: PathBuf,
}

impl<'a> Guard<'a> {
    /// A guard over the archive at `path`, whose file has `packed` bytes.
    pub fn new(path: &'a Path, limits: Limits, packed: u64) -> Guard<'a> {
        Guard { path, limits, packed, entries: 0, bytes: 0, names: HashMap::new(), parent: PathBuf::new() }
    }

    /// Entries and bytes so far.
    pub fn totals(&self) -> (u64, u64) {
        (self.entries, self.bytes)
    }

    /// Lets an entry pass.
    pub fn admit(&mut self, head: &Head) -> Result<()> {
        self.count(head)?;
        if head.kind == EntryKind::Dir && head.size > 0 {
            return self.refuse("a folder with content", head);
        }
        self.know_above(head)?;
        let is_dir = head.kind == EntryKind::Dir;
        match self.names.entry(key(&head.name)) {
            Entry::Vacant(free) => drop(free.insert(is_dir)),
            // tar writes a folder twice if it was named twice.
            Entry::Occupied(taken) if is_dir && *taken.get() => {}
            Entry::Occupied(_) => return self.refuse("a name that stands there twice", head),
        }
        Ok(())
    }

    fn count(&mut self, head: &Head) -> Result<()> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return self.refuse("too many entries", head);
        }
        self.bytes = self.bytes.saturating_add(head.size);
        if self.bytes > self.limits.bytes {
            let source = io::ErrorKind::StorageFull.into();
            return Err(Error::Io { doing: "unpacking", path: self.path.to_owned(), source });
        }
        if self.bytes > HARMLESS && self.bytes / self.limits.ratio.max(1) > self.packed {
            return self.refuse("far more content than an honest archive of its size", head);
        }
        Ok(())
    }

    /// What lies above an entry is a folder, whether or not it was named.
    fn know_above(&mut self, head: &Head) -> Result<()> {
        let parent = head.name.parent().unwrap_or(Path::new(""));
        if parent == self.parent {
            return Ok(());
        }
        for above in parent.ancestors().filter(|a| !a.as_os_str().is_empty()) {
            if !*self.names.entry(key(above)).or_insert(true) {
                return self.refuse("something below a file", head);
            }
        }
        self.parent = parent.to_owned();
        Ok(())
    }

    fn refuse(&self, what: &str, head: &Head) -> Result<()> {
        Err(hostile(self.path, what, paths::to_bytes(&head.name)))
    }
}

/// Why nobody would unpack this archive of ours, as far as its index tells: what [`Guard`] would refuse.
///
/// # Errors
/// `Hostile`, with the entry.
pub fn require_admissible(opened: &Opened, limits: Limits) -> Result<()> {
    let Opened::Ours(archive) = opened else { return Ok(()) };
    let mut guard = Guard::new(&archive.path, limits, opened.packed());
    heads(archive).try_for_each(|head| guard.admit(&head))
}

fn heads(archive: &Archive) -> impl Iterator<Item = Head> {
    archive.entries().iter().map(|entry| Head {
        name: entry.name.clone(),
        kind: entry.kind,
        size: entry.mark.size,
        mtime: entry.mark.mtime,
        at: 0,
    })
}

fn key(name: &Path) -> [u8; 16] {
    let digest = blake3::hash(paths::to_bytes(name));
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}

/// The error about an entry that may not be there.
pub fn hostile(path: &Path, what: &str, name: &[u8]) -> Error {
    Error::Hostile { path: path.to_owned(), what: format!("{what}: {}", shown(name)) }
}
