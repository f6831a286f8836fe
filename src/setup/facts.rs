//! What can be found out about the machine, so that nobody has to be asked: the bot's folder, its session, its user,
//! its systemd unit or pm2 app. Looks, and changes nothing.

use super::bots;
use super::change::standing_schedule;
use super::existing::Existing;
use super::names::Names;
use super::units::{Unit, stands, unit_of, units};
use crate::config::Place;
use crate::error::{Error, Problem, Result};
use crate::owner::Owner;
use crate::session::find;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the earlier system's description puts the bot.
const USUAL_APP: &str = "/opt/nord-laundry-bot";

/// How the check of every 6 hours is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// By cron, with the line that the earlier system's users know.
    Cron,
    /// By a systemd timer, which makes up for missed ones.
    Timer,
}

/// What the owner said, of which all may be left out.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The bot's folder.
    pub app: Option<PathBuf>,
    /// The bot's unit.
    pub unit: Option<String>,
    /// How the check is called.
    pub schedule: Option<Schedule>,
    /// All is to be taken away: what configurations say is of no interest.
    pub undo: bool,
}

/// What is to be set up for.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The bot's folder.
    pub app: PathBuf,
    /// The sessions in it, or where one is expected: one at least.
    pub sessions: Vec<Place>,
    /// What the configurations say that stand already.
    pub existing: Existing,
    /// The name of a second bot on this machine; none for the first.
    pub second: Option<String>,
    /// The bot's user, where that isn't root.
    pub owner: Option<Owner>,
    /// The user's name.
    pub user: String,
    /// The bot's unit, with its ending.
    pub unit: Option<String>,
    /// Whether its owner named it now.
    pub unit_said: bool,
    /// Whether a unit of that name is there.
    pub unit_stands: bool,
    /// The bot's pm2 app.
    pub pm2: Option<String>,
    /// How the check is called.
    pub schedule: Schedule,
    /// The installed program.
    pub wakeep: PathBuf,
}

impl Facts {
    /// Finds out what wasn't said. `here` is the current folder; everything is looked up below `root`.
    ///
    /// # Errors
    /// No bot's folder was said and none is found.
    pub fn find(root: &Path, said: &Said, here: &Path) -> Result<Facts> {
        let units = units(root);
        let app = app(root, said, here, &units)?;
        let on_disk = super::inside(root, &app);
        let second = bots::name(root, &app);
        let existing = if said.undo { Existing::default() } else { Existing::find(root, &app, second.as_deref())? };
        // What was decided earlier needn't be said again.
        let named = said.unit.as_deref().or_else(|| existing.decided("bot_unit"));
        let unit = named.map(unit_name).or_else(|| unit_of(&app, &units));
        let text = unit.as_ref().and_then(|name| units.iter().find(|u| u.name == *name));
        let configured = text.and_then(|u| u.value("User")).map(str::to_owned);
        let sessions = existing.sessions().unwrap_or_else(|| usual_sessions(&app, &on_disk));
        let session = &sessions[0].path;
        // Built into a tree, the tree's users are nobody here.
        let owner = if root == Path::new("/") {
            configured.as_deref().and_then(Owner::named).or_else(|| Owner::of(session)).or_else(|| Owner::of(&app))
        } else {
            None
        };
        let user = owner.and_then(Owner::name).or(configured).unwrap_or_else(|| "root".to_owned());
        let pm2_decided = || existing.decided("bot_pm2").map(str::to_owned);
        let pm2 = if unit.is_none() { pm2_decided().or_else(|| pm2_app(&app, owner)) } else { None };
        let standing = || standing_schedule(root, &Names::called(second.as_deref()));
        let schedule = said.schedule.or_else(standing).unwrap_or_else(|| usual_schedule(root));
        let unit_stands = unit.as_deref().is_some_and(|name| stands(root, name));
        let (unit_said, wakeep) = (said.unit.is_some(), program(root));
        Facts { app, sessions, existing, second, owner, user, unit, unit_said, unit_stands, pm2, schedule, wakeep }
            .checked()
    }

