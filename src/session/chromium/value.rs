//! What a record of IndexedDB holds, as far as a login's check looks into it: the wrappings that Chromium puts
//! around a value, and the raw bytes of a CryptoKey. Not a reader of serialized JavaScript.
//!
//! Source: Blink's `idb_value_wrapping.cc` and `v8_script_value_serializer_for_modules.cc`.

use crate::session::leveldb::Cursor;
use crate::session::snappy::unpacked;
use std::borrow::Cow;

/// How a value is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored<'a> {
    /// Here.
    Inline(Cow<'a, [u8]>),
    /// In a file of its own, the n-th that the record refers to.
    InBlob(usize),
}

/// Takes a value out of its wrapping. `None` where it can't be read.
pub fn unwrap(value: &[u8]) -> Option<Stored<'_>> {
    let Some(rest) = value.strip_prefix(&[0xff, 0x11]) else {
        return Some(Stored::Inline(value.into()));
    };
    let mut cursor = Cursor::new(rest);
    match cursor.byte()? {
        1 => {
            let _size = cursor.varint()?;
            Some(Stored::InBlob(cursor.length()?))
        }
        2 => unpacked(cursor.rest).ok().map(|bytes| Stored::Inline(bytes.into())),
        _ => Some(Stored::Inline(value.into())),
    }
}

/// The secrets of all HKDF keys in a value: host object, CryptoKey, "no parameters", algorithm 16, usages, length,
/// the bytes in clear although the page itself may not read them.
pub fn hkdf_keys(value: &[u8]) -> Vec<&[u8]> {
    const START: &[u8] = b"\\K\x06\x10";
    let starts = value.windows(START.len()).enumerate().filter(|(_, window)| *window == START);
    starts
        .filter_map(|(at, _)| {
            let mut cursor = Cursor::new(&value[at + START.len()..]);
            let _usages = cursor.varint()?;
            cursor.prefixed()
        })
        .collect()
}

/// The first text in a value that is a version, as `2.3000.1027934701`.
pub fn version_in(value: &[u8]) -> Option<String> {
    const TEXT: u8 = b'"';
    let mut texts = value.iter().enumerate().filter(|(_, byte)| **byte == TEXT).filter_map(|(at, _)| {
        let text = Cursor::new(&value[at + 1..]).prefixed()?;
        std::str::from_utf8(text).ok()
    });
    texts.find(|text| is_version(text)).map(str::to_owned)
}

/// Whether a text is whole numbers between dots, and nothing else.
pub fn is_version(text: &str) -> bool {
    let whole = |part: &str| !part.is_empty() && part.len() < 16 && part.bytes().all(|b| b.is_ascii_digit());
    text.contains('.') && text.split('.').all(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappings_come_off() {
        assert_eq!(unwrap(b"\xff\x15x"), Some(Stored::Inline(b"\xff\x15x"[..].into())));
        assert_eq!(unwrap(b"\xff\x11\x01\x80\x01\x02"), Some(Stored::InBlob(2)));
        let packed = snap::raw::Encoder::new().compress_vec(b"value value value").unwrap();
        let wrapped = [b"\xff\x11\x02", packed.as_slice()].concat();
        assert_eq!(unwrap(&wrapped), Some(Stored::Inline(b"value value value"[..].into())));
        assert_eq!(unwrap(b"\xff\x11\x02\xff\xff"), None);
    }

    #[test]
    fn a_version_is_found_in_its_record() {
        let record = b"\xff\x15\xff\x0fo\"\x03key\"\x0eAppVersionBase\"\x05value\"\x112.3000.1027934701{\x02";
        assert_eq!(version_in(record).as_deref(), Some("2.3000.1027934701"));
        assert_eq!(version_in(&record[..record.len() - 3]), None);
        assert_eq!(version_in(b"o\"\x05value\"\x063.x.41{\x01"), None);
        assert_eq!(version_in(b"o\"\x05value\"\x02..{\x01"), None);
    }

    #[test]
    fn a_key_is_found_in_its_record() {
        let record = b"\xff\x15o\"\x03key\\K\x06\x10\x20\x04abcd\"";
        assert_eq!(hkdf_keys(record), [b"abcd"]);
        assert!(hkdf_keys(&record[..record.len() - 2]).is_empty());
    }
}
