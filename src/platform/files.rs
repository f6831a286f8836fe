//! Opening files privately and with caution, and what the system knows of a file beside its bytes.

use rustix::fs::{Advice, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::num::NonZeroU64;
/// Reading and writing at a place of a file, without a position that others share: `read_at`, `read_exact_at`,
/// `write_all_at`.
pub use std::os::unix::fs::FileExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Options that make a new file readable and writable by its owner alone, from its first moment on.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// A maker of folders that are their owner's alone.
pub fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

/// Opens to read, whatever stands at the path: a pipe is not waited for.
pub fn open_at_once(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

/// [`open_at_once`], but never what a link at the path leads to.
pub fn open_no_link(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Makes a symbolic link.
pub fn link(link: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

/// Whether an error says that a file can't have a second name there: another file system, one without such names, too many of
/// them, or no permission.
pub fn cannot_have_two_names(e: &io::Error) -> bool {
    const SAY_SO: [Errno; 6] = [Errno::PERM, Errno::ACCESS, Errno::XDEV, Errno::MLINK, Errno::NOSYS, Errno::OPNOTSUPP];
    e.raw_os_error().is_some_and(|code| SAY_SO.map(Errno::raw_os_error).contains(&code))
}

/// Lets the empty file `target` share the blocks of `source` (reflink). `false` where the file system can't.
pub fn share_blocks(source: &File, target: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

/// Whether files of this file's file system can share blocks.
pub fn can_share_blocks(file: &File) -> bool {
    // A file is no copy of itself: that is refused where sharing is known, while elsewhere the call isn't.
    matches!(rustix::fs::ioctl_ficlone(file, file), Ok(()) | Err(Errno::INVAL))
}

/// Asks the system to begin writing this part of a file to the disk now, so that flushing it later finds little to do.
/// (For dirty pages that is what `POSIX_FADV_DONTNEED` does; they stay in memory while they are being written.)
pub fn begin_writing(file: &File, from: u64, len: NonZeroU64) {
    // Only a hint: a file system that knows none writes when it is flushed.
    let _ = rustix::fs::fadvise(file, from, Some(len), Advice::DontNeed);
}

/// Device and inode: what tells a file from every other on this machine while it exists.
pub fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// How many names a file has.
pub fn names(meta: &Metadata) -> u64 {
    meta.nlink()
}

/// Seconds since 1970 and nanoseconds of the last write.
pub fn written(meta: &Metadata) -> (i64, u32) {
    (meta.mtime(), u32::try_from(meta.mtime_nsec()).unwrap_or(0))
}
