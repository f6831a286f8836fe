//! What each verb does: a line or a journey each.

use super::args::{Cli, Generate, Notify, Restore, Verb};
use super::context::{Context, language, one_object};
use super::exit::Exit;
use super::near::near;
use super::show::Show;
use super::{
    demo, doctor, leaving, listing, manual, members, moving, notify, once, pull, push, reading, receive, seal, serve,
    setup, status, stay, whose,
};
use crate::archive::{self, Form};
use crate::cleanup::{Cleaned, cleanup};
use crate::config;
use crate::disk;
use crate::error::{At, Error, Problem, Result};
use crate::owner::become_owner;
use crate::text::{self, Phrase};
use crate::vault::journal::Event;
use clap::CommandFactory;
use jiff::Timestamp;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The one door to the clock.
pub(super) fn clock() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    Timestamp::now()
}

/// Runs the program and returns how it ended.
pub fn run() -> Exit {
    let (cli, common) = super::parse();
    let number = |name| config::environment(name).and_then(|n| n.parse().ok());
    number("WAKEEP_CRASH_BEFORE").into_iter().for_each(disk::crash_before);
    number("WAKEEP_STOP_BEFORE").into_iter().for_each(disk::stop_before);
    let mut show = Show::new(language(&common, None), common.json, common.show_account);
    if let Some(e) = cli.verb.as_ref().filter(|_| common.json).and_then(without_object) {
        show.failed(&e);
        return Exit::of_error(&e);
    }
    let context = match Context::read(common, cli.verb.as_ref(), &mut show) {
        Ok(context) => context,
        Err(e) => return stay::without_configuration(cli.verb, &show, &e),
    };
    let (show, asks_again) = (context.show.clone(), cli.verb.as_ref().is_some_and(asks_again));
    verb(cli, context).unwrap_or_else(|e| {
        let exit = Exit::of_error(&e);
        if asks_again && exit == Exit::InUse {
            show.error(&e)
        } else {
            show.failed(&e)
        }
        exit
    })
}

/// Why a verb is refused where one object is wanted: it has none to give, or its standard output is another's.
fn without_object(verb: &Verb) -> Option<Error> {
    let instead = match verb {
        Verb::Run { .. } | Verb::Watch(_) => Some("--log-format json".to_owned()),
        Verb::Doctor { report: true, .. } => Some("wakeep doctor --json".to_owned()),
        Verb::Receive { members: true, .. } => None,
        Verb::Serve { .. } | Verb::Demo { .. } | Verb::Generate { .. } => None,
        _ => return None,
    };
    Some(Error::Config { place: "--json".to_owned(), problem: Problem::NoObject, suggestion: instead })
}

/// Whether the outer process stops the bot and asks again where the session is in use: that is nothing to say yet.
fn asks_again(verb: &Verb) -> bool {
    matches!(verb, Verb::Restore(Restore { can_stop: true, .. }) | Verb::Move { can_stop: true, .. })
}

fn verb(cli: Cli, context: Context) -> Result<Exit> {
    let verb = cli.verb.unwrap_or(Verb::Status);
    let owner = whose::owner(&context, &verb);
    whose::prepare_log(context.show.log_to.as_deref(), owner);
    match (verb, owner) {
        (Verb::Restore(wish), owner) => whose::restore(&context, &wish, owner),
        (Verb::Move { inner: false, .. }, owner) => leaving::go(&context, owner),
        (Verb::Receive { file, opened, yes, members: false }, owner) => {
            let wish = receive::Wish { file: file.as_deref(), opened: opened.as_deref(), yes };
            receive::receive(&context, &wish, owner)
        }
        (_, Some(owner)) => match become_owner(owner, &whose::arguments())? {},
        (verb, None) => here(verb, context),
    }
}

