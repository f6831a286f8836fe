//! `wakeep receive`: an archive from another machine, verified and put where the restore takes it from. What
//! `upload-auth-archive.sh` does.

use super::asked;
use super::brought::{newest_found, nothing_found, open_own, wait_until_whole};
use super::context::Context;
use super::exit::Exit;
use super::near::near;
use super::pull;
use super::show::Show;
use super::whose;
use crate::archive::seal;
use crate::check;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::keeper::signals::{Alarm, Signals, Woken};
use crate::keeper::ward::Ward;
use crate::owner::{self, Owner};
use crate::sync::seals;
use crate::text::{Phrase, WayBack};
use crate::unpack;
use crate::verdict::Verdict;
use serde_json::json;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// What a server's setup puts into the bot's folder for the restore that follows.
const SCRIPT: &str = "restore-auth-manual.sh";

/// What is to be received.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The archive, where it was named; `-` for standard input.
    pub file: Option<&'a Path>,
    /// What root has opened as standard input.
    pub opened: Option<&'a Path>,
    /// The question is answered.
    pub yes: bool,
}

/// Takes the archive: `file`, standard input for `-`, else what is found in the home folder and `/tmp`.
pub fn receive(context: &Context, wish: &Wish, owner: Option<Owner>) -> Result<Exit> {
    let (show, file, yes) = (&context.show, wish.file, wish.yes);
    if let Some(name) = file.filter(|file| *file == Path::new("-")) {
        return match owner {
            Some(_) => whose::again(context, owner, &whose::arguments()),
            None => take(context, &mut io::stdin().lock(), wish.opened.unwrap_or(name), yes),
        };
    }
    if let (None, Some(remote)) = (file, &context.config.remote)
        && (yes || asked::is_somebody_there())
        && asked::yes(show, &format!("{} {remote}?", show.lang.phrase(Phrase::TakeFromRemote)), yes)?
    {
        return pulled(context, owner);
    }
    let named = file;
    let Some(file) = file.map(Path::to_owned).or_else(|| newest_found(show, owner)) else {
        return Ok(nothing_found(show));
    };
    wait_until_whole(&file)?;
    show.line(&format!("{} {}", show.lang.phrase(Phrase::Takes), near(&file)));
    let mut source = open_own(&file, owner)?;
    match owner {
        Some(_) => hand_over(context, owner, named, &file, Stdio::from(source)),
        None => take(context, &mut source, &file, yes),
    }
}

/// From the configured remote, as `wakeep pull` does.
fn pulled(context: &Context, owner: Option<Owner>) -> Result<Exit> {
    let Some(owner) = owner else { return pull::pull(context, None, None, false) };
    let mut args = whose::arguments();
    args.retain(|a| a != "--yes");
    args.iter_mut().filter(|a| *a == "receive").for_each(|a| *a = "pull".into());
    whose::again(context, Some(owner), &args)
}

/// Root opens what it was told to take; the owner reads it as standard input, and does the rest.
fn hand_over(
    context: &Context,
    owner: Option<Owner>,
    named: Option<&Path>,
    file: &Path,
    source: Stdio,
) -> Result<Exit> {
    let mut args = whose::arguments();
    let verb = args.iter().position(|a| a == "receive").unwrap_or(0);
    let place = named.and_then(|file| args.iter().skip(verb).position(|a| Path::new(a) == file));
    match place {
        Some(place) => args[verb + place] = "-".into(),
        None => args.push("-".into()),
    }
    let mut opened = OsString::from("--opened=");
    opened.push(file);
    args.push(opened);
    let status = owner::again(owner).args(&args).stdin(source).status();
    let exit = whose::exit_of(status.at("starting again as the bot's user", Path::new("wakeep"))?);
    whose::said_by(context, &args, exit);
    Ok(exit)
}

