//! Setting up: a plan of steps, judged and taken at a site. Taking a plan twice changes nothing; what was written is
//! recorded with its digest, so that undoing takes away exactly that and puts back what was there.
//!
//! What is to be set up stands in `local` (beside a bot, without root) and `server` (a whole VPS); what is found out
//! about the machine in `facts`, `bots` and `existing`; which ignore lists there are in `lists`.

pub mod bots;
pub mod change;
mod configuration;
pub mod existing;
pub mod facts;
mod key;
mod lists;
pub mod local;
pub mod names;
pub mod record;
pub mod server;
mod step;
pub mod undo;
mod units;

use crate::disk;
use crate::error::{At, Result};
use crate::owner::make_log;
use record::{Kind, Record, Written};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
pub use step::{Fate, Step, What};

/// A place that is being set up: the machine itself, or a tree that becomes one.
#[derive(Debug)]
pub struct Site<'a> {
    /// The tree; `/` for this machine.
    pub root: &'a Path,
    /// What was written here earlier.
    pub record: Record,
}

impl<'a> Site<'a> {
    /// The site, with what its record at `record` (a path on it) says.
    pub fn open(root: &'a Path, record: &Path) -> Result<Site<'a>> {
        let above = disk::parent(record);
        let base = if above.ends_with(".wakeep") { disk::parent(above) } else { Path::new("") };
        Ok(Site { root, record: Record::open(&inside(root, record), base)? })
    }

    /// Where a path of the machine lies from here.
    pub fn on_disk(&self, path: &Path) -> PathBuf {
        inside(self.root, path)
    }

    /// What a step comes to. Looks, and changes nothing.
    pub fn judge(&self, step: &Step) -> Result<Fate> {
        let at = self.on_disk(&step.path);
        match &step.what {
            // A second bot's user has to get through the folder of the first.
            What::Folder if at.is_dir() && disk::mode(&at)? & step.mode != step.mode => Ok(Fate::Replace),
            What::Folder | What::Log | What::FileOnce(_) if disk::exists(&at) => Ok(Fate::Stands),
            What::Folder | What::Log | What::FileOnce(_) => Ok(Fate::Write),
            What::Lines(lines) => {
                let text = if disk::exists(&at) { fs::read_to_string(&at).at("reading", &at)? } else { String::new() };
                let known: Vec<&str> = text.lines().map(str::trim).collect();
                let new: Vec<String> = lines.iter().filter(|l| !known.contains(&l.as_str())).cloned().collect();
                let is_old = |line: &String| known.contains(&line.as_str());
                let any_old = self.outdated(step).iter().any(is_old);
                Ok(if new.is_empty() && !any_old { Fate::Stands } else { Fate::Append(new) })
            }
            What::Aside if !disk::exists(&at) => Ok(Fate::Stands),
            What::Aside if is_tracked(&at) => Ok(Fate::Tracked),
            What::Aside => Ok(Fate::Aside(self.free_aside(&step.path))),
            What::Key(..) if !disk::exists(&at) => Ok(Fate::Stands),
            What::Key(key, value) => {
                let text = fs::read_to_string(&at).at("reading", &at)?;
                let value = toml::Value::String(value.clone());
                let is_so = key::with(&text, key, &value) == text;
                Ok(if is_so { Fate::Stands } else { Fate::Set(key::line(key, &value)) })
            }
            What::Back => Ok(self.fate_of_what_was_written(&step.path)),
            What::File(text) => self.judge_content(step, &at, text.as_bytes()),
            What::Program(from) => {
                let bytes = fs::read(from).at("reading", from)?;
                self.judge_content(step, &at, &bytes)
            }
        }
    }

    /// Lines that were ours in this list earlier and aren't any more.
    fn outdated(&self, step: &Step) -> Vec<String> {
        let What::Lines(lines) = &step.what else { return Vec::new() };
        let ours = self.record.of(&step.path).into_iter().flat_map(|written| &written.lines);
        ours.filter(|line| !lines.contains(line)).cloned().collect()
    }

    /// `NAME.set-aside`, or with a number where an earlier one stands.
    fn free_aside(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let numbered = (2..).map(|n| format!("{name}.set-aside-{n}"));
        let mut names = std::iter::once(format!("{name}.set-aside")).chain(numbered).map(|n| path.with_file_name(n));
        names.find(|p| !disk::exists(&self.on_disk(p))).expect("there are more numbers than files")
    }

    fn judge_content(&self, step: &Step, at: &Path, wanted: &[u8]) -> Result<Fate> {
        let beside = || beside(&step.path);
        if !disk::exists(at) {
            return Ok(if is_tracked(at) { Fate::Beside(beside()) } else { Fate::Write });
        }
        // A link is its owner's: what it leads to is neither read nor replaced.
        if fs::symlink_metadata(at).at("reading", at)?.is_symlink() {
            return Ok(Fate::Beside(beside()));
        }
        let standing = fs::read(at).at("reading", at)?;
        if standing == wanted {
            return Ok(Fate::Stands);
        }
        let ours = self.record.of(&step.path);
        let edited = ours.is_some_and(|w| !w.is_ours(&standing) && !w.was_before(&standing));
        let text = matches!(step.what, What::Program(_)) || std::str::from_utf8(&standing).is_ok();
        Ok(if is_tracked(at) || edited || !text {
            if fs::read(self.on_disk(&beside())).is_ok_and(|b| b == wanted) {
                Fate::Keep
            } else {
                Fate::Beside(beside())
            }
        } else {
            Fate::Replace
        })
    }

    /// Takes a step. Returns what it came to. It is recorded first: a kill in between must not leave anything that
    /// nobody takes away.
    pub fn take(&mut self, step: &Step) -> Result<Fate> {
        let fate = self.judge(step)?;
        let at = self.on_disk(&step.path);
        match (&step.what, &fate) {
            (_, Fate::Stands | Fate::Keep | Fate::Tracked) => return Ok(fate),
            (_, Fate::Aside(aside)) => {
                self.record.add(Written { moved_from: Some(step.path.clone()), ..Written::new(aside, Kind::Aside) })?;
                return disk::move_to(&at, &self.on_disk(aside)).map(|()| fate);
            }
            (What::Key(key, value), _) => return self.set(step, key, value).map(|()| fate),
            (_, Fate::Back(undone)) => return self.part_with(&step.path, *undone).map(|()| fate),
            (What::Folder, Fate::Replace) => {}
            (What::Folder, _) => {
                self.record.add(Written::new(&step.path, Kind::Folder))?;
                make_folders(&at)?;
            }
            (What::Log, _) => {
                self.record.add(Written::new(&step.path, Kind::Log))?;
                make_folders(disk::parent(&at))?;
                return make_log(&at, step.owner).map(|()| fate);
            }
            (_, Fate::Append(lines)) => {
                let outdated = self.outdated(step);
                self.record.add_lines(&step.path, lines)?;
                append(&at, lines, &outdated, step.mode)?;
                return self.record.forget_lines(&step.path, &outdated).map(|()| fate);
            }
            (What::File(text) | What::FileOnce(text), _) => {
                return self.write(step, &fate, text.as_bytes()).map(|()| fate);
            }
            (What::Program(from), _) => {
                let bytes = fs::read(from).at("reading", from)?;
                return self.write(step, &fate, &bytes).map(|()| fate);
            }
            (What::Lines(_) | What::Aside | What::Back, _) => {}
        }
        self.dress(step)?;
        Ok(fate)
    }

    fn write(&mut self, step: &Step, fate: &Fate, bytes: &[u8]) -> Result<()> {
        let path = if let Fate::Beside(path) = fate { path } else { &step.path };
        let at = self.on_disk(path);
        let mut written = Written { digest: digest(bytes), ..Written::new(path, Kind::File) };
        // An earlier version of ours isn't what was there before us.
        written.before = match self.record.of(path) {
            Some(earlier) => {
                written.earlier.clone_from(&earlier.digest);
                earlier.before.clone()
            }
            None if *fate == Fate::Replace => fs::read_to_string(&at).ok(),
            None => None,
        };
        make_folders(disk::parent(&at))?;
        self.record.add(written)?;
        disk::write_whole_as(&at, bytes, step.mode, step.owner.map(|o| (o.uid, o.gid)))
    }

    /// A file of ours stays ours, and what its owner changed stays theirs.
    fn set(&mut self, step: &Step, key: &str, value: &str) -> Result<()> {
        let at = self.on_disk(&step.path);
        // A link is its owner's: the file that it leads to is changed.
        let at = at.canonicalize().at("reading", &at)?;
        let before = fs::read_to_string(&at).at("reading", &at)?;
        let text = key::with(&before, key, &toml::Value::String(value.to_owned()));
        if let Some(ours) = self.record.of(&step.path).filter(|w| w.is_ours(before.as_bytes())) {
            let (digest, earlier) = (digest(text.as_bytes()), digest(before.as_bytes()));
            self.record.add(Written { digest, earlier, ..ours.clone() })?;
        }
        disk::rewrite(&at, text.as_bytes())
    }

    /// Gives a folder its mode and owner.
    fn dress(&self, step: &Step) -> Result<()> {
        let at = self.on_disk(&step.path);
        if let Some(owner) = step.owner {
            disk::give_to(&at, owner.uid, owner.gid)?;
        }
        disk::set_mode(&at, step.mode)
    }
}

/// Folders of the system are for everybody to enter, unlike those that wakeep keeps sessions in.
fn make_folders(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    make_folders(disk::parent(dir))?;
    disk::make_dir(dir)?;
    disk::set_mode(dir, 0o755)
}

/// Appends these lines and drops those: whole or not at all, in the file's own mode and, as far as may be, for its owner.
fn append(at: &Path, lines: &[String], outdated: &[String], mode: u32) -> Result<()> {
    make_folders(disk::parent(at))?;
    if !disk::exists(at) {
        return disk::write_whole_as(at, format!("{}\n", lines.join("\n")).as_bytes(), mode, None);
    }
    // A link is its owner's: the file that it leads to gets the lines.
    let at = at.canonicalize().at("reading", at)?;
    let before = undo::rest(&at, outdated)?;
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    disk::rewrite(&at, format!("{before}{gap}{lines}").as_bytes())
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.wakeep"))
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Whether git would see a change of the file. Where it can't be asked, it might.
fn is_tracked(at: &Path) -> bool {
    let dir = disk::parent(at);
    let Some(name) = at.file_name() else { return false };
    if !dir.ancestors().any(|d| d.join(".git").exists()) {
        return false;
    }
    let mut git = Command::new("git");
    git.arg("-C").arg(dir).args(["ls-files", "--error-unmatch", "--"]).arg(name);
    let status = git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.map_or(disk::exists(at), |s| s.code() != Some(1))
}

/// How two files differ, as `diff -u` shows it.
pub fn difference(old: &Path, new: &Path) -> Vec<String> {
    let said = Command::new("diff").arg("-u").arg(old).arg(new).stdin(Stdio::null()).stderr(Stdio::null()).output();
    said.map(|o| String::from_utf8_lossy(&o.stdout).lines().map(str::to_owned).collect()).unwrap_or_default()
}
