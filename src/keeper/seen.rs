//! The sessions as those outside see them, metrics and page: how each stands, and under which name. Names may hold phone
//! numbers; those that are shown hold none, and still each session has its own.

use super::standing::Outlook;
use super::ward::{Ward, wards};
use crate::config::Config;
use crate::error::Result;
use crate::text::Lang;
use crate::verdict::veiled;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::time::SystemTime;

/// A session from outside.
#[derive(Debug)]
pub struct Seen {
    /// The name that is shown: unique here.
    pub name: String,
    /// The session and where all that belongs to it stands.
    pub ward: Ward,
    /// How it stands.
    pub outlook: Outlook,
}

/// All sessions as they are now. One that can't be read is seen as just that.
pub fn look(config: &Config, lang: Lang, now: Timestamp) -> Result<Vec<Seen>> {
    let wards = wards(config)?;
    let names = names(&wards);
    let unreadable = |e| Outlook::unreadable(lang.error(&e).what);
    let seen = wards.into_iter().zip(names).map(|(ward, name)| {
        let outlook = Outlook::of(&ward, config, now).unwrap_or_else(unreadable);
        Seen { name, ward, outlook }
    });
    Ok(seen.collect())
}

/// A name for each: masked, and of those that look the same then the later ones are numbered. The order is that in which
/// their vaults were made, so that a newcomer changes no other's name; it has nothing to do with the numbers masked.
fn names(wards: &[Ward]) -> Vec<String> {
    let mut order: Vec<usize> = (0..wards.len()).collect();
    order.sort_by_cached_key(|&n| (made(&wards[n]), wards[n].session.path.clone()));
    let mut taken = BTreeSet::new();
    let mut names = vec![String::new(); wards.len()];
    for n in order {
        let masked = veiled(&wards[n].session.name);
        let numbered = (2..).map(|count| format!("{masked}~{count}"));
        let mut free = std::iter::once(masked.clone()).chain(numbered).filter(|name| !taken.contains(name));
        names[n] = free.next().expect("numbers don't end");
        taken.insert(names[n].clone());
    }
    names
}

/// When its vault was made; those without one, and those on a file system that doesn't say, come last.
fn made(ward: &Ward) -> (bool, Option<SystemTime>) {
    let made = fs::metadata(ward.vault.dir()).and_then(|m| m.created()).ok();
    (made.is_none(), made)
}

impl Seen {
    /// A sentence or path that may be shown: the folders' and the session's names masked. Archives keep theirs, whose
    /// long numbers are times.
    pub fn veil(&self, text: &str) -> String {
        let (home, name) = (self.ward.session.home.to_string_lossy(), &self.ward.session.name);
        let text = text.replace(&*home, &veiled(&home));
        if veiled(name) == *name { text } else { text.replace(name, &self.name) }
    }

    /// The same for everything in a value; what says which session it is says it by the name that is shown.
    pub fn veil_all(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.veil(text),
            Value::Array(list) => list.iter_mut().for_each(|v| self.veil_all(v)),
            Value::Object(map) => {
                map.values_mut().for_each(|v| self.veil_all(v));
                if let Some(session) = map.get_mut("session").filter(|s| s.is_string()) {
                    *session = Value::String(self.name.clone());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;
    use serde_json::json;
    use std::path::Path;

    fn seen(folder: &Path) -> Vec<Seen> {
        let config =
            Config { places: vec![Place { path: folder.to_owned(), ..Place::default() }], ..Config::default() };
        look(&config, Lang::En, Timestamp::from_second(1_700_000_000).unwrap()).unwrap()
    }

    fn make(folder: &Path, name: &str) {
        for part in ["Default/IndexedDB", "Default/Local Storage/leveldb"] {
            fs::create_dir_all(folder.join(name).join(part)).unwrap();
        }
        let vault = folder.parent().unwrap().join(".wakeep").join(name);
        fs::create_dir_all(vault).unwrap();
        // The clock by which file systems date has ticks.
        std::thread::sleep(std::time::Duration::from_millis(30));
    }

    #[test]
    fn names_are_unique_hold_no_number_and_stay_when_others_come() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".wwebjs_auth");
        make(&folder, "session-79002224567");
        make(&folder, "session-79003334567");
        make(&folder, "session-shop");
        let dated = fs::metadata(&folder).unwrap().created().is_ok();
        make(&folder, "session-79001114567");
        let mut all: Vec<_> = seen(&folder).into_iter().map(|s| (s.ward.session.name, s.name)).collect();
        all.sort();
        let masked = "session-79•••••4567";
        let names: Vec<&str> = all.iter().map(|(_, shown)| shown.as_str()).collect();
        let (second, third) = (format!("{masked}~2"), format!("{masked}~3"));
        if dated {
            assert_eq!(names, [&third, masked, &second, "session-shop"]);
        } else {
            assert_eq!(names, [masked, &second, &third, "session-shop"]);
        }
    }

    #[test]
    fn what_is_shown_of_a_session_holds_no_number_but_those_of_archives() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("bot-79001234567/.wwebjs_auth");
        make(&folder, "session-79002224567");
        let one = seen(&folder).remove(0);
        let path = |name: &str| folder.join(name).display().to_string();
        let mut value = json!({
            "session": "session-79002224567",
            "path": path("session-79002224567"),
            "events": [{"kept": path("whatsapp_auth_20261124_120400.tar.gz")}],
        });
        one.veil_all(&mut value);
        let text = value.to_string();
        assert!(!text.contains("79001234567") && !text.contains("79002224567"), "{text}");
        assert!(text.contains("20261124_120400"), "{text}");
        assert_eq!(value["session"], "session-79•••••4567");
    }
}
