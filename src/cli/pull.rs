//! `wakeep pull`: the archives from the remote, verified, to where the restore takes them from.

use super::context::Context;
use super::exit::Exit;
use super::near::near;
use super::push;
use crate::archive::{self, Depth};
use crate::disk;
use crate::error::{Error, Fault, Result};
use crate::keeper::ward::Ward;
use crate::sync::{self, Sync};
use crate::text::Phrase;
use crate::vault::backup::label_of;
use jiff::Timestamp;
use serde_json::json;
use std::time::{Duration, Instant};

/// How long the start of a bot waits for a remote at most.
const LONGEST_FETCH: Duration = Duration::from_secs(60);

/// Pulls the archive of each session.
pub fn pull(context: &Context, place: Option<&str>, at: Option<&str>, force: bool) -> Result<Exit> {
    let sync = push::open(context, place)?;
    let at = at.map(|text| super::sources::time(text, context.now)).transpose()?;
    let show = &context.show;
    push::each(context, &sync, |ward| {
        let bytes = fetch(context, &sync, ward, at, force || at.is_some())?;
        let archive = ward.vault.archive().to_owned();
        if !show.json {
            let size = show.lang.bytes(bytes);
            show.line(&format!("{} {} ({size})", show.lang.phrase(Phrase::PutThere), near(&archive)));
        }
        Ok(
            json!({"session": ward.session.name, "outcome": "pulled", "remote": sync.place(), "archive": archive.to_string_lossy(),
            "bytes": bytes}),
        )
    })
}

/// Fetches one session's archive to its path. An archive here that is newer than the remote's stays, unless forced.
pub fn fetch(context: &Context, sync: &Sync, ward: &mut Ward, at: Option<Timestamp>, force: bool) -> Result<u64> {
    let work = ward.work.work("pull")?;
    ward.vault.refresh()?;
    let name = ward.vault.archive().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let temp = ward.vault.dir().join("sync").join("incoming.tar.gz");
    sync.pull(&ward.session.name, &name, at, &temp)?;
    let brought = archive::verify(&temp, Depth::Content).and_then(|verified| {
        let theirs = label_of(&temp);
        let ours = ward.vault.newest()?.map(|(_, label)| label);
        if let (Some(ours), Some(theirs), false) = (ours, theirs, force)
            && ours.made > theirs.made
        {
            return Err(Error::HereNewer { place: sync.place(), here: ours.made, there: theirs.made });
        }
        let bytes = verified.mark().size;
        ward.vault.bring(verified, context.now)?;
        Ok(bytes)
    });
    disk::remove_file(&temp)?;
    drop(work);
    brought
}

/// Where no archive is here at all, the configured remote is asked for one, for a short time: law 11. So it is before a
/// start where the session is missing: another host may have run the bot since, and pushed a newer one. Whatever goes
/// wrong is told and holds nothing up.
pub fn fetch_where_needed(context: &Context, starts: bool) {
    let Some(place) = context.config.remote.as_deref() else { return };
    let mut settings = sync::settings(&context.config, false);
    (settings.patience, settings.tries) = (Duration::from_secs(10), 1);
    settings.deadline = Some(Instant::now() + LONGEST_FETCH);
    let fetched = context.wards().and_then(|wards| {
        let bare = |w: &Ward| !disk::exists(w.vault.archive()) && w.vault.backups().is_ok_and(|b| b.is_empty());
        // A bot that was moved away is not to come back by itself.
        let wanted =
            |w: &Ward| w.vault.state().moved.is_none() && (bare(w) || starts && !disk::exists(&w.session.path));
        for mut ward in wards.into_iter().filter(wanted) {
            let sync = Sync::open(place, &context.config, &settings)?;
            match fetch(context, &sync, &mut ward, None, false) {
                // What is here is newer, or all there is.
                Ok(_) | Err(Error::NothingToRestore { .. } | Error::HereNewer { .. }) => {}
                // Nobody is there: the next one would wait in vain, too.
                Err(e @ Error::Remote { fault: Fault::Unreachable { .. } | Fault::TimedOut, .. }) => return Err(e),
                // What is wrong with one session's holds up no other.
                Err(e) => context.show.error(&e),
            }
        }
        Ok(())
    });
    if let Err(e) = fetched {
        context.show.error(&e);
    }
}
