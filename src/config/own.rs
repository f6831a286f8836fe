//! What a bot's own configuration decides, in a form that a server's can take over: every path absolute.

use super::field::is_folder;
use super::read::parsed;
use super::{Config, Place, position};
use crate::error::Result;
use std::path::Path;
use toml::Value;

/// The decisions of a bot's own `wakeep.toml`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Own {
    /// Its sessions, with the archives that it names for them.
    pub places: Vec<Place>,
    /// All other keys, in the file's order.
    pub rest: Vec<(String, Value)>,
}

impl Own {
    /// Reads `text`, which stands in `folder`; `place` is named in errors.
    pub fn read(text: &str, folder: &Path, place: &str) -> Result<Own> {
        let table: toml::Table = parsed(text, place)?;
        let mut config = Config { base: folder.to_owned(), ..Config::default() };
        let mut rest = Vec::new();
        for (key, value) in &table {
            config.set(key, value, folder, place).map_err(|e| position::of(e, place, text, key))?;
            if !["session", "archive", "sessions"].contains(&key.as_str()) {
                rest.push((key.clone(), absolute(key, value, folder)));
            }
        }
        Ok(Own { places: config.places, rest })
    }

    /// What is decided for a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.rest.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

/// The same value with its paths meant from `folder`.
fn absolute(key: &str, value: &Value, folder: &Path) -> Value {
    let is_key = |text: &str| ["age1", "ssh-", "AGE-SECRET-KEY-"].iter().any(|start| text.starts_with(start));
    let is_path = match key {
        "vault" | "identity" | "s3_credentials" | "log_file" => true,
        "remote" => value.as_str().is_some_and(|text| is_folder(text, folder)),
        "seal_to" => value.as_str().is_some_and(|text| !is_key(text)),
        _ => key.ends_with("_file"),
    };
    match value {
        Value::String(text) if is_path => Value::String(folder.join(text).to_string_lossy().into_owned()),
        Value::Array(list) if key == "seal_to" => Value::Array(list.iter().map(|v| absolute(key, v, folder)).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::KEYS;

    #[test]
    fn a_servers_file_that_took_it_over_decides_the_same() {
        let text = "session = \"auth\"\narchive = \"a.tar.gz\"\ninterval = \"5m\"\nremote = \"../backups\"\n\
                    seal_to = [\"keys.txt\", \"age1xyz\"]\nlog_file = true\nserve_token_file = \"token\"\n\
                    s3_credentials = \"/etc/s3\"\nnotify_free = \"1 GB\"\n";
        let own = Own::read(text, Path::new("/opt/bot"), "wakeep.toml").unwrap();
        assert_eq!(own.places[0].path, Path::new("/opt/bot/auth"));
        assert_eq!(own.places[0].archive.as_deref(), Some(Path::new("/opt/bot/a.tar.gz")));
        let mut there = Config { base: "/opt/bot".into(), places: own.places, ..Config::default() };
        for (key, value) in &own.rest {
            there.set(key, value, Path::new("/etc/wakeep"), "/etc/wakeep/wakeep.toml").unwrap();
        }
        let mut here = Config { base: "/opt/bot".into(), ..Config::default() };
        for (key, value) in &toml::from_str::<toml::Table>(text).unwrap() {
            here.set(key, value, Path::new("/opt/bot"), "wakeep.toml").unwrap();
        }
        assert_eq!(there, here);
    }

    /// A key that names a path and isn't known as one here would be meant from another folder on the server.
    #[test]
    fn every_key_that_names_a_path_is_known_as_one() {
        for key in KEYS.iter().filter(|k| !["session", "archive", "sessions"].contains(k)) {
            let value = Value::String("some/where".to_owned());
            let set = |base: &str| {
                let mut config = Config::default();
                config
                    .set(key, &value, Path::new(base), "wakeep.toml")
                    .ok()
                    .map(|()| Config { base: "".into(), ..config })
            };
            let (Some(one), Some(two)) = (set("/one"), set("/two")) else { continue };
            let moved = absolute(key, &value, Path::new("/one"));
            assert_eq!(moved != value, one != two, "{key}");
        }
    }
}
