//! Our scripts in the bot's folder: that they can be started, and that root runs none that another user writes.

use crate::ailment::Ailment;
use crate::owner::Owner;
use crate::platform::modes;
use crate::setup::server::SHIMS;
use std::fs;
use std::path::{Path, PathBuf};

/// Those of ours in the bot's folder that can't be started.
pub fn not_executable(home: &Path) -> Vec<Ailment> {
    let here = SHIMS.iter().map(|(name, _)| home.join(name)).filter(|p| p.is_file());
    let bad = here.filter(|p| fs::metadata(p).is_ok_and(|m| modes::mode(&m) & 0o111 != 0o111));
    bad.map(|path| Ailment::NotExecutable { path }).collect()
}

/// Those of ours in the bot's folder that root runs although another user decides what is in them.
pub fn run_by_root(home: &Path) -> Vec<Ailment> {
    cron_files().iter().flat_map(|file| root_runs(file, home)).collect()
}

/// The tables in which cron finds lines with a user.
fn cron_files() -> Vec<PathBuf> {
    let more = fs::read_dir("/etc/cron.d").into_iter().flatten().flatten().map(|e| e.path());
    more.chain([PathBuf::from("/etc/crontab")]).collect()
}

/// The same of one table.
fn root_runs(file: &Path, home: &Path) -> Vec<Ailment> {
    let table = fs::read_to_string(file).unwrap_or_default();
    let of_root = |line: &&str| line.split_whitespace().nth(5) == Some("root") && !line.trim_start().starts_with('#');
    let lines: Vec<&str> = table.lines().filter(of_root).filter(|line| names(line, home)).collect();
    let called = SHIMS.iter().filter(|(name, _)| lines.iter().any(|line| line.contains(name)));
    let writable = called.map(|(name, _)| home.join(name)).filter(|script| Owner::of(script).is_some());
    writable.map(|script| Ailment::RootRunsScript { path: file.to_owned(), script }).collect()
}

/// Whether a line names the folder, and not only one whose name begins so.
fn names(line: &str, folder: &Path) -> bool {
    let folder = folder.to_string_lossy();
    let goes_on = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    line.match_indices(&*folder).any(|(at, _)| !line[at + folder.len()..].starts_with(goes_on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    #[test]
    fn a_line_of_roots_that_calls_the_bots_script_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let (home, table) = (dir.path().join("bot"), dir.path().join("check"));
        fs::create_dir(&home).unwrap();
        fs::write(home.join("auto-restore-auth.sh"), "").unwrap();
        if crate::owner::is_root() {
            disk::give_to(&home, 65534, 65534).unwrap();
        }
        let found = |user: &str, what: &str| {
            let line = format!("# min\n0 */6 * * * {user} cd {} && {what}\n", home.display());
            fs::write(&table, line).unwrap();
            root_runs(&table, &home).len()
        };
        assert_eq!(found("root", "./auto-restore-auth.sh check"), 1);
        assert_eq!(found("bot", "./auto-restore-auth.sh check"), 0, "the bot's user's own");
        assert_eq!(found("root", "/usr/local/bin/wakeep --config /etc/wakeep/wakeep.toml restore"), 0);
        let other = format!("0 */6 * * * root cd {}-2 && ./auto-restore-auth.sh check\n", home.display());
        fs::write(&table, other).unwrap();
        assert_eq!(root_runs(&table, &home), [], "another bot's folder, whose name begins so");
    }
}
