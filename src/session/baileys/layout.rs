//! How Baileys lays out a login, as data: `layout.json`. It says what a file's name means, never what is in it.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// The file with the login itself.
pub const CREDS: &str = "creds.json";

/// The layout.
pub static LAYOUT: LazyLock<Layout> =
    LazyLock::new(|| serde_json::from_str(include_str!("layout.json")).expect("layout.json is part of the program"));

/// What `layout.json` holds.
#[derive(Deserialize)]
pub struct Layout {
    key_types: BTreeMap<String, Vec<String>>,
    spare_ends: Vec<String>,
    /// JSON pointers of key pairs.
    pub key_pairs: KeyPairs,
    /// JSON pointers of numbers.
    pub numbers: Vec<String>,
    /// JSON pointer of the signed pre-key's signature.
    pub signature: String,
    /// Fields of `account` with their lengths in bytes; no length where any will do.
    pub account: BTreeMap<String, Option<usize>>,
    /// The store that is one SQLite file.
    pub sqlite: Sqlite,
}

/// Where key pairs stand in `creds.json`.
#[derive(Deserialize)]
pub struct KeyPairs {
    /// In every version.
    pub needed: Vec<String>,
    /// In newer ones: right where it is there.
    pub since_6_5: Vec<String>,
}

/// Names in the SQLite store.
#[derive(Deserialize)]
pub struct Sqlite {
    /// All of which make a file ours.
    pub tables: Vec<String>,
    /// The key of the row that holds what `creds.json` holds.
    pub creds_row: String,
}

/// What a file of the folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// `creds.json`.
    Creds,
    /// A key file, with its type and id (`/` written as `__`, `:` as `-`).
    Key(&'a str, &'a str),
    /// The file before the last write (`.bak`, of the development branch).
    Before,
    /// A write under way (`.tmp`, of the development branch).
    Unfinished,
}

/// What an entry of the folder is; `None` for what isn't Baileys'.
pub fn part(entry: &Path) -> Option<Part<'_>> {
    let name = entry.to_str().filter(|n| !n.contains('/'))?;
    for end in &LAYOUT.spare_ends {
        if let Some(stem) = name.strip_suffix(end.as_str()) {
            whole_part(stem)?;
            return Some(if end == ".bak" { Part::Before } else { Part::Unfinished });
        }
    }
    whole_part(name)
}

fn whole_part(name: &str) -> Option<Part<'_>> {
    if name == CREDS {
        return Some(Part::Creds);
    }
    let stem = name.strip_suffix(".json")?;
    // The longest type wins: `sender-key-memory-…` is no `sender-key`.
    let of = |kind: &String| stem.strip_prefix(kind.as_str()).and_then(|id| id.strip_prefix('-'));
    let known = LAYOUT.key_types.values().flatten().filter(|kind| of(kind).is_some_and(|id| !id.is_empty()));
    let kind = known.max_by_key(|kind| kind.len())?;
    Some(Part::Key(&stem[..kind.len()], &stem[kind.len() + 1..]))
}

/// The number of a pre-key's file. Signal's ids have 24 bits: a file of a higher number is no pre-key.
pub fn pre_key_number(entry: &Path) -> Option<u64> {
    match part(entry)? {
        Part::Key("pre-key", id) => id.parse().ok().filter(|number| *number < 1 << 24),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        let table: &[(&str, Option<Part<'_>>)] = &[
            ("creds.json", Some(Part::Creds)),
            ("creds.json.bak", Some(Part::Before)),
            ("creds.json.tmp", Some(Part::Unfinished)),
            ("pre-key-17.json", Some(Part::Key("pre-key", "17"))),
            ("session-77000111222_1.3.json", Some(Part::Key("session", "77000111222_1.3"))),
            ("sender-key-memory-1-2@g.us.json", Some(Part::Key("sender-key-memory", "1-2@g.us"))),
            ("sender-key-1-2@g.us--3--0.json", Some(Part::Key("sender-key", "1-2@g.us--3--0"))),
            ("app-state-sync-key-AAAAAC__+.json", Some(Part::Key("app-state-sync-key", "AAAAAC__+"))),
            ("lid-mapping-77_reverse.json", Some(Part::Key("lid-mapping", "77_reverse"))),
            ("pre-key-17.json.bak", Some(Part::Before)),
            ("pre-key-.json", None),
            ("package.json", None),
            ("package-lock.json", None),
            ("credentials.json", None),
            ("creds.json.old", None),
            ("sessions/creds.json", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(part(Path::new(name)), *expected, "{name}");
        }
        assert_eq!(pre_key_number(Path::new("pre-key-12.json")), Some(12));
        assert_eq!(pre_key_number(Path::new("pre-key-x.json")), None);
        assert_eq!(pre_key_number(Path::new("pre-key-16777216.json")), None);
    }
}
