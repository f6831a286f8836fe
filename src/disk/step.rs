//! The steps that change what a later start would find: where the fault tests of `tests/it` can kill or stop the process.

use crate::platform::ending::strike;
use crate::platform::signals::Signal;
use std::sync::atomic::{AtomicI64, Ordering};

static KILLED_IN: AtomicI64 = AtomicI64::new(-1);
static STOPPED_IN: AtomicI64 = AtomicI64::new(-1);

/// In debug builds, makes the process kill itself before its `n`-th durable step (1 = the first); the fault tests use
/// it. Release builds ignore it.
pub fn crash_before(n: i64) {
    KILLED_IN.store(n, Ordering::SeqCst);
}

/// The same with a stop from which the test wakes it, when it has done to the files what a bot might do just then.
pub fn stop_before(n: i64) {
    STOPPED_IN.store(n, Ordering::SeqCst);
}

/// Passed before each durable step.
pub(super) fn step() {
    if cfg!(debug_assertions) {
        for (left, signal) in [(&KILLED_IN, Signal::KILL), (&STOPPED_IN, Signal::STOP)] {
            if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                strike(signal);
            }
        }
    }
}
