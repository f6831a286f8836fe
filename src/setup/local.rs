//! Setting up beside a bot, without root: a commented configuration, the helper script, and the ignore lists that
//! keep session, archive and vault out of git, npm and Docker.

use super::{Step, What};
use crate::config;
use crate::session::Session;
use std::path::{Path, PathBuf};

/// The script that the earlier system's users know.
pub const CLEANUP: (&str, &str) = ("cleanup-old-archives.sh", include_str!("files/cleanup-old-archives.sh"));

/// Where the record stands, below the bot's folder.
pub const RECORD: &str = ".wakeep/installed.json";

/// What must never get into a repository, a package or an image, beside the sessions themselves.
const KEYS_TO_THE_ACCOUNT: [&str; 5] =
    ["wakeep-key.txt", "whatsapp_auth_*", ".whatsapp_auth_*", ".wakeep/", "wakeep.toml"];

/// What is to be done in the bot's folder for these sessions.
pub fn plan(home: &Path, sessions: &[&Session]) -> Vec<Step> {
    let configuration = What::FileOnce(configuration(home, sessions));
    let cleanup = What::FileOnce(CLEANUP.1.to_owned());
    let mut steps = vec![
        Step { path: home.join("wakeep.toml"), what: configuration, mode: 0o644, owner: None },
        Step { path: home.join(CLEANUP.0), what: cleanup, mode: 0o755, owner: None },
    ];
    let ignored = ignored(sessions);
    steps.extend(ignore_lists(home).into_iter().map(|list| listed(list, ignored.clone())));
    steps
}

/// Lines of an ignore list.
pub fn listed(path: PathBuf, lines: Vec<String>) -> Step {
    Step { path, what: What::Lines(lines), mode: 0o644, owner: None }
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

/// The lines that keep these sessions, their archives and their vaults out.
pub fn ignored(sessions: &[&Session]) -> Vec<String> {
    let line = |p: &PathBuf| Some(format!("{}/", p.file_name()?.to_string_lossy()));
    let mut lines: Vec<String> = places(sessions).iter().filter_map(line).collect();
    // An SQLite session is a file with others beside it.
    for session in sessions.iter().filter(|s| s.path.is_file()) {
        lines.retain(|l| *l != format!("{}/", session.name));
        lines.push(format!("{}*", session.name));
    }
    lines.extend(KEYS_TO_THE_ACCOUNT.map(str::to_owned));
    lines
}

/// git's own list of this clone (so that no tracked file changes).
pub fn git_exclude(home: &Path) -> Option<PathBuf> {
    let git = home.ancestors().map(|dir| dir.join(".git")).find(|git| git.is_dir());
    git.map(|git| git.join("info/exclude"))
}

/// git's list, and npm's and Docker's where they exist.
pub fn ignore_lists(home: &Path) -> Vec<PathBuf> {
    let others = [".npmignore", ".dockerignore"].map(|name| home.join(name)).into_iter().filter(|p| p.is_file());
    git_exclude(home).into_iter().chain(others).collect()
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
        for step in plan(&home, &sessions) {
            assert_ne!(site.take(&step).unwrap(), Fate::Stands, "{step:?}");
        }
        let exclude = fs::read_to_string(home.join(".git/info/exclude")).unwrap();
        let kept_out = ".wwebjs_auth/\nwakeep-key.txt\nwhatsapp_auth_*\n.whatsapp_auth_*\n.wakeep/\nwakeep.toml\n";
        assert_eq!(exclude, kept_out);
        assert!(fs::read_to_string(home.join(".dockerignore")).unwrap().starts_with("node_modules\n.wwebjs_auth/\n"));
        assert!(!home.join(".npmignore").exists());
        assert!(plan(&home, &sessions).iter().all(|s| site.judge(s).unwrap() == Fate::Stands));

        Site::open(Path::new("/"), &home.join(RECORD)).unwrap().undo().unwrap();
        assert_eq!(fs::read_to_string(home.join(".dockerignore")).unwrap().trim(), "node_modules");
        assert!(!home.join("wakeep.toml").exists() && !home.join(".git/info/exclude").exists());
        assert!(home.join(".wwebjs_auth/session").exists());
    }
}
