//! Mending a torn Baileys folder instead of rolling it back: what is whole in the live folder is the newest there is,
//! and every step back repeats Signal keys that peers have seen. Only torn files are replaced, and only within one
//! login. The staged good copy itself becomes the mended folder, so that what is the same in both is written once; putting it
//! in place, and judging it first, is the caller's.

use super::creds::Creds;
use super::folder;
use super::layout::{self, CREDS, Part};
use super::store::is_whole;
use crate::disk;
use crate::error::{At, Result};
use crate::verdict::Login;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What was mended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Healed {
    /// Torn files, and the one each was replaced from: `None` where nobody had a whole one and the file was left out,
    /// as Baileys itself would treat it.
    pub replaced: Vec<(PathBuf, Option<Source>)>,
    /// The number the next pre-key gets, where the counter had to be raised.
    pub next_pre_key: Option<u64>,
}

/// Where a whole file came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The write that was under way (`.tmp`).
    Unfinished,
    /// The file before the last write (`.bak`).
    Before,
    /// The good copy.
    Good,
}

/// Makes the staged good copy the mended folder of `live`, which no bot works on: whatever else was staged goes. `None`, and
/// nothing was touched: there is nothing to keep, because the folder is missing, is another login than the good copy
/// without being linked, or no whole `creds.json` can be had; then the whole good copy is the answer.
///
/// # Errors
/// A file can't be read or written; `Restless` where a torn one keeps changing.
pub fn heal(live: &Path, staged: &Path) -> Result<Option<Healed>> {
    if !live.is_dir() {
        return Ok(None);
    }
    let Some(mending) = Mending::of(live, staged)? else { return Ok(None) };
    // Pre-keys of the good copy count too: the server may hand them out still.
    let staged_before = if mending.is_same_login { highest_pre_key(staged)? } else { 0 };
    let torn = folder::renew(live, staged)?;
    let mut healed = Healed::default();
    if torn.contains(Path::new(CREDS)) || creds_in(staged)?.is_none() {
        put(&staged.join(CREDS), &mending.creds)?;
        healed.replaced.extend(mending.source.map(|source| (CREDS.into(), Some(source))));
    }
    for file in torn.into_iter().filter(|file| matches!(layout::part(file), Some(Part::Key(..)))) {
        let source = mending.mend_key(&file)?;
        healed.replaced.push((file, source));
    }
    healed.next_pre_key = raise_pre_keys(staged, highest_pre_key(staged)?.max(staged_before))?;
    Ok(Some(healed))
}

/// What a folder is mended from.
struct Mending<'a> {
    live: &'a Path,
    staged: &'a Path,
    /// The nearest whole `creds.json`, and where it comes from if it isn't the folder's own.
    creds: Vec<u8>,
    source: Option<Source>,
    /// Whether the good copy is of the same login, so that it may stand in for what is torn.
    is_same_login: bool,
}

impl Mending<'_> {
    /// Decides on the creds of the mended folder: the folder's own where any of them is whole. `None` where they can't be
    /// had, or are another login's than the good copy's and not linked themselves. A linked one is kept, and the good copy has
    /// nothing for it.
    fn of<'a>(live: &'a Path, staged: &'a Path) -> Result<Option<Mending<'a>>> {
        let own = folder::once_whole(&live.join(CREDS), |text| Creds::parse(text).is_some())?;
        let found = match own {
            Some(own) => Some((None, own)),
            None => nearest(live, staged, Path::new(CREDS))?.map(|(source, text)| (Some(source), text)),
        };
        let Some((source, text)) = found else { return Ok(None) };
        let Some(creds) = Creds::parse(&text) else { return Ok(None) };
        let good = creds_in(staged)?;
        let is_same_login = match &good {
            _ if source == Some(Source::Good) => shares_keys(live, staged)?,
            Some(good) => creds.named().is_some() && creds.named() == good.named(),
            None => true,
        };
        let is_linked = || creds.login() == Login::Paired && creds.faults(CREDS).is_empty();
        if !is_same_login && (source == Some(Source::Good) || !is_linked()) {
            return Ok(None);
        }
        Ok(Some(Mending { live, staged, creds: text, source, is_same_login }))
    }

    /// Puts the nearest whole text in the place of a torn key file; where nobody has one, the file goes.
    fn mend_key(&self, file: &Path) -> Result<Option<Source>> {
        let found = nearest(self.live, self.staged, file)?;
        let found = found.filter(|(source, _)| *source != Source::Good || self.is_same_login);
        let path = self.staged.join(file);
        match found {
            // It stands there.
            Some((Source::Good, _)) => Ok(Some(Source::Good)),
            Some((source, text)) => put(&path, &text).map(|()| Some(source)),
            None => disk::remove_tree(&path).map(|()| None),
        }
    }
}

/// The newest whole text of a file that is torn.
fn nearest(live: &Path, staged: &Path, file: &Path) -> Result<Option<(Source, Vec<u8>)>> {
    let beside = |end: &str| live.join(format!("{}{end}", file.display()));
    let places =
        [(Source::Unfinished, beside(".tmp")), (Source::Before, beside(".bak")), (Source::Good, staged.join(file))];
    for (source, path) in places {
        if let Some(text) = read(&path)?.filter(|text| is_whole(text)) {
            return Ok(Some((source, text)));
        }
    }
    Ok(None)
}

/// Whether pre-keys of the folder are those of the good copy. They never change once made, so one equal says yes
/// and none equal of some says no; where they have no number in common nothing speaks against it.
fn shares_keys(live: &Path, staged: &Path) -> Result<bool> {
    let mut differ = false;
    for file in super::files(live)? {
        let (Some(_), Some(own)) = (layout::pre_key_number(&file.path), read(&live.join(&file.path))?) else {
            continue;
        };
        match read(&staged.join(&file.path))? {
            Some(theirs) if own == theirs => return Ok(true),
            Some(_) => differ |= is_whole(&own),
            None => {}
        }
    }
    Ok(!differ)
}

fn highest_pre_key(folder: &Path) -> Result<u64> {
    let mut highest = 0;
    for item in fs::read_dir(folder).at("listing", folder)? {
        let name = item.at("listing", folder)?.file_name();
        highest = highest.max(layout::pre_key_number(Path::new(&name)).unwrap_or(0));
    }
    Ok(highest)
}

/// Lets the next pre-key of the staged folder be above the highest; gives its number where that had to be changed.
fn raise_pre_keys(staged: &Path, highest: u64) -> Result<Option<u64>> {
    let Some(mut creds) = creds_in(staged)? else { return Ok(None) };
    if creds.next_pre_key().is_some_and(|next| next > highest) {
        return Ok(None);
    }
    creds.raise_pre_keys(highest + 1);
    put(&staged.join(CREDS), creds.text().as_bytes())?;
    Ok(Some(highest + 1))
}

/// The creds of a folder, where they are whole.
///
/// # Errors
/// They can't be read.
pub fn creds_in(folder: &Path) -> Result<Option<Creds>> {
    Ok(read(&folder.join(CREDS))?.as_deref().and_then(Creds::parse))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.at("reading", path).map(Some),
    }
}

/// Writes a file of the stage anew.
fn put(path: &Path, text: &[u8]) -> Result<()> {
    disk::remove_file(path)?;
    let mut file = disk::create_new(path)?;
    io::Write::write_all(&mut file, text).at("writing", path)
}
