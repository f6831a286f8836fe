//! Sessions that lay here once: what the vaults in a bot's folder and its one archive say of them, so that one that is gone
//! is missed.

use super::ward::{plain_archive, vault_root};
use crate::config::Place;
use crate::session::interior::Interior;
use crate::session::{Session, find};
use crate::unpack;
use crate::vault::backup::label_of;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The sessions that the vaults in a bot's folder and its one archive speak of, wherever they lie now; those that lie
/// `here` need no reminding.
pub(super) fn sessions(place: &Place, home: &Path, here: &[Session]) -> Vec<Session> {
    let session = |prefix: &Path, kind| find::session(&home.join(prefix), kind);
    let vaults = fs::read_dir(vault_root(place, home)).into_iter().flatten().flatten().map(|e| e.path());
    let here: HashSet<&OsStr> = here.iter().map(|s| OsStr::new(&s.name)).collect();
    let is_here = |vault: &PathBuf| vault.file_name().is_some_and(|name| here.contains(name));
    let (here, gone): (Vec<_>, Vec<_>) = vaults.filter(|v| v.is_dir()).partition(is_here);
    let mut known: Vec<Session> =
        gone.iter().filter_map(|vault| newest_interior(vault)).map(|i| session(&i.prefix, i.kind)).collect();
    // What earlier versions took for one.
    known.retain(|s| !find::is_no_session(&s.path));
    if known.is_empty() && !here.iter().any(|vault| generations(vault).next().is_some()) {
        // An archive that can't be read says nothing here; whoever restores from it says why.
        let promised = unpack::sessions_in(&plain_archive(place, home)).unwrap_or_default();
        known.extend(promised.iter().filter(|i| !i.prefix.as_os_str().is_empty()).map(|i| session(&i.prefix, i.kind)));
    }
    known.sort_by_key(|s| (s.name != "session", s.name.clone()));
    known
}

/// What the newest generation in a vault that says what it is has in it.
fn newest_interior(vault: &Path) -> Option<Interior> {
    let mut newest_first: Vec<PathBuf> = generations(vault).collect();
    newest_first.sort_by(|a, b| b.cmp(a));
    let newest = newest_first.into_iter().find(|file| label_of(file).is_some())?;
    unpack::sessions_in(&newest).ok()?.into_iter().next()
}

/// The files of a vault's generations, by their names.
fn generations(vault: &Path) -> impl Iterator<Item = PathBuf> {
    let files = fs::read_dir(vault).into_iter().flatten().flatten().map(|e| e.path());
    files.filter(|f| f.file_name().is_some_and(|n| n.to_string_lossy().starts_with('g')))
}
