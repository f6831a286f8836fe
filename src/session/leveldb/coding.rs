//! The integers, slices and checksums that LevelDB's files are made of. Not the files themselves.
//!
//! Source: LevelDB's `util/coding.h`, `util/crc32c.h`, `db/dbformat.h`.

/// What is left to read of some bytes. Every reading returns `None` where the bytes end too early or say
/// something impossible, and never panics.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    /// The bytes not read yet.
    pub rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(length)?;
        self.rest = tail;
        Some(head)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// A base-128 integer, low groups first, at most ten bytes.
    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A base-128 integer that counts bytes or entries here.
    pub fn length(&mut self) -> Option<usize> {
        self.varint().and_then(|v| u32::try_from(v).ok()).map(|v| v as usize)
    }

    /// A slice with its length before it.
    pub fn prefixed(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }
}

/// Whether a stored checksum belongs to the bytes. LevelDB rotates CRC32C and adds a constant ("masks" it), so
/// that the checksum of bytes which hold checksums stays meaningful.
pub fn checksum_holds(stored: u32, bytes: &[u8]) -> bool {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8) == stored
}

/// What an entry does to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// The key is gone.
    Delete,
    /// The key has a value.
    Put,
}

impl Op {
    /// The operation a tag byte stands for.
    pub fn of(tag: u8) -> Option<Op> {
        match tag {
            0 => Some(Op::Delete),
            1 => Some(Op::Put),
            _ => None,
        }
    }
}

/// Takes a table's key apart: the user's key, the sequence number, the operation.
pub fn internal_key(key: &[u8]) -> Option<(&[u8], u64, Op)> {
    let (user, tag) = key.split_at_checked(key.len().checked_sub(8)?)?;
    let tag = u64::from_le_bytes(tag.try_into().ok()?);
    Some((user, tag >> 8, Op::of(tag.to_le_bytes()[0])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_end_where_their_bytes_end() {
        assert_eq!(Cursor::new(&[0xac, 0x02]).varint(), Some(300));
        assert_eq!(Cursor::new(&[0xac]).varint(), None);
        assert_eq!(Cursor::new(&[0xff; 11]).varint(), None);
        assert_eq!(Cursor::new(&[5, 1, 2]).prefixed(), None);
    }

    #[test]
    fn a_key_is_taken_apart() {
        assert_eq!(internal_key(b"k\x01\x02\0\0\0\0\0\0"), Some((&b"k"[..], 2, Op::Put)));
        assert_eq!(internal_key(b"short"), None);
        assert_eq!(internal_key(b"k\x07\x02\0\0\0\0\0\0"), None);
    }
}
