//! A large object, sent in parts that the server checks one by one. An upload that was cut off is found again, and its
//! parts that are the same are not sent again; there is never more than one unfinished upload of a name.

use super::answer::{element, elements, unescaped};
use super::wire::Outgoing;
use super::{S3, condition, hex, md5_of};
use crate::error::{Fault, Result};
use crate::remote::{Put, Source, Tag, When};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use rusty_s3::S3Action;
use rusty_s3::actions::{
    AbortMultipartUpload, CompleteMultipartUpload, CreateMultipartUpload, ListObjectsV2, ListParts, UploadPart,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

/// The size of a part; more where an object would have too many of them.
const PART: u64 = 8 * 1024 * 1024;
/// S3's own limit: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MOST: u64 = 10_000;

/// Stores a large object.
pub(super) fn put(s3: &S3, key: &str, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put> {
    let (id, known) = match unfinished(s3, key)? {
        Some(id) => (id.clone(), parts_of(s3, key, &id)?),
        None => (create(s3, key)?, HashMap::new()),
    };
    let upload = Upload { s3, key, id: &id };
    let mut tags = Vec::new();
    let mut digests = Md5::new();
    for (number, range) in (1..).zip(ranges(source.len())) {
        let digest = md5_of(source, range.clone())?;
        digests.update(digest);
        let same = known.get(&number).filter(|(tag, bytes)| *tag == hex(&digest) && *bytes == range.end - range.start);
        let tag = match same {
            Some((tag, _)) => tag.clone(),
            None => upload.send(number, source, range.clone(), &digest, told)?,
        };
        told(range.end);
        tags.push(tag);
    }
    let whole = format!("{}-{}", hex(&digests.finalize()), tags.len());
    upload.complete(&tags, when, &whole)
}

/// The parts of an object of this size.
fn ranges(size: u64) -> impl Iterator<Item = Range<u64>> {
    let part = PART.max(size.div_ceil(MOST).next_multiple_of(1024 * 1024));
    (0..size.div_ceil(part)).map(move |n| n * part..((n + 1) * part).min(size))
}

struct Upload<'a> {
    s3: &'a S3,
    key: &'a str,
    id: &'a str,
}

impl Upload<'_> {
    fn send(
        &self,
        number: u16,
        source: &Source,
        range: Range<u64>,
        digest: &[u8],
        told: &mut dyn FnMut(u64),
    ) -> Result<String> {
        let wire = &self.s3.wire;
        let headers = [("content-md5", BASE64_STANDARD.encode(digest))];
        let mut action = UploadPart::new(&wire.bucket, Some(&wire.keys), self.key, number, self.id);
        let told = RefCell::new(told);
        let body = || {
            let (mut sent, told) = (range.start, &told);
            let passed = move |n| {
                sent += n;
                wire.meter.sent(n);
                (told.borrow_mut())(sent);
            };
            let len = range.end - range.start;
            Some(Outgoing { reader: Box::new(source.range(range.clone())), len, passed: Box::new(passed) })
        };
        let (words, _) = wire.ask(&mut action, &headers, body)?;
        match (words.status, self.s3.tag(&words)) {
            (200..=299, Some(tag)) => Ok(tag.as_str().to_owned()),
            _ => Err(wire.refused(&words)),
        }
    }

    /// Puts the parts together. `whole` is the tag that the object has then, where parts have their MD5 as tag.
    fn complete(&self, tags: &[String], when: &When, whole: &str) -> Result<Put> {
        let wire = &self.s3.wire;
        let quoted: Vec<String> = tags.iter().map(|t| format!("\"{t}\"")).collect();
        let new = || {
            let tags = quoted.iter().map(String::as_str);
            CompleteMultipartUpload::new(&wire.bucket, Some(&wire.keys), self.key, self.id, tags)
        };
        let body = new().body();
        let (words, _) = wire.ask(&mut new(), &condition(when), || Some(Outgoing::bytes(body.as_bytes())))?;
        match (words.status, words.code()) {
            (200..=299, "") => {
                let tag = element(&words.text, "ETag").map(|t| super::bare(&unescaped(t)));
                let tag = tag.ok_or_else(|| wire.refused(&words))?;
                let ours = tag == whole || !tag.ends_with(&format!("-{}", tags.len())) || !plain(tags);
                if ours { Ok(Put::Stored(Tag::new(tag))) } else { Err(self.garbled()) }
            }
            (412, _) => {
                self.abort()?;
                Ok(Put::Refused)
            }
            // Done by a try whose answer was lost, or ended by another writer.
            (404, "NoSuchUpload") => self.s3.ours(self.key, whole),
            _ => Err(wire.refused(&words)),
        }
    }

    fn garbled(&self) -> crate::error::Error {
        self.s3.wire.fault(Fault::Garbled { name: self.key.to_owned() })
    }

    fn abort(&self) -> Result<()> {
        let wire = &self.s3.wire;
        let mut action = AbortMultipartUpload::new(&wire.bucket, Some(&wire.keys), self.key, self.id);
        wire.ask(&mut action, &[], || None).map(drop)
    }
}

