//! The format that write-ahead logs and MANIFESTs share: records cut into fragments within blocks of 32 KiB.
//! Knows nothing of what the records mean.
//!
//! Source: LevelDB's `doc/log_format.md` and `db/log_reader.cc`. Damage and torn tails are told apart as a LevelDB
//! with paranoid checks does (Chromium's), and in two places more strictly, where LevelDB would silently lose
//! whole records: zeros or a wrong length followed by good records.

use super::coding::{Cursor, checksum_holds};
use std::io::{self, Read};
use std::ops::Range;

const BLOCK: usize = 32 * 1024;
const HEADER: usize = 7;

/// How a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With its last whole record.
    Whole,
    /// With an incomplete record, which begins at this offset: its writer was stopped, or still writes.
    Torn(u64),
    /// Reading stopped at damage.
    Damaged {
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
}

/// What is done with a record at an offset; `Err` says that the record itself can't be.
pub type Visit<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), &'static str>;

/// Calls `visit` with the offset and content of every whole record, until the end or the first damage.
pub fn replay(source: impl Read, visit: Visit<'_>) -> io::Result<Ending> {
    let mut blocks = Blocks { source, bytes: vec![0; BLOCK], length: 0, at: 0, start: 0, last: false };
    let mut open: Option<(u64, Vec<u8>)> = None;
    loop {
        let (offset, kind, part) = match blocks.fragment()? {
            Step::Fragment(offset, kind, range) => (offset, kind, &blocks.bytes[range]),
            Step::End(None) => {
                return Ok(open.map_or(Ending::Whole, |(from, _)| Ending::Torn(from)));
            }
            Step::End(Some(torn)) => return Ok(Ending::Torn(open.map_or(torn, |(from, _)| from))),
            Step::Bad(offset, what) => return Ok(Ending::Damaged { offset, what }),
        };
        let done = match (kind, open.as_mut()) {
            (FULL | FIRST, Some((_, bytes))) if !bytes.is_empty() => Err("a record has no end"),
            (FULL, _) => visit(offset, part),
            (FIRST, _) => {
                open = Some((offset, part.to_vec()));
                continue;
            }
            (MIDDLE | LAST, None) => Err("a record has no start"),
            (MIDDLE, Some((_, bytes))) => {
                bytes.extend_from_slice(part);
                continue;
            }
            (LAST, Some((from, bytes))) => {
                bytes.extend_from_slice(part);
                visit(*from, bytes)
            }
            _ => Err("a record of unknown type"),
        };
        open = None;
        if let Err(what) = done {
            return Ok(Ending::Damaged { offset, what });
        }
    }
}

const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

enum Step {
    /// Offset in the file, type, and where the content lies in the block.
    Fragment(u64, u8, Range<usize>),
    End(Option<u64>),
    Bad(u64, &'static str),
}

struct Blocks<R> {
    source: R,
    bytes: Vec<u8>,
    length: usize,
    at: usize,
    start: u64,
    last: bool,
}

impl<R: Read> Blocks<R> {
    fn fragment(&mut self) -> io::Result<Step> {
        while self.length - self.at < HEADER {
            if self.last {
                let cut = self.length > self.at;
                return Ok(Step::End(cut.then(|| self.offset())));
            }
            self.next_block()?;
        }
        let offset = self.offset();
        let rest = &self.bytes[self.at..self.length];
        let (stored, length, kind) = header(rest).expect("at least a header's length is left");
        if kind == 0 && length == 0 {
            return self.zeros(offset);
        }
        let Some(fragment) = rest.get(6..HEADER + length) else {
            return Ok(match self.last && !holds_a_record(&rest[1..]) {
                true => Step::End(Some(offset)),
                false => Step::Bad(offset, "a record is longer than its block"),
            });
        };
        if !checksum_holds(stored, fragment) {
            return Ok(Step::Bad(offset, "a record fails its checksum"));
        }
        self.at += HEADER + length;
        Ok(Step::Fragment(offset, kind, self.at - length..self.at))
    }

    /// Zeros where a record would begin: space that was laid out but never written, if nothing follows.
    fn zeros(&mut self, offset: u64) -> io::Result<Step> {
        while self.bytes[self.at..self.length].iter().all(|b| *b == 0) {
            if self.last {
                return Ok(Step::End(Some(offset)));
            }
            self.next_block()?;
        }
        Ok(Step::Bad(offset, "zeros before further data"))
    }

    fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    fn next_block(&mut self) -> io::Result<()> {
        self.start += self.length as u64;
        (self.at, self.length) = (0, 0);
        while self.length < BLOCK {
            match self.source.read(&mut self.bytes[self.length..]) {
                Ok(0) => break,
                Ok(n) => self.length += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.last = self.length < BLOCK;
        Ok(())
    }
}

fn header(bytes: &[u8]) -> Option<(u32, usize, u8)> {
    let mut cursor = Cursor::new(bytes);
    let stored = cursor.u32()?;
    let length = usize::from(cursor.byte()?) | usize::from(cursor.byte()?) << 8;
    Some((stored, length, cursor.byte()?))
}

/// Whether a good record stands somewhere in the bytes: then what precedes it is no torn tail.
fn holds_a_record(bytes: &[u8]) -> bool {
    (0..bytes.len().saturating_sub(HEADER)).any(|at| {
        let rest = &bytes[at..];
        header(rest).is_some_and(|(stored, length, kind)| {
            (FULL..=LAST).contains(&kind)
                && rest.get(6..HEADER + length).is_some_and(|fragment| checksum_holds(stored, fragment))
        })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes records as LevelDB's writer does.
    pub(crate) fn write(records: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        for record in records {
            let (mut rest, mut first) = (record.as_slice(), true);
            loop {
                let room = BLOCK - out.len() % BLOCK;
                if room < HEADER {
                    out.resize(out.len() + room, 0);
                    continue;
                }
                let (part, after) = rest.split_at(rest.len().min(room - HEADER));
                let kind = match (first, after.is_empty()) {
                    (true, true) => FULL,
                    (true, false) => FIRST,
                    (false, false) => MIDDLE,
                    (false, true) => LAST,
                };
                let mut body = vec![kind];
                body.extend_from_slice(part);
                let crc = crc32c::crc32c(&body).rotate_right(15).wrapping_add(0xa282_ead8);
                out.extend_from_slice(&crc.to_le_bytes());
                out.extend_from_slice(&u16::try_from(part.len()).unwrap().to_le_bytes());
                out.extend_from_slice(&body);
                (rest, first) = (after, false);
                if rest.is_empty() {
                    break;
                }
            }
        }
        out
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Ending) {
        let mut seen = Vec::new();
        let ending = replay(bytes, &mut |_, record| {
            seen.push(record.to_vec());
            Ok(())
        });
        (seen, ending.unwrap())
    }

    fn sample() -> Vec<Vec<u8>> {
        vec![b"one".to_vec(), vec![7; 100_000], Vec::new(), vec![8; BLOCK - HEADER - 3], b"last".to_vec()]
    }

    #[test]
    fn records_come_back_whole_whatever_their_length() {
        assert_eq!(read(&write(&sample())), (sample(), Ending::Whole));
    }

    #[test]
    fn cut_anywhere_it_gives_the_records_before_and_never_damage() {
        let whole = write(&sample());
        for cut in (0..whole.len()).step_by(97).chain(whole.len() - 12..whole.len()) {
            let (seen, ending) = read(&whole[..cut]);
            assert!(!matches!(ending, Ending::Damaged { .. }), "cut at {cut}: {ending:?}");
            assert_eq!(seen, sample()[..seen.len()]);
        }
    }

    #[test]
    fn a_wrong_length_before_good_records_is_damage_not_a_torn_tail() {
        let mut bytes = write(&[b"one".to_vec(), b"two".to_vec()]);
        bytes[5] = 0x7f;
        assert!(matches!(read(&bytes).1, Ending::Damaged { offset: 0, .. }));
        bytes.truncate(9);
        assert_eq!(read(&bytes).1, Ending::Torn(0));
    }

    #[test]
    fn zeros_are_a_torn_tail_only_at_the_end() {
        let mut bytes = write(&[b"one".to_vec()]);
        bytes.resize(BLOCK * 2, 0);
        assert_eq!(read(&bytes), (vec![b"one".to_vec()], Ending::Torn(10)));
        bytes.extend_from_slice(&write(&[b"two".to_vec()]));
        assert!(matches!(read(&bytes).1, Ending::Damaged { offset: 10, .. }));
    }
}
