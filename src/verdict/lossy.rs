//! Paths as text, for JSON: a name that is no UTF-8 is shown with replacement characters, where serde would refuse the
//! whole of what it stands in.

use serde::Serializer;
use std::path::{Path, PathBuf};

/// A path.
///
/// # Errors
/// What the serializer says.
pub fn path<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

/// A path, where there is one.
///
/// # Errors
/// What the serializer says.
pub fn some_path<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => to.serialize_some(&path.to_string_lossy()),
        None => to.serialize_none(),
    }
}
