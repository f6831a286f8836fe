//! The verbs that stay: watch and run.

use super::args::{Restore, Verb, Watch};
use super::context::Context;
use super::exit::Exit;
use super::near::near;
use super::once::{forget_broken_moves, let_start, restore};
use super::run::clock;
use super::serve;
use super::show::Show;
use super::whose;
use crate::config::{Config, LogFile};
use crate::error::{Error, Result};
use crate::keeper::active::{self, Patience, Rights};
use crate::keeper::metrics::Tally;
use crate::keeper::notice::Notices;
use crate::keeper::signals::{Alarm, Deaf, Signals, Woken};
use crate::keeper::ward::Ward;
use crate::keeper::{self, Keeper, botlog};
use crate::owner::{self, Owner};
use crate::text::Phrase;
use crate::vault::journal::Event;
use jiff::Timestamp;
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Law 11: not even a mistake in the configuration keeps a bot from starting.
pub(super) fn without_configuration(verb: Option<Verb>, show: &Show, e: &Error) -> Exit {
    show.failed(e);
    match verb {
        Some(Verb::Restore(wish)) if wish.before_start => Exit::Done,
        Some(Verb::Run { command, .. }) => {
            // Whose configuration it is can't be read any more, but whose folder it stands in can.
            if let Some(owner) = Owner::of(Path::new(".")).filter(|_| owner::is_root()) {
                let Err(e) = owner::become_owner(owner, &whose::arguments());
                show.error(&e);
                return Exit::of_error(&e);
            }
            let config = Config::default();
            let (keeper, _) = Keeper::new(Vec::new(), &config, "", show.lang, clock);
            let ended = keeper::run::run(&command, Rights::default(), keeper, &mut Deaf, &mut |_, _, _| {});
            ended.map_or_else(|e| Exit::of_error(&e), Exit::Bot)
        }
        _ => Exit::of_error(e),
    }
}

pub(super) fn watch(mut context: Context, wish: &Watch) -> Result<Exit> {
    if let Some(text) = &wish.interval {
        context.config.set("interval", &toml::Value::String(text.to_owned()), Path::new(""), "--interval")?;
    }
    if let Some(address) = &wish.serve {
        context.config.set("serve", &toml::Value::String(address.to_owned()), Path::new(""), "--serve")?;
    }
    let mut signals = Signals::new()?;
    if wish.until_eof {
        signals.listen_to_input()?;
    }
    let (show, config) = (&context.show, &context.config);
    let (mut keeper, taken) = Keeper::new(context.wards()?, config, &context.host, show.lang, clock);
    if keeper.is_idle() && taken.len() == 1 {
        return Err(taken.into_iter().next().map_or(Error::Interrupted, |(_, why)| why));
    }
    tell_of_those_left(show, &taken);
    if let (true, Some((_, why))) = (keeper.is_idle(), taken.into_iter().next()) {
        return Err(why);
    }
    announce(&context, config)?;
    // The bot isn't this process's to stop: another host's lease is waited for, and tried again as it is renewed.
    let rights = rights(&context, keeper.wards(), wish.take_over, Patience::Lasting, &mut signals)?;
    keeper.hold(rights.keep(|| {}));
    let tally = Arc::default();
    attend(&mut keeper, config, &context, &tally);
    show_page(&context, config, tally);
    let mut tell = teller(show, config);
    keeper.watch(&mut signals, &mut tell)?;
    Ok(Exit::Done)
}

/// Which sessions the keeper couldn't take into its care, and why.
fn tell_of_those_left(show: &Show, taken: &[(Ward, Error)]) {
    for (ward, why) in taken {
        show.talk(&format!("{}: {}", ward.session.name, show.lang.error(why).what));
    }
}

/// `wakeep run -- CMD`
pub(super) fn run_bot(context: Context, command: &[String], take_over: bool) -> Result<Exit> {
    let before = Restore { before_start: true, ..Restore::default() };
    let show = &context.show;
    // Law 11: that nobody can be heard keeps no bot from starting.
    let mut signals: Box<dyn Alarm> = match Signals::new() {
        Ok(signals) => Box::new(signals),
        Err(e) => {
            show.error(&e);
            Box::new(Deaf)
        }
    };
    forget_broken_moves(&context);
    // What is wrong with the sessions is told by the restore.
    let wards = context.wards().unwrap_or_default();
    let (mut keeper, taken) = Keeper::new(wards, &context.config, &context.host, show.lang, clock);
    tell_of_those_left(show, &taken);
    rights_beside(&context, &taken, take_over, &mut *signals)?;
    let mut rights = rights(&context, keeper.wards(), take_over, Patience::None, &mut *signals)?;
    let exit = match restored(&context, &before, &mut *signals) {
        Err(Error::Interrupted) => {
            rights.release();
            return Err(Error::Interrupted);
        }
        other => other.unwrap_or_else(|e| let_start(show, &e)),
    };
    if exit != Exit::Done {
        // In use: a bot runs here, whoever started it, and keeps the lease from others.
        if exit != Exit::InUse {
            rights.release();
        }
        return Ok(exit);
    }
    if let Err(e) = keeper.adopt() {
        show.error(&e);
    }
    // What the restore brought is to run here, too.
    if let Err(e) = more_rights(&context, &mut rights, &keeper, take_over, &mut *signals) {
        rights.release();
        return Err(e);
    }
    let tally = Arc::default();
    attend(&mut keeper, &context.config, &context, &tally);
    show_page(&context, &context.config, tally);
    let mut tell = teller(show, &context.config);
    let code = keeper::run::run(command, rights, keeper, &mut *signals, &mut tell)?;
    Ok(Exit::Bot(code))
}

