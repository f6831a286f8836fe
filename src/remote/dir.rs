//! A folder as a remote: another disk, or a network share that is mounted. Temp, flush, rename; conditions hold under
//! a lock file.

mod object;

use super::{Meter, Object, Put, Remote, Source, Spent, Tag, When, checked, fault, folder_of, nonce};
use crate::disk::{self, Lock};
use crate::error::{At, Error, Fault, Result};
use crate::platform::{modes, users, volumes};
use object::{hidden, object, sweep, tag_at, tag_of};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const LOCK: &str = ".wakeep-remote.lock";
/// How unfinished files end; readers don't see them.
const PART: &str = ".part";
/// Up to this size an object's tag is a digest of its content, beyond it a mark of the file: a lease is small, and a
/// list of large archives must not read them all.
const DIGESTED: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);
const PIECE: usize = 256 * 1024;

/// A folder of this machine.
#[derive(Debug)]
pub(super) struct Dir {
    root: PathBuf,
    meter: Meter,
    proved: OnceLock<Option<String>>,
}

impl Dir {
    pub(super) fn new(root: PathBuf) -> Dir {
        Dir { root, meter: Meter::default(), proved: OnceLock::new() }
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        checked(&self.place(), name)?;
        Ok(self.root.join(name))
    }

    /// The folder itself must be there: where a disk isn't mounted, nothing may be written into its mount point.
    fn require_root(&self) -> Result<()> {
        match fs::metadata(&self.root) {
            Ok(meta) if meta.is_dir() => Ok(()),
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.broken(&e)),
            _ => Err(fault(&self.place(), Fault::NoFolder { path: self.root.display().to_string() })),
        }
    }

    fn broken(&self, e: &io::Error) -> Error {
        let why = e.to_string();
        fault(
            &self.place(),
            match e.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::Full,
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Fault::Denied { why },
                _ => Fault::Unreachable { why },
            },
        )
    }

    /// Turns errors of the other disk into this place's; others stay.
    fn theirs<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|e| match e {
            Error::Io { source, path, .. } if path.starts_with(&self.root) => self.broken(&source),
            other => other,
        })
    }

    fn lock(&self) -> Result<Lock> {
        let path = self.root.join(LOCK);
        let begun = Instant::now();
        loop {
            match self.theirs(Lock::take(&path, ""))? {
                Ok(lock) => return Ok(lock),
                Err(_) if begun.elapsed() > PATIENCE => return Err(fault(&self.place(), Fault::TimedOut)),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn store(&self, path: &Path, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put> {
        let parent = disk::parent(path);
        if !parent.is_dir() {
            disk::make_dir(parent)?;
            self.keep_owner(parent)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temp = parent.join(format!(".{name}.{}{PART}", nonce()));
        let done = self.write(&temp, &name, source, told).and_then(|()| self.place_under(&temp, path, when));
        if !matches!(done, Ok(Put::Stored(_))) {
            let _ = disk::remove_file(&temp);
        }
        done
    }

    fn write(&self, temp: &Path, name: &str, source: &Source, told: &mut dyn FnMut(u64)) -> Result<()> {
        let mut file = disk::create_new(temp)?;
        self.keep_owner(temp)?;
        sweep(temp, name)?;
        let (mut reader, mut piece, mut sent) = (source.from(0), vec![0; PIECE], 0);
        loop {
            let n = reader.read(&mut piece).at("reading", source.path())?;
            if n == 0 {
                return file.sync_all().at("flushing", temp);
            }
            file.write_all(&piece[..n]).at("writing", temp)?;
            sent += n as u64;
            self.meter.sent(n as u64);
            told(sent);
        }
    }

    /// Root leaves to the folder's owner what it puts there.
    fn keep_owner(&self, path: &Path) -> Result<()> {
        let owner = |path: &Path| fs::metadata(path).map(|m| modes::owner(&m)).at("reading", path);
        let (uid, gid) = owner(&self.root)?;
        if users::is_root() && (uid, gid) != owner(path)? {
            disk::give_to(path, uid, gid)?;
        }
        Ok(())
    }

    fn place_under(&self, temp: &Path, path: &Path, when: &When) -> Result<Put> {
        let _lock = self.lock()?;
        let there = tag_at(path)?;
        let holds = match when {
            When::Always => true,
            When::Absent => there.is_none(),
            When::Unchanged(tag) => there.as_ref() == Some(tag),
        };
        if !holds {
            return Ok(Put::Refused);
        }
        disk::publish(temp, path)?;
        let tag = tag_at(path)?;
        tag.map(Put::Stored).ok_or_else(|| fault(&self.place(), Fault::Garbled { name: path.display().to_string() }))
    }

    fn read(&self, path: &Path, part: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>> {
        let mut file = match File::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.at("opening", path)?,
        };
        let tag = tag_of(&mut file).at("reading", path)?;
        let range = part.unwrap_or(0..u64::MAX);
        file.seek(SeekFrom::Start(range.start)).at("reading", path)?;
        let (mut rest, mut piece) = (file.take(range.end.saturating_sub(range.start)), vec![0; PIECE]);
        loop {
            let n = rest.read(&mut piece).at("reading", path)?;
            if n == 0 {
                return Ok(Some(tag));
            }
            into.write_all(&piece[..n]).at("writing what was fetched from", path)?;
            self.meter.received(n as u64);
        }
    }

    fn prove(&self) -> Result<Option<String>> {
        if let Some(kind) = unlocked(&self.root)? {
            return Ok(Some(format!("the file system there ({kind}) keeps no locks between hosts")));
        }
        let held = self.lock()?;
        let second = self.theirs(Lock::take(&self.root.join(LOCK), ""))?;
        drop(held);
        Ok(second.is_ok().then(|| "two writers got its lock at once".to_owned()))
    }
}

impl Remote for Dir {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>> {
        self.meter.request();
        self.require_root()?;
        let (folder, begin) = folder_of(prefix);
        let dir = if folder.is_empty() { self.root.clone() } else { self.path(folder)? };
        let items = match fs::read_dir(&dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => self.theirs(other.at("reading", &dir))?,
        };
        let mut found = Vec::new();
        for item in items {
            let item = self.theirs(item.at("reading", &dir))?;
            let Some(name) = item.file_name().to_str().map(str::to_owned) else { continue };
            if name.starts_with(begin) && !hidden(&name) {
                let full = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                found.extend(self.theirs(object(full, &item.path()))?);
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn head(&self, name: &str) -> Result<Option<Object>> {
        self.meter.request();
        self.require_root()?;
        self.theirs(object(name.to_owned(), &self.path(name)?))
    }

    fn get(&self, name: &str, part: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>> {
        self.meter.request();
        self.require_root()?;
        self.theirs(self.read(&self.path(name)?, part, into))
    }

    fn put(&self, name: &str, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put> {
        self.meter.request();
        self.require_root()?;
        self.theirs(self.store(&self.path(name)?, source, when, told))
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.meter.request();
        self.require_root()?;
        let path = self.path(name)?;
        let _lock = self.lock()?;
        self.theirs(disk::remove_file(&path).and_then(|()| disk::sync_dir(disk::parent(&path))))
    }

    fn compares(&self) -> Result<()> {
        self.require_root()?;
        let why = match self.proved.get() {
            Some(known) => known.clone(),
            None => {
                let found = self.prove()?;
                self.proved.get_or_init(|| found).clone()
            }
        };
        why.map_or(Ok(()), |why| Err(fault(&self.place(), Fault::NoLease { why })))
    }

    fn spent(&self) -> Spent {
        self.meter.read()
    }
}

/// The kind of a file system whose locks other hosts don't see, where the folder lies on one: what the locks of two
/// processes here show says nothing about those of two hosts.
fn unlocked(root: &Path) -> Result<Option<&'static str>> {
    volumes::blind_to_locks(root).at("asking the file system of", root)
}
