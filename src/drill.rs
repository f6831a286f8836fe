//! Drilling: proves that the archive would bring the login back, by unpacking it into a scratch folder and examining
//! what comes of it. The session isn't touched.

use crate::disk;
use crate::error::{Error, Result};
use crate::session::snapshot::Carry;
use crate::unpack;
use crate::vault::Vault;
use crate::vault::journal::Event;
use crate::vault::state::Drilled;
use crate::vault::workplace::Workplace;
use crate::verdict::{Code, Finding, Login, Verdict};
use jiff::Timestamp;
use std::path::Path;
use std::time::Instant;

/// Unpacks and examines the session's archive; the outcome goes into the journal and the vault's memory.
/// `alone`: the session is the only one here, so that an archive of another name is meant for it as well.
///
/// # Errors
/// `NothingToRestore` where no archive stands; `Busy`; `Io`. An archive that is damaged or hostile is a verdict.
pub fn drill(session: &str, alone: bool, vault: &mut Vault, work: &Workplace, now: Timestamp) -> Result<Event> {
    let started = Instant::now();
    let _work = work.work("drill")?;
    vault.refresh()?;
    if !disk::exists(vault.archive()) {
        return Err(Error::NothingToRestore { place: vault.archive().to_owned() });
    }
    // What a restore would take.
    let archive = vault.ahead()?.map_or_else(|| vault.archive().to_owned(), |(path, _)| path);
    let verdict = examine(session, alone, &archive, work);
    disk::remove_tree(&work.stage())?;
    let verdict = verdict?;
    vault.remember(|s| s.drilled = Some(Drilled { time: now, good: verdict.is_good() }))?;
    let seconds = started.elapsed().as_secs_f64();
    let event = Event::Drilled { archive, verdict: verdict.masked(), seconds };
    vault.record(now, &event)?;
    Ok(event)
}

fn examine(session: &str, alone: bool, archive: &Path, work: &Workplace) -> Result<Verdict> {
    let unusable = |what: String| {
        let finding = Finding::new(Code::ArchiveDamaged, archive, what);
        Ok(Verdict::new("archive", Login::Unknown, None, vec![finding]))
    };
    let found = unpack::sessions_in(archive).and_then(|all| {
        let meant = unpack::meant(&all, |i| &i.prefix, session, alone);
        let interior = meant.ok_or_else(|| Error::damaged(archive, format!("no session {session} is in it")))?;
        unpack::unpack(archive, interior, &work.stage(), Carry::Login)
    });
    match found {
        Ok(examination) => Ok(examination.verdict),
        Err(Error::Damaged { what, .. } | Error::Hostile { what, .. }) => unusable(what),
        Err(e) => Err(e),
    }
}
