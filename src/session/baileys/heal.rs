//! Mending a torn Baileys folder instead of rolling it back: what is whole in the live folder is the newest there is,
//! and every step back repeats Signal keys that peers have seen. Only torn files are replaced, and only within one
//! login. It makes the mended folder in a stage; putting it in place, and judging it first, is the caller's.

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

/// Makes the mended folder of `live`, which no bot works on, in the empty folder `into`. `good` is a copy that was
/// found good, where there is one. `None`: there is nothing to keep, because the folder is missing, is another login
/// than the good copy without being linked, or no whole `creds.json` can be had; then the whole good copy is the answer.
///
/// # Errors
/// A file can't be read or written.
pub fn heal(live: &Path, good: Option<&Path>, into: &Path) -> Result<Option<Healed>> {
    if !live.is_dir() {
        return Ok(None);
    }
    folder::copy(live, into)?;
    let mut from = Sources { live, good };
    let mut healed = Healed::default();
    let Some(mut creds) = from.mend_creds(into, &mut healed)? else { return Ok(None) };
    from.mend_keys(into, &mut healed)?;
    let highest = from.highest_pre_key(into)?;
    if creds.next_pre_key().is_none_or(|next| next <= highest) {
        creds.raise_pre_keys(highest + 1);
        healed.next_pre_key = Some(highest + 1);
        put(&into.join(CREDS), creds.text().as_bytes())?;
    }
    Ok(Some(healed))
}

struct Sources<'a> {
    live: &'a Path,
    good: Option<&'a Path>,
}

impl Sources<'_> {
    /// The creds of the mended folder, the folder's own where any of them is whole. `None` where they can't be had, or
    /// are another login's than the good copy's and not linked themselves. A linked one is kept, and the good copy has
    /// nothing for it.
    fn mend_creds(&mut self, into: &Path, healed: &mut Healed) -> Result<Option<Creds>> {
        let good = match self.good {
            Some(good) => read(&good.join(CREDS))?.as_deref().and_then(Creds::parse),
            None => None,
        };
        let mut source = None;
        let mut text = read(&into.join(CREDS))?.filter(|text| is_whole(text));
        if text.is_none() {
            (source, text) = self.whole(Path::new(CREDS))?.unzip();
        }
        let (Some(text), Some(creds)) = (&text, text.as_deref().and_then(Creds::parse)) else { return Ok(None) };
        if source == Some(Source::Good) {
            if !self.shares_keys(into)? {
                return Ok(None);
            }
        } else if good.is_some_and(|good| creds.named().is_none() || creds.named() != good.named()) {
            if creds.login() != Login::Paired || !creds.faults(CREDS).is_empty() {
                return Ok(None);
            }
            self.good = None;
        }
        if source.is_some() {
            put(&into.join(CREDS), text)?;
            healed.replaced.push((CREDS.into(), source));
        }
        Ok(Some(creds))
    }

    /// Whether pre-keys of the folder are those of the good copy. They never change once made, so one equal says yes
    /// and none equal of some says no; where they have no number in common nothing speaks against it.
    fn shares_keys(&self, into: &Path) -> Result<bool> {
        let Some(good) = self.good else { return Ok(false) };
        let mut differ = false;
        for file in super::files(into)? {
            let (Some(_), Some(own)) = (layout::pre_key_number(&file.path), read(&into.join(&file.path))?) else {
                continue;
            };
            match read(&good.join(&file.path))? {
                Some(theirs) if own == theirs => return Ok(true),
                Some(_) => differ |= is_whole(&own),
                None => {}
            }
        }
        Ok(!differ)
    }

    fn mend_keys(&self, into: &Path, healed: &mut Healed) -> Result<()> {
        for file in super::files(into)? {
            let path = into.join(&file.path);
            if !matches!(layout::part(&file.path), Some(Part::Key(..))) || read(&path)?.is_some_and(|t| is_whole(&t)) {
                continue;
            }
            let whole = self.whole(&file.path)?;
            match &whole {
                Some((_, text)) => put(&path, text)?,
                None => disk::remove_file(&path)?,
            }
            healed.replaced.push((file.path, whole.map(|(source, _)| source)));
        }
        Ok(())
    }

    /// The newest whole text of a file that is torn.
    fn whole(&self, file: &Path) -> Result<Option<(Source, Vec<u8>)>> {
        let beside = |end: &str| self.live.join(format!("{}{end}", file.display()));
        let places = [
            (Source::Unfinished, Some(beside(".tmp"))),
            (Source::Before, Some(beside(".bak"))),
            (Source::Good, self.good.map(|g| g.join(file))),
        ];
        for (source, path) in places {
            if let Some(text) = path.map(|p| read(&p)).transpose()?.flatten()
                && is_whole(&text)
            {
                return Ok(Some((source, text)));
            }
        }
        Ok(None)
    }

    /// Pre-keys of the good copy count too: the server may hand them out still.
    fn highest_pre_key(&self, into: &Path) -> Result<u64> {
        let mut highest = 0;
        for folder in [Some(into), self.good].into_iter().flatten() {
            // Signal's ids have 24 bits; a file of a higher number is no pre-key.
            let numbers = super::files(folder)?.into_iter().filter_map(|f| layout::pre_key_number(&f.path));
            let numbers = numbers.filter(|number| *number < 1 << 24);
            highest = numbers.max().unwrap_or(0).max(highest);
        }
        Ok(highest)
    }
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
