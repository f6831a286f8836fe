//! The door behind a lock: the socket at which a Chromium that starts asks whether somebody has its profile. It is told
//! "ACK": the other one has taken the order over. It then ends, with code 0 and "Opening in existing browser session.",
//! before it has opened anything in the profile; puppeteer reports that the browser couldn't be launched.
//!
//! Source: Chromium's `chrome/browser/process_singleton_posix.cc` (`ConnectSocket`, `NotifyOtherProcessWithTimeout`).
//! Any other answer, and none within 20 s, would make it kill the process that the lock names.

use crate::disk;
use crate::error::{At, Result};
use crate::platform::files;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const SOCKET: &str = "SingletonSocket";
/// A word that stands in the profile and beside the socket; a Chromium believes in a socket only where both are equal.
const COOKIE: &str = "SingletonCookie";

/// The longest path of a socket, in bytes (unix(7)).
const LONGEST: usize = 107;

/// A caller's order is its command line.
const LONGEST_ORDER: u64 = 1 << 20;

const PATIENCE: Duration = Duration::from_secs(5);

/// An open door, in a folder of its own.
pub struct Door {
    room: PathBuf,
    word: String,
    closing: Arc<AtomicBool>,
    porter: Option<JoinHandle<()>>,
}

impl Door {
    /// Opens a door in the folder `beside`, or in `/tmp` where a socket can't be there.
    pub fn open(beside: &Path) -> Result<Door> {
        let word = format!("{}{}", std::process::id(), disk::unique());
        let near = std::path::absolute(beside).at("reading", beside)?.join("door");
        let far = Path::new("/tmp").join(format!("wakeep-door-{word}"));
        if near.as_os_str().len() + 1 + SOCKET.len() > LONGEST {
            return Door::open_in(far, word);
        }
        Door::open_in(near, word.clone()).or_else(|_| Door::open_in(far, word))
    }

    fn open_in(room: PathBuf, word: String) -> Result<Door> {
        disk::remove_tree(&room)?;
        // Not one that somebody else has just made there.
        files::private_folders().create(&room).at("making the folder", &room)?;
        let socket = room.join(SOCKET);
        let closing = Arc::new(AtomicBool::new(false));
        let mut door = Door { room, word, closing, porter: None };
        let listener = UnixListener::bind(&socket).at("opening", &socket)?;
        disk::point(&door.room.join(COOKIE), Path::new(&door.word))?;
        let closing = Arc::clone(&door.closing);
        door.porter = Some(std::thread::spawn(move || answer(&listener, &closing)));
        Ok(door)
    }

    /// The links in a profile that lead here: their names, and where they point to.
    pub fn signs(&self) -> [(&'static str, PathBuf); 2] {
        [(COOKIE, PathBuf::from(&self.word)), (SOCKET, self.room.join(SOCKET))]
    }
}

fn answer(listener: &UnixListener, closing: &AtomicBool) {
    for caller in listener.incoming().map_while(io::Result::ok) {
        if closing.load(Ordering::SeqCst) {
            return;
        }
        // A caller that hangs up has gone away by itself.
        let _ = turn_away(caller);
    }
}

fn turn_away(mut caller: UnixStream) -> io::Result<()> {
    caller.set_read_timeout(Some(PATIENCE))?;
    caller.set_write_timeout(Some(PATIENCE))?;
    let heard = io::copy(&mut (&caller).take(LONGEST_ORDER), &mut io::sink());
    caller.write_all(b"ACK")?;
    heard.map(drop)
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // Wakes the porter; where nobody can call, he never came to work or can't be woken, and ends with the process.
        let woken = UnixStream::connect(self.room.join(SOCKET)).is_ok();
        if let Some(porter) = self.porter.take().filter(|_| woken) {
            let _ = porter.join();
        }
        let _ = disk::remove_tree(&self.room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knocks_is_turned_away_and_the_room_goes() {
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("x".repeat(120));
        std::fs::create_dir(&long).unwrap();
        for beside in [dir.path(), &long] {
            let door = Door::open(beside).unwrap();
            let [(_, word), (_, socket)] = door.signs();
            assert_eq!(std::fs::read_link(socket.with_file_name(COOKIE)).unwrap(), word);
            let mut caller = UnixStream::connect(&socket).unwrap();
            caller.write_all(b"START\0/\0chromium").unwrap();
            caller.shutdown(std::net::Shutdown::Write).unwrap();
            let mut said = String::new();
            caller.read_to_string(&mut said).unwrap();
            assert_eq!(said, "ACK");
            drop(door);
            assert!(!socket.parent().unwrap().exists());
        }
    }
}
