use super::keys::KEYS;
use super::*;
use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

fn set(text: &str) -> Result<Config> {
    let mut config = Config::default();
    let table: toml::Table = toml::from_str(text).unwrap();
    for (key, value) in &table {
        config.set(key, value, Path::new("/bot"), "wakeep.toml")?;
    }
    Ok(config)
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let Err(Error::Config { suggestion, .. }) = set("intervall = \"2m\"") else { panic!() };
    assert_eq!(suggestion.as_deref(), Some("interval"));
    let Err(Error::Config { suggestion, .. }) = set("[[sessions]]\npaht = \"x\"") else { panic!() };
    assert_eq!(suggestion.as_deref(), Some("path"));
}

#[test]
fn values_are_read_and_nonsense_is_refused() {
    let config =
        set("interval = \"90s\"\narchive_mode = \"0644\"\nwrite_budget = \"1.5 GB\"\nsession = \"a\"").unwrap();
    assert_eq!((config.interval.as_secs(), config.archive_mode), (90, 0o644));
    assert_eq!((config.write_budget, config.places[0].path.as_path()), (1_500_000_000, Path::new("/bot/a")));
    for bad in [
        "interval = \"-2m\"",
        "interval = \"0s\"",
        "archive = \"\"",
        "archive_mode = \"9\"",
        "session_mode = \"0600\"",
        "carry = \"some\"",
        "keep_bytes = 0",
        "lang = 1",
        "bot_unit = \"a b\"",
    ] {
        assert!(matches!(set(bad), Err(Error::Config { .. })), "{bad}");
    }
}

#[test]
fn the_commented_file_has_every_key_with_its_default() {
    let uncommented =
        |l: &str| l.strip_prefix("# ").filter(|l| l.contains(" = ") && !l.contains(". ")).map(str::to_owned);
    let lines: Vec<String> = TEMPLATE.lines().filter_map(uncommented).collect();
    let table: toml::Table = toml::from_str(&lines.join("\n")).unwrap();
    // `path` belongs to the table of one session.
    let mut keys: Vec<_> = table.keys().map(String::as_str).filter(|k| *k != "path").chain(["sessions"]).collect();
    let mut known = KEYS.to_vec();
    keys.sort_unstable();
    known.sort_unstable();
    assert_eq!(keys, known);
    let defaults: Vec<_> = lines.into_iter().filter(|l| !l.starts_with("path")).collect();
    let mut config = set(&defaults.join("\n")).unwrap();
    config.places.clear();
    config.lang = None;
    config.bot_unit = None;
    config.bot_pm2 = None;
    config = Config {
        remote: None,
        s3_endpoint: None,
        s3_region: None,
        s3_path_style: None,
        s3_credentials: None,
        s3_ca_file: None,
        seal_to: Vec::new(),
        identity: None,
        passphrase_file: None,
        ..config
    };
    (config.serve, config.serve_host, config.serve_token) = (None, None, None);
    // Whom to tell has examples, when has defaults.
    let defaults = Notify::default();
    assert_eq!(config.notify.telegram_api, defaults.telegram_api);
    let times = |n: &Notify| (n.archive_age, n.free, n.timeout);
    assert_eq!(times(&config.notify), times(&defaults));
    config.notify = defaults;
    assert_eq!(config, Config::default());
}

/// As editors take it: file, line, column.
#[test]
fn a_mistake_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wakeep.toml");
    for (text, place, problem) in [
        ("interval = \"2m\"\ndrill = ", "2:9", "TOML"),
        ("# a\n\nintervall = \"2m\"", "3:1", "`intervall`"),
        ("lang = \"en\"\n  keep_bytes = 0", "2:3", "`keep_bytes`"),
        ("carry = \"all\"\n[[sessions]]\npath = \"a\"\n[[sessions]]\n paht = \"b\"", "5:2", "`paht`"),
        ("[[sessions]]\npath = \"a\"\nvault = 1", "3:1", "`vault`"),
        ("[[sessions]]\nvault = \"a\"", "1:3", "`sessions`"),
    ] {
        fs::write(&file, text).unwrap();
        let Err(Error::Config { place: told, problem: what, .. }) = Config::load(Some(&file), None) else {
            panic!("{text}")
        };
        assert_eq!(told, format!("{}:{place}", file.display()), "{text}");
        let said = format!("{what:?}");
        assert!(problem == "TOML" && said.contains("NotToml") || said.contains(problem.trim_matches('`')), "{said}");
    }
}
