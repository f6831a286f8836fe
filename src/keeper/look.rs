//! What a round does for one session: archive it if it changed, and prove its archive when the proof is due.

use super::ward::Ward;
use super::{Keeper, Tell};
use crate::archive::Form;
use crate::cleanup::cleanup;
use crate::disk;
use crate::drill::drill;
use crate::error::Result;
use crate::keep::Keeping;
use crate::vault::journal::Event;
use jiff::Timestamp;

impl Keeper<'_> {
    /// Proves the archives whose proof is due.
    pub(super) fn drills(&mut self, tell: Tell) {
        let every = self.config.drill.as_secs();
        for care in self.cares.iter_mut().filter(|_| every > 0) {
            let now = (self.clock)();
            let last = care.ward.vault.state().drilled.as_ref().map_or(0, |d| d.time.as_second());
            if now.as_second() - last >= every && disk::exists(care.ward.vault.archive()) {
                let ward = &mut care.ward;
                let event = drill(&ward.session.name, ward.alone, &mut ward.vault, &ward.work, now);
                tell(ward, &event.unwrap_or_else(|e| self.lang.failed(&e)), now);
            }
        }
    }
}

/// One look at one session: within the write budget, archive it; then tidy up after earlier scripts.
pub(super) fn look(ward: &mut Ward, host: &str, tidies: bool, now: Timestamp) -> Result<Event> {
    let wait = ward.vault.state().written.wait(now, ward.vault.rules.write_budget);
    // Only the writing waits: a session that is gone is noticed, and what somebody put at the archive's path is taken in.
    if wait > 0
        && disk::exists(&ward.session.path)
        && let Some((archive, label)) = ward.vault.newest()?
    {
        let _work = ward.work.work("watch")?;
        ward.vault.refresh()?;
        ward.vault.receive(now)?;
        return Ok(Event::Unchanged { archive, made: label.made, bytes: 0, verified: false });
    }
    let event = archive(ward, host, true, now)?;
    if tidies && matches!(event, Event::Created { .. }) {
        // What hinders the tidying is no news of the archive: the next one tries again.
        let _ = cleanup(&ward.session, &mut ward.vault, &ward.work, false, now);
    }
    Ok(event)
}

pub(super) fn archive(ward: &mut Ward, host: &str, at_leisure: bool, now: Timestamp) -> Result<Event> {
    if ward.is_unseen() {
        return Ok(Event::Absent { session: ward.session.path.clone() });
    }
    ward.record_first()?;
    Keeping {
        session: &ward.session,
        vault: &mut ward.vault,
        work: &ward.work,
        carry: ward.carry,
        form: Form::Members,
        force: false,
        at_leisure,
        host,
    }
    .keep(now)
}
