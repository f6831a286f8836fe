//! The ignore lists that keep a login out of git, npm and Docker: which there are, which have to be made, and the lines
//! in them. Writes nothing.
//!
//! npm reads `.npmignore`, or `.gitignore` where there is none; a `files` key in package.json overrules both
//! (<https://docs.npmjs.com/cli/configuring-npm/package-json#files>). git's own list of a clone it doesn't know.

use super::{Step, What, is_tracked};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What must never get into a repository, a package or an image, beside the sessions themselves.
const KEYS_TO_THE_ACCOUNT: [&str; 5] =
    ["wakeep-key.txt", "whatsapp_auth_*", ".whatsapp_auth_*", ".wakeep/", "wakeep.toml*"];

/// The first line of a `.npmignore` that setting up made.
const MADE: &str =
    "# Made by wakeep setup. npm reads this file in place of .gitignore, so .gitignore's lines stand in it first.\n";

/// What has to be kept out of lists: the sessions at these places, with their archives and vaults.
#[derive(Debug, Clone, Copy)]
pub struct Secret<'a> {
    /// The bot's folder.
    pub home: &'a Path,
    /// Its sessions.
    pub places: &'a [PathBuf],
}

impl Secret<'_> {
    /// Lines for git and npm, which take a name without a slash for one at any depth: a session is `/auth/`, and a
    /// `src/auth` is no business of ours. What is called as only wakeep calls it goes at any depth.
    fn anchored(&self, base: &Path) -> Vec<String> {
        self.sessions(base, "/").into_iter().chain(KEYS_TO_THE_ACCOUNT.map(str::to_owned)).collect()
    }

    /// Lines for Docker, which takes every name for one from the list's own folder on.
    fn exact(&self, base: &Path) -> Vec<String> {
        let mut folders: Vec<&Path> = vec![self.home];
        folders.extend(self.places.iter().filter_map(|place| place.parent()));
        let mut lines = self.sessions(base, "");
        for folder in folders {
            let Ok(below) = folder.strip_prefix(base) else { continue };
            let start = if below == Path::new("") { String::new() } else { format!("{}/", escaped(below)) };
            lines.extend(KEYS_TO_THE_ACCOUNT.iter().map(|key| format!("{start}{key}")));
        }
        let mut seen = BTreeSet::new();
        lines.retain(|line| seen.insert(line.clone()));
        lines
    }

    fn sessions(&self, base: &Path, start: &str) -> Vec<String> {
        let below = self.places.iter().filter_map(|place| Some((place, place.strip_prefix(base).ok()?)));
        // An SQLite session is a file with others beside it.
        let end = |place: &Path| if place.is_file() { '*' } else { '/' };
        below.map(|(place, name)| format!("{start}{}{}", escaped(name), end(place))).collect()
    }
}

/// All three take `*`, `?` and `[` for patterns.
fn escaped(path: &Path) -> String {
    let sign = |c: char| if "*?[]\\".contains(c) { vec!['\\', c] } else { vec![c] };
    path.to_string_lossy().chars().flat_map(sign).collect()
}

/// What is to be done in the bot's folder: the login goes into every list, `scripts` into git's alone.
pub fn steps(secret: Secret, scripts: &[String]) -> Vec<Step> {
    let home = secret.home;
    let others: Vec<Step> = npm(home, &secret.anchored(home)).into_iter().chain(docker(secret)).collect();
    let Some((root, exclude)) = git(home) else { return others };
    // What is made here is nothing that `git status` has to show.
    let new = others.iter().map(|s| s.path.clone()).filter(|path| !path.exists());
    let ours = scripts.iter().map(|name| home.join(name)).chain(new);
    let ours = ours.filter_map(|path| Some(format!("/{}", escaped(path.strip_prefix(&root).ok()?))));
    let lines = secret.anchored(&root).into_iter().chain(ours).collect();
    std::iter::once(listed(exclude, lines)).chain(others).collect()
}

fn listed(path: PathBuf, lines: Vec<String>) -> Step {
    Step { path, what: What::Lines(lines), mode: 0o644, owner: None }
}

