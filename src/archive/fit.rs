//! How long a member is: as short as it comes, or whole blocks of the disk. It knows gzip's deflate blocks and no content.

use super::gzip::HEADER;

/// A stored deflate block without content: not the last one, no compression, lengths 0 and !0.
const FIVE: [u8; 5] = [0, 0, 0, 0xff, 0xff];

/// The same behind a block in fixed codes that ends at once (bits 0, 1 and 0, then seven zeros): one byte more.
const SIX: [u8; 6] = [2, 0, 0, 0, 0xff, 0xff];

/// Fives and sixes add up to every number from here on.
const FILLABLE: usize = 20;

/// How long members are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// As short as they come.
    #[default]
    Tight,
    /// Whole blocks of a disk, so that a member that is copied can share the blocks of the one it is copied from.
    Blocks,
}

impl Fit {
    /// A member's length is a multiple of this many bytes. Blocks of 4 KiB are what file systems that can share are
    /// made with; larger ones share nothing, and smaller ones divide it.
    const fn grid(self) -> usize {
        match self {
            Fit::Tight => 1,
            Fit::Blocks => 4096,
        }
    }

    /// Whether a member of this length is one of this fit.
    pub fn suits(self, stored: u64) -> bool {
        stored.is_multiple_of(self.grid() as u64)
    }

    /// Makes a member that is as short as it came one of this fit: empty blocks come before the first of its deflate stream.
    pub fn fill_up(self, member: &mut Vec<u8>) {
        let mut missing = member.len().next_multiple_of(self.grid()) - member.len();
        if missing == 0 {
            return;
        }
        if missing < FILLABLE {
            missing += self.grid();
        }
        let sixes = missing % FIVE.len();
        let fives = (missing - sixes * SIX.len()) / FIVE.len();
        let filling = [FIVE.repeat(fives), SIX.repeat(sixes)].concat();
        member.splice(HEADER.len()..HEADER.len(), filling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::gzip::{Packer, Unpacker};

    #[test]
    fn members_fill_whole_blocks() {
        let (mut packer, mut unpacker) = (Packer::new(Fit::Blocks), Unpacker::new());
        // Whatever is missing to the next block, from nothing to all but one byte. (No member is empty.)
        for len in 1..4200 {
            let mut content = vec![0; len];
            blake3::Hasher::new().finalize_xof().fill(&mut content);
            let member = packer.pack(&content);
            assert!(Fit::Blocks.suits(member.len() as u64) && member.len() < len + 18 + 5 + 4096 + FILLABLE, "{len}");
            let mut unpacked = Vec::new();
            assert_eq!(unpacker.unpack(&member, len, &mut unpacked), Ok(()), "{len}");
            assert_eq!(unpacked, content);
        }
    }
}
