//! The configurations that stand already when a server is set up: the server's own, and the one in the bot's folder
//! that `wakeep setup` without root has made. Two that hold at once would have services and commands speak of different
//! vaults; so there is one in the end, and this is what it has to say.

use super::facts::bare_unit;
use crate::config::{Own, Place, SYSTEM};
use crate::error::{At, Error, Problem, Result};
use crate::owner::{self, Owner};
use crate::platform::modes;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of a bot's own configuration.
pub const NAME: &str = "wakeep.toml";

/// Keys that a server decides by itself: its vault is one for all, and whom root stops and starts is root's to say.
const NOT_TAKEN: [&str; 2] = ["vault", "bot_unit"];

/// What the configurations say that stand already.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Existing {
    /// The server's.
    pub server: Option<Own>,
    /// The bot's own.
    pub own: Option<Own>,
    /// Whether others than the bot's user can read the bot's own.
    pub is_public: bool,
}

impl Existing {
    /// Reads them for the bot in the folder `app`.
    ///
    /// # Errors
    /// One can't be read or says something that can't be; the bot's own names a session or an archive outside its folder.
    pub fn find(root: &Path, app: &Path, second: Option<&str>) -> Result<Existing> {
        let server = Path::new(SYSTEM).join(format!("{}.toml", second.unwrap_or("wakeep")));
        let read = |path: &Path| {
            let text = text(&super::inside(root, path))?;
            text.map(|t| Own::read(&t, crate::disk::parent(path), &path.display().to_string())).transpose()
        };
        let own = app.join(NAME);
        let is_public = fs::metadata(super::inside(root, &own)).is_ok_and(|m| modes::world_readable(&m));
        let found = Existing { server: read(&server)?, own: read(&own)?, is_public };
        found.require_inside(app, &own)?;
        Ok(found)
    }

    /// The services may write in the bot's folder, and nowhere else that the bot's user decides.
    fn require_inside(&self, app: &Path, file: &Path) -> Result<()> {
        let places = self.own.iter().flat_map(|own| &own.places);
        let mut paths = places.flat_map(|p| [Some(&p.path), p.archive.as_ref()]).flatten();
        let is_outside = |p: &&PathBuf| !p.starts_with(app) || p.components().any(|c| c.as_os_str() == "..");
        paths.find(is_outside).map_or(Ok(()), |path| {
            let problem = Problem::Outside { path: path.clone(), app: app.to_owned() };
            Err(Error::Config { place: file.display().to_string(), problem, suggestion: None })
        })
    }

    /// The sessions that are named: what the server's says holds.
    pub fn sessions(&self) -> Option<Vec<Place>> {
        let named = self.server.as_ref().or(self.own.as_ref())?.places.clone();
        (!named.is_empty()).then_some(named)
    }

    /// What the server's decided for a key that is a text.
    pub fn decided(&self, key: &str) -> Option<&str> {
        self.server.as_ref()?.value(key)?.as_str()
    }

    /// What a new configuration of the server takes over from the bot's own.
    pub fn taken(&self) -> impl Iterator<Item = &(String, toml::Value)> {
        let own = self.own.iter().filter(|_| self.server.is_none());
        own.flat_map(|own| &own.rest).filter(|(key, _)| !NOT_TAKEN.contains(&key.as_str()))
    }

    /// The keys of the bot's own that the server's doesn't get, or decides otherwise. `unit` is what root found.
    pub fn not_taken(&self, unit: Option<&str>) -> Vec<&str> {
        let Some(own) = &self.own else { return Vec::new() };
        let same_unit = |v: &toml::Value| v.as_str().map(bare_unit) == unit.map(bare_unit);
        let is_lost = |(key, value): &&(String, toml::Value)| match (&self.server, key.as_str()) {
            (None, "bot_unit") => !same_unit(value),
            (None, key) => NOT_TAKEN.contains(&key),
            (Some(server), key) => server.value(key) != Some(value),
        };
        own.rest.iter().filter(is_lost).map(|(key, _)| key.as_str()).collect()
    }
}

/// The text of a configuration, read as whoever it belongs to: root follows nobody's links.
fn text(path: &Path) -> Result<Option<String>> {
    if !path.is_file() {
        return Ok(None);
    }
    let Some(owner) = Owner::of(path).filter(|_| owner::is_root()) else {
        return fs::read_to_string(path).at("reading", path).map(Some);
    };
    let read = owner.command("cat").arg(path).output().at("reading", path)?;
    let failed = || std::io::Error::other(String::from_utf8_lossy(&read.stderr).trim().to_owned());
    if !read.status.success() {
        return Err(failed()).at("reading", path);
    }
    String::from_utf8(read.stdout)
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))
        .at("reading", path)
        .map(Some)
}