    /// The names go into units and into lines that root's shell runs. Both have their own quotes, and neither needs
    /// them for names without blanks and signs.
    fn checked(self) -> Result<Facts> {
        let names = [
            ("--app-dir", self.app.to_str()),
            ("wakeep", self.wakeep.to_str()),
            ("--bot-unit", self.unit.as_deref().or(Some(""))),
            ("User=", Some(self.user.as_str())),
        ];
        let odd = names.into_iter().find(|(_, name)| !name.is_some_and(is_plain)).map(|(place, name)| Error::Config {
            place: place.to_owned(),
            problem: Problem::OddName(name.unwrap_or("?").to_owned()),
            suggestion: None,
        });
        odd.map_or(Ok(self), Err)
    }

    /// The sessions in the bot's folder, as it lies on this disk, that are not among those that are kept.
    pub fn not_kept(&self, on_disk: &Path) -> Vec<PathBuf> {
        let kept = |path: &PathBuf| self.sessions.iter().any(|s| path.starts_with(&s.path) || s.path.starts_with(path));
        let found = find::places(on_disk);
        let there = found.iter().filter_map(|p| Some(self.app.join(p.strip_prefix(on_disk).ok()?)));
        there.filter(|p| !kept(p)).collect()
    }

    /// The unit as configurations name it, where its owner named another one now than the server's configuration does.
    pub fn other_unit(&self) -> Option<String> {
        let said = bare_unit(self.unit.as_deref().filter(|_| self.unit_said)?);
        let is_said = |decided: &str| bare_unit(decided) == said;
        let stands = self.existing.server.is_some() && !self.existing.decided("bot_unit").is_some_and(is_said);
        stands.then(|| said.to_owned())
    }

    /// The bot's folder's own name.
    pub fn name(&self) -> String {
        self.app.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// A unit's full name: people leave `.service` out.
pub fn unit_name(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("{name}.service") }
}

/// A unit's name as people type it.
pub fn bare_unit(name: &str) -> &str {
    name.trim_end_matches(".service")
}

fn app(root: &Path, said: &Said, here: &Path, units: &[Unit]) -> Result<PathBuf> {
    if let Some(app) = &said.app {
        let full = std::path::absolute(app).unwrap_or_else(|_| app.clone());
        // What stands in the system is undone also where the bot's folder is gone.
        let there = said.undo || super::inside(root, &full).is_dir();
        return if there { Ok(full) } else { Err(no_bot_at(&format!("--app-dir {}", app.display()), None)) };
    }
    let of_unit = |name: &String| units.iter().find(|u| u.name == unit_name(name))?.value("WorkingDirectory");
    if let Some(dir) = said.unit.as_ref().and_then(of_unit) {
        return Ok(dir.into());
    }
    let is_bot = |dir: &Path| !find::places(&super::inside(root, dir)).is_empty();
    let of_units = units.iter().filter_map(|u| u.value("WorkingDirectory")).map(PathBuf::from);
    let all = std::iter::once(here.to_owned()).chain(of_units).chain([USUAL_APP.into()]);
    let mut found = all.filter(|dir| dir.is_absolute() && is_bot(dir));
    found.next().ok_or_else(|| no_bot_at("--app-dir", Some(format!("--app-dir {USUAL_APP}"))))
}

fn no_bot_at(place: &str, suggestion: Option<String>) -> Error {
    Error::Config { place: place.to_owned(), problem: Problem::NoBotFolder, suggestion }
}

/// Neither sh nor systemd nor cron reads anything into such a name.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || "/._-+@:".contains(c))
}

/// The sessions that are found in a bot's folder, or the one that would come to be there.
fn usual_sessions(app: &Path, on_disk: &Path) -> Vec<Place> {
    let place = |path: &Path| Place { path: app.join(path), ..Place::default() };
    let found = find::places(on_disk);
    let found: Vec<Place> = found.iter().filter_map(|p| p.strip_prefix(on_disk).ok()).map(place).collect();
    if found.is_empty() { vec![place(Path::new(".wwebjs_auth"))] } else { found }
}

/// cron where it is installed: that is what the earlier system's users look at.
fn usual_schedule(root: &Path) -> Schedule {
    if root.join("usr/sbin/cron").exists() || root.join("usr/sbin/crond").exists() {
        Schedule::Cron
    } else {
        Schedule::Timer
    }
}

