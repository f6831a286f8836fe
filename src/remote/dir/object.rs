//! One object in a folder: what is known of the file, and what killed writers left beside it.

use super::{DIGESTED, LOCK, PART};
use crate::disk;
use crate::error::{At, Result};
use crate::platform::files;
use crate::remote::{Object, Tag};
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

pub(super) fn hidden(name: &str) -> bool {
    name == LOCK || (name.starts_with('.') && name.ends_with(PART))
}

pub(super) fn object(name: String, path: &Path) -> Result<Option<Object>> {
    let mut file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.at("opening", path)?,
    };
    let meta = file.metadata().at("reading", path)?;
    if !meta.is_file() {
        return Ok(None);
    }
    let tag = tag_of(&mut file).at("reading", path)?;
    Ok(Some(Object { name, bytes: meta.len(), tag, modified: Timestamp::from_second(files::written(&meta).0).ok() }))
}

pub(super) fn tag_at(path: &Path) -> Result<Option<Tag>> {
    Ok(object(String::new(), path)?.map(|o| o.tag))
}

pub(super) fn tag_of(file: &mut File) -> io::Result<Tag> {
    let meta = file.metadata()?;
    if meta.len() > DIGESTED {
        let ((_, inode), (written, nanos)) = (files::identity(&meta), files::written(&meta));
        return Ok(Tag::new(format!("{inode:x}-{:x}-{written:x}.{nanos:x}", meta.len())));
    }
    let mut content = Vec::new();
    file.take(DIGESTED).read_to_end(&mut content)?;
    Ok(Tag::new(blake3::hash(&content).to_hex().as_str()))
}

/// Removes what killed writers of this name left beside a file being written: by that file system's own clock, a day old.
/// No other program's files.
pub(super) fn sweep(temp: &Path, name: &str) -> Result<()> {
    const DAY: i64 = 24 * 60 * 60;
    let dir = disk::parent(temp);
    let written = |meta: &fs::Metadata| files::written(meta).0;
    let now = written(&fs::metadata(temp).at("reading", temp)?);
    for item in fs::read_dir(dir).at("reading", dir)?.flatten() {
        let stale = |path: &Path| fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && now - written(&m) > DAY);
        if item.file_name().to_str().is_some_and(|file| is_part_of(file, name)) && stale(&item.path()) {
            disk::remove_file(&item.path())?;
        }
    }
    Ok(())
}

/// `.NAME.NONCE.part`.
fn is_part_of(file: &str, name: &str) -> bool {
    let nonce = file.strip_prefix('.').and_then(|f| f.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(PART));
    nonce.is_some_and(|n| n.len() == 32 && n.bytes().all(|b| b.is_ascii_hexdigit()))
}
