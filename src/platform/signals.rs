//! Signals that come to this process.

pub use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use std::io;
/// One end of a wire within this process, from which can be read with patience.
pub use std::os::unix::net::UnixStream as Wire;

/// What a program that runs another passes on to it.
const PASSED_ON: [i32; 7] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH];

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A child has ended.
    ChildEnded,
    /// This process, or what it runs, is asked to end.
    AskedToEnd(Signal),
    /// Something that is passed on as it is.
    Other(Signal),
}

impl Heard {
    /// Whether a terminal sends it when a key is pressed or its window changes: then it sends it to all that run in it.
    pub fn may_come_from_the_terminal(self) -> bool {
        match self {
            Heard::AskedToEnd(signal) | Heard::Other(signal) => {
                [Signal::INT, Signal::QUIT, Signal::WINCH].contains(&signal)
            }
            Heard::ChildEnded => false,
        }
    }
}

/// From now on what is passed on, and the ends of children, arrive here and do nothing else.
pub fn to_pass_on() -> io::Result<impl Iterator<Item = Heard> + Send> {
    let signals = signal_hook::iterator::Signals::new(PASSED_ON.iter().chain(&[SIGCHLD]))?;
    Ok(Endless(signals).filter_map(heard))
}

fn heard(number: i32) -> Option<Heard> {
    match (number, Signal::from_named_raw(number)?) {
        (SIGCHLD, _) => Some(Heard::ChildEnded),
        (SIGTERM | SIGINT, signal) => Some(Heard::AskedToEnd(signal)),
        (_, signal) => Some(Heard::Other(signal)),
    }
}

struct Endless(signal_hook::iterator::Signals);

impl Iterator for Endless {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        self.0.forever().next()
    }
}

/// From now on whatever asks this process to end (SIGTERM, SIGINT) is a byte from the first of the pair, and does nothing
/// else; who writes to the second asks as well.
pub fn that_ask_to_end() -> io::Result<(Wire, Wire)> {
    on_a_wire(&[SIGTERM, SIGINT])
}

/// The same of a command at a terminal, which ends with it: SIGHUP, too, unless whoever started this has it ignored.
pub fn that_end_a_command() -> io::Result<(Wire, Wire)> {
    let all = [SIGTERM, SIGINT, SIGHUP];
    on_a_wire(if is_ignored(SIGHUP) { &all[..2] } else { &all })
}

/// Source: proc_pid_status(5), `SigIgn`: a mask in which signal 1 is the lowest bit.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

fn on_a_wire(signals: &[i32]) -> io::Result<(Wire, Wire)> {
    let (arriving, sending) = Wire::pair()?;
    for &signal in signals {
        signal_hook::low_level::pipe::register(signal, sending.try_clone()?)?;
    }
    Ok((arriving, sending))
}
