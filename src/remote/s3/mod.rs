//! A bucket: AWS S3 and what speaks like it (MinIO, R2, Garage …). One request for a small object, parts for a large
//! one, conditions by `If-None-Match` and `If-Match`.

mod answer;
mod fetch;
mod keys;
mod parts;
mod probe;
mod trust;
mod wire;

use super::{Object, Place, Put, Remote, Settings, Source, Spent, Tag, When, checked, fault, folder_of};
use crate::error::{At, Error, Fault, Problem, Result};
use answer::Words;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use md5::{Digest, Md5};
use rusty_s3::actions::{DeleteObject, GetObject, HeadBucket, HeadObject, ListObjectsV2, PutObject};
use rusty_s3::{Bucket, UrlStyle};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::ops::Range;
use std::sync::OnceLock;
use wire::{Outgoing, Wire};

/// Up to this size an object goes in one request; beyond it in parts, so that a broken line costs a part.
const WHOLE: u64 = 16 * 1024 * 1024;
const PIECE: usize = 64 * 1024;

/// A bucket, or all names in it that begin alike.
#[derive(Debug)]
pub(super) struct S3 {
    wire: Wire,
    prefix: String,
    /// A bucket that isn't there answers a HEAD like an object that isn't there.
    seen: OnceLock<()>,
    proved: OnceLock<Option<String>>,
}

/// Opens a bucket.
pub(super) fn open(place: &Place, settings: &Settings) -> Result<S3> {
    let Place::S3 { bucket, prefix } = place else { unreachable!("the caller looked") };
    let place = place.to_string();
    let keys = keys::find(&place, settings)?;
    let region = settings.s3_region.clone().or_else(|| settings.told("AWS_REGION"));
    let region = region.or_else(|| settings.told("AWS_DEFAULT_REGION")).unwrap_or_else(|| "us-east-1".to_owned());
    let own = settings.s3_endpoint.clone();
    let own = own.or_else(|| settings.told("AWS_ENDPOINT_URL_S3")).or_else(|| settings.told("AWS_ENDPOINT_URL"));
    // Behind an own endpoint few have a name for each bucket; and a certificate doesn't cover names with dots.
    let by_path = settings.s3_path_style.unwrap_or(own.is_some() || bucket.contains('.'));
    let style = if by_path { UrlStyle::Path } else { UrlStyle::VirtualHost };
    let endpoint = own.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let wrong = |problem: Problem| Error::Config {
        place: "s3_endpoint".to_owned(),
        problem,
        suggestion: Some("https://s3.example.org".to_owned()),
    };
    let address = endpoint.parse().map_err(|_| wrong(Problem::NoAddress(endpoint.clone())))?;
    let bucket = Bucket::new(address, style, bucket.clone(), region)
        .map_err(|e| wrong(Problem::Said(format!("{endpoint}: {e}"))))?;
    let wire = Wire::new(bucket, keys, place, settings)?;
    Ok(S3 { wire, prefix: prefix.clone(), seen: OnceLock::new(), proved: OnceLock::new() })
}

impl S3 {
    fn key(&self, name: &str) -> Result<String> {
        checked(&self.wire.place, name)?;
        Ok(format!("{}{name}", self.prefix))
    }

    /// Nothing there: is it the object that is missing, or the bucket?
    fn require_bucket(&self) -> Result<()> {
        if self.seen.get().is_some() {
            return Ok(());
        }
        let mut action = HeadBucket::new(&self.wire.bucket, Some(&self.wire.keys));
        let (words, _) = self.wire.ask(&mut action, &[], || None)?;
        if words.status == 404 {
            return Err(self.wire.fault(Fault::NoBucket { bucket: self.wire.bucket.name().to_owned() }));
        }
        let _ = self.seen.set(());
        Ok(())
    }

    /// A HEAD that was refused has no words: the same question as a GET has.
    fn explained(&self, key: &str) -> Result<Error> {
        let mut action = GetObject::new(&self.wire.bucket, Some(&self.wire.keys), key);
        let first_byte = [("range", "bytes=0-0".to_owned())];
        let (words, _) = self.wire.ask(&mut action, &first_byte, || None)?;
        Ok(self.wire.refused(&words))
    }

