//! A watch over a program that talks with another machine: one that is silent for too long, or works on past its
//! deadline, is ended, however alive the line is. Keepalives only tell that the machine is there.

use crate::error::{At, Result};
use crate::platform::ending::{self, Running};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many times longer than a line that broke a silent machine is waited for: it may have much to read, to compare
/// and to write before it answers.
const PATIENCES: u32 = 10;

/// What was heard of a program last, and whether it was given up.
#[derive(Debug, Clone)]
pub struct Vigil {
    heard: Arc<Mutex<Instant>>,
    gave_up: Arc<AtomicBool>,
}

/// What a program reads or says: each byte of it breaks the silence.
#[derive(Debug)]
pub struct Heard<T> {
    stream: T,
    vigil: Vigil,
}

/// How long a machine may say nothing at all, where a broken line is given `patience`.
pub fn silence(patience: Duration) -> Duration {
    patience * PATIENCES
}

impl Vigil {
    /// Watches a program until it ends: kills it after `silence`, and at `deadline`; its whole group if it leads one.
    ///
    /// # Errors
    /// `Io`: it can't be watched.
    pub fn over(child: &Child, silence: Duration, deadline: Option<Instant>, leads: bool) -> Result<Vigil> {
        let pid = child.id();
        let vigil = Vigil { heard: Arc::new(Mutex::new(Instant::now())), gave_up: Arc::default() };
        let Some(running) = Running::of(pid).at("watching", Path::new("ssh"))? else { return Ok(vigil) };
        let watching = vigil.clone();
        std::thread::spawn(move || {
            if watching.outlasts(&running, silence, deadline) {
                if leads {
                    ending::end_group(pid);
                }
                running.kill();
            }
        });
        Ok(vigil)
    }

    /// Whether it was ended for its silence, or at its deadline.
    pub fn gave_up(&self) -> bool {
        self.gave_up.load(Ordering::SeqCst)
    }

    /// A stream of the program's, which breaks the silence.
    pub fn hears<T>(&self, stream: T) -> Heard<T> {
        Heard { stream, vigil: self.clone() }
    }

    /// Waits; returns whether patience ended before the program did.
    fn outlasts(&self, running: &Running, silence: Duration, deadline: Option<Instant>) -> bool {
        loop {
            let silent = self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
            let late = deadline.map_or(Duration::MAX, |d| d.saturating_duration_since(Instant::now()));
            let left = silence.saturating_sub(silent).min(late);
            if left.is_zero() {
                self.gave_up.store(true, Ordering::SeqCst);
                return true;
            }
            if running.has_ended(left).unwrap_or(true) {
                return false;
            }
        }
    }

    fn breaks(&self, moved: usize) {
        if moved > 0 {
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }
}

impl<T: Read> Read for Heard<T> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(into).inspect(|n| self.vigil.breaks(*n))
    }
}

impl<T: Write> Write for Heard<T> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write(bytes).inspect(|n| self.vigil.breaks(*n))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}
