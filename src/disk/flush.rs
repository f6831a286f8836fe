//! Flushing: what is in memory only goes to the disk, now or soon.

use crate::error::{At, Result};
use crate::platform::{files, volumes};
use crate::tree;
use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Flushes a folder's entries, so that a rename in it survives a power cut.
pub fn sync_dir(dir: &Path) -> Result<()> {
    let handle = File::open(dir).at("opening", dir)?;
    match handle.sync_all() {
        Err(e) if volumes::flushes_no_folders(&e) => Ok(()),
        other => other.at("flushing", dir),
    }
}

/// Flushes a file, or everything below a folder: file by file, or, where there are many, all of the file system at once.
pub fn sync_tree(root: &Path) -> Result<()> {
    const MANY: usize = 256;
    if !root.is_dir() {
        return sync_file(root);
    }
    // Of many no more are listed than it takes to know that.
    let listed = Cell::new(0);
    let entries = tree::walk(root, &|_| listed.replace(listed.get() + 1) <= MANY)?;
    if entries.len() > MANY {
        let handle = File::open(root).at("opening", root)?;
        return volumes::flush_all(&handle).at("flushing", root);
    }
    // Links and sockets have no content to flush.
    let has_content = |e: &&tree::Entry| matches!(e.kind, tree::EntryKind::File | tree::EntryKind::Dir);
    let paths: Vec<PathBuf> = entries.iter().filter(has_content).map(|e| root.join(&e.path)).collect();
    sync_all(&paths)?;
    sync_dir(root)
}

/// A few at a time: a journaling file system then commits several by one write.
fn sync_all(paths: &[PathBuf]) -> Result<()> {
    const AT_ONCE: usize = 4;
    std::thread::scope(|scope| {
        let share = paths.len().div_ceil(AT_ONCE).max(1);
        let flush = |share: &[PathBuf]| share.iter().try_for_each(|path| sync_file(path));
        let shares: Vec<_> = paths.chunks(share).map(|share| scope.spawn(move || flush(share))).collect();
        shares.into_iter().try_for_each(|share| share.join().expect("flushing doesn't panic"))
    })
}

/// Flushes a file's (or folder's) content.
pub fn sync_file(path: &Path) -> Result<()> {
    File::open(path).and_then(|f| f.sync_all()).at("flushing", path)
}

/// Asks the system to begin writing this part of a file to the disk now, so that flushing it later finds little to do. Only
/// a hint.
pub fn begin_writing(file: &File, from: u64, len: u64) {
    if let Some(len) = std::num::NonZeroU64::new(len) {
        files::begin_writing(file, from, len);
    }
}
