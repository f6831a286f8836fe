//! A line between two programs that can break: cut after so many bytes, or silent from then on; or that is slow.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What happens to a connection once the bytes are used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Cut,
    Silence,
}

/// A TCP proxy on 127.0.0.1.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    fate: Fate,
    /// Bytes that may pass in either direction until the fate comes; it comes so many times, then all is well.
    left: AtomicI64,
    budget: i64,
    times: AtomicUsize,
    up: AtomicU64,
    down: AtomicU64,
    /// What each piece of [`PIECE`] bytes takes.
    pause: Duration,
}

const PIECE: usize = 16 * 1024;

impl Proxy {
    /// Lets so many bytes pass, then does it, `times` times; after that all passes.
    pub fn new(to: u16, fate: Fate, budget: i64, times: usize) -> Proxy {
        Proxy::paced(to, fate, budget, times, Duration::ZERO)
    }

    fn paced(to: u16, fate: Fate, budget: i64, times: usize, pause: Duration) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            fate,
            left: AtomicI64::new(budget),
            budget,
            times: AtomicUsize::new(times),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            pause,
        });
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                for (from, into, up) in [(&client, &server, true), (&server, &client, false)] {
                    let (from, into, ours) = (from.try_clone().unwrap(), into.try_clone().unwrap(), Arc::clone(&ours));
                    std::thread::spawn(move || ours.pass(from, into, up));
                }
            }
        });
        Proxy { port, shared }
    }

    /// A line that never breaks, and counts.
    pub fn sound(to: u16) -> Proxy {
        Proxy::new(to, Fate::Cut, 0, 0)
    }

    /// A line that passes about so many megabytes a second each way, and never breaks.
    pub fn slow(to: u16, megabytes: u32) -> Proxy {
        Proxy::paced(to, Fate::Cut, 0, 0, Duration::from_secs(PIECE as u64) / (megabytes << 20))
    }

    /// How often the fate hasn't come yet.
    pub fn times_left(&self) -> usize {
        self.shared.times.load(Ordering::SeqCst)
    }

    /// Bytes that have passed towards the server.
    pub fn up(&self) -> u64 {
        self.shared.up.load(Ordering::SeqCst)
    }

    /// Bytes that have passed from the server.
    pub fn down(&self) -> u64 {
        self.shared.down.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn pass(&self, mut from: TcpStream, mut into: TcpStream, up: bool) {
        let mut piece = vec![0; PIECE];
        while let Ok(n @ 1..) = from.read(&mut piece) {
            if self.times.load(Ordering::SeqCst) > 0 && self.left.fetch_sub(n as i64, Ordering::SeqCst) < n as i64 {
                self.times.fetch_sub(1, Ordering::SeqCst);
                self.left.store(self.budget, Ordering::SeqCst);
                if self.fate == Fate::Silence {
                    // Longer than anybody's patience.
                    std::thread::sleep(Duration::from_secs(30));
                }
                break;
            }
            if into.write_all(&piece[..n]).is_err() {
                break;
            }
            std::thread::sleep(self.pause);
            let count = if up { &self.up } else { &self.down };
            count.fetch_add(n as u64, Ordering::SeqCst);
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = into.shutdown(Shutdown::Both);
    }
}

/// A port nobody listens at just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A file system of 8 MB, unmounted when dropped.
pub struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    pub fn new(beside: &std::path::Path) -> SmallDisk {
        let path = beside.join("small");
        std::fs::create_dir(&path).unwrap();
        let done =
            std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "small"]).arg(&path).status();
        assert!(done.unwrap().success(), "mounting needs root");
        SmallDisk(path)
    }

    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
