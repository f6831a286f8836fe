//! A folder behind SSH. The system's own `ssh` does the talking, so that `~/.ssh/config`, agents, jump hosts and
//! `known_hosts` work as they do by hand; on the other side only what POSIX has must be there.
//!
//! An upload goes into a hidden file named by the digest of its content; a broken line leaves it, and the next try
//! appends to it. It gets its name once its length and, where that side can tell it, its digest are right. Between
//! looking whether a condition holds and writing, another writer may slip in: no lease is held here.

mod line;
mod words;

pub use words::quoted;

use super::{
    Meter, Object, Place, Put, Remote, Settings, Source, Spent, Tag, When, checked, fault, folder_of, left, tries,
};
use crate::error::{At, Error, Fault, Result};
use jiff::Timestamp;
use line::{Line, Said};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::ops::Range;
use words::{arguments, script};

const PIECE: usize = 64 * 1024;

/// A folder on another machine.
#[derive(Debug)]
pub(super) struct Ssh {
    place: String,
    folder: String,
    line: Line,
    meter: Meter,
    tries: usize,
}

/// What a try came to.
enum Step<T> {
    Done(T),
    Again(Fault),
}

pub(super) fn open(place: &Place, settings: &Settings) -> Ssh {
    let Place::Ssh { user, host, port, path } = place else { unreachable!("the caller looked") };
    let line = Line::new(user.as_deref(), host, *port, settings);
    Ssh { place: place.to_string(), folder: path.clone(), line, meter: Meter::default(), tries: settings.tries.min(4) }
}

impl Ssh {
    fn fault(&self, what: Fault) -> Error {
        fault(&self.place, what)
    }

    /// Runs one step again and again where that may help.
    fn again<T>(&self, mut step: impl FnMut() -> Result<Step<T>>) -> Result<T> {
        let mut pauses = tries(self.tries, self.line.deadline());
        loop {
            match step()? {
                Step::Done(value) => return Ok(value),
                Step::Again(_) if left(self.line.deadline()).is_some_and(|left| left.is_zero()) => {
                    return Err(self.fault(Fault::TimedOut));
                }
                Step::Again(what) => std::thread::sleep(pauses.next().ok_or_else(|| self.fault(what))?),
            }
        }
    }

    /// Runs a script there that says little.
    fn run(&self, body: &str, args: &[&str]) -> Result<String> {
        self.again(|| {
            let mut child = self.start(body, args)?;
            child.hang_up();
            let mut text = String::new();
            // A line that breaks shows in the exit code.
            let _ = child.answer().read_to_string(&mut text);
            self.sort(child.end()?, text)
        })
    }

    fn start(&self, body: &str, args: &[&str]) -> Result<line::Child> {
        self.meter.request();
        let all: Vec<&str> = [self.folder.as_str()].into_iter().chain(args.iter().copied()).collect();
        self.line.start(&format!("exec sh -c {} wakeep{}", words::quoted(&script(body)), arguments(&all)))
    }

    fn sort<T>(&self, said: Said, value: T) -> Result<Step<T>> {
        match said.fault(&self.folder) {
            None => Ok(Step::Done(value)),
            // It was waited for long enough.
            Some(what) if said.given_up => Err(self.fault(what)),
            Some(what @ (Fault::Unreachable { .. } | Fault::TimedOut)) => Ok(Step::Again(what)),
            Some(what) => Err(self.fault(what)),
        }
    }