/// The work tree that a folder is in, and git's own list of this clone (so that no tracked file changes).
fn git(home: &Path) -> Option<(PathBuf, PathBuf)> {
    let found = home.ancestors().find_map(|root| Some((root.to_owned(), git_dir(root)?)));
    found.map(|(root, git)| (root, git.join("info/exclude")))
}

/// Where git keeps what all worktrees of a clone share. In a worktree or a submodule `.git` is a file that says where
/// its own part is, and `commondir` there where the rest (gitrepository-layout(5)).
fn git_dir(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(git).ok()?;
    let own = root.join(text.strip_prefix("gitdir:")?.trim());
    let common = fs::read_to_string(own.join("commondir")).map_or(own.clone(), |dir| own.join(dir.trim()));
    common.canonicalize().ok().filter(|dir| dir.is_dir())
}

/// The list that npm reads here. A new `.npmignore` would switch `.gitignore` off, so it gets that one's lines too; and
/// it is made only where `.gitignore` itself is git's to keep: a tracked file isn't changed, and an untracked one would
/// be in the way of a pull that brings one.
fn npm(home: &Path, keys: &[String]) -> Option<Step> {
    let (npm, git) = (home.join(".npmignore"), home.join(".gitignore"));
    let standing = fs::read_to_string(&npm).unwrap_or_default();
    if npm.is_file() && !standing.starts_with(MADE) {
        return Some(listed(npm, keys.to_vec()));
    }
    if !npm.is_file() && !is_package_of_all(home) {
        return None;
    }
    let in_git = home.ancestors().any(|dir| dir.join(".git").exists());
    if !npm.is_file() && (!in_git || (git.is_file() && !is_tracked(&git))) {
        return Some(listed(git, keys.to_vec()));
    }
    let theirs = fs::read_to_string(&git).unwrap_or_default();
    let theirs = theirs.lines().map(|l| format!("{l}\n")).collect::<String>();
    Some(Step::file(npm, format!("{MADE}{theirs}{}\n", keys.join("\n")), 0o644))
}

/// Whether npm packs whatever no list names.
fn is_package_of_all(home: &Path) -> bool {
    let Ok(text) = fs::read_to_string(home.join("package.json")) else { return false };
    let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    !package["files"].is_array()
}

/// The lists of images that the bot's folder may get into: its own, and those made in the folders above it, up to the
/// work tree's root or, without git, two folders up.
fn docker(secret: Secret) -> Vec<Step> {
    let root = git(secret.home).map(|(root, _)| root);
    let within = |dir: &&Path| root.as_ref().is_none_or(|root| dir.starts_with(root)) && dir.parent().is_some();
    let most = if root.is_some() { usize::MAX } else { 3 };
    let folders = secret.home.ancestors().take(most).filter(within);
    folders.flat_map(|dir| images(dir, &secret.exact(dir))).collect()
}

/// Docker's and Podman's lists, those of single images (`web.Dockerfile.dockerignore`) too; one is made where an image is.
fn images(home: &Path, keys: &[String]) -> Vec<Step> {
    let names =
        fs::read_dir(home).into_iter().flatten().flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    let names: Vec<String> = names.filter(|n| home.join(n).is_file()).collect();
    let mut lists: Vec<&str> = names.iter().map(String::as_str).filter(|n| is_list(n)).collect();
    let has_main = lists.iter().any(|n| [".dockerignore", ".containerignore"].contains(n));
    if !has_main && names.iter().any(|n| makes_images(n)) {
        lists.push(".dockerignore");
    }
    lists.sort_unstable();
    lists.into_iter().map(|name| listed(home.join(name), keys.to_vec())).collect()
}

fn is_list(name: &str) -> bool {
    name.ends_with(".dockerignore") || name == ".containerignore"
}

