//! The verbs that do one thing for each session and end: archive, check --drill, event, restore.

use super::args::Restore;
use super::context::{Context, one_object};
use super::exit::Exit;
use super::show::Show;
use super::sources::{self, Sources};
use super::{progress, pull, reading, sides};
use crate::archive::{self, Archive, Depth, Form};
use crate::disk;
use crate::drill::drill;
use crate::error::{Error, Problem, Result};
use crate::keep::Keeping;
use crate::keeper::active;
use crate::keeper::browser::{self, Closing};
use crate::keeper::ward::Ward;
use crate::restore::{Restoring, Source, Wish};
use crate::text::{Phrase, Work};
use crate::vault::journal::{Event, Told};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long the start of a bot waits for a lease that seems to be this host's own under an earlier name; longer ones are
/// watched by the keeper. Together with locks, a fetch and the restore less than `TimeoutStartSec=` of the drop-in.
const LONGEST_LEASE_WAIT: Duration = Duration::from_secs(300);

pub(super) fn keep(context: &Context, force: bool, form: Form, at_leisure: bool) -> Result<Exit> {
    context.each(
        |ward| {
            if ward.is_unseen() {
                return Ok(Event::Absent { session: ward.session.path.clone() });
            }
            ward.record_first()?;
            let name = ward.session.name.clone();
            let mut keeping = Keeping {
                session: &ward.session,
                vault: &mut ward.vault,
                work: &ward.work,
                carry: ward.carry,
                form,
                force,
                at_leisure,
                host: &context.host,
            };
            progress::during(&context.show, Work::Archiving, &name, |_| {
                let mut event = keeping.keep(context.now)?;
                // A person hears "unchanged" of an archive whose bytes are as they were written; rounds come too often for that.
                if let (Event::Unchanged { archive, verified, .. }, false) = (&mut event, at_leisure) {
                    *verified = archive::verify(archive, Depth::Stored).is_ok();
                    if !*verified {
                        keeping.force = true;
                        return keeping.keep(context.now);
                    }
                }
                Ok(event)
            })
        },
        |ward, event| kept_json(context, ward, event),
    )
}

pub(super) fn prove(context: &Context) -> Result<Exit> {
    context.each(
        |ward| {
            require_seen(ward)?;
            let name = &ward.session.name;
            progress::during(&context.show, Work::Drilling, name, |_| {
                drill(name, ward.alone, &mut ward.vault, &ward.work, context.now)
            })
        },
        |ward, event| kept_json(context, ward, event),
    )
}

/// What needs an archive makes nothing where none can be.
///
/// # Errors
/// `NothingToRestore`: nothing of the session was ever seen here.
pub(super) fn require_seen(ward: &Ward) -> Result<()> {
    match ward.is_unseen() {
        true => Err(Error::NothingToRestore { place: ward.vault.archive().to_owned() }),
        false => Ok(()),
    }
}

pub(super) fn hear(context: &Context, what: Told, reason: Option<&str>) -> Result<Exit> {
    if context.wards()?.len() > 1 {
        return Err(Error::Config {
            place: "wakeep event".to_owned(),
            problem: Problem::WhichSession,
            suggestion: None,
        });
    }
    context.each(
        |ward| {
            if ward.is_unseen() {
                return Err(Error::SessionMissing { path: ward.session.path.clone() });
            }
            let _work = ward.work.work("event")?;
            ward.vault.refresh()?;
            ward.vault.hear(what, reason, context.now)
        },
        |ward, event| kept_json(context, ward, event),
    )
}

pub(super) fn close_browser(context: &Context) -> Result<Exit> {
    let show = &context.show;
    let sessions: Vec<_> = context.wards()?.into_iter().map(|ward| ward.session).collect();
    let (mut exit, mut all) = (Exit::Done, Vec::new());
    let closed = browser::close(&sessions)?;
    for (session, closing) in sessions.iter().zip(closed) {
        let (outcome, pid, seconds, said) = match closing {
            Closing::NoBrowser => ("no_browser", None, None, show.lang.phrase(Phrase::NoBrowser).to_owned()),
            Closing::Closed { pid, time } => {
                let seconds = time.as_secs_f64();
                ("closed", Some(pid), Some(seconds), show.lang.browser_closed(pid, seconds))
            }
            Closing::StillRuns { pid } => {
                exit = Exit::Failed;
                ("still_runs", Some(pid), None, show.lang.browser_runs(pid))
            }
        };
        show.line(&format!("{}: {said}", session.name));
        all.push(json!({"session": session.name, "outcome": outcome, "pid": pid, "seconds": seconds, "message": said}));
    }
    if show.json {
        show.object(&one_object(all));
    }
    Ok(exit)
}

/// The contract of `archive --json`, and of the other verbs that tell of one event a session.
fn kept_json(context: &Context, ward: &Ward, event: &Event) -> Value {
    let mut value = serde_json::to_value(event).expect("an event has string keys only");
    let outcome = value["event"].take();
    value.as_object_mut().and_then(|o| o.remove("event"));
    value["outcome"] = outcome;
    value["session"] = json!(ward.session.name);
    value["message"] = json!(context.show.lang.event(event));
    if let Event::Unchanged { archive, .. } = event {
        let members = Archive::open(archive).map_or(0, |a| a.members());
        value["members"] = json!(members);
        value["members_reused"] = json!(members);
        value["seconds"] = json!(0.0);
    }
    if let Event::Refused { .. } = event {
        value["archive"] = json!(ward.vault.archive().to_string_lossy());
        value["bytes"] = json!(disk::FileMark::of(ward.vault.archive()).ok().map(|m| m.size));
    }
    context.show.mask(&mut value);
    value
}

