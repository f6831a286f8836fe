//! The browser that a bot drives, closed before the bot is stopped: Chromium writes localStorage seconds late. It writes
//! all of it when its first process alone is asked to end, and loses it when its driver (puppeteer) kills it because
//! the bot was asked to end. Figures: docs/reliability.md. Stopping the bot itself is its supervisor's business.

use crate::error::{At, Result};
use crate::session::Session;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a browser may take to end; much less than the time after which systemd (`TimeoutStopSec=` of the drop-in) or a
/// container's engine loses patience with the bot.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What became of the browser of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// No browser works on the session, or none that can be proved to.
    NoBrowser,
    /// Its first process has written everything and ended.
    Closed {
        /// Its number.
        pid: u32,
        /// How long that took.
        time: Duration,
    },
    /// It was asked to end, and still runs.
    StillRuns {
        /// Its number.
        pid: u32,
    },
}

/// A browser that was asked to end. The descriptor stands for this very process, also once its number is another's.
struct Asked {
    pid: u32,
    process: OwnedFd,
}

/// Asks the browsers of all sessions to end, then waits until they have, [`PATIENCE`] in all. One that the bot starts
/// meanwhile is not waited for.
///
/// # Errors
/// A browser can't be asked: it isn't this user's. The others have been asked then.
pub fn close<'a>(sessions: impl IntoIterator<Item = &'a Session>) -> Result<Vec<Closing>> {
    let begun = Instant::now();
    let asked: Vec<_> = sessions.into_iter().map(ask).collect();
    let wait = |asked: Option<Asked>| -> Result<Closing> {
        let Some(Asked { pid, process }) = asked else { return Ok(Closing::NoBrowser) };
        let left = PATIENCE.saturating_sub(begun.elapsed());
        if !has_ended(&process, left).at("waiting for", &place(pid))? {
            return Ok(Closing::StillRuns { pid });
        }
        let time = begun.elapsed();
        until_noted(pid);
        Ok(Closing::Closed { pid, time })
    };
    asked.into_iter().map(|asked| asked.and_then(wait)).collect()
}

/// Gives the bot a moment to take note. As long as puppeteer believes that its browser runs it catches SIGTERM, and a bot
/// without a handler of its own goes on; it takes note when the browser's process is reaped.
fn until_noted(pid: u32) {
    let begun = Instant::now();
    while place(pid).exists() && begun.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
}

fn ask(session: &Session) -> Result<Option<Asked>> {
    let Some(pid) = session.browser() else { return Ok(None) };
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a number that /proc has shown");
    let asked = pidfd_open(number, PidfdFlags::empty()).and_then(|process| {
        // Between the proof and the descriptor the number may have become another's.
        if session.browser() == Some(pid) {
            pidfd_send_signal(&process, Signal::TERM).map(|()| Some(Asked { pid, process }))
        } else {
            Ok(None)
        }
    });
    match asked {
        Err(rustix::io::Errno::SRCH) => Ok(None),
        other => other.at("asking to end", &place(pid)),
    }
}

fn place(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string())
}

/// A process's descriptor can be read once the process has ended.
fn has_ended(process: &OwnedFd, patience: Duration) -> rustix::io::Result<bool> {
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let limit = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
        match poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&limit)) {
            Err(rustix::io::Errno::INTR) => {}
            other => return other.map(|ready| ready > 0),
        }
    }
}
