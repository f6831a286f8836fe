//! A still copy of a Baileys folder while its bot writes. It is not the judge of the copy.
//!
//! Baileys truncates a file and writes it anew, in place: at any moment some file may be empty or half there, and a
//! hard link would follow the original. So the files are read, each until it is whole JSON and wasn't touched while it
//! was read, and the folder is gone through again until a whole pass finds nothing new. Later passes cost one look at
//! each file's size and time. There is no moment that belongs to all files: Baileys itself has none, a kill leaves any
//! mixture; but no file of a copy is older than the beginning of the copy.

use super::layout::{self, CREDS, Part};
use super::store::is_whole;
use crate::disk::{self, FileMark};
use crate::error::{At, Error, Result};
use crate::platform::files;
use crate::verdict::veiled;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the folder is gone through. A bot busy all that time is copied nevertheless, each file whole.
const PASSES: u32 = 20;

/// For how many of the passes, 25 ms apart, a torn file may become whole. Then its writer is taken for dead, and the
/// file is copied as it is for the examination to find.
const PATIENCE: u32 = 10;
const PAUSE: Duration = Duration::from_millis(25);

/// Copies the login's files from `live` into the empty folder `into`, with their times, private to their owner.
///
/// # Errors
/// The folder isn't there or can't be read, or a torn file keeps changing ([`Error::Restless`]).
pub fn copy(live: &Path, into: &Path) -> Result<()> {
    Copied { live, into, renews: false, files: BTreeMap::new() }.until_still()
}

/// Brings an older copy of the login, in the folder `into`, up to what `live` says: what is whole there is put here unless it
/// says the same already, and what isn't there goes, whatever it is. What is torn there stays here as it was. Returns
/// the torn files; a missing `creds.json` is one of them.
///
/// # Errors
/// As [`copy()`].
pub fn renew(live: &Path, into: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut copied = Copied { live, into, renews: true, files: BTreeMap::new() };
    copied.until_still()?;
    let creds = PathBuf::from(CREDS);
    for item in fs::read_dir(into).at("listing", into)? {
        let name = PathBuf::from(item.at("listing", into)?.file_name());
        if name != creds && !copied.files.contains_key(&name) {
            disk::remove_tree(&into.join(name))?;
        }
    }
    let is_gone = !copied.files.contains_key(&creds);
    let torn = copied.files.into_iter().filter(|(_, (_, whole))| !whole).map(|(file, _)| file);
    Ok(torn.chain(is_gone.then_some(creds)).collect())
}

/// The text of a live file as soon as it is `whole` and still; `None` where it isn't there, or stays torn.
///
/// # Errors
/// It can't be read.
pub fn once_whole(file: &Path, whole: impl Fn(&[u8]) -> bool) -> Result<Option<Vec<u8>>> {
    for _ in 0..PATIENCE {
        match read_still(file)? {
            Some(read) if read.still && whole(&read.text) => return Ok(Some(read.text)),
            _ => thread::sleep(PAUSE),
        }
    }
    Ok(None)
}

/// What one pass came upon.
#[derive(Default)]
struct Pass {
    /// Something was copied, anew or again.
    moved: bool,
    /// A file that wasn't whole.
    torn: Option<PathBuf>,
}

struct Copied<'a> {
    live: &'a Path,
    into: &'a Path,
    /// An older copy stands in `into`.
    renews: bool,
    /// What was copied, and whether it was whole.
    files: BTreeMap<PathBuf, (FileMark, bool)>,
}