/// Whether parts are tagged by their MD5; with keys of the server's own they are not.
fn plain(tags: &[String]) -> bool {
    tags.iter().all(|t| t.len() == 32 && t.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn create(s3: &S3, key: &str) -> Result<String> {
    let mut action = CreateMultipartUpload::new(&s3.wire.bucket, Some(&s3.wire.keys), key);
    let (words, _) = s3.wire.ask(&mut action, &[], || Some(Outgoing::bytes(b"")))?;
    let id = element(&words.text, "UploadId").map(unescaped).filter(|_| words.status == 200);
    id.ok_or_else(|| s3.wire.refused(&words))
}

/// The newest unfinished upload of a name; older ones are ended, since what they hold costs money.
fn unfinished(s3: &S3, key: &str) -> Result<Option<String>> {
    // The same address and signature as a list of objects, but another question:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>
    let mut action = ListObjectsV2::new(&s3.wire.bucket, Some(&s3.wire.keys));
    for name in ["list-type", "encoding-type"] {
        action.query_mut().remove(name);
    }
    action.query_mut().insert("uploads", "");
    action.query_mut().insert("prefix", key.to_owned());
    let (words, _) = s3.wire.ask(&mut action, &[], || None)?;
    if words.status != 200 {
        // Not every server lists them, and not every key may: then nothing is found again.
        return if words.code() == "NoSuchBucket" { Err(s3.wire.refused(&words)) } else { Ok(None) };
    }
    let ours = elements(&words.text, "Upload").filter(|u| element(u, "Key").map(unescaped).as_deref() == Some(key));
    let mut ours: Vec<(String, String)> =
        ours.filter_map(|u| Some((unescaped(element(u, "Initiated")?), unescaped(element(u, "UploadId")?)))).collect();
    ours.sort();
    let newest = ours.pop().map(|(_, id)| id);
    for (_, id) in &ours {
        Upload { s3, key, id }.abort()?;
    }
    Ok(newest)
}

/// What has arrived of an upload: number, tag and size.
fn parts_of(s3: &S3, key: &str, id: &str) -> Result<HashMap<u16, (String, u64)>> {
    let mut found = HashMap::new();
    let mut after = None;
    loop {
        let mut action = ListParts::new(&s3.wire.bucket, Some(&s3.wire.keys), key, id);
        if let Some(after) = after {
            action.set_part_number_marker(after);
        }
        let (words, _) = s3.wire.ask(&mut action, &[], || None)?;
        // Read leniently: servers differ in what they leave empty.
        for part in elements(&words.text, "Part") {
            let word = |name| element(part, name).map(unescaped);
            if let (Some(number), Some(tag), Some(bytes)) = (word("PartNumber"), word("ETag"), word("Size"))
                && let (Ok(number), Ok(bytes)) = (number.parse(), bytes.parse())
            {
                found.insert(number, (super::bare(&tag), bytes));
            }
        }
        let more = element(&words.text, "IsTruncated") == Some("true");
        let next = element(&words.text, "NextPartNumberMarker").and_then(|n| n.parse().ok());
        after = next.filter(|n| more && Some(*n) != after);
        if after.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_an_object_and_are_not_too_many() {
        for size in [1, PART, PART + 1, 100 << 20, 1 << 40] {
            let all: Vec<_> = ranges(size).collect();
            assert!(all.len() as u64 <= MOST);
            assert!(all.windows(2).all(|w| w[0].end == w[1].start && w[0].end - w[0].start >= PART));
            assert_eq!((all[0].start, all[all.len() - 1].end), (0, size));
        }
    }
}
