//! The right to be the one active host of a session, kept as a small object at a remote that proved compare-and-swap.
//!
//! Hosts' clocks are not compared. Whoever has the lease writes a new body, hence a new tag, again and again; whoever
//! wants it must have seen one and the same tag for the whole life and a margin, on its own monotonic clock. Each time
//! it changes hands its generation grows by one; releasing it writes an expired body and deletes nothing, so that the
//! generation never starts anew. It fences what is published, not what WhatsApp is sent.

use super::{Put, Remote, Source, Tag, When, nonce};
use crate::disk;
use crate::error::{Error, Fault, Holder, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A clock that only goes forward, also while the machine sleeps. Its zero means nothing.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Duration;
}

/// This machine's clock since it was booted.
#[derive(Debug, Clone, Copy)]
pub struct Boot;

impl Clock for Boot {
    fn now(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let (secs, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
        Duration::new(secs.unwrap_or(0), nanos.unwrap_or(0))
    }
}

/// What stands in the object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Body {
    /// Another one in each body: no two bodies, hence no two tags, are alike.
    nonce: String,
    host: String,
    session: String,
    generation: u64,
    /// Seconds.
    life: f64,
    released: bool,
}

/// The last nonces of this host, kept beside the session: after a crash they tell that nobody else had the lease since.
#[derive(Debug)]
pub struct Memory {
    path: Option<PathBuf>,
    nonces: Vec<String>,
}

impl Memory {
    /// Remembers in a file.
    pub fn at(path: PathBuf) -> Memory {
        let text = fs::read_to_string(&path).unwrap_or_default();
        Memory { path: Some(path), nonces: text.lines().map(str::to_owned).collect() }
    }

    /// Forgets with the process.
    pub fn none() -> Memory {
        Memory { path: None, nonces: Vec::new() }
    }

    /// Before a body is written: its answer may be lost.
    fn note(&mut self, nonce: &str) -> Result<()> {
        const KEPT: usize = 4;
        self.nonces.push(nonce.to_owned());
        self.nonces.drain(..self.nonces.len().saturating_sub(KEPT));
        match &self.path {
            Some(path) => disk::write_hint(path, (self.nonces.join("\n") + "\n").as_bytes()),
            None => Ok(()),
        }
    }
}

/// Whoever wants the lease of a session.
pub struct Claim {
    remote: Arc<dyn Remote>,
    clock: Arc<dyn Clock>,
    memory: Memory,
    name: String,
    host: String,
    session: String,
    life: Duration,
    seen: Option<(Tag, Duration)>,
}

/// What a look at the lease came to.
pub enum Look {
    /// It is ours.
    Taken(Lease),
    /// Somebody else has it; it can be taken over when nothing changes for so long.
    Held {
        /// Who.
        holder: Holder,
        /// How long yet, by this side's clock.
        wait: Duration,
    },
}

impl Claim {
    /// A claim to the lease object `name` of a session on this host. `life` is how long the lease holds after it was
    /// written last.
    pub fn new(
        remote: Arc<dyn Remote>,
        clock: Arc<dyn Clock>,
        memory: Memory,
        name: &str,
        who: (&str, &str),
        life: Duration,
    ) -> Claim {
        let (host, session) = (who.0.to_owned(), who.1.to_owned());
        Claim { remote, clock, memory, name: name.to_owned(), host, session, life, seen: None }
    }

    /// Looks, and takes it if it is free, was released, was ours, or has not changed for its whole life.
    ///
    /// # Errors
    /// [`Fault::NoLease`] where the remote can't hold one.
    pub fn look(&mut self) -> Result<Look> {
        self.remote.compares()?;
        let begun = self.clock.now();
        let Some((body, tag)) = read(&*self.remote, &self.name)? else {
            return self.take(None, 1, begun);
        };
        if body.released || self.is_ours(&body) {
            return self.take(Some(tag), body.generation + 1, begun);
        }
        // From when its tag was surely there: after it was read.
        let now = self.clock.now();
        let since = match &self.seen {
            Some((seen, since)) if *seen == tag => *since,
            _ => now,
        };
        self.seen = Some((tag.clone(), since));
        let whole = outlived(Duration::try_from_secs_f64(body.life).unwrap_or(Duration::MAX).max(self.life));
        if now.saturating_sub(since) >= whole {
            return self.take(Some(tag), body.generation + 1, self.clock.now());
        }
        Ok(Look::Held { holder: holder(&body), wait: whole - (now - since) })
    }

    /// That no other host has it, so that a bot may start here now; another process of this host renews it. Takes it if
    /// it is free.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`], and [`Fault::NoLease`] where the remote can't hold one.
    pub fn require(&mut self) -> Result<()> {
        let there = read(&*self.remote, &self.name)?;
        if there.is_some_and(|(body, _)| self.is_ours(&body) && !body.released) {
            return Ok(());
        }
        match self.look()? {
            Look::Taken(_) => Ok(()),
            Look::Held { holder, .. } => Err(Error::LeaseHeld { holder }),
        }
    }

    /// A folder copied to another host brings its memory along.
    fn is_ours(&self, body: &Body) -> bool {
        body.host == self.host && self.memory.nonces.contains(&body.nonce)
    }

