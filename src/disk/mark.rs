//! What tells a file, and its content, from every other without reading it.

use crate::error::{At, Result};
use crate::platform::files;
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// What tells one file from every other on this machine, and this content of it from an older one, without
/// reading it. ctime is left out: links change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileMark {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Seconds and nanoseconds of the last write.
    pub mtime: (i64, u32),
}

impl FileMark {
    /// Reads the mark of what is at the path, without following a link.
    pub fn of(path: &Path) -> Result<FileMark> {
        Ok(FileMark::from(&fs::symlink_metadata(path).at("reading", path)?))
    }
}

impl From<&fs::Metadata> for FileMark {
    fn from(meta: &fs::Metadata) -> FileMark {
        let (device, inode) = files::identity(meta);
        FileMark { device, inode, size: meta.len(), mtime: files::written(meta) }
    }
}

/// Which making of a file or folder this is. Inode numbers are used again; the time of birth tells the next from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Making {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// When it was made, since 1970, where the file system remembers it.
    pub born: Option<Duration>,
}

impl Making {
    /// That of what is at the path, or of what a link there leads to; `None` where nothing is.
    pub fn of(path: &Path) -> Option<Making> {
        let meta = fs::metadata(path).ok()?;
        let (device, inode) = files::identity(&meta);
        Some(Making { device, inode, born: since_1970(&meta) })
    }
}

/// When a file or folder (not what a link leads to) was made, in seconds since 1970, where the file system remembers it.
pub fn born(path: &Path) -> Option<i64> {
    let born = since_1970(&fs::symlink_metadata(path).ok()?)?;
    i64::try_from(born.as_secs()).ok()
}

fn since_1970(meta: &fs::Metadata) -> Option<Duration> {
    meta.created().ok()?.duration_since(UNIX_EPOCH).ok()
}
