//! The bot stopped for a while by this process, which may be root, while another does the work as the bot's user.
//! Whatever comes between, an error or a signal, it is for whoever stopped the bot to start it again.

use super::context::Context;
use super::exit::Exit;
use super::whose::{self, tell};
use crate::error::{At, Error, Result};
use crate::keeper::bot::{State, Supervisor};
use crate::keeper::signals::{Alarm, Signals, Woken};
use crate::owner::{self, Owner};
use crate::platform::ending::send;
use crate::platform::signals::Signal;
use crate::text::Phrase;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// How long a bot that was stopped may take to let go of its session.
const LETS_GO: Duration = Duration::from_secs(15);

/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Tells the inner process that the outer one can stop the bot.
pub(super) const CAN_STOP: &str = "--can-stop";
/// Tells the inner process that an outer one looks after the bot.
pub(super) const INNER: &str = "--inner";

/// A command that is done by other processes, one after the other, and doesn't end with a signal before it has put right
/// what it began.
pub(super) struct Outer<'a> {
    context: &'a Context,
    owner: Option<Owner>,
    signals: Signals,
    /// Whether a signal has asked to end.
    asked: bool,
    /// Whether the bot stands still for this.
    stopped: bool,
}

impl<'a> Outer<'a> {
    pub fn new(context: &'a Context, owner: Option<Owner>) -> Result<Outer<'a>> {
        Ok(Outer { context, owner, signals: Signals::at_a_terminal()?, asked: false, stopped: false })
    }

    /// Runs this program again as the owner; its exit code is ours.
    ///
    /// # Errors
    /// `Interrupted`; then it has ended, too.
    pub fn again(&mut self, args: &[OsString]) -> Result<Exit> {
        let doing = "starting again as the bot's user";
        let child = owner::again(self.owner).args(args).spawn().at(doing, Path::new("wakeep"))?;
        let exit = whose::exit_of(self.end_of(child)?);
        whose::said_by(self.context, args, exit);
        Ok(exit)
    }

    /// Waits for a process; a signal is passed on to it.
    fn end_of(&mut self, mut child: Child) -> Result<ExitStatus> {
        let mut told = false;
        loop {
            if let Some(status) = child.try_wait().at("waiting for", Path::new("wakeep"))? {
                // What came to its own end in spite of it has: what it says counts.
                return if status.code().is_some() { Ok(status) } else { Err(Error::Interrupted) };
            }
            // What was asked before this process began is answered by its caller.
            let asked = self.signals.wait(LOOK)? == Woken::Asked;
            self.asked |= asked;
            if asked && !std::mem::replace(&mut told, true) {
                send(child.id(), Signal::TERM);
            }
        }
    }

    fn order(&mut self, order: &str, by: &Supervisor) -> Result<()> {
        let child = by.order(order, self.owner).spawn().at("asking the supervisor of", Path::new(by.name()))?;
        let status = self.end_of(child)?;
        by.obeyed(order, status)
    }

    /// Stops the bot; `phrase` says why. A supervisor that complains, of a bot that stands still then, is told of.
    ///
    /// # Errors
    /// `Interrupted`; `Config`: the bot isn't this owner's to stop; `Io`: it isn't stopped.
    pub fn stop(&mut self, by: &Supervisor, phrase: Phrase) -> Result<()> {
        self.go_on()?;
        require_theirs(self.context, by, self.owner)?;
        tell(self.context, phrase, &by.command("stop"));
        self.stopped = true;
        if let Err(e) = self.order("stop", by) {
            match by.state(self.owner) {
                _ if matches!(e, Error::Interrupted) => return Err(e),
                State::Down => self.context.show.error(&e),
                state => {
                    self.stopped = state != State::Up;
                    return Err(e);
                }
            }
        }
        self.go_on()
    }

    /// Whether the bot stands still for this.
    pub fn has_stopped(&self) -> bool {
        self.stopped
    }

    /// # Errors
    /// `Interrupted`: a signal has asked to end.
    fn go_on(&self) -> Result<()> {
        if self.asked { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Starts the bot again, if it stands still for this; also where a signal asks to end: once more if the first try fell to it.
    ///
    /// # Errors
    /// `Io`: the supervisor said no; then what to type is told.
    pub fn start(&mut self, by: &Supervisor) -> Result<()> {
        if !std::mem::take(&mut self.stopped) {
            return Ok(());
        }
        tell(self.context, Phrase::StartingBot, &by.command("start"));
        let started = match self.order("start", by) {
            Err(Error::Interrupted) => self.order("start", by),
            other => other,
        };
        if started.is_err() && by.state(self.owner) != State::Up {
            tell(self.context, Phrase::StillStopped, &by.command("start"));
        }
        started
    }

    /// A supervisor may say "stopped" while the browser is still writing: it is waited for, and only then told.
    pub fn when_let_go(&mut self, args: &[OsString]) -> Result<Exit> {
        let hushed = [args, &[OsString::from(CAN_STOP)]].concat();
        let start = Instant::now();
        while start.elapsed() < LETS_GO {
            let exit = self.again(&hushed)?;
            if exit != Exit::InUse {
                return Ok(exit);
            }
            self.asked |= self.signals.wait(Duration::from_millis(500))? == Woken::Asked;
            self.go_on()?;
        }
        self.again(args)
    }
}

/// Root stops a bot for another user only where root said so, or where it is that user's own: the configuration of a bot
/// gives orders to its user only.
///
/// # Errors
/// `Config`: it names another user's bot.
fn require_theirs(context: &Context, by: &Supervisor, owner: Option<Owner>) -> Result<()> {
    let Some(file) = context.config.file.as_ref().filter(|_| owner.is_some()) else { return Ok(()) };
    let (Supervisor::Systemd(unit), Some(author)) = (by, Owner::of(file)) else { return Ok(()) };
    let user = by.user().unwrap_or_else(|| "root".to_owned());
    if user.parse() == Ok(author.uid) || Owner::named(&user) == Some(author) {
        return Ok(());
    }
    let author = author.name().unwrap_or_else(|| author.uid.to_string());
    Err(Error::Config {
        place: file.display().to_string(),
        problem: context.show.lang.not_theirs_to_stop(unit, &user, &author).into(),
        suggestion: None,
    })
}
