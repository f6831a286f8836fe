//! The other side of a move: commands run there by the system's `ssh`, in the bot's folder. Only what a plain shell
//! understands.

use crate::config::Config;
use crate::error::{At, Error, Fault, Result};
use crate::remote::Place;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where a wakeep may be; the one in the folder may be one that an earlier move brought.
const WAKEEPS: &str = "wakeep /usr/bin/wakeep /usr/local/bin/wakeep ./wakeep ./node_modules/.bin/wakeep";

/// What the shell says if none of them is there.
const NONE: i32 = 127;

/// A bot's folder on another machine.
pub struct Far {
    args: Vec<String>,
    folder: String,
    place: String,
}

impl Far {
    /// The folder that a place names; `None` for places without a shell.
    pub fn of(place: &Place, config: &Config, terminal: bool) -> Option<Far> {
        let Place::Ssh { user, host, port, path } = place else { return None };
        let mut args = vec!["-T".to_owned()];
        args.extend(config.ssh_options.iter().cloned());
        args.extend(["-o".to_owned(), format!("BatchMode={}", if terminal { "no" } else { "yes" })]);
        args.extend([
            "-o".to_owned(),
            "ConnectTimeout=30".to_owned(),
            "-o".to_owned(),
            "ServerAliveInterval=10".to_owned(),
        ]);
        args.extend(port.iter().flat_map(|p| ["-p".to_owned(), p.to_string()]));
        args.extend(user.iter().flat_map(|u| ["-l".to_owned(), u.clone()]));
        args.extend(["--".to_owned(), host.clone()]);
        Some(Far { args, folder: path.clone(), place: place.to_string() })
    }

    /// Makes the folder, private to its owner, where it isn't there.
    pub fn make_folder(&self) -> Result<()> {
        let folder = quoted(&self.folder);
        self.succeed(&format!("[ -d {folder} ] || (umask 077; mkdir -p {folder})"), None).map(drop)
    }

    /// Restores from the archive there, whatever the session there is like. Returns false where no wakeep is there.
    ///
    /// # Errors
    /// `Remote` with what the other wakeep said.
    pub fn restore(&self, archive: &str) -> Result<bool> {
        let args = format!("restore --force --from {}", quoted(&format!("./{archive}")));
        let find = format!(
            "for w in {WAKEEPS}; do command -v \"$w\" >/dev/null 2>&1 && exec \"$w\" {args}; done; exit {NONE}"
        );
        let out = self.run(&format!("cd {} && {{ {find}; }}", quoted(&self.folder)), None)?;
        match out.status.code() {
            Some(0) => Ok(true),
            Some(NONE) => Ok(false),
            _ => Err(self.odd(&out)),
        }
    }

    /// Brings this very program there, if the machine is of the same make. Returns whether it was.
    pub fn bring_wakeep(&self) -> Result<bool> {
        let theirs = self.succeed("uname -sm", None)?;
        let ours = rustix::system::uname();
        let ours = format!("{} {}", ours.sysname().to_string_lossy(), ours.machine().to_string_lossy());
        if String::from_utf8_lossy(&theirs.stdout).trim() != ours {
            return Ok(false);
        }
        let this = Path::new("/proc/self/exe");
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
        // Whatever shell the user has there, this one runs the script.
        let command = format!("sh -c {}", quoted(script));
        Command::new("ssh").args(&self.args).arg(command).stdin(stdin).output().at("starting", Path::new("ssh"))
    }

    fn odd(&self, out: &Output) -> Error {
        let said = String::from_utf8_lossy(&out.stderr);
        let said = said.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned();
        let fault = match out.status.code() {
            Some(255) => Fault::Unreachable { why: said },
            _ => Fault::Odd { why: said },
        };
        Error::Remote { place: self.place.clone(), fault }
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
