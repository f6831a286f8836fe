//! Asking processes to end, and hearing that they have. Numbers of processes are used again: where that matters, a process
//! is held by a descriptor (pidfd) that stands for this very one.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

/// A process, told from all others also once its number is another's.
#[derive(Debug)]
pub struct Running(OwnedFd);

impl Running {
    /// The process of this number; `None` where it has ended.
    ///
    /// # Errors
    /// No process has such a number, or this process has too many files open.
    pub fn of(pid: u32) -> io::Result<Option<Running>> {
        match rustix::process::pidfd_open(number(pid)?, PidfdFlags::empty()) {
            Err(Errno::SRCH) => Ok(None),
            other => Ok(Some(Running(other?))),
        }
    }

    /// Asks it to end. `false` where it has ended.
    ///
    /// # Errors
    /// It isn't this user's.
    pub fn ask_to_end(&self) -> io::Result<bool> {
        match rustix::process::pidfd_send_signal(&self.0, Signal::TERM) {
            Err(Errno::SRCH) => Ok(false),
            sent => Ok(sent.map(|()| true)?),
        }
    }

    /// Ends it at once. It may end by itself in this moment.
    pub fn kill(&self) {
        let _ = rustix::process::pidfd_send_signal(&self.0, Signal::KILL);
    }

    /// Waits for its end, so long at most; whether it has ended.
    ///
    /// # Errors
    /// The system can't wait.
    pub fn has_ended(&self, patience: Duration) -> io::Result<bool> {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
            // The descriptor can be read once the process has ended.
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit)) {
                Err(Errno::INTR) => {}
                other => return Ok(other.map(|ready| ready > 0)?),
            }
        }
    }
}

/// Lets the command's process and all that it starts be one group, which [`end_group`] ends.
pub fn in_its_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Kills a child and the group it was given.
pub fn end_group(child: u32) {
    if let Ok(pid) = number(child) {
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
    }
}

/// Sends a signal to a child that wasn't reaped yet. It may end in this moment.
pub fn send(child: u32, signal: Signal) {
    if let Ok(pid) = number(child) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Kills or stops this very process: the fault tests ask for it.
pub fn strike(signal: Signal) {
    let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
}

/// Takes leave of a child that has ended: its exit code, or 128 and the number of the signal that ended it. `None` where it
/// still runs, or is no child of this process.
pub fn reap(child: u32) -> Option<u8> {
    let (_, status) = rustix::process::waitpid(Some(number(child).ok()?), WaitOptions::NOHANG).ok()??;
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|s| 128 + s)).unwrap_or(1);
    Some(u8::try_from(code).unwrap_or(1))
}

fn number(pid: u32) -> io::Result<Pid> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
