//! Who looks on at the keeper's rounds, and only looks.

use super::round::Round;
use super::ward::Ward;
use crate::vault::journal::Event;
use std::path::PathBuf;

/// Who looks on at every round, also at those in which nothing is new: notices, metrics.
pub trait Witness {
    /// A round begins.
    fn begins(&mut self);
    /// One session's part of a round is over.
    fn saw(&mut self, ward: &Ward, round: &Round);
    /// A round is over.
    fn ends(&mut self, seconds: f64);
    /// The keeper ends: what is still on its way may take a moment.
    fn leaves(&mut self) {}
    /// What it has to say itself, and of which vault's session; of none that concerns all.
    fn news(&mut self) -> Vec<(Option<PathBuf>, Event)> {
        Vec::new()
    }
}
