//! The last nonces of this host, kept beside the session for all its processes: whoever of them finds one at the remote
//! knows that nobody else had the lease since. It says nothing of who has it now.

use crate::disk;
use crate::error::Result;
use std::fs;
use std::path::PathBuf;

/// The nonces that this host wrote, or was about to write: an answer may be lost.
#[derive(Debug)]
pub struct Memory {
    path: Option<PathBuf>,
    nonces: Vec<String>,
}

impl Memory {
    /// Remembers in a file that other processes of this host read and write as well.
    pub fn at(path: PathBuf) -> Memory {
        Memory { path: Some(path), nonces: Vec::new() }
    }

    /// Forgets with the process.
    pub fn none() -> Memory {
        Memory { path: None, nonces: Vec::new() }
    }

    /// Whether a body with this nonce is of this host. The file is read anew: whoever wrote the body noted it first, so
    /// that what is read at the remote before stands in the file by now.
    pub(super) fn knows(&self, nonce: &str) -> bool {
        self.nonces.iter().any(|n| n == nonce) || self.noted().iter().any(|n| n == nonce)
    }

    /// Before a body is written. Durable, since after a power cut nothing else tells whose lease it is. A nonce that
    /// can't be noted is known to this process at least, and goes to the file with the next one.
    pub(super) fn note(&mut self, nonce: &str) -> Result<()> {
        /// Enough for several processes that write at the same time.
        const KEPT: usize = 16;
        push(&mut self.nonces, nonce);
        self.nonces.drain(..self.nonces.len().saturating_sub(KEPT));
        let Some(path) = &self.path else { return Ok(()) };
        let noted = self.noted();
        let mut all = noted.clone();
        self.nonces.iter().for_each(|n| push(&mut all, n));
        if all == noted {
            return Ok(());
        }
        all.drain(..all.len().saturating_sub(KEPT));
        disk::write_whole(path, (all.join("\n") + "\n").as_bytes())
    }

    fn noted(&self) -> Vec<String> {
        let text = self.path.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// The last one is the newest, also where it was noted before.
fn push(nonces: &mut Vec<String>, nonce: &str) {
    nonces.retain(|n| n != nonce);
    nonces.push(nonce.to_owned());
}
