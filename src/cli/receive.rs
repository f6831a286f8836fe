//! `wakeep receive`: an archive from another machine, verified and put where the restore takes it from. What
//! `upload-auth-archive.sh` does.

use super::asked;
use super::exit::Exit;
use super::pull;
use super::run::Context;
use super::show::{Show, near};
use super::whose;
use crate::archive::seal;
use crate::check;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::keeper::signals::{Alarm, Signals, Woken};
use crate::keeper::ward::{ARCHIVE, Ward};
use crate::owner::{self, Owner};
use crate::platform::{files, host, modes, users};
use crate::sync::seals;
use crate::text::{Phrase, WayBack};
use crate::unpack;
use crate::verdict::Verdict;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// How long a file that is still growing is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_secs(1);

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
            Some(_) => whose::again(owner, &whose::arguments()),
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
        explain(context);
        return Ok(Exit::NothingToRestore);
    };
    wait_until_whole(&file)?;
    show.line(&format!("{} {}", show.lang.phrase(Phrase::Takes), near(&file)));
    let mut source = open_own(&file, owner)?;
    match owner {
        Some(_) => hand_over(owner, named, &file, Stdio::from(source)),
        None => take(context, &mut source, &file, yes),
    }
}

/// From the configured remote, as `wakeep pull` does.
fn pulled(context: &Context, owner: Option<Owner>) -> Result<Exit> {
    let Some(owner) = owner else { return pull::pull(context, None, None, false) };
    let mut args = whose::arguments();
    args.retain(|a| a != "--yes");
    args.iter_mut().filter(|a| *a == "receive").for_each(|a| *a = "pull".into());
    whose::again(Some(owner), &args)
}

/// Root opens what it was told to take; the owner reads it as standard input, and does the rest.
fn hand_over(owner: Option<Owner>, named: Option<&Path>, file: &Path, source: Stdio) -> Result<Exit> {
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
    let status = status.at("starting again as the bot's user", Path::new("wakeep"))?;
    Ok(status.code().and_then(Exit::from_code).unwrap_or(Exit::Failed))
}

/// For the first session, or the one that `--only` names. `file` is what a person knows the source by, `-` where it came in.
fn take(context: &Context, source: &mut dyn Read, file: &Path, yes: bool) -> Result<Exit> {
    let Some(mut ward) = context.wards()?.into_iter().next() else { return Ok(Exit::Broken) };
    let show = &context.show;
    let archive = ward.vault.archive().to_owned();
    let temp = disk::unfinished(&archive, "arriving")?;
    leave_nothing(&temp)?;
    let taken = copy_and_judge(context, source, &temp, &ward).map_err(|e| e.about(&temp, file));
    let settled = taken.and_then(|mut verdict| {
        // It is the file that was brought whose judgement this is.
        verdict.findings.iter_mut().filter(|f| f.path.file_name() == temp.file_name()).for_each(|f| f.path.clear());
        show.verdict(&named(context, file), &verdict, WayBack::Archive);
        if !verdict.is_good() {
            return Ok(Err(Exit::of_verdict(&verdict)));
        }
        let sure = asked::yes(show, show.lang.phrase(Phrase::IsStoppedThere), yes)?;
        Ok(if sure { Ok(()) } else { Err(Exit::Failed) })
    });
    match settled {
        Ok(Ok(())) => {}
        other => {
            disk::remove_file(&temp)?;
            show.line(show.lang.phrase(Phrase::NothingChanged));
            return other.map(|refused| refused.err().unwrap_or(Exit::Failed));
        }
    }
    let work = ward.work.work("receive")?;
    disk::set_mode(&temp, context.config.archive_mode)?;
    disk::publish(&temp, &archive)?;
    ward.vault.refresh()?;
    ward.vault.receive(context.now)?;
    drop(work);
    let size = disk::FileMark::of(&archive)?.size;
    show.line(&format!("{} {} ({})", show.lang.phrase(Phrase::PutThere), near(&archive), show.lang.bytes(size)));
    show.line(&format!("{}: ./restore-auth-manual.sh", show.lang.phrase(Phrase::Next)));
    Ok(Exit::Done)
}

fn named(context: &Context, file: &Path) -> String {
    if file == Path::new("-") { context.show.lang.phrase(Phrase::Incoming).to_owned() } else { near(file) }
}

