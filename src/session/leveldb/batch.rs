//! A record of a write-ahead log: the entries of one write, numbered from its first sequence on.
//!
//! Source: LevelDB's `db/write_batch.cc`.

use super::coding::{Cursor, Op};
use super::table::Entry;

/// The sequence numbers a batch takes up: from `start` on, `count` of them; none in an empty batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first sequence number.
    pub start: u64,
    /// How many entries follow.
    pub count: u32,
}

impl Span {
    /// The last sequence number in use after the batch.
    pub fn last(self) -> u64 {
        (self.start + u64::from(self.count)).saturating_sub(1)
    }
}

/// Reads a batch and shows its entries to `visit`.
pub fn read(record: &[u8], visit: &mut dyn FnMut(Entry<'_>)) -> Result<Span, &'static str> {
    const WRONG: &str = "a batch can't be read";
    let mut cursor = Cursor::new(record);
    let start = cursor.u64().filter(|start| *start < 1 << 56).ok_or(WRONG)?;
    let count = cursor.u32().ok_or(WRONG)?;
    let mut sequence = start;
    while !cursor.is_empty() {
        let op = cursor.byte().and_then(Op::of).ok_or(WRONG)?;
        let key = cursor.prefixed().ok_or(WRONG)?;
        let value = match op {
            Op::Put => cursor.prefixed().ok_or(WRONG)?,
            Op::Delete => &[],
        };
        visit(Entry { key, sequence, op, value });
        sequence += 1;
    }
    match sequence - start == u64::from(count) {
        true => Ok(Span { start, count }),
        false => Err("a batch has another number of entries than it says"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_batch_takes_up_no_number() {
        let mut record = 7u64.to_le_bytes().to_vec();
        record.extend_from_slice(&0u32.to_le_bytes());
        assert_eq!(read(&record, &mut |_| panic!("no entry")).unwrap().last(), 6);
        record[8] = 1;
        assert!(read(&record, &mut |_| ()).is_err());
    }
}