/// The restore before the start. Who is asked to end meanwhile lets it finish for a moment and then leaves it as a kill
/// would, which costs nothing: the next command clears up.
///
/// # Errors
/// `Interrupted`; what the restore says.
fn restored(context: &Context, wish: &Restore, signals: &mut dyn Alarm) -> Result<Exit> {
    let (tell, done) = channel();
    let (context, wish) = (context.clone(), wish.clone());
    std::thread::spawn(move || tell.send(restore(&context, &wish)));
    loop {
        match done.recv_timeout(Duration::from_millis(20)) {
            Ok(restored) => return restored,
            // Law 11, even if it came to a fault of the program.
            Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Done),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Ok(Woken::Asked) = signals.wait(Duration::from_millis(1)) {
            let _ = done.recv_timeout(Duration::from_secs(2));
            return Err(Error::Interrupted);
        }
    }
}

/// The right to run the bots, taken at the remote where one is configured.
fn rights<'a>(
    context: &Context,
    wards: impl IntoIterator<Item = &'a Ward>,
    take_over: bool,
    patience: Patience,
    signals: &mut dyn Alarm,
) -> Result<Rights> {
    let show = &context.show;
    let asked = Cell::new(false);
    let mut wait = waiting(show, take_over, signals, &asked);
    let taken = Rights::take(&context.config, wards, &context.host, patience, &mut wait, &mut |e| show.error(e));
    if asked.get() { Err(Error::Interrupted) } else { taken }
}

/// The same for sessions that have come into care since.
fn more_rights(
    context: &Context,
    rights: &mut Rights,
    keeper: &Keeper,
    take_over: bool,
    signals: &mut dyn Alarm,
) -> Result<()> {
    let show = &context.show;
    let asked = Cell::new(false);
    let mut wait = waiting(show, take_over, signals, &asked);
    let taken = rights.also(keeper.wards(), &mut wait, &mut |e| show.error(e));
    if asked.get() { Err(Error::Interrupted) } else { taken }
}

/// The same for sessions that another keeper of this host has: that one renews the lease.
fn rights_beside(context: &Context, taken: &[(Ward, Error)], take_over: bool, signals: &mut dyn Alarm) -> Result<()> {
    let show = &context.show;
    let asked = Cell::new(false);
    let mut wait = waiting(show, take_over, signals, &asked);
    let wards = taken.iter().map(|(ward, _)| ward);
    let free = active::require(&context.config, wards, &context.host, &mut wait, &mut |e| show.error(e));
    if asked.get() { Err(Error::Interrupted) } else { free }
}

/// Waits for another host's lease to run out, where that was asked for, or where the other seems to be this host under
/// an earlier name.
fn waiting(
    show: &Show,
    take_over: bool,
    signals: &mut dyn Alarm,
    asked: &Cell<bool>,
) -> impl FnMut(Duration, bool) -> bool {
    let mut said = false;
    move |left, renamed| {
        let take_over = take_over || renamed;
        if take_over && !said {
            show.talk(&show.lang.takes_over(left.as_secs() + 1));
            said = true;
        }
        asked.set(take_over && !matches!(signals.wait(left.min(Duration::from_secs(5))), Ok(Woken::Rested)));
        take_over && !asked.get()
    }
}

/// Notices and metrics look on at every round. A channel that can't be used keeps no bot from starting (law 11), and
/// nothing from being archived.
fn attend<'a>(keeper: &mut Keeper<'a>, config: &'a Config, context: &'a Context, tally: &Arc<Tally>) {
    keeper.show_to(Box::new(Arc::clone(tally)));
    let (notices, errors) = Notices::new(config, &context.host, context.show.lang, clock);
    errors.iter().for_each(|e| context.show.error(e));
    if let Some(notices) = notices {
        keeper.show_to(Box::new(notices));
    }
}

/// Starts the page, if there is to be one. Neither does a taken port.
fn show_page(context: &Context, config: &Config, tally: Arc<Tally>) {
    let page = config.serve.map(|at| serve::start(context, config, at, Some(tally)));
    if let Some(Err(e)) = &page {
        context.show.error(e);
    }
}

/// Says what the keeper has to say, here and in the bot's own log.
fn teller<'a>(show: &'a Show, config: &'a Config) -> impl FnMut(&Ward, &Event, Timestamp) + 'a {
    let mut is_told = false;
    move |ward, event, now| {
        if matches!(event, Event::Unchanged { .. }) {
            return;
        }
        show.log(ward, event, now);
        if let Some(log) = botlog::path(&config.log_file, &ward.session.home) {
            // The bot's log is the bot's: that it can't be written to is no reason to stop keeping, and said once.
            if let Err(e) = botlog::append(&log, show.lang, event, now)
                && !std::mem::replace(&mut is_told, true)
            {
                show.talk(&format!("wakeep: {} {}", show.lang.phrase(Phrase::LogNotWritten), show.lang.error(&e).what));
            }
        }
    }
}

/// Says once that lines also go to the bot's log, and what a mode that the owner chose means.
fn announce(context: &Context, config: &Config) -> Result<()> {
    if config.archive_mode & 0o077 != 0 {
        context.show.talk(context.show.lang.phrase(Phrase::ModeRisk));
    }
    for ward in context.wards()? {
        if let (Some(log), LogFile::Usual) = (botlog::path(&config.log_file, &ward.session.home), &config.log_file) {
            let phrase = context.show.lang.phrase(Phrase::AppendsTo);
            context.show.talk(&format!("{phrase} {} (log_file = false)", near(&log)));
        }
    }
    Ok(())
}
