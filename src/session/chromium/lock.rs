//! The hold on profiles that wakeep works on: what a running Chromium puts into its profile, so that another one that
//! starts meanwhile refuses to.
//!
//! `SingletonLock` is the symlink `<host>-<pid>`. It is not enough: a Chromium that starts believes a lock of its own
//! host only if that process is a Chromium too, or answers at `SingletonSocket`. So there is a door behind the lock.
//! If wakeep is killed, nobody answers and its pid is dead: the next Chromium replaces all three by itself.
//!
//! Source: Chromium's `chrome/browser/process_singleton_posix.cc`; tried with 156.

use super::door::Door;
use super::holder;
use crate::disk;
use crate::error::Result;
use crate::platform::host;
use crate::session::Hold;
use std::fs;
use std::path::{Path, PathBuf};

/// The lock's name in a profile.
pub const NAME: &str = "SingletonLock";

/// How often a lock is taken that others give up at the same time.
const TRIES: u32 = 3;

/// Profiles that are held as long as the value lives.
pub struct Held {
    profiles: Vec<PathBuf>,
    door: Option<Door>,
}

impl Hold for Held {}

/// Takes profiles for this process, those that are there; one that isn't may be where another one is moved to. Locks
/// that dead Chromiums left are replaced. `room` is a folder that is ours.
///
/// # Errors
/// [`InUse`](crate::error::Error::InUse) or [`MaybeInUse`](crate::error::Error::MaybeInUse) if a Chromium has one of them; none is held then.
pub fn hold(profiles: &[&Path], room: &Path) -> Result<Held> {
    // Where no socket can be made, a look at who has the files open has to do.
    let all = profiles.iter().map(|p| p.to_path_buf()).collect();
    let held = Held { profiles: all, door: Door::open(room).ok() };
    for profile in profiles.iter().filter(|p| p.is_dir()) {
        held.take(profile)?;
    }
    Ok(held)
}

impl Held {
    /// The door first: a lock without one would be taken away by a Chromium that starts now.
    fn take(&self, profile: &Path) -> Result<()> {
        require_nobody(profile)?;
        for (name, target) in self.door.iter().flat_map(Door::signs) {
            disk::remove_file(&profile.join(name))?;
            disk::point(&profile.join(name), &target)?;
        }
        lock(profile)
    }
}

/// One link that is made only if none is there decides between two who want a profile.
fn lock(profile: &Path) -> Result<()> {
    let lock = profile.join(NAME);
    for _ in 1..TRIES {
        match disk::point(&lock, Path::new(&ours())) {
            Err(e) if e.io_kind() == Some(std::io::ErrorKind::AlreadyExists) => {}
            other => return other,
        }
        require_nobody(profile)?;
        disk::remove_file(&lock)?;
    }
    disk::point(&lock, Path::new(&ours()))
}

fn require_nobody(profile: &Path) -> Result<()> {
    holder::by_lock(profile).or_refuse(profile)
}

impl Drop for Held {
    /// The lock goes last, and what another has put there meanwhile stays. What can't be removed is a dead process's
    /// soon.
    fn drop(&mut self) {
        let signs: Vec<_> = self.door.iter().flat_map(Door::signs).collect();
        for profile in &self.profiles {
            for (name, target) in signs.iter().map(|(n, t)| (*n, t.as_path())).chain([(NAME, Path::new(&ours()))]) {
                let link = profile.join(name);
                if fs::read_link(&link).is_ok_and(|to| to == target) {
                    let _ = disk::remove_file(&link);
                }
            }
        }
    }
}

fn ours() -> String {
    format!("{}-{}", host::name(), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn profiles_are_ours_until_they_are_let_go() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        for profile in [&one, &two] {
            fs::create_dir(profile).unwrap();
        }
        let dead = format!("{}-4194399", host::name());
        disk::point(&one.join(NAME), Path::new(&dead)).unwrap();
        let held = hold(&[&one, &two], dir.path()).unwrap();
        for profile in [&one, &two] {
            assert_eq!(fs::read_link(profile.join(NAME)).unwrap(), Path::new(&ours()));
            assert_eq!(names(profile), ["SingletonCookie", "SingletonLock", "SingletonSocket"]);
        }
        drop(held);
        assert_eq!(names(dir.path()), ["one", "two"], "the door is gone");
        assert_eq!((names(&one), names(&two)), (vec![], vec![]));
    }

    #[test]
    fn a_profile_that_another_has_stays_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let profile = dir.path().join("profile");
        fs::create_dir(&profile).unwrap();
        disk::point(&profile.join(NAME), Path::new("elsewhere-1")).unwrap();
        assert!(matches!(hold(&[&profile], dir.path()), Err(Error::MaybeInUse { .. })));
        assert_eq!(fs::read_link(profile.join(NAME)).unwrap(), Path::new("elsewhere-1"));
        assert_eq!(names(&profile), ["SingletonLock"]);
    }
}
