//! The browser that a bot drives, closed before the bot is stopped: Chromium writes localStorage seconds late. It writes
//! all of it when its first process alone is asked to end, and loses it when its driver (puppeteer) kills it because
//! the bot was asked to end. Figures: docs/reliability.md. Stopping the bot itself is its supervisor's business.

use crate::error::{At, Result};
use crate::platform::ending::Running;
use crate::platform::processes;
use crate::session::Session;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a browser may take to end; much less than the time after which systemd (`TimeoutStopSec=` of the drop-in) or a
/// container's engine loses patience with the bot.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What became of the browser of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// No browser works on the session, or none that can be proved to.
    NoBrowser,
    /// It has written everything, and all of its processes that had the session's files open have ended.
    Closed {
        /// Its first process.
        pid: u32,
        /// How long that took.
        time: Duration,
    },
    /// It was asked to end, and still runs.
    StillRuns {
        /// Its first process.
        pid: u32,
    },
}

/// A browser that was asked to end.
struct Asked {
    pid: u32,
    processes: Vec<Running>,
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
        let Some(Asked { pid, processes }) = asked else { return Ok(Closing::NoBrowser) };
        for process in &processes {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if !process.has_ended(left).at("waiting for", &place(pid))? {
                return Ok(Closing::StillRuns { pid });
            }
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
    while processes::exists(pid) && begun.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
}

fn ask(session: &Session) -> Result<Option<Asked>> {
    let all = session.browser();
    let Some(&pid) = all.first() else { return Ok(None) };
    let processes: io::Result<Vec<_>> = all.iter().filter_map(|&pid| Running::of(pid).transpose()).collect();
    let processes = processes.at("asking to end", &place(pid))?;
    // Between the proof and holding the processes a number may have become another's.
    let Some(first) = processes.first().filter(|_| session.browser().first() == Some(&pid)) else { return Ok(None) };
    let asked = first.ask_to_end().at("asking to end", &place(pid))?;
    Ok(asked.then_some(Asked { pid, processes }))
}

/// How an error names it.
fn place(pid: u32) -> PathBuf {
    PathBuf::from(format!("process {pid}"))
}
