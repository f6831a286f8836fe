//! A secret of a channel: from the file that the configuration names, else a credential of systemd's, else the
//! environment. Never shown.

use crate::config::environment;
use crate::error::{At, Result};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A secret.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Reads it. `key` is its name without `_file`.
    pub fn of(key: &str, file: Option<&Path>) -> Result<Option<Secret>> {
        let credential = environment("CREDENTIALS_DIRECTORY").map(|dir| PathBuf::from(dir).join(key));
        let file = file.map(Path::to_owned).or_else(|| credential.filter(|c| c.is_file()));
        let text = match file {
            Some(file) => Some(fs::read_to_string(&file).at("reading", &file)?),
            None => environment(&format!("WAKEEP_{}", key.to_uppercase())),
        };
        let text = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        Ok(text.map(Secret))
    }

    /// The secret itself, for whoever sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
