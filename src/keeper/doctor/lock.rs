//! The lock that a browser leaves in its profile when it is killed. One of a dead owner may be removed; an owner on another
//! host can't be proved dead.

use crate::ailment::Ailment;
use crate::disk;
use crate::error::Result;
use crate::keeper::ward::Ward;
use crate::platform::{host, processes};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Chromium's lock is a link to `<host>-<pid>`: a dead owner on this host is proved, one on another host isn't.
pub fn look(ward: &Ward) -> Option<Ailment> {
    let path = ward.session.path.join("SingletonLock");
    let owner = fs::read_link(&path).ok()?.to_string_lossy().into_owned();
    let (host, _) = owner.rsplit_once('-')?;
    let dead = is_dead(&owner);
    let stale = dead || host != host::name();
    stale.then_some(Ailment::StaleLock { path, owner, dead })
}

/// Removes a dead owner's lock. A bot may have started since it was looked at: what is moved aside is looked at again, and
/// put back where it is another one.
pub fn clear(lock: &Path, owner: &str) -> Result<bool> {
    let aside = lock.with_file_name(".wakeep-SingletonLock");
    disk::remove_file(&aside)?;
    match disk::move_to(lock, &aside) {
        Err(e) if e.io_kind() == Some(ErrorKind::NotFound) => return Ok(true),
        other => other?,
    }
    let is_same = fs::read_link(&aside).is_ok_and(|now| now.to_string_lossy() == owner);
    if is_same && is_dead(owner) {
        return disk::remove_file(&aside).map(|()| true);
    }
    disk::move_to(&aside, lock).map(|()| false)
}

/// Whether the owner that a lock names (`<host>-<pid>`) is proved dead.
fn is_dead(owner: &str) -> bool {
    let Some((host, pid)) = owner.rsplit_once('-') else { return false };
    host == host::name() && !pid.parse().is_ok_and(processes::is_alive)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bot may start between the look and the mending.
    #[test]
    fn only_the_lock_that_was_looked_at_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let lock = dir.path().join("SingletonLock");
        let (dead, alive) = (format!("{}-4194399", host::name()), format!("{}-{}", host::name(), std::process::id()));
        // Another one's by now; the same number, but of a process that lives by now; gone by now.
        for (now, looked) in [(&alive, &dead), (&alive, &alive)] {
            disk::point(&lock, Path::new(now)).unwrap();
            assert!(!clear(&lock, looked).unwrap());
            assert_eq!(fs::read_link(&lock).unwrap(), Path::new(now));
            fs::remove_file(&lock).unwrap();
        }
        assert!(clear(&lock, &dead).unwrap());
        disk::point(&lock, Path::new(&dead)).unwrap();
        assert!(clear(&lock, &dead).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
