//! The right to be the one active host of a session, kept as a small object at a remote that proved compare-and-swap.
//!
//! Hosts' clocks are not compared. Whoever has the lease writes a new body, hence a new tag, again and again; whoever
//! wants it must have seen one and the same tag for the whole life and a margin, on its own monotonic clock. Each time
//! it changes hands its generation grows by one; releasing it writes an expired body and deletes nothing, so that the
//! generation never starts anew. It fences what is published, not what WhatsApp is sent.

mod body;
mod memory;

use super::{Put, Remote, Tag, When, nonce};
use crate::error::{Error, Fault, Holder, Result};
use crate::platform::host;
use body::{Body, outlived, read, write};
pub use memory::Memory;
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
        host::since_boot()
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
    /// The nonce of the next body: noted once, however often its writing fails.
    next: String,
    seen: Option<(Tag, Duration)>,
    /// Whether somebody was seen to renew it.
    alive: bool,
}

/// What a look at the lease came to.
#[expect(clippy::large_enum_variant, reason = "one at a time, and moved on at once")]
pub enum Look {
    /// It is ours.
    Taken(Lease),
    /// Somebody else has it; it can be taken over when nothing changes for so long.
    Held {
        /// Who.
        holder: Holder,
        /// How long yet, by this side's clock.
        wait: Duration,
        /// Whether this session's own memory knows the body: it is of this host under an earlier name, as a container
        /// that was made anew has another one, or of a copy of its folder. Its silence tells which: no longer so once
        /// the body was seen to change.
        renamed: bool,
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
        Claim {
            remote,
            clock,
            memory,
            name: name.to_owned(),
            host,
            session,
            life,
            next: nonce(),
            seen: None,
            alive: false,
        }
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
        self.alive |= self.seen.as_ref().is_some_and(|(seen, _)| *seen != tag);
        // From when its tag was surely there: after it was read.
        let now = self.clock.now();
        let since = match &self.seen {
            Some((seen, since)) if *seen == tag => *since,
            _ => now,
        };
        self.seen = Some((tag.clone(), since));
        let whole = outlived(body.life().max(self.life));
        if now.saturating_sub(since) >= whole {
            return self.take(Some(tag), body.generation + 1, begun);
        }
        Ok(self.held(&body, whole.saturating_sub(now.saturating_sub(since))))
    }

    /// The same before a bot starts beside another process of this host, which renews the lease: that one's stays as
    /// it is. `None` stands for it.
    ///
    /// # Errors
    /// As [`Claim::look`].
    pub fn look_beside(&mut self) -> Result<Option<Look>> {
        let there = read(&*self.remote, &self.name)?;
        if there.is_some_and(|(body, _)| self.is_ours(&body) && !body.released) {
            return Ok(None);
        }
        self.look().map(Some)
    }

    /// A folder copied to another host brings its memory along.
    fn is_ours(&self, body: &Body) -> bool {
        body.host == self.host && self.memory.knows(&body.nonce)
    }

    fn held(&self, body: &Body, wait: Duration) -> Look {
        let renamed = !self.alive && body.host != self.host && self.memory.knows(&body.nonce);
        Look::Held { holder: body.holder(), wait, renamed }
    }

    fn take(&mut self, there: Option<Tag>, generation: u64, begun: Duration) -> Result<Look> {
        let body = Body {
            nonce: self.next.clone(),
            host: self.host.clone(),
            session: self.session.clone(),
            generation,
            life: self.life.as_secs_f64(),
            released: false,
        };
        // A full disk here is no reason to leave the lease to others.
        let _ = self.memory.note(&body.nonce);
        self.seen = None;
        let when = there.map_or(When::Absent, When::Unchanged);
        match write(&*self.remote, &self.name, &body, &when)? {
            Put::Stored(tag) => Ok(Look::Taken(self.lease(body, tag, begun))),
            // The first try of a request whose answer was lost may have arrived.
            Put::Refused => match read(&*self.remote, &self.name)? {
                Some((found, tag)) if found.is(&body) => Ok(Look::Taken(self.lease(body, tag, begun))),
                found => Ok(self.held(&found.map_or(body, |(found, _)| found), outlived(self.life))),
            },
        }
    }

