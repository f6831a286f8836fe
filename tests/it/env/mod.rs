//! A bot's world in a folder of its own: app folder, session, the real Chromium that writes it, and wakeep with a
//! clean environment. Nothing is shared between tests, nothing outlives one.

#![allow(dead_code, reason = "the world offers more than each test takes")]

pub mod chromium;
pub mod disk;
pub mod machine;
pub mod nets;
pub mod oracle;
pub mod proxy;
pub mod s3;
pub mod smtp;
pub mod sshd;
pub mod standin;
pub mod wakeep;

use chromium::{Chromium, Layout};
use std::io::Write;
use std::path::{Path, PathBuf};
use wakeep::Wakeep;

/// A bot's app folder with a running Chromium driver.
pub struct Bot {
    // Before the folder: the browser ends before its profile goes.
    pub chromium: Chromium,
    home: tempfile::TempDir,
}

impl Bot {
    /// An empty app folder; no browser runs yet.
    pub fn new() -> Bot {
        Bot { chromium: Chromium::driver(), home: scratch() }
    }

    /// A bot that was paired and has stopped since: all of its login is on disk.
    pub fn paired(account: &str) -> Bot {
        Bot::paired_in(account, Layout::LevelDb)
    }

    /// The same where Chromium keeps its stores in this layout.
    pub fn paired_in(account: &str, layout: Layout) -> Bot {
        let mut bot = Bot::new();
        bot.chromium.layout = layout;
        let session = bot.session();
        bot.chromium.launch(&session);
        bot.chromium.pair(account, account);
        bot.chromium.close();
        bot
    }

    /// The app folder, where archive and `.wakeep` stand.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The profile, as LocalAuth names it.
    pub fn session(&self) -> PathBuf {
        self.home().join(".wwebjs_auth/session")
    }

    /// The one archive.
    pub fn archive(&self) -> PathBuf {
        self.home().join("whatsapp_auth_latest.tar.gz")
    }

    /// The wakeep binary, run from the app folder.
    pub fn wakeep<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Wakeep {
        Wakeep::new(self.home(), args)
    }
}

/// A temporary folder.
pub fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("wakeep-it-").tempdir().unwrap()
}

/// A variable of the test's own environment.
#[expect(clippy::disallowed_methods, reason = "tests are told things by their environment")]
pub fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Notes that a real part was used: `scripts/test` counts the lines and prints them last.
pub fn used(part: &str) {
    let Some(list) = told("WAKEEP_TEST_PARTS") else {
        return;
    };
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
    file.write_all(format!("{part}\n").as_bytes()).unwrap();
}

/// Runs a program whose failure is the test's, and shows what it said then.
pub fn must_succeed(command: &mut std::process::Command) {
    let done = command.output().expect("scripts/test installs it");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?}: {}\n{out}{err}", done.status);
}

/// The folder of the Node parts; fails clearly where they are not installed.
pub fn real_parts() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real");
    assert!(
        dir.join("node_modules/whatsapp-web.js").is_dir(),
        "the real parts are not installed: run scripts/test, or: cd tests/real && PUPPETEER_SKIP_DOWNLOAD=1 npm ci"
    );
    dir
}
