//! A real Chromium on a page like WhatsApp Web, driven through `tests/real/chromium.mjs`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long one order may take on a busy machine: reading a large profile back is the slowest.
const PATIENCE: Duration = Duration::from_secs(900);

/// The driver process and the browser it runs.
pub struct Chromium {
    driver: Child,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
    browser: Option<i32>,
    /// The layout in which Chromium makes stores that aren't there yet.
    pub layout: Layout,
}

/// The layouts in which Chromium keeps the login stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    LevelDb,
    /// The coming one, behind flags as yet.
    Sqlite,
}

/// How far each store of a profile had come, in the page's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Counters {
    pub signal: u64,
    pub model: u64,
    pub local: u64,
}

/// Whether WhatsApp Web would be linked on a profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Linked {
    Account(String),
    Error(String),
}

/// What a browser read in a profile.
#[derive(Debug, Clone, Deserialize)]
pub struct Reading {
    /// What never changes after a pairing: every Local Storage key, every database's records as digests, and what
    /// the CryptoKey does.
    pub steady: BTreeMap<String, String>,
    /// How far the writer had come in each store.
    pub counters: Counters,
    /// How many records of the writer each store holds.
    pub moving: BTreeMap<String, u64>,
    /// What can't be read or holds wrong bytes.
    pub problems: Vec<String>,
    /// The page's own judgement.
    pub linked: Linked,
}

impl Chromium {
    /// Starts the driver; no browser runs yet.
    pub fn driver() -> Chromium {
        let mut driver = Command::new("node")
            .arg("chromium.mjs")
            .current_dir(super::real_parts())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node must be installed: scripts/test does that");
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let (sender, answers) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Chromium { orders: driver.stdin.take(), driver, answers, browser: None, layout: Layout::LevelDb }
    }

    /// Gives one order and waits for its answer; an error fails the test.
    pub fn order(&mut self, order: Value) -> Value {
        self.ask(&order).unwrap_or_else(|e| panic!("{order}: {e}"))
    }

    fn ask(&mut self, order: &Value) -> Result<Value, String> {
        let orders = self.orders.as_mut().unwrap();
        writeln!(orders, "{order}").expect("the driver has ended");
        let answer = self.answers.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("no answer to {order}: {e}"));
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        match answer.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(answer["ok"].take()),
        }
    }

    /// Starts Chromium on a profile.
    pub fn launch(&mut self, profile: &Path) {
        self.try_launch(profile).unwrap_or_else(|e| panic!("{}: {e}", profile.display()));
    }

    /// Starts Chromium on a profile; an error is why it didn't come up.
    pub fn try_launch(&mut self, profile: &Path) -> Result<(), String> {
        let answer = self.ask(&json!({"do": "launch", "profile": profile, "layout": self.layout}))?;
        self.browser = answer["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        Ok(())
    }

    /// The browser's process.
    pub fn pid(&self) -> Option<i32> {
        self.browser
    }

    /// Pairs the profile: `account` is `<phone>:<device>`; equal seeds make equal keys.
    pub fn pair(&mut self, account: &str, seed: &str) {
        self.order(json!({"do": "pair", "account": account, "seed": seed}));
    }

    /// Makes the history larger by this many megabytes.
    pub fn grow(&mut self, mb: u32) {
        self.order(json!({"do": "grow", "mb": mb}));
    }

    /// Starts writing `kb` kilobytes every `ms` milliseconds; `keep` = how many messages stay, 0 for all.
    pub fn write(&mut self, kb: u32, ms: u32, keep: u32) {
        self.order(json!({"do": "write", "kb": kb, "ms": ms, "keep": keep}));
    }

    /// Stops writing; returns the last completed step.
    pub fn stop(&mut self) -> u64 {
        completed(&self.order(json!({"do": "stop"})))
    }

    /// The last step that both databases have completed, as the page reported it.
    pub fn completed(&mut self) -> u64 {
        completed(&self.order(json!({"do": "counter"})))
    }

    /// Waits until the writer has completed this step.
    pub fn wait_for(&mut self, step: u64) {
        let deadline = std::time::Instant::now() + Duration::from_secs(120);
        while self.completed() < step {
            assert!(std::time::Instant::now() < deadline, "the page doesn't come to step {step}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the page reads in its own, live profile.
    pub fn everything(&mut self) -> Reading {
        serde_json::from_value(self.order(json!({"do": "everything"}))).unwrap()
    }

    /// What a fresh Chromium reads in another profile.
    pub fn read(&mut self, profile: &Path) -> Reading {
        let order = json!({"do": "read", "profile": profile, "layout": self.layout});
        serde_json::from_value(self.order(order)).unwrap()
    }

    /// Closes the browser as `client.destroy()` does.
    pub fn close(&mut self) {
        self.end("close");
    }

    /// Stops the browser as systemd does; returns the last completed step.
    pub fn sigterm(&mut self) -> u64 {
        self.end("sigterm")
    }

    /// Kills all of the browser's processes; returns the last completed step.
    pub fn sigkill(&mut self) -> u64 {
        self.end("sigkill")
    }

    fn end(&mut self, how: &str) -> u64 {
        let answer = self.order(json!({"do": how}));
        self.browser = None;
        completed(&answer)
    }
}

fn completed(answer: &Value) -> u64 {
    answer["completed"].as_u64().unwrap()
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The browser leads a process group of its own; a driver that hangs must not leave it behind.
        if let Some(group) = self.browser.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        drop(self.orders.take());
        let ended = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            self.driver.try_wait().is_ok_and(|status| status.is_some())
        });
        if !ended {
            let _ = self.driver.kill();
            let _ = self.driver.wait();
        }
    }
}
