//! Archives that somebody brought to this machine: where they are looked for, whose are taken, and how long one that is
//! still growing is waited for. What becomes of one is said in `receive`.

use super::asked;
use super::exit::Exit;
use super::near::near;
use super::show::Show;
use crate::config;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::keeper::ward::ARCHIVE;
use crate::owner::Owner;
use crate::platform::{files, host, modes, users};
use crate::text::Phrase;
use serde_json::json;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a file that is still growing is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens what root was told to take, but never what somebody else could have put there to have it read: no link, and
/// a file of root's, of the bot's user or of whoever called sudo.
pub(super) fn open_own(file: &Path, owner: Option<Owner>) -> Result<File> {
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
    let caller = config::environment("SUDO_UID").and_then(|u| u.parse().ok());
    [Some(0), Some(users::current()), owner.map(|o| o.uid), caller].into_iter().flatten().collect()
}

/// The newest archive in the home folder (the one of whoever called sudo, too) and in `/tmp`. Those of others, who may put
/// there what they like, are passed over.
pub(super) fn newest_found(show: &Show, owner: Option<Owner>) -> Option<PathBuf> {
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
    let home = config::environment("HOME").map(PathBuf::from);
    let caller = config::environment("SUDO_USER").and_then(|u| Owner::named(&u)).and_then(Owner::home);
    [home, caller, Some("/tmp".into())].into_iter().flatten().collect()
}

/// Says what to type where nothing was found.
pub(super) fn nothing_found(show: &Show) -> Exit {
    let said = show.lang.phrase(Phrase::NoneFound);
    show.line(said);
    explain_lines(show);
    if show.json {
        show.object(&json!({"outcome": "nothing_found", "message": said}));
    }
    Exit::NothingToRestore
}

/// The exact line for the machine where the bot ran.
fn explain_lines(show: &Show) {
    let host = host::name();
    let user =
        config::environment("SUDO_USER").or_else(|| config::environment("USER")).unwrap_or_else(|| "root".to_owned());
    show.line(show.lang.phrase(Phrase::TypeThere));
    show.line(&format!("  macOS, Linux:  scp {ARCHIVE} {user}@{host}:"));
    show.line(&format!("  PowerShell:    scp .\\{ARCHIVE} {user}@{host}:"));
}

/// A file that scp is still writing has a young time of last write, and grows.
pub(super) fn wait_until_whole(file: &Path) -> Result<()> {
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
