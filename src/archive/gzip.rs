//! One gzip member as bytes (RFC 1952): packed, stored or unpacked. It knows neither tar nor index.

use super::fit::Fit;
use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{CompressionLvl, Compressor, crc32};

/// Every data member begins with this: deflate, no flags, no time, no extra flags, unknown system. Nothing in it
/// depends on when or where it was made.
pub const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// CRC-32 and length of the content.
const TRAILER: usize = 8;

/// Flag in the fourth byte of a header: an extra field follows.
const FEXTRA: u8 = 4;

/// An empty deflate stream, the shortest there is.
const NOTHING: [u8; 2] = [3, 0];

/// Bytes around the payload of an empty member with one extra subfield.
pub const AROUND_EXTRA: usize = HEADER.len() + 2 + 4 + NOTHING.len() + TRAILER;

/// A stored deflate block's length is a 16-bit number.
const STORED_BLOCK: usize = 65_535;

/// Smaller contents are just compressed: tasting them would cost as much.
const TASTE_FROM: usize = 32 << 10;
const SAMPLE: usize = 4 << 10;
const SAMPLES: usize = 8;

/// What a sample of a content says of it.
enum Taste {
    /// It won't get smaller.
    Random,
    /// It gets little smaller, by its bytes not being equally frequent: LevelDB's tables, which are packed with snappy,
    /// and binary rows. Level 1 finds that as well as level 6 does (101.3 MB for 101.2), in half the time.
    Dense,
    /// It repeats itself, as text and JSON do: level 6 saves a tenth more than level 1.
    Loose,
}

/// Packs contents into members. The result depends on content and fit alone.
pub struct Packer {
    fit: Fit,
    thorough: Compressor,
    fast: Compressor,
    sample: Vec<u8>,
    tasted: Vec<u8>,
}

impl Packer {
    /// A packer with libdeflate's levels 6 and 1.
    pub fn new(fit: Fit) -> Packer {
        let level = |n| Compressor::new(CompressionLvl::new(n).expect("libdeflate has levels 0 to 12"));
        Packer { fit, thorough: level(6), fast: level(1), sample: Vec::new(), tasted: Vec::new() }
    }

    /// One member with this content. What won't get smaller is stored.
    pub fn pack(&mut self, content: &[u8]) -> Vec<u8> {
        let mut member = self.pack_tight(content);
        self.fit.fill_up(&mut member);
        member
    }

    fn pack_tight(&mut self, content: &[u8]) -> Vec<u8> {
        let stored = stored_len(content.len());
        let taste = if content.len() < TASTE_FROM { Taste::Loose } else { self.taste(content) };
        let compressor = match taste {
            Taste::Random => return store(content),
            Taste::Dense => &mut self.fast,
            Taste::Loose => &mut self.thorough,
        };
        let room = compressor.deflate_compress_bound(content.len());
        let mut member = Vec::with_capacity(HEADER.len() + room + TRAILER);
        member.extend_from_slice(&HEADER);
        member.resize(HEADER.len() + room, 0);
        let n = compressor
            .deflate_compress(content, &mut member[HEADER.len()..])
            .expect("the buffer has the size that libdeflate asked for");
        if n >= stored {
            return store(content);
        }
        member.truncate(HEADER.len() + n);
        push_trailer(&mut member, content);
        member.shrink_to_fit();
        member
    }

    /// A few samples at the fastest level: less than a fiftieth saved is nothing, less than a third little. Costs a tenth
    /// of packing it all at that level.
    fn taste(&mut self, content: &[u8]) -> Taste {
        self.sample.clear();
        let stride = content.len() / SAMPLES;
        for start in (0..SAMPLES).map(|i| i * stride) {
            self.sample.extend_from_slice(&content[start..start + SAMPLE.min(stride)]);
        }
        self.tasted.resize(self.fast.deflate_compress_bound(self.sample.len()), 0);
        let n = self.fast.deflate_compress(&self.sample, &mut self.tasted);
        let saved = n.map_or(0, |n| self.sample.len().saturating_sub(n));
        match self.sample.len() {
            all if saved < all / 50 => Taste::Random,
            all if saved < all / 3 => Taste::Dense,
            _ => Taste::Loose,
        }
    }
}

fn stored_len(content: usize) -> usize {
    content + 5 * content.div_ceil(STORED_BLOCK).max(1)
}

fn store(content: &[u8]) -> Vec<u8> {
    let mut member = Vec::with_capacity(HEADER.len() + stored_len(content.len()) + TRAILER);
    member.extend_from_slice(&HEADER);
    let mut blocks = content.chunks(STORED_BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let len = u16::try_from(block.len()).expect("blocks are cut to 65535 bytes");
        member.push(u8::from(blocks.peek().is_none()));
        member.extend_from_slice(&len.to_le_bytes());
        member.extend_from_slice(&(!len).to_le_bytes());
        member.extend_from_slice(block);
    }
    push_trailer(&mut member, content);
    member
}

