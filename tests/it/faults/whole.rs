//! What must hold after a fault, and after the next run.

use super::scene::{REMOTE, Scene, Stands};
use crate::env::wakeep::{Outcome, Wakeep};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use wakeep::archive::{Depth, verify};

/// Words that only a program understands.
const NOT_FOR_PEOPLE: [&str; 8] =
    ["panicked", "RUST_BACKTRACE", "Io {", "Os {", "Error::", "Some(", "Err(", "SqliteFailure"];

/// What was said is for people, and something was said.
pub fn require_sentence(outcome: &Outcome, what: &str) {
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    for word in NOT_FOR_PEOPLE {
        assert!(!said.contains(word), "{what}: {word:?} is said: {outcome:?}");
    }
    assert!(outcome.code <= 0 || !said.trim().is_empty(), "{what}: not a word: {outcome:?}");
    assert!([-9, 137, 0, 1, 2, 3, 4, 5, 10, 12, 13].contains(&outcome.code), "{what}: {outcome:?}");
}

/// How a session stands.
pub fn stands(home: &Path, session: &str) -> Stands {
    let outcome = Wakeep::new(home, ["check", session, "--json"]).run();
    let verdict: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    match (verdict["verdict"].as_str(), verdict["login"].as_str()) {
        (Some("sound"), Some("paired")) => Stands::Whole,
        _ if !home.join(session).exists() => Stands::Missing,
        _ => Stands::Broken,
    }
}

/// Session, archive, vault and journal. `free`: a bot did what it liked to the session.
pub fn require_whole(scene: &'static Scene, home: &Path, vault: &Path, free: bool, what: &str) {
    let now = stands(home, scene.session);
    assert!(free || now == Stands::Whole || now == scene.before, "{what}: the session is {now:?}");
    let archive = home.join("whatsapp_auth_latest.tar.gz");
    assert!(archive.exists() || !scene.archived, "{what}: the archive is gone");
    if archive.exists() {
        let checked = Wakeep::new(home, ["check", archive.to_str().unwrap(), "--json"]).run();
        assert_eq!(checked.code, 0, "{what}: the archive: {checked:?}");
    }
    // Whole or not at all, and never gone again.
    let remote = home.join(REMOTE).join("whatsapp_auth_latest.tar.gz");
    assert!(remote.exists() || !scene.folder().join(REMOTE).join("whatsapp_auth_latest.tar.gz").exists(), "{what}");
    if remote.exists() {
        verify(&remote, Depth::Content).unwrap_or_else(|e| panic!("{what}: what was pushed: {e}"));
    }
    require_readable(vault, what);
}

fn require_readable(vault: &Path, what: &str) {
    for file in files(vault) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let kept = ["g0", "arrived_", "before_restore_"].iter().any(|start| name.starts_with(start));
        if kept && (name.ends_with(".tar.gz") || name.ends_with(".difference")) {
            verify(&file, Depth::Content).unwrap_or_else(|e| panic!("{what}: {}: {e}", file.display()));
        }
        if name == "journal.jsonl" {
            let text = fs::read_to_string(&file).unwrap();
            let torn = text.lines().filter(|l| serde_json::from_str::<Value>(l).is_err()).count();
            assert!(torn <= 1, "{what}: {text}");
        }
    }
}

/// The same command without the fault does its work, without help and without a trace of the fault.
pub fn require_next_run(
    scene: &'static Scene,
    command: &dyn Fn() -> Wakeep,
    mounts: &str,
    home: &Path,
    vault: &Path,
    free: bool,
    what: &str,
) {
    let run = |command: Wakeep| if mounts.is_empty() { command } else { command.in_mounts(mounts) }.run();
    let next = run(command());
    require_sentence(&next, what);
    if free {
        assert!([0, 3, 4, 5].contains(&next.code), "{what}: the next run: {next:?}");
        // Whatever the bot did, a person gets the login back with one command.
        let archive = home.join("whatsapp_auth_latest.tar.gz");
        if archive.exists() && scene.archived {
            let session = home.join(scene.session);
            let forced = run(Wakeep::new(home, ["restore", "--force"]));
            assert_eq!(forced.code, 0, "{what}: {forced:?}");
            assert!(session.exists(), "{what}");
        }
    } else {
        assert_eq!(next.code, 0, "{what}: the next run: {next:?}");
    }
    if scene.archived || !free {
        assert_eq!(stands(home, scene.session), Stands::Whole, "{what}: after the next run: {next:?}");
    }
    require_whole(scene, home, vault, free, what);
    let left: Vec<_> = [home, vault].into_iter().flat_map(files).filter(|p| is_left_over(p)).collect();
    assert!(left.is_empty(), "{what}: left behind: {left:?}");
}

/// Names of what is unfinished.
fn is_left_over(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let ends = [".tmp", ".arriving", ".wakeep-new", ".new", ".incoming", ".used", "restore.json", "before.tar.gz"];
    let below = |room: &str| path.components().any(|c| c.as_os_str() == room);
    name == ".difference"
        || ends.iter().any(|e| name.ends_with(e))
        || below("aside")
        || below("stage")
        || below("stage.healed")
        || below("snapshot")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = item.path();
        if item.file_type().unwrap().is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
