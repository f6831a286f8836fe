//! The kind `baileys`: the login of a bot built on Baileys, as the folder of `useMultiFileAuthState` (6.x, 7.x and the
//! development branch with its `.tmp` and `.bak`) or as the SQLite file of `useSqliteAuthState`.
//!
//! What stands where is data ([`layout`]); what the login must say, [`creds`]; how a folder is copied while a bot
//! rewrites it in place, [`folder`]; who the bot is, [`bot`]; and how a torn folder is mended, [`mod@heal`].
//!
//! Baileys deletes nothing when it is logged out: a folder that was ever paired looks paired for good, and only the bot
//! itself can say that it isn't.

mod bot;
mod creds;
mod folder;
mod heal;
mod layout;
mod store;

pub use heal::{Healed, heal};

use super::{Examination, Identity, Kind, Progress, Use, Vector, database};
use crate::disk;
use crate::error::Result;
use crate::tree::{self, EntryKind};
use crate::verdict::{Code, Finding, Login, Verdict};
use layout::{CREDS, LAYOUT, Part};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use store::Store;

/// The kind `baileys`.
pub struct Baileys;

impl Kind for Baileys {
    fn name(&self) -> &'static str {
        "baileys"
    }

    fn claims(&self, path: &Path) -> bool {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => is_folder(path),
            Ok(_) => LAYOUT.sqlite.tables.iter().all(|table| database::has_table(path, table)),
            Err(_) => false,
        }
    }

    fn matters(&self, entry: &Path) -> bool {
        entry.as_os_str().is_empty() || layout::part(entry).is_some_and(|part| part != Part::Unfinished)
    }

    fn watched(&self, entry: &Path) -> bool {
        // A `.bak` changes only together with its file.
        self.matters(entry) && layout::part(entry) != Some(Part::Before)
    }

    fn copy(&self, live: &Path, into: &Path) -> Result<()> {
        if live.is_dir() { folder::copy(live, into) } else { database::copy_live(live, into) }
    }

    fn examine(&self, copy: &Path) -> Result<Examination> {
        let store = if copy.is_dir() { Store::of_folder(copy)? } else { Store::of_file(copy)? };
        Ok(match store {
            Some(store) => judge(&store),
            None => Examination::of(Verdict::missing(self.name())),
        })
    }

    fn is_judged_in_place(&self, live: &Path) -> bool {
        live.is_dir()
    }

    fn progress(&self, live: &Path) -> Vector {
        // Every file of a copy is read after the copy began: nothing needs to be counted.
        let progress = Progress { incarnation: database::incarnation(live), ..Progress::default() };
        Vector::from([(String::new(), progress)])
    }

    /// Within one login only what is torn is taken from the staged copy: every step back repeats Signal keys.
    fn mend(&self, live: &Path, staged: &Path, forced: bool) -> Result<()> {
        if !live.is_dir() || !staged.is_dir() {
            return Ok(());
        }
        if !forced || is_same_login(live, staged)? {
            heal(live, staged)?;
        }
        bring_along(live, staged)
    }

    fn holder(&self, live: &Path) -> Use {
        if live.is_file() { database::holder(live) } else { bot::of(live) }
    }
}

/// Whether both folders hold the same identity, or one of them none that can be read.
fn is_same_login(live: &Path, staged: &Path) -> Result<bool> {
    Ok(identity(live)?.zip(identity(staged)?).is_none_or(|(live, staged)| live.same_login(&staged)))
}

/// The login that a folder's `creds.json` is linked with.
fn identity(folder: &Path) -> Result<Option<Identity>> {
    let creds = heal::creds_in(folder)?.filter(|creds| creds.login() == Login::Paired);
    Ok(creds.and_then(|creds| creds.identity(false)))
}

/// What others keep in the folder (a message store, media) stays in it: linked, since the old folder goes.
fn bring_along(live: &Path, into: &Path) -> Result<()> {
    let ours = |p: &Path| layout::part(p).is_some();
    for entry in tree::walk(live, &|p| !ours(p))? {
        let (from, to) = (live.join(&entry.path), into.join(&entry.path));
        match entry.kind {
            _ if disk::exists(&to) => {}
            EntryKind::Dir => disk::make_dir(&to)?,
            EntryKind::File => disk::link_or_copy(&from, &to)?,
            EntryKind::Link | EntryKind::Other => {}
        }
    }
    Ok(())
}

/// How much of `creds.json` is looked at to know it as one.
const HEAD: usize = 4096;

/// A folder is Baileys' if its `creds.json` begins like one or is empty (a killed write leaves it so), or if it holds
/// key files that nobody else makes.
fn is_folder(path: &Path) -> bool {
    // Room for all of it: every round of the keeper asks, and a list that grows reads little by little.
    let mut head = Vec::with_capacity(HEAD);
    if let Ok(file) = File::open(path.join(CREDS)) {
        let _ = file.take(HEAD as u64).read_to_end(&mut head);
        let says = |name: &[u8]| head.windows(name.len()).any(|w| w == name);
        if head.iter().all(|&b| b == 0) || says(b"\"noiseKey\"") || says(b"\"signedIdentityKey\"") {
            return true;
        }
    }
    let own = |name: &Path| {
        matches!(layout::part(name), Some(Part::Key("pre-key" | "app-state-sync-key" | "app-state-sync-version", _)))
    };
    fs::read_dir(path).is_ok_and(|list| list.flatten().any(|e| own(Path::new(&e.file_name()))))
}

fn judge(store: &Store) -> Examination {
    let mut findings = store.findings.clone();
    let mut login = Login::Unknown;
    let mut account = None;
    let mut identity: Option<Identity> = None;
    if let Some(creds) = &store.creds {
        let faults = creds.faults(CREDS);
        login = creds.login();
        account = creds.account().filter(|_| login != Login::LoggedOut);
        if login == Login::Paired {
            identity = creds.identity(faults.is_empty());
        }
        if let (Some(next), Some(highest)) = (creds.next_pre_key(), store.highest_pre_key)
            && next <= highest
        {
            findings.push(Finding::new(Code::PreKeyCounter, CREDS, format!("{next} <= {highest}")));
        }
        findings.extend(faults);
    } else if store.is_empty {
        login = Login::LoggedOut;
    }
    if login == Login::LoggedOut {
        findings.push(Finding::new(Code::QrPage, CREDS, ""));
    }
    let progress = Progress { content: store.digest.clone(), ..Progress::default() };
    let verdict = Verdict::new("baileys", login, account, findings);
    Examination { vector: Vector::from([(String::new(), progress)]), identity, ..Examination::of(verdict) }
}

/// The files of a folder that carry the login, sorted by name.
fn files(folder: &Path) -> Result<Vec<tree::Entry>> {
    let mut all = tree::walk(folder, &|entry| Baileys.matters(entry))?;
    all.retain(|e| e.kind == tree::EntryKind::File);
    Ok(all)
}

#[cfg(test)]
mod tests;
