//! Waiting for the next round or for being asked to end (SIGTERM, SIGINT), whichever comes first.

use crate::error::{At, Result};
use crate::platform::signals::{self, Wire};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::Duration;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The time is over.
    Rested,
    /// A signal asks the process to end.
    Asked,
}

/// What ends a keeper's rest.
pub trait Alarm {
    /// Sleeps until the time is over or the keeper is asked to end.
    fn wait(&mut self, time: Duration) -> Result<Woken>;
}

/// The signals that ask the process to end, once [`Signals::new`] was called, arrive here and nowhere else.
#[derive(Debug)]
pub struct Signals {
    arriving: Wire,
    sending: Wire,
}

impl Signals {
    /// Takes over SIGTERM and SIGINT.
    pub fn new() -> Result<Signals> {
        let (arriving, sending) = signals::that_ask_to_end().at("waiting for", Path::new("signals"))?;
        Ok(Signals { arriving, sending })
    }

    /// For a command at a terminal, which ends with it: SIGHUP, too, unless whoever started this has it ignored (`nohup`).
    pub fn at_a_terminal() -> Result<Signals> {
        let (arriving, sending) = signals::that_end_a_command().at("waiting for", Path::new("signals"))?;
        Ok(Signals { arriving, sending })
    }

    /// From now on the end of standard input asks as a signal does: whoever started this process holds the other end,
    /// and the system closes it however that one ends.
    pub fn listen_to_input(&self) -> Result<()> {
        let mut pipe = self.sending.try_clone().at("making a pipe for", Path::new("signals"))?;
        std::thread::spawn(move || {
            // An input that can't be read has ended as well; and nobody reads the pipe any more only when all ends.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            let _ = pipe.write_all(&[0]);
        });
        Ok(())
    }
}

impl Alarm for Signals {
    fn wait(&mut self, time: Duration) -> Result<Woken> {
        if time.is_zero() {
            return Ok(Woken::Rested);
        }
        let place = Path::new("signals");
        let limit = time.min(Duration::from_secs(86_400));
        self.arriving.set_read_timeout(Some(limit)).at("waiting for", place)?;
        match self.arriving.read(&mut [0]) {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(Woken::Rested),
            Err(e) if e.kind() == ErrorKind::Interrupted => Ok(Woken::Rested),
            other => other.at("waiting for", place).map(|_| Woken::Asked),
        }
    }
}

/// Where signals can't be listened to: it only rests.
#[derive(Debug, Clone, Copy)]
pub struct Deaf;

impl Alarm for Deaf {
    fn wait(&mut self, time: Duration) -> Result<Woken> {
        std::thread::sleep(time);
        Ok(Woken::Rested)
    }
}
