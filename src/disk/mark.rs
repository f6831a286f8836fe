//! What tells a file, and its content, from every other without reading it.

use crate::error::{At, Result};
use rustix::fs::{AtFlags, CWD, StatxFlags};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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
        FileMark {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            mtime: (meta.mtime(), u32::try_from(meta.mtime_nsec()).unwrap_or(0)),
        }
    }
}

/// When a file or folder was made, in seconds since 1970, where the file system remembers it.
pub fn born(path: &Path) -> Option<i64> {
    let stat = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BTIME).ok()?;
    (stat.stx_mask & StatxFlags::BTIME.bits() != 0).then_some(stat.stx_btime.tv_sec)
}
