//! The wakeep binary as a person or a script runs it: own environment, bounded time, everything it said.

use serde_json::Value;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// No single command of a test may take longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// One command line, not yet run.
pub struct Wakeep(Command);

/// How it ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exit code, or minus the signal that ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Wakeep {
    /// wakeep with these arguments, from this folder, with an environment of its own: `HOME` is the folder, the
    /// language is C, and no `WAKEEP_…` of the machine reaches it.
    pub fn new<'a>(folder: &Path, args: impl IntoIterator<Item = &'a str>) -> Wakeep {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wakeep"));
        command.args(args).current_dir(folder).stdin(Stdio::null());
        command.env_clear().env("HOME", folder).env("LANG", "C").env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
        Wakeep(command)
    }

    /// Adds a variable.
    pub fn env(mut self, name: &str, value: &str) -> Wakeep {
        self.0.env(name, value);
        self
    }

    /// The same under strace, which does this to its system calls (`--inject` of strace(1)).
    pub fn injected(self, what: &str) -> Wakeep {
        self.injected_and_told(what, Path::new("/dev/null"))
    }

    /// The same, with the calls written into this file: those it did something to end with `(INJECTED)`.
    pub fn injected_and_told(self, what: &str, calls: &Path) -> Wakeep {
        super::used("strace");
        let group = what.split_once(':').expect("calls:what").0;
        let (trace, inject) = (format!("trace={group}"), format!("inject={what}"));
        let into = calls.to_str().unwrap();
        self.wrapped("strace", &["-f", "-qq", "--seccomp-bpf", "-o", into, "-e", &trace, "-e", &inject])
    }

    /// The same in a mount namespace of its own, in which this shell line has run.
    pub fn in_mounts(self, line: &str) -> Wakeep {
        let script = format!("PATH=/usr/sbin:/sbin:$PATH; {line} && exec \"$@\"");
        self.wrapped("unshare", &["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"])
    }

    /// The same as the last arguments of another program.
    pub fn wrapped(self, program: &str, args: &[&str]) -> Wakeep {
        let mut command = Command::new(program);
        command.args(args).arg(self.0.get_program()).args(self.0.get_args());
        command.current_dir(self.0.get_current_dir().unwrap()).stdin(Stdio::null()).env_clear();
        command.envs(self.0.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Wakeep(command)
    }

    /// Starts it and lets it run.
    pub fn spawn(mut self) -> Running {
        let mut child = self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = drain(child.stdout.take().unwrap());
        let stderr = drain(child.stderr.take().unwrap());
        Running { child, said: Some((stdout, stderr)) }
    }

    /// Runs it to its end.
    pub fn run(self) -> Outcome {
        self.spawn().wait()
    }

    /// Runs it with `--json`, expects this exit code, and returns its one object.
    pub fn json(mut self, code: i32) -> Value {
        self.0.arg("--json");
        let shown = format!("{:?}", self.0);
        let outcome = self.run();
        assert_eq!(outcome.code, code, "{shown}: {outcome:?}");
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{shown}: {e}: {outcome:?}"))
    }
}

/// A wakeep that runs; killed when dropped.
pub struct Running {
    child: Child,
    said: Option<(JoinHandle<String>, JoinHandle<String>)>,
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Whether it, or what it runs, stands stopped.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                self.child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let (stdout, stderr) = self.said.take().unwrap();
        Outcome {
            code: status.code().unwrap_or_else(|| -status.signal().unwrap_or(0)),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn drain(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
