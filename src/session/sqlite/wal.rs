//! SQLite's write-ahead log, read without SQLite: how far it goes, and whether its checksums hold.
//!
//! Source: sqlite.org/walformat.html.

use super::{CHANGES, filled, word};
use crate::error::{At, Result};
use crate::tree::is_vanished;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// What a write-ahead log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wal {
    /// Chosen at each new beginning: frames of an older one are left over.
    pub salts: [u32; 2],
    /// The frames up to the last one that ends a transaction.
    pub committed: u32,
    /// The change counter of the database's header, where a committed frame changes that.
    pub changes: Option<u32>,
    /// The frame whose checksum is wrong although further ones follow: what they hold would silently be lost.
    pub damaged: Option<u32>,
}

impl Wal {
    /// Reads the log at the path; `None` where there is none, or one that holds nothing.
    pub fn read(path: &Path) -> Result<Option<Wal>> {
        match File::open(path).at("opening", path) {
            Err(e) if is_vanished(&e) => Ok(None),
            file => Wal::parse(BufReader::new(file?)).at("reading", path),
        }
    }

    fn parse(mut source: impl Read) -> io::Result<Option<Wal>> {
        let mut header = [0; 32];
        if !filled(&mut source, &mut header)? {
            return Ok(None);
        }
        let (big_endian, page) = match word(&header, 0) {
            0x377f_0682 => (false, word(&header, 8)),
            0x377f_0683 => (true, word(&header, 8)),
            _ => return Ok(None),
        };
        let mut sum = Sum { big_endian, pair: [0, 0] };
        sum.add(&header[..24]);
        if sum.pair != [word(&header, 24), word(&header, 28)] || !(512..=65536).contains(&page) {
            return Ok(None);
        }
        let salts = [word(&header, 16), word(&header, 20)];
        let mut wal = Wal { salts, committed: 0, changes: None, damaged: None };
        wal.frames(source, sum, page as usize)?;
        Ok(Some(wal))
    }

    fn frames(&mut self, mut source: impl Read, mut sum: Sum, page: usize) -> io::Result<()> {
        let mut frame = vec![0; 24 + page];
        let (mut bad, mut changes) = (None, None);
        for nth in 1.. {
            if !filled(&mut source, &mut frame)? {
                break;
            }
            let ours = [word(&frame, 8), word(&frame, 12)] == self.salts;
            if bad.is_some() {
                // Left over from an earlier beginning, unless it has our salts.
                self.damaged = self.damaged.or(bad.filter(|_| ours));
                continue;
            }
            sum.add(&frame[..8]);
            sum.add(&frame[24..]);
            if !ours || sum.pair != [word(&frame, 16), word(&frame, 20)] {
                bad = Some(nth);
                continue;
            }
            if word(&frame, 0) == 1 {
                changes = Some(word(&frame, 24 + CHANGES));
            }
            if word(&frame, 4) != 0 {
                (self.committed, self.changes) = (nth, changes);
            }
        }
        Ok(())
    }
}

/// The running checksum of a log.
struct Sum {
    big_endian: bool,
    pair: [u32; 2],
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks_exact(8) {
            let [x, y] = [0, 4].map(|at| {
                let word = eight[at..at + 4].try_into().expect("four bytes");
                if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
            });
            self.pair[0] = self.pair[0].wrapping_add(x).wrapping_add(self.pair[1]);
            self.pair[1] = self.pair[1].wrapping_add(y).wrapping_add(self.pair[0]);
        }
    }
}
