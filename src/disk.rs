//! The one door for durable changes on disk: whatever is written, moved or removed here survives a kill and a
//! power cut as either the old or the new, never as something between.
//!
//! Every step that changes what a later start would find passes [`step`], where the fault tests of `tests/it` can kill
//! or stop the process before the n-th one.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use crate::error::{At, Error, Result};
use crate::tree;
use rustix::fs::{AtFlags, CWD, RenameFlags, StatxFlags};
use rustix::process::{Pid, Signal};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

static KILLED_IN: AtomicI64 = AtomicI64::new(-1);
static STOPPED_IN: AtomicI64 = AtomicI64::new(-1);

/// In debug builds, makes the process kill itself before its `n`-th durable step (1 = the first); the fault tests use
/// it. Release builds ignore it.
pub fn crash_before(n: i64) {
    KILLED_IN.store(n, Ordering::SeqCst);
}

/// The same with a stop from which the test wakes it, when it has done to the files what a bot might do just then.
pub fn stop_before(n: i64) {
    STOPPED_IN.store(n, Ordering::SeqCst);
}

fn step() {
    if cfg!(debug_assertions) {
        for (left, signal) in [(&KILLED_IN, Signal::KILL), (&STOPPED_IN, Signal::STOP)] {
            if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
            }
        }
    }
}

/// Flushes a folder's entries, so that a rename in it survives a power cut.
pub fn sync_dir(dir: &Path) -> Result<()> {
    let handle = File::open(dir).at("opening", dir)?;
    match handle.sync_all() {
        // Some network and FUSE file systems have nothing to flush for a folder.
        Err(e) if matches!(e.raw_os_error(), Some(22 | 95)) => Ok(()),
        other => other.at("flushing", dir),
    }
}

/// Flushes a file, or everything below a folder: file by file, or, where there are many, all of the file system at once.
pub fn sync_tree(root: &Path) -> Result<()> {
    const MANY: usize = 256;
    if !root.is_dir() {
        return sync_file(root);
    }
    let entries = tree::walk(root, &|_| true)?;
    if entries.len() > MANY {
        let handle = File::open(root).at("opening", root)?;
        return rustix::fs::syncfs(&handle).at("flushing", root);
    }
    // Links and sockets have no content to flush.
    let has_content = |e: &&tree::Entry| matches!(e.kind, tree::EntryKind::File | tree::EntryKind::Dir);
    let paths: Vec<PathBuf> = entries.iter().filter(has_content).map(|e| root.join(&e.path)).collect();
    sync_all(&paths)?;
    sync_dir(root)
}

/// A few at a time: a journaling file system then commits several by one write.
fn sync_all(paths: &[PathBuf]) -> Result<()> {
    const AT_ONCE: usize = 4;
    std::thread::scope(|scope| {
        let share = paths.len().div_ceil(AT_ONCE).max(1);
        let flush = |share: &[PathBuf]| share.iter().try_for_each(|path| sync_file(path));
        let shares: Vec<_> = paths.chunks(share).map(|share| scope.spawn(move || flush(share))).collect();
        shares.into_iter().try_for_each(|share| share.join().expect("flushing doesn't panic"))
    })
}

/// Flushes a file's (or folder's) content.
pub fn sync_file(path: &Path) -> Result<()> {
    File::open(path).and_then(|f| f.sync_all()).at("flushing", path)
}

/// The folder a path lies in; `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// Makes a folder and those above it, private to its owner, and leaves existing ones as they are.
pub fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    step();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).at("making the folder", dir)
}

/// Opens a new file for writing, private to its owner; fails if something is there.
pub fn create_new(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path).at("creating", path)
}

/// Opens a file of ours to read it and to write behind its end, private to its owner; makes it where there is none.
pub fn open_to_append(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).at("opening", path)
}