    fn listed(&self, text: &str, folder: &str) -> Vec<Object> {
        let mut all: Vec<Object> = text.lines().filter_map(object).collect();
        for object in all.iter_mut().filter(|_| !folder.is_empty()) {
            object.name = format!("{folder}/{}", object.name);
        }
        all.retain(|o| !hidden(&o.name));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn fetch(&self, name: &str, got: &mut Fetched, into: &mut dyn Write) -> Result<Step<Option<Tag>>> {
        let mut child = self.start(words::GET, &[name, &got.from.to_string()])?;
        child.hang_up();
        let head = child.said("wakeep-get ");
        let (Some(head), true) = (&head, head.as_deref() != Some("absent")) else {
            return Ok(match self.sort(child.end()?, ())? {
                Step::Done(()) if head.is_none() => Step::Again(Fault::Unreachable { why: "it said nothing".into() }),
                Step::Done(()) if got.tag.is_some() => return Err(self.replaced(name)),
                Step::Done(()) => Step::Done(None),
                Step::Again(what) => Step::Again(what),
            });
        };
        let now = object(&format!("{head} x")).ok_or_else(|| self.odd(head))?;
        if got.tag.as_ref().is_some_and(|t| *t != now.tag) {
            return Err(self.replaced(name));
        }
        got.tag = Some(now.tag.clone());
        let (end, mut piece) = (got.end.min(now.bytes), vec![0; PIECE]);
        while got.from < end {
            let wanted = piece.len().min(usize::try_from(end - got.from).unwrap_or(usize::MAX));
            match child.answer().read(&mut piece[..wanted]) {
                Ok(0) | Err(_) => break,
                Ok(n) => {
                    into.write_all(&piece[..n]).at("writing what was fetched,", std::path::Path::new(name))?;
                    got.from += n as u64;
                    self.meter.received(n as u64);
                }
            }
        }
        if got.from >= end {
            child.let_go();
            return Ok(Step::Done(got.tag.take()));
        }
        Ok(match self.sort(child.end()?, ())? {
            Step::Done(()) => Step::Again(Fault::Unreachable { why: "the line broke in the middle".into() }),
            Step::Again(what) => Step::Again(what),
        })
    }

    fn store(
        &self,
        name: &str,
        source: &Source,
        when: &When,
        digest: &str,
        told: &mut dyn FnMut(u64),
    ) -> Result<Step<Put>> {
        let (condition, tag) = match when {
            When::Always => ("always", ""),
            When::Absent => ("absent", ""),
            When::Unchanged(tag) => ("unchanged", tag.as_str()),
        };
        let size = source.len().to_string();
        let mut child = self.start(words::PUT, &[name, &size, digest, condition, tag])?;
        let Some(at) = child.said("wakeep-at ") else {
            return Ok(match self.sort(child.end()?, ())? {
                Step::Done(()) => Step::Again(Fault::Unreachable { why: "it said nothing".into() }),
                Step::Again(what) => Step::Again(what),
            });
        };
        let from: u64 = at.trim().parse().map_err(|_| self.odd(&at))?;
        self.send(source.from(from), from, &mut child, told).at("reading", source.path())?;
        child.hang_up();
        let end = child.said("wakeep-put ");
        let said = child.end()?;
        match end.as_deref() {
            Some("refused") => Ok(Step::Done(Put::Refused)),
            Some(line) => {
                let stored = object(&format!("{line} x")).ok_or_else(|| self.odd(line))?;
                Ok(Step::Done(Put::Stored(stored.tag)))
            }
            None if said.code == Some(words::CUT) => {
                Ok(Step::Again(Fault::Unreachable { why: "the line broke in the middle".into() }))
            }
            None if said.code == Some(words::GARBLED) => {
                Ok(Step::Again(Fault::Unreachable { why: "what arrived is not what was sent".into() }))
            }
            None => match self.sort(said, ())? {
                Step::Done(()) => Err(self.fault(Fault::Garbled { name: name.to_owned() })),
                Step::Again(what) => Ok(Step::Again(what)),
            },
        }
    }

    /// Sends what is missing. That the line breaks shows in what the other side says, or doesn't.
    fn send(
        &self,
        mut reader: impl Read,
        from: u64,
        child: &mut line::Child,
        told: &mut dyn FnMut(u64),
    ) -> std::io::Result<()> {
        let (mut piece, mut sent) = (vec![0; PIECE], from);
        loop {
            let n = reader.read(&mut piece)?;
            if n == 0 || !child.send(&piece[..n]) {
                return Ok(());
            }
            sent += n as u64;
            self.meter.sent(n as u64);
            told(sent);
        }
    }

    fn replaced(&self, name: &str) -> Error {
        self.fault(Fault::Replaced { name: name.to_owned() })
    }

    fn odd(&self, said: &str) -> Error {
        self.fault(Fault::Odd { why: format!("it answers {said:?}") })
    }
}

struct Fetched {
    from: u64,
    end: u64,
    tag: Option<Tag>,
}

impl Remote for Ssh {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>> {
        let (folder, begin) = folder_of(prefix);
        if !folder.is_empty() {
            checked(&self.place, folder)?;
        }
        let text = self.run(words::LIST, &[if folder.is_empty() { "." } else { folder }, begin])?;
        Ok(self.listed(&text, folder))
    }

    fn head(&self, name: &str) -> Result<Option<Object>> {
        checked(&self.place, name)?;
        let text = self.run(words::HEAD, &[name])?;
        Ok(text.lines().find_map(object).map(|o| Object { name: name.to_owned(), ..o }))
    }

    fn get(&self, name: &str, part: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>> {
        checked(&self.place, name)?;
        let part = part.unwrap_or(0..u64::MAX);
        let mut got = Fetched { from: part.start, end: part.end, tag: None };
        self.again(|| self.fetch(name, &mut got, into))
    }

    fn put(&self, name: &str, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put> {
        checked(&self.place, name)?;
        let digest = digest(source)?;
        self.again(|| self.store(name, source, when, &digest, told))
    }

    fn delete(&self, name: &str) -> Result<()> {
        checked(&self.place, name)?;
        self.run(words::DELETE, &[name]).map(drop)
    }

    fn compares(&self) -> Result<()> {
        let why = "plain SSH has no conditional writes".to_owned();
        Err(self.fault(Fault::NoLease { why }))
    }

    fn spent(&self) -> Spent {
        self.meter.read()
    }
}

fn hidden(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.starts_with('.') && last.ends_with(".part")
}

/// `MODE INODE SIZE TIME NAME`, as `stat` says it: mode in hexadecimal, time in seconds. Only files are objects.
fn object(line: &str) -> Option<Object> {
    let mut words = line.strip_prefix("wakeep-is ").unwrap_or(line).splitn(5, ' ');
    let mode = u32::from_str_radix(words.next()?, 16).ok()?;
    let inode: u64 = words.next()?.parse().ok()?;
    let bytes: u64 = words.next()?.parse().ok()?;
    let time: i64 = words.next()?.parse().ok()?;
    let name = words.next()?.to_owned();
    let tag = Tag::new(format!("{inode:x}-{bytes:x}-{time:x}"));
    let file = mode & 0o170_000 == 0o100_000;
    file.then(|| Object { name, bytes, tag, modified: Timestamp::from_second(time).ok() })
}

fn digest(source: &Source) -> Result<String> {
    let (mut reader, mut piece, mut digest) = (source.from(0), vec![0; PIECE], Sha256::new());
    loop {
        let n = reader.read(&mut piece).at("reading", source.path())?;
        if n == 0 {
            return Ok(digest.finalize().iter().map(|b| format!("{b:02x}")).collect());
        }
        digest.update(&piece[..n]);
    }
}
