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
            None => match Place::of_scp(text) {
                // A folder may be called so.
                Some(meant) if !base.join(text).is_dir() => Err(wrong(Problem::WayOfScp, Some(&meant))),
                _ => Ok(Place::Dir(base.join(text))),
            },
            Some(("ssh", rest)) => ssh(rest).ok_or_else(|| wrong(Problem::NoPlace, Some("ssh://user@host/path"))),
            Some(("s3", rest)) => s3(rest).ok_or_else(|| wrong(Problem::NoPlace, Some("s3://bucket/prefix"))),
            Some(_) => Err(wrong(Problem::UnknownRemote, Some("ssh://host/path"))),
        }
    }

    /// What `scp` takes for a place on another machine, `[user@]host:path`, as it is written here; `None` for what can
    /// only be a path.
    pub fn of_scp(text: &str) -> Option<String> {
        let (address, path) = match text.split_once("]:") {
            Some((v6, path)) if v6.contains('[') => (&text[..=v6.len()], path),
            _ => text.split_once(':')?,
        };
        if address.is_empty() || address.contains('/') || path.starts_with("//") {
            return None;
        }
        let meant = match address {
            "ssh" | "s3" => format!("{address}://{}", path.trim_start_matches('/')),
            _ => format!("ssh://{address}/{}", folder_of_scp(path)),
        };
        let is_place = Place::parse(&meant, Path::new("/")).is_ok() && without_password(text) == text;
        Some(if is_place { meant } else { "ssh://user@host/path".to_owned() })
    }
}

/// What somebody wrote, as it may be shown: a password in it is an error, and stays out of the error.
fn without_password(text: &str) -> String {
    let (kind, rest) = text.split_once("://").map_or(("", text), |(kind, rest)| (&text[..kind.len() + 3], rest));
    match rest.rsplit_once('@') {
        Some((who, where_to)) if who.contains(':') => format!("{kind}…@{where_to}"),
        _ => text.to_owned(),
    }
}

/// A path there, as it is written in an address: absolute, or from the user's home. An archive lies in the folder meant.
fn folder_of_scp(path: &str) -> String {
    let is_archive = |name: &str| [".tar.gz", ".tgz", ".age"].iter().any(|ending| name.ends_with(ending));
    let folder = match path.rsplit_once('/') {
        Some((folder, name)) if is_archive(name) => folder,
        None if is_archive(path) => "",
        _ => path,
    };
    match path.strip_prefix('/') {
        Some(_) => folder.trim_start_matches('/').to_owned(),
        None => format!("~/{}", folder.trim_start_matches('~').trim_start_matches('/')),
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
    fn what_scp_takes_is_answered_with_the_address_meant() {
        for (text, meant) in [
            ("bot@vps:/opt/bot", "ssh://bot@vps/opt/bot"),
            ("vps:bots/laundry", "ssh://vps/~/bots/laundry"),
            ("vps:", "ssh://vps/~/"),
            ("vps:~/bots", "ssh://vps/~/bots"),
            ("bot@[2001:db8::1]:/srv", "ssh://bot@[2001:db8::1]/srv"),
            ("bot@vps:/opt/bot/whatsapp_auth_latest.tar.gz", "ssh://bot@vps/opt/bot"),
            ("s3:bucket/prefix", "s3://bucket/prefix"),
            ("bot:secret@vps:/opt/bot", "ssh://user@host/path"),
        ] {
            let Err(Error::Config { place, suggestion, .. }) = parse(text) else { panic!("{text}") };
            assert_eq!(suggestion.as_deref(), Some(meant), "{text}");
            assert!(!place.contains("secret"), "{place}");
        }
        for path in ["/mnt/a:b", "./a:b", "mnt/a:b"] {
            assert_eq!(parse(path).unwrap(), Place::Dir(Path::new("/bot").join(path)), "{path}");
        }
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("vps:")).unwrap();
        assert_eq!(Place::parse("vps:", base.path()).unwrap(), Place::Dir(base.path().join("vps:")));
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
