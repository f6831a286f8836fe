//! Who may read a file, and whose it is. Nothing in an archive relies on it: files come out of one as their owner's alone.

use rustix::fs::{Access, AtFlags, CWD, Gid, Uid};
use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Permission bits of what was asked about: three times read, write, execute, and three special ones.
pub fn mode(meta: &Metadata) -> u32 {
    meta.mode() & 0o7777
}

/// Sets permission bits.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Whether somebody else than its owner and group could open it.
pub fn world_readable(meta: &Metadata) -> bool {
    meta.mode() & 0o004 != 0
}

/// The numbers of the owner and of the group.
pub fn owner(meta: &Metadata) -> (u32, u32) {
    (meta.uid(), meta.gid())
}

/// Gives a file or folder (not what a link points to) to a user and group.
pub fn give_to(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    Ok(rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Whether this user may write to what is at the path.
pub fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

/// Whether nobody may write there, since the file system is read-only.
pub fn is_read_only(path: &Path) -> bool {
    let flags = rustix::fs::statvfs(path).map(|stat| stat.f_flag);
    flags.is_ok_and(|flags| flags.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}
