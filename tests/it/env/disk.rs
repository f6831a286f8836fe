//! A real file system of its own: a file with one in it, mounted. Root only, as the booted machines are.

use super::scratch;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Unmounted when dropped.
pub struct Disk {
    _room: tempfile::TempDir,
    at: PathBuf,
}

impl Disk {
    /// An ext4 of so many megabytes.
    pub fn ext4(megabytes: u64) -> Disk {
        Disk::made("mkfs.ext4", &["-q", "-m", "0"], megabytes)
    }

    /// An xfs, on which files can share blocks. It has no smaller size.
    pub fn xfs() -> Disk {
        Disk::made("mkfs.xfs", &["-q", "-m", "reflink=1"], 320)
    }

    fn made(maker: &str, how: &[&str], megabytes: u64) -> Disk {
        super::used(maker);
        let room = scratch();
        let (image, at) = (room.path().join("image"), room.path().join("disk"));
        std::fs::File::create(&image).unwrap().set_len(megabytes << 20).unwrap();
        std::fs::create_dir(&at).unwrap();
        let done = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
        done(Command::new(maker).args(how).arg(&image));
        done(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&at));
        Disk { _room: room, at }
    }

    /// Its top folder.
    pub fn at(&self) -> &Path {
        &self.at
    }

    /// How many bytes are free once all that was written lies on it.
    pub fn free(&self) -> u64 {
        assert!(Command::new("sync").arg("-f").arg(&self.at).status().unwrap().success());
        wakeep::disk::free_space(&self.at).unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
