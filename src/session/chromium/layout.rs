//! What lies where in a profile, and what the login is called there: the data of `profile.toml` and
//! `whatsapp.toml`. Judges names only.

use crate::session::leveldb;
use serde::Deserialize;
use std::path::Path;
use std::sync::LazyLock;

/// Where things lie in a profile.
pub static PROFILE: LazyLock<Profile> = LazyLock::new(|| {
    toml::from_str(include_str!("profile.toml")).expect("profile.toml is part of the program and tested")
});

/// What WhatsApp Web calls them.
pub static WHATSAPP: LazyLock<WhatsApp> = LazyLock::new(|| {
    toml::from_str(include_str!("whatsapp.toml")).expect("whatsapp.toml is part of the program and tested")
});

/// The paths of `profile.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub login: LoginPaths,
    pub optional: Optional,
    pub leveldb: LevelDbFiles,
    pub never: Never,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginPaths {
    pub local_storage: String,
    pub indexed_db: String,
    pub blobs: String,
    pub local_storage_sqlite: String,
    pub indexed_db_sqlite: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optional {
    pub largest: u64,
    pub files: Vec<String>,
    pub leveldb: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelDbFiles {
    pub never: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    pub paths: Vec<String>,
}

/// The names of `whatsapp.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsApp {
    pub origin: String,
    pub local_storage: LocalNames,
    pub indexed_db: IndexedNames,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalNames {
    pub account: String,
    pub required: Vec<String>,
    pub paired_only: Vec<String>,
    pub page: Vec<String>,
    pub salt: String,
    pub noise: String,
    pub noise_iv: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedNames {
    pub key: RecordName,
    pub identity: RecordName,
    pub version: Versions,
}

/// The records that can tell a version: those of one store whose key holds a word, in whatever case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    pub database: String,
    pub store: String,
    pub word: String,
}

impl Versions {
    /// Whether a record is one of them by its key alone.
    pub fn may_have(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if text.to_ascii_lowercase().contains(&self.word))
    }

    /// Whether a record is one of them.
    pub fn has(&self, name: &RecordName) -> bool {
        self.database == name.database && self.store == name.store && self.may_have(&name.key)
    }
}

impl IndexedNames {
    /// Whether a record is one of a login's.
    pub fn holds(&self, name: &RecordName) -> bool {
        self.all().any(|record| record == *name)
    }

    /// All records that can make up a login.
    pub fn all(&self) -> impl Iterator<Item = RecordName> {
        self.keys().chain([self.identity.clone()])
    }

    /// The rows of the key store. WhatsApp Web adds one when the one before is 96 weeks old.
    pub fn keys(&self) -> impl Iterator<Item = RecordName> {
        (1..=KEY_ROWS).map(|row| RecordName { key: Key::Number(row), ..self.key.clone() })
    }
}

/// More rows than the key store gets in fourteen years.
const KEY_ROWS: u32 = 8;

/// One record of IndexedDB.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct RecordName {
    pub database: String,
    pub store: String,
    pub key: Key,
}

/// A key of a record, as far as logins use them.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
pub enum Key {
    Number(u32),
    Text(String),
}

/// Which part of a profile an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A folder on the way to something that matters.
    Way,
    /// The login itself.
    Login,
    /// Carried, but not the login.
    Optional,
    /// Caches, locks and everything else.
    None,
}

impl Profile {
    /// The part an entry belongs to.
    pub fn part(&self, entry: &Path) -> Part {
        let login = &self.login;
        let (dbs, blobs) = ([&login.local_storage, &login.indexed_db], Path::new(&login.blobs));
        if dbs.iter().any(|db| self.in_leveldb(entry, db))
            || entry.starts_with(blobs)
            || in_sqlite(entry, &login.local_storage_sqlite)
            || in_folder(entry, &login.indexed_db_sqlite)
        {
            return Part::Login;
        }
        if self.optional.files.iter().any(|file| in_sqlite(entry, file))
            || self.optional.leveldb.iter().any(|db| self.in_leveldb(entry, db))
        {
            return Part::Optional;
        }
        if self.all().any(|path| Path::new(path).starts_with(entry)) { Part::Way } else { Part::None }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        let login = &self.login;
        [&login.local_storage, &login.indexed_db, &login.blobs, &login.indexed_db_sqlite]
            .into_iter()
            .chain(&self.optional.files)
            .chain(&self.optional.leveldb)
    }

    fn in_leveldb(&self, entry: &Path, db: &str) -> bool {
        let Ok(inside) = entry.strip_prefix(db) else {
            return false;
        };
        inside.to_str().is_some_and(|name| !self.leveldb.never.iter().any(|n| n == name))
    }

    /// Whether an entry is never taken and never put back.
    pub fn forbids(&self, entry: &Path) -> bool {
        self.never.paths.iter().any(|path| entry.starts_with(path))
    }

    /// Whether a file is never written again once it is there: tables, and blobs.
    pub fn immutable(&self, entry: &Path) -> bool {
        let login = &self.login;
        let table = entry.file_name().and_then(|n| n.to_str()).and_then(leveldb::table_number);
        let in_db = [&login.local_storage, &login.indexed_db].iter().any(|db| entry.starts_with(db));
        (in_db && table.is_some()) || entry.starts_with(&login.blobs)
    }
}

/// A SQLite database and the files that belong to it. `-shm` is made anew at every opening.
fn in_sqlite(entry: &Path, db: &str) -> bool {
    let name = entry.to_str().and_then(|entry| entry.strip_prefix(db));
    name.is_some_and(|rest| matches!(rest, "" | "-wal" | "-journal"))
}

fn in_folder(entry: &Path, folder: &str) -> bool {
    entry.starts_with(folder) && !entry.as_os_str().as_encoded_bytes().ends_with(b"-shm")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(entry: &str) -> Part {
        PROFILE.part(Path::new(entry))
    }

    #[test]
    fn the_data_can_be_read() {
        assert_eq!(WHATSAPP.indexed_db.key.key, Key::Number(1));
        assert!(PROFILE.optional.largest > 0);
    }

    #[test]
    fn logins_matter_and_caches_do_not() {
        assert_eq!(part("Default/Local Storage/leveldb/CURRENT"), Part::Login);
        assert_eq!(part("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.blob/3/00/5"), Part::Login);
        assert_eq!(part("Default/LocalStorage-wal"), Part::Login);
        assert_eq!(part("Default/IndexedDB/https_web.whatsapp.com_0/C7VKP2-wal"), Part::Login);
        assert_eq!(part("Default/Local Storage"), Part::Way);
        assert_eq!(part("Default"), Part::Way);
        assert_eq!(part("Local State"), Part::Optional);
        for never in [
            "SingletonLock",
            "Default/Sessions",
            "Default/Sessions_Encrypted",
            "Default/Cache",
            "Default/Local Storage/leveldb/LOCK",
            "Default/Local Storage/leveldb/LOG.old",
            "Default/IndexedDB/https_web.whatsapp.com_0/C7VKP2-shm",
            "Default/IndexedDB/https_example.org_0.indexeddb.leveldb",
            "Default/LocalStorage-shm",
        ] {
            assert_eq!(part(never), Part::None, "{never}");
        }
    }

    #[test]
    fn tables_and_blobs_never_change() {
        let db = "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb";
        assert!(PROFILE.immutable(&Path::new(db).join("000005.ldb")));
        assert!(!PROFILE.immutable(&Path::new(db).join("000005.log")));
    }
}
