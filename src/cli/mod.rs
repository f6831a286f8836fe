//! The command line: parses, puts the wards together, calls the journeys, says what came of it.

mod args;
mod asked;
mod demo;
mod doctor;
mod exit;
mod halt;
mod leaving;
mod members;
mod moving;
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
mod setup;
mod show;
mod sides;
mod status;
mod stay;
mod whose;
mod width;

pub use exit::Exit;
pub use run::run;

use args::{Cli, Common};
use clap::CommandFactory;
use clap::Parser;

/// All verbs, in the order of the help; for the documents and their test.
pub fn verbs() -> Vec<String> {
    Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect()
}

/// Reads the command line. Ends the process with the usage code where it can't be read, and with 0 after `--help`.
pub fn parse() -> (Cli, Common) {
    let cli = Cli::parse();
    let common = cli.common.clone();
    (cli, common)
}