/// `wakeep restore`, as whoever this process runs. Law 11: the bot always starts; only a session that others work with, or
/// a lease, may hold it back.
pub(super) fn restore(context: &Context, wish: &Restore) -> Result<Exit> {
    match restored(context, wish) {
        Ok(exit) if wish.before_start && !matches!(exit, Exit::LeaseHeld | Exit::InUse) => Ok(Exit::Done),
        Err(e) if wish.before_start => Ok(let_start(&context.show, &e)),
        other => other,
    }
}

fn restored(context: &Context, wish: &Restore) -> Result<Exit> {
    let mut sources = Sources::wished(context, wish)?;
    if !wish.dry_run {
        forget_broken_moves(context);
    }
    // What is wrong with the sessions is told below, and holds no bot back.
    if let (true, Ok(wards)) = (wish.before_start, context.wards()) {
        let begun = Instant::now();
        let mut wait = |left: Duration, renamed: bool| {
            let waits = renamed && begun.elapsed() + left <= LONGEST_LEASE_WAIT;
            if waits {
                std::thread::sleep(left.min(Duration::from_secs(5)));
            }
            waits
        };
        let free = active::require(&context.config, &wards, &context.host, &mut wait, &mut |e| context.show.error(e));
        if let Err(e) = free {
            // Whoever starts the bot holds it back for this code alone; with `lease_strict` an unreachable remote does so, too.
            context.show.error(&e);
            return Ok(Exit::LeaseHeld);
        }
    }
    // After the lease: only whoever may start the bot is to take what another host pushed last.
    if wish.if_needed || wish.before_start {
        pull::fetch_where_needed(context, wish.before_start);
    }
    if wish.ask && !wish.answered && !sides::wanted(context, wish.yes)? {
        let said = context.show.lang.phrase(Phrase::NothingChanged);
        context.show.line(said);
        if context.show.json {
            context.show.object(&json!({"outcome": "declined", "from": null, "backup": null, "message": said}));
        }
        return Ok(Exit::Done);
    }
    let told = if wish.tell && !context.show.json { reading::check(context, &[])? } else { Exit::Done };
    let mut changed = false;
    let done = context.each_but(
        wish.can_stop.then_some(Exit::InUse),
        |ward| {
            let source = sources.of(ward)?;
            let is_brought = matches!(source, Source::File(_)) || ward.shared.as_deref().is_some_and(disk::exists);
            if !is_brought {
                require_seen(ward)?;
            }
            let mut restoring = Restoring {
                session: &ward.session,
                vault: &mut ward.vault,
                work: &ward.work,
                wish: urgency(wish),
                source,
                shared: ward.shared.as_deref(),
                mode: context.config.session_mode,
                qr_unseen: wish.qr_unseen,
                alone: ward.alone || wish.from.is_some() && context.config.only.is_some(),
                dry_run: wish.dry_run,
                host: &context.host,
            };
            let name = &ward.session.name;
            let event = progress::during(&context.show, Work::Restoring, name, |_| restoring.restore(context.now));
            changed |= matches!(event, Ok(Event::Restored { .. }));
            event
        },
        |ward, event| restored_json(context, ward, event),
    );
    if wish.dry_run && wish.from.is_some() {
        // They were wanted for as long as it took to look: keys to the accounts.
        context.wards()?.iter().try_for_each(|ward| disk::remove_file(&sources::opened_at(&ward.vault)))?;
    }
    match done? {
        Exit::Done if !changed => Ok(told),
        exit => Ok(exit),
    }
}

/// Who moves the bot and is cut off before any machine was asked to take it has moved nothing: it runs here as before, and
/// its lease is wanted here.
pub(super) fn forget_broken_moves(context: &Context) {
    for mut ward in context.wards().unwrap_or_default() {
        if ward.vault.state().moved.is_none() {
            continue;
        }
        let forgotten = ward.work.work("restore").and_then(|_work| {
            ward.vault.refresh()?;
            ward.vault.forget_broken_move(&ward.work)
        });
        match forgotten {
            Ok(true) => context.show.talk(context.show.lang.phrase(Phrase::MoveForgotten)),
            Ok(false) => {}
            Err(e) => context.show.error(&e),
        }
    }
}

/// Law 11: an error is told, and the bot starts all the same, unless somebody else works with its session.
pub(super) fn let_start(show: &Show, e: &Error) -> Exit {
    show.failed(e);
    match Exit::of_error(e) {
        exit @ (Exit::InUse | Exit::LeaseHeld) => exit,
        _ => Exit::Done,
    }
}

fn urgency(wish: &Restore) -> Wish {
    match (wish.force || wish.ask, wish.if_needed || wish.before_start) {
        (true, _) => Wish::Forced,
        (false, true) => Wish::IfNeeded,
        (false, false) => Wish::Asked,
    }
}

/// The contract of `restore --json`.
fn restored_json(context: &Context, ward: &Ward, event: &Event) -> Value {
    let outcome = match event {
        Event::Restored { .. } => "restored",
        Event::NotNeeded { .. } => "not_needed",
        Event::WouldRestore { .. } => "would_restore",
        Event::RolledBack { .. } => "rolled_back",
        _ => "refused",
    };
    let mut value = serde_json::to_value(event).expect("an event has string keys only");
    value.as_object_mut().and_then(|o| o.remove("event"));
    for key in ["from", "backup"] {
        if value.get(key).is_none() {
            value[key] = Value::Null;
        }
    }
    value["outcome"] = json!(outcome);
    value["session"] = json!(ward.session.name);
    value["message"] = json!(context.show.lang.event(event));
    context.show.mask(&mut value);
    value
}
