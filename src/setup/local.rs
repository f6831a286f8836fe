//! Setting up beside a bot, without root: a commented configuration, the helper script, and the ignore lists.

use super::{Step, What, lists};
use crate::config;
use crate::session::Session;
use std::path::{Path, PathBuf};

/// The script that the earlier system's users know.
pub const CLEANUP: (&str, &str) = ("cleanup-old-archives.sh", include_str!("files/cleanup-old-archives.sh"));

/// Where the record stands, below the bot's folder.
pub const RECORD: &str = ".wakeep/installed.json";

/// What is to be done in the bot's folder for these sessions. On a server that was set up its configuration is the one.
pub fn plan(home: &Path, sessions: &[&Session], is_server: bool) -> Vec<Step> {
    let configuration = What::FileOnce(configuration(home, sessions));
    let cleanup = What::FileOnce(CLEANUP.1.to_owned());
    let mut steps = vec![Step { path: home.join(CLEANUP.0), what: cleanup, mode: 0o755, owner: None }];
    if !is_server {
        steps.insert(0, Step { path: home.join("wakeep.toml"), what: configuration, mode: 0o644, owner: None });
    }
    steps.extend(lists::steps(lists::Secret { home, places: &places(sessions) }, &[CLEANUP.0.to_owned()]));
    steps
}

/// The commented configuration, with the sessions that were found.
fn configuration(home: &Path, sessions: &[&Session]) -> String {
    let places: Vec<String> = places(sessions).iter().map(|p| shown(p, home)).collect();
    match places.as_slice() {
        [only] => config::TEMPLATE.replacen("# session = \".wwebjs_auth\"", &format!("session = {only}"), 1),
        several => {
            let tables: String = several.iter().map(|p| format!("\n[[sessions]]\npath = {p}\n")).collect();
            format!("{}{tables}", config::TEMPLATE)
        }
    }
}

/// The folders that hold the sessions: a `.wwebjs_auth` once, however many are in it.
fn places(sessions: &[&Session]) -> Vec<PathBuf> {
    let first = |s: &&Session| s.home.join(s.prefix.components().next().expect("a prefix has a first part"));
    let mut found: Vec<PathBuf> = sessions.iter().map(first).collect();
    found.dedup();
    found
}

fn shown(path: &Path, home: &Path) -> String {
    let near = path.strip_prefix(home).unwrap_or(path);
    toml::Value::String(near.to_string_lossy().into_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::find;
    use crate::setup::{Fate, Site};
    use std::fs;

    #[test]
    fn setting_up_twice_changes_nothing_and_undoing_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        fs::create_dir_all(home.join(".git/info")).unwrap();
        fs::create_dir_all(home.join(".wwebjs_auth/session")).unwrap();
        fs::write(home.join(".dockerignore"), "node_modules").unwrap();
        let sessions = find::sessions(&home.join(".wwebjs_auth")).unwrap();
        let sessions: Vec<_> = sessions.iter().collect();
        let mut site = Site::open(Path::new("/"), &home.join(RECORD)).unwrap();
        for step in plan(&home, &sessions, false) {
            assert_ne!(site.take(&step).unwrap(), Fate::Stands, "{step:?}");
        }
        let exclude = fs::read_to_string(home.join(".git/info/exclude")).unwrap();
        let kept_out = "/.wwebjs_auth/\nwakeep-key.txt\nwhatsapp_auth_*\n.whatsapp_auth_*\n.wakeep/\nwakeep.toml*\n\
                        /cleanup-old-archives.sh\n";
        assert_eq!(exclude, kept_out);
        assert!(fs::read_to_string(home.join(".dockerignore")).unwrap().starts_with("node_modules\n.wwebjs_auth/\n"));
        assert!(!home.join(".npmignore").exists());
        assert!(plan(&home, &sessions, false).iter().all(|s| site.judge(s).unwrap() == Fate::Stands));

        // Moved since: what stands here now is what is undone.
        let moved = home.join("elsewhere");
        fs::create_dir(&moved).unwrap();
        for name in ["wakeep.toml", ".dockerignore", ".wakeep", ".wwebjs_auth", ".git", CLEANUP.0] {
            crate::disk::move_to(&home.join(name), &moved.join(name)).unwrap();
        }
        fs::write(home.join("wakeep.toml"), fs::read(moved.join("wakeep.toml")).unwrap()).unwrap();
        Site::open(Path::new("/"), &moved.join(RECORD)).unwrap().undo().unwrap();
        assert!(fs::remove_file(home.join("wakeep.toml")).is_ok());
        let home = moved;
        assert_eq!(fs::read_to_string(home.join(".dockerignore")).unwrap().trim(), "node_modules");
        assert!(!home.join("wakeep.toml").exists() && !home.join(".git/info/exclude").exists());
        assert!(home.join(".wwebjs_auth/session").exists());
    }
}
