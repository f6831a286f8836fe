//! Setting up beside a bot, without root: a commented configuration, the helper script, and the ignore lists that
//! keep session, archive and vault out of git, npm and Docker. A plan of steps; taking them twice changes nothing.

use crate::config;
use crate::disk;
use crate::error::{At, Result};
use crate::session::Session;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The script that the earlier system's users know.
const CLEANUP: (&str, &str) = ("cleanup-old-archives.sh", include_str!("cleanup-old-archives.sh"));

/// What must never get into a repository, a package or an image, beside the sessions themselves.
const KEYS_TO_THE_ACCOUNT: [&str; 3] = ["whatsapp_auth_*", ".wakeep/", "wakeep.toml"];

/// One thing to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The file.
    pub path: PathBuf,
    /// The lines that are appended; none where the file is written whole.
    pub lines: Vec<String>,
    /// Whether there is anything to do.
    pub needed: bool,
    content: Option<String>,
    mode: u32,
}

/// What is to be done in the bot's folder for these sessions.
pub fn plan(home: &Path, sessions: &[&Session]) -> Result<Vec<Step>> {
    let mut steps = vec![
        whole(home.join("wakeep.toml"), configuration(home, sessions), 0o644),
        whole(home.join(CLEANUP.0), CLEANUP.1.to_owned(), 0o755),
    ];
    let ignored = ignored(sessions);
    for list in ignore_lists(home) {
        steps.push(appended(list, &ignored)?);
    }
    Ok(steps)
}

impl Step {
    /// Does it. What already stands there is left as it is.
    pub fn take(&self) -> Result<()> {
        match &self.content {
            _ if !self.needed => Ok(()),
            Some(content) => {
                disk::write_whole(&self.path, content.as_bytes())?;
                disk::set_mode(&self.path, self.mode)
            }
            None => {
                let before = fs::read_to_string(&self.path).unwrap_or_default();
                let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
                let text = format!("{gap}{}\n", self.lines.join("\n"));
                disk::make_dir(disk::parent(&self.path))?;
                let mut file =
                    OpenOptions::new().append(true).create(true).open(&self.path).at("opening", &self.path)?;
                file.write_all(text.as_bytes()).at("writing", &self.path)
            }
        }
    }
}

fn whole(path: PathBuf, content: String, mode: u32) -> Step {
    let needed = !disk::exists(&path);
    Step { path, lines: Vec::new(), needed, content: Some(content), mode }
}

/// The lines that aren't in the list yet.
fn appended(path: PathBuf, wanted: &[String]) -> Result<Step> {
    let text = if disk::exists(&path) { fs::read_to_string(&path).at("reading", &path)? } else { String::new() };
    let known: Vec<&str> = text.lines().map(str::trim).collect();
    let lines: Vec<String> = wanted.iter().filter(|w| !known.contains(&w.as_str())).cloned().collect();
    Ok(Step { path, needed: !lines.is_empty(), lines, content: None, mode: 0o644 })
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
    let mut found: Vec<PathBuf> = sessions
        .iter()
        .map(|s| s.home.join(s.prefix.components().next().expect("a prefix has a first part")))
        .collect();
    found.dedup();
    found
}

fn shown(path: &Path, home: &Path) -> String {
    let near = path.strip_prefix(home).unwrap_or(path);
    toml::Value::String(near.to_string_lossy().into_owned()).to_string()
}

fn ignored(sessions: &[&Session]) -> Vec<String> {
    let mut lines: Vec<String> =
        places(sessions).iter().filter_map(|p| Some(format!("{}/", p.file_name()?.to_string_lossy()))).collect();
    // An SQLite session is a file with others beside it.
    for session in sessions.iter().filter(|s| s.path.is_file()) {
        lines.retain(|l| *l != format!("{}/", session.name));
        lines.push(format!("{}*", session.name));
    }
    lines.extend(KEYS_TO_THE_ACCOUNT.map(str::to_owned));
    lines
}

/// git's own list of this clone (so that no tracked file changes), and npm's and Docker's where they exist.
fn ignore_lists(home: &Path) -> Vec<PathBuf> {
    let git = home.ancestors().map(|dir| dir.join(".git")).find(|git| git.is_dir());
    let others = [".npmignore", ".dockerignore"].map(|name| home.join(name)).into_iter().filter(|p| p.is_file());
    git.map(|git| git.join("info/exclude")).into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::find;

    #[test]
    fn setting_up_twice_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        fs::create_dir_all(home.join(".git/info")).unwrap();
        fs::create_dir_all(home.join(".wwebjs_auth/session")).unwrap();
        fs::write(home.join(".dockerignore"), "node_modules").unwrap();
        let sessions = find::sessions(&home.join(".wwebjs_auth")).unwrap();
        let sessions: Vec<_> = sessions.iter().collect();
        let first = plan(&home, &sessions).unwrap();
        assert!(first.iter().all(|s| s.needed));
        first.iter().for_each(|s| s.take().unwrap());
        let exclude = fs::read_to_string(home.join(".git/info/exclude")).unwrap();
        assert_eq!(exclude, ".wwebjs_auth/\nwhatsapp_auth_*\n.wakeep/\nwakeep.toml\n");
        assert!(fs::read_to_string(home.join(".dockerignore")).unwrap().starts_with("node_modules\n.wwebjs_auth/\n"));
        assert!(!home.join(".npmignore").exists());
        assert!(plan(&home, &sessions).unwrap().iter().all(|s| !s.needed));
    }
}
