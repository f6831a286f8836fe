//! One run of `ssh`: started, listened to, and what its end means.

use super::words;
use crate::error::{At, Fault, Result};
use crate::platform::ending;
use crate::remote::{Heard, Settings, Vigil, silence};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How the other side is reached.
#[derive(Debug)]
pub(super) struct Line {
    args: Vec<String>,
    silence: Duration,
    deadline: Option<Instant>,
}

/// A running `ssh`; ended when dropped.
pub(super) struct Child {
    child: std::process::Child,
    vigil: Vigil,
    stdin: Option<Heard<ChildStdin>>,
    stdout: BufReader<Heard<ChildStdout>>,
    complaints: Option<JoinHandle<String>>,
}

/// How it ended.
pub(super) struct Said {
    /// The exit code; 255 is `ssh`'s own.
    pub code: Option<i32>,
    /// What stood on its stderr.
    pub complaints: String,
    /// Whether it was ended here: it was silent for too long, or too late.
    pub given_up: bool,
}

impl Line {
    pub(super) fn new(user: Option<&str>, host: &str, port: Option<u16>, settings: &Settings) -> Line {
        let patience = settings.patience.as_secs().max(1);
        let mut args = vec!["-T".to_owned()];
        // The person's own options come first: of an option given twice, `ssh` takes the first.
        args.extend(settings.ssh_options.iter().cloned());
        let mut option = |text: String| args.extend(["-o".to_owned(), text]);
        option(format!("BatchMode={}", if settings.terminal { "no" } else { "yes" }));
        option(format!("ConnectTimeout={patience}"));
        option(format!("ServerAliveInterval={}", (patience / 3).max(1)));
        option("ServerAliveCountMax=3".to_owned());
        option("ClearAllForwardings=yes".to_owned());
        if let Some(port) = port {
            args.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = user {
            args.extend(["-l".to_owned(), user.to_owned()]);
        }
        args.extend(["--".to_owned(), host.to_owned()]);
        Line { args, silence: silence(settings.patience), deadline: settings.deadline }
    }

    pub(super) fn start(&self, command: &str) -> Result<Child> {
        let place = Path::new("ssh");
        let mut ssh = Command::new(place);
        if self.deadline.is_some() {
            // What it started itself (a jump host's `ssh`) ends with it.
            ending::in_its_own_group(&mut ssh);
        }
        let mut child = ssh
            .args(&self.args)
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .at("starting", place)?;
        let watched = Vigil::over(&child, self.silence, self.deadline, self.deadline.is_some());
        let vigil = watched.inspect_err(|_| drop(child.kill().and_then(|()| child.wait())))?;
        let stdin = child.stdin.take().map(|stdin| vigil.hears(stdin));
        let stdout = BufReader::new(vigil.hears(child.stdout.take().expect("it was asked for")));
        let mut stderr = child.stderr.take().expect("it was asked for");
        let complaints = std::thread::spawn(move || {
            let mut all = Vec::new();
            let _ = stderr.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        Ok(Child { child, vigil, stdin, stdout, complaints: Some(complaints) })
    }

    /// When nothing is waited for any more.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

impl Child {
    /// The rest of the first line that begins so; what a login shell says of itself is passed over.
    pub(super) fn said(&mut self, begin: &str) -> Option<String> {
        let mut line = Vec::new();
        loop {
            line.clear();
            match self.stdout.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return None,
                Ok(_) => {
                    if let Some(rest) = String::from_utf8_lossy(&line).strip_prefix(begin) {
                        return Some(rest.trim_end().to_owned());
                    }
                }
            }
        }
    }

    pub(super) fn answer(&mut self) -> &mut impl Read {
        &mut self.stdout
    }

    /// Sends; `false` if nobody takes it any more.
    pub(super) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stdin.as_mut().is_some_and(|s| s.write_all(bytes).is_ok())
    }

    /// Nothing more will be sent.
    pub(super) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// No more is wanted of it.
    pub(super) fn let_go(mut self) {
        let _ = self.child.kill();
    }

    /// Waits for its end.
    pub(super) fn end(mut self) -> Result<Said> {
        self.hang_up();
        let mut rest = Vec::new();
        let _ = self.stdout.read_to_end(&mut rest);
        let status = self.child.wait().at("waiting for", Path::new("ssh"))?;
        let complaints = self.complaints.take().and_then(|c| c.join().ok()).unwrap_or_default();
        Ok(Said { code: status.code(), complaints, given_up: self.vigil.gave_up() })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    /// The fault that it means, if any. `ssh` speaks English whatever the locale.
    pub(super) fn fault(&self, folder: &str) -> Option<Fault> {
        let has = |words: &[&str]| words.iter().any(|w| self.complaints.contains(w));
        let why = || {
            let mut lines =
                self.complaints.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("Warning:"));
            lines.next_back().unwrap_or("it ended without a word").to_owned()
        };
        match self.code {
            _ if self.given_up => Some(Fault::TimedOut),
            Some(0) => None,
            Some(255) if has(&["Host key verification failed", "IDENTIFICATION HAS CHANGED"]) => Some(Fault::HostKey),
            Some(255) if has(&["Permission denied", "Too many authentication failures"]) => {
                Some(Fault::Credentials { why: why() })
            }
            Some(255) if has(&["timed out", "not responding"]) => Some(Fault::TimedOut),
            Some(255) | None => Some(Fault::Unreachable { why: why() }),
            Some(words::NO_FOLDER) if !has(&["ermission denied"]) => Some(Fault::NoFolder { path: folder.to_owned() }),
            _ if has(&["No space left", "quota exceeded"]) => Some(Fault::Full),
            _ if has(&["ermission denied", "Read-only file system", "not permitted"]) => {
                Some(Fault::Denied { why: why() })
            }
            _ => Some(Fault::Odd { why: why() }),
        }
    }
}
