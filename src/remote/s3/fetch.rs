//! Fetching an object, or a part of one, through lines that break: the next request asks for what is missing, of the
//! same object.

use super::wire::{self, Trouble};
use super::{PIECE, S3, quoted};
use crate::error::{At, Fault, Result};
use crate::remote::Tag;
use rusty_s3::actions::GetObject;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;

/// How far a fetch has come.
struct Fetched {
    from: u64,
    end: u64,
    tag: Option<Tag>,
}

enum Step {
    Done(Option<Tag>),
    Again(Fault),
}

impl S3 {
    /// Fetches, and goes on where a broken line cut it off.
    pub(super) fn fetch(&self, key: &str, part: Range<u64>, into: &mut dyn Write) -> Result<Option<Tag>> {
        let mut got = Fetched { from: part.start, end: part.end, tag: None };
        let mut pauses = self.wire.tries();
        loop {
            let before = got.from;
            let fault = match self.fetch_once(key, part.start, &mut got, into)? {
                Step::Done(tag) => return Ok(tag),
                Step::Again(fault) => fault,
            };
            if got.from > before {
                pauses = self.wire.tries();
            }
            std::thread::sleep(pauses.next().ok_or_else(|| self.wire.fault(fault))?);
        }
    }

    fn fetch_once(&self, key: &str, start: u64, got: &mut Fetched, into: &mut dyn Write) -> Result<Step> {
        let mut headers = Vec::new();
        match (got.from, got.end) {
            (0, u64::MAX) => {}
            (from, u64::MAX) => headers.push(("range", format!("bytes={from}-"))),
            (from, end) if end <= from => return Ok(Step::Done(got.tag.take().or(self.look(key)?.map(|o| o.tag)))),
            (from, end) => headers.push(("range", format!("bytes={from}-{}", end - 1))),
        }
        if let Some(tag) = &got.tag {
            headers.push(("if-match", quoted(tag)));
        }
        let mut action = GetObject::new(&self.wire.bucket, Some(&self.wire.keys), key);
        let mut content = match self.wire.once(&mut action, &headers, None) {
            Ok(content) => content,
            Err(Trouble::Again(fault)) => return Ok(Step::Again(fault)),
            Err(Trouble::Final(fault)) => return Err(self.wire.fault(fault)),
        };
        let status = content.words.status;
        if !matches!(status, 200 | 206) {
            return self.no_content(key, start, got, content);
        }
        got.tag = self.tag(&content.words).or(got.tag.take());
        // A server that knows no ranges sends all of it.
        let mut skip = if status == 200 { got.from } else { 0 };
        let told: Option<u64> = content.words.header("content-length").and_then(|l| l.parse().ok());
        let expected = told.map(|len| (len.saturating_sub(skip) + got.from).min(got.end));
        let mut reader = content.body.as_reader();
        let mut piece = vec![0; PIECE];
        loop {
            let n = match reader.read(&mut piece) {
                Ok(n) => n,
                Err(e) => return Ok(Step::Again(broken(&e))),
            };
            let passed_over = usize::try_from(skip).unwrap_or(usize::MAX).min(n);
            skip -= passed_over as u64;
            let left = usize::try_from(got.end - got.from).unwrap_or(usize::MAX);
            let new = &piece[passed_over..n.min(passed_over.saturating_add(left))];
            into.write_all(new).at("writing what was fetched,", Path::new(key))?;
            got.from += new.len() as u64;
            self.wire.meter.received(new.len() as u64);
            if n == 0 || got.from == got.end {
                let short = expected.is_some_and(|end| got.from < end);
                let cut = || Fault::Unreachable { why: "the line broke in the middle".to_owned() };
                return Ok(if short { Step::Again(cut()) } else { Step::Done(got.tag.take()) });
            }
        }
    }

    fn no_content(&self, key: &str, start: u64, got: &Fetched, content: wire::Content) -> Result<Step> {
        let words = match content.read() {
            Ok(words) => words,
            Err(Trouble::Again(fault) | Trouble::Final(fault)) => return Ok(Step::Again(fault)),
        };
        match words.status {
            404 if words.code() != "NoSuchBucket" && got.from == start => Ok(Step::Done(None)),
            404 | 412 if got.from > start => Err(self.wire.fault(Fault::Replaced { name: key.to_owned() })),
            // The part begins at or beyond the end.
            416 => Ok(Step::Done(self.look(key)?.map(|o| o.tag))),
            _ if words.passes_by() => Ok(Step::Again(words.fault(self.wire.bucket.name()))),
            _ => Err(self.wire.refused(&words)),
        }
    }
}

fn broken(e: &io::Error) -> Fault {
    match e.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Fault::TimedOut,
        _ => Fault::Unreachable { why: e.to_string() },
    }
}
