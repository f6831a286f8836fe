//! A real Chromium and a restore of its session at the same time: whichever came first has the session, the other one
//! refuses, and nothing is torn. `WAKEEP_MOMENTS` = at how many moments of a restore it is started (12).

use crate::env::chromium::{Linked, Reading};
use crate::env::standin::StandIn;
use crate::env::wakeep::{Outcome, Wakeep};
use crate::env::{Bot, oracle, told};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const ACCOUNT: &str = "4917012345678:12";

/// Makes the part of a restore that moves and removes things much longer than the one before, in which a Chromium that
/// starts has the session: few moments would meet it otherwise.
const SLOW_MOVES: &str = "renameat2,symlink,symlinkat,unlink,unlinkat:delay_enter=12000";

/// How long before wakeep Chromium is started at the earliest, in seconds: it takes a moment to come up.
const HEAD_START: f64 = 0.5;

/// A paired bot that has stopped, its archive, and what a page reads in its session.
fn kept_bot() -> (Bot, Reading) {
    let mut bot = Bot::paired(ACCOUNT);
    let session = bot.session();
    let paired = bot.chromium.read(&session);
    assert_eq!(bot.wakeep(["archive"]).json(0)["outcome"], "created");
    (bot, paired)
}

fn restore(bot: &Bot) -> Wakeep {
    bot.wakeep(["restore", "--force", "--json"])
}

fn require_good(bot: &Bot, context: &str) {
    let outcome = bot.wakeep(["check", "--json"]).run();
    let verdict: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    assert_eq!(verdict["verdict"], "sound", "{context}: {outcome:?}");
    assert_eq!(verdict["login"], "paired", "{context}: {outcome:?}");
    assert_eq!(outcome.code, 0, "{context}: {outcome:?}");
}

fn require_ready(bot: &Bot, context: &str) {
    let said = oracle::ask(&bot.home().join(".wwebjs_auth"), None);
    assert_eq!(said.event, "ready", "{context}: {said:?}");
}

/// Nothing stands in the way of the next start: no lock of ours, no door.
fn require_no_hold(bot: &Bot, context: &str) {
    for name in ["SingletonLock", "SingletonSocket", "SingletonCookie"] {
        let left = fs::read_link(bot.session().join(name));
        assert!(left.is_err(), "{context}: {name} is left, to {left:?}");
    }
    assert!(!bot.home().join(".wakeep/session/door").exists(), "{context}: the door is left");
}

fn require_same_login(reading: &Reading, paired: &Reading, context: &str) {
    assert_eq!(reading.linked, Linked::Account(format!("{ACCOUNT}@c.us")), "{context}");
    assert_eq!((&reading.steady, &reading.problems), (&paired.steady, &paired.problems), "{context}");
}

/// The folder that wakeep holds at the moment, by the process its lock names.
fn holding(session: &Path) -> Option<i32> {
    let target = fs::read_link(session.join("SingletonLock")).ok()?;
    target.to_str()?.rsplit_once('-')?.1.parse().ok()
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Files of a session that isn't there any more, open in the browser of this process group.
fn strays(group: i32) -> Vec<String> {
    let of_group = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.split(' ').nth(2) == Some(&group.to_string()))
    };
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    let open = pids.filter(of_group).filter_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")).ok()).flatten().flatten();
    let names = open.filter_map(|fd| Some(fs::read_link(fd.path()).ok()?.to_string_lossy().into_owned()));
    names
        .filter(|name| name.contains("/.wakeep/") || (name.contains("indexeddb") && name.ends_with("(deleted)")))
        .collect()
}

/// Starts Chromium and a restore at a distance of some seconds: negative where Chromium comes first.
fn at_once(bot: &mut Bot, distance: f64) -> (Result<(), String>, Outcome) {
    let wakeep = restore(bot).injected(SLOW_MOVES);
    let (session, later) = (bot.session(), |seconds: f64| Duration::from_secs_f64(seconds.max(0.0)));
    std::thread::scope(|scope| {
        let restoring = scope.spawn(move || {
            std::thread::sleep(later(-distance));
            wakeep.run()
        });
        std::thread::sleep(later(distance));
        let launched = bot.chromium.try_launch(&session);
        (launched, restoring.join().unwrap())
    })
}

/// One moment. Returns in a word who had the session.
fn meet(bot: &mut Bot, paired: &Reading, distance: f64) -> &'static str {
    let (launched, restored) = at_once(bot, distance);
    let context = format!("Chromium {distance:.3} s after wakeep: {launched:?}, {restored:?}");
    let up = launched.is_ok();
    if up {
        let stray = strays(bot.chromium.pid().unwrap());
        assert_eq!(stray, Vec::<String>::new(), "{context}");
        let step = bot.chromium.completed();
        bot.chromium.write(4, 20, 200);
        bot.chromium.wait_for(step.max(1) + 5);
        bot.chromium.stop();
        require_same_login(&bot.chromium.everything(), paired, &context);
        bot.chromium.close();
    }
    let who = match (up, restored.code) {
        (true, 12) => "chromium",
        (true, 0) => "both, one after the other",
        (false, 0) => "wakeep",
        _ => panic!("nobody had the session. {context}"),
    };
    if !up {
        let session = bot.session();
        bot.chromium.try_launch(&session).unwrap_or_else(|e| panic!("{e}. {context}"));
        bot.chromium.close();
    }
    require_good(bot, &context);
    require_no_hold(bot, &context);
    who
}

