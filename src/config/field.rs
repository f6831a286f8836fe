//! One value of the configuration, read as what its key wants; what can't be read names the key, the place and the
//! nearest word.

use super::keys::SESSION_KEYS;
use super::{LogFile, Place};
use crate::error::{Error, Problem, Result, Wanted};
use jiff::SignedDuration;
use std::path::{Path, PathBuf};
use toml::Value;

/// One value, and where it stands.
pub struct Field<'a> {
    pub key: &'a str,
    pub value: &'a Value,
    pub base: &'a Path,
    /// The file or the variable, for errors.
    pub place: &'a str,
}

impl Field<'_> {
    pub fn text(&self) -> Result<&str> {
        self.value.as_str().ok_or_else(|| self.wants(Wanted::Text))
    }

    /// The name of a unit or an app: it becomes an argument and a line of a unit file.
    pub fn name(&self) -> Result<String> {
        let text = self.text()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@:".contains(c);
        let good = !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
        if good { Ok(text.to_owned()) } else { Err(self.wants(Wanted::Name)) }
    }

    /// A folder is meant from the file's own, another place stands for itself.
    pub fn remote(&self) -> Result<String> {
        let text = self.text()?;
        Ok(if is_folder(text, self.base) { self.path()?.display().to_string() } else { text.to_owned() })
    }

    /// A list of words; in the environment one text, cut at spaces.
    pub fn words(&self) -> Result<Vec<String>> {
        let wanted = || self.wants(Wanted::Words);
        match self.value {
            Value::String(text) => Ok(text.split_whitespace().map(str::to_owned).collect()),
            Value::Array(list) => list.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(wanted)).collect(),
            _ => Err(wanted()),
        }
    }

    /// Rounds without a pause would take a processor for themselves.
    pub fn pause(&self) -> Result<SignedDuration> {
        let pause = self.duration()?;
        if pause.as_millis() >= 100 { Ok(pause) } else { Err(self.wants(Wanted::TenthOfSecond)) }
    }

    /// Shorter lives would end between two requests over a slow line.
    pub fn life(&self) -> Result<SignedDuration> {
        let life = self.duration()?;
        if life.as_secs() >= 1 { Ok(life) } else { Err(self.wants(Wanted::Second)) }
    }

    pub fn path(&self) -> Result<PathBuf> {
        let text = self.text()?;
        if text.is_empty() { Err(self.wants(Wanted::Path)) } else { Ok(self.base.join(text)) }
    }

    pub fn duration(&self) -> Result<SignedDuration> {
        let wanted = || self.wants(Wanted::Duration);
        let duration: SignedDuration = self.text()?.parse().map_err(|_| wanted())?;
        if duration.is_negative() { Err(wanted()) } else { Ok(duration) }
    }

    pub fn choice(&self, words: &[&str]) -> Result<usize> {
        let text = self.text()?;
        words.iter().position(|w| *w == text).ok_or_else(|| {
            let problem = Problem::OneOf { key: self.key.to_owned(), words: words.join(", ") };
            wrong(self.place, problem, nearest(text, words))
        })
    }

    pub fn switch(&self) -> Result<bool> {
        match self.value {
            Value::Boolean(on) => Ok(*on),
            Value::String(s) if s == "true" => Ok(true),
            Value::String(s) if s == "false" => Ok(false),
            _ => Err(self.wants(Wanted::Switch)),
        }
    }

    pub fn mode(&self) -> Result<u32> {
        let bits = self.text().ok().and_then(|t| u32::from_str_radix(t, 8).ok());
        bits.filter(|b| *b <= 0o777 && b & 0o400 != 0).ok_or_else(|| self.wants(Wanted::Mode))
    }

    /// Bits that leave the owner a folder to work in.
    pub fn folder_mode(&self) -> Result<u32> {
        let bits = self.mode()?;
        if bits & 0o700 == 0o700 { Ok(bits) } else { Err(self.wants(Wanted::FolderMode)) }
    }

    pub fn size(&self) -> Result<u64> {
        let size = match self.value {
            Value::Integer(n) => u64::try_from(*n).ok(),
            Value::String(s) => bytes_of(s),
            _ => None,
        };
        size.filter(|n| *n > 0).ok_or_else(|| self.wants(Wanted::Size))
    }

    pub fn log_file(&self) -> Result<LogFile> {
        match self.switch() {
            Ok(true) => Ok(LogFile::Usual),
            Ok(false) => Ok(LogFile::Off),
            Err(_) => self.path().map(LogFile::At),
        }
    }

    /// One recipient or a list of them (in the environment: parted by commas); what is no key is a file's name.
    pub fn recipients(&self) -> Result<Vec<String>> {
        let wanted = || self.wants(Wanted::Recipients);
        let texts: Vec<&str> = match self.value {
            Value::String(text) => text.split([',', '\n']).collect(),
            Value::Array(list) => list.iter().map(|v| v.as_str().ok_or_else(wanted)).collect::<Result<_>>()?,
            _ => return Err(wanted()),
        };
        let is_key = |t: &str| ["age1", "ssh-", "AGE-SECRET-KEY-"].iter().any(|start| t.starts_with(start));
        let named = |t: &str| if is_key(t) { t.to_owned() } else { self.base.join(t).display().to_string() };
        Ok(texts.into_iter().map(str::trim).filter(|t| !t.is_empty()).map(named).collect())
    }

    pub fn socket(&self) -> Result<std::net::SocketAddr> {
        let text = self.text()?.replace("localhost", "127.0.0.1");
        text.parse().map_err(|_| self.wants(Wanted::Socket))
    }

    pub fn places(&self) -> Result<Vec<Place>> {
        let list = self.value.as_array().ok_or_else(|| self.wants(Wanted::Tables))?;
        list.iter().map(|v| self.one_place(v)).collect()
    }

    fn one_place(&self, value: &Value) -> Result<Place> {
        let table = value.as_table().ok_or_else(|| self.wants(Wanted::Tables))?;
        let mut place = Place::default();
        for (key, value) in table {
            let field = Field { key, value, base: self.base, place: self.place };
            match key.as_str() {
                "path" => place.path = field.path()?,
                "archive" => place.archive = Some(field.path()?),
                "vault" => place.vault = Some(field.path()?),
                unknown => return Err(field.unknown(unknown, &SESSION_KEYS)),
            }
        }
        if place.path.as_os_str().is_empty() { Err(self.wants(Wanted::PathInEach)) } else { Ok(place) }
    }

    pub fn wants(&self, what: Wanted) -> Error {
        wrong(self.place, Problem::Wants { key: self.key.to_owned(), what }, None)
    }

    pub fn unknown(&self, key: &str, known: &[&str]) -> Error {
        wrong(self.place, Problem::UnknownKey(key.to_owned()), nearest(key, known))
    }
}

/// Whether a remote is a folder's path, meant from `base`. With a colon before its first slash it is one only where such
/// a folder stands: else it is an address, or meant as one.
pub fn is_folder(remote: &str, base: &Path) -> bool {
    let first = remote.split('/').next().unwrap_or_default();
    !first.contains(':') || base.join(remote).is_dir()
}

/// The error of a value that can't be used.
pub fn wrong(place: &str, problem: Problem, suggestion: Option<String>) -> Error {
    Error::Config { place: place.to_owned(), problem, suggestion }
}

/// The word that was most likely meant.
fn nearest(word: &str, words: &[&str]) -> Option<String> {
    let likeness = |w: &&str| (strsim::jaro_winkler(word, w) * 1000.0) as u32;
    words.iter().copied().max_by_key(likeness).filter(|w| likeness(w) > 700).map(str::to_owned)
}

/// `10 GB`, `500MB`, `1.5 GiB`, `4096`.
fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1.0,
        "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KIB" => 1024.0,
        "MIB" => 1024.0 * 1024.0,
        "GIB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * unit;
    (bytes.is_finite() && bytes < 1e18).then_some(bytes as u64)
}
