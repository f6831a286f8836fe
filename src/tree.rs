//! A folder as a sorted list of entries. Links are listed, never followed.

use crate::disk::FileMark;
use crate::error::{At, Error, Result};
use crate::platform::modes;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link.
    Link,
    /// A socket, pipe or device.
    Other,
}

/// One file or folder under a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path below the root.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Its identity, size and time of last write.
    pub mark: FileMark,
    /// Permission bits.
    pub mode: u32,
}

/// Lists what is below `root`, sorted by path, parents first. `enter` is asked about every path below the root:
/// where it says no, the entry and all below it are left out. What vanishes meanwhile is left out too.
pub fn walk(root: &Path, enter: &dyn Fn(&Path) -> bool) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(dir) = open.pop() {
        let full = root.join(&dir);
        let list = match fs::read_dir(&full) {
            Err(e) if vanished(&e) && !dir.as_os_str().is_empty() => continue,
            other => other.at("listing", &full)?,
        };
        for item in list {
            let item = item.at("listing", &full)?;
            let path = dir.join(item.file_name());
            if !enter(&path) {
                continue;
            }
            let Some(entry) = entry(root, path)? else { continue };
            if entry.kind == EntryKind::Dir {
                open.push(entry.path.clone());
            }
            found.push(entry);
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn entry(root: &Path, path: PathBuf) -> Result<Option<Entry>> {
    let full = root.join(&path);
    let meta = match fs::symlink_metadata(&full) {
        Err(e) if vanished(&e) => return Ok(None),
        other => other.at("reading", &full)?,
    };
    let kind = match meta.file_type() {
        t if t.is_file() => EntryKind::File,
        t if t.is_dir() => EntryKind::Dir,
        t if t.is_symlink() => EntryKind::Link,
        _ => EntryKind::Other,
    };
    let mark = FileMark::from(&meta);
    Ok(Some(Entry { path, kind, mark, mode: modes::mode(&meta) }))
}

fn vanished(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether an error says that a file vanished between being listed and being read.
pub fn is_vanished(e: &Error) -> bool {
    matches!(e, Error::Io { source, .. } if vanished(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_sorted_and_without_following_links() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("b/c")).unwrap();
        fs::write(dir.path().join("b/c/x"), "1").unwrap();
        fs::write(dir.path().join("a"), "22").unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("root")).unwrap();
        let all = walk(dir.path(), &|p| p != Path::new("b/c/x")).unwrap();
        let names: Vec<_> = all.iter().map(|e| e.path.to_str().unwrap()).collect();
        assert_eq!(names, ["a", "b", "b/c", "root"]);
        assert_eq!((all[0].mark.size, all[3].kind), (2, EntryKind::Link));
    }
}
