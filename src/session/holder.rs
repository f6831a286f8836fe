//! Evidence of who works on a file: POSIX locks, open files and processes of this host, by reading alone.
//! It is not the decision whether a session is in use: each kind weighs the evidence in its `holder`.
//!
//! Nothing here takes a lock. Asking about one opens the file and closes it again, and a process that closes any
//! descriptor of a file loses all its own POSIX locks on it: never ask about a database that this process has
//! open by SQLite at the moment.

use crate::error::{At, Result};
use rustix::process::{Flock, FlockType, Pid};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where SQLite's database file is locked: the pending, reserved and shared bytes from 1 GiB on
/// (sqlite.org/fileformat2.html, "lock-byte page"). A connection in WAL mode holds a shared byte while it is open.
pub const SQLITE_LOCK_BYTES: (u64, u64) = (0x4000_0000, 512);

/// Who has a POSIX lock (`fcntl`, not `flock`) on any byte of the file. `Some(0)`: somebody whom this process can't
/// see, in another PID namespace or on another host of a network file system. A missing file is locked by nobody.
///
/// # Errors
/// The file can't be opened for reading, or its file system knows no locks.
pub fn posix_lock_owner(path: &Path) -> Result<Option<u32>> {
    posix_lock_owner_of(path, (0, 0))
}

/// Who has a POSIX lock on any byte of a part of the file, given as offset and length (0 = to the end of all files).
///
/// # Errors
/// As [`posix_lock_owner`].
pub fn posix_lock_owner_of(path: &Path, (start, length): (u64, u64)) -> Result<Option<u32>> {
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.at("opening", path)?,
    };
    // Asking for a write lock shows readers too.
    let mut wish = Flock::from(FlockType::WriteLock);
    (wish.start, wish.length) = (start, length);
    let found = rustix::process::fcntl_getlk(&file, &wish).at("asking who locks", path)?;
    // A pid of -1 stands for an open-file-description lock, 0 for an owner in another namespace.
    Ok(found.map(|lock| lock.pid.and_then(|p| u32::try_from(p.as_raw_pid()).ok()).unwrap_or(0)))
}

/// What [`open_by`] found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// Processes that have one of the files open or mapped, with their programs' names.
    pub pids: Vec<(u32, String)>,
    /// A process that runs as the owner of one of the files couldn't be looked into: it may have them open.
    pub blind: bool,
    /// All processes that couldn't be looked into, kernel threads and zombies left out. On a server a user never sees
    /// into those of root; they are no reason for doubt unless their name is.
    pub unseen: Vec<(u32, String)>,
}

/// Which processes have one of the files open or mapped, told by device and inode. Paths that lead nowhere are left
/// out. This process itself is never named.
///
/// # Errors
/// `/proc` can't be listed.
pub fn open_by(files: &[PathBuf]) -> Result<Scan> {
    let wanted: Vec<_> = files.iter().filter_map(|f| fs::metadata(f).ok()).collect();
    let ids: HashSet<_> = wanted.iter().map(|m| (m.dev(), m.ino())).collect();
    let mut scan = Scan::default();
    for pid in processes()? {
        match has_open(pid, &ids) {
            Look::Open => scan.pids.push((pid, program_of(pid))),
            Look::Unseen => {
                let owner = uid_of(pid);
                scan.blind |= wanted.iter().any(|m| owner.is_none_or(|uid| uid == m.uid()));
                scan.unseen.push((pid, program_of(pid)));
            }
            Look::No => {}
        }
    }
    // /proc mounted with hidepid=2 doesn't even show the first process.
    scan.blind |= !Path::new("/proc/1").exists();
    Ok(scan)
}

enum Look {
    Open,
    No,
    Unseen,
}

/// All processes that can be seen, this one left out.
///
/// # Errors
/// `/proc` can't be listed.
pub fn processes() -> Result<Vec<u32>> {
    let proc = Path::new("/proc");
    let names = fs::read_dir(proc).at("listing", proc)?.flatten().map(|e| e.file_name());
    let mut pids: Vec<u32> = names.filter_map(|n| n.to_str()?.parse().ok()).collect();
    pids.retain(|&pid| pid != std::process::id());
    pids.sort_unstable();
    Ok(pids)
}

