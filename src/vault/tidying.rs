//! Why each backup stays, and letting the others go: the rule of [`retention`] with the files it is about.

use super::backup::{Backup, Origin};
use super::label::Label;
use super::retention::{self, Why};
use super::{Vault, is_generation, is_good_generation};
use crate::disk;
use crate::error::Result;
use jiff::Timestamp;
use std::path::PathBuf;

/// How many arrived archives, and how many made before a restore, stay.
const SPARE: u32 = 3;

impl Vault {
    /// All backups with why each stays, newest first, as the rule stands now.
    pub fn explained(&self, now: Timestamp) -> Result<Vec<Backup>> {
        let mut all = self.backups()?;
        let mut generations: Vec<usize> =
            (0..all.len()).filter(|&i| is_generation(&all[i]) && !all[i].is_difference()).collect();
        // By number, not by time: a clock that was set back must not make the newest look old.
        generations.sort_by_key(|&i| std::cmp::Reverse(all[i].generation()));
        let of_rule: Vec<Backup> = generations.iter().map(|&i| all[i].clone()).collect();
        let why = retention::keep(&candidates(&of_rule), now, self.rules.keep_bytes);
        generations.into_iter().zip(why).for_each(|(i, why)| all[i].why = why);
        Ok(all)
    }

    /// Lets the backups go that no rule holds.
    pub fn tidy(&mut self, now: Timestamp) -> Result<()> {
        let mut gone: Vec<Backup> = self.explained(now)?.into_iter().filter(|b| b.why.is_none()).collect();
        // A kill between two leaves no difference without its base.
        gone.sort_by_key(|b| !b.is_difference());
        gone.into_iter().try_for_each(|b| disk::remove_file(&b.path))
    }

    /// Marks those that must stay.
    pub(super) fn explain(&self, backups: &mut [Backup]) {
        let ready = self.state.ready;
        let restored = self.state.restored.as_ref().and_then(|r| r.generation);
        let current = backups.iter().find(|b| is_good_generation(b)).and_then(|b| b.label.clone());
        let mut earlier = current.is_some();
        let (mut arrived, mut before) = (0..SPARE, 0..SPARE);
        for backup in backups.iter_mut() {
            backup.why = match (backup.origin, backup.generation()) {
                (Origin::Arrived, _) => arrived.next().map(|_| Why::Arrived),
                (Origin::BeforeRestore, _) => before.next().map(|_| Why::BeforeRestore),
                (_, Some(n)) if ready == Some(n) => Some(Why::Ready),
                (_, Some(n)) if restored == Some(n) => Some(Why::RestoredFrom),
                _ if earlier && is_of_earlier_pairing(backup, current.as_ref()) => {
                    earlier = false;
                    Some(Why::EarlierPairing)
                }
                _ => None,
            };
        }
        self.explain_differences(backups);
    }

    /// The newest difference stays until a newer archive has a file of its own; and with a difference, its base.
    fn explain_differences(&self, backups: &mut [Backup]) {
        let own = |b: &&Backup| is_generation(b) && !b.is_difference() && self.has_own_file(b);
        let own = backups.iter().filter(own).filter_map(|b| b.generation()).max();
        let newest = backups.iter_mut().filter(|b| b.is_difference());
        if let Some(newest) = newest.max_by_key(|b| b.generation()).filter(|b| b.generation() > own) {
            newest.why.get_or_insert(Why::Difference);
        }
        let needed: Vec<PathBuf> = backups.iter().filter(|b| b.why.is_some()).filter_map(|b| b.base.clone()).collect();
        for base in backups.iter_mut().filter(|b| needed.contains(&b.path)) {
            base.why.get_or_insert(Why::Base);
        }
    }
}

fn candidates(backups: &[Backup]) -> Vec<retention::Candidate> {
    let candidate = |b: &Backup| retention::Candidate { made: b.made, bytes: b.bytes, pinned: b.why };
    backups.iter().map(candidate).collect()
}

fn is_of_earlier_pairing(backup: &Backup, current: Option<&Label>) -> bool {
    is_good_generation(backup) && !matches!((&backup.label, current), (Some(b), Some(c)) if b.same_lineage(c))
}
