//! A path as archives hold it: bytes, with `/` between the parts, and as the system has it. Here both are the same bytes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The bytes that stand for the path in an archive.
pub fn to_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// The path that bytes in an archive stand for. What it could lead to is judged by `archive`, not here.
pub fn to_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
