//! The other side of a move or a push: commands run there by the system's `ssh`, in the bot's folder. Only what a plain
//! shell understands.

use crate::error::{At, Error, Fault, Result};
use crate::platform::host;
use crate::remote::{Heard, Place, Settings, Vigil, quoted, silence};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where a wakeep may be; the one in the folder may be one that an earlier move brought.
const WAKEEPS: &str = "wakeep /usr/bin/wakeep /usr/local/bin/wakeep ./wakeep ./node_modules/.bin/wakeep";

/// How long one command there may take, whatever it says: a restore of gigabytes to a slow disk, or this program over a
/// slow line.
const LONGEST: Duration = Duration::from_secs(1800);

/// What the shell says if none of them is there.
const NONE: i32 = 127;

/// What a restore on the other machine came to.
pub enum There {
    /// The session stands there.
    Restored,
    /// Nothing was changed there, and why.
    Refused(Error),
}

/// A bot's folder on another machine.
pub struct Far {
    args: Vec<String>,
    folder: String,
    place: String,
    silence: Duration,
}

impl Far {
    /// The folder that a place names; `None` for places without a shell.
    pub fn of(place: &Place, settings: &Settings) -> Option<Far> {
        let Place::Ssh { user, host, port, path } = place else { return None };
        let mut args = vec!["-T".to_owned()];
        args.extend(settings.ssh_options.iter().cloned());
        args.extend(["-o".to_owned(), format!("BatchMode={}", if settings.terminal { "no" } else { "yes" })]);
        args.extend([
            "-o".to_owned(),
            "ConnectTimeout=30".to_owned(),
            "-o".to_owned(),
            "ServerAliveInterval=10".to_owned(),
        ]);
        args.extend(port.iter().flat_map(|p| ["-p".to_owned(), p.to_string()]));
        args.extend(user.iter().flat_map(|u| ["-l".to_owned(), u.clone()]));
        args.extend(["--".to_owned(), host.clone()]);
        let silence = silence(settings.patience);
        Some(Far { args, folder: path.clone(), place: place.to_string(), silence })
    }

    /// Makes sure of the folder, private to its owner where it is new, and that a wakeep is there: its own, or this very program brought there. Returns false where neither runs.
    ///
    /// # Errors
    /// `Remote`: the machine isn't reached, or the folder can't be made.
    pub fn equip(&self) -> Result<bool> {
        let folder = quoted(&self.folder);
        let make = format!("[ -d {folder} ] || (umask 077; mkdir -p {folder}) || exit 1");
        let out = self.run(&format!("{make}; {}", self.wakeep("--version")), None)?;
        match out.status.code() {
            Some(0) => Ok(true),
            Some(NONE) => self.bring_wakeep(),
            _ => Err(self.odd(&out)),
        }
    }

    /// Restores from the archive there, whatever the session there is like.
    ///
    /// # Errors
    /// `Remote`: what became of it there isn't known.
    pub fn restore(&self, archive: &str) -> Result<There> {
        /// Exit codes of a restore that changed nothing: misused, doubtful, broken, logged out, nothing to restore from,
        /// session in use, another wakeep works on it.
        const REFUSED: [i32; 7] = [2, 3, 4, 5, 10, 12, 13];
        let args = format!("restore --force --from {}", quoted(&format!("./{archive}")));
        let out = self.run(&self.wakeep(&args), None)?;
        match out.status.code() {
            Some(0) => Ok(There::Restored),
            Some(code) if REFUSED.contains(&code) => Ok(There::Refused(self.odd(&out))),
            _ => Err(self.odd(&out)),
        }
    }

    /// The wakeep there with these arguments, in the folder.
    fn wakeep(&self, args: &str) -> String {
        let find = format!(
            "for w in {WAKEEPS}; do command -v \"$w\" >/dev/null 2>&1 && exec \"$w\" {args}; done; exit {NONE}"
        );
        format!("cd {} && {{ {find}; }}", quoted(&self.folder))
    }

