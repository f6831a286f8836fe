//! What goes wrong: a kill, a call that the system refuses, a read-only or full disk, a wrong clock, a bot that does
//! the worst at the worst moment. Chosen by a seed, so that each can be had again.

use super::scene::copy;
use crate::env::used;
use crate::env::wakeep::{Outcome, Running, Wakeep};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The calls that change something, as strace names them.
pub const CALLS: [&str; 12] = [
    "write,pwrite64,copy_file_range",
    "fsync,fdatasync,syncfs",
    "rename,renameat,renameat2",
    "link,linkat",
    "unlink,unlinkat,rmdir",
    "mkdir,mkdirat",
    "symlink,symlinkat",
    "openat",
    "ftruncate",
    "chmod,fchmod,fchmodat",
    "utimensat",
    "ioctl",
];

/// One fault.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Killed before its n-th durable step.
    Killed(u64),
    /// Killed in its n-th call of a group.
    KilledIn(&'static str, u64),
    /// The n-th call of a group is refused; or that one and all after it.
    Refused { calls: &'static str, error: &'static str, n: u64, on: bool },
    /// Nothing can be written.
    ReadOnly,
    /// The clock stands so many days away.
    Clock(i64),
    /// The bot does this before the n-th durable step.
    Bot(Act, u64),
}

/// What a bot, or somebody, does to the session meanwhile.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    Deletes,
    Recreates,
    Fills,
    Replaces,
    Truncates,
}

/// A small generator of numbers (splitmix64): the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `below`.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize]
    }
}

impl Fault {
    /// The fault of these dice.
    pub fn of(dice: &mut Dice) -> Fault {
        let calls = dice.one_of(&CALLS);
        // Most commands make few calls of a group; a few make dozens.
        let most = dice.one_of(&[4, 12, 40]);
        let n = 1 + dice.roll(most);
        let error = dice.one_of(&["ENOSPC", "EIO", "EDQUOT", "EROFS"]);
        match dice.roll(16) {
            0..=2 => Fault::Killed(1 + dice.roll(30)),
            3..=5 => Fault::KilledIn(calls, n),
            6..=9 => Fault::Refused { calls, error, n, on: false },
            10..=11 => Fault::Refused { calls, error, n, on: true },
            12 => Fault::ReadOnly,
            13 => Fault::Clock(dice.one_of(&[-20_000, -400, -1, 1, 400, 4_000])),
            _ => Fault::Bot(
                dice.one_of(&[Act::Deletes, Act::Recreates, Act::Fills, Act::Replaces, Act::Truncates]),
                1 + dice.roll(30),
            ),
        }
    }

    /// Whether it can keep wakeep from starting, or from saying anything: its first calls load the program's libraries,
    /// and its last write is the sentence.
    pub fn may_silence(self) -> bool {
        matches!(self, Fault::Refused { calls, .. } if calls.starts_with("write") || calls.starts_with("openat"))
    }

    /// Whether the session is as its bot left it, whatever that is.
    pub fn is_by_the_bot(self) -> bool {
        matches!(self, Fault::Bot(..))
    }

    /// Runs a command under it. `mounts` are shell lines that run first, in a mount namespace of their own; `calls` is the
    /// file into which strace writes what it refused.
    pub fn strike(self, command: Wakeep, mounts: &str, home: &Path, session: &Path, calls: &Path) -> Outcome {
        let command = match self {
            Fault::Killed(n) => command.env("WAKEEP_CRASH_BEFORE", &n.to_string()),
            Fault::Bot(_, n) => command.env("WAKEEP_STOP_BEFORE", &n.to_string()),
            Fault::KilledIn(group, n) => command.injected(&format!("{group}:signal=KILL:when={n}")),
            Fault::Refused { calls: group, error, n, on } => {
                let what = format!("{group}:error={error}:when={n}{}", if on { "+" } else { "" });
                command.injected_and_told(&what, calls)
            }
            Fault::Clock(days) => {
                used("libfaketime");
                let command = command.env("NO_FAKE_STAT", "1").env("DONT_FAKE_MONOTONIC", "1");
                command.wrapped("faketime", &["-f", &format!("{days:+}d")])
            }
            Fault::ReadOnly => command,
        };
        let read_only = format!("mount --bind {0} {0} && mount -o remount,bind,ro {0} && cd {0}", home.display());
        let mut lines: Vec<&str> = Vec::from([mounts]);
        if matches!(self, Fault::ReadOnly) {
            lines.push(&read_only);
        }
        lines.retain(|l| !l.is_empty());
        let command = if lines.is_empty() { command } else { command.in_mounts(&lines.join(" && ")) };
        match self {
            Fault::Bot(act, _) => interrupted(command.spawn(), || act.happens(session)),
            _ => command.run(),
        }
    }
}

/// Waits until the process has stopped itself, does something, and wakes it.
fn interrupted(running: Running, act: impl FnOnce()) -> Outcome {
    let mut running = running;
    let deadline = Instant::now() + Duration::from_secs(100);
    while !running.has_ended() {
        if running.is_stopped() {
            act();
            running.signal(Signal::CONT);
            break;
        }
        assert!(Instant::now() < deadline, "it neither stops nor ends");
        std::thread::sleep(Duration::from_millis(2));
    }
    running.wait()
}

impl Act {
    fn happens(self, session: &Path) {
        match self {
            Act::Deletes => delete(session),
            Act::Recreates => {
                delete(session);
                if session.extension().is_none() {
                    fs::create_dir_all(session).unwrap();
                }
                // A QR page.
                if session.file_name().is_some_and(|name| name == "session") {
                    fs::create_dir(session.join("Default")).unwrap();
                    fs::write(session.join("Local State"), "{}").unwrap();
                }
            }
            Act::Fills => {
                for n in (0..20).filter(|_| session.is_dir()) {
                    fs::write(session.join(format!("filled-{n}")), vec![7; 50_000]).unwrap();
                }
            }
            Act::Replaces if session.is_dir() => {
                let other = session.with_extension("other");
                fs::create_dir(&other).unwrap();
                copy(session, &other);
                delete(session);
                fs::rename(&other, session).unwrap();
            }
            Act::Replaces => {}
            Act::Truncates => truncate(session),
        }
    }
}

fn delete(session: &Path) {
    let _ = fs::remove_dir_all(session).or_else(|_| fs::remove_file(session));
}

fn truncate(at: &Path) {
    if at.is_dir() {
        fs::read_dir(at).unwrap().flatten().for_each(|e| truncate(&e.path()));
    } else if at.is_file() {
        // A new file, as a program that writes anew makes one: hard links keep the old.
        fs::remove_file(at).unwrap();
        fs::write(at, "").unwrap();
    }
}