/// Replaces `to` by the finished file `temp` in one step and makes that durable: data first, then the name.
pub fn publish(temp: &Path, to: &Path) -> Result<()> {
    sync_file(temp)?;
    step();
    rename(temp, to)?;
    step();
    sync_dir(parent(to))
}

/// Moves a file or folder to a name that is free, and makes that durable.
pub fn move_to(from: &Path, to: &Path) -> Result<()> {
    step();
    rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
        .or_else(|e| match e {
            // File systems without RENAME_NOREPLACE: look first. Callers hold the work lock.
            rustix::io::Errno::INVAL if !exists(to) => rustix::fs::rename(from, to),
            other => Err(other),
        })
        .at("moving", from)?;
    step();
    sync_dir(parent(to))?;
    if parent(from) != parent(to) { sync_dir(parent(from)) } else { Ok(()) }
}

/// Swaps two folders in one step (`renameat2(RENAME_EXCHANGE)`) and makes that durable.
pub fn exchange(a: &Path, b: &Path) -> Result<()> {
    step();
    rustix::fs::renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).at("exchanging", b)?;
    step();
    sync_dir(parent(a))?;
    sync_dir(parent(b))
}

/// Gives a file a second name.
pub fn link(from: &Path, to: &Path) -> Result<()> {
    step();
    fs::hard_link(from, to).at("linking", from)
}

/// Writes a small file whole: temp, flush, rename, flush the folder.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, |_| Ok(()))
}

/// [`write_whole`] of a file that has its mode, and its owner where that is another one, from its first moment on.
pub fn write_whole_as(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Result<()> {
    replace(path, bytes, |temp| {
        owner.map_or(Ok(()), |(uid, gid)| give_to(temp, uid, gid))?;
        set_mode(temp, mode)
    })
}

fn replace(path: &Path, bytes: &[u8], dress: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let temp = begin(path, bytes)?;
    let done = dress(&temp).and_then(|()| publish(&temp, path));
    done.inspect_err(|_| drop(remove_file(&temp)))
}

/// Writes the unfinished file beside `path`; one that can't be finished goes again.
fn begin(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let temp = unfinished(path, "tmp")?;
    let written = create_new(&temp)?.write_all(bytes).at("writing", &temp);
    written.inspect_err(|_| drop(remove_file(&temp)))?;
    Ok(temp)
}

/// Writes a small file whole for readers, but not durable: for what may be lost, or be an older state, after a power cut.
pub fn write_hint(path: &Path, bytes: &[u8]) -> Result<()> {
    let temp = begin(path, bytes)?;
    step();
    rename(&temp, path).inspect_err(|_| drop(remove_file(&temp)))
}

/// Appends one line to a log of ours in a single write, private to its owner. A last line that a kill left
/// unfinished is closed first, so that it costs itself only.
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    let mut file = open_to_append(path)?;
    let mut text = String::with_capacity(line.len() + 2);
    if file.metadata().at("reading", path)?.len() > 0 {
        let mut last = [0u8];
        file.seek(SeekFrom::End(-1)).at("reading", path)?;
        file.read_exact(&mut last).at("reading", path)?;
        if last != *b"\n" {
            text.push('\n');
        }
    }
    text.push_str(line);
    text.push('\n');
    step();
    file.write_all(text.as_bytes()).at("writing", path)
}

/// Copies a file's bytes, sharing them where the file system can (reflink), and its time of last write; private to its
/// owner. Returns the number of bytes. The copy is not flushed: [`publish`] does that.
pub fn copy_file(from: &Path, to: &Path) -> Result<u64> {
    let source = File::open(from).at("opening", from)?;
    let mut target = create_new(to)?;
    let written = source.metadata().and_then(|m| m.modified()).at("reading", from)?;
    let size = if rustix::fs::ioctl_ficlone(&target, &source).is_ok() {
        target.metadata().at("reading", to)?.len()
    } else {
        io::copy(&mut &source, &mut target).at("copying", from)?
    };
    target.set_modified(written).at("setting the time of", to)?;
    Ok(size)
}

