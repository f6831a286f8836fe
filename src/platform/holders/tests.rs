use super::*;

/// Where SQLite locks its files (sqlite.org/fileformat2.html, "lock-byte page").
const LOCK_BYTES: (u64, u64) = (0x4000_0000, 512);
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
    assert_eq!(posix_lock_owner_of(&file, LOCK_BYTES).unwrap(), Some(child.id()));
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
