//! Where a remote is, as a person writes it. Never holds a secret.

use crate::error::{Error, Problem, Result};
use std::fmt;
use std::path::{Path, PathBuf};

/// A folder, a folder behind SSH, or a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine: another disk, a mount.
    Dir(PathBuf),
    /// `ssh://[user@]host[:port]/path`; `/~/path` is meant from the user's home.
    Ssh {
        /// The user, where the place names one.
        user: Option<String>,
        /// A host's name or address, or a name of `~/.ssh/config`.
        host: String,
        /// The port, where the place names one.
        port: Option<u16>,
        /// The folder on that side.
        path: String,
    },
    /// `s3://bucket[/prefix]`.
    S3 {
        /// The bucket.
        bucket: String,
        /// What all names begin with: empty, or ending in `/`.
        prefix: String,
    },
}

impl Place {
    /// Reads a place; a folder's path is meant from `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Place> {
        let wrong = |problem: Problem, suggestion: Option<&str>| Error::Config {
            place: without_password(text),
            problem,
            suggestion: suggestion.map(str::to_owned),
        };
        match text.split_once("://") {
            None if text.is_empty() => Err(wrong(Problem::NoPlace, Some("s3://bucket/prefix"))),
            None => Ok(Place::Dir(base.join(text))),
            Some(("ssh", rest)) => ssh(rest).ok_or_else(|| wrong(Problem::NoPlace, Some("ssh://user@host/path"))),
            Some(("s3", rest)) => s3(rest).ok_or_else(|| wrong(Problem::NoPlace, Some("s3://bucket/prefix"))),
            Some(_) => Err(wrong(Problem::UnknownRemote, Some("ssh://host/path"))),
        }
    }
}

/// What somebody wrote, as it may be shown: a password in it is an error, and stays out of the error.
fn without_password(text: &str) -> String {
    match text.split_once("://").and_then(|(kind, rest)| Some((kind, rest.rsplit_once('@')?))) {
        Some((kind, (who, where_to))) if who.contains(':') => format!("{kind}://…@{where_to}"),
        _ => text.to_owned(),
    }
}

fn ssh(rest: &str) -> Option<Place> {
    let (authority, path) = rest.split_once('/')?;
    let (user, address) = match authority.rsplit_once('@') {
        Some((user, address)) => (Some(user), address),
        None => (None, authority),
    };
    let (host, port) = match address.strip_prefix('[').and_then(|a| a.split_once(']')) {
        Some((v6, port)) => (v6, port.strip_prefix(':')),
        None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(str::parse).transpose().ok()?;
    // They become arguments of `ssh`: nothing that it would take for an option. A password has no place in an address.
    let plain = |word: &str| !word.is_empty() && !word.starts_with('-') && !word.contains([':', ' ', '\'', '"']);
    let v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
    if !(plain(host) || v6) || user.is_some_and(|u| !plain(u)) || path.chars().any(char::is_control) {
        return None;
    }
    let path = match path.strip_prefix("~/") {
        Some(at_home) => at_home.trim_end_matches('/').to_owned(),
        None => format!("/{}", path.trim_end_matches('/')),
    };
    let path = if path.is_empty() { ".".to_owned() } else { path };
    Some(Place::Ssh { user: user.map(str::to_owned), host: host.to_owned(), port, path })
}

fn s3(rest: &str) -> Option<Place> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let prefix = prefix.trim_matches('/');
    let bad = prefix.split('/').any(|part| matches!(part, "." | "..")) || prefix.chars().any(char::is_control);
    if bucket.is_empty() || !bucket.chars().all(plain) || bad {
        return None;
    }
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Some(Place::S3 { bucket: bucket.to_owned(), prefix })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Dir(path) => write!(f, "{}", path.display()),
            Place::Ssh { user, host, port, path } => {
                let user = user.as_ref().map(|u| format!("{u}@")).unwrap_or_default();
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                let port = port.map(|p| format!(":{p}")).unwrap_or_default();
                let path = match path.strip_prefix('/') {
                    Some(path) => path.to_owned(),
                    None => format!("~/{}", path.trim_start_matches('.')),
                };
                write!(f, "ssh://{user}{host}{port}/{path}")
            }
            Place::S3 { bucket, prefix } => {
                write!(f, "s3://{bucket}{}{}", if prefix.is_empty() { "" } else { "/" }, prefix.trim_end_matches('/'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Place> {
        Place::parse(text, Path::new("/bot"))
    }

    #[test]
    fn places_read_as_they_are_written() {
        for text in [
            "/mnt/disk/wakeep",
            "ssh://vps/opt/nord-laundry-bot",
            "ssh://bot@vps.example.org:2222/srv/x y",
            "ssh://bot@[2001:db8::1]:22/srv",
            "ssh://vps/~/bots",
            "ssh://vps/~/",
            "s3://bucket",
            "s3://bucket/some/prefix",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(parse("copies").unwrap(), Place::Dir("/bot/copies".into()));
        assert_eq!(parse("s3://b/p/").unwrap(), parse("s3://b/p").unwrap());
    }

    #[test]
    fn nonsense_and_passwords_are_refused() {
        for text in [
            "",
            "ssh://vps",
            "ssh://-oProxyCommand=x/y",
            "ssh://u:secret@h/x",
            "ssh://h:port/x",
            "s3://",
            "s3://b/../c",
            "ftp://h/x",
        ] {
            let Err(Error::Config { place, .. }) = parse(text) else { panic!("{text}") };
            assert!(!place.contains("secret"), "{place}");
        }
    }
}
