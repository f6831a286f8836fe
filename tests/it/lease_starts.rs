//! What a start, a stop and a second wakeep on the same host make of the lease, over a folder as the remote.

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use crate::lease::{BOT, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use wakeep::disk::Lock;

const CONFIG: &str = "remote = \"remote\"\nlease_life = \"1s\"\ninterval = \"1s\"\nlast_archive_wait = \"1s\"\n";

/// Lets what is in this folder use the folder `remote` in it.
fn configure(home: &Path) {
    fs::create_dir_all(home.join("remote")).unwrap();
    let remote = format!("{:?}", home.join("remote"));
    fs::write(home.join("wakeep.toml"), CONFIG.replace("\"remote\"", &remote)).unwrap();
}

fn app() -> tempfile::TempDir {
    let home = scratch();
    fs::create_dir_all(home.path().join(".wwebjs_auth/session/Default")).unwrap();
    configure(home.path());
    home
}

fn lease(home: &Path) -> PathBuf {
    home.join("remote/session.lease")
}

fn body(home: &Path) -> Value {
    fs::read(lease(home)).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap())
}

/// Another host has it.
fn give_away(home: &Path, session: &str) {
    let body = json!({"nonce": "n", "host": "there", "session": "s", "generation": 9, "life": 1.0, "released": false});
    let temp = home.join("remote/new");
    fs::write(&temp, body.to_string()).unwrap();
    fs::rename(temp, home.join(format!("remote/{session}.lease"))).unwrap();
}

fn said(home: &Path) -> String {
    fs::read_to_string(home.join("bot")).unwrap_or_default()
}

fn run<'a>(home: &Path, args: impl IntoIterator<Item = &'a str>) -> Wakeep {
    Wakeep::new(home, args)
}

#[test]
fn a_second_run_on_the_host_costs_the_first_one_nothing() {
    let home = app();
    let first = run(home.path(), ["run", "--", "sh", "-c", BOT]).spawn();
    until("the bot starts", || said(home.path()).contains("started"));
    let second = run(home.path(), ["run", "--", "true"]).run();
    assert_eq!(second.code, 0, "{second:?}");
    for _ in 0..3 {
        let nonce = body(home.path())["nonce"].clone();
        until("the first one renews", || body(home.path())["nonce"] != nonce);
    }
    assert_eq!(body(home.path())["generation"], 1, "the second one took nothing");
    assert_eq!(body(home.path())["released"], false);
    first.signal(Signal::TERM);
    let ended = first.wait();
    assert_eq!((ended.code, said(home.path()).as_str()), (3, "started\nstopped\n"), "{ended:?}");
    assert_eq!(body(home.path())["released"], true);
    let events = run(home.path(), ["list", "--events"]).run();
    assert!(!events.stdout.contains("two hosts with one login"), "{events:?}");
}

#[test]
fn a_keeper_that_ends_gives_the_lease_up_only_when_nobody_works_with_the_session() {
    let mut bot = StandIn::running();
    configure(bot.home());
    for (runs, released) in [(true, false), (false, true)] {
        if !runs {
            bot.stop();
        }
        let before = body(bot.home())["nonce"].clone();
        let keeper = bot.wakeep(["watch"]).spawn();
        until("the keeper takes it", || !body(bot.home()).is_null() && body(bot.home())["nonce"] != before);
        keeper.signal(Signal::TERM);
        let ended = keeper.wait();
        assert_eq!((ended.code, body(bot.home())["released"].as_bool()), (0, Some(released)), "{ended:?}");
    }
}

#[test]
fn a_bot_that_does_not_end_when_the_lease_is_lost_is_killed() {
    let home = app();
    let deaf = "trap '' TERM; echo started >>bot; while :; do sleep 0.1; done";
    let running = run(home.path(), ["run", "--", "sh", "-c", deaf]).spawn();
    until("the bot starts", || said(home.path()).contains("started"));
    give_away(home.path(), "session");
    assert_eq!(running.wait().code, 137);
    assert_eq!(body(home.path())["host"], "there");
}

#[test]
fn a_signal_before_the_bot_starts_is_obeyed() {
    let home = app();
    let lock = Lock::take(&home.path().join("remote/.wakeep-remote.lock"), "").unwrap().unwrap();
    let running = run(home.path(), ["run", "--", "sh", "-c", BOT]).spawn();
    // It listens to signals before it takes the keeper's place, and the lease after.
    until("it has the keeper's place", || home.path().join(".wakeep/session/keeper.lock").exists());
    running.signal(Signal::TERM);
    drop(lock);
    let ended = running.wait();
    assert_eq!((ended.code, said(home.path()).as_str()), (130, ""), "{ended:?}");
    assert_eq!(body(home.path())["released"], true, "another host needn't wait");
}

