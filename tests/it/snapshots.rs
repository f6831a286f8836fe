//! Snapshots of a live Chromium that keeps writing: each archive, unpacked elsewhere, is read back by a fresh
//! Chromium, whole and fresh. `WAKEEP_SNAPSHOTS` = how many (30). The control shows that this can fail.

use crate::env::chromium::{Chromium, Counters, Layout, Linked, Reading};
use crate::env::wakeep::Wakeep;
use crate::env::{Bot, oracle, scratch, told, used};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const ACCOUNT: &str = "4917012345678:12";

/// What lay on disk before a snapshot began; nothing in it may be older.
struct Floor {
    steady: std::collections::BTreeMap<String, String>,
    databases: u64,
    local: u64,
    layout: Layout,
}

impl Floor {
    fn now(bot: &mut Bot, paired: &Reading) -> Floor {
        let layout = bot.chromium.layout;
        let local = match layout {
            Layout::LevelDb => local_counter_on_disk(&bot.session()),
            // Compressed, and in pages: how far it had come is not looked for.
            Layout::Sqlite => 0,
        };
        Floor { steady: paired.steady.clone(), databases: bot.chromium.completed(), local, layout }
    }

    /// What is wrong with a profile that was read back, if anything.
    fn objections(&self, reading: &Reading) -> Vec<String> {
        let Counters { signal, model, local } = reading.counters;
        let mut wrong = reading.problems.clone();
        for (name, digest) in &self.steady {
            if reading.steady.get(name) != Some(digest) {
                wrong.push(format!("{name} is {:?}, was {digest}", reading.steady.get(name)));
            }
        }
        if model < self.databases {
            wrong.push(format!("IndexedDB is at step {model}, the page had completed {}", self.databases));
        }
        if signal < self.databases {
            wrong.push(format!("signal is at step {signal}, the page had completed {}", self.databases));
        }
        // The page writes signal first, then model: any other distance is a torn order of transactions. In SQLite each
        // is a file of its own, copied one after the other while the page goes on: each is fresh for itself.
        if self.layout == Layout::LevelDb && signal != model && signal != model + 1 {
            wrong.push(format!("signal is at step {signal}, model at {model}"));
        }
        if local < self.local {
            wrong.push(format!("Local Storage is at step {local}, {} lay on disk", self.local));
        }
        if reading.linked != Linked::Account(format!("{ACCOUNT}@c.us")) {
            wrong.push(format!("not linked: {:?}", reading.linked));
        }
        wrong
    }
}

/// The greatest step that stands in Local Storage's log. Values in the log are plain: the key, 0x01 and the digits.
/// What was moved into a table since is not seen, so this is a lower bound, which is what a floor may be.
fn local_counter_on_disk(session: &Path) -> u64 {
    let folder = session.join("Default/Local Storage/leveldb");
    let logs = fs::read_dir(folder).unwrap().filter_map(|e| Some(e.ok()?.path()));
    logs.filter(|path| path.extension().is_some_and(|e| e == "log"))
        .filter_map(|path| fs::read(path).ok())
        .flat_map(|bytes| counters_in(&bytes))
        .max()
        .unwrap_or(0)
}

