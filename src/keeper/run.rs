//! `wakeep run -- CMD`: the bot as a child process, kept while it runs. Signals go on to the bot at once, also during a
//! round; as the first process of a container every orphan is reaped. It restarts nothing: that is the supervisor's
//! business.

use super::active::Rights;
use super::signals::{Alarm, Woken};
use super::{Keeper, Tell};
use crate::error::{At, Result};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;
use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// What is passed on to the bot.
const PASSED_ON: [i32; 7] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH];

/// Starts the bot and keeps its session until it has ended; then takes the last archives. Returns the bot's exit code,
/// or 128 and the number of the signal that ended it.
///
/// # Errors
/// The bot can't be started.
pub fn run(command: &[String], rights: Rights, mut keeper: Keeper, tell: Tell) -> Result<u8> {
    let (program, args) = command.split_first().expect("the command line asks for one word at least");
    let place = Path::new(program);
    // Before the bot starts, so that no signal and no end of it is missed.
    let signals = Signals::new(PASSED_ON.iter().chain(&[SIGCHLD])).at("waiting for signals for", place)?;
    let child = Command::new(program).args(args).spawn().at("starting", place)?;
    let bot = Pid::from_child(&child);
    let mut ended = attend(bot, signals);
    // Another host runs it now: it ends as if it had been asked to.
    keeper.hold(rights.keep(move || {
        // It may have ended in this moment.
        let _ = kill_process(bot, Signal::TERM);
    }));
    if !keeper.is_idle() {
        keeper.watch(&mut ended, tell)?;
    }
    Ok(ended.code())
}

/// Passes signals on and reaps in a thread of its own: a round may take seconds.
fn attend(bot: Pid, mut signals: Signals) -> Ended {
    let (tell, ended) = channel();
    std::thread::spawn(move || {
        let mut runs = true;
        for signal in &mut signals {
            if signal == SIGCHLD {
                runs &= !reap(bot, &tell);
            } else if runs {
                pass_on(bot, signal);
            }
        }
    });
    Ended { receiver: ended, code: None }
}

/// What the terminal's keys send, the terminal sends to the bot as well.
fn pass_on(bot: Pid, signal: i32) {
    let by_key = [SIGINT, SIGQUIT, SIGWINCH].contains(&signal) && std::io::stdin().is_terminal();
    if let (false, Some(signal)) = (by_key, Signal::from_named_raw(signal)) {
        // It may have ended in this moment.
        let _ = kill_process(bot, signal);
    }
}

/// Takes note of all children that have ended, adopted ones too. Returns whether the bot was among them.
fn reap(bot: Pid, tell: &Sender<u8>) -> bool {
    let mut was_bot = false;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == bot {
            was_bot = true;
            let code = status.exit_status().or_else(|| status.terminating_signal().map(|s| 128 + s)).unwrap_or(1);
            // Nobody listens any more only when this process ends.
            let _ = tell.send(u8::try_from(code).unwrap_or(1));
        }
    }
    was_bot
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
