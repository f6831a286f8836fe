//! Whether a session needs to be restored, and why not where it doesn't (law 2).

use super::{Restoring, Wish};
use crate::disk;
use crate::error::Result;
use crate::vault::journal::{Event, Reason, Refusal, Told};
use crate::verdict::{Grade, Login, Verdict};
use jiff::Timestamp;

/// A QR page younger than this may be in the middle of being scanned, in seconds.
const QR_PAGE_IS_YOUNG: i64 = 600;

/// How many archives of a logged-out session are tried before a person is asked: the newest and one older.
const MOST_TRIES: u32 = 2;

impl Restoring<'_> {
    /// Why the session must stay as it is, if it must (law 2).
    pub(super) fn reason_to_leave(&mut self, verdict: &Verdict, now: Timestamp) -> Result<Option<Reason>> {
        if self.wish == Wish::Forced {
            return Ok(None);
        }
        if verdict.is_good() {
            return Ok(Some(Reason::Good));
        }
        let logged_out = verdict.login == Login::LoggedOut;
        if logged_out && self.qr_page_is_young(now)? {
            return Ok(Some(Reason::QrPage));
        }
        match self.wish {
            Wish::IfNeeded => self.reason_against_doing_it_unasked(verdict, logged_out),
            Wish::Asked | Wish::Forced => Ok(None),
        }
    }

    fn reason_against_doing_it_unasked(&mut self, verdict: &Verdict, logged_out: bool) -> Result<Option<Reason>> {
        if self.vault.state().tombstone.is_some() {
            return Ok(Some(Reason::Tombstone));
        }
        match (verdict.grade, verdict.login) {
            (Grade::Broken | Grade::Missing, _) => Ok(None),
            _ if logged_out && self.session.kind.logs_out_for_good() => Ok(Some(Reason::Tombstone)),
            _ if logged_out => self.after_logout(),
            (Grade::Doubtful, _) => Ok(Some(Reason::Doubtful)),
            (Grade::Sound, _) => Ok(Some(Reason::UnknownLogin)),
        }
    }

    /// A login that ended by a local fault comes back from an older copy; one that the server ended doesn't.
    fn after_logout(&mut self) -> Result<Option<Reason>> {
        if !self.was_paired()? {
            return Ok(Some(Reason::NeverPaired));
        }
        if let Some(restored) = self.on_trial() {
            if !self.dry_run {
                self.vault.remember(|s| {
                    if !s.refused.contains(&restored.fingerprint) {
                        s.refused.push(restored.fingerprint);
                    }
                })?;
            }
            if restored.tries >= MOST_TRIES {
                return Ok(Some(Reason::Exhausted));
            }
        }
        Ok(None)
    }

    fn was_paired(&self) -> Result<bool> {
        let labels = self.vault.backups()?.into_iter().filter_map(|b| b.label);
        Ok(labels.chain(self.vault.latest()).any(|l| l.is_good()))
    }

    /// Since when the QR page can have been open: since the bot showed it or the keeper first met it, else since the
    /// folder was made or the login last seen. Where nobody can have seen the page, only what the bot told counts.
    fn qr_page_is_young(&self, now: Timestamp) -> Result<bool> {
        let met = self.vault.events()?.into_iter().rev().find_map(|line| match line.event {
            Event::Told { what: Told::Qr, .. } => Some(Some(line.time.as_second())),
            Event::Refused { reason: Refusal::LoggedOut, .. } if !self.qr_unseen => Some(Some(line.time.as_second())),
            Event::Created { .. } | Event::Restored { .. } => Some(None),
            _ => None,
        });
        if self.qr_unseen {
            return Ok(is_young(met.flatten(), now));
        }
        let made = self.vault.newest()?.map(|(_, label)| label.made.as_second());
        let since = met.flatten().or_else(|| disk::born(&self.session.path).max(made));
        Ok(is_young(since, now))
    }
}

fn is_young(since: Option<i64>, now: Timestamp) -> bool {
    since.is_some_and(|since| (0..QR_PAGE_IS_YOUNG).contains(&(now.as_second() - since)))
}