/// Local Storage reaches the disk 5 to 55 seconds late; until then its floor would say nothing.
fn wait_for_local_storage(session: &Path) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while local_counter_on_disk(session) == 0 {
        assert!(Instant::now() < deadline, "Local Storage never reached the disk");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn counters_in(log: &[u8]) -> Vec<u64> {
    let mark = b"\x01counter";
    let ends = log.windows(mark.len()).enumerate().filter(|(_, w)| w == mark).map(|(at, w)| at + w.len());
    // After the key stand the value's length and its 0x01.
    ends.filter_map(|end| {
        let length = usize::from(*log.get(end)?);
        let digits = log.get(end + 2..end + 1 + length)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    })
    .collect()
}

/// A paired bot with a history of this many megabytes, running, and what its page reads.
fn running_bot(history_mb: u32, layout: Layout) -> (Bot, Reading) {
    let mut bot = Bot::paired_in(ACCOUNT, layout);
    let session = bot.session();
    bot.chromium.launch(&session);
    if history_mb > 0 {
        bot.chromium.grow(history_mb);
    }
    let paired = bot.chromium.everything();
    assert_eq!(paired.linked, Linked::Account(format!("{ACCOUNT}@c.us")));
    (bot, paired)
}

/// Takes an archive with wakeep while the bot writes.
fn archive(bot: &Bot) -> PathBuf {
    let said = bot.wakeep(["archive", "--force", "--session", bot.session().to_str().unwrap()]).json(0);
    assert_eq!(said["outcome"], "created", "{said}");
    bot.home().join(said["archive"].as_str().unwrap())
}

/// Brings an archive into a new app folder: by wakeep, or by the system's tar, which knows nothing of us.
fn unpack(archive: &Path, home: &Path, by_wakeep: bool) -> PathBuf {
    if by_wakeep {
        let said = Wakeep::new(home, ["restore", "--from", archive.to_str().unwrap()]).json(0);
        assert_eq!(said["outcome"], "restored", "{said}");
    } else {
        tar(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(home));
    }
    home.join(".wwebjs_auth/session")
}

fn tar(command: &mut Command) -> bool {
    used("tar");
    command.stderr(std::process::Stdio::null()).status().unwrap().success()
}

fn snapshots_stay_whole(history_mb: u32, kb: u32, ms: u32, count: u32, layout: Layout) {
    let (mut bot, paired) = running_bot(history_mb, layout);
    bot.chromium.write(kb, ms, 200);
    if layout == Layout::LevelDb {
        wait_for_local_storage(&bot.session());
    }
    let mut reader = Chromium::driver();
    reader.layout = layout;
    for round in 0..count {
        let next = bot.chromium.completed() + 5;
        bot.chromium.wait_for(next);
        let floor = Floor::now(&mut bot, &paired);
        let archive = archive(&bot);
        let elsewhere = scratch();
        let profile = unpack(&archive, elsewhere.path(), round % 2 == 0);
        if round % 10 == 0 {
            let said = oracle::ask_in(&elsewhere.path().join(".wwebjs_auth"), None, layout);
            assert_eq!(said.event, "ready", "snapshot {round}: {said:?}");
        }
        let wrong = floor.objections(&reader.read(&profile));
        assert!(wrong.is_empty(), "snapshot {round}: {wrong:#?}");
    }
}

/// A third of the asked number, at least one.
fn third() -> u32 {
    told("WAKEEP_SNAPSHOTS").map_or(30u32, |n| n.parse().unwrap()).div_ceil(3)
}

#[test]
fn snapshots_of_a_small_busy_profile_are_whole_and_fresh() {
    snapshots_stay_whole(0, 2, 100, third(), Layout::LevelDb);
}

#[test]
fn snapshots_of_a_small_profile_under_heavy_writes_are_whole_and_fresh() {
    snapshots_stay_whole(0, 40, 30, third(), Layout::LevelDb);
}

#[test]
fn snapshots_of_a_large_busy_profile_are_whole_and_fresh() {
    snapshots_stay_whole(100, 10, 50, third(), Layout::LevelDb);
}

/// The layouts that come: SQLite files instead of LevelDB folders, which Chromium locks for itself alone.
#[test]
fn snapshots_of_a_busy_profile_in_sqlite_are_whole_and_fresh() {
    snapshots_stay_whole(0, 8, 50, third(), Layout::Sqlite);
}

/// The control: what plain `tar` makes of the same bot. It must fail sooner or later, else the tests above prove
/// nothing; and the archive of a quiet bot must pass, else they could only fail.
#[test]
fn plain_tar_of_a_busy_profile_is_caught_and_of_a_quiet_one_passes() {
    let (mut bot, paired) = running_bot(100, Layout::LevelDb);
    let mut reader = Chromium::driver();
    let mut objections = |bot: &mut Bot| {
        let floor = Floor::now(bot, &paired);
        let elsewhere = scratch();
        let file = elsewhere.path().join("plain.tar.gz");
        tar(Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(bot.home()).arg(".wwebjs_auth"));
        let profile = unpack(&file, elsewhere.path(), false);
        let _ = fs::remove_file(profile.join("SingletonLock"));
        floor.objections(&reader.read(&profile))
    };
    let quiet = objections(&mut bot);
    assert!(quiet.is_empty(), "a quiet profile: {quiet:#?}");
    bot.chromium.write(60, 20, 0);
    let caught = (1..=40).find_map(|nth| Some((nth, objections(&mut bot))).filter(|(_, wrong)| !wrong.is_empty()));
    let (nth, wrong) = caught.expect("40 plain tars of a busy profile were all whole: the control shows nothing");
    println!("plain tar number {nth} lost the login: {wrong:#?}");
}