fn has_open(pid: u32, ids: &HashSet<(u64, u64)>) -> Look {
    let denied = |e: &io::Error| e.kind() == io::ErrorKind::PermissionDenied;
    let list = match fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(list) => list,
        Err(e) if denied(&e) && can_hold_files(pid) => return Look::Unseen,
        Err(_) => return Look::No,
    };
    let open = list.flatten().filter_map(|fd| fs::metadata(fd.path()).ok());
    let mapped = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let known = |id: &(u64, u64)| ids.contains(id);
    if open.map(|m| (m.dev(), m.ino())).any(|id| known(&id)) || mapped.lines().filter_map(mapping).any(|id| known(&id))
    {
        Look::Open
    } else {
        Look::No
    }
}

/// Device and inode of a line of `/proc/<pid>/maps`: `start-end perms offset major:minor inode path`.
fn mapping(line: &str) -> Option<(u64, u64)> {
    let mut fields = line.split_ascii_whitespace().skip(3);
    let (major, minor) = fields.next()?.split_once(':')?;
    let part = |hex| u32::from_str_radix(hex, 16).ok();
    let inode = fields.next()?.parse().ok().filter(|&i| i != 0)?;
    Some((rustix::fs::makedev(part(major)?, part(minor)?), inode))
}

/// Kernel threads and zombies have no files. The flag is PF_KTHREAD of the kernel's sched.h.
fn can_hold_files(pid: u32) -> bool {
    match stat_fields(pid) {
        Some(fields) => {
            let flags: u64 = fields.get(6).and_then(|f| f.parse().ok()).unwrap_or(0);
            fields.first().is_some_and(|state| state != "Z" && state != "X") && flags & 0x0020_0000 == 0
        }
        None => Path::new(&format!("/proc/{pid}")).exists(),
    }
}

/// The fields of `/proc/<pid>/stat` from the state on; the program's name before them may hold spaces and brackets.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace().map(str::to_owned).collect())
}

/// The user a process acts as on files (the fourth number of `Uid:`), where that is shown.
pub fn uid_of(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|l| l.strip_prefix("Uid:"))?.split_ascii_whitespace().nth(3)?.parse().ok()
}

/// When a process started, in seconds since 1970, from its start after boot (field 22 of `/proc/<pid>/stat`, in ticks
/// that Linux fixes at 100 a second) and the time of boot. `None` where it isn't shown.
pub fn started_at(pid: u32) -> Option<i64> {
    let ticks: i64 = stat_fields(pid)?.get(19)?.parse().ok()?;
    let text = fs::read_to_string("/proc/stat").ok()?;
    let boot: i64 = text.lines().find_map(|l| l.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + ticks / 100)
}

/// The processes this one was started by, from its parent up.
pub fn ancestors() -> Vec<u32> {
    let parent = |pid: &u32| stat_fields(*pid)?.get(1)?.parse().ok().filter(|&p: &u32| p > 1);
    std::iter::successors(parent(&std::process::id()), parent).collect()
}

/// Whether a process of this number runs. A zombie doesn't: it has let go of everything.
pub fn process_alive(pid: u32) -> bool {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    match rustix::process::test_kill_process(number) {
        Err(rustix::io::Errno::SRCH) => false,
        _ => stat_fields(pid).is_none_or(|fields| fields.first().is_none_or(|state| state != "Z" && state != "X")),
    }
}