    fn take(&mut self, there: Option<Tag>, generation: u64, begun: Duration) -> Result<Look> {
        let mut body = Body {
            nonce: nonce(),
            host: self.host.clone(),
            session: self.session.clone(),
            generation,
            life: self.life.as_secs_f64(),
            released: false,
        };
        self.memory.note(&body.nonce)?;
        let when = there.map_or(When::Absent, When::Unchanged);
        match write(&*self.remote, &self.name, &body, &when)? {
            Put::Stored(tag) => {
                self.seen = None;
                let memory = std::mem::replace(&mut self.memory, Memory::none());
                let (remote, clock) = (Arc::clone(&self.remote), Arc::clone(&self.clock));
                Ok(Look::Taken(Lease { remote, clock, memory, name: self.name.clone(), body, tag, since: begun }))
            }
            Put::Refused => {
                self.seen = None;
                if let Some((there, _)) = read(&*self.remote, &self.name)? {
                    body = there;
                }
                Ok(Look::Held { holder: holder(&body), wait: outlived(self.life) })
            }
        }
    }
}

/// The lease, as long as it is renewed.
pub struct Lease {
    remote: Arc<dyn Remote>,
    clock: Arc<dyn Clock>,
    memory: Memory,
    name: String,
    body: Body,
    tag: Tag,
    /// When the last write that arrived was begun.
    since: Duration,
}

impl Lease {
    /// Grows by one whenever the lease changes hands. What is published carries it, and a lower one is refused.
    pub fn generation(&self) -> u64 {
        self.body.generation
    }

    /// For how long it is surely ours yet, by our own clock; zero when somebody else may have it.
    pub fn left(&self) -> Duration {
        self.life().saturating_sub(self.clock.now().saturating_sub(self.since))
    }

    /// How long it holds after it was written.
    pub fn life(&self) -> Duration {
        Duration::try_from_secs_f64(self.body.life).unwrap_or_default()
    }

    /// Writes it anew. An error of the line leaves it as it is: it may be tried again.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`]: another host has it.
    pub fn renew(&mut self) -> Result<()> {
        let begun = self.clock.now();
        self.write(Body { nonce: nonce(), ..self.body.clone() })?;
        self.since = begun;
        Ok(())
    }

    /// Gives it up, so that another host needn't wait. The generation stays.
    pub fn release(mut self) -> Result<()> {
        self.write(Body { nonce: nonce(), released: true, ..self.body.clone() })
    }

    /// Another host has it: from now on it is only wanted.
    pub fn into_claim(self) -> Claim {
        let life = self.life();
        let Body { host, session, .. } = self.body;
        let (remote, clock, memory, name) = (self.remote, self.clock, self.memory, self.name);
        Claim { remote, clock, memory, name, host, session, life, seen: None }
    }

    fn write(&mut self, body: Body) -> Result<()> {
        self.memory.note(&body.nonce)?;
        if let Put::Stored(tag) = write(&*self.remote, &self.name, &body, &When::Unchanged(self.tag.clone()))? {
            (self.tag, self.body) = (tag, body);
            return Ok(());
        }
        // Ours all the same, if it is a body of ours whose answer was lost: then it is built upon.
        let there = read(&*self.remote, &self.name)?;
        match there {
            Some((found, tag)) if self.memory.nonces.contains(&found.nonce) && found.generation == body.generation => {
                match write(&*self.remote, &self.name, &body, &When::Unchanged(tag))? {
                    Put::Stored(tag) => {
                        (self.tag, self.body) = (tag, body);
                        Ok(())
                    }
                    Put::Refused => Err(lost(None)),
                }
            }
            found => Err(lost(found.map(|(body, _)| body))),
        }
    }
}

/// Who has the lease `name`, as it stands there, and its generation; `None` where nobody has. Nothing is written.
///
/// # Errors
/// `Remote`.
pub fn standing(remote: &dyn Remote, name: &str) -> Result<Option<(String, u64)>> {
    let there = read(remote, name)?.filter(|(body, _)| !body.released);
    Ok(there.map(|(body, _)| (body.host, body.generation)))
}

/// A life and a margin: clocks of two hosts may differ in pace by a tenth, requests take a moment.
fn outlived(life: Duration) -> Duration {
    life + life / 5
}

fn holder(body: &Body) -> Holder {
    Holder { pid: None, program: body.session.clone(), host: Some(body.host.clone()) }
}

fn lost(to: Option<Body>) -> Error {
    Error::LeaseHeld { holder: to.as_ref().map(holder).unwrap_or_default() }
}

fn read(remote: &dyn Remote, name: &str) -> Result<Option<(Body, Tag)>> {
    let mut text = Vec::new();
    let Some(tag) = remote.get(name, None, &mut text)? else { return Ok(None) };
    let body = serde_json::from_slice(&text).map_err(|e| Error::Remote {
        place: remote.place(),
        fault: Fault::Odd { why: format!("{name} is no lease: {e}") },
    })?;
    Ok(Some((body, tag)))
}

fn write(remote: &dyn Remote, name: &str, body: &Body, when: &When) -> Result<Put> {
    let text = serde_json::to_vec(body).expect("a body has only texts and numbers");
    remote.put(name, &Source::bytes(&text), when, &mut |_| {})
}
