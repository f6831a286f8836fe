//! What an archive at a remote is recognised by: a digest, keyed with a secret of this host's where the archive is sealed,
//! so that it tells nothing to whoever can't make the archive.

use crate::disk;
use crate::error::{At, Result};
use crate::platform::host;
use std::fs::File;
use std::path::Path;

/// BLAKE3 of a file, keyed where a key is given.
pub(super) fn digest_of(path: &Path, key: Option<String>) -> Result<String> {
    let mut hasher = match key {
        Some(key) => {
            let mut hasher = blake3::Hasher::new_derive_key("wakeep 2026-11 what an archive at a remote is");
            hasher.update(key.as_bytes());
            hasher
        }
        None => blake3::Hasher::new(),
    };
    hasher.update_reader(File::open(path).at("opening", path)?).at("reading", path)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// This host's own secret for what names may not tell.
pub(super) fn own_secret(file: &Path) -> Result<String> {
    if let Ok(known) = std::fs::read_to_string(file) {
        return Ok(known);
    }
    let new = secret();
    disk::write_whole(file, new.as_bytes())?;
    Ok(new)
}

/// 32 bytes that nobody can guess, in hexadecimal.
pub(super) fn secret() -> String {
    host::random::<32>()
}
