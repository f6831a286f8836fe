//! The kind `chromium`: a profile of Chromium in which WhatsApp Web is logged in, as whatsapp-web.js (LocalAuth and
//! RemoteAuth), wppconnect, open-wa and venom keep it. Here is only what a kind must answer; how it is found out
//! stands in the modules below.

mod copy;
mod holder;
mod idb_coding;
mod layout;
mod login;
mod proof;
mod stores;
mod value;

use super::{Examination, Kind, Progress, Use, Vector};
use crate::error::{At, Result};
use crate::session::leveldb;
use crate::tree::is_vanished;
use crate::verdict::{Finding, Verdict};
use layout::{PROFILE, Part};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
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
        let local = stores::local_storage(copy)?;
        let indexed = stores::indexed_db(copy)?;
        let (mut findings, mut vector) = (Vec::new(), Vector::new());
        let local = local.map(|store| open(store, &mut findings, &mut vector));
        let indexed = indexed.map(|store| open(store, &mut findings, &mut vector));
        let state = login::judge(local, indexed);
        findings.extend(state.findings);
        Ok(Examination {
            verdict: Verdict::new(self.name(), state.login, state.account, findings),
            vector,
            identity: state.identity,
            versions: versions(copy)?,
        })
    }

    fn progress(&self, live: &Path) -> Vector {
        let login = &PROFILE.login;
        let databases = [&login.local_storage, &login.indexed_db];
        databases.into_iter().filter_map(|path| Some((path.clone(), progress(&live.join(path))?))).collect()
    }

    fn holder(&self, live: &Path) -> Use {
        holder::of(live)
    }
}

fn open<T>(store: Store<T>, findings: &mut Vec<Finding>, vector: &mut Vector) -> Option<T> {
    findings.extend(store.findings);
    vector.extend(store.vector);
    store.content
}

/// The version of Chromium that used the profile last.
fn versions(profile: &Path) -> Result<BTreeMap<String, String>> {
    let path = profile.join("Last Version");
    match fs::read_to_string(&path).at("reading", &path) {
        Err(e) if is_vanished(&e) => Ok(BTreeMap::new()),
        text => Ok(BTreeMap::from([("chromium".to_owned(), text?.trim().to_owned())])),
    }
}

/// A database that is being compacted just now is asked again.
const TRIES: usize = 5;

fn progress(dir: &Path) -> Option<Progress> {
    let point = (0..TRIES).find_map(|_| leveldb::progress(dir).ok().flatten())?;
    Some(Progress {
        incarnation: incarnation(dir)?,
        sequence: point.last_sequence,
        content: stores::tables_digest(&point.version),
    })
}

/// Tells one making of a database from the next: the folder's inode and, where the file system keeps it, the time
/// of its birth, since inode numbers are used again.
fn incarnation(path: &Path) -> Option<String> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let stat = statx(CWD, path, AtFlags::empty(), StatxFlags::INO | StatxFlags::BTIME).ok()?;
    let born = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
    let nanoseconds = i128::from(stat.stx_btime.tv_sec) * 1_000_000_000 + i128::from(stat.stx_btime.tv_nsec);
    Some(if born { format!("{}-{nanoseconds}", stat.stx_ino) } else { stat.stx_ino.to_string() })
}
