//! Finds the sessions behind a path, and what follows from where each lies. Reads names and first bytes only.

use super::{KINDS, Kind, Session, chromium};
use crate::disk;
use crate::error::{At, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Folder names that libraries use for a folder of sessions: LocalAuth and RemoteAuth, wppconnect and venom.
const ROOTS: [&str; 2] = [".wwebjs_auth", "tokens"];

/// How names begin of what lies beside sessions and is none: our workplace, and the copy that RemoteAuth packs
/// (whatsapp-web.js 1.34.7: `wwebjs_temp_session_<clientId>`), which goes in a moment, or stays after a kill.
const NO_SESSIONS: [&str; 2] = [".wakeep", "wwebjs_temp_session_"];

/// The sessions behind `path`: the path itself, or those in it. A path that isn't there yet gives the session that
/// would come to be there, so that it can be waited for or restored.
pub fn sessions(path: &Path) -> Result<Vec<Session>> {
    let path = absolute(path)?;
    if let Some(kind) = kind_of(&path) {
        return Ok(vec![session(&path, kind)]);
    }
    if !disk::exists(&path) {
        return Ok(vec![expected(&path)]);
    }
    if !path.is_dir() {
        return Err(Error::NotASession { path });
    }
    let found = inside(&path)?;
    if !found.is_empty() {
        return Ok(found);
    }
    if is_root(&path) || is_session_name(&path) || is_empty(&path)? {
        return Ok(vec![expected(&path)]);
    }
    Err(Error::NotASession { path })
}

/// The kind that claims the path, if any does.
pub fn kind_of(path: &Path) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.claims(path))
}

/// The session that would lie at `path` if its folder stood there, of the given kind.
pub fn session(path: &Path, kind: &'static dyn Kind) -> Session {
    let name = path.file_name().unwrap_or_default().to_owned();
    let above = disk::parent(path);
    // `.wwebjs_auth/session` is named from the root on; anything else from its own folder on.
    let named_so = is_session_name(path) && !is_bots_folder(above);
    let in_root = kind.name() == "chromium" && (is_root(above) || named_so) && above.parent().is_some();
    let (home, prefix) = if in_root {
        (disk::parent(above).to_owned(), Path::new(above.file_name().unwrap_or_default()).join(&name))
    } else {
        (above.to_owned(), PathBuf::from(&name))
    };
    Session { name: name.to_string_lossy().into_owned(), path: path.to_owned(), home, prefix, kind }
}

/// The session that would come to lie at `path`, or in it, as far as its name says.
pub fn expected(path: &Path) -> Session {
    let path = if is_root(path) { path.join("session") } else { path.to_owned() };
    session(&path, &chromium::Chromium)
}

/// The sessions that lie in a folder, the one LocalAuth makes without a `clientId` first.
pub fn inside(root: &Path) -> Result<Vec<Session>> {
    let mut found = Vec::new();
    for item in fs::read_dir(root).at("listing", root)? {
        let path = item.at("listing", root)?.path();
        if is_no_session(&path) {
            continue;
        }
        match kind_of(&path) {
            Some(kind) => found.push(session(&path, kind)),
            None if is_root(root) && path.is_dir() && is_session_name(&path) => found.push(expected(&path)),
            None => {}
        }
    }
    // LocalAuth without a clientId makes `session`: it is the first one wherever it is.
    found.sort_by_key(|s| (s.name != "session", s.name.clone()));
    Ok(found)
}

/// Where the sessions of the bot in the folder `app` lie: a `.wwebjs_auth` as a whole and first, others each. Where none
/// lies in the folder itself, those one folder further down (`data/auth`).
pub fn places(app: &Path) -> Vec<PathBuf> {
    let folders = || children(app).into_iter().filter(|p| p.is_dir() && !p.is_symlink() && is_open(p));
    let near: Vec<PathBuf> = children(app).into_iter().filter(|p| is_place(p)).collect();
    if !near.is_empty() {
        return near;
    }
    folders().flat_map(|folder| children(&folder)).filter(|p| is_place(p)).collect()
}

fn is_place(path: &Path) -> bool {
    let usual = path.file_name().is_some_and(|n| n == ROOTS[0]) && path.is_dir();
    usual || kind_of(path).is_some() || (is_root(path) && inside(path).is_ok_and(|found| !found.is_empty()))
}

/// Whether bots keep something of their own in a folder of this name.
fn is_open(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && name != "node_modules"
}

/// What lies in a folder, `.wwebjs_auth` and `session` first; nothing where that can't be read.
fn children(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    all.retain(|p| !is_no_session(p));
    let rank = |p: &PathBuf| [ROOTS[0], "session"].iter().position(|n| p.ends_with(n)).unwrap_or(2);
    all.sort_by_key(|p| (rank(p), p.clone()));
    all
}

/// Whether a path of that name is never a session, whatever is in it.
pub fn is_no_session(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    NO_SESSIONS.iter().any(|start| name.starts_with(start))
}

/// Whether a folder of that name holds sessions rather than being one.
pub fn is_root(path: &Path) -> bool {
    path.file_name().is_some_and(|n| ROOTS.iter().any(|r| n == *r))
}

/// A folder with these in it is a bot's own, not one that holds its sessions (`dataPath: './'`).
fn is_bots_folder(path: &Path) -> bool {
    ["package.json", "node_modules", "wakeep.toml", ".git"].iter().any(|name| path.join(name).exists())
}

fn is_session_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == "session" || name.starts_with("session-") || name.starts_with("RemoteAuth")
}

fn is_empty(path: &Path) -> Result<bool> {
    Ok(path.is_dir() && fs::read_dir(path).at("listing", path)?.next().is_none())
}

/// The absolute path, links in the folders above it resolved, the last name kept as it is.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let full = std::path::absolute(path).at("resolving", path)?;
    let above = disk::parent(&full);
    match (above.canonicalize(), full.file_name()) {
        (Ok(above), Some(name)) => Ok(above.join(name)),
        _ => Ok(full),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<(String, PathBuf)> {
        sessions(path).unwrap().into_iter().map(|s| (s.name, s.prefix)).collect()
    }

    #[test]
    fn what_is_not_there_yet_is_expected() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join(".wwebjs_auth");
        let expected = vec![("session".to_owned(), PathBuf::from(".wwebjs_auth/session"))];
        assert_eq!(names(&root), expected);
        assert_eq!(names(&root.join("session")), expected);
        assert_eq!(sessions(&root).unwrap()[0].home, dir.path().canonicalize().unwrap());
    }

    #[test]
    fn several_folders_are_several_sessions() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join(".wwebjs_auth");
        for name in ["session-b", "session", "session-a", "notes"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::create_dir_all(root.join("wwebjs_temp_session_a/Default/Local Storage/leveldb")).unwrap();
        let found: Vec<_> = names(&root).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, ["session", "session-a", "session-b"]);
    }

    #[test]
    fn a_folder_of_something_else_is_no_session() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("photo.jpg"), "x").unwrap();
        assert!(matches!(sessions(dir.path()), Err(Error::NotASession { .. })));
    }
}
