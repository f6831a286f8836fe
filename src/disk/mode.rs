//! Permission bits and owners.

use crate::error::{At, Result};
use rustix::fs::{AtFlags, CWD};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Sets a file's or folder's permission bits.
pub fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).at("setting the mode of", path)
}

/// Whether a file could be opened by somebody else than its owner and group.
pub fn world_readable(path: &Path) -> Result<bool> {
    Ok(fs::metadata(path).at("reading", path)?.mode() & 0o004 != 0)
}

/// Gives a file or folder (not what a link points to) to a user and group.
pub fn give_to(path: &Path, uid: u32, gid: u32) -> Result<()> {
    let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
    rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).at("giving away", path)
}

/// The permission bits of a file or folder.
pub fn mode(path: &Path) -> Result<u32> {
    Ok(fs::metadata(path).at("reading", path)?.mode() & 0o7777)
}
