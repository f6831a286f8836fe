//! What lies on the disk only for as long as a command runs, such as an unpacked login in the temporary folder, goes with
//! it: also where somebody breaks the command off. For commands at a terminal; those that stay hear signals themselves.

use super::exit::Exit;
use crate::disk;
use crate::keeper::signals::{Alarm, Signals, Woken};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

/// A demo's bot may still be writing there until this process has ended.
const TRIES: u32 = 5;

static LYING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static LISTENING: Once = Once::new();

fn lying() -> MutexGuard<'static, Vec<PathBuf>> {
    LYING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on a signal that ends the command takes this folder away first.
pub(super) fn takes_away(dir: &Path) {
    lying().push(dir.to_owned());
    LISTENING.call_once(|| {
        // Where nothing can be heard a signal ends the command as ever.
        if let Ok(signals) = Signals::at_a_terminal() {
            std::thread::spawn(move || clear_up(signals));
        }
    });
}

/// The folder is gone.
pub(super) fn forget(dir: &Path) {
    lying().retain(|lies| lies != dir);
}

fn clear_up(mut signals: Signals) {
    while let Ok(Woken::Rested) = signals.wait(Duration::from_secs(3600)) {}
    for dir in lying().iter() {
        // What can't be removed from the temporary folder the system removes.
        let _ = (0..TRIES).find(|_| disk::remove_tree(dir).is_ok());
    }
    std::process::exit(Exit::Interrupted.code().into());
}
