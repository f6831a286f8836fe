//! `SingletonLock`: the symlink `<host>-<pid>` by which a Chromium says that a profile is its own. wakeep makes one of
//! its own while it works on a profile: a Chromium that starts meanwhile ends with code 21 (measured with 156). If
//! wakeep is killed, its pid is dead, and the next Chromium replaces the lock by itself.

use crate::disk;
use crate::error::{At, Result};
use crate::session::holder::host_name;
use std::fs;
use std::path::Path;

/// The lock's name in a profile.
pub const NAME: &str = "SingletonLock";

/// Takes the profile, which nobody uses, for this process. A lock that a dead Chromium left is replaced.
pub fn hold(profile: &Path) -> Result<()> {
    let lock = profile.join(NAME);
    disk::remove_file(&lock)?;
    disk::point(&lock, Path::new(&ours()))
}

/// Gives it up again; another's lock is left alone.
pub fn let_go(profile: &Path) -> Result<()> {
    let lock = profile.join(NAME);
    match fs::read_link(&lock) {
        Ok(owner) if owner == Path::new(&ours()) => disk::remove_file(&lock),
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e).at("reading", &lock),
        _ => Ok(()),
    }
}

fn ours() -> String {
    format!("{}-{}", host_name(), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_ours_until_it_is_let_go() {
        let dir = tempfile::tempdir().unwrap();
        disk::point(&dir.path().join(NAME), Path::new("host-1")).unwrap();
        hold(dir.path()).unwrap();
        assert_eq!(fs::read_link(dir.path().join(NAME)).unwrap(), Path::new(&ours()));
        let_go(dir.path()).unwrap();
        assert!(!disk::exists(&dir.path().join(NAME)));
        disk::point(&dir.path().join(NAME), Path::new("host-1")).unwrap();
        let_go(dir.path()).unwrap();
        assert!(disk::exists(&dir.path().join(NAME)));
    }
}
