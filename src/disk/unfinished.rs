//! Names of what is not finished yet, and what killed processes left of it.

use super::{move_to, parent, remove_tree};
use crate::error::{At, Result};
use crate::platform::{files, host, processes};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A name beside `path` for something unfinished: hidden, and told apart by process and purpose.
pub fn beside(path: &Path, purpose: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parent(path).join(format!(".{name}.{}.{purpose}", std::process::id()))
}

/// [`beside`], and free: what processes that were killed left there for the same purpose goes.
pub fn unfinished(path: &Path, purpose: &str) -> Result<PathBuf> {
    sweep_beside(path, purpose)?;
    let free = beside(path, purpose);
    remove_tree(&free)?;
    Ok(free)
}

/// Removes what killed processes left unfinished beside `path` for this purpose.
pub fn sweep_beside(path: &Path, purpose: &str) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if parent(path).is_dir() { sweep(parent(path), &format!(".{name}."), purpose) } else { Ok(()) }
}

/// Moves what somebody else put at a path out of the way, to `<name>.set-aside` beside it; one set aside earlier goes.
pub fn set_aside(path: &Path) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".set-aside");
    let beside = path.with_file_name(name);
    remove_tree(&beside)?;
    move_to(path, &beside)
}

/// Removes what killed processes left unfinished in a folder that is ours alone.
pub fn sweep_all(dir: &Path) -> Result<()> {
    if dir.is_dir() { sweep(dir, ".", "tmp") } else { Ok(()) }
}

/// Files and folders named `<start>…<pid of a dead process>.<purpose>`.
fn sweep(dir: &Path, start: &str, purpose: &str) -> Result<()> {
    for item in fs::read_dir(dir).at("listing", dir)? {
        let path = item.at("listing", dir)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(start).and_then(|r| r.strip_suffix(purpose)?.strip_suffix('.'));
        let pid = rest.and_then(|r| r.rsplit('.').next()?.parse().ok());
        if pid.is_some_and(|pid| !processes::exists(pid)) {
            remove_tree(&path)?;
        }
    }
    Ok(())
}

/// Makes a new folder below `above`, private to its owner, under a name that nobody can have foreseen: what others put
/// into a folder that all may write to is never taken for ours.
pub fn scratch(above: &Path) -> Result<PathBuf> {
    let name = format!("wakeep-{}-{}-{}", host::random::<8>(), std::process::id(), unique());
    let dir = above.join(name);
    files::private_folders().create(&dir).at("making the folder", &dir)?;
    Ok(dir)
}

/// A number that is another one at every call in this process.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
