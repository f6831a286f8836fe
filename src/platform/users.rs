//! The users of the system, and doing something as one of them.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A user, as the system lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the user is called.
    pub name: String,
    /// The user's number; 0 is root's.
    pub uid: u32,
    /// The number of the user's own group.
    pub gid: u32,
    /// The user's home folder.
    pub home: PathBuf,
}

/// Whether this process may do everything, and become everybody.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The number of the user that this process works as.
pub fn current() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// All users that `/etc/passwd` names (passwd(5)).
pub fn all() -> Vec<User> {
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    text.lines().filter_map(user).collect()
}

fn user(line: &str) -> Option<User> {
    let fields: Vec<&str> = line.split(':').collect();
    let (name, home) = (fields.first()?.to_string(), PathBuf::from(fields.get(5)?));
    Some(User { name, uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()?, home })
}

/// A command that runs as that user and group, without any group of this process's.
pub fn command_as(program: &Path, uid: u32, gid: u32) -> Command {
    let mut command = Command::new(program);
    // The standard library drops the supplementary groups with the user.
    command.gid(gid).uid(uid);
    command
}

/// Shows the command to others under a name that isn't its file's.
pub fn call_it(command: &mut Command, name: &str) {
    command.arg0(name);
}

/// This process becomes the command. Returns only where that failed.
pub fn become_it(command: &mut Command) -> io::Error {
    command.exec()
}
