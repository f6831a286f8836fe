//! Whose session it is. Root has no business in folders that the bot's user can rearrange: a link put there at the
//! right moment would turn every write of root's against the machine. So root becomes the bot's user first, and no
//! work on the bot's files is done as root.

use crate::disk;
use crate::error::{At, Result};
use crate::platform::users::{self, User};
use crate::platform::{host, modes};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// The user and group that work on a session is done as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user's number; never root's.
    pub uid: u32,
    /// The user's own group.
    pub gid: u32,
}

pub use crate::platform::users::is_root;

impl Owner {
    /// Whose the path is: the first folder, file or link on the way to it that isn't root's decides, for its owner
    /// decides what comes below. `None`: all of it is root's, so nobody else can rearrange it.
    pub fn of(path: &Path) -> Option<Owner> {
        let full = std::path::absolute(path).ok()?;
        let mut so_far = PathBuf::new();
        for part in full.components() {
            so_far.push(part);
            let Ok(meta) = fs::symlink_metadata(&so_far) else { break };
            let (uid, _) = modes::owner(&meta);
            if uid != 0 {
                return Some(Owner { uid, gid: known(uid).map_or(uid, |user| user.gid) });
            }
            if meta.is_symlink() {
                // Root's own link may be followed; what it leads to is judged in turn.
                let target = so_far.canonicalize().ok()?;
                if let Some(owner) = Owner::of(&target) {
                    return Some(owner);
                }
                so_far = target;
            }
        }
        None
    }

    /// The user of this name.
    pub fn named(name: &str) -> Option<Owner> {
        let found = users::all().into_iter().find(|u| u.name == name)?;
        Some(Owner { uid: found.uid, gid: found.gid }).filter(|o| o.uid != 0)
    }

    /// The user's name, where the system knows one.
    pub fn name(self) -> Option<String> {
        known(self.uid).map(|u| u.name)
    }

    /// The user's home folder, where the system knows one.
    pub fn home(self) -> Option<PathBuf> {
        known(self.uid).map(|u| u.home)
    }

    /// A command that runs as this user, without any group of root's.
    pub fn command(self, program: &str) -> Command {
        self.command_of(Path::new(program))
    }

    fn command_of(self, program: &Path) -> Command {
        let mut command = users::command_as(program, self.uid, self.gid);
        if let Some(home) = self.home() {
            command.env("HOME", home);
        }
        command
    }
}

/// The command that runs this very program again, as the owner where there is one.
pub fn again(owner: Option<Owner>) -> Command {
    let this = host::this_program();
    let mut command = owner.map_or_else(|| Command::new(this), |o| o.command_of(this));
    users::call_it(&mut command, "wakeep");
    command
}

/// Runs this program again with these arguments and waits for its end.
///
/// # Errors
/// This program can't be started.
pub fn run_again(owner: Option<Owner>, args: &[impl AsRef<OsStr>]) -> Result<ExitStatus> {
    again(owner).args(args).status().at("starting again as the bot's user", Path::new("wakeep"))
}

/// Becomes the owner: this program starts anew as that user. Returns only where that failed.
///
/// # Errors
/// Always: who comes back has failed.
pub fn become_owner(owner: Owner, args: &[impl AsRef<OsStr>]) -> Result<std::convert::Infallible> {
    let failed = users::become_it(again(Some(owner)).args(args));
    Err(failed).at("starting again as the bot's user", Path::new("wakeep"))
}

/// Makes a log file that both root and the bot's user can append to, if it isn't there.
pub fn make_log(log: &Path, owner: Option<Owner>) -> Result<()> {
    if !disk::exists(log) {
        drop(disk::create_new(log)?);
    }
    if let Some(owner) = owner {
        disk::give_to(log, 0, owner.gid)?;
    }
    disk::set_mode(log, 0o664)
}

fn known(uid: u32) -> Option<User> {
    users::all().into_iter().find(|u| u.uid == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_all_roots_is_nobody_elses() {
        assert_eq!(Owner::of(Path::new("/usr/bin/env")), None);
        assert_eq!(Owner::of(Path::new("/proc/self/nowhere/below")).is_some(), !is_root());
        assert_eq!(Owner::named("root"), None);
    }

    #[test]
    fn the_first_foreign_folder_on_the_way_decides() {
        let dir = tempfile::tempdir().unwrap();
        let (me, _) = modes::owner(&fs::metadata(dir.path()).unwrap());
        let inside = dir.path().join("a/b");
        if me != 0 {
            return assert_eq!(Owner::of(&inside).map(|o| o.uid), Some(me));
        }
        fs::create_dir_all(&inside).unwrap();
        assert_eq!(Owner::of(&inside), None);
        disk::give_to(&dir.path().join("a"), 65534, 65534).unwrap();
        assert_eq!(Owner::of(&inside).map(|o| o.uid), Some(65534), "although b is root's");
        // A link of the bot's user says whose it is, wherever it leads.
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/etc", &link).unwrap();
        assert_eq!(Owner::of(&link.join("passwd")), None);
        disk::give_to(&link, 65534, 65534).unwrap();
        assert_eq!(Owner::of(&link.join("passwd")).map(|o| o.uid), Some(65534));
    }
}
