//! One push of a session at a time: what is on its way out lies under fixed names in the scratch folder, and the keeper
//! and a person may both want to push.

use crate::disk::Lock;
use crate::error::{Error, Holder, Result};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a push waits for another one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for the right to push from this scratch folder; it lasts as long as the lock.
///
/// # Errors
/// `Busy` where another push goes on for longer than a minute; `Io`.
pub fn take(scratch: &Path) -> Result<Lock> {
    let (path, begun) = (scratch.join("push.lock"), Instant::now());
    let says = format!("a push, pid {}", std::process::id());
    loop {
        match Lock::take(&path, &says)? {
            Ok(lock) => return Ok(lock),
            Err(_) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
            Err(program) => return Err(Error::Busy { holder: Holder { program, ..Holder::default() } }),
        }
    }
}
