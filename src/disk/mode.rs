//! Permission bits and owners, and how many names share them.

use crate::error::{At, Result};
use crate::platform::{files, modes};
use std::fs;
use std::path::Path;

/// Sets a file's or folder's permission bits.
pub fn set_mode(path: &Path, mode: u32) -> Result<()> {
    modes::set_mode(path, mode).at("setting the mode of", path)
}

/// Whether a file could be opened by somebody else than its owner and group.
pub fn world_readable(path: &Path) -> Result<bool> {
    Ok(modes::world_readable(&fs::metadata(path).at("reading", path)?))
}

/// Whether a file has another name than this one.
pub fn has_second_name(path: &Path) -> Result<bool> {
    Ok(files::names(&fs::symlink_metadata(path).at("reading", path)?) > 1)
}

/// Gives a file or folder (not what a link points to) to a user and group.
pub fn give_to(path: &Path, uid: u32, gid: u32) -> Result<()> {
    modes::give_to(path, uid, gid).at("giving away", path)
}

/// The permission bits of a file or folder.
pub fn mode(path: &Path) -> Result<u32> {
    Ok(modes::mode(&fs::metadata(path).at("reading", path)?))
}
