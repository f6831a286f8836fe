//! What LevelDB and Chromium pack with Snappy, unpacked without believing what it says of its length.

/// Snappy's densest copy makes 64 bytes of 3: a length of more than this many times what is there is a lie.
const MOST: usize = 32;

/// Unpacks a block without a frame. `Err` says what is wrong with it.
pub fn unpacked(packed: &[u8]) -> Result<Vec<u8>, &'static str> {
    let wrong = |_| "can't be decompressed";
    let length = snap::raw::decompress_len(packed).map_err(wrong)?;
    if length > packed.len().saturating_mul(MOST) {
        return Err("claims an impossible length");
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_memory_is_taken_than_can_be_meant() {
        let packed = snap::raw::Encoder::new().compress_vec(&[7; 4096]).unwrap();
        assert_eq!(unpacked(&packed).unwrap(), [7; 4096]);
        // Four bytes that promise 256 MB.
        assert_eq!(unpacked(&[0x80, 0x80, 0x80, 0x80, 0x01]), Err("claims an impossible length"));
        assert_eq!(unpacked(&packed[..packed.len() - 1]), Err("can't be decompressed"));
    }
}
