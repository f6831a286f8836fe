//! A question to the person at the terminal.

use super::show::Show;
use crate::config;
use crate::error::{At, Error, Result};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;

/// Whether the person says yes; only a "y" (or "д") does. Where nobody is there it must have been said by `--yes`.
///
/// # Errors
/// No terminal is there, and `--yes` wasn't said.
pub fn yes(show: &Show, question: &str, said: bool) -> Result<bool> {
    if said {
        return Ok(true);
    }
    let Some(mut answers) = terminal() else {
        return Err(Error::Config {
            place: "--yes".to_owned(),
            problem: show.lang.phrase(crate::text::Phrase::NobodyToAsk).into(),
            suggestion: Some("--yes".to_owned()),
        });
    };
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let mut line = String::new();
    answers.read_line(&mut line).at("reading", Path::new("the terminal"))?;
    let answer = line.trim().to_lowercase();
    Ok(["y", "yes", "д", "да"].contains(&answer.as_str()))
}

/// Whether somebody sees what is said.
pub fn is_somebody_there() -> bool {
    io::stderr().is_terminal() && config::environment("CI").is_none()
}

/// Standard input may be an archive that is piped in; the person is at the terminal all the same.
fn terminal() -> Option<Box<dyn BufRead>> {
    if io::stdin().is_terminal() {
        return Some(Box::new(BufReader::new(io::stdin())));
    }
    if !io::stderr().is_terminal() {
        return None;
    }
    File::open("/dev/tty").ok().map(|tty| Box::new(BufReader::new(tty)) as Box<dyn BufRead>)
}