fn push_trailer(member: &mut Vec<u8>, content: &[u8]) {
    member.extend_from_slice(&crc32(content).to_le_bytes());
    // RFC 1952 wants the length modulo 2^32.
    member.extend_from_slice(&(content.len() as u32).to_le_bytes());
}

/// An empty member that carries `payload` in one extra subfield called `id`.
pub fn extra(id: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).expect("payloads are cut far below 64 KiB");
    let mut member = Vec::with_capacity(payload.len() + AROUND_EXTRA);
    member.extend_from_slice(&HEADER);
    member[3] = FEXTRA;
    member.extend_from_slice(&(len + 4).to_le_bytes());
    member.extend_from_slice(&id);
    member.extend_from_slice(&len.to_le_bytes());
    member.extend_from_slice(payload);
    member.extend_from_slice(&NOTHING);
    member.extend_from_slice(&[0; TRAILER]);
    member
}

/// The payload of the member [`extra`] makes at the beginning of `bytes`, and what follows it. Anything that isn't
/// exactly such a member is `None`.
pub fn read_extra(id: [u8; 2], bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = usize::from(u16::from_le_bytes(bytes.get(14..16)?.try_into().ok()?));
    let member = bytes.get(..len + AROUND_EXTRA)?;
    let payload = &member[16..16 + len];
    (member == extra_checked(id, payload)?).then_some((payload, &bytes[member.len()..]))
}

fn extra_checked(id: [u8; 2], payload: &[u8]) -> Option<Vec<u8>> {
    (payload.len() <= usize::from(u16::MAX) - 4).then(|| extra(id, payload))
}

/// Unpacks members that [`Packer`] made.
pub struct Unpacker {
    inflate: Decompress,
}

impl Unpacker {
    /// An unpacker for any number of members.
    pub fn new() -> Unpacker {
        Unpacker { inflate: Decompress::new(false) }
    }

    /// Appends to `contents` the content of `member`, which must be one whole member and nothing else, with `len` bytes
    /// of content; or says what is wrong with it. That nothing hides behind the member's end matters: other tools would
    /// unpack it.
    pub fn unpack(&mut self, member: &[u8], len: usize, contents: &mut Vec<u8>) -> Result<(), &'static str> {
        let body = member.strip_prefix(&HEADER).ok_or("it begins with another header")?;
        let (body, trailer) = body.split_last_chunk::<TRAILER>().ok_or("it is too short")?;
        let begin = contents.len();
        // One byte more than it may have, so that a longer content shows.
        contents.reserve(len + 1);
        self.inflate.reset(false);
        let status = self.inflate.decompress_vec(body, contents, FlushDecompress::Finish);
        let content = &contents[begin..];
        match status {
            Ok(Status::StreamEnd) => {}
            Ok(_) if content.len() > len => return Err("its content is longer than the index says"),
            Ok(_) | Err(_) => return Err("its deflate stream is broken"),
        }
        if self.inflate.total_in() != body.len() as u64 {
            return Err("something hides behind its end");
        }
        if content.len() != len {
            return Err("its content has another length than the index says");
        }
        let mut expected = Vec::with_capacity(TRAILER);
        push_trailer(&mut expected, content);
        if expected != trailer { Err("its checksum is wrong") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        blake3::Hasher::new().update(&len.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }

    fn unpacked(unpacker: &mut Unpacker, member: &[u8], len: usize) -> Result<Vec<u8>, &'static str> {
        let mut contents = b"before".to_vec();
        unpacker.unpack(member, len, &mut contents)?;
        Ok(contents.split_off(6))
    }

    #[test]
    fn every_content_comes_back() {
        let (mut packer, mut unpacker) = (Packer::new(Fit::Tight), Unpacker::new());
        let text = b"the quick brown fox ".repeat(20_000);
        for content in [&noise(262_144), &noise(65_535), &noise(65_536), &noise(9), &text] {
            let member = packer.pack(content);
            assert_eq!(&unpacked(&mut unpacker, &member, content.len()).unwrap(), content);
            assert!(member.len() <= stored_len(content.len()) + 18);
        }
        assert!(packer.pack(&text).len() < text.len() / 50);
    }

    #[test]
    fn nothing_hides_behind_a_member() {
        let member = Packer::new(Fit::Tight).pack(b"abc");
        let twice = [member.clone(), member].concat();
        assert_eq!(unpacked(&mut Unpacker::new(), &twice, 3).unwrap_err(), "something hides behind its end");
    }

    #[test]
    fn an_extra_member_is_read_back_exactly() {
        let bytes = [extra(*b"WK", b"payload"), vec![7]].concat();
        assert_eq!(read_extra(*b"WK", &bytes), Some((&b"payload"[..], &[7][..])));
        assert_eq!(read_extra(*b"WF", &bytes), None);
        for i in 0..bytes.len() - 1 {
            let mut wrong = bytes.clone();
            wrong[i] ^= 1;
            let payload = 16..23;
            assert_eq!(read_extra(*b"WK", &wrong).is_some(), payload.contains(&i), "byte {i}");
        }
    }
}