/// For the first session, or the one that `--only` names. `file` is what a person knows the source by, `-` where it came in.
fn take(context: &Context, source: &mut dyn Read, file: &Path, yes: bool) -> Result<Exit> {
    let ward = context.wards()?.into_iter().next();
    let mut ward = ward.ok_or_else(|| Error::SessionMissing { path: file.to_owned() })?;
    let show = &context.show;
    let temp = disk::unfinished(ward.vault.archive(), "arriving")?;
    leave_nothing(&temp)?;
    let taken = copy_and_judge(context, source, &temp, &ward).map_err(|e| e.about(&temp, file));
    let settled = taken.and_then(|mut verdict| {
        // It is the file that was brought whose judgement this is.
        verdict.findings.iter_mut().filter(|f| f.path.file_name() == temp.file_name()).for_each(|f| f.path.clear());
        show.verdict(&named(context, file), &verdict, WayBack::Archive);
        let sure = verdict.is_good() && asked::yes(show, show.lang.phrase(Phrase::IsStoppedThere), yes)?;
        Ok((verdict, sure))
    });
    let (verdict, sure) = settled.inspect_err(|_| drop(give_up(show, &temp)))?;
    let (outcome, exit) = match (verdict.is_good(), sure) {
        (true, true) => ("received", Exit::Done),
        (true, false) => ("declined", Exit::Failed),
        (false, _) => ("refused", Exit::of_verdict(&verdict)),
    };
    let bytes =
        if sure { Some(put_in_place(context, &mut ward, &temp)?) } else { give_up(show, &temp).map(|()| None)? };
    if show.json {
        let mut object = json!({"session": ward.session.name, "outcome": outcome, "file": file.to_string_lossy(),
            "archive": ward.vault.archive().to_string_lossy(), "bytes": bytes, "check": show.verdict_json(&verdict)});
        show.mask(&mut object);
        show.object(&object);
    }
    Ok(exit)
}

fn give_up(show: &Show, temp: &Path) -> Result<()> {
    show.line(show.lang.phrase(Phrase::NothingChanged));
    disk::remove_file(temp)
}

/// Puts what arrived at the archive's path, and says what comes next. Returns its size in bytes.
fn put_in_place(context: &Context, ward: &mut Ward, temp: &Path) -> Result<u64> {
    let (show, archive) = (&context.show, ward.vault.archive().to_owned());
    let work = ward.work.work("receive")?;
    disk::set_mode(temp, context.config.archive_mode)?;
    disk::publish(temp, &archive)?;
    ward.vault.refresh()?;
    ward.vault.receive(context.now)?;
    drop(work);
    let size = disk::FileMark::of(&archive)?.size;
    show.line(&format!("{} {} ({})", show.lang.phrase(Phrase::PutThere), near(&archive), show.lang.bytes(size)));
    let is_server = disk::exists(&ward.session.home.join(SCRIPT));
    let next = if is_server { format!("./{SCRIPT}") } else { "wakeep restore --ask".to_owned() };
    show.line(&format!("{}: {next}", show.lang.phrase(Phrase::Next)));
    Ok(size)
}

fn named(context: &Context, file: &Path) -> String {
    if file == Path::new("-") { context.show.lang.phrase(Phrase::Incoming).to_owned() } else { near(file) }
}

/// Whoever breaks it off, at the question or before, leaves no copy of a key to the account.
fn leave_nothing(temp: &Path) -> Result<()> {
    let mut signals = Signals::new()?;
    let temp = temp.to_owned();
    std::thread::spawn(move || {
        while let Ok(Woken::Rested) = signals.wait(Duration::from_secs(600)) {}
        // What can't be removed now is by the next round.
        let _ = disk::remove_file(&temp);
        std::process::exit(Exit::Interrupted.code().into());
    });
    Ok(())
}

fn copy_and_judge(context: &Context, source: &mut dyn Read, temp: &Path, ward: &Ward) -> Result<Verdict> {
    disk::remove_file(temp)?;
    let mut file = disk::create_new(temp)?;
    io::copy(source, &mut file).at("writing", temp)?;
    if seal::is_sealed(temp)? {
        let sealed = seal::sealed_name(temp);
        disk::remove_file(&sealed)?;
        disk::move_to(temp, &sealed)?;
        let opened = seals::identities(&context.config).and_then(|keys| seal::unseal_file(&sealed, temp, &keys));
        disk::remove_file(&sealed)?;
        opened?;
    }
    // Only as long as it takes to look: nobody's round waits for a slow line or for an answer.
    let _work = ward.work.work("receive")?;
    let mut verdict = judge(temp, ward)?;
    // What is wrong with it is wrong with what arrived, whose name stands before.
    verdict.findings.iter_mut().filter(|f| f.path == temp).for_each(|f| f.path = PathBuf::new());
    Ok(verdict)
}

/// The judgement on the session in an archive that this ward's could be restored from.
pub fn judge(archive: &Path, ward: &Ward) -> Result<Verdict> {
    let found = check::archive(archive, &ward.work.stage())?;
    let meant = unpack::meant(&found, |c| &c.prefix, &ward.session.name, ward.alone);
    let name = &ward.session.name;
    meant.map(|c| c.verdict.clone()).ok_or_else(|| Error::damaged(archive, format!("no session {name} is in it")))
}
