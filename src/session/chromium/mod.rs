//! The kind `chromium`: a profile of Chromium in which WhatsApp Web is logged in, as whatsapp-web.js (LocalAuth and
//! RemoteAuth), wppconnect, open-wa and venom keep it. Here is only what a kind must answer; how it is found out
//! stands in the modules below.

mod copy;
mod door;
mod holder;
mod idb_coding;
mod layout;
mod lock;
mod login;
mod progress;
mod proof;
mod sqlite_stores;
mod stores;
mod value;

use super::{Examination, Hold, Kind, Use, Vector};
use crate::error::{At, Result};
use crate::session::leveldb;
use crate::tree::is_vanished;
use crate::verdict::{Code, Finding, Verdict};
use layout::{PROFILE, Part};
use login::Seen;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use stores::Store;

/// The kind `chromium`.
pub struct Chromium;

impl Kind for Chromium {
    fn name(&self) -> &'static str {
        "chromium"
    }

    fn claims(&self, path: &Path) -> bool {
        let has = |name: &str| path.join(name).exists();
        let login = &PROFILE.login;
        let stores = [&login.local_storage, &login.indexed_db, &login.local_storage_sqlite, &login.indexed_db_sqlite];
        // A young profile has no store yet.
        stores.iter().any(|store| has(store)) || (has("Default") && (has("Local State") || has("Last Version")))
    }

    fn matters(&self, entry: &Path) -> bool {
        PROFILE.part(entry) != Part::None
    }

    fn watched(&self, entry: &Path) -> bool {
        matches!(PROFILE.part(entry), Part::Login | Part::Way)
    }

    fn immutable(&self, entry: &Path) -> bool {
        PROFILE.immutable(entry)
    }

    fn copy(&self, live: &Path, into: &Path) -> Result<()> {
        copy::profile(live, into)
    }

    fn examine(&self, copy: &Path) -> Result<Examination> {
        let (mut findings, mut vector) = (Vec::new(), Vector::new());
        let mut open = |store| open_store(store, &mut findings, &mut vector);
        // Chromium 156 moves nothing from one layout to the other. Local Storage goes by its switch, and the new one is
        // then used for good; IndexedDB stays in the old layout where that is there.
        let local = [sqlite_stores::local_storage(copy)?, stores::local_storage(copy)?].map(&mut open);
        let local = login::first(local, |items| !items.is_empty());
        let mut open = |store| open_store(store, &mut findings, &mut vector);
        let indexed = [stores::indexed_db(copy)?, sqlite_stores::indexed_db(copy)?].map(&mut open);
        let indexed = login::first(indexed, |databases| !databases.stores.is_empty());
        let mut versions = versions(copy)?;
        let site = indexed.as_ref().and_then(|seen| seen.as_ref()?.version.clone());
        versions.extend(site.map(|version| ("whatsapp_web".to_owned(), version)));
        let state = login::judge(local, indexed);
        findings.extend(state.findings);
        Ok(Examination {
            verdict: Verdict::new(self.name(), state.login, state.account, findings),
            vector,
            identity: state.identity,
            versions,
        })
    }

    fn progress(&self, live: &Path) -> Vector {
        progress::of(live)
    }

    fn remarks(&self, live: &Path) -> Vec<Finding> {
        holder::foreign_host(live)
            .map(|host| Finding::new(Code::ForeignLock, "SingletonLock", host))
            .into_iter()
            .collect()
    }

    fn versions(&self, live: &Path) -> BTreeMap<String, String> {
        cached_page(live).map(|version| ("whatsapp_web".to_owned(), version)).into_iter().collect()
    }

    fn holder(&self, live: &Path) -> Use {
        holder::of(live)
    }

    fn browser(&self, live: &Path) -> Option<u32> {
        holder::browser(live)
    }

    fn forbids(&self, entry: &Path) -> bool {
        PROFILE.forbids(entry)
    }

    fn mend(&self, _live: &Path, staged: &Path, _forced: bool) -> Result<()> {
        cut_torn_tails(staged).map(drop)
    }

    fn steady(&self, live: &Path) -> Result<()> {
        cut_torn_tails(live).map(drop)
    }

    fn hold(&self, folders: &[&Path], room: &Path) -> Result<Option<Box<dyn Hold>>> {
        Ok(Some(Box::new(lock::hold(folders, room)?)))
    }
}

/// Cuts half-written last records off the LevelDB stores of a profile that no Chromium works on, as every copy made
/// here has it done: for archives that others made, and for what a full disk or a power cut left behind. Chromium would
/// append behind such a record and couldn't open the database the second time. Returns the files that had one.
fn cut_torn_tails(profile: &Path) -> Result<Vec<PathBuf>> {
    let mut cut = Vec::new();
    for database in [&PROFILE.login.local_storage, &PROFILE.login.indexed_db] {
        if stores::is_there(&profile.join(database))? {
            let names = leveldb::cut_torn_tails(&profile.join(database))?;
            cut.extend(names.into_iter().map(|name| Path::new(database).join(name)));
        }
    }
    Ok(cut)
}

fn open_store<T>(store: Option<Store<T>>, findings: &mut Vec<Finding>, vector: &mut Vector) -> Seen<T> {
    let store = store?;
    findings.extend(store.findings);
    vector.extend(store.vector);
    Some(store.content)
}

/// The version of WhatsApp Web that whatsapp-web.js loaded last: its LocalWebCache (1.34.7; the default) keeps each page it
/// loads as `.wwebjs_cache/<version>.html`, its LocalAuth the profile in `.wwebjs_auth/`, both in the bot's own folder.
fn cached_page(profile: &Path) -> Option<String> {
    let auth = profile.parent().filter(|auth| auth.ends_with(".wwebjs_auth"))?;
    let pages = fs::read_dir(auth.with_file_name(".wwebjs_cache")).ok()?.flatten();
    let named = pages.filter_map(|page| {
        let version = page.file_name().to_str()?.strip_suffix(".html")?.to_owned();
        value::is_version(&version).then_some((page.metadata().ok()?.modified().ok()?, version))
    });
    named.max().map(|(_, version)| version)
}

/// The version of Chromium that used the profile last.
fn versions(profile: &Path) -> Result<BTreeMap<String, String>> {
    let path = profile.join("Last Version");
    match fs::read_to_string(&path).at("reading", &path) {
        Err(e) if is_vanished(&e) => Ok(BTreeMap::new()),
        text => Ok(BTreeMap::from([("chromium".to_owned(), text?.trim().to_owned())])),
    }
}

#[cfg(test)]
mod tests;
