//! Which process may be the bot of a Baileys folder. A guess by rule: Baileys opens its files for moments only and
//! locks nothing, so there is no proof like a lock.
//!
//! The rule. Somebody has a file of the folder open: held. Otherwise each process of a JavaScript runtime counts that
//! belongs to the bot's home: the nearest folder above with a `package.json` or `node_modules`. A process belongs where
//! it works in the home, runs a script of it, or names the folder on its command line; runners that outlive the bot
//! (npm, nodemon, pm2's daemon) and those we were started by never count.
//!   - It started before the folder's last write: held.
//!   - It started after it, within a minute before us: it can't be told, for it may be about to connect.
//!   - It has run longer without a write: not the bot of this folder, since Baileys saves at every connection.
//!
//! A folder outside of every such home (a volume of a container) may belong to each runtime process of its owner that
//! started before the last write: it can't be told. Everything else is free.

use crate::error::Holder;
use crate::platform::{files, holders, modes, processes};
use crate::session::Use;
use std::fs;
use std::path::{Path, PathBuf};

/// Programs that run JavaScript.
const RUNTIMES: [&str; 4] = ["node", "nodejs", "bun", "deno"];

/// Packages, and the titles their processes give themselves, that start bots and are none.
const RUNNERS: [&str; 10] = ["npm", "npx", "yarn", "pnpm", "corepack", "nodemon", "PM2", "pm2", "forever", "wakeep"];

/// Where packages of programs lie: npm's place, Debian's, corepack's.
const PACKAGES: [&str; 4] = ["node_modules", "nodejs", "corepack", ".yarn"];

/// Seconds within which a fresh process may not have written yet, and by which two clocks of the kernel may differ.
const FRESH: i64 = 60;
const SLACK: i64 = 2;

/// Whether a bot works on the folder.
pub fn of(folder: &Path) -> Use {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    match holders::open_by(&all_files(&folder)) {
        Ok(scan) if !scan.pids.is_empty() => return held(scan.pids[0].0),
        Ok(_) => {}
        Err(e) => return Use::CannotTell(e.brief()),
    }
    let place = Place::of(folder);
    let ours = processes::started_at(std::process::id());
    let above = processes::ancestors();
    let mut doubt = Use::Free;
    for pid in processes::all().unwrap_or_default() {
        // One that is dead, and that nobody has waited for yet, shows neither where it worked nor what it ran.
        if above.contains(&pid) || !is_runtime(&processes::program_of(pid)) || !processes::is_alive(pid) {
            continue;
        }
        match place.weigh(&Process::of(pid), ours) {
            Use::Free => {}
            Use::CannotTell(why) => doubt = Use::CannotTell(why),
            held => return held,
        }
    }
    doubt
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|list| list.flatten().map(|e| e.path()).collect()).unwrap_or_default()
}

fn is_runtime(program: &str) -> bool {
    RUNTIMES.contains(&program)
}

fn held(pid: u32) -> Use {
    Use::Held(Holder { pid: Some(pid), program: processes::program_of(pid), host: None })
}

/// A process as far as it shows itself.
struct Process {
    pid: u32,
    /// Not shown for those of other users.
    cwd: Option<PathBuf>,
    words: Vec<String>,
    uid: Option<u32>,
    started: Option<i64>,
}

impl Process {
    fn of(pid: u32) -> Process {
        let (cwd, words) = (processes::folder_of(pid), processes::words_of(pid));
        Process { pid, cwd, words, uid: processes::uid_of(pid), started: processes::started_at(pid) }
    }

    /// The script that runs, or the title the process gave itself.
    fn script(&self) -> &str {
        let title = self.words.first().map_or("", String::as_str);
        if title.contains(' ') {
            return title;
        }
        self.words.iter().skip(1).find(|w| !w.starts_with('-')).map_or("", String::as_str)
    }