/// Evenly over a span, each a random bit off.
fn moments(count: u32, from: f64, to: f64) -> impl Iterator<Item = f64> {
    let step = (to - from) / f64::from(count);
    let random = move |nth: u32| {
        let bits = u32::try_from(RandomState::new().hash_one(nth) >> 32).expect("32 bits are left");
        f64::from(bits) / f64::from(u32::MAX)
    };
    (0..count).map(move |nth| from + (f64::from(nth) + random(nth)) * step)
}

#[test]
fn a_chromium_that_starts_at_any_moment_of_a_restore_finds_a_whole_session() {
    let count: u32 = told("WAKEEP_MOMENTS").map_or(12, |n| n.parse().unwrap());
    let (mut bot, paired) = kept_bot();
    let begun = Instant::now();
    let alone = restore(&bot).injected(SLOW_MOVES).run();
    assert_eq!(alone.code, 0, "{alone:?}");
    let length = begun.elapsed().as_secs_f64();
    let mut tally = std::collections::BTreeMap::<_, u32>::new();
    for (nth, distance) in (0..).zip(moments(count, -HEAD_START, length)) {
        let who = meet(&mut bot, &paired, distance);
        *tally.entry(who).or_default() += 1;
        println!("{distance:+.3} s of {length:.3}: {who}");
        if nth % (count / 5).max(1) == 0 {
            require_ready(&bot, &format!("moment {nth}"));
        }
    }
    assert!(
        tally.contains_key("chromium") && tally.contains_key("wakeep"),
        "one never won, which shows nothing: {tally:?}"
    );
}

/// In the very last moment: wakeep has found nobody there, and has everything ready to exchange.
#[test]
fn a_chromium_that_starts_right_before_the_exchange_refuses() {
    let (mut bot, paired) = kept_bot();
    let session = bot.session();
    let wakeep = restore(&bot).injected("renameat2:delay_enter=6000000").spawn();
    until("the hold", || holding(&session));
    let refused = bot.chromium.try_launch(&session).expect_err("it must not start now");
    assert!(refused.contains("existing browser session"), "{refused}");
    let outcome = wakeep.wait();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    require_no_hold(&bot, "after the restore");
    require_same_login(&bot.chromium.read(&session), &paired, "after the restore");
    require_good(&bot, "after the restore");
}

/// A hold that a kill leaves behind holds nobody.
#[test]
fn a_killed_restore_holds_nobody() {
    let (mut bot, paired) = kept_bot();
    let session = bot.session();
    for injected in ["renameat2:delay_enter=6000000", "renameat2:delay_exit=6000000"] {
        let wakeep = restore(&bot).injected(injected).spawn();
        let pid = until("the hold", || holding(&session));
        std::thread::sleep(Duration::from_millis(300));
        rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        assert_ne!(wakeep.wait().code, 0, "it was killed");
        assert!(holding(&session).is_some(), "{injected}: the kill leaves the lock");
        bot.chromium.launch(&session);
        require_same_login(&bot.chromium.everything(), &paired, injected);
        bot.chromium.close();
        require_good(&bot, injected);
        let again = restore(&bot).run();
        assert_eq!(again.code, 0, "{injected}: {again:?}");
        require_no_hold(&bot, injected);
    }
    require_ready(&bot, "at the end");
}

/// A program that doesn't ask for the lock, as an old headless Chromium, and opens the session in the last moment: what
/// it opened is put back.
#[test]
fn what_somebody_opens_right_before_the_exchange_stays_his() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let inode = || fs::metadata(bot.session()).unwrap().ino();
    let before = inode();
    let wakeep = bot.wakeep(["restore", "--force"]).injected("renameat2:delay_enter=1500000").spawn();
    until("the hold", || holding(&bot.session()));
    std::thread::sleep(Duration::from_millis(300));
    let lock = fs::File::open(bot.session().join("Default/Local Storage/leveldb/LOCK")).unwrap();
    let mut somebody = Command::new("sleep").arg("60").stdin(lock).spawn().unwrap();
    let outcome = wakeep.wait();
    somebody.kill().unwrap();
    somebody.wait().unwrap();
    assert_eq!(outcome.code, 12, "{outcome:?}");
    assert!(outcome.stderr.contains(&format!("sleep (pid {})", somebody.id())), "{outcome:?}");
    assert_eq!(inode(), before);
    assert!(holding(&bot.session()).is_none(), "the hold is let go");
    assert_eq!(bot.wakeep(["restore", "--force"]).run().code, 0);
    assert_ne!(inode(), before);
}
