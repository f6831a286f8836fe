//! Whether a Chromium works on a profile: what its lock says, then locks on files, then open files. By reading alone.
//!
//! Chromium's own lock is a link `SingletonLock` to `<host>-<pid>`, which stays behind after a kill; so a dead
//! process's lock says nothing, and a lock of this very process is wakeep's own, taken for a restore.

use super::layout::PROFILE;
use super::sqlite_stores;
use crate::error::Holder;
use crate::platform::{holders, host, processes};
use crate::session::Use;
use std::fs;
use std::path::{Path, PathBuf};

/// Weighs the evidence.
pub fn of(live: &Path) -> Use {
    let lock = Singleton::read(live);
    let files = locked_files(live);
    if let Some(found) = lock.as_ref().and_then(Singleton::proves_use).or_else(|| locked(&files)) {
        return found;
    }
    match holders::open_by(&files) {
        Ok(scan) if !scan.pids.is_empty() => {
            let (pid, program) = scan.pids[0].clone();
            return Use::Held(Holder { pid: Some(pid), program, host: None });
        }
        Ok(_) => {}
        Err(e) => return Use::CannotTell(e.brief()),
    }
    lock.map_or(Use::Free, |lock| lock.weigh())
}

/// The Chromium that works on the profile: the browser of this host that the lock names, then those of its processes that
/// have files of this very profile (by device and inode) open; they prove it. Its storage service is one of those, and
/// writes on when the first process has ended.
pub fn browser(live: &Path) -> Vec<u32> {
    let Some(lock) = Singleton::read(live).filter(|lock| lock.proves_use().is_some()) else { return Vec::new() };
    let open = holders::open_by(&locked_files(live)).map(|scan| scan.pids).unwrap_or_default();
    let mut its_own: Vec<u32> = open.into_iter().map(|(pid, _)| pid).collect();
    its_own.retain(|&pid| pid == lock.pid || processes::ancestors_of(pid).contains(&lock.pid));
    if its_own.is_empty() {
        return its_own;
    }
    its_own.retain(|&pid| pid != lock.pid);
    its_own.insert(0, lock.pid);
    its_own
}

/// What the lock alone says: whether a living Chromium, or somebody on another host, has taken the profile.
pub fn by_lock(live: &Path) -> Use {
    Singleton::read(live).map_or(Use::Free, |lock| lock.proves_use().unwrap_or_else(|| lock.weigh()))
}

/// The host that `SingletonLock` names, where it is another one than this.
pub fn foreign_host(live: &Path) -> Option<String> {
    Singleton::read(live).filter(|lock| !lock.is_ours()).map(|lock| lock.host)
}

/// What `SingletonLock` says.
struct Singleton {
    host: String,
    pid: u32,
}

impl Singleton {
    fn read(live: &Path) -> Option<Singleton> {
        let target = fs::read_link(live.join("SingletonLock")).ok()?;
        let (host, pid) = target.to_str()?.rsplit_once('-')?;
        Some(Singleton { host: host.to_owned(), pid: pid.parse().ok()? })
    }

    fn is_ours(&self) -> bool {
        self.host == host::name()
    }

    /// A living Chromium on this host. The number may belong to another program by now, as after a reboot.
    fn proves_use(&self) -> Option<Use> {
        if !self.is_ours() || self.pid == std::process::id() || !processes::is_alive(self.pid) {
            return None;
        }
        let program = processes::program_of(self.pid);
        if !is_browser(&program) {
            return None;
        }
        Some(Use::Held(Holder { pid: Some(self.pid), program, host: None }))
    }

    /// What remains to be said where no lock and no open file was seen.
    fn weigh(&self) -> Use {
        if self.is_ours() {
            return Use::Free;
        }
        Use::CannotTell(format!("SingletonLock: host {}, process {}", self.host, self.pid))
    }
}

