//! A bot that goes to another machine, as its vault remembers it: it leaves, it is offered there, it stands there; each
//! step durable before the next. Whoever is cut off before the offer has left nothing: no other machine can have it.

use super::Vault;
use super::state::Moved;
use super::workplace::Workplace;
use crate::error::{Departure, Error, Result};
use jiff::Timestamp;

impl Vault {
    /// Where the bot went or is going, and how far that has come. `None` while it is active here.
    pub fn departure(&self, work: &Workplace) -> Result<Option<(&Moved, Departure)>> {
        let Some(moved) = &self.state.moved else { return Ok(None) };
        let how = match moved {
            Moved { done: true, .. } => Departure::Done,
            _ if work.who_moves()?.is_some() => Departure::UnderWay,
            Moved { offered: true, .. } => Departure::Half,
            _ => Departure::BrokenOff,
        };
        Ok(Some((moved, how)))
    }

    /// Forgets a move that was broken off before any other machine was asked to take the session. Returns whether there
    /// was one. Callers hold the work lock.
    pub fn forget_broken_move(&mut self, work: &Workplace) -> Result<bool> {
        let broken = matches!(self.departure(work)?, Some((_, Departure::BrokenOff)));
        if broken {
            self.remember(|s| s.moved = None)?;
        }
        Ok(broken)
    }

    /// That the session may be worked with here.
    ///
    /// # Errors
    /// `Moved`: it is or may be active elsewhere. Whoever `forces` it answers for that, but not while it is being moved.
    pub fn require_here(&mut self, work: &Workplace, forces: bool) -> Result<()> {
        match self.departure(work)? {
            None => Ok(()),
            Some((_, Departure::BrokenOff)) => Ok(()),
            Some((_, Departure::Half | Departure::Done)) if forces => Ok(()),
            Some((moved, how)) => Err(Error::Moved { to: moved.to.clone(), how }),
        }
    }

    /// The bot leaves: from here on no start succeeds here.
    pub fn leave(&mut self, to: &str, now: Timestamp) -> Result<()> {
        let offered = self.state.moved.as_ref().is_some_and(|m| m.offered);
        self.remember(|s| s.moved = Some(Moved { to: to.to_owned(), at: Some(now), offered, done: false }))
    }

    /// The machine there is about to be asked to take the session; once `done` it stands there.
    pub fn offer(&mut self, done: bool, now: Timestamp) -> Result<()> {
        self.remember(|s| {
            if let Some(moved) = &mut s.moved {
                (moved.offered, moved.done, moved.at) = (true, done, Some(now));
            }
        })
    }

    /// It stays: nobody was offered it, or whoever was refused it.
    pub fn stay(&mut self) -> Result<()> {
        self.remember(|s| s.moved = None)
    }
}