/// Asks the system to begin writing this part of a file to the disk now, so that flushing it later finds little to do.
/// (For dirty pages that is what `POSIX_FADV_DONTNEED` does; they stay in memory while they are being written.)
pub fn begin_writing(file: &File, from: u64, len: u64) {
    if let Some(len) = std::num::NonZeroU64::new(len) {
        // Only a hint: a file system that knows none writes when it is flushed.
        let _ = rustix::fs::fadvise(file, from, Some(len), rustix::fs::Advice::DontNeed);
    }
}

/// [`begin_writing`] for all files below a folder.
pub fn begin_writing_tree(root: &Path) -> Result<()> {
    for entry in crate::tree::walk(root, &|_| true)?.iter().filter(|e| e.kind == crate::tree::EntryKind::File) {
        let path = root.join(&entry.path);
        begin_writing(&File::open(&path).at("opening", &path)?, 0, entry.mark.size);
    }
    Ok(())
}

/// Makes a symbolic link.
pub fn point(link: &Path, to: &Path) -> Result<()> {
    step();
    std::os::unix::fs::symlink(to, link).at("making the link", link)
}

/// Gives a file a second name, or copies it where it can't have one (another file system, no permission).
pub fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    match link(from, to) {
        Err(Error::Io { source, .. }) if matches!(source.raw_os_error(), Some(1 | 13 | 18 | 31 | 38 | 95)) => {
            copy_file(from, to).map(drop)
        }
        other => other,
    }
}

/// Removes a file; nothing there is fine.
pub fn remove_file(path: &Path) -> Result<()> {
    if !exists(path) {
        return Ok(());
    }
    step();
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.at("removing", path),
    }
}

/// Removes a folder and all in it, or a file, never following links; nothing there is fine.
pub fn remove_tree(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(meta) if !meta.is_dir() => return remove_file(path),
        Ok(_) => {}
    }
    step();
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.at("removing", path),
    }
}

/// Whether something is at the path, a dangling link included.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// A name beside `path` for something unfinished: hidden, and told apart by process and purpose.
pub fn beside(path: &Path, purpose: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parent(path).join(format!(".{name}.{}.{purpose}", std::process::id()))
}

/// [`beside`], and free: what processes that were killed left there for the same purpose goes.
pub fn unfinished(path: &Path, purpose: &str) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    sweep(parent(path), &format!(".{name}."), purpose)?;
    let free = beside(path, purpose);
    remove_file(&free)?;
    Ok(free)
}

/// Moves what somebody else put at a path out of the way, to `<name>.set-aside` beside it; one set aside earlier goes.
pub fn set_aside(path: &Path) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".set-aside");
    let beside = path.with_file_name(name);
    remove_tree(&beside)?;
    move_to(path, &beside)
}

/// Removes what killed processes left unfinished in a folder that is ours alone.
pub fn sweep_all(dir: &Path) -> Result<()> {
    if dir.is_dir() { sweep(dir, ".", "tmp") } else { Ok(()) }
}

/// Files named `<start>…<pid of a dead process>.<purpose>`.
fn sweep(dir: &Path, start: &str, purpose: &str) -> Result<()> {
    for item in fs::read_dir(dir).at("listing", dir)? {
        let path = item.at("listing", dir)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(start).and_then(|r| r.strip_suffix(purpose)?.strip_suffix('.'));
        let pid = rest.and_then(|r| r.rsplit('.').next()?.parse().ok());
        if pid.is_some_and(|pid| !runs(pid)) {
            remove_file(&path)?;
        }
    }
    Ok(())
}

/// Whether a process of this number runs, whoever's it is.
fn runs(pid: u32) -> bool {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    number.is_some_and(|n| rustix::process::test_kill_process(n) != Err(rustix::io::Errno::SRCH))
}