    fn lease(&mut self, body: Body, tag: Tag, since: Duration) -> Lease {
        let memory = std::mem::replace(&mut self.memory, Memory::none());
        let (remote, clock) = (Arc::clone(&self.remote), Arc::clone(&self.clock));
        Lease { remote, clock, memory, name: self.name.clone(), body, tag, next: nonce(), begun: None, since }
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
    /// The nonce of the next body: noted once, however often its writing fails.
    next: String,
    /// When its writing was begun for the first time, if it was.
    begun: Option<Duration>,
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
        self.body.life()
    }

    /// Writes it anew. An error of the line leaves it as it is: it may be tried again.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`]: another host has it.
    pub fn renew(&mut self) -> Result<()> {
        self.write(false)
    }

    /// Gives it up, so that another host needn't wait. The generation stays.
    ///
    /// # Errors
    /// As [`Lease::renew`].
    pub fn release(mut self) -> Result<()> {
        self.write(true)
    }

    /// Gives it up and wants it from now on; it stays where that can't be said there.
    ///
    /// # Errors
    /// The lease as it was.
    #[expect(clippy::result_large_err, reason = "it isn't an error but the lease itself")]
    pub fn resign(mut self) -> std::result::Result<Claim, Lease> {
        match self.write(true) {
            Ok(()) => Ok(self.into_claim()),
            Err(_) => Err(self),
        }
    }

    /// Another host has it: from now on it is only wanted.
    pub fn into_claim(self) -> Claim {
        let life = self.life();
        let Body { host, session, .. } = self.body;
        let (remote, clock, memory, name) = (self.remote, self.clock, self.memory, self.name);
        Claim { remote, clock, memory, name, host, session, life, next: nonce(), seen: None, alive: false }
    }

    fn write(&mut self, released: bool) -> Result<()> {
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            let now = self.clock.now();
            let first = *self.begun.get_or_insert(now);
            let body = Body { nonce: self.next.clone(), released, ..self.body.clone() };
            // A full disk here is no reason to leave the lease to others.
            let _ = self.memory.note(&body.nonce);
            let put = write(&*self.remote, &self.name, &body, &When::Unchanged(self.tag.clone()));
            if let Ok(Put::Stored(tag)) = put {
                self.build_on(body, tag, Some(now));
                return Ok(());
            }
            // Also where only writing fails, reading tells who has it.
            match (read(&*self.remote, &self.name), put) {
                (Ok(Some((found, tag))), _) if found.is(&body) => {
                    self.build_on(found, tag, Some(first));
                    if first == now {
                        return Ok(());
                    }
                }
                (Ok(Some((found, tag))), Ok(_)) if self.is_ours(&found) => self.build_on(found, tag, None),
                (Ok(Some((found, _))), Err(e)) if self.is_ours(&found) => return Err(e),
                (Ok(Some((found, _))), _) => return Err(Error::LeaseHeld { holder: found.holder() }),
                (Ok(None), Ok(_)) => return Err(Error::LeaseHeld { holder: Holder::default() }),
                (_, Err(e)) | (Err(e), _) => return Err(e),
            }
        }
        // Other processes of this host write all the time.
        Err(Error::Remote { place: self.remote.place(), fault: Fault::TimedOut })
    }

    /// A body of this host's is there, ours or another process's; `since` is when its writing was begun, if it's ours.
    fn build_on(&mut self, there: Body, tag: Tag, since: Option<Duration>) {
        (self.body, self.tag, self.next, self.begun) = (there, tag, nonce(), None);
        self.since = since.unwrap_or(self.since);
    }

    fn is_ours(&self, found: &Body) -> bool {
        found.host == self.body.host && self.memory.knows(&found.nonce)
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
