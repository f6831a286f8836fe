//! systemd's units on the machine that is set up, as far as their files tell. Asks nobody, so that a tree that isn't
//! booted can be looked at, too.

use crate::disk;
use std::fs;
use std::path::{Path, PathBuf};

/// Where units of the machine's owner and of packages stand.
const UNITS: [&str; 3] = ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];

/// Where the rest of systemd.unit(5)'s paths have theirs: what stands there runs nothing that we look for.
const MORE_UNITS: [&str; 4] =
    ["run/systemd/system", "run/systemd/generator", "run/systemd/generator.late", "usr/local/lib/systemd/system"];

/// A unit file.
pub struct Unit {
    /// Its file's name.
    pub name: String,
    /// What it says.
    pub text: String,
}

impl Unit {
    /// What the last line of this key says.
    pub fn value(&self, key: &str) -> Option<&str> {
        let mut pairs = self.text.lines().filter_map(|l| l.split_once('='));
        let value = pairs.rfind(|(k, _)| k.trim() == key).map(|(_, v)| v.trim().trim_start_matches('-'));
        value.filter(|v| !v.is_empty())
    }

    /// Whether it runs something in this folder.
    fn runs_in(&self, app: &Path) -> bool {
        let works_there = self.value("WorkingDirectory").is_some_and(|d| Path::new(d) == app);
        let below = format!("{}/", app.display());
        works_there || self.value("ExecStart").is_some_and(|e| e.split_whitespace().any(|w| w.starts_with(&below)))
    }
}

/// The services that aren't ours.
pub fn units(root: &Path) -> Vec<Unit> {
    let dirs = UNITS.iter().map(|d| root.join(d));
    let files = dirs.filter_map(|d| fs::read_dir(d).ok()).flat_map(|d| d.flatten()).map(|e| e.path());
    let services = files.filter(|p| p.extension().is_some_and(|e| e == "service"));
    let unit =
        |p: PathBuf| Some(Unit { name: p.file_name()?.to_str()?.to_owned(), text: fs::read_to_string(&p).ok()? });
    let foreign = |u: &Unit| !u.name.starts_with("whatsapp-auth-") && !u.name.starts_with("wakeep");
    services.filter_map(unit).filter(foreign).collect()
}

/// The one that runs something in the bot's folder.
pub fn unit_of(app: &Path, units: &[Unit]) -> Option<String> {
    units.iter().find(|u| u.runs_in(app)).map(|u| u.name.clone())
}

/// Whether systemd knows a unit of this name; `bot@1` comes from `bot@.service`.
pub fn stands(root: &Path, name: &str) -> bool {
    let template = name.split_once('@').map(|(base, rest)| (base, rest.rsplit_once('.').map_or("service", |(_, e)| e)));
    let names = [Some(name.to_owned()), template.map(|(base, ending)| format!("{base}@.{ending}"))];
    let mut dirs = UNITS.iter().chain(&MORE_UNITS).map(|dir| root.join(dir));
    dirs.any(|dir| names.iter().flatten().any(|name| disk::exists(&dir.join(name))))
}
