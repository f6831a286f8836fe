//! What may become the archive: whether a snapshot is worth as much as what stands, has not gone back, and shows a login
//! that can be believed (law 1). It decides only; nothing is written here but what the vault remembers of a doubt.

use super::Keeping;
use crate::error::Result;
use crate::progress::{Identity, Proof, rewound};
use crate::session::Use;
use crate::session::snapshot::Snapshot;
use crate::vault::journal::Refusal;
use crate::vault::label::Label;
use crate::vault::state::Pending;
use crate::verdict::{Code, Grade, Login, Verdict, Worth};
use jiff::Timestamp;

/// For how long a login that differs from the last archive's must look the same before it is believed, in seconds.
const SETTLES_AFTER: i64 = 60;

impl Keeping<'_> {
    /// A refuted pair is two logins mixed, or WhatsApp having changed how it locks. A mix shows as a change of the
    /// login; one that looks as it did in the last archive, a minute ago or more, is none.
    pub(super) fn absolve(&self, snapshot: &mut Snapshot, newest: Option<&Label>, now: Timestamp) {
        let found = &mut snapshot.examination;
        let refuted = found.identity.as_ref().filter(|i| i.proof == Proof::Refuted);
        let Some((login, newest)) = refuted.zip(newest) else { return };
        let same = newest.identity.as_ref().is_some_and(|known| known.same_login(login));
        let pending = self.vault.state().pending.as_ref().filter(|p| p.identity.as_ref() == Some(login));
        let since = if same { Some(newest.made) } else { pending.map(|p| p.since) };
        if since.is_some_and(|since| now.as_second() - since.as_second() >= SETTLES_AFTER) {
            found.verdict = found.verdict.without(Code::PairRefuted);
        }
    }

    /// Why this snapshot may not become the archive, if it may not.
    pub(super) fn objection(
        &mut self,
        snapshot: &Snapshot,
        newest: Option<&Label>,
        now: Timestamp,
    ) -> Result<Option<Refusal>> {
        let verdict = &snapshot.examination.verdict;
        let least = newest.map_or(Worth::Something, Label::worth);
        if verdict.worth() < least {
            let reason = weakness(verdict);
            let refuted = verdict.without(Code::PairRefuted).worth() > verdict.worth();
            if let (true, Some(newest)) = (refuted, newest) {
                // Starts the minute after which it is believed.
                self.is_settled(snapshot.examination.identity.as_ref(), newest, now)?;
            }
            return Ok(Some(reason));
        }
        let Some(newest) = newest else { return Ok(None) };
        if rewound(&snapshot.examination.vector, &newest.vector).is_some() {
            return Ok(Some(Refusal::Rewound));
        }
        let settled = self.is_settled(snapshot.examination.identity.as_ref(), newest, now)?;
        Ok((!settled).then_some(Refusal::Unsettled))
    }

    /// Another login than the last archive's is believed when its parts are proved to belong together, when two
    /// looks a minute apart agree on it, or when the bot has ended and everything lies on disk.
    fn is_settled(&mut self, login: Option<&Identity>, newest: &Label, now: Timestamp) -> Result<bool> {
        let known = match (login, &newest.identity) {
            (Some(new), Some(old)) => new.same_login(old),
            (new, old) => new.is_none() && old.is_none(),
        };
        let proof = login.map_or(Proof::Unproved, |i| i.proof);
        let ended = || proof != Proof::Refuted && self.session.in_use() == Use::Free;
        if known || proof == Proof::Proved || ended() {
            self.vault.remember(|s| s.pending = None)?;
            return Ok(true);
        }
        let pending = self.vault.state().pending.clone().filter(|p| p.identity.as_ref() == login);
        let since = pending.map_or(now, |p| p.since.min(now));
        self.vault.remember(|s| s.pending = Some(Pending { identity: login.cloned(), since }))?;
        Ok(now.as_second() - since.as_second() >= SETTLES_AFTER)
    }
}

/// Whether an archive holds all that the snapshot shows. Which files changed doesn't matter: programs append empty
/// records and rewrite settings while nothing happens to the login.
pub(super) fn shows_the_same(snapshot: &Snapshot, archive: &Label) -> bool {
    let found = &snapshot.examination;
    found.vector == archive.vector
        && found.identity.as_ref().map(|i| &i.marks) == archive.identity.as_ref().map(|i| &i.marks)
        && found.verdict.worth() == archive.worth()
}

fn weakness(verdict: &Verdict) -> Refusal {
    match (verdict.grade, verdict.login) {
        (Grade::Broken | Grade::Missing, _) => Refusal::Broken,
        (_, Login::LoggedOut) => Refusal::LoggedOut,
        (Grade::Doubtful, _) => Refusal::Doubtful,
        (Grade::Sound, Login::Unknown | Login::Paired) => Refusal::UnknownLogin,
    }
}