/// The name of this host as `gethostname` says it, which is what Chromium writes into its lock.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The program a process runs: its file's name, else the first word of its command line, else the name it gave
/// itself. Empty where nothing is shown.
pub fn program_of(pid: u32) -> String {
    let base = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    if let Some(name) = fs::read_link(format!("/proc/{pid}/exe")).ok().as_deref().and_then(base) {
        // The file of an upgraded program is gone, the program runs on.
        return name.trim_end_matches(" (deleted)").to_owned();
    }
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let first = String::from_utf8_lossy(words.split(|&b| b == 0).next().unwrap_or_default()).into_owned();
    let comm = || fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned();
    base(Path::new(&first)).unwrap_or_else(comm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Child, Command, Stdio};

    /// A python3 child that has run `code` (its argument is the file), said so and waits for its end.
    fn python(code: &str, file: &Path) -> Child {
        let code = format!("import sys, fcntl, mmap, os\n{code}\nprint('ready', flush=True)\nsys.stdin.read()");
        let mut child = Command::new("python3")
            .args(["-c", &code])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        child
    }

    fn end(mut child: Child) {
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_lock_of_another_process_is_seen_and_its_end_too() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("LOCK");
        fs::write(&file, "").unwrap();
        assert_eq!(posix_lock_owner(&file).unwrap(), None);
        let child = python("f = open(sys.argv[1], 'r+')\nfcntl.lockf(f, fcntl.LOCK_EX)", &file);
        assert_eq!(posix_lock_owner(&file).unwrap(), Some(child.id()));
        end(child);
        assert_eq!(posix_lock_owner(&file).unwrap(), None);
        assert_eq!(posix_lock_owner(&dir.path().join("nowhere")).unwrap(), None);
    }

    #[test]
    fn a_lock_of_an_open_file_description_has_an_unseen_owner() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("LOCK");
        fs::write(&file, "").unwrap();
        let code = "import struct\nf = open(sys.argv[1], 'r+')\nOFD_SETLK = 37\n\
                    fcntl.fcntl(f, OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))";
        let child = python(code, &file);
        assert_eq!(posix_lock_owner(&file).unwrap(), Some(0));
        end(child);
    }

    #[test]
    fn a_range_shows_only_its_own_locks_and_readers_count() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("db");
        fs::write(&file, "x").unwrap();
        let code = "f = open(sys.argv[1], 'r+')\nfcntl.lockf(f, fcntl.LOCK_SH, 1, 0x40000002)";
        let child = python(code, &file);
        assert_eq!(posix_lock_owner_of(&file, SQLITE_LOCK_BYTES).unwrap(), Some(child.id()));
        assert_eq!(posix_lock_owner_of(&file, (0, 100)).unwrap(), None);
        end(child);
    }

    #[test]
    fn an_owner_in_another_pid_namespace_is_somebody_unseen() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("LOCK");
        fs::write(&file, "").unwrap();
        // The child locks; this test asks from a namespace of its own, where the child has no number.
        let child = python("f = open(sys.argv[1], 'r+')\nfcntl.lockf(f, fcntl.LOCK_EX)", &file);
        let ask = "import fcntl, struct, sys\nf = open(sys.argv[1], 'r+')\n\
                   a = fcntl.fcntl(f, fcntl.F_GETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))\n\
                   print(struct.unpack('hhqqi4x', a)[4])";
        let out = Command::new("unshare")
            .args(["--pid", "--fork", "--map-root-user", "python3", "-c", ask])
            .arg(&file)
            .output()
            .unwrap();
        // The kernel's answer that `posix_lock_owner` turns into `Some(0)`.
        assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "0", "{out:?}");
        end(child);
    }

    #[test]
    fn open_and_mapped_files_are_found_by_inode() {
        let dir = tempfile::tempdir().unwrap();
        let (file, alias) = (dir.path().join("f"), dir.path().join("alias"));
        fs::write(&file, "content").unwrap();
        #[expect(clippy::disallowed_methods, reason = "a second name for the test")]
        fs::hard_link(&file, &alias).unwrap();
        let opened = python("f = open(sys.argv[1])", &file);
        let code = "f = open(sys.argv[1])\nm = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)\nf.close()";
        let mapped = python(code, &file);
        let scan = open_by(std::slice::from_ref(&alias)).unwrap();
        let mut pids: Vec<_> = scan.pids.iter().map(|p| p.0).collect();
        pids.sort_unstable();
        let mut expected = [opened.id(), mapped.id()];
        expected.sort_unstable();
        assert_eq!(pids, expected, "{scan:?}");
        assert!(scan.pids.iter().all(|p| p.1.starts_with("python3")), "{scan:?}");
        end(opened);
        end(mapped);
        assert_eq!(open_by(&[alias]).unwrap().pids, []);
    }

    #[test]
    fn we_ourselves_never_hold_anything() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all(b"x").unwrap();
        assert_eq!(open_by(&[file.path().to_owned()]).unwrap().pids, []);
    }

    #[test]
    fn a_zombie_is_not_alive() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        while stat_fields(pid).unwrap()[0] != "Z" {
            std::thread::yield_now();
        }
        assert!(!process_alive(pid));
        child.wait().unwrap();
        assert!(!process_alive(pid) && process_alive(std::process::id()) && process_alive(1));
    }

    #[test]
    fn kernel_threads_hold_no_files() {
        // Number 2 is kthreadd on a real host; in a container it may be anything or nothing.
        let kthreadd = fs::read_to_string("/proc/2/comm").is_ok_and(|c| c.trim() == "kthreadd");
        assert!(!kthreadd || !can_hold_files(2));
        assert!(can_hold_files(std::process::id()));
    }

    #[test]
    fn the_host_has_a_name() {
        let out = Command::new("uname").arg("-n").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), host_name());
    }
}
