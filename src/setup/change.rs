//! What a later plan changes in an earlier one: the unit that runs the bot, and how the check is called. What the earlier
//! one had for the other unit or the other way of calling goes.

use super::facts::{Facts, Schedule};
use super::names::Names;
use super::record::{Kind, Record};
use super::server::DROP_IN_NAME;
use super::{Step, What};
use std::path::{Path, PathBuf};

/// The steps, after those of the plan itself: what takes a thing's place stands before that goes.
pub fn steps(facts: &Facts, record: &Record) -> Vec<Step> {
    let names = Names::of(facts);
    let step = |path: PathBuf, what| Step { path, what, mode: 0o644, owner: None };
    let unit = facts.other_unit().map(|unit| What::Key("bot_unit", unit));
    let gone = record.all().iter().filter(|w| w.kind == Kind::File).map(|w| &w.path);
    let gone = gone.filter(|path| is_other_units(path, facts) || is_other_schedules(path, facts, &names));
    let gone = gone.map(|path| step(path.clone(), What::Back));
    unit.map(|what| step(names.config.clone(), what)).into_iter().chain(gone).collect()
}

/// Whether it is the drop-in of another unit than the bot's.
fn is_other_units(path: &Path, facts: &Facts) -> bool {
    let of = |unit: &String| path.parent().is_some_and(|dir| dir.ends_with(format!("{unit}.d")));
    path.ends_with(DROP_IN_NAME) && facts.unit.as_ref().is_some_and(|unit| !of(unit))
}

/// Whether the check was called by it, and is called another way now.
fn is_other_schedules(path: &Path, facts: &Facts, names: &Names) -> bool {
    let by = names.checks().into_iter().find(|(_, files)| files.iter().any(|file| file == path));
    by.is_some_and(|(schedule, _)| schedule != facts.schedule)
}

/// How the check is called already, where one of its files stands.
pub fn standing_schedule(root: &Path, names: &Names) -> Option<Schedule> {
    let stands = |file: &PathBuf| super::inside(root, file).is_file();
    names.checks().into_iter().find(|(_, files)| files.iter().all(stands)).map(|(schedule, _)| schedule)
}
