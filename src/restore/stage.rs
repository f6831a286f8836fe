//! Candidates unpacked beside the session, one by one, until one is worth restoring. The session itself isn't touched.

use super::{Restoring, Source, Wish};
use crate::disk;
use crate::error::{Error, Result};
use crate::session::find;
use crate::session::interior::Interior;
use crate::session::snapshot::Carry;
use crate::unpack;
use crate::vault::backup::label_of;
use crate::vault::journal::Event;
use crate::vault::label::Label;
use crate::verdict::{Code, Finding, Grade, Login, Verdict, Worth};
use std::path::{Path, PathBuf};

/// An archive unpacked and found worth restoring.
pub(super) struct Staged {
    pub(super) from: PathBuf,
    pub(super) label: Option<Label>,
    pub(super) verdict: Verdict,
    /// A better candidate that was no good.
    pub(super) passed_over: Option<PathBuf>,
}

impl Restoring<'_> {
    /// Unpacks candidates beside the session, newest first, until one is good.
    pub(super) fn stage_best(&mut self, candidates: Vec<PathBuf>) -> Result<std::result::Result<Staged, Event>> {
        let mut refused = None;
        for from in candidates {
            match self.stage(&from) {
                Ok(staged) if self.is_worth_it(&staged.verdict) => {
                    return Ok(Ok(Staged { passed_over: refused.map(|(from, _)| from), ..staged }));
                }
                Ok(staged) => refused = refused.or(Some((from, staged.verdict))),
                Err(Error::Damaged { what, .. }) => {
                    refused = refused.or(Some((from.clone(), damaged(&from, Code::ArchiveDamaged, what))));
                }
                Err(Error::Hostile { what, .. }) => {
                    refused = refused.or(Some((from.clone(), damaged(&from, Code::ArchiveHostile, what))));
                }
                Err(Error::NotInArchive { session, .. }) if !matches!(self.source, Source::File(_)) => {
                    let what = format!("no session {session} is in it");
                    refused = refused.or(Some((from.clone(), damaged(&from, Code::ArchiveDamaged, what))));
                }
                Err(e) => return Err(e),
            }
        }
        disk::remove_tree(&self.work.stage())?;
        match refused {
            Some((from, verdict)) => Ok(Err(Event::RestoreRefused { from, verdict: verdict.masked() })),
            None => Err(match self.source {
                Source::At(at) => Error::NothingSoOld { at },
                _ => Error::NothingToRestore { place: self.vault.archive().to_owned() },
            }),
        }
    }

    /// A session that isn't there, while the one that its archive was made of stands beside it, is a slip of the path: a
    /// second copy of the login would come to be kept, and the bot's own not.
    pub(super) fn require_the_right_path(&self, before: &Verdict, archive: Option<&PathBuf>) -> Result<()> {
        if before.grade != Grade::Missing || self.wish == Wish::Forced {
            return Ok(());
        }
        let Some(label) = archive.and_then(|from| label_of(from)) else { return Ok(()) };
        let other = self.session.home.join(&label.prefix);
        let is_another = other != self.session.path && find::kind_of(&other).is_some_and(|k| k.name() == label.kind);
        if is_another { Err(Error::OtherSession { path: self.session.path.clone(), other }) } else { Ok(()) }
    }

    fn is_worth_it(&self, staged: &Verdict) -> bool {
        let least = if self.wish == Wish::Forced { Worth::Something } else { Worth::Good };
        staged.worth() >= least
    }

    fn stage(&self, from: &Path) -> Result<Staged> {
        let interior = self.interior(from)?;
        let stage = self.work.stage();
        unpack::unfold(from, &interior, &stage, Carry::All)?;
        self.session.kind.mend(&self.session.path, &stage, self.wish == Wish::Forced)?;
        let mut verdict = self.session.kind.examine(&stage)?.verdict;
        let label = label_of(from);
        // A pair that the keeper came to believe in is believed here too.
        if label.as_ref().is_some_and(Label::is_good) {
            verdict = verdict.without(Code::PairRefuted);
        }
        Ok(Staged { from: from.to_owned(), label, verdict, passed_over: None })
    }

    /// This session within an archive.
    fn interior(&self, from: &Path) -> Result<Interior> {
        let all = unpack::sessions_in(from)?;
        unpack::meant(&all, |i| &i.prefix, &self.session.name, self.alone)
            .filter(|interior| interior.kind.name() == self.session.kind.name() || !self.is_a_name_only())
            .cloned()
            .ok_or_else(|| Error::NotInArchive { path: from.to_owned(), session: self.session.name.clone() })
    }
}

fn damaged(path: &Path, code: Code, what: String) -> Verdict {
    Verdict::new("archive", Login::Unknown, None, vec![Finding::new(code, path, what)])
}
