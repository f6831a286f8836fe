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
    let (arriving, sending) = Wire::pair()?;
    for signal in [SIGTERM, SIGINT] {
        signal_hook::low_level::pipe::register(signal, sending.try_clone()?)?;
    }
    Ok((arriving, sending))
}
