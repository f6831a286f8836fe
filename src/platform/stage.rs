//! A folder that is filled from an archive: nothing is written outside it, whatever the names are and whoever puts
//! links into it meanwhile. Every part of a path is opened by itself, never through a link, and every file is new.

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The folder.
pub struct Stage {
    root: OwnedFd,
    /// The folder that was used last: archives hold neighbours together.
    last: Option<(PathBuf, OwnedFd)>,
}

impl Stage {
    /// Opens an existing folder.
    pub fn open(path: &Path) -> io::Result<Stage> {
        let root = openat(CWD, path, FOLDER, Mode::empty())?;
        Ok(Stage { root, last: None })
    }

    /// Makes a folder in it and those above, private to their owner; existing ones are fine. The path must be of
    /// names alone.
    ///
    /// # Errors
    /// See [`is_clash`]; else the system's.
    pub fn make_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.dir(dir).map(drop)
    }

    /// Makes a new file in it, private to its owner, and the folders above.
    ///
    /// # Errors
    /// See [`is_clash`]; else the system's.
    pub fn create(&mut self, path: &Path) -> io::Result<File> {
        let name = path.file_name().unwrap_or(OsStr::new(""));
        let parent = self.dir(path.parent().unwrap_or(Path::new("")))?;
        let file = openat(parent, name, NEW_FILE, Mode::RUSR | Mode::WUSR)?;
        Ok(File::from(file))
    }

    fn dir(&mut self, dir: &Path) -> io::Result<&OwnedFd> {
        if dir.as_os_str().is_empty() {
            return Ok(&self.root);
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != dir) {
            self.last = Some((dir.to_owned(), self.walk_to(dir)?));
        }
        let (_, fd) = self.last.as_ref().expect("it was set just now");
        Ok(fd)
    }

    fn walk_to(&self, dir: &Path) -> io::Result<OwnedFd> {
        let mut fd: Option<OwnedFd> = None;
        for part in dir.components() {
            let Component::Normal(name) = part else { return Err(io::ErrorKind::InvalidInput.into()) };
            let parent = fd.as_ref().unwrap_or(&self.root);
            match mkdirat(parent, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(e) => return Err(e.into()),
            }
            fd = Some(openat(parent, name, FOLDER, Mode::empty())?);
        }
        fd.ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

/// Whether an error means that something else stands where an entry should go: a file, a link, or the same name in
/// another case on a file system that can't tell the two apart.
pub fn is_clash(e: &io::Error) -> bool {
    let clashes = [Errno::EXIST, Errno::NOTDIR, Errno::LOOP].map(Errno::raw_os_error);
    e.raw_os_error().is_some_and(|code| clashes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn links_in_the_stage_are_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("stage"), dir.path().join("outside"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        symlink(&outside, inside.join("out")).unwrap();
        symlink(outside.join("new"), inside.join("file")).unwrap();
        let mut stage = Stage::open(&inside).unwrap();
        assert!(is_clash(&stage.create(Path::new("out/x")).unwrap_err()));
        assert!(is_clash(&stage.create(Path::new("out/deep/x")).unwrap_err()));
        assert!(is_clash(&stage.create(Path::new("file")).unwrap_err()));
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn what_is_made_is_private_and_new() {
        let dir = tempfile::tempdir().unwrap();
        let mut stage = Stage::open(dir.path()).unwrap();
        stage.create(Path::new("a/b/c")).unwrap();
        assert!(is_clash(&stage.create(Path::new("a/b/c")).unwrap_err()));
        assert!(is_clash(&stage.create(Path::new("a/b/c/d")).unwrap_err()));
        stage.make_dir(Path::new("a/b")).unwrap();
        let mode = |p: &str| std::fs::metadata(dir.path().join(p)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("a"), mode("a/b/c")), (0o700, 0o600));
    }
}
