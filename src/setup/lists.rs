//! The ignore lists that keep a login out of git, npm and Docker: which there are, which have to be made, and the lines
//! in them. Writes nothing.
//!
//! npm reads `.npmignore`, or `.gitignore` where there is none; a `files` key in package.json overrules both
//! (<https://docs.npmjs.com/cli/configuring-npm/package-json#files>). git's own list of a clone it doesn't know.

use super::{Step, What, is_tracked};
use std::fs;
use std::path::{Path, PathBuf};

/// What must never get into a repository, a package or an image, beside the sessions themselves.
const KEYS_TO_THE_ACCOUNT: [&str; 5] =
    ["wakeep-key.txt", "whatsapp_auth_*", ".whatsapp_auth_*", ".wakeep/", "wakeep.toml*"];

/// The first line of a `.npmignore` that setting up made.
const MADE: &str =
    "# Made by wakeep setup. npm reads this file in place of .gitignore, so .gitignore's lines stand in it first.\n";

/// The lines that keep the sessions at these places, their archives and their vaults out of lists in `home`.
pub fn lines(home: &Path, places: &[PathBuf]) -> Vec<String> {
    let names = places.iter().flat_map(|place| {
        // An SQLite session is a file with others beside it.
        let end = if place.is_file() { '*' } else { '/' };
        let name = place.file_name().map(|n| format!("{}{end}", n.to_string_lossy()));
        // git and npm take a bare name for one at any depth, Docker doesn't.
        let below = place.strip_prefix(home).ok().filter(|p| p.components().count() > 1);
        name.into_iter().chain(below.map(|p| format!("{}{end}", p.display())))
    });
    names.chain(KEYS_TO_THE_ACCOUNT.map(str::to_owned)).collect()
}

/// What is to be done in the bot's folder: `keys` go into every list, `scripts` into git's alone.
pub fn steps(home: &Path, keys: &[String], scripts: &[String]) -> Vec<Step> {
    let others: Vec<Step> = npm(home, keys).into_iter().chain(docker(home, keys)).collect();
    let Some(git) = git_dir(home) else { return others };
    // What is made here is nothing that `git status` has to show.
    let new = others.iter().filter(|s| !s.path.exists()).filter_map(|s| s.path.strip_prefix(git.parent()?).ok());
    let new = new.map(|path| format!("/{}", path.display()));
    let lines = keys.iter().chain(scripts).cloned().chain(new).collect();
    std::iter::once(listed(git.join("info/exclude"), lines)).chain(others).collect()
}

fn listed(path: PathBuf, lines: Vec<String>) -> Step {
    Step { path, what: What::Lines(lines), mode: 0o644, owner: None }
}

/// Where git keeps its own list of this clone (so that no tracked file changes).
fn git_dir(home: &Path) -> Option<PathBuf> {
    home.ancestors().map(|dir| dir.join(".git")).find(|git| git.is_dir())
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

/// Docker's and Podman's lists, those of single images (`web.Dockerfile.dockerignore`) too; one is made where an image is.
fn docker(home: &Path, keys: &[String]) -> Vec<Step> {
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
        let steps = steps(dir.path(), &[".wwebjs_auth/".to_owned()], &["a.sh".to_owned()]);
        steps.into_iter().map(|s| (s.path.strip_prefix(dir.path()).unwrap().display().to_string(), s.what)).collect()
    }

    fn lines(all: &[&str]) -> What {
        What::Lines(all.iter().map(|l| (*l).to_owned()).collect())
    }

    const GIT: (&str, &str) = (".git/HEAD", "ref: refs/heads/main\n");
    const PACKAGE: (&str, &str) = ("package.json", "{}");

    #[test]
    fn what_npm_reads_is_what_gets_the_lines() {
        let key = || lines(&[".wwebjs_auth/"]);
        assert_eq!(planned(&[]), []);
        assert_eq!(planned(&[PACKAGE]), [(".gitignore".to_owned(), key())]);
        assert_eq!(planned(&[PACKAGE, (".gitignore", "x\n")]), [(".gitignore".to_owned(), key())]);
        assert_eq!(planned(&[PACKAGE, (".npmignore", "x\n")]), [(".npmignore".to_owned(), key())]);
        assert_eq!(planned(&[("package.json", "{\"files\":[\"bot.js\"]}")]), []);
        let made = What::File(format!("{MADE}.wwebjs_auth/\n"));
        let git = ".git/info/exclude".to_owned();
        let in_git = planned(&[PACKAGE, GIT]);
        assert_eq!(in_git[1..], [(".npmignore".to_owned(), made.clone())]);
        assert_eq!(in_git[0], (git.clone(), lines(&[".wwebjs_auth/", "a.sh", "/.npmignore"])));
        // Made earlier: as .gitignore is now.
        let again = planned(&[PACKAGE, GIT, (".npmignore", MADE)]);
        assert_eq!(again, [(git, lines(&[".wwebjs_auth/", "a.sh"])), (".npmignore".to_owned(), made)]);
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
}