/// A number that is another one at every call in this process.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Sets a file's or folder's permission bits.
pub fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).at("setting the mode of", path)
}

/// What tells one file from every other on this machine, and this content of it from an older one, without
/// reading it. ctime is left out: links change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileMark {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Seconds and nanoseconds of the last write.
    pub mtime: (i64, u32),
}

impl FileMark {
    /// Reads the mark of what is at the path, without following a link.
    pub fn of(path: &Path) -> Result<FileMark> {
        Ok(FileMark::from(&fs::symlink_metadata(path).at("reading", path)?))
    }
}

impl From<&fs::Metadata> for FileMark {
    fn from(meta: &fs::Metadata) -> FileMark {
        FileMark {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            mtime: (meta.mtime(), u32::try_from(meta.mtime_nsec()).unwrap_or(0)),
        }
    }
}

/// Bytes free for this user on the file system a path lies on.
pub fn free_space(path: &Path) -> Result<u64> {
    let stat = rustix::fs::statvfs(path).at("asking the free space of", path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// An exclusive lock (flock) that lasts as long as the value, and says who holds it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or returns what its holder wrote into it.
    pub fn take(path: &Path, says: &str) -> Result<std::result::Result<Lock, String>> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .at("opening the lock", path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).at("writing", path)?;
                file.write_all(says.as_bytes()).at("writing", path)?;
                Ok(Ok(Lock { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Ok(Err(text))
            }
            Err(TryLockError::Error(e)) => Err(e).at("locking", path),
        }
    }
}

/// When a file or folder was made, in seconds since 1970, where the file system remembers it.
pub fn born(path: &Path) -> Option<i64> {
    let stat = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BTIME).ok()?;
    (stat.stx_mask & StatxFlags::BTIME.bits() != 0).then_some(stat.stx_btime.tv_sec)
}

impl Lock {
    /// What the holder of a lock says of itself; `None` if nobody has it. Takes nothing.
    pub fn holder(path: &Path) -> Result<Option<String>> {
        let mut file = File::open(path).at("opening the lock", path)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Ok(Some(text))
            }
            Err(TryLockError::Error(e)) => Err(e).at("asking who locks", path),
        }
    }
}

/// Whether a file could be opened by somebody else than its owner and group.
pub fn world_readable(path: &Path) -> Result<bool> {
    Ok(fs::metadata(path).at("reading", path)?.mode() & 0o004 != 0)
}

/// Gives a file or folder (not what a link points to) to a user and group.
pub fn give_to(path: &Path, uid: u32, gid: u32) -> Result<()> {
    let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
    rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).at("giving away", path)
}

/// The permission bits of a file or folder.
pub fn mode(path: &Path) -> Result<u32> {
    Ok(fs::metadata(path).at("reading", path)?.mode() & 0o7777)
}

/// Removes a folder if nothing is in it.
pub fn remove_empty_dir(path: &Path) -> Result<()> {
    step();
    match fs::remove_dir(path) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
        other => other.at("removing", path),
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).at("renaming", from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_costs_itself_only() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        fs::write(&log, "one\ntw").unwrap();
        append_line(&log, "three").unwrap();
        assert_eq!(fs::read_to_string(&log).unwrap(), "one\ntw\nthree\n");
    }

    #[test]
    fn a_lock_says_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::take(&path, "keeper 7").unwrap().unwrap();
        assert_eq!(Lock::take(&path, "x").unwrap().unwrap_err(), "keeper 7");
        drop(held);
        assert!(Lock::take(&path, "x").unwrap().is_ok());
    }

    #[test]
    fn exchange_swaps_folders() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        fs::create_dir(&a).unwrap();
        fs::create_dir(&b).unwrap();
        fs::write(a.join("x"), "a").unwrap();
        exchange(&a, &b).unwrap();
        assert!(b.join("x").exists() && !a.join("x").exists());
    }
}