    fn put_whole(&self, key: &str, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put> {
        let digest = md5_of(source, 0..u64::MAX)?;
        let mut headers = condition(when);
        headers.push(("content-md5", BASE64_STANDARD.encode(digest)));
        let mut action = PutObject::new(&self.wire.bucket, Some(&self.wire.keys), key);
        let told = RefCell::new(told);
        let body = || {
            // A count of its own: each try begins anew.
            let (mut sent, told) = (0, &told);
            let passed = move |n| {
                sent += n;
                self.wire.meter.sent(n);
                (told.borrow_mut())(sent);
            };
            Some(Outgoing { reader: Box::new(source.from(0)), len: source.len(), passed: Box::new(passed) })
        };
        let (words, failed) = self.wire.ask(&mut action, &headers, body)?;
        match words.status {
            200..=299 => Ok(Put::Stored(self.tag(&words).unwrap_or_else(|| Tag::new(hex(&digest))))),
            // The answer to an earlier try may have been lost on the way: then it is ours that stands there.
            412 if failed > 0 => self.ours(key, &hex(&digest)),
            412 => Ok(Put::Refused),
            404 if matches!(when, When::Unchanged(_)) && words.code() != "NoSuchBucket" => Ok(Put::Refused),
            _ => Err(self.wire.refused(&words)),
        }
    }

    /// Whether what stands there has this tag: then it was stored, else refused.
    fn ours(&self, key: &str, tag: &str) -> Result<Put> {
        let there = self.look(key)?.map(|o| o.tag);
        Ok(there.filter(|t| t.as_str() == tag).map_or(Put::Refused, Put::Stored))
    }

    fn tag(&self, words: &Words) -> Option<Tag> {
        words.header("etag").map(bare).map(Tag::new)
    }

    fn look(&self, key: &str) -> Result<Option<Object>> {
        let mut action = HeadObject::new(&self.wire.bucket, Some(&self.wire.keys), key);
        let (words, _) = self.wire.ask(&mut action, &[], || None)?;
        match words.status {
            200..=299 => {
                let _ = self.seen.set(());
                let bytes = words.header("content-length").and_then(|l| l.parse().ok());
                let (Some(bytes), Some(tag)) = (bytes, self.tag(&words)) else {
                    let why = "it tells neither the size nor the ETag of an object".to_owned();
                    return Err(self.wire.fault(Fault::Odd { why }));
                };
                let modified = words.header("last-modified").and_then(|m| rfc2822::parse(m).ok());
                let name = key[self.prefix.len()..].to_owned();
                Ok(Some(Object { name, bytes, tag, modified: modified.map(|m| m.timestamp()) }))
            }
            404 => self.require_bucket().map(|()| None),
            _ => Err(self.explained(key)?),
        }
    }

    fn page(&self, prefix: &str, token: Option<String>) -> Result<(Vec<Object>, Option<String>)> {
        let mut action = ListObjectsV2::new(&self.wire.bucket, Some(&self.wire.keys));
        action.with_prefix(prefix.to_owned());
        action.with_delimiter("/");
        if let Some(token) = token {
            action.with_continuation_token(token);
        }
        let (words, _) = self.wire.ask(&mut action, &[], || None)?;
        if words.status != 200 {
            return Err(self.wire.refused(&words));
        }
        let _ = self.seen.set(());
        let odd =
            |e: &dyn std::fmt::Display| self.wire.fault(Fault::Odd { why: format!("its list can't be read: {e}") });
        let page = ListObjectsV2::parse_response(&words.text).map_err(|e| odd(&e))?;
        let object = |o: rusty_s3::actions::list_objects_v2::ListObjectsContent| {
            Some(Object {
                name: o.key.strip_prefix(&self.prefix)?.to_owned(),
                bytes: o.size?,
                tag: Tag::new(bare(o.etag.as_deref()?)),
                modified: o.last_modified.and_then(|m| m.parse::<Timestamp>().ok()),
            })
        };
        let found = page.contents.into_iter().filter_map(object).filter(|o| !o.name.is_empty());
        Ok((found.collect(), page.next_continuation_token))
    }
}

impl Remote for S3 {
    fn place(&self) -> String {
        self.wire.place.clone()
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>> {
        if !folder_of(prefix).0.is_empty() {
            checked(&self.wire.place, folder_of(prefix).0)?;
        }
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let (page, next) = self.page(&format!("{}{prefix}", self.prefix), token)?;
            all.extend(page);
            token = next;
            if token.is_none() {
                all.sort_by(|a, b| a.name.cmp(&b.name));
                return Ok(all);
            }
        }
    }

    fn head(&self, name: &str) -> Result<Option<Object>> {
        self.look(&self.key(name)?)
    }

    fn get(&self, name: &str, part: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>> {
        self.fetch(&self.key(name)?, part.unwrap_or(0..u64::MAX), into)
    }

    fn put(&self, name: &str, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put> {
        let key = self.key(name)?;
        if source.len() <= WHOLE {
            self.put_whole(&key, source, when, told)
        } else {
            parts::put(self, &key, source, when, told)
        }
    }

    fn delete(&self, name: &str) -> Result<()> {
        let key = self.key(name)?;
        let mut action = DeleteObject::new(&self.wire.bucket, Some(&self.wire.keys), &key);
        let (words, _) = self.wire.ask(&mut action, &[], || None)?;
        match words.status {
            200..=299 => Ok(()),
            404 if words.code() != "NoSuchBucket" => Ok(()),
            _ => Err(self.wire.refused(&words)),
        }
    }

    fn compares(&self) -> Result<()> {
        let why = match self.proved.get() {
            Some(known) => known.clone(),
            None => {
                let found = probe::prove(self)?;
                self.proved.get_or_init(|| found).clone()
            }
        };
        why.map_or(Ok(()), |why| Err(fault(&self.wire.place, Fault::NoLease { why })))
    }

    fn spent(&self) -> Spent {
        self.wire.meter.read()
    }
}

/// The headers of a condition.
fn condition(when: &When) -> Vec<(&'static str, String)> {
    match when {
        When::Always => Vec::new(),
        When::Absent => vec![("if-none-match", "*".to_owned())],
        When::Unchanged(tag) => vec![("if-match", quoted(tag))],
    }
}

/// An ETag without its quotes; a proxy that compresses makes it a weak one.
fn bare(etag: &str) -> String {
    etag.trim().trim_start_matches("W/").trim_matches('"').to_owned()
}

fn quoted(tag: &Tag) -> String {
    format!("\"{}\"", tag.as_str())
}

fn md5_of(source: &Source, range: Range<u64>) -> Result<[u8; 16]> {
    let (mut reader, mut piece, mut digest) = (source.range(range), vec![0; PIECE], Md5::new());
    loop {
        let n = reader.read(&mut piece).at("reading", source.path())?;
        if n == 0 {
            return Ok(digest.finalize().into());
        }
        digest.update(&piece[..n]);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
