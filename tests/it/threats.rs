//! What the threat model promises: each "can't" has its test, and a hostile remote gets nothing in.

use crate::env::standin::StandIn;
use std::fs;
use std::path::{Path, PathBuf};

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|p| if p.is_dir() { rust_files(&p) } else { vec![p] })
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .collect()
}

#[test]
fn every_cannot_names_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "tests/it"].iter().flat_map(|d| rust_files(&root.join(d)));
    let tests: String = files.map(|f| fs::read_to_string(f).unwrap()).collect();
    let page = read("docs/threat-model.md");
    let section = page.split("## Can and can't").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|l| l.starts_with('|') && !l.starts_with("|---"))
        .map(|l| l.split('|').skip(1).take(4).map(str::trim).collect())
        .collect();
    assert!(rows.len() > 12);
    for row in &rows[1..] {
        let [.., cannot, named] = row[..] else { panic!("{row:?}") };
        let names: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert_eq!(cannot.is_empty(), names.is_empty(), "{row:?}");
        for name in names {
            assert!(tests.contains(&format!("fn {name}(")), "{name} is no test");
        }
    }
}

#[test]
fn the_archive_pulled_is_verified_before_use() {
    let bot = StandIn::stopped();
    let place = tempfile::tempdir().unwrap();
    let remote = place.path().to_str().unwrap();
    bot.wakeep(["archive"]).json(0);
    bot.wakeep(["push", remote]).json(0);
    let there = place.path().join("whatsapp_auth_latest.tar.gz");
    let (whole, ours) = (fs::read(&there).unwrap(), fs::read(bot.archive()).unwrap());

    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let wrong = [
        ("a flipped byte at the start", flipped(40)),
        ("a flipped byte in the middle", flipped(whole.len() / 2)),
        ("a flipped byte at the end", flipped(whole.len() - 30)),
        ("a cut", whole[..whole.len() / 2].to_vec()),
        ("no archive", b"<html>moved</html>".to_vec()),
        ("nothing", Vec::new()),
    ];
    for (what, bytes) in wrong {
        fs::write(&there, bytes).unwrap();
        let outcome = bot.wakeep(["pull", remote]).run();
        assert_ne!(outcome.code, 0, "{what}: {outcome:?}");
        assert!(!outcome.stderr.is_empty() && !outcome.stderr.contains("panicked"), "{what}: {outcome:?}");
        assert_eq!(fs::read(bot.archive()).unwrap(), ours, "{what}: the archive here stays");
    }
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let outcome = bot.wakeep(["restore", "--from", remote]).run();
    assert_ne!(outcome.code, 0, "{outcome:?}");
    assert_eq!(bot.wakeep(["restore", "--if-needed"]).run().code, 0, "what is here still restores");
}
