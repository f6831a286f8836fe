//! The owner's decisions, read: the file, the environment, each key into its field. How a value is read stands in
//! `field`, which file it is in `which`.

use super::field::{Field, wrong};
use super::keys::KEYS;
use super::{Config, LogFormat, Place, environment, position, which};
use crate::error::{At, Problem, Result};
use std::fs;
use std::path::{Path, PathBuf};
use toml::Value;

/// The table in a text; what is no TOML is told with its line and column.
pub(super) fn parsed(text: &str, place: &str) -> Result<toml::Table> {
    let told =
        |e: toml::de::Error| wrong(&position::at(place, text, e.span()), Problem::NotToml(e.message().into()), None);
    toml::from_str(text).map_err(told)
}

impl Config {
    /// Reads the file (`file`, else `WAKEEP_CONFIG`, else the server's for the bot in this folder, else `./wakeep.toml`,
    /// else `/etc/wakeep/wakeep.toml`) and the environment. `session` names the one session that is meant, whatever the
    /// file says. Where nothing names a session it is `.wwebjs_auth` beside the file.
    pub fn load(file: Option<&Path>, session: Option<&Path>) -> Result<Config> {
        let mut config = Config::default();
        let named = file.map(Path::to_owned).or_else(|| environment("WAKEEP_CONFIG").map(PathBuf::from));
        if let Some(path) = named.or_else(|| which::usual_files().into_iter().find(|p| p.is_file())) {
            config.read(&path)?;
        }
        let meant = session.map(Path::to_owned).or_else(|| environment("WAKEEP_SESSION").map(PathBuf::from));
        if let Some(session) = meant {
            config.mean(session);
        }
        for key in KEYS.iter().filter(|k| !["sessions", "session"].contains(k)) {
            let name = format!("WAKEEP_{}", key.to_uppercase());
            if let Some(text) = environment(&name) {
                config.set(key, &Value::String(text), Path::new(""), &name)?;
            }
        }
        Ok(config)
    }

    /// Narrows the sessions down to this one. Archive and vault of another are not its own.
    fn mean(&mut self, session: PathBuf) {
        let full = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| p.to_owned());
        let known = self.places.iter().find(|p| full(&p.path) == full(&session)).cloned();
        self.places = vec![known.unwrap_or(Place { path: session, ..Place::default() })];
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).at("reading", path)?;
        let place = path.display().to_string();
        let table: toml::Table = parsed(&text, &place)?;
        let base = crate::disk::parent(path);
        if base != Path::new(".") {
            base.clone_into(&mut self.base);
        }
        let one = ["session", "archive", "vault"].into_iter().find(|key| table.contains_key(*key));
        if let (Some(key), true) = (one, table.contains_key("sessions")) {
            let error = wrong(&place, Problem::OneAndSeveral(key.to_owned()), None);
            return Err(position::of(error, &place, &text, key));
        }
        let base = self.base.clone();
        for (key, value) in &table {
            self.set(key, value, &base, &place).map_err(|e| position::of(e, &place, &text, key))?;
        }
        self.file = Some(path.to_owned());
        Ok(())
    }

    /// Sets one key. Relative paths are meant from `base`; `place` is named in errors.
    pub fn set(&mut self, key: &str, value: &Value, base: &Path, place: &str) -> Result<()> {
        let field = Field { key, value, base, place };
        match key {
            "session" => self.first().path = field.path()?,
            "archive" => self.first().archive = Some(field.path()?),
            "vault" => self.first().vault = Some(field.path()?),
            "sessions" => self.places.extend(field.places()?),
            "interval" => self.interval = field.pause()?,
            "carry" => self.carry_all = field.choice(&["login", "all"])? == 1,
            "archive_mode" => self.archive_mode = field.mode()?,
            "session_mode" => self.session_mode = field.folder_mode()?,
            "keep_bytes" => self.keep_bytes = field.size()?,
            "arrived_hold" => self.arrived_hold = field.duration()?,
            "write_budget" => self.write_budget = field.size()?,
            "latest_every" => self.latest_every = field.duration()?,
            "last_archive_wait" => self.last_archive_wait = field.duration()?,
            "cleanup" => self.cleanup = field.switch()?,
            "drill" => self.drill = field.duration()?,
            "lang" => self.lang = Some(["en", "ru"][field.choice(&["en", "ru"])?].to_owned()),
            "log_file" => self.log_file = field.log_file()?,
            "log_format" => self.log_format = [LogFormat::Text, LogFormat::Json][field.choice(&["text", "json"])?],
            "bot_unit" => self.bot_unit = Some(field.name()?),
            "bot_pm2" => self.bot_pm2 = Some(field.name()?),
            "push" => self.push = field.choice(&["never", "after every archive"])? == 1,
            "seal_to" => self.seal_to = field.recipients()?,
            "identity" => self.identity = Some(field.path()?),
            "passphrase_file" => self.passphrase_file = Some(field.path()?),
            "remote" => self.remote = Some(field.remote()?),
            "s3_endpoint" => self.s3_endpoint = Some(field.text()?.to_owned()),
            "s3_region" => self.s3_region = Some(field.text()?.to_owned()),
            "s3_path_style" => self.s3_path_style = Some(field.switch()?),
            "s3_credentials" => self.s3_credentials = Some(field.path()?),
            "s3_ca_file" => self.s3_ca_file = Some(field.path()?),
            "ssh_options" => self.ssh_options = field.words()?,
            "lease_life" => self.lease_life = field.life()?,
            "lease_strict" => self.lease_strict = field.switch()?,
            "serve" => self.serve = Some(field.socket()?),
            "serve_host" => self.serve_host = Some(field.name()?),
            "serve_token_file" => self.serve_token = Some(field.path()?),
            _ if self.notify.set(&field)? => {}
            unknown => return Err(field.unknown(unknown, &KEYS)),
        }
        Ok(())
    }

    /// The session that `session`, `archive` and `vault` speak of.
    pub fn first(&mut self) -> &mut Place {
        if self.places.is_empty() {
            self.places.push(Place { path: self.base.join(".wwebjs_auth"), ..Place::default() });
        }
        &mut self.places[0]
    }
}