#[test]
fn a_host_whose_session_is_missing_starts_with_the_newest_archive_there_is() {
    let bot = StandIn::stopped();
    configure(bot.home());
    bot.wakeep(["archive"]).json(0);
    let other = StandIn::copied(bot.home());
    fs::remove_dir_all(other.session()).unwrap();
    bot.wakeep(["archive", "--force"]).json(0);
    bot.wakeep(["push"]).json(0);
    let newer = fs::read(bot.archive()).unwrap();
    assert_ne!(fs::read(other.archive()).unwrap(), newer);
    // Held by another host, it isn't even fetched.
    give_away(bot.home(), "session");
    assert_eq!(other.wakeep(["restore", "--before-start"]).run().code, 11);
    assert_ne!(fs::read(other.archive()).unwrap(), newer);
    fs::remove_file(lease(bot.home())).unwrap();
    let restored = other.wakeep(["restore", "--before-start"]).run();
    assert_eq!((restored.code, other.session().is_dir()), (0, true), "{restored:?}");
    assert_eq!(fs::read(other.archive()).unwrap(), newer, "{restored:?}");
}

/// The host was renamed since: its own lease reads as another's. A short one is watched until it has run out; a long one
/// is the keeper's to watch, and the start ends before systemd gives up on it.
#[test]
fn a_start_watches_a_lease_under_an_earlier_name_only_as_long_as_systemd_waits() {
    let home = app();
    let leave = |life: f64| {
        let mut left = body(home.path());
        (left["host"], left["released"], left["life"]) = (json!("earlier"), json!(false), json!(life));
        fs::write(lease(home.path()), left.to_string()).unwrap();
    };
    assert_eq!(run(home.path(), ["run", "--", "true"]).run().code, 0);
    leave(1.0);
    let watched = run(home.path(), ["restore", "--before-start"]).run();
    assert_eq!((watched.code, body(home.path())["host"] == "earlier"), (0, false), "{watched:?}");
    let config = home.path().join("wakeep.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap().replace("lease_life = \"1s\"", "lease_life = \"30m\""))
        .unwrap();
    leave(1800.0);
    let told = run(home.path(), ["restore", "--before-start"]).run();
    assert_eq!((told.code, body(home.path())["host"] == "earlier"), (11, true), "{told:?}");
}

fn second(home: &Path) {
    fs::create_dir_all(home.join(".wwebjs_auth/session-two/Default")).unwrap();
    fs::write(home.join(".wwebjs_auth/session-two/Local State"), "{}").unwrap();
}

/// A second client that somebody adds while the keeper runs: its lease is taken, renewed, and given up like the first's.
#[test]
fn a_session_that_comes_to_be_has_its_lease_too() {
    let home = app();
    let theirs = home.path().join("remote/session-two.lease");
    let body = || fs::read(&theirs).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
    let keeper = run(home.path(), ["watch"]).spawn();
    until("the keeper watches", || lease(home.path()).exists());
    second(home.path());
    until("the second one's lease is taken", || theirs.exists());
    let nonce = body()["nonce"].clone();
    until("it is renewed", || body()["nonce"] != nonce);
    keeper.signal(Signal::TERM);
    assert_eq!((keeper.wait().code, body()["released"].as_bool()), (0, Some(true)));
    let events = run(home.path(), ["list", "--events", "--only", "session-two", "--json"]).json(0);
    assert!(events["events"].as_array().unwrap().iter().any(|e| e["event"] == "lease_taken"), "{events}");
}

/// Law 5: another host runs the second client.
#[test]
fn a_bot_does_not_run_on_with_a_session_that_another_host_has() {
    let home = app();
    let running = run(home.path(), ["run", "--", "sh", "-c", BOT]).spawn();
    until("the bot starts", || said(home.path()).contains("started"));
    give_away(home.path(), "session-two");
    second(home.path());
    let ended = running.wait();
    assert_eq!((ended.code, said(home.path()).as_str()), (3, "started\nstopped\n"), "{ended:?}");
    assert!(ended.stderr.contains("there") || ended.stdout.contains("there"), "{ended:?}");
}