/// The program as units and shims call it: a package's, else ours.
fn program(root: &Path) -> PathBuf {
    if root.join("usr/bin/wakeep").is_file() { "/usr/bin/wakeep".into() } else { "/usr/local/bin/wakeep".into() }
}

/// The pm2 app that runs in this folder, by what `pm2 save` left: a list of apps, each with `name` and `pm_cwd`.
fn pm2_app(app: &Path, owner: Option<Owner>) -> Option<String> {
    let home = owner.map_or(Some("/root".into()), Owner::home)?;
    let text = fs::read_to_string(home.join(".pm2/dump.pm2")).ok()?;
    let apps: Vec<serde_json::Value> = serde_json::from_str(&text).ok()?;
    let runs_here = |a: &&serde_json::Value| a["pm_cwd"].as_str().is_some_and(|d| Path::new(d) == app);
    let name = apps.iter().find(runs_here)?["name"].as_str()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!name.is_empty() && !name.starts_with('-') && name.chars().all(plain)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_unit_and_user_are_found_out() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir_all(root.join("etc/systemd/system")).unwrap();
        fs::create_dir_all(root.join("srv/shop/.wwebjs_auth/session")).unwrap();
        let unit = "[Service]\nUser=shop\nWorkingDirectory=/srv/shop\nExecStart=/usr/bin/node bot.js\n";
        fs::write(root.join("etc/systemd/system/shop-bot.service"), unit).unwrap();
        let facts = Facts::find(root, &Said::default(), Path::new("/")).unwrap();
        assert_eq!((facts.app.as_path(), facts.unit.as_deref()), (Path::new("/srv/shop"), Some("shop-bot.service")));
        assert_eq!((facts.user.as_str(), facts.schedule), ("shop", Schedule::Timer));
        assert_eq!(facts.sessions[0].path, Path::new("/srv/shop/.wwebjs_auth"));
        assert!(facts.unit_stands);
        let said = Said { unit: Some("shop-bot".into()), ..Said::default() };
        assert_eq!(Facts::find(root, &said, Path::new("/")).unwrap().app, Path::new("/srv/shop"));
        fs::write(root.join("etc/systemd/system/bot@.service"), unit).unwrap();
        for (name, stands) in [("shop-bot", true), ("bot@7", true), ("bot@7.timer", false), ("nope", false)] {
            let said = Said { unit: Some(name.into()), app: Some("/srv/shop".into()), ..Said::default() };
            assert_eq!(Facts::find(root, &said, Path::new("/")).unwrap().unit_stands, stands, "{name}");
        }
    }

    #[test]
    fn a_folder_whose_name_says_something_to_a_shell_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let found = |app: &str| {
            fs::create_dir_all(root.path().join(app.trim_start_matches('/'))).unwrap();
            let said = Said { app: Some(app.into()), ..Said::default() };
            Facts::find(root.path(), &said, Path::new("/"))
        };
        for app in ["/srv/$(id)", "/srv/a b", "/srv/a;b", "/srv/a'b", "/srv/a\"b", "/srv/%n", "/srv/a\nb", "/srv/a\\b"]
        {
            assert!(matches!(found(app), Err(Error::Config { place, .. }) if place == "--app-dir"), "{app:?}");
        }
        for app in ["/srv/nord-laundry_bot.2", "/srv/прачечная"] {
            assert_eq!(found(app).unwrap().app, Path::new(app));
        }
    }

    #[test]
    fn where_nothing_is_found_the_flag_is_named() {
        let root = tempfile::tempdir().unwrap();
        let found = Facts::find(root.path(), &Said::default(), Path::new("/"));
        assert!(matches!(found, Err(Error::Config { place, .. }) if place == "--app-dir"));
        let said = Said { app: Some("/srv/nobody".into()), ..Said::default() };
        let found = Facts::find(root.path(), &said, Path::new("/"));
        assert!(matches!(found, Err(Error::Config { place, .. }) if place == "--app-dir /srv/nobody"));
        fs::create_dir_all(root.path().join("srv/nobody")).unwrap();
        let said = Said { unit: Some("a b".into()), ..said };
        let found = Facts::find(root.path(), &said, Path::new("/"));
        assert!(matches!(found, Err(Error::Config { place, .. }) if place == "--bot-unit"));
    }
}
