//! The one door for durable changes on disk: whatever is written, moved or removed here survives a kill and a
//! power cut as either the old or the new, never as something between.
//!
//! Every step that changes what a later start would find passes `step`, where the fault tests of `tests/it` can kill
//! or stop the process before the n-th one.
//!
//! Every function here fails with [`Error::Io`] and with nothing else: what was being done, to which file, and what the system
//! said.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

mod flush;
mod lock;
mod mark;
mod mode;
mod step;
mod unfinished;

use crate::error::{At, Error, Result};
use crate::platform::{files, modes, moves, users, volumes};
pub use flush::{begin_writing, sync_dir, sync_file, sync_tree};
pub use lock::Lock;
pub use mark::{FileMark, Making, born};
pub use mode::{give_to, has_second_name, mode, set_mode, world_readable};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use step::step;
pub use step::{crash_before, stop_before};
pub use unfinished::{beside, scratch, set_aside, sweep_all, sweep_beside, unfinished, unique};

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
    files::private_folders().recursive(true).create(dir).at("making the folder", dir)
}

/// Opens a new file for writing, private to its owner; fails if something is there.
pub fn create_new(path: &Path) -> Result<File> {
    files::private().read(true).write(true).create_new(true).open(path).at("creating", path)
}

/// Opens a file of ours to read it and to write behind its end, private to its owner; makes it where there is none.
pub fn open_to_append(path: &Path) -> Result<File> {
    files::private().read(true).append(true).create(true).open(path).at("opening", path)
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
    moves::move_to_free(from, to)
        .or_else(|e| match e {
            // Where there is no such move: look first. Callers hold the work lock.
            e if moves::knows_no_such_move(&e) && !exists(to) => fs::rename(from, to),
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
    moves::exchange(a, b).at("exchanging", b)?;
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

/// [`write_whole`] in place of a file that stands, in its mode and for its owner and group. Who isn't root can't give
/// everything to everybody: then the file is this user's own.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<()> {
    let known = fs::metadata(path).at("reading", path)?;
    let may_not = |e: &Error| e.io_kind() == Some(io::ErrorKind::PermissionDenied);
    replace(path, bytes, |temp| {
        let (uid, gid) = modes::owner(&known);
        match give_to(temp, uid, gid) {
            Err(e) if may_not(&e) && !users::is_root() => {}
            other => other?,
        }
        set_mode(temp, modes::mode(&known))
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
    let size = if files::share_blocks(&source, &target) {
        target.metadata().at("reading", to)?.len()
    } else {
        io::copy(&mut &source, &mut target).at("copying", from)?
    };
    target.set_modified(written).at("setting the time of", to)?;
    Ok(size)
}

/// Whether files of this file's file system can share blocks: then [`copy_file`] costs none, and neither does a copy of
/// whole blocks from file to file.
pub fn can_share_blocks(file: &File) -> bool {
    files::can_share_blocks(file)
}

/// Makes a symbolic link.
pub fn point(link: &Path, to: &Path) -> Result<()> {
    step();
    files::link(link, to).at("making the link", link)
}

/// Gives a file a second name, or copies it where it can't have one (another file system, no permission).
pub fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    match link(from, to) {
        Err(Error::Io { source, .. }) if files::cannot_have_two_names(&source) => copy_file(from, to).map(drop),
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

/// Bytes free for this user on the file system a path lies on.
pub fn free_space(path: &Path) -> Result<u64> {
    volumes::free_space(path).at("asking the free space of", path)
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
    fn a_file_is_rewritten_in_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("list");
        fs::write(&file, "one\n").unwrap();
        set_mode(&file, 0o640).unwrap();
        rewrite(&file, b"one\ntwo\n").unwrap();
        assert_eq!((fs::read(&file).unwrap().as_slice(), mode(&file).unwrap()), (b"one\ntwo\n".as_slice(), 0o640));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
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

    #[test]
    fn a_scratch_folder_is_new_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let above = tempfile::tempdir().unwrap();
        let (a, b) = (scratch(above.path()).unwrap(), scratch(above.path()).unwrap());
        assert_ne!(a, b);
        assert_eq!(fs::metadata(&a).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
