//! Secrets: read from a file, a credential of systemd's or the environment when they are needed; never kept, never an
//! argument.

use super::{Config, environment};
use crate::error::{At, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A secret's text, and the place it is from.
pub type Secret = (String, PathBuf);

impl Config {
    /// The secret key that opens what is sealed: a file's, systemd's `wakeep-identity`, or `WAKEEP_IDENTITY_KEY`.
    ///
    /// # Errors
    /// `Io`: the file can't be read.
    pub fn identity_key(&self) -> Result<Option<Secret>> {
        secret(self.identity.as_deref(), "wakeep-identity", "WAKEEP_IDENTITY_KEY")
    }

    /// The passphrase: a file's, systemd's `wakeep-passphrase`, or `WAKEEP_PASSPHRASE`.
    ///
    /// # Errors
    /// `Io`: the file can't be read.
    pub fn passphrase(&self) -> Result<Option<Secret>> {
        secret(self.passphrase_file.as_deref(), "wakeep-passphrase", "WAKEEP_PASSPHRASE")
    }
}

/// A secret stands in a file, in a credential of systemd's, or in the environment; never among the arguments.
fn secret(file: Option<&Path>, credential_name: &str, variable: &str) -> Result<Option<Secret>> {
    match file.map(Path::to_owned).or_else(|| credential(credential_name)) {
        Some(path) => fs::read_to_string(&path).at("reading", &path).map(|text| Some((text, path))),
        None => Ok(environment(variable).map(|text| (text, PathBuf::from(variable)))),
    }
}

/// A secret that systemd hands over by `LoadCredential=wakeep-…:FILE` (systemd.exec(5)).
fn credential(name: &str) -> Option<PathBuf> {
    let path = Path::new(&environment("CREDENTIALS_DIRECTORY")?).join(name);
    path.is_file().then_some(path)
}
