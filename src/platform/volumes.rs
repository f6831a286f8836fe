//! The file system a path lies on.

use rustix::fs::{AtFlags, CWD, StatxFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::path::Path;

/// What tells one mount from another, bind mounts of one file system included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mount(u32, u32, u64);

/// The mount a path lies on.
pub fn mount(path: &Path) -> io::Result<Mount> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    let stat = rustix::fs::statx(CWD, path, AtFlags::empty(), wanted)?;
    let id = if stat.stx_mask & StatxFlags::MNT_ID.bits() != 0 { stat.stx_mnt_id } else { 0 };
    Ok(Mount(stat.stx_dev_major, stat.stx_dev_minor, id))
}

/// Bytes free for this user.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Flushes all of the file system that an open file lies on.
pub fn flush_all(file: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(file)?)
}

/// Whether an error of flushing a folder says that its file system has nothing to flush for one, as some network and FUSE ones.
pub fn flushes_no_folders(e: &io::Error) -> bool {
    const SAY_SO: [Errno; 2] = [Errno::INVAL, Errno::OPNOTSUPP];
    e.raw_os_error().is_some_and(|code| SAY_SO.map(Errno::raw_os_error).contains(&code))
}

/// The name of a kind of file system whose locks other hosts don't see, where the path lies on one.
pub fn blind_to_locks(path: &Path) -> io::Result<Option<&'static str>> {
    // linux/magic.h; `man 2 statfs`.
    const BLIND: [(u32, &str); 5] = [
        (0x6573_5546, "FUSE"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB2"),
        (0x0102_1997, "9P"),
        (0x6b41_4653, "AFS"),
    ];
    let kind = rustix::fs::statfs(path)?.f_type;
    Ok(BLIND.iter().find(|(magic, _)| i64::from(*magic) == (kind as i64 & 0xffff_ffff)).map(|(_, name)| *name))
}
