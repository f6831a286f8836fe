//! The man page: one for all verbs, since `man wakeep` is what people type, and a page for each would be a few lines.

use super::args::Cli;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io::{self, Write};

/// The page, for `man -l -`.
///
/// # Errors
/// None that can come from memory; the writer could.
pub(super) fn page() -> io::Result<Vec<u8>> {
    let command = Cli::command().disable_help_subcommand(true);
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    writeln!(page, ".SH COMMANDS")?;
    for verb in command.get_subcommands() {
        explain(verb, "wakeep", &mut page)?;
    }
    man.render_options_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// A verb below those before it: how it is typed, what it does, its own flags; then its verbs, where it has some.
fn explain(verb: &Command, above: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let name = format!("{above} {}", verb.get_name());
    let verb = verb.clone().bin_name(&name).disable_help_flag(true).disable_help_subcommand(true);
    let man = Man::new(verb.clone());
    writeln!(page, ".SS \"{}\"", name.replace('-', r"\-"))?;
    page.extend(body(|out| man.render_synopsis_section(out))?);
    writeln!(page, ".PP")?;
    page.extend(body(|out| man.render_description_section(out))?);
    page.extend(body(|out| man.render_options_section(out))?);
    verb.get_subcommands().try_for_each(|inner| explain(inner, &name, page))
}

/// A section without its heading.
fn body(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut section = Vec::new();
    render(&mut section)?;
    let lines = section.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.starts_with(b".SH "));
    Ok(lines.flatten().copied().collect())
}