fn makes_images(name: &str) -> bool {
    let name = name.to_lowercase();
    let image = ["dockerfile", "containerfile"]
        .iter()
        .any(|n| name == *n || name.starts_with(&format!("{n}.")) || name.ends_with(&format!(".{n}")));
    let compose = ["compose.", "docker-compose."].iter().any(|n| name.starts_with(n))
        && [".yml", ".yaml"].iter().any(|e| name.ends_with(e));
    (image || compose) && !is_list(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps in a folder with these files, by the name of the list.
    fn planned(files: &[(&str, &str)]) -> Vec<(String, What)> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let places = [dir.path().join(".wwebjs_auth")];
        let steps = steps(Secret { home: dir.path(), places: &places }, &["a.sh".to_owned()]);
        steps.into_iter().map(|s| (s.path.strip_prefix(dir.path()).unwrap().display().to_string(), s.what)).collect()
    }

    /// The login's lines, and more.
    fn lines(session: &str, more: &[&str]) -> What {
        let keys = KEYS_TO_THE_ACCOUNT.iter().chain(more);
        What::Lines([session].iter().chain(keys).map(|l| (*l).to_owned()).collect())
    }

    const GIT: (&str, &str) = (".git/HEAD", "ref: refs/heads/main\n");
    const PACKAGE: (&str, &str) = ("package.json", "{}");

    #[test]
    fn what_npm_reads_is_what_gets_the_lines() {
        let key = || lines("/.wwebjs_auth/", &[]);
        assert_eq!(planned(&[]), []);
        assert_eq!(planned(&[PACKAGE]), [(".gitignore".to_owned(), key())]);
        assert_eq!(planned(&[PACKAGE, (".gitignore", "x\n")]), [(".gitignore".to_owned(), key())]);
        assert_eq!(planned(&[PACKAGE, (".npmignore", "x\n")]), [(".npmignore".to_owned(), key())]);
        assert_eq!(planned(&[("package.json", "{\"files\":[\"bot.js\"]}")]), []);
        let made = What::File(format!("{MADE}/.wwebjs_auth/\n{}\n", KEYS_TO_THE_ACCOUNT.join("\n")));
        let git = ".git/info/exclude".to_owned();
        let in_git = planned(&[PACKAGE, GIT]);
        assert_eq!(in_git[1..], [(".npmignore".to_owned(), made.clone())]);
        assert_eq!(in_git[0], (git.clone(), lines("/.wwebjs_auth/", &["/a.sh", "/.npmignore"])));
        // Made earlier: as .gitignore is now.
        let again = planned(&[PACKAGE, GIT, (".npmignore", MADE)]);
        assert_eq!(again, [(git, lines("/.wwebjs_auth/", &["/a.sh"])), (".npmignore".to_owned(), made)]);
    }

    #[test]
    fn an_image_has_a_list() {
        let of = |names: &[&str]| {
            let files: Vec<(&str, &str)> = names.iter().map(|n| (*n, "")).collect();
            planned(&files).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        for name in [
            "Dockerfile",
            "Dockerfile.prod",
            "bot.dockerfile",
            "compose.yaml",
            "docker-compose.prod.yml",
            "Containerfile",
        ] {
            assert_eq!(of(&[name]), [".dockerignore"], "{name}");
        }
        assert_eq!(of(&["compose.js", "dockerfiles"]), [""; 0]);
        assert_eq!(
            of(&["Dockerfile", ".containerignore", "Dockerfile.dockerignore"]),
            [".containerignore", "Dockerfile.dockerignore"]
        );
    }

    #[test]
    fn a_session_is_kept_out_where_it_lies_and_nowhere_else() {
        let home = Path::new("/repo/bots/shop");
        let places = [home.join("auth"), home.join("data/a[1]")];
        let secret = Secret { home, places: &places };
        assert_eq!(secret.anchored(Path::new("/repo"))[..2], ["/bots/shop/auth/", "/bots/shop/data/a\\[1\\]/"]);
        assert_eq!(secret.anchored(home)[..2], ["/auth/", "/data/a\\[1\\]/"]);
        let exact = secret.exact(Path::new("/repo/bots"));
        for line in ["shop/auth/", "shop/whatsapp_auth_*", "shop/wakeep.toml*", "shop/data/whatsapp_auth_*"] {
            assert!(exact.contains(&line.to_owned()), "{line}: {exact:?}");
        }
    }
}