impl Copied<'_> {
    fn until_still(&mut self) -> Result<()> {
        if !self.live.is_dir() {
            return Err(Error::SessionMissing { path: self.live.to_owned() });
        }
        let mut last = Pass::default();
        for pass in 0..PASSES {
            last = self.pass()?;
            if !last.moved && (last.torn.is_none() || pass >= PATIENCE) {
                return Ok(());
            }
            if last.torn.is_some() {
                thread::sleep(PAUSE);
            }
        }
        match last.torn {
            None => Ok(()),
            Some(torn) => {
                let last = veiled(&torn.to_string_lossy());
                Err(Error::Restless { path: self.live.to_owned(), tries: PASSES, last })
            }
        }
    }

    fn pass(&mut self) -> Result<Pass> {
        let mut listed = super::files(self.live)?;
        // The counters of `creds.json` are saved after the pre-keys they count.
        listed.sort_by_key(|e| e.path == Path::new(CREDS));
        let mut pass = Pass::default();
        self.forget_vanished(&listed.iter().map(|e| e.path.as_path()).collect::<Vec<_>>(), &mut pass)?;
        for entry in &listed {
            if self.files.get(&entry.path) != Some(&(entry.mark, true)) {
                self.take(&entry.path, &mut pass)?;
            }
        }
        Ok(pass)
    }

    /// Used pre-keys are deleted. `creds.json` is not: the development branch renames it away for a moment.
    fn forget_vanished(&mut self, listed: &[&Path], pass: &mut Pass) -> Result<()> {
        let creds = Path::new(CREDS);
        if listed.last() != Some(&creds) {
            pass.torn = Some(creds.to_owned());
        }
        let listed: std::collections::HashSet<_> = listed.iter().collect();
        let gone: Vec<_> =
            self.files.keys().filter(|f| !listed.contains(&f.as_path()) && *f != creds).cloned().collect();
        for file in gone {
            disk::remove_file(&self.into.join(&file))?;
            self.files.remove(&file);
        }
        Ok(())
    }

    fn take(&mut self, file: &Path, pass: &mut Pass) -> Result<()> {
        let Some(read) = read_still(&self.live.join(file))? else { return Ok(()) };
        let judged = layout::part(file) != Some(Part::Before);
        let whole = !judged || (read.still && is_whole(&read.text));
        let known = self.files.get(file);
        if !whole && known.is_some_and(|(_, was_whole)| *was_whole) {
            // Under way again. The one that was whole a moment ago is as fresh as the copy promises.
            pass.moved = true;
            return Ok(());
        }
        if !whole {
            pass.torn = Some(file.to_owned());
        }
        if known != Some(&(read.mark, whole)) {
            self.put(file, &read, whole)?;
            self.files.insert(file.to_owned(), (read.mark, whole));
            pass.moved = true;
        }
        Ok(())
    }

    fn put(&self, file: &Path, read: &Reading, whole: bool) -> Result<()> {
        let to = self.into.join(file);
        if self.renews {
            if !whole || fs::read(&to).is_ok_and(|older| older == read.text) {
                return Ok(());
            }
            disk::remove_tree(&to)?;
        }
        write(&to, read)
    }
}

struct Reading {
    text: Vec<u8>,
    mark: FileMark,
    time: SystemTime,
    /// Nobody touched it while it was read, and for `creds.json`, a second reading said the same.
    still: bool,
}

/// Reads a file; `None` where it vanished.
fn read_still(path: &Path) -> Result<Option<Reading>> {
    let mut file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.at("opening", path)?,
    };
    let meta = file.metadata().at("reading", path)?;
    let mut text = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    file.read_to_end(&mut text).at("reading", path)?;
    let (before, after) = (FileMark::from(&meta), FileMark::from(&file.metadata().at("reading", path)?));
    let mut still = before == after;
    if path.ends_with(CREDS) {
        still &= fs::read(path).is_ok_and(|again| again == text);
    }
    let time = meta.modified().at("reading", path)?;
    Ok(Some(Reading { text, mark: before, time, still }))
}

fn write(path: &Path, read: &Reading) -> Result<()> {
    let mut file = files::private().write(true).create(true).truncate(true).open(path).at("creating", path)?;
    file.write_all(&read.text).at("writing", path)?;
    file.set_times(FileTimes::new().set_modified(read.time)).at("setting the time of", path)
}
