//! A clock that jumps while a keeper runs: a board without a battery wakes up in 1970, and time servers and people set it
//! forward and back. libfaketime reads how far it is off from a file, at every look.

use crate::env::standin::StandIn;
use crate::env::used;
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Days that the clock is off, one after the other.
const JUMPS: [i32; 7] = [0, 400, -400, -20_000, 1, -1, 0];

#[test]
fn a_keeper_whose_clock_jumps_goes_on_keeping() {
    used("libfaketime");
    let mut bot = StandIn::running();
    let clock = bot.home().join("clock");
    stand(&clock, 0);
    let keeper = bot.wakeep(["watch", "--interval", "300ms"]);
    let keeper = [("FAKETIME_NO_CACHE", "1"), ("NO_FAKE_STAT", "1"), ("DONT_FAKE_MONOTONIC", "1")]
        .into_iter()
        .fold(keeper, |keeper, (name, value)| keeper.env(name, value))
        .env("LD_PRELOAD", &library())
        .env("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap())
        .spawn();
    until("the first archive", || created(&bot) > 0);
    for days in JUMPS {
        stand(&clock, days);
        let before = created(&bot);
        until(&format!("archives at {days:+} days"), || created(&bot) > before + 1);
    }
    bot.stop();
    keeper.signal(Signal::TERM);
    let outcome = keeper.wait();
    assert_eq!(outcome.code, 0, "{outcome:?}");

    let days: Vec<String> = events(&bot).iter().map(|e| e["time"].as_str().unwrap()[..4].to_owned()).collect();
    assert!(days.iter().any(|year| year < &"1980".to_owned()), "the clock did jump: {days:?}");
    assert_eq!(bot.wakeep(["archive"]).json(0)["outcome"], "unchanged", "the last archive holds the end");
    let archive = bot.archive();
    assert_eq!(bot.wakeep(["check", archive.to_str().unwrap()]).json(0)["login"], "paired");
    let status = bot.wakeep(["status"]).run();
    assert_eq!(status.code, 0, "{status:?}");
    fs::remove_dir_all(bot.session()).unwrap();
    assert_eq!(bot.wakeep(["restore"]).json(0)["outcome"], "restored");
}

/// What `faketime` itself would preload.
fn library() -> String {
    let told = Command::new("faketime").args(["-f", "+0d", "printenv", "LD_PRELOAD"]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

fn stand(clock: &Path, days: i32) {
    let next = clock.with_extension("next");
    fs::write(&next, format!("{days:+}d\n")).unwrap();
    fs::rename(&next, clock).unwrap();
}

fn events(bot: &StandIn) -> Vec<serde_json::Value> {
    let journal = fs::read_to_string(bot.vault().join("journal.jsonl")).unwrap_or_default();
    journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn created(bot: &StandIn) -> usize {
    let journal = fs::read_to_string(bot.vault().join("journal.jsonl")).unwrap_or_default();
    journal.matches(r#""event":"created""#).count()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
