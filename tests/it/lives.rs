//! What happens to a bot in its life, with a real Chromium and whatsapp-web.js as the judge: it idles, it runs while
//! somebody wants to restore, its folder is deleted, its browser is killed in mid-write.

use crate::env::wakeep::Wakeep;
use crate::env::{Bot, oracle, scratch};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const ACCOUNT: &str = "4917012345678:12";

fn require_ready(home: &Path, context: &str) {
    let said = oracle::ask(&home.join(".wwebjs_auth"), None);
    assert_eq!(said.event, "ready", "{context}: {said:?}");
}

/// How many archives the vault's journal tells of.
fn created(bot: &Bot) -> usize {
    let journal = fs::read_to_string(bot.home().join(".wakeep/session/journal.jsonl")).unwrap_or_default();
    journal.lines().filter(|line| line.contains(r#""event":"created""#)).count()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !done() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The keeper looks every second for 40 seconds, which are at least ten rounds on the busiest machine. Chromium writes
/// to its profile all that time, and empty records to Local Storage. What it writes only after minutes isn't met here:
/// that an idle bot doesn't move the login's sequence numbers in two minutes was measured, not tested (DESIGN.md, 5).
#[test]
fn an_idle_chromium_makes_no_archive_after_the_first() {
    let mut bot = Bot::paired(ACCOUNT);
    let session = bot.session();
    bot.chromium.launch(&session);
    let keeper = bot.wakeep(["watch", "--interval", "1s"]).spawn();
    until("the first archive", || created(&bot) > 0);
    std::thread::sleep(Duration::from_secs(40));
    assert_eq!(created(&bot), 1, "{}", fs::read_to_string(bot.home().join(".wakeep/session/journal.jsonl")).unwrap());
    bot.chromium.write(2, 50, 200);
    until("an archive of what was written: the keeper is awake", || created(&bot) > 1);
    bot.chromium.stop();
    bot.chromium.close();
    keeper.signal(Signal::TERM);
    let outcome = keeper.wait();
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

/// Law 4 with a real Chromium: it is named, and nothing is touched.
#[test]
fn a_session_that_chromium_works_on_is_not_restored() {
    let mut bot = Bot::paired(ACCOUNT);
    let session = bot.session();
    assert_eq!(bot.wakeep(["archive"]).json(0)["outcome"], "created");
    bot.chromium.launch(&session);
    let inode = inode(&session);
    for args in [vec!["restore", "--force"], vec!["restore", "--force", "--lang", "ru"]] {
        let outcome = bot.wakeep(args).run();
        assert_eq!(outcome.code, 12, "{outcome:?}");
        assert!(outcome.stderr.contains("chromium"), "it says who: {outcome:?}");
        assert!(outcome.stderr.contains(&format!("pid {}", bot.chromium.pid().unwrap())), "and which: {outcome:?}");
    }
    bot.chromium.everything();
    assert_eq!(inode, self::inode(&session));
    bot.chromium.close();
    assert_eq!(bot.wakeep(["restore", "--force"]).run().code, 0);
    require_ready(bot.home(), "restored after it was stopped");
}

fn inode(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap())
}

/// What a person does who has deleted the folder, which is the product's whole point.
#[test]
fn a_deleted_session_comes_back_ready() {
    let bot = Bot::paired(ACCOUNT);
    assert_eq!(bot.wakeep(["archive"]).json(0)["outcome"], "created");
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let said = oracle::ask(&bot.home().join(".wwebjs_auth"), None);
    assert_eq!(said.event, "qr", "the control: {said:?}");
    assert_eq!(bot.wakeep(["restore"]).json(0)["outcome"], "restored");
    require_ready(bot.home(), "restored");
}

/// What a browser holds in memory when its bot is to be stopped: localStorage, which reaches the disk seconds late.
#[test]
fn a_closed_browser_has_written_its_last_words() {
    let mut bot = Bot::paired(ACCOUNT);
    let session = bot.session();
    assert!(bot.wakeep(["close-browser"]).run().stdout.contains("no browser"), "none runs yet");
    bot.chromium.launch(&session);
    bot.chromium.write(2, 50, 200);
    bot.chromium.wait_for(20);
    let last = bot.chromium.stop();
    let closed = bot.wakeep(["close-browser"]).run();
    let pid = bot.chromium.pid().unwrap().to_string();
    assert!(closed.code == 0 && closed.stdout.contains(&pid) && closed.stdout.contains("ended"), "{closed:?}");
    let reading = bot.chromium.read(&session);
    assert!(reading.counters.local >= last, "{:?}, {last} were done", reading.counters);
    assert_eq!(reading.problems, Vec::<String>::new());
}

/// `run` asks the browser first, and then the bot; the bot's code is its own.
#[test]
fn run_closes_the_browser_before_it_asks_the_bot_to_end() {
    let bot = Bot::paired(ACCOUNT);
    // A test that fails leaves no browser behind for long.
    let script = "trap 'echo asked; exit 7' TERM
        timeout -s KILL 300 chromium --headless=new --no-sandbox --disable-gpu --disable-background-networking \
          --user-data-dir=.wwebjs_auth/session about:blank >browser.log 2>&1 &
        wait $!; echo browser $?
        for n in $(seq 3000); do sleep 0.1; done";
    let running = bot.wakeep(["run", "--", "sh", "-c", script]).spawn();
    let session = wakeep::session::find::session(&bot.session(), &wakeep::session::chromium::Chromium);
    until("the browser", || session.browser().is_some());
    running.signal(Signal::TERM);
    let ended = running.wait();
    assert_eq!(ended.code, 7, "{ended:?}");
    let heard: Vec<_> = ended.stdout.lines().filter(|l| l.starts_with("browser") || *l == "asked").collect();
    assert_eq!(heard, ["browser 0", "asked"], "{ended:?}");
}

/// The out-of-memory killer comes ten times; each time what was written is archived, and comes up elsewhere. Before each
/// start wakeep looks at the session, as the bot's unit has it done.
#[test]
fn a_chromium_killed_in_mid_write_leaves_what_can_be_archived() {
    let mut bot = Bot::paired(ACCOUNT);
    let session = bot.session();
    for nth in 1..=10u64 {
        let before = bot.wakeep(["restore", "--before-start"]).run();
        assert_eq!(before.code, 0, "kill {nth}: {before:?}");
        bot.chromium.launch(&session);
        bot.chromium.write(16, 10, 200);
        bot.chromium.wait_for(1);
        std::thread::sleep(Duration::from_millis(nth * 37));
        let completed = bot.chromium.sigkill();
        assert_eq!(bot.wakeep(["archive"]).json(0)["outcome"], "created", "kill {nth}");
        let elsewhere = scratch();
        let archive = bot.archive();
        let restored = Wakeep::new(elsewhere.path(), ["restore", "--from", archive.to_str().unwrap()]).json(0);
        assert_eq!(restored["outcome"], "restored", "kill {nth}: {restored}");
        require_ready(elsewhere.path(), &format!("kill {nth}"));
        let reading = bot.chromium.read(&elsewhere.path().join(".wwebjs_auth/session"));
        assert_eq!(reading.problems, Vec::<String>::new(), "kill {nth}");
        assert!(reading.counters.model >= completed, "kill {nth}: {:?}, {completed} were done", reading.counters);
    }
}