/// Whether a program is a browser of Chromium's kind, by its file's name. One that can't be seen may be.
fn is_browser(program: &str) -> bool {
    let name = program.to_ascii_lowercase();
    name.is_empty() || ["chrom", "edge", "brave", "opera", "vivaldi", "electron"].iter().any(|part| name.contains(part))
}

/// The files that a running Chromium keeps locked: both LevelDB stores' `LOCK`, its history from the first moment, and
/// the SQLite stores.
fn locked_files(live: &Path) -> Vec<PathBuf> {
    let login = &PROFILE.login;
    let mut files = vec![
        live.join(&login.local_storage).join("LOCK"),
        live.join(&login.indexed_db).join("LOCK"),
        live.join("Default/History"),
        live.join(&login.local_storage_sqlite),
    ];
    files.extend(sqlite_stores::databases(live).unwrap_or_default().iter().map(|path| live.join(path)));
    files
}

fn locked(files: &[PathBuf]) -> Option<Use> {
    let mut doubt = None;
    for file in files {
        match holders::posix_lock_owner(file) {
            Ok(None) => {}
            Ok(Some(0)) => doubt = Some(format!("{}: locked by a process that can't be seen", file.display())),
            Ok(Some(pid)) if pid == std::process::id() => {}
            Ok(Some(pid)) => {
                let program = processes::program_of(pid);
                return Some(Use::Held(Holder { pid: Some(pid), program, host: None }));
            }
            Err(e) => doubt = Some(e.brief()),
        }
    }
    doubt.map(Use::CannotTell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn profile_locked_by(owner: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        symlink(owner, dir.path().join("SingletonLock")).unwrap();
        dir
    }

    #[test]
    fn a_lock_counts_by_its_owner() {
        let host = host::name();
        let of_owner = |owner: &str| of(profile_locked_by(owner).path());
        assert_eq!(of(tempfile::tempdir().unwrap().path()), Use::Free);
        assert_eq!(of_owner(&format!("{host}-{}", std::process::id())), Use::Free);
        assert_eq!(of_owner(&format!("{host}-4194399")), Use::Free, "a dead process");
        assert_eq!(of_owner(&format!("{host}-1")), Use::Free, "a process that is no browser");
        assert!(matches!(of_owner("other-host-12"), Use::CannotTell(why) if why.contains("other-host")));
    }

    /// A program that waits, under a browser's name.
    fn chromium(dir: &Path, stdin: std::process::Stdio) -> std::process::Child {
        let program = dir.join("chromium");
        fs::copy("/bin/sleep", &program).unwrap();
        std::process::Command::new(program).arg("60").stdin(stdin).spawn().unwrap()
    }

    #[test]
    fn a_browser_is_proved_by_a_file_of_this_very_profile() {
        let (programs, profile) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let lock = profile.path().join(&PROFILE.login.local_storage).join("LOCK");
        fs::create_dir_all(lock.parent().unwrap()).unwrap();
        fs::write(&lock, "").unwrap();
        let take = |pid: u32| {
            let _ = fs::remove_file(profile.path().join("SingletonLock"));
            symlink(format!("{}-{pid}", host::name()), profile.path().join("SingletonLock")).unwrap();
            browser(profile.path())
        };
        let mut other = chromium(programs.path(), std::process::Stdio::null());
        let named_only = take(other.id());
        other.kill().unwrap();
        other.wait().unwrap();
        let mut ours = chromium(programs.path(), fs::File::open(&lock).unwrap().into());
        let proved = take(ours.id());
        ours.kill().unwrap();
        ours.wait().unwrap();
        assert_eq!((named_only, proved), (vec![], vec![ours.id()]));
    }

    #[test]
    fn an_open_lock_file_is_use() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(&PROFILE.login.local_storage);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("LOCK"), "").unwrap();
        let mut child = std::process::Command::new("sleep")
            .arg("20")
            .stdin(fs::File::open(folder.join("LOCK")).unwrap())
            .spawn()
            .unwrap();
        let found = of(dir.path());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(found, Use::Held(holder) if holder.pid == Some(child.id())));
    }
}
