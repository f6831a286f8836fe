//! Where sessions lie within an archive, judged by the names in it alone: archives made elsewhere begin at
//! `.wwebjs_auth/`, at the session's folder, or (RemoteAuth zips) in the middle of it.

use super::find::is_no_session;
use super::{KINDS, Kind, baileys, chromium, whatsmeow};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// One session within an archive.
#[derive(Clone)]
pub struct Interior {
    /// The path within the archive; empty where the archive begins in the session's folder.
    pub prefix: PathBuf,
    /// How the session is made up.
    pub kind: &'static dyn Kind,
}

/// The kind of that name.
pub fn kind_named(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|k| k.name() == name)
}

/// The sessions within an archive that holds these names, in the order of their paths.
pub fn sessions(names: &[PathBuf]) -> Vec<Interior> {
    let mut found: BTreeMap<PathBuf, &'static dyn Kind> = BTreeMap::new();
    for name in names {
        let name = tidy(name);
        if let Some(prefix) = chromium_root(&name).filter(|prefix| !is_no_session(prefix)) {
            found.insert(prefix, &chromium::Chromium);
        } else if name.file_name().is_some_and(|n| n == "creds.json") {
            found.insert(name.parent().unwrap_or(Path::new("")).to_owned(), &baileys::Baileys);
        }
    }
    if let ([only], true) = (names, found.is_empty()) {
        found.insert(tidy(only), &whatsmeow::Whatsmeow);
    }
    found.into_iter().map(|(prefix, kind)| Interior { prefix, kind }).collect()
}

/// The name without `./` and the like, so that prefixes compare.
pub fn tidy(name: &Path) -> PathBuf {
    name.components().filter(|c| !matches!(c, Component::CurDir)).collect()
}

/// The user-data folder of which a name is a login store: what stands before `Default/…`.
fn chromium_root(name: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = name.components().collect();
    let store = |at: usize| parts.get(at + 1).is_some_and(|c| is_store(c.as_os_str().to_str()));
    let at = parts.iter().enumerate().position(|(at, c)| c.as_os_str() == "Default" && store(at))?;
    Some(parts[..at].iter().collect())
}

fn is_store(name: Option<&str>) -> bool {
    matches!(name, Some("Local Storage" | "LocalStorage" | "IndexedDB"))
}

impl Interior {
    /// The path below the session's folder, for a name in the archive that belongs to this session.
    pub fn inside(&self, name: &Path) -> Option<PathBuf> {
        tidy(name).strip_prefix(&self.prefix).ok().map(Path::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(names: &[&str]) -> Vec<String> {
        let names: Vec<_> = names.iter().map(PathBuf::from).collect();
        sessions(&names).iter().map(|i| format!("{}:{}", i.kind.name(), i.prefix.display())).collect()
    }

    #[test]
    fn finds_where_an_archive_begins() {
        let log = "Default/Local Storage/leveldb/000003.log";
        assert_eq!(prefixes(&[&format!(".wwebjs_auth/session/{log}")]), ["chromium:.wwebjs_auth/session"]);
        assert_eq!(prefixes(&[&format!("./session-a/{log}"), &format!("./session-b/{log}")]).len(), 2);
        assert_eq!(prefixes(&[log]), ["chromium:"]);
        let packed = [&*format!("RemoteAuth-a/{log}"), &format!("wwebjs_temp_session_a/{log}")];
        assert_eq!(prefixes(&packed), ["chromium:RemoteAuth-a"], "while RemoteAuth packed it");
        assert_eq!(prefixes(&["auth/creds.json", "auth/pre-key-1.json"]), ["baileys:auth"]);
        assert_eq!(prefixes(&["bot.db"]), ["whatsmeow:bot.db"]);
        assert!(prefixes(&["a.txt", "b.txt"]).is_empty());
    }
}
