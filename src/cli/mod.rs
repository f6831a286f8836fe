//! The command line: parses, puts the wards together, calls the journeys, says what came of it.

mod args;
mod asked;
mod brought;
mod context;
mod demo;
mod doctor;
mod exit;
mod halt;
mod interrupted;
mod leaving;
mod listing;
mod manual;
mod members;
mod moving;
mod near;
mod notify;
mod once;
mod planned;
mod progress;
mod pull;
mod push;
mod reading;
mod receive;
mod run;
mod seal;
mod serve;
mod server;
mod setup;
mod show;
mod sides;
mod sources;
mod status;
mod stay;
mod whose;
mod width;

pub use exit::Exit;
pub use run::run;

use crate::text::Lang;
use args::{Cli, Common};
use clap::CommandFactory;
use clap::Parser;
use serde_json::json;
use show::Show;
use std::ffi::OsString;

/// All verbs, in the order of the help; for the documents and their test.
pub fn verbs() -> Vec<String> {
    Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect()
}

/// Reads the command line. Ends the process with the usage code where it can't be read, and with 0 after `--help`.
pub fn parse() -> (Cli, Common) {
    let typed = as_meant(std::env::args_os().collect());
    let wants_object = typed.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let cli = Cli::try_parse_from(typed).unwrap_or_else(|e| {
        if wants_object && e.use_stderr() {
            let said = e.to_string();
            let error = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
            Show::new(Lang::En, true, false).object(&json!({"outcome": "failed", "error": error}));
        }
        e.exit()
    });
    let common = cli.common.clone();
    (cli, common)
}

/// `help`, `help VERB` and `version`, as people type them, in the words that there are.
fn as_meant(mut typed: Vec<OsString>) -> Vec<OsString> {
    match typed.get(1).and_then(|word| word.to_str()) {
        Some("help") => {
            typed.remove(1);
            typed.truncate(2);
            typed.push("--help".into());
        }
        Some("version") => typed[1] = "--version".into(),
        _ => {}
    }
    typed
}
