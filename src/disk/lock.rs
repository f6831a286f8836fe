//! Locks between processes.

use crate::error::{At, Result};
use crate::platform::files;
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// An exclusive lock (flock) that lasts as long as the value, and says who holds it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or returns what its holder wrote into it.
    pub fn take(path: &Path, says: &str) -> Result<std::result::Result<Lock, String>> {
        let mut file = files::private()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .at("opening the lock", path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).at("writing", path)?;
                file.write_all(says.as_bytes()).at("writing", path)?;
                Ok(Ok(Lock { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Ok(Err(text))
            }
            Err(TryLockError::Error(e)) => Err(e).at("locking", path),
        }
    }

    /// What the holder of a lock says of itself; `None` if nobody has it. Takes nothing.
    pub fn holder(path: &Path) -> Result<Option<String>> {
        let mut file = File::open(path).at("opening the lock", path)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Ok(Some(text))
            }
            Err(TryLockError::Error(e)) => Err(e).at("asking who locks", path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::take(&path, "keeper 7").unwrap().unwrap();
        assert_eq!(Lock::take(&path, "x").unwrap().unwrap_err(), "keeper 7");
        drop(held);
        assert!(Lock::take(&path, "x").unwrap().is_ok());
    }
}
