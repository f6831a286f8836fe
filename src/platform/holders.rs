//! Evidence of who works on a file: POSIX locks, open files and processes of this host, by reading alone.
//! It is not the decision whether a session is in use: each kind weighs the evidence in its `holder`.
//!
//! Nothing here takes a lock. Asking about one opens the file and closes it again, and a process that closes any
//! descriptor of a file loses all its own POSIX locks on it: never ask about a database that this process has
//! open by SQLite at the moment.

#[cfg(test)]
mod tests;

use super::files::identity;
use super::modes;
use super::processes::{self, can_hold_files, program_of, uid_of};
use crate::error::{At, Result};
use rustix::process::{Flock, FlockType};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Who has a POSIX lock (`fcntl`, not `flock`) on any byte of the file. `Some(0)`: somebody whom this process can't
/// see, in another PID namespace or on another host of a network file system. A missing file is locked by nobody.
///
/// # Errors
/// The file can't be opened for reading, or its file system knows no locks.
pub fn posix_lock_owner(path: &Path) -> Result<Option<u32>> {
    posix_lock_owner_of(path, (0, 0))
}

/// Who has a POSIX lock on any byte of a part of the file, given as offset and length (0 = to the end of all files).
///
/// # Errors
/// As [`posix_lock_owner`].
pub fn posix_lock_owner_of(path: &Path, (start, length): (u64, u64)) -> Result<Option<u32>> {
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.at("opening", path)?,
    };
    // Asking for a write lock shows readers too.
    let mut wish = Flock::from(FlockType::WriteLock);
    (wish.start, wish.length) = (start, length);
    let found = rustix::process::fcntl_getlk(&file, &wish).at("asking who locks", path)?;
    // A pid of -1 stands for an open-file-description lock, 0 for an owner in another namespace.
    Ok(found.map(|lock| lock.pid.and_then(|p| u32::try_from(p.as_raw_pid()).ok()).unwrap_or(0)))
}

/// What [`open_by`] found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// Processes that have one of the files open or mapped, with their programs' names.
    pub pids: Vec<(u32, String)>,
    /// A process that runs as the owner of one of the files couldn't be looked into: it may have them open.
    pub blind: bool,
    /// All processes that couldn't be looked into, kernel threads and zombies left out. On a server a user never sees
    /// into those of root; they are no reason for doubt unless their name is.
    pub unseen: Vec<(u32, String)>,
}

/// Which processes have one of the files open or mapped, told by device and inode. Paths that lead nowhere are left
/// out. This process itself is never named.
///
/// # Errors
/// `/proc` can't be listed.
pub fn open_by(files: &[PathBuf]) -> Result<Scan> {
    let wanted: Vec<_> = files.iter().filter_map(|f| fs::metadata(f).ok()).collect();
    let ids: HashSet<_> = wanted.iter().map(identity).collect();
    let mut scan = Scan::default();
    for pid in processes::all()? {
        match has_open(pid, &ids) {
            Look::Open => scan.pids.push((pid, program_of(pid))),
            Look::Unseen => {
                let owner = uid_of(pid);
                scan.blind |= wanted.iter().any(|m| owner.is_none_or(|uid| uid == modes::owner(m).0));
                scan.unseen.push((pid, program_of(pid)));
            }
            Look::No => {}
        }
    }
    // /proc mounted with hidepid=2 doesn't even show the first process.
    scan.blind |= !Path::new("/proc/1").exists();
    Ok(scan)
}

enum Look {
    Open,
    No,
    Unseen,
}

fn has_open(pid: u32, ids: &HashSet<(u64, u64)>) -> Look {
    let denied = |e: &io::Error| e.kind() == io::ErrorKind::PermissionDenied;
    let list = match fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(list) => list,
        Err(e) if denied(&e) && can_hold_files(pid) => return Look::Unseen,
        Err(_) => return Look::No,
    };
    let open = list.flatten().filter_map(|fd| fs::metadata(fd.path()).ok());
    let mapped = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let known = |id: &(u64, u64)| ids.contains(id);
    if open.map(|m| identity(&m)).any(|id| known(&id)) || mapped.lines().filter_map(mapping).any(|id| known(&id)) {
        Look::Open
    } else {
        Look::No
    }
}

/// Device and inode of a line of `/proc/<pid>/maps`: `start-end perms offset major:minor inode path`.
fn mapping(line: &str) -> Option<(u64, u64)> {
    let mut fields = line.split_ascii_whitespace().skip(3);
    let (major, minor) = fields.next()?.split_once(':')?;
    let part = |hex| u32::from_str_radix(hex, 16).ok();
    let inode = fields.next()?.parse().ok().filter(|&i| i != 0)?;
    Some((rustix::fs::makedev(part(major)?, part(minor)?), inode))
}