/// The verb itself, as whoever this process runs.
fn here(verb: Verb, context: Context) -> Result<Exit> {
    match verb {
        Verb::Setup(wish) => setup::set_up(&context, &wish),
        Verb::Run { take_over, command } => stay::run_bot(context, &command, take_over),
        Verb::Watch(wish) => stay::watch(context, &wish),
        Verb::Serve { listen } => serve::serve(&context, listen.as_deref()),
        Verb::Notify { what: Notify::Test } => notify::test(&context),
        Verb::Archive { force, plain, round } => {
            once::keep(&context, force, if plain { Form::Plain } else { Form::Members }, round)
        }
        Verb::Status => status::status(&context),
        Verb::Check { drill: true, .. } => once::prove(&context),
        Verb::Check { paths, .. } => reading::check(&context, &paths),
        Verb::Doctor { fix, report } => doctor::doctor(&context, fix, report),
        Verb::List { file: Some(file), .. } => listing::contents(&context, &file),
        Verb::List { events: true, .. } => listing::events(&context),
        Verb::List { .. } => listing::backups(&context),
        Verb::Restore(wish) => once::restore(&context, &wish),
        Verb::Receive { file: Some(name), members: true, .. } => members::take(&context, &name),
        Verb::Receive { file, opened, yes, .. } => {
            let wish = receive::Wish { file: file.as_deref(), opened: opened.as_deref(), yes };
            receive::receive(&context, &wish, None)
        }
        Verb::Event { what, reason } => once::hear(&context, what, reason.as_deref()),
        Verb::CloseBrowser => once::close_browser(&context),
        Verb::Cleanup { dry_run } => clean(&context, dry_run),
        Verb::Demo { bot: Some(dir) } => demo::bot(&dir),
        Verb::Demo { bot: None } => demo::demo(&context),
        Verb::Verify { file, quick } => reading::verify(&context, &file, quick),
        Verb::Extract { file, paths, into } => extract(&context, &file, &paths, &into),
        Verb::Move { stay: true, .. } => moving::stay(&context),
        Verb::Move { to, can_stop, .. } => moving::go(&context, &to, can_stop),
        Verb::Push { remote, force } => push::push(&context, remote.as_deref(), force),
        Verb::Pull { remote, at, force } => pull::pull(&context, remote.as_deref(), at.as_deref(), force),
        Verb::Keygen { file } => seal::keygen(&context, file.as_deref()),
        Verb::Seal { file, to } => seal::seal(&context, &file, to),
        Verb::Unseal { file, to } => seal::unseal(&context, &file, to),
        Verb::Generate { what } => generate(&context, what),
    }
}

fn clean(context: &Context, dry_run: bool) -> Result<Exit> {
    let show = &context.show;
    let mut all = Vec::new();
    for mut ward in context.wards()? {
        let cleaned = cleanup(&ward.session, &mut ward.vault, &ward.work, dry_run, context.now)?;
        if !show.json {
            say_cleaned(show, &cleaned, dry_run);
        }
        let names =
            |list: &[crate::cleanup::Old]| list.iter().map(|o| json!(o.path.to_string_lossy())).collect::<Vec<_>>();
        all.push(json!({"session": ward.session.name, "removed": names(&cleaned.gone), "kept": cleaned.kept.as_ref().map(|kept| kept.to_string_lossy()),
            "stay": names(&cleaned.stay), "dry_run": dry_run}));
    }
    if show.json {
        show.object(&one_object(all));
    }
    Ok(Exit::Done)
}

fn say_cleaned(show: &Show, cleaned: &Cleaned, dry_run: bool) {
    let lang = show.lang;
    for old in &cleaned.stay {
        show.line(&format!("{}: {}", lang.phrase(Phrase::LeftAsIs), near(&old.path)));
    }
    if !cleaned.stay.is_empty() {
        return show.line(lang.phrase(Phrase::NotSafeToClean));
    }
    if cleaned.gone.is_empty() {
        return show.line(lang.phrase(Phrase::NothingToClean));
    }
    if dry_run {
        return cleaned
            .gone
            .iter()
            .for_each(|o| show.line(&format!("{} {}", lang.phrase(Phrase::WouldClean), near(&o.path))));
    }
    let bytes = cleaned.gone.iter().map(|o| o.bytes).sum();
    show.line(&lang.event(&Event::CleanedUp { files: cleaned.gone.len(), bytes, kept: None }));
    if let Some(kept) = &cleaned.kept {
        show.line(&format!("{}: {}", lang.phrase(Phrase::Backups), near(kept)));
    }
}

fn extract(context: &Context, file: &Path, paths: &[PathBuf], into: &Path) -> Result<Exit> {
    let wanted = |name: &Path| {
        let named = paths.is_empty() || paths.iter().any(|p| name.starts_with(p));
        named.then(|| name.to_owned())
    };
    disk::make_dir(into)?;
    let limits = archive::Limits::of_disk(disk::free_space(into)?);
    let done = archive::extract(file, into, &wanted, &limits)?;
    if done.files == 0 && !paths.is_empty() {
        let (place, list) = (file.display().to_string(), format!("wakeep list {}", text::typed(file)));
        return Err(Error::Config { place, problem: Problem::NotInside, suggestion: Some(list) });
    }
    let show = &context.show;
    if show.json {
        show.object(&json!({"into": into.to_string_lossy(), "files": done.files, "bytes": done.bytes}));
    } else {
        show.line(&format!("{} {} ({})", show.lang.phrase(Phrase::Wrote), near(into), show.lang.bytes(done.bytes)));
    }
    Ok(Exit::Done)
}

fn generate(context: &Context, what: Generate) -> Result<Exit> {
    let mut out = Vec::new();
    match what {
        Generate::Config => out.extend_from_slice(config::TEMPLATE.as_bytes()),
        Generate::Man => out = manual::page().at("writing", Path::new("the man page"))?,
        Generate::Completions { shell } => clap_complete::generate(shell, &mut Cli::command(), "wakeep", &mut out),
    }
    context.show.line(String::from_utf8_lossy(&out).trim_end());
    Ok(Exit::Done)
}
