//! `wakeep run -- CMD`: the bot as a child process, kept while it runs. Signals go on to the bot at once, also during a
//! round; what asks it to end goes on once its browser has written everything and ended. As the first process of a container every orphan is reaped. It restarts nothing: that is the supervisor's
//! business.

use super::active::Rights;
use super::signals::{Alarm, Woken};
use super::{Keeper, Tell, browser, ward};
use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::platform::signals::{self, Heard, Signal};
use crate::platform::{ending, processes};
use crate::session::Session;
use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Starts the bot and keeps its session until it has ended; then takes the last archives. Returns the bot's exit code,
/// or 128 and the number of the signal that ended it. `asked` hears what asked this process to end before.
///
/// # Errors
/// The bot can't be started; another host has the right to run it by now; `Interrupted`.
pub fn run(
    command: &[String],
    mut rights: Rights,
    mut keeper: Keeper,
    asked: &mut dyn Alarm,
    tell: Tell,
) -> Result<u8> {
    let (program, args) = command.split_first().expect("the command line asks for one word at least");
    let place = Path::new(program);
    // Before the bot starts, so that no signal and no end of it is missed.
    let signals = signals::to_pass_on().at("waiting for signals for", place)?;
    let started = rights.confirm().and_then(|()| match asked.wait(Duration::from_millis(1)) {
        Ok(Woken::Asked) => Err(Error::Interrupted),
        _ => Command::new(program).args(args).spawn().at("starting", place),
    });
    let child = match started {
        Ok(child) => child,
        Err(e) => {
            rights.release();
            return Err(e);
        }
    };
    let bot = Bot { pid: child.id(), runs: Arc::new(Mutex::new(true)) };
    let mut ended = attend(bot.clone(), signals, Profiles::of(&keeper));
    // Another host runs it now: it ends as if it had been asked to, and if it doesn't, all the same.
    let patience = keeper.patience();
    keeper.hold(rights.keep(move || bot.stop(patience)));
    if !keeper.is_idle() {
        keeper.watch(&mut ended, tell)?;
    }
    Ok(ended.code())
}

/// The bot's process. Once it was reaped its number may be another's.
#[derive(Clone)]
struct Bot {
    pid: u32,
    runs: Arc<Mutex<bool>>,
}

impl Bot {
    fn send(&self, signal: Signal) {
        if *self.runs.lock().unwrap_or_else(PoisonError::into_inner) {
            // It may have ended in this moment.
            ending::send(self.pid, signal);
        }
    }

    fn stop(&self, patience: Duration) {
        self.send(Signal::TERM);
        let bot = self.clone();
        std::thread::spawn(move || {
            std::thread::sleep(patience);
            bot.send(Signal::KILL);
        });
    }

    /// Asks its browser to end, and then it. Whoever asks once more is heard at once.
    fn end(&self, signal: Signal, profiles: Profiles) {
        let bot = self.clone();
        std::thread::spawn(move || {
            // The bot is asked to end whatever becomes of its browser.
            let _ = browser::close(&profiles.now());
            bot.send(signal);
        });
    }

    /// Takes note of its end.
    fn reap(&self, tell: &Sender<u8>) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = ending::reap(self.pid) {
            *runs = false;
            // Nobody listens any more only when this process ends.
            let _ = tell.send(code);
        }
    }
}

/// How long a child that has ended may wait for whoever started it.
const OURS: Duration = Duration::from_secs(5);

/// Takes leave of what the bot left behind: orphans that this process, the first of a container, was given. A program of
/// our own, such as `ssh`, is waited for by whoever started it, within a moment, and its number must not be another's
/// before that; what stays dead for longer is nobody's.
fn bury_orphans(bot: u32, ended: &Receiver<()>) {
    while ended.recv().is_ok() {
        let dead = processes::zombies();
        std::thread::sleep(OURS);
        let still = processes::zombies().into_iter().filter(|pid| dead.contains(pid));
        for pid in still.filter(|pid| *pid != bot) {
            let _ = ending::reap(pid);
        }
    }
}

/// The sessions that the bot may have made its browser work on.
struct Profiles {
    config: Config,
    at_start: Vec<Session>,
}

impl Profiles {
    fn of(keeper: &Keeper) -> Profiles {
        Profiles { config: keeper.config().clone(), at_start: keeper.wards().map(|w| w.session.clone()).collect() }
    }

    /// Those of this moment; where they can't be listed just now, those that were known when the bot started.
    fn now(self) -> Vec<Session> {
        let all = ward::wards(&self.config);
        all.map_or(self.at_start, |wards| wards.into_iter().map(|w| w.session).collect())
    }
}

/// Passes signals on and reaps in a thread of its own: a round may take seconds.
fn attend(bot: Bot, signals: impl Iterator<Item = Heard> + Send + 'static, profiles: Profiles) -> Ended {
    let (tell, ended) = channel();
    let (died, deaths) = channel();
    let pid = bot.pid;
    std::thread::spawn(move || bury_orphans(pid, &deaths));
    std::thread::spawn(move || {
        let mut profiles = Some(profiles);
        for heard in signals {
            match heard {
                Heard::ChildEnded => {
                    bot.reap(&tell);
                    let _ = died.send(());
                }
                // What the terminal's keys send, the terminal sends to the bot as well.
                _ if heard.may_come_from_the_terminal() && std::io::stdin().is_terminal() => {}
                Heard::AskedToEnd(signal) => match profiles.take() {
                    Some(profiles) => bot.end(signal, profiles),
                    None => bot.send(signal),
                },
                Heard::Other(signal) => bot.send(signal),
            }
        }
    });
    Ended { receiver: ended, code: None }
}

/// The end of the bot, which ends the watch.
struct Ended {
    receiver: Receiver<u8>,
    code: Option<u8>,
}

impl Ended {
    /// Waits for the end.
    fn code(self) -> u8 {
        self.code.or_else(|| self.receiver.recv().ok()).unwrap_or(1)
    }
}

impl Alarm for Ended {
    fn wait(&mut self, time: Duration) -> Result<Woken> {
        match self.receiver.recv_timeout(time.min(Duration::from_secs(86_400))) {
            Ok(code) => {
                self.code = Some(code);
                Ok(Woken::Asked)
            }
            Err(RecvTimeoutError::Timeout) => Ok(Woken::Rested),
            Err(RecvTimeoutError::Disconnected) => Ok(Woken::Asked),
        }
    }
}