    fn is_runner(&self) -> bool {
        let script = self.script();
        if let Some((title, _)) = script.split_once(' ') {
            return RUNNERS.contains(&title);
        }
        // `/usr/bin/npm` is a link. A bot's own script may be called what it likes.
        let full = self.cwd.as_ref().map_or_else(|| PathBuf::from(script), |cwd| cwd.join(script));
        let full = fs::canonicalize(&full).unwrap_or(full);
        let mut below = full.components().filter_map(|c| c.as_os_str().to_str()).skip_while(|c| !PACKAGES.contains(c));
        below.next().is_some_and(|place| !PACKAGES[..2].contains(&place))
            || below.next().is_some_and(|p| RUNNERS.contains(&p))
    }
}

/// A folder and what is around it.
struct Place {
    folder: PathBuf,
    home: Option<PathBuf>,
    owner: Option<u32>,
    /// Seconds since 1970 of the last write of a file, or of a change of names in the folder.
    written: i64,
}

impl Place {
    fn of(folder: PathBuf) -> Place {
        let is_home = |dir: &&Path| dir.join("package.json").exists() || dir.join("node_modules").exists();
        let home = folder.ancestors().skip(1).filter(|d| d.parent().is_some()).find(is_home).map(Path::to_owned);
        // Where the folder is gone, its removal is the last thing that was written, above.
        let there = folder.ancestors().find(|d| d.exists()).unwrap_or(Path::new("/"));
        let mut files = if there == folder { all_files(&folder) } else { Vec::new() };
        files.push(there.to_owned());
        let metas = files.iter().filter_map(|f| fs::symlink_metadata(f).ok());
        let written = metas.map(|m| files::written(&m).0).max().unwrap_or(0);
        let owner = fs::metadata(there).ok().map(|m| modes::owner(&m).0);
        Place { home, owner, written, folder }
    }

    /// What one process says of the folder; `ours` is when this process started.
    fn weigh(&self, process: &Process, ours: Option<i64>) -> Use {
        if process.is_runner() {
            return Use::Free;
        }
        let doubt = || Use::CannotTell(format!("{} {}", processes::program_of(process.pid), process.pid));
        let (Some(started), Some(ours)) = (process.started, ours) else { return Use::Free };
        let may_have_written = started <= self.written + SLACK;
        match self.belongs(process) {
            Some(true) if may_have_written => held(process.pid),
            Some(true) if started > ours - FRESH => doubt(),
            None if may_have_written && process.uid == self.owner => doubt(),
            _ => Use::Free,
        }
    }

    /// `None` where it can't be told: the folder has no home, or the process doesn't show where it works.
    fn belongs(&self, process: &Process) -> Option<bool> {
        if process.words.iter().any(|w| Path::new(w).starts_with(&self.folder)) {
            return Some(true);
        }
        let home = self.home.as_ref()?;
        let script = Path::new(process.script());
        if script.starts_with(home) {
            return Some(true);
        }
        let cwd = process.cwd.as_ref();
        if cwd.is_none() && script.is_absolute() { Some(false) } else { Some(cwd?.starts_with(home)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(words: &[&str]) -> Process {
        let words = words.iter().map(|w| (*w).to_owned()).collect();
        Process { pid: 1, cwd: Some("/opt/bot".into()), words, uid: None, started: None }
    }

    #[test]
    fn runners_are_told_by_their_package_not_by_a_bots_own_name() {
        for runner in [
            &["node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "start"][..],
            &["node", "/usr/share/nodejs/npm/bin/npm-cli.js"],
            &["node", "node_modules/nodemon/bin/nodemon.js", "bot.js"],
            &["node", "/home/bot/.cache/node/corepack/v1/pnpm/9.0.0/bin/pnpm.cjs"],
            &["npm run start"],
            &["PM2 v5.4.2: God Daemon (/home/bot/.pm2)"],
        ] {
            assert!(process(runner).is_runner(), "{runner:?}");
        }
        for bot in [
            &["node", "bot.js"][..],
            &["node", "forever-bot.js"],
            &["node", "wakeep.js"],
            &["node", "/opt/pm2-start/npm.js"],
            &["node /opt/bot/index.js"],
            &["node", "node_modules/baileys/example.js"],
        ] {
            assert!(!process(bot).is_runner(), "{bot:?}");
        }
    }
}
