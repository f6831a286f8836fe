//! Moves in one step. They are neither flushed nor counted here: the door for durable changes is `disk`.

#![expect(clippy::disallowed_methods, reason = "behind the door: only disk calls these")]

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use std::io;
use std::path::Path;

/// Moves to a name that is free (`renameat2(RENAME_NOREPLACE)`).
///
/// # Errors
/// See [`knows_no_such_move`]; `AlreadyExists`; else the system's.
pub fn move_to_free(from: &Path, to: &Path) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// Swaps what stands at two paths (`renameat2(RENAME_EXCHANGE)`).
///
/// # Errors
/// As [`move_to_free`].
pub fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

/// Whether an error says that this file system has no such move at all.
pub fn knows_no_such_move(e: &io::Error) -> bool {
    e.raw_os_error() == Some(Errno::INVAL.raw_os_error())
}

/// Whether an error of [`exchange`] says that these two places can't be exchanged: one is a mount point, they lie on two file
/// systems, or theirs has no exchange.
pub fn cannot_exchange(e: &io::Error) -> bool {
    const SAY_SO: [Errno; 5] = [Errno::BUSY, Errno::XDEV, Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP];
    e.raw_os_error().is_some_and(|code| SAY_SO.map(Errno::raw_os_error).contains(&code))
}
