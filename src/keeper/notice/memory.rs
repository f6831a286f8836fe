//! What was told of a session, so that it isn't told again: in the vault, since it must survive a restart.

use crate::disk;
use crate::error::{At, Result};
use crate::notice::{Condition, News};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Seconds after which something that goes on is told again: longer each time, then once a week.
const REMINDERS: [i64; 4] = [3600, 6 * 3600, 24 * 3600, 72 * 3600];
const LAST_REMINDER: i64 = 7 * 24 * 3600;

/// What is wrong and what was told of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// By the conditions' names.
    open: BTreeMap<String, Open>,
    /// Since when something has been wrong that was told.
    since: Option<Timestamp>,
    /// The last line of the journal that was looked at.
    pub seen: Option<Timestamp>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open {
    #[serde(flatten)]
    condition: Condition,
    since: Timestamp,
    told: usize,
    last: Option<Timestamp>,
}

impl Memory {
    /// Reads it. One that can't be read any more is begun anew: then something is told twice.
    pub fn load(vault: &Path) -> Result<Memory> {
        let file = vault.join("notices.json");
        if !disk::exists(&file) {
            return Ok(Memory::default());
        }
        let bytes = fs::read(&file).at("reading", &file)?;
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Replaces it.
    pub fn save(&self, vault: &Path) -> Result<()> {
        disk::make_dir(vault)?;
        let text = serde_json::to_vec_pretty(self).expect("a memory has string keys only");
        disk::write_whole(&vault.join("notices.json"), &text)
    }

    /// Takes what is wrong now, and returns what is to be told.
    pub fn settle(&mut self, wrong: &[Condition], now: Timestamp) -> Vec<News> {
        let mut news = self.over(wrong, now);
        for condition in wrong {
            news.extend(self.goes_on(condition, now));
        }
        news
    }

    /// Well is told where nothing is wrong at all, what is in its grace included.
    fn over(&mut self, wrong: &[Condition], now: Timestamp) -> Vec<News> {
        let names: Vec<&str> = wrong.iter().map(Condition::name).collect();
        let (stay, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.open).into_iter().partition(|(name, _)| names.contains(&name.as_str()));
        self.open = stay;
        if wrong.is_empty() {
            let since = self.since.take();
            return since.map(|since| News::Well { since: since.min(now) }).into_iter().collect();
        }
        // What has only changed its face isn't over.
        let ended = |o: &Open| o.told > 0 && wrong.iter().all(|c| c.matter() != o.condition.matter());
        let gone = gone.into_values().filter(ended);
        gone.map(|o| News::Ended { condition: o.condition, since: o.since }).collect()
    }

    /// Whether something is wrong that was told.
    pub fn is_troubled(&self) -> bool {
        self.open.values().any(|o| o.told > 0)
    }

    /// Whether this is wrong as far as is known.
    pub fn has(&self, condition: &str) -> bool {
        self.open.contains_key(condition)
    }

    fn goes_on(&mut self, condition: &Condition, now: Timestamp) -> Option<News> {
        let new = || Open { condition: condition.clone(), since: now, told: 0, last: None };
        let open = self.open.entry(condition.name().to_owned()).or_insert_with(new);
        let age = |t: Timestamp| now.as_second() - t.as_second();
        let due = match open.last {
            None => age(open.since) >= condition.grace(),
            Some(last) => age(last) >= REMINDERS.get(open.told - 1).copied().unwrap_or(LAST_REMINDER),
        };
        if !due {
            return None;
        }
        open.condition = condition.clone();
        (open.told, open.last) = (open.told + 1, Some(now));
        self.since.get_or_insert(open.since);
        let condition = condition.clone();
        Some(if open.told == 1 { News::Began { condition } } else { News::GoesOn { condition, since: open.since } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Standing;
    use crate::vault::journal::Refusal;

    const LOST: Condition = Condition::SessionLost { standing: Standing::Broken };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn what_lasts_is_told_once_then_ever_less_often_then_that_it_is_over() {
        let mut memory = Memory::default();
        let mut told = Vec::new();
        for minute in (0..=60 * 24 * 4).step_by(2) {
            let news = memory.settle(&[LOST], at(minute));
            told.extend(news.iter().map(|n| (minute, matches!(n, News::Began { .. }))));
        }
        let expected = [(0, true), (60, false), (420, false), (1860, false)];
        assert_eq!(told, expected);
        assert_eq!(memory.settle(&[], at(7000)), [News::Well { since: at(0) }]);
        assert_eq!(memory.settle(&[], at(7002)), []);
    }

    #[test]
    fn what_mends_itself_in_time_is_no_news() {
        let refused = Condition::SnapshotsRefused { reason: Refusal::Restless };
        let mut memory = Memory::default();
        for minute in [0, 2, 4, 6, 8] {
            assert_eq!(memory.settle(std::slice::from_ref(&refused), at(minute)), []);
        }
        assert_eq!(memory.settle(&[], at(9)), []);
        memory.settle(std::slice::from_ref(&refused), at(10));
        assert_eq!(memory.settle(std::slice::from_ref(&refused), at(20)).len(), 1);
    }

    #[test]
    fn one_thing_right_again_is_not_all_right() {
        let mut memory = Memory::default();
        memory.settle(&[LOST, Condition::DrillFailed], at(0));
        let news = memory.settle(&[Condition::DrillFailed], at(5));
        assert_eq!(news, [News::Ended { condition: LOST, since: at(0) }]);
        assert_eq!(memory.settle(&[], at(9)), [News::Well { since: at(0) }]);
    }

    #[test]
    fn what_gets_worse_is_not_well() {
        let mut memory = Memory::default();
        memory.settle(&[LOST], at(0));
        assert_eq!(memory.settle(&[Condition::QrNeeded], at(5)), [News::Began { condition: Condition::QrNeeded }]);
        assert_eq!(memory.settle(&[], at(9)), [News::Well { since: at(0) }]);

        let (week, longer) = (Condition::PhoneUnseen { days: 7 }, Condition::PhoneLongUnseen { days: 12 });
        memory.settle(&[week], at(10));
        let news = memory.settle(std::slice::from_ref(&longer), at(20));
        assert_eq!(news, [News::Began { condition: longer }]);
    }

    #[test]
    fn what_is_in_its_grace_keeps_all_from_being_well() {
        let refused = Condition::SnapshotsRefused { reason: Refusal::Restless };
        let mut memory = Memory::default();
        memory.settle(&[LOST], at(0));
        let news = memory.settle(std::slice::from_ref(&refused), at(5));
        assert_eq!(news, [News::Ended { condition: LOST, since: at(0) }]);
        assert!(!memory.is_troubled());
        assert_eq!(memory.settle(&[], at(6)), [News::Well { since: at(0) }]);
    }

    #[test]
    fn a_session_that_is_away_for_one_look_is_no_news() {
        let gone = Condition::SessionLost { standing: Standing::Missing };
        let mut memory = Memory::default();
        assert_eq!(memory.settle(std::slice::from_ref(&gone), at(0)), []);
        assert_eq!(memory.settle(&[], at(1)), []);
        memory.settle(std::slice::from_ref(&gone), at(2));
        assert_eq!(memory.settle(std::slice::from_ref(&gone), at(3)).len(), 1);
    }

    #[test]
    fn it_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut memory = Memory::default();
        memory.settle(&[LOST], at(0));
        memory.save(dir.path()).unwrap();
        let mut again = Memory::load(dir.path()).unwrap();
        assert_eq!(again, memory);
        assert_eq!(again.settle(&[LOST], at(2)), []);
    }
}