/// Whoever breaks it off, at the question or before, leaves no copy of a key to the account.
fn leave_nothing(temp: &Path) -> Result<()> {
    let mut signals = Signals::new()?;
    let temp = temp.to_owned();
    std::thread::spawn(move || {
        while let Ok(Woken::Rested) = signals.wait(PATIENCE) {}
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

/// Opens what root was told to take, but never what somebody else could have put there to have it read: no link, and
/// a file of root's, of the bot's user or of whoever called sudo.
fn open_own(file: &Path, owner: Option<Owner>) -> Result<File> {
    // Whether it is a pipe is seen once it is open; opening one must not wait for whoever writes into it.
    let source = if owner.is_some() { files::open_no_link(file) } else { File::open(file) }.at("opening", file)?;
    let meta = source.metadata().at("reading", file)?;
    if owner.is_some() && (!meta.is_file() || !trusted(owner).contains(&modes::owner(&meta).0)) {
        return Err(Error::Hostile { path: file.to_owned(), what: "it belongs to another user".to_owned() });
    }
    Ok(source)
}

/// The users whose files are taken: root, who asks, the bot's, and whoever called sudo.
fn trusted(owner: Option<Owner>) -> Vec<u32> {
    let caller = crate::config::environment("SUDO_UID").and_then(|u| u.parse().ok());
    [Some(0), Some(users::current()), owner.map(|o| o.uid), caller].into_iter().flatten().collect()
}

/// The newest archive in the home folder (the one of whoever called sudo, too) and in `/tmp`. Those of others, who may put
/// there what they like, are passed over.
fn newest_found(show: &Show, owner: Option<Owner>) -> Option<PathBuf> {
    let (trusted, mut strange) = (trusted(owner), Vec::new());
    let mut is_told = false;
    loop {
        let files =
            places().into_iter().filter_map(|d| std::fs::read_dir(d).ok()).flat_map(|d| d.flatten()).map(|e| e.path());
        let named = |p: &PathBuf| {
            let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("whatsapp_auth")
                && [".tar.gz", ".tgz", ".tar.gz.age"].iter().any(|end| name.ends_with(end))
        };
        let written = |p: &PathBuf| disk::FileMark::of(p).map(|m| m.mtime).unwrap_or_default();
        // Neither a pipe that would never end nor a link to somewhere else.
        let is_file = |p: &PathBuf| std::fs::symlink_metadata(p).is_ok_and(|m| m.is_file());
        let is_ours = |p: &PathBuf| std::fs::symlink_metadata(p).is_ok_and(|m| trusted.contains(&modes::owner(&m).0));
        let (ours, others): (Vec<_>, Vec<_>) = files.filter(named).filter(is_file).partition(is_ours);
        for other in others {
            if !strange.contains(&other) {
                show.line(&format!("{}: {}", show.lang.phrase(Phrase::PassedOver), near(&other)));
                strange.push(other);
            }
        }
        let newest = ours.into_iter().max_by_key(written);
        if newest.is_some() || !asked::is_somebody_there() {
            return newest;
        }
        // Somebody is about to type the line on the other machine.
        if !std::mem::replace(&mut is_told, true) {
            explain_lines(show);
        }
        std::thread::sleep(PAUSE);
    }
}

fn places() -> Vec<PathBuf> {
    let home = crate::config::environment("HOME").map(PathBuf::from);
    let caller = crate::config::environment("SUDO_USER").and_then(|u| Owner::named(&u)).and_then(Owner::home);
    [home, caller, Some("/tmp".into())].into_iter().flatten().collect()
}

fn explain(context: &Context) {
    context.show.line(context.show.lang.phrase(Phrase::NoneFound));
    explain_lines(&context.show);
}

/// The exact line for the machine where the bot ran.
fn explain_lines(show: &Show) {
    let host = host::name();
    let user = crate::config::environment("SUDO_USER")
        .or_else(|| crate::config::environment("USER"))
        .unwrap_or_else(|| "root".to_owned());
    show.line(show.lang.phrase(Phrase::TypeThere));
    show.line(&format!("  macOS, Linux:  scp {ARCHIVE} {user}@{host}:"));
    show.line(&format!("  PowerShell:    scp .\\{ARCHIVE} {user}@{host}:"));
}

/// A file that scp is still writing has a young time of last write, and grows.
fn wait_until_whole(file: &Path) -> Result<()> {
    let start = std::time::Instant::now();
    let mut before = disk::FileMark::of(file)?;
    loop {
        let age = std::fs::metadata(file).and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        if age.is_none_or(|a| a > PAUSE * 2) || start.elapsed() > PATIENCE {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
        let now = disk::FileMark::of(file)?;
        if now == before {
            return Ok(());
        }
        before = now;
    }
}
