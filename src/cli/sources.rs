//! Where `restore` takes the sessions from: the newest, a time, a file, sealed or not, or a remote.

use super::args::Restore;
use super::context::Context;
use super::{pull, push};
use crate::archive::seal;
use crate::disk;
use crate::error::{At, Error, Problem, Result};
use crate::keeper::ward::Ward;
use crate::remote::Place;
use crate::restore::Source;
use crate::sync::{Sync, seals};
use crate::text::Phrase;
use crate::vault::Vault;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A folder that isn't an archive, or what is no path at all, is a remote.
fn is_remote(wish: &Restore) -> bool {
    let is_address = |text: &str| text.contains("://") || Place::of_scp(text).is_some();
    wish.from.as_ref().is_some_and(|from| from.is_dir() || !disk::exists(from) && is_address(&from.to_string_lossy()))
}

/// Where the sessions are restored from.
pub(super) enum Sources {
    /// All of them from the same.
    Same(Source),
    /// Each from its own, by its vault; or why not.
    Each(HashMap<PathBuf, Result<Source>>),
}

impl Sources {
    /// What the command line asks for.
    ///
    /// # Errors
    /// `Config`: it can't be meant so; what a remote or a sealed archive has against it.
    pub(super) fn wished(context: &Context, wish: &Restore) -> Result<Sources> {
        if is_remote(wish) { pulled(context, wish) } else { source(context, wish).map(Sources::Same) }
    }

    /// This session's; asked for once.
    pub(super) fn of(&mut self, ward: &Ward) -> Result<Source> {
        match self {
            Sources::Same(source) => Ok(source.clone()),
            Sources::Each(each) => each.remove(ward.vault.dir()).unwrap_or(Ok(Source::Newest)),
        }
    }
}

/// What a remote holds of each session. It goes to the archive's path first, where it is restored from as any other;
/// where nothing is to be changed, beside the session's backups. What goes wrong with one holds up no other.
fn pulled(context: &Context, wish: &Restore) -> Result<Sources> {
    let place = wish.from.as_ref().map(|p| p.to_string_lossy().into_owned());
    let sync = push::open(context, place.as_deref())?;
    let at = wish.at.as_ref().map(|at| time(at, context.now)).transpose()?;
    let one = |ward: &mut Ward| match wish.dry_run {
        true => looked_at(&sync, ward, at),
        false => pull::fetch(context, &sync, ward, at, true).map(|_| Source::Arrived),
    };
    let wards = context.wards()?.into_iter();
    Ok(Sources::Each(wards.map(|mut ward| (ward.vault.dir().to_owned(), one(&mut ward))).collect()))
}

fn looked_at(sync: &Sync, ward: &Ward, at: Option<Timestamp>) -> Result<Source> {
    let (file, archive) = (opened_at(&ward.vault), ward.vault.archive());
    disk::remove_file(&file)?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    sync.pull(&ward.session.name, &name, at, &file)?;
    Ok(Source::File(file))
}

/// Where an archive of elsewhere lies while it is looked at.
pub(super) fn opened_at(vault: &Vault) -> PathBuf {
    vault.dir().join("sync").join("opened.tar.gz")
}

fn source(context: &Context, wish: &Restore) -> Result<Source> {
    match (&wish.from, &wish.at) {
        (Some(file), Some(_)) => Err(Error::Config {
            place: "--at".to_owned(),
            problem: context.show.lang.phrase(Phrase::AtOfFile).into(),
            suggestion: Some(format!("--from {}", file.display())),
        }),
        (Some(file), None) => {
            // One that isn't there is said at once, by its name.
            let is_file = std::fs::metadata(file).at("reading", file)?.is_file();
            if !is_file {
                // A pipe would be waited for, for ever.
                let problem = context.show.lang.phrase(Phrase::NoRegularFile).into();
                return Err(Error::Config { place: file.display().to_string(), problem, suggestion: None });
            }
            let file = std::path::absolute(file).at("resolving", file)?;
            Ok(Source::File(if seal::is_sealed(&file)? { opened(context, &file)? } else { file }))
        }
        (None, Some(at)) => time(at, context.now).map(Source::At),
        (None, None) => Ok(Source::Newest),
    }
}

/// A sealed archive, open beside the first session's backups until the next one is opened.
fn opened(context: &Context, sealed: &Path) -> Result<PathBuf> {
    let ward = context.wards()?.into_iter().next();
    let ward = ward.ok_or_else(|| Error::SessionMissing { path: sealed.to_owned() })?;
    let open = opened_at(&ward.vault);
    disk::make_dir(disk::parent(&open))?;
    disk::remove_file(&open)?;
    seal::unseal_file(sealed, &open, &seals::identities(&context.config)?)?;
    Ok(open)
}

/// A point in time as people write it: RFC 3339, a date and time or a time of today here, or how long ago.
pub(super) fn time(text: &str, now: Timestamp) -> Result<Timestamp> {
    let zone = TimeZone::system();
    let here = |d: DateTime| d.to_zoned_datetime(zone.clone()).ok().map(|z| z.timestamp());
    let today = now.to_zoned_datetime(zone.clone()).date();
    let of_today = || text.parse().ok().and_then(|t: jiff::civil::Time| here(today.to_datetime(t)));
    let ago = || text.parse().ok().and_then(|d: SignedDuration| now.checked_sub(d.abs()).ok());
    let at = text.parse().ok().or_else(|| text.parse().ok().and_then(here)).or_else(of_today).or_else(ago);
    at.ok_or_else(|| Error::Config {
        place: "--at".to_owned(),
        problem: Problem::NoTime(text.to_owned()),
        suggestion: Some("2026-11-24T12:00".to_owned()),
    })
}
