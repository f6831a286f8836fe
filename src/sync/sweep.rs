//! A bucket beside what its pointer says: packs that no archive needs any more, orphans of pushes that were cut off, and
//! packs that are gone though they are needed (a lifecycle rule, a person).

use super::Outgoing;
use super::pack::Pointer;
use super::packs::pack_name;
use crate::remote::{Object, Remote};
use jiff::SignedDuration;
use std::collections::HashSet;

/// The packs are listed at every so many generations.
const LISTED_EVERY: u64 = 64;
/// A pack that no pointer names may be one whose push goes on: it is left alone for so long.
const SPARED: SignedDuration = SignedDuration::from_hours(24);

/// Removes what no archive needs any more; what fails here is tried again by a later push. Returns the packs that aren't
/// there, where the newest archive needs one of them.
pub fn sweep(out: &Outgoing, remote: &dyn Remote, before: Option<&Pointer>, now: &Pointer) -> HashSet<String> {
    let released = before.iter().flat_map(|b| b.packs.keys()).filter(|name| !now.packs.contains_key(*name));
    for name in released {
        let _ = remote.delete(&pack_name(&out.session, name));
    }
    let folder = pack_name(&out.session, "");
    if !out.mark.generation.is_multiple_of(LISTED_EVERY) {
        return HashSet::new();
    }
    let Ok(listed) = remote.list(&folder) else { return HashSet::new() };
    remove_orphans(remote, &listed, &folder, now);
    lost(remote, &listed, &folder, now)
}

/// How old they are is told by the remote's own clock: the newest of them has just come.
fn remove_orphans(remote: &dyn Remote, listed: &[Object], folder: &str, now: &Pointer) {
    let newest = listed.iter().filter_map(|o| o.modified).max();
    for object in listed {
        let named = object.name.strip_prefix(folder).is_none_or(|name| now.packs.contains_key(name));
        let age = newest.zip(object.modified).map(|(newest, written)| newest.duration_since(written));
        if !named && age.is_some_and(|age| age > SPARED) {
            let _ = remote.delete(&object.name);
        }
    }
}

fn lost(remote: &dyn Remote, listed: &[Object], folder: &str, now: &Pointer) -> HashSet<String> {
    let there: HashSet<&str> = listed.iter().filter_map(|o| o.name.strip_prefix(folder)).collect();
    // A list may lag behind; the question for one object doesn't.
    let gone =
        |name: &&String| !there.contains(name.as_str()) && matches!(remote.head(&format!("{folder}{name}")), Ok(None));
    let lost: HashSet<String> = now.packs.keys().filter(gone).cloned().collect();
    let needed = now.archives[0].packs.iter().any(|name| lost.contains(name));
    if needed { lost } else { HashSet::new() }
}
