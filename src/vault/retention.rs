//! Which backups stay, and why. A rule over facts: it touches no files.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const HOUR: i64 = 3600;

/// From which age on there is to be one backup, in hours, with why.
const LADDER: [(i64, Why); 5] = [(1, Why::Hour), (6, Why::SixHours), (24, Why::Day), (48, Why::Day), (72, Why::Day)];

/// Why a backup stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The newest one.
    Newest,
    /// The newest that the bot reported to be accepted by the server.
    Ready,
    /// The session was restored from it.
    RestoredFrom,
    /// Somebody put it at the archive's path.
    Arrived,
    /// The newest of the pairing before this one.
    EarlierPairing,
    /// What stood before a restore; the newest of them.
    BeforeRestore,
    /// The newest that was made since the archive at its path.
    Difference,
    /// A difference is read with it.
    Base,
    /// The one that is an hour old, or will be.
    Hour,
    /// The one that is six hours old, or will be.
    SixHours,
    /// One a day, for three days.
    Day,
}

impl Why {
    /// Whether it stays whatever the byte budget says.
    fn is_pinned(self) -> bool {
        self <= Why::Base
    }
}

/// What the rule needs to know of a backup.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// When it was made.
    pub made: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// Why it must stay, where it must.
    pub pinned: Option<Why>,
}

/// For each candidate (newest first) why it stays, or `None` where it is let go. Within `budget` bytes, pinned ones
/// not counted out.
pub fn keep(candidates: &[Candidate], now: Timestamp, budget: u64) -> Vec<Option<Why>> {
    let mut kept: Vec<Option<Why>> = candidates.iter().map(|c| c.pinned).collect();
    if let Some(newest) = kept.first_mut() {
        newest.get_or_insert(Why::Newest);
    }
    let age = |c: &Candidate| (now.as_second() - c.made.as_second()).max(0);
    let mut below = 0;
    for (hours, why) in LADDER {
        let from = hours * HOUR;
        // The rung itself: the youngest that has reached the age; and the oldest on its way there.
        let reached = candidates.iter().position(|c| age(c) >= from);
        let coming = candidates.iter().rposition(|c| (below..from).contains(&age(c)));
        for index in [reached, coming].into_iter().flatten() {
            kept[index].get_or_insert(why);
        }
        below = from;
    }
    within(candidates, kept, budget)
}

/// Lets the oldest unpinned ones go until the rest fits.
fn within(candidates: &[Candidate], mut kept: Vec<Option<Why>>, budget: u64) -> Vec<Option<Why>> {
    let mut total: u64 = candidates.iter().zip(&kept).filter(|(_, k)| k.is_some()).map(|(c, _)| c.bytes).sum();
    for (candidate, why) in candidates.iter().zip(&mut kept).rev() {
        if total > budget && why.is_some_and(|w| !w.is_pinned()) {
            total -= candidate.bytes;
            *why = None;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    /// A bot archived every two minutes for five days, the rule applied each time.
    fn five_days(budget: u64) -> Vec<(i64, Why)> {
        let mut stay: Vec<Candidate> = Vec::new();
        let mut told = Vec::new();
        for minute in (0..5 * 24 * 60).step_by(2) {
            stay.insert(0, Candidate { made: at(minute), bytes: 10, pinned: None });
            let why = keep(&stay, at(minute), budget);
            told = why.iter().zip(&stay).filter_map(|(w, c)| w.map(|w| (c.made, w))).collect();
            stay = stay.into_iter().zip(&why).filter(|(_, w)| w.is_some()).map(|(c, _)| c).collect();
        }
        let end = stay[0].made;
        told.into_iter().map(|(made, w)| ((end.as_second() - made.as_second()) / 3600, w)).collect()
    }

    #[test]
    fn five_busy_days_leave_a_ladder_of_ages() {
        let left = five_days(u64::MAX);
        assert_eq!(left[0], (0, Why::Newest));
        for (low, high) in [(1, 2), (6, 12), (24, 48), (48, 72), (72, 96)] {
            assert!(left.iter().any(|(age, _)| (low..=high).contains(age)), "none of {low}..{high} h in {left:?}");
        }
        assert!(left.len() <= 11, "{left:?}");
    }

    #[test]
    fn the_budget_lets_go_the_oldest_first_but_no_pinned_one() {
        assert!(five_days(30).len() <= 3);
        let pinned = Candidate { made: at(0), bytes: 100, pinned: Some(Why::Ready) };
        let plain = |m| Candidate { made: at(m), bytes: 100, pinned: None };
        let why = keep(&[plain(200), plain(100), pinned], at(201), 200);
        assert_eq!(why, [Some(Why::Newest), None, Some(Why::Ready)]);
    }

    #[test]
    fn a_clock_set_back_lets_nothing_new_go() {
        let plain = |m| Candidate { made: at(m), bytes: 1, pinned: None };
        assert_eq!(keep(&[plain(500)], at(0), 10), [Some(Why::Newest)]);
    }
}
