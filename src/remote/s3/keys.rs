//! Where the keys to a bucket come from: a file that the configuration names, a systemd credential, the environment,
//! the file of the AWS tools. Never argv, and never shown.

use crate::disk;
use crate::error::{At, Error, Fault, Problem, Result};
use crate::remote::{Settings, fault};
use rusty_s3::Credentials;
use std::fs;
use std::path::{Path, PathBuf};

/// The name under which a unit hands the file on: `LoadCredential=s3_credentials:FILE`.
const CREDENTIAL: &str = "s3_credentials";

/// The first keys that are found.
pub(super) fn find(place: &str, settings: &Settings) -> Result<Credentials> {
    let profile = settings.told("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    if let Some(file) = &settings.s3_credentials {
        require_private(file)?;
        return of_file(file, &profile)?.ok_or_else(|| fault(place, Fault::NoCredentials));
    }
    let handed_on = settings.told("CREDENTIALS_DIRECTORY").map(|dir| Path::new(&dir).join(CREDENTIAL));
    if let Some(keys) = present(handed_on, &profile)? {
        return Ok(keys);
    }
    if let (Some(key), Some(secret)) = (settings.told("AWS_ACCESS_KEY_ID"), settings.told("AWS_SECRET_ACCESS_KEY")) {
        return Ok(keys(key, secret, settings.told("AWS_SESSION_TOKEN")));
    }
    let usual = settings.told("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
    let usual = usual.or_else(|| settings.told("HOME").map(|home| Path::new(&home).join(".aws/credentials")));
    present(usual, &profile)?.ok_or_else(|| fault(place, Fault::NoCredentials))
}

fn present(file: Option<PathBuf>, profile: &str) -> Result<Option<Credentials>> {
    file.filter(|f| f.is_file()).map_or(Ok(None), |f| of_file(&f, profile))
}

fn require_private(file: &Path) -> Result<()> {
    if disk::mode(file)? & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::Config {
        place: file.display().to_string(),
        problem: Problem::KeysOpen,
        suggestion: Some(format!("chmod 600 {}", file.display())),
    })
}

fn of_file(file: &Path, profile: &str) -> Result<Option<Credentials>> {
    Ok(read(&fs::read_to_string(file).at("reading", file)?, profile))
}

/// The ini form of the AWS tools; a file without sections is one profile.
fn read(text: &str, profile: &str) -> Option<Credentials> {
    let (mut key, mut secret, mut token, mut ours) = (None, None, None, true);
    for line in text.lines().map(str::trim).filter(|l| !l.starts_with(['#', ';'])) {
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            ours = section.trim() == profile;
        } else if let (true, Some((name, value))) = (ours, line.split_once('=')) {
            let value = Some(value.trim().to_owned()).filter(|v| !v.is_empty());
            match name.trim() {
                "aws_access_key_id" => key = value,
                "aws_secret_access_key" => secret = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    Some(keys(key?, secret?, token))
}

fn keys(key: String, secret: String, token: Option<String>) -> Credentials {
    match token {
        Some(token) => Credentials::new_with_token(key, secret, token),
        None => Credentials::new(key, secret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_that_is_meant_is_read() {
        let text = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B\n\n[other]\naws_access_key_id=C\n\
                    aws_secret_access_key = D=\naws_session_token = E\n";
        let (mine, other) = (read(text, "default").unwrap(), read(text, "other").unwrap());
        assert_eq!((mine.key(), mine.secret(), mine.token()), ("A", "B", None));
        assert_eq!((other.key(), other.secret(), other.token()), ("C", "D=", Some("E")));
        assert!(read(text, "third").is_none());
        assert!(read("aws_access_key_id=A\naws_secret_access_key=B", "default").is_some());
    }
}
