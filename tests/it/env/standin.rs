//! A bot without a browser: wakeep's own demo bot, a child process that writes a real LevelDB login set through a
//! library that isn't ours. For tests of what wakeep does, not of what Chromium does.

use super::scratch;
use super::wakeep::Wakeep;
use rusty_leveldb::{Cmp, DB, DefaultCmp, Options};
use std::cmp::Ordering;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

/// Who the stand-in is.
pub const ACCOUNT: &str = "79001234567:3@c.us";
/// The same, as people see it.
pub const MASKED: &str = "+79•••••4567";

/// An app folder, and the bot in it while it runs.
pub struct StandIn {
    home: tempfile::TempDir,
    child: Option<Child>,
}

impl StandIn {
    /// A bot that logged in and wrote for a moment, and has ended.
    pub fn stopped() -> StandIn {
        let mut bot = StandIn { home: scratch(), child: None };
        bot.start();
        bot.stop();
        bot
    }

    /// A bot that is running and writing.
    pub fn running() -> StandIn {
        let mut bot = StandIn { home: scratch(), child: None };
        bot.start();
        bot
    }

    /// The same app folder in another place; no bot runs in it.
    pub fn copied(home: &Path) -> StandIn {
        let to = scratch();
        let status = Command::new("cp").arg("-a").arg(home.join(".")).arg(to.path()).status().unwrap();
        assert!(status.success());
        StandIn { home: to, child: None }
    }

    /// The app folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The session.
    pub fn session(&self) -> PathBuf {
        self.home().join(".wwebjs_auth/session")
    }

    /// The one archive.
    pub fn archive(&self) -> PathBuf {
        self.home().join("whatsapp_auth_latest.tar.gz")
    }

    /// The vault of the session.
    pub fn vault(&self) -> PathBuf {
        self.home().join(".wakeep/session")
    }

    /// The wakeep binary in the app folder.
    pub fn wakeep<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Wakeep {
        Wakeep::new(self.home(), args)
    }

    /// Starts the bot on its session.
    pub fn start(&mut self) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wakeep"))
            .args(["demo", "--bot"])
            .arg(self.session())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the stand-in bot must come up");
        std::thread::sleep(std::time::Duration::from_millis(200));
        self.child = Some(child);
    }

    /// Makes the bot pause, or go on.
    pub fn pause_or_go_on(&mut self) {
        let child = self.child.as_mut().unwrap();
        child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
    }

    /// Kills the bot.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What a logout leaves: the page takes the login's keys away in both stores.
    pub fn log_out(&self) {
        StandIn::log_out_of(&self.session());
    }

    /// The same of any session.
    pub fn log_out_of(session: &Path) {
        let mut local = open(&session.join("Default/Local Storage/leveldb"), Rc::new(Box::new(DefaultCmp)));
        for key in ["last-wid-md", "WALid", "WAWebEncKeySalt", "WebEncKeySalt"] {
            local.delete(&[b"_https://web.whatsapp.com\x00\x01", key.as_bytes()].concat()).unwrap();
        }
        local.flush().unwrap();
        let dir = session.join("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb");
        let mut indexed = open(&dir, Rc::new(Box::new(IndexedDbOrder)));
        let name: Vec<u8> = "adv_signed_identity".encode_utf16().flat_map(u16::to_be_bytes).collect();
        indexed.delete(&[&[0, 2, 1, 1, 1, 19], name.as_slice()].concat()).unwrap();
        indexed.flush().unwrap();
    }

    /// A bot of another number that has ended.
    pub fn of(account: &str) -> StandIn {
        let bot = StandIn::stopped();
        let mut local = open(&bot.session().join("Default/Local Storage/leveldb"), Rc::new(Box::new(DefaultCmp)));
        for key in ["last-wid-md", "WALid"] {
            let key = [b"_https://web.whatsapp.com\x00\x01", key.as_bytes()].concat();
            let Some(value) = local.get(&key) else { continue };
            let text: String = value.iter().map(|b| char::from(*b)).collect();
            let text = text.replace(ACCOUNT, account);
            local.put(&key, &text.chars().map(|c| c as u8).collect::<Vec<u8>>()).unwrap();
        }
        local.flush().unwrap();
        drop(local);
        bot
    }

    /// Cuts a table of IndexedDB in half: the database names it with its full size.
    pub fn tear(&self) {
        StandIn::tear_up(&self.session());
    }

    /// The same of any session.
    pub fn tear_up(session: &Path) {
        let dir = session.join("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb");
        let tables = std::fs::read_dir(&dir).unwrap().flatten().map(|e| e.path());
        let table = tables.into_iter().find(|p| p.extension().is_some_and(|e| e == "ldb")).unwrap();
        std::fs::OpenOptions::new().write(true).open(table).unwrap().set_len(100).unwrap();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop();
    }
}

fn open(dir: &Path, cmp: Rc<Box<dyn Cmp>>) -> DB {
    DB::open(dir, Options { cmp, ..Options::default() }).unwrap()
}

struct IndexedDbOrder;

impl Cmp for IndexedDbOrder {
    fn cmp(&self, a: &[u8], b: &[u8]) -> Ordering {
        a.cmp(b)
    }
    fn find_shortest_sep(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        DefaultCmp.find_shortest_sep(from, to)
    }
    fn find_short_succ(&self, key: &[u8]) -> Vec<u8> {
        DefaultCmp.find_short_succ(key)
    }
    fn id(&self) -> &'static str {
        "idb_cmp1"
    }
}