    /// Begins to talk with the wakeep there about the members of an archive.
    pub(super) fn talk(&self, archive: &str) -> Result<Talk> {
        let script = self.wakeep(&format!("receive --members {}", quoted(archive)));
        let mut command = self.command(&script);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().at("starting", Path::new("ssh"))?;
        let vigil = watched(&mut child, self.silence)?;
        let taken = "it was asked for";
        let mut said = child.stderr.take().expect(taken);
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            // What can't be read any more is no error of its own.
            let _ = said.read_to_end(&mut text);
            text
        });
        let input = child.stdin.take().map(|input| vigil.hears(input));
        let answer = BufReader::new(vigil.hears(child.stdout.take().expect(taken)));
        Ok(Talk { child, vigil, place: self.place.clone(), input, answer, errors: Some(errors) })
    }

    /// The place, without secrets.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Brings this very program there, if the machine is of the same make. Returns whether it was.
    fn bring_wakeep(&self) -> Result<bool> {
        let theirs = self.succeed("uname -sm", None)?;
        if String::from_utf8_lossy(&theirs.stdout).trim() != host::make() {
            return Ok(false);
        }
        let this = host::this_program();
        let program = File::open(this).at("opening", this)?;
        let take =
            "cat >.wakeep-new && chmod 755 .wakeep-new && ./.wakeep-new --version >/dev/null && mv .wakeep-new wakeep";
        let out = self.run(&format!("cd {} && {take}", quoted(&self.folder)), Some(program))?;
        // One that doesn't run there (another C library) is as good as none.
        Ok(out.status.success())
    }

    fn succeed(&self, script: &str, input: Option<File>) -> Result<Output> {
        let out = self.run(script, input)?;
        if out.status.success() { Ok(out) } else { Err(self.odd(&out)) }
    }

    fn run(&self, script: &str, input: Option<File>) -> Result<Output> {
        let stdin = input.map_or_else(Stdio::null, Stdio::from);
        let mut command = self.command(script);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().at("starting", Path::new("ssh"))?;
        let vigil = watched(&mut child, LONGEST)?;
        let out = child.wait_with_output().at("waiting for", Path::new("ssh"))?;
        if vigil.gave_up() { Err(timed_out(&self.place)) } else { Ok(out) }
    }

    fn command(&self, script: &str) -> Command {
        // Whatever shell the user has there, this one runs the script.
        let script = format!("sh -c {}", quoted(script));
        let mut command = Command::new("ssh");
        command.args(&self.args).arg(script);
        command
    }

    /// What a command that failed there means.
    pub(super) fn odd(&self, out: &Output) -> Error {
        let said = String::from_utf8_lossy(&out.stderr);
        let said = said.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned();
        let fault = match out.status.code() {
            // `ssh` itself, or the shell's word for it where a signal ended `ssh`.
            Some(255) | None => Fault::Unreachable { why: said },
            _ => Fault::Odd { why: said },
        };
        Error::Remote { place: self.place.clone(), fault }
    }
}

/// Two wakeeps that talk.
pub(super) struct Talk {
    child: Child,
    vigil: Vigil,
    place: String,
    input: Option<Heard<ChildStdin>>,
    answer: BufReader<Heard<ChildStdout>>,
    errors: Option<JoinHandle<Vec<u8>>>,
}

/// Whatever is refused in the middle: no `ssh` is left behind, running or dead.
impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Talk {
    /// What the other side says.
    pub(super) fn answer(&mut self) -> &mut dyn Read {
        &mut self.answer
    }

    /// The next line it says; `None` where it says no more.
    pub(super) fn line(&mut self) -> Option<String> {
        super::members::line(&mut self.answer).ok().flatten()
    }

    /// Sends; returns false where nobody takes it any more.
    pub(super) fn send(&mut self, bytes: &[u8]) -> bool {
        self.input.as_mut().is_some_and(|input| input.write_all(bytes).is_ok())
    }

    /// Says that nothing more comes.
    pub(super) fn hang_up(&mut self) {
        self.input = None;
    }

    /// Whether it ended because no wakeep there can do this, or because nobody is reached at all: whoever puts the file
    /// there whole finds that out, and says it better.
    pub(super) fn cannot(end: &Output) -> bool {
        const BUSY: i32 = 13;
        end.status.code() != Some(BUSY)
    }

    /// Its end.
    ///
    /// # Errors
    /// `Remote`: it was silent for too long. `Io`.
    pub(super) fn end(mut self) -> Result<Output> {
        self.hang_up();
        // A line that breaks shows in the exit code.
        let _ = std::io::copy(&mut self.answer, &mut std::io::sink());
        let status = self.child.wait().at("waiting for", Path::new("ssh"))?;
        if self.vigil.gave_up() {
            return Err(timed_out(&self.place));
        }
        let stderr = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        Ok(Output { status, stdout: Vec::new(), stderr })
    }
}

/// One that can't be watched isn't left behind either.
fn watched(child: &mut Child, silence: Duration) -> Result<Vigil> {
    Vigil::over(child, silence, None, false).inspect_err(|_| drop(child.kill().and_then(|()| child.wait())))
}

fn timed_out(place: &str) -> Error {
    Error::Remote { place: place.to_owned(), fault: Fault::TimedOut }
}
