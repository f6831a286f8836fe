//! Names in an archive: which are harmless, and what they mean here.

use crate::platform::paths;
use std::path::{Component, Path, PathBuf};

/// The longest name there may be, in bytes (PATH_MAX on Linux).
pub const LONGEST: usize = 4096;

/// The longest a part of a name between slashes may be, in bytes (NAME_MAX on Linux).
const LONGEST_PART: usize = 255;

/// The path that a name in an archive means: `./` and doubled slashes go, an empty path is the root itself.
/// What could lead elsewhere is refused with the reason.
pub fn clean(raw: &[u8]) -> Result<PathBuf, &'static str> {
    if raw.len() > LONGEST {
        return Err("a name of more than 4096 bytes");
    }
    if raw.contains(&0) {
        return Err("a name with a zero byte");
    }
    let mut path = PathBuf::new();
    for part in paths::to_path(raw).components() {
        match part {
            Component::Normal(p) if p.len() > LONGEST_PART => return Err("a name with a part of more than 255 bytes"),
            Component::Normal(p) => path.push(p),
            Component::CurDir => {}
            Component::ParentDir => return Err("a name with '..'"),
            Component::RootDir | Component::Prefix(_) => return Err("an absolute name"),
        }
    }
    Ok(path)
}

/// A name that another program wrote, with `/` between its parts: some of Windows write `\` there, in archives whose format
/// knows `/` alone. Where any `/` stands between two parts, a `\` is a letter.
pub fn slashed(mut raw: Vec<u8>) -> Vec<u8> {
    let parts = raw.strip_suffix(b"/").unwrap_or(&raw);
    if !parts.contains(&b'/') {
        raw.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    }
    raw
}

/// Whether a path is what [`clean`] makes: relative, and of nothing but names.
pub fn is_clean(path: &Path) -> bool {
    clean(paths::to_bytes(path)).is_ok_and(|p| p.as_os_str() == path.as_os_str())
}

/// A name from an archive as it may stand in an error: escaped and short.
pub fn shown(raw: &[u8]) -> String {
    let (head, more) = if raw.len() > 120 { (&raw[..120], "…") } else { (raw, "") };
    format!("{}{more}", head.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_names_are_understood_and_others_refused() {
        for (raw, path) in [("a/b", "a/b"), ("./a//b/", "a/b"), ("./", ""), ("...", "..."), ("a\\..", "a\\..")] {
            assert_eq!(clean(raw.as_bytes()).unwrap(), Path::new(path), "{raw}");
        }
        for raw in ["/a", "..", "a/../b", "a/..", "../a", "//a", "a\0b", &"x".repeat(256), &"x/".repeat(2100)] {
            assert!(clean(raw.as_bytes()).is_err(), "{raw}");
        }
        for (raw, path) in
            [("a\\b", "a/b"), ("a\\b/", "a/b/"), ("a\\b\\", "a/b/"), ("a/b\\c", "a/b\\c"), ("..\\a", "../a")]
        {
            assert_eq!(slashed(raw.into()), path.as_bytes(), "{raw}");
        }
        assert!(is_clean(Path::new("a/b")) && !is_clean(Path::new("a/./b")) && !is_clean(Path::new("/a")));
    }
}
