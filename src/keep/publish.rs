//! How a snapshot becomes an archive: written, verified, published; whole, or as a difference where that will do. What it
//! is worth was decided before.

use super::Keeping;
use crate::archive::{self, Archive, Content, Depth, Form, Written};
use crate::disk;
use crate::error::{Error, Result};
use crate::session::snapshot::Snapshot;
use crate::vault::journal::{Event, Refusal};
use crate::vault::label::Label;
use crate::verdict::masked;
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Instant;

/// Where a generation came to lie, and what it is a difference to.
struct Made {
    archive: PathBuf,
    in_place: bool,
    base: Option<u64>,
}

impl Keeping<'_> {
    pub(super) fn publish(&mut self, snapshot: &Snapshot, now: Timestamp, started: Instant) -> Result<Event> {
        let label = self.label(snapshot, self.vault.state().generation + 1, now);
        if let Some(event) = self.publish_difference(snapshot, &label, now, started)? {
            return Ok(event);
        }
        let base = self.vault.latest().and_then(|_| Archive::open(self.vault.archive()).ok());
        let to = self.vault.unfinished()?;
        let (written, verified) = self.with_content(snapshot, |content| {
            archive::write_verified(&to, content, &label.to_bytes(), base.as_ref(), self.form)
        })?;
        let in_place = self.vault.publish(verified, now)?;
        let made = Made { archive: self.vault.archive().to_owned(), in_place, base: None };
        self.tell_of(made, &written, &label, now, started)
    }

    /// What was published goes into the journal, and what it made superfluous goes.
    fn tell_of(
        &mut self,
        made: Made,
        written: &Written,
        label: &Label,
        now: Timestamp,
        started: Instant,
    ) -> Result<Event> {
        let Made { archive, in_place, base } = made;
        let event = Event::Created {
            archive,
            generation: label.generation,
            bytes: written.bytes,
            members: written.members,
            members_reused: written.members_reused,
            seconds: started.elapsed().as_secs_f64(),
            account: label.account.as_deref().map(masked),
            in_place,
            base,
        };
        self.vault.record(now, &event)?;
        self.vault.tidy(now)?;
        Ok(event)
    }

    /// Only what changed since an earlier generation, where that will do. One that doesn't verify together with its base
    /// is none: then all is written.
    fn publish_difference(
        &mut self,
        snapshot: &Snapshot,
        label: &Label,
        now: Timestamp,
        started: Instant,
    ) -> Result<Option<Event>> {
        let base = if self.at_leisure && !self.force { self.vault.base_for(label, now)? } else { None };
        let Some(base) = base.and_then(|path| Archive::open(&path).ok()) else { return Ok(None) };
        let to = self.vault.unfinished_difference()?;
        let written = self.with_content(snapshot, |content| {
            archive::write(&to, content, &label.to_bytes(), Some(&base), Form::Difference)
        })?;
        let verified = match archive::flush_and_verify(&to, Depth::Stored) {
            Err(Error::Damaged { .. }) => return disk::remove_file(&to).map(|()| None),
            other => other?,
        };
        let archive = self.vault.publish_difference(&verified, now)?;
        let base = Label::from_bytes(base.label(), base.path()).ok().map(|base| base.generation);
        self.tell_of(Made { archive, in_place: false, base }, &written, label, now, started).map(Some)
    }

    /// Does something with what of a snapshot goes into an archive.
    fn with_content<T>(&self, snapshot: &Snapshot, work: impl FnOnce(&Content) -> Result<T>) -> Result<T> {
        let kind = self.session.kind;
        work(&Content {
            root: &snapshot.root,
            prefix: &self.session.prefix,
            entries: &snapshot.entries,
            immutable: &|entry| kind.immutable(entry),
        })
    }

    fn label(&self, snapshot: &Snapshot, generation: u64, now: Timestamp) -> Label {
        let found = &snapshot.examination;
        Label {
            session: self.session.name.clone(),
            prefix: self.session.prefix.to_string_lossy().into_owned(),
            kind: self.session.kind.name().to_owned(),
            generation,
            made: now,
            host: self.host.to_owned(),
            verdict: found.verdict.grade,
            login: found.verdict.login,
            doubts: found.verdict.doubts(),
            account: found.verdict.account.clone(),
            vector: found.vector.clone(),
            identity: found.identity.clone(),
            versions: found.versions.clone(),
        }
    }

    /// What was written is what a restore would refuse. It isn't kept for diagnosis: its size says all.
    pub(super) fn refuse_unpackable(&mut self, now: Timestamp) -> Result<Event> {
        self.vault.unfinished()?;
        self.vault.unfinished_difference()?;
        self.refuse(Refusal::Unpackable, None, now)
    }

    pub(super) fn keep_rejected(&self, snapshot: &Snapshot, reason: Refusal, now: Timestamp) -> Result<PathBuf> {
        let to = self.vault.unfinished()?;
        let label = self.label(snapshot, 0, now).to_bytes();
        self.with_content(snapshot, |content| archive::write(&to, content, &label, None, self.form))?;
        self.vault.keep_rejected(&to, reason)
    }
}
