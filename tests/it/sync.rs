//! Off the machine and back, over a real sshd and a real S3 server: what is pulled is what was pushed, only what changed
//! travels, and a host that was left behind is refused.

use crate::env::proxy::{Fate, Proxy, SmallDisk};
use crate::env::s3::{BUCKET, S3};
use crate::env::sshd::Sshd;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use crate::env::{scratch, used};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;
use wakeep::config::Config;
use wakeep::error::{Error, Fault};
use wakeep::remote::{self, Place, Settings};
use wakeep::sync::Sync;
use wakeep::vault::{Rules, Vault};

const RULES: Rules =
    Rules { archive_mode: 0o600, keep_bytes: u64::MAX, arrived_hold: 0, write_budget: u64::MAX, latest_every: 0 };

/// A bot's wakeep that may use the bucket.
fn at(endpoint: &str, folder: &Path, args: &[&str]) -> Wakeep {
    let wakeep = Wakeep::new(folder, args.iter().copied()).env("WAKEEP_S3_ENDPOINT", endpoint);
    let wakeep = wakeep.env("WAKEEP_REMOTE", &format!("s3://{BUCKET}/bots"));
    wakeep.env("AWS_ACCESS_KEY_ID", "S3RVER").env("AWS_SECRET_ACCESS_KEY", "S3RVER")
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}

/// Bytes that repeat nowhere.
fn noise(size: usize, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn a_folder_holds_what_was_pushed_and_a_host_left_behind_is_refused() {
    let bot = StandIn::stopped();
    let (disk, other) = (scratch(), StandIn::copied(bot.home()));
    let remote = disk.path().to_str().unwrap();
    bot.wakeep(["archive"]).json(0);
    let pushed = bot.wakeep(["push", remote]).json(0);
    assert_eq!((pushed["outcome"].as_str(), pushed["sealed"].as_bool()), (Some("pushed"), Some(false)));
    assert_eq!(bot.wakeep(["push", remote]).json(0)["outcome"], "unchanged");
    let there = disk.path().join("whatsapp_auth_latest.tar.gz");
    assert_eq!(std::fs::read(&there).unwrap(), std::fs::read(bot.archive()).unwrap());

    std::fs::remove_dir_all(other.session()).unwrap();
    let restored = other.wakeep(["restore", "--from", remote]).json(0);
    assert_eq!(restored["outcome"], "restored", "{restored}");
    other.wakeep(["archive", "--force"]).json(0);
    assert_eq!(other.wakeep(["push", remote]).json(0)["outcome"], "pushed", "it goes back to what it replaces");

    // Another archive with the generation that the remote has passed.
    let stale = StandIn::copied(bot.home());
    let state = stale.vault().join("state.json");
    let text = std::fs::read_to_string(&state).unwrap().replace("\"generation\": 1", "\"generation\": 0");
    std::fs::write(&state, text).unwrap();
    stale.wakeep(["archive", "--force"]).json(0);
    let refused = stale.wakeep(["push", remote]).run();
    assert_eq!(refused.code, 11, "{refused:?}");
}

#[test]
fn over_ssh_the_archive_is_there_whole_without_a_wakeep_on_the_other_side() {
    let (server, bot) = (Sshd::new(), StandIn::stopped());
    used("sshd");
    bot.wakeep(["archive"]).json(0);
    let folder = server.home().join("bot");
    std::fs::create_dir(&folder).unwrap();
    let (config, place) = (server.config(server.port), format!("ssh://vps{}", folder.display()));
    let options = format!("-F {}", config.display());
    let key = bot.wakeep(["keygen", "key.txt"]).json(0);
    bot.wakeep(["push", &place]).env("WAKEEP_SSH_OPTIONS", &options).json(0);
    let archive = std::fs::read(bot.archive()).unwrap();
    assert_eq!(std::fs::read(folder.join("whatsapp_auth_latest.tar.gz")).unwrap(), archive);
    let sealed = bot.wakeep(["push", &place]).env("WAKEEP_SSH_OPTIONS", &options);
    let sealed = sealed.env("WAKEEP_SEAL_TO", key["recipient"].as_str().unwrap()).json(0);
    assert_eq!(sealed["sealed"], true);
    assert!(folder.join("whatsapp_auth_latest.tar.gz.age").exists());
    std::fs::remove_file(bot.archive()).unwrap();
    let pulled = bot.wakeep(["pull", &place]).env("WAKEEP_SSH_OPTIONS", &options).env("WAKEEP_IDENTITY", "key.txt");
    pulled.json(0);
    assert_eq!(std::fs::read(bot.archive()).unwrap(), archive);
}

#[test]
fn of_a_hundred_megabytes_only_the_changed_one_travels() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let line = Proxy::sound(server.port);
    let endpoint = format!("http://127.0.0.1:{}", line.port);
    let big = bot.session().join("Default/big");
    let mut bytes = noise(100 << 20, 1);
    std::fs::write(&big, &bytes).unwrap();
    let wakeep = |args: &[&str]| at(&endpoint, bot.home(), args).env("WAKEEP_CARRY", "all");
    wakeep(&["archive"]).json(0);
    let first = wakeep(&["push"]).json(0);
    assert!(number(&first, "bytes_sent") > 100 << 20, "{first}");
    let before = std::fs::read(bot.archive()).unwrap();

    bytes[50 << 20..51 << 20].copy_from_slice(&noise(1 << 20, 2));
    std::fs::write(&big, &bytes).unwrap();
    wakeep(&["archive", "--force"]).json(0);
    let (wire, asked) = (line.up(), server.log().len());
    let second = wakeep(&["push"]).json(0);
    let (wire, asked) = (line.up() - wire, server.log().len() - asked);
    println!("second push: {wire} bytes at the wire, {asked} requests, {second}");
    assert!(wire <= 2 << 20, "{wire} bytes went up for one changed megabyte");
    assert_eq!(asked, 3, "{:?}", server.log());

    let archive = std::fs::read(bot.archive()).unwrap();
    assert!(archive != before);
    let elsewhere = scratch();
    at(&endpoint, elsewhere.path(), &["pull"]).json(0);
    let pulled = std::fs::read(elsewhere.path().join("whatsapp_auth_latest.tar.gz")).unwrap();
    assert!(pulled == archive, "the archive pulled is not the archive pushed");
    let restored = at(&endpoint, elsewhere.path(), &["restore"]).json(0);
    assert_eq!(restored["outcome"], "restored");
}

#[test]
fn sealed_packs_tell_nothing_and_any_kept_generation_comes_back() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let endpoint = server.endpoint();
    let keys = scratch();
    let made = Wakeep::new(keys.path(), ["keygen", "key.txt"]).json(0);
    let (to, key) = (made["recipient"].as_str().unwrap(), keys.path().join("key.txt").display().to_string());
    let wakeep = |args: &[&str]| at(&endpoint, bot.home(), args).env("WAKEEP_SEAL_TO", to);
    let (mut archives, mut times) = (Vec::new(), Vec::new());
    for n in 0..3 {
        std::fs::write(bot.session().join("Default/Preferences"), format!("{{\"n\":{n}}}")).unwrap();
        wakeep(&["archive", "--force"]).env("WAKEEP_CARRY", "all").json(0);
        let pushed = wakeep(&["push"]).json(0);
        assert_eq!(pushed["outcome"], "pushed");
        archives.push(std::fs::read(bot.archive()).unwrap());
        times.push(jiff::Timestamp::now().to_string());
    }
    let elsewhere = scratch();
    let shut = at(&endpoint, elsewhere.path(), &["pull"]).run();
    assert_eq!(shut.code, 2, "{shut:?}");
    assert!(!elsewhere.path().join("whatsapp_auth_latest.tar.gz").exists());
    at(&endpoint, elsewhere.path(), &["pull"]).env("WAKEEP_IDENTITY", &key).json(0);
    let pulled = || std::fs::read(elsewhere.path().join("whatsapp_auth_latest.tar.gz")).unwrap();
    assert!(pulled() == archives[2]);
    at(&endpoint, elsewhere.path(), &["pull", "--at", &times[0]]).env("WAKEEP_IDENTITY", &key).json(0);
    assert!(pulled() == archives[0], "the oldest on its way to be an hour old is kept");
    let objects = server.objects();
    assert!(
        objects.len() >= 3,
        "a pointer, and the packs of two archives: {:?}",
        objects.iter().map(|o| &o.0).collect::<Vec<_>>()
    );
    require_silent(&objects, &archives);
    // Names are keyed: the same archives elsewhere have others.
    let twin = S3::moto();
    at(&twin.endpoint(), bot.home(), &["push"]).env("WAKEEP_SEAL_TO", to).json(0);
    let again = twin.objects();
    require_silent(&again, &archives);
    let packs = |all: &[(String, Vec<u8>)]| -> Vec<String> {
        all.iter().filter(|(name, _)| name.contains("/packs/")).map(|(name, _)| name.clone()).collect()
    };
    assert!(packs(&again).iter().all(|name| !packs(&objects).contains(name)), "{again:?}");
}

/// What lies there is age's, and none of its bytes tell of the account, the session or the content.
fn require_silent(objects: &[(String, Vec<u8>)], archives: &[Vec<u8>]) {
    let told = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    // Every stretch of an archive of 4 KB has such a part: members and the index.
    const PART: usize = 24;
    let middles = |archive: &'_ [u8]| -> Vec<Vec<u8>> {
        archive.chunks(4096).filter_map(|c| c.get(c.len() / 2..c.len() / 2 + PART)).map(<[u8]>::to_vec).collect()
    };
    let parts: HashSet<Vec<u8>> = archives.iter().flat_map(|a| middles(a)).collect();
    let digests: Vec<String> = archives.iter().map(|a| blake3::hash(a).to_hex().to_string()).collect();
    for (name, bytes) in objects {
        let pack = name.contains("/packs/");
        assert!(!pack || bytes.starts_with(b"age-encryption.org/v1\n"), "{name}");
        for word in ["79001234567", "wwebjs", "Default", "Local Storage", "session"] {
            assert!(!told(bytes, word.as_bytes()), "{name} tells {word}");
        }
        // The pointer says in clear when an archive was made and on which host; so does a label.
        assert!(!pack || !bytes.windows(PART).any(|part| parts.contains(part)), "{name} has bytes of an archive");
        let hash = blake3::hash(bytes).to_hex().to_string();
        let digest = digests.iter().find(|d| name.contains(*d) || told(bytes, d.as_bytes()));
        assert!(!name.contains(&hash) && digest.is_none(), "{name} is named by its content");
    }
}

#[test]
fn an_unsealed_remote_is_told_once_by_push_and_keeper_together() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let endpoint = server.endpoint();
    let warns = |bot: &StandIn| at(&endpoint, bot.home(), &["push"]).run().stderr.contains("unsealed");
    bot.wakeep(["archive"]).json(0);
    assert!(warns(&bot) && !warns(&bot));
    let keep = |bot: &StandIn, name: &str| {
        let keeper =
            at(&endpoint, bot.home(), &["watch", "--interval", "1s"]).env("WAKEEP_PUSH", "after every archive");
        let journal = || std::fs::read_to_string(bot.vault().join("journal.jsonl")).unwrap_or_default();
        let begun = journal().matches("watching").count();
        let keeper = keeper.env("WAKEEP_REMOTE", &format!("s3://{BUCKET}/{name}")).spawn();
        until("it watches", || journal().matches("watching").count() > begun);
        keeper.signal(rustix::process::Signal::TERM);
        assert_eq!(keeper.wait().code, 0);
        journal().matches("pushed_unsealed").count()
    };
    assert_eq!(keep(&bot, "bots"), 0, "push has told it");
    assert_eq!(keep(&bot, "others"), 1);
    assert_eq!(keep(&bot, "others"), 1, "the keeper has told it before");
    // A folder of this machine is as open as the archive beside the session.
    let disk = scratch();
    assert!(!bot.wakeep(["push", disk.path().to_str().unwrap()]).run().stderr.contains("unsealed"));
}

#[test]
fn a_line_cut_in_mid_pack_leaves_the_last_archive_and_the_next_push_succeeds() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let wakeep = |endpoint: &str, args: &[&str]| at(endpoint, bot.home(), args).env("WAKEEP_CARRY", "all");
    let endpoint = server.endpoint();
    wakeep(&endpoint, &["archive"]).json(0);
    wakeep(&endpoint, &["push"]).json(0);
    let first = std::fs::read(bot.archive()).unwrap();
    std::fs::write(bot.session().join("Default/big"), noise(2 << 20, 5)).unwrap();
    wakeep(&endpoint, &["archive", "--force"]).json(0);
    let line = Proxy::new(server.port, Fate::Cut, 300 << 10, 1000);
    let cut = wakeep(&format!("http://127.0.0.1:{}", line.port), &["push"]).run();
    assert!(cut.code == 1 && line.times_left() < 1000, "{cut:?}");
    let pulled = || {
        let elsewhere = scratch();
        at(&endpoint, elsewhere.path(), &["pull"]).json(0);
        std::fs::read(elsewhere.path().join("whatsapp_auth_latest.tar.gz")).unwrap()
    };
    assert!(pulled() == first, "a push that was cut off changed what is pulled");
    assert_eq!(wakeep(&endpoint, &["push"]).json(0)["outcome"], "pushed");
    assert!(pulled() == std::fs::read(bot.archive()).unwrap());
}

#[test]
fn a_remote_disk_that_is_full_keeps_the_last_archive() {
    let (bot, here) = (StandIn::stopped(), scratch());
    let disk = SmallDisk::new(here.path());
    let (remote, there) = (disk.path().to_str().unwrap(), disk.path().join("whatsapp_auth_latest.tar.gz"));
    let archive = |size: usize| {
        std::fs::write(bot.session().join("Default/big"), noise(size, 6)).unwrap();
        bot.wakeep(["archive", "--force"]).env("WAKEEP_CARRY", "all").json(0);
        std::fs::read(bot.archive()).unwrap()
    };
    let first = archive(1 << 20);
    bot.wakeep(["push", remote]).json(0);
    archive(8 << 20);
    let full = bot.wakeep(["push", remote]).run();
    assert!(full.code == 1 && full.stderr.contains("full"), "{full:?}");
    assert!(std::fs::read(&there).unwrap() == first);
    let third = archive(2 << 20);
    bot.wakeep(["push", remote]).json(0);
    assert!(std::fs::read(&there).unwrap() == third);
}

#[test]
fn a_host_without_an_archive_fetches_it_before_the_bot_starts() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    bot.wakeep(["archive"]).json(0);
    at(&server.endpoint(), bot.home(), &["push"]).json(0);
    let vps = scratch();
    let started = at(&server.endpoint(), vps.path(), &["restore", "--before-start"]).run();
    assert_eq!(started.code, 0, "{started:?}");
    assert!(vps.path().join(".wwebjs_auth/session/Default").is_dir(), "{started:?}");
    let offered = scratch();
    let received = at(&server.endpoint(), offered.path(), &["receive", "--yes"]).run();
    assert!(received.code == 0 && offered.path().join("whatsapp_auth_latest.tar.gz").exists(), "{received:?}");
    // Law 11: nor does a remote that isn't there hold the bot up.
    let lost = scratch();
    let alone = at("http://127.0.0.1:9", lost.path(), &["restore", "--before-start"]).run();
    assert_eq!(alone.code, 0, "{alone:?}");
}

#[test]
fn killed_anywhere_a_push_leaves_the_last_one_whole() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let endpoint = server.endpoint();
    bot.wakeep(["archive"]).json(0);
    at(&endpoint, bot.home(), &["push"]).json(0);
    let mut last = std::fs::read(bot.archive()).unwrap();
    for n in 1..12 {
        bot.wakeep(["archive", "--force"]).json(0);
        let next = std::fs::read(bot.archive()).unwrap();
        let push = at(&endpoint, bot.home(), &["push"]).env("WAKEEP_CRASH_BEFORE", &n.to_string()).run();
        let elsewhere = scratch();
        at(&endpoint, elsewhere.path(), &["pull"]).json(0);
        let pulled = std::fs::read(elsewhere.path().join("whatsapp_auth_latest.tar.gz")).unwrap();
        assert!(pulled == last || pulled == next, "killed before step {n}");
        at(&endpoint, bot.home(), &["push"]).json(0);
        last = next;
        if push.code == 0 {
            return;
        }
    }
    panic!("a push has more durable steps than were tried");
}

#[test]
fn the_keeper_pushes_what_it_archives_and_catches_up() {
    let (mut bot, disk) = (StandIn::running(), scratch());
    let remote = disk.path().join("mounted later");
    let keeper = bot.wakeep(["watch", "--interval", "1s"]).env("WAKEEP_PUSH", "after every archive");
    let keeper = keeper.env("WAKEEP_REMOTE", remote.to_str().unwrap()).spawn();
    let journal_file = bot.vault().join("journal.jsonl");
    let journal = || std::fs::read_to_string(&journal_file).unwrap_or_default();
    until("the failure is told", || journal().contains("push_failed"));
    assert!(bot.archive().exists(), "the keeper kept on");
    std::fs::create_dir(&remote).unwrap();
    until("it is well again", || journal().contains("pushed_again"));
    assert_eq!(journal().matches("push_failed").count(), 1, "{}", journal());
    bot.stop();
    keeper.signal(rustix::process::Signal::TERM);
    let ended = keeper.wait();
    assert_eq!(ended.code, 0, "{ended:?}");
    let there = std::fs::read(remote.join("whatsapp_auth_latest.tar.gz")).unwrap();
    assert!(there == std::fs::read(bot.archive()).unwrap(), "the last archive went there, too");
}

fn until(what: &str, so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !so() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(90), "waited in vain: {what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_bot_moves_to_a_machine_without_wakeep_and_starts_here_no_more() {
    let (server, mut bot) = (Sshd::new(), StandIn::running());
    let folder = server.home().join("opt/bot");
    let (config, place) = (server.config(server.port), format!("ssh://vps{}", folder.display()));
    let options = format!("-F {}", config.display());
    let moves = |bot: &StandIn| bot.wakeep(["move", &place]).env("WAKEEP_SSH_OPTIONS", &options);
    let refused = moves(&bot).run();
    assert!(refused.code == 12 && !folder.exists(), "under a running bot: {refused:?}");
    bot.stop();
    // Killed before one durable step after the other; the same line goes on.
    let mut ended = None;
    for n in (1..90).step_by(3) {
        let out = moves(&bot).env("WAKEEP_CRASH_BEFORE", &n.to_string()).run();
        if out.code == 0 {
            ended = Some(out);
            break;
        }
        // The process that does the work is killed; who waits for it says so.
        assert_eq!(out.code, 130, "{out:?}");
    }
    assert!(ended.is_some(), "it never ended");
    assert!(folder.join(".wwebjs_auth/session/Default").is_dir());
    let there = Wakeep::new(&folder, ["check"]).json(0);
    assert_eq!(there["login"], "paired", "{there}");
    assert_eq!(bot.wakeep(["restore", "--before-start"]).run().code, 11, "two hosts would run one login");
    assert_eq!(moves(&bot).json(0)["outcome"], "moved");
    bot.wakeep(["restore", "--force"]).json(0);
    assert_eq!(bot.wakeep(["restore", "--before-start"]).run().code, 0, "a person brought it back");
}

#[test]
fn many_pushes_stay_in_few_packs() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let endpoint = server.endpoint();
    let puts = |log: &[String]| log.iter().filter(|l| l.starts_with("PUT")).count();
    for n in 0..30u8 {
        std::fs::write(bot.session().join(format!("Default/{n}")), noise(300 << 10, n)).unwrap();
        at(&endpoint, bot.home(), &["archive", "--force"]).env("WAKEEP_CARRY", "all").json(0);
        let before = puts(&server.log());
        let pushed = at(&endpoint, bot.home(), &["push"]).json(0);
        assert_eq!(puts(&server.log()) - before, 2, "{pushed}");
    }
    let (elsewhere, before) = (scratch(), server.log().len());
    at(&endpoint, elsewhere.path(), &["pull"]).json(0);
    let pulled = std::fs::read(elsewhere.path().join("whatsapp_auth_latest.tar.gz")).unwrap();
    assert!(pulled == std::fs::read(bot.archive()).unwrap());
    let asked = server.log().len() - before;
    assert!(asked <= 24 + 2, "{asked} requests for one archive");
}

/// Each session of several from its own archive at the remote, also where only a look is wanted; and what is wrong with
/// one holds up no other.
#[test]
fn of_several_sessions_each_is_restored_from_its_own() {
    const OTHER: &str = "79995554433:7@c.us";
    let (bot, other, disk) = (StandIn::stopped(), StandIn::of(OTHER), scratch());
    let second = bot.home().join(".wwebjs_auth/session-b");
    std::fs::rename(other.session(), &second).unwrap();
    let remote = disk.path().to_str().unwrap();
    bot.wakeep(["archive"]).json(0);
    let pushed = bot.wakeep(["push", remote]).json(0);
    let spent = |n: usize| (number(&pushed["sessions"][n], "requests"), number(&pushed["sessions"][n], "bytes_sent"));
    assert_eq!(spent(0).0, spent(1).0, "each its own, not what all before it cost: {pushed}");
    assert!(spent(1).1 < 2 * spent(0).1, "{pushed}");
    std::fs::remove_dir_all(bot.session()).unwrap();
    std::fs::remove_dir_all(&second).unwrap();
    let looked = bot.wakeep(["restore", "--from", remote, "--dry-run"]).json(0);
    for (session, name) in looked["sessions"].as_array().unwrap().iter().zip(["session", "session-b"]) {
        assert_eq!((&session["session"], &session["outcome"]), (&json!(name), &json!("would_restore")), "{looked}");
        let from = session["from"].as_str().unwrap();
        assert!(from.contains(&format!(".wakeep/{name}/sync/")), "{looked}");
        assert!(!Path::new(from).exists(), "no key to the account is left lying");
    }
    std::fs::remove_file(disk.path().join("whatsapp_auth_latest.tar.gz")).unwrap();
    let restored = bot.wakeep(["restore", "--from", remote, "--json"]).run();
    assert_eq!(restored.code, 10, "{restored:?}");
    let restored: Value = serde_json::from_str(&restored.stdout).unwrap();
    assert_eq!(restored["sessions"][1]["outcome"], "restored", "{restored}");
    let verdict = bot.wakeep(["check", ".wwebjs_auth/session-b", "--json", "--show-account"]).json(0);
    assert_eq!(verdict["account"], OTHER);
}

#[test]
fn an_older_archive_is_not_pulled_over_a_newer_one() {
    let (mut bot, disk) = (StandIn::stopped(), scratch());
    let remote = disk.path().to_str().unwrap();
    bot.wakeep(["archive"]).json(0);
    bot.wakeep(["push", remote]).json(0);
    bot.start();
    bot.stop();
    bot.wakeep(["archive"]).json(0);
    let newer = std::fs::read(bot.archive()).unwrap();
    let said = bot.wakeep(["pull", remote]).run();
    assert!(said.code == 1 && said.stderr.contains("is newer than the one at"), "{said:?}");
    assert!(said.stderr.contains("wakeep pull --force"), "{said:?}");
    assert_eq!(std::fs::read(bot.archive()).unwrap(), newer);
    assert_eq!(bot.wakeep(["pull", remote, "--force"]).json(0)["outcome"], "pulled");
}

/// A machine that answers keepalives and says nothing else: nobody waits for it for ever.
#[test]
fn a_silent_machine_is_given_up() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).json(0);
    let server = Sshd::new();
    server.make_mute();
    let config = server.config(server.port);
    let options = vec!["-F".to_owned(), config.to_str().unwrap().to_owned()];
    let settings = Settings { patience: Duration::from_millis(200), ssh_options: options, ..Settings::default() };
    let place = format!("ssh://vps{}/bots", server.home().display());
    let timed_out = |done: Result<(), Error>| match done {
        Err(Error::Remote { fault: Fault::TimedOut, .. }) => {}
        other => panic!("{other:?}"),
    };
    let remote = remote::open(&Place::parse(&place, Path::new("")).unwrap(), &settings).unwrap();
    timed_out(remote.list("").map(drop));
    timed_out(remote.get("a", None, &mut Vec::new()).map(drop));
    let vault = Vault::open(&bot.vault(), &bot.archive(), RULES).unwrap();
    // With a wakeep there, and in the plain way where that is not asked.
    let sync = Sync::open(&place, &Config::default(), &settings).unwrap();
    timed_out(sync.push(&vault, "session", None, false, &mut |_, _| {}).map(drop));
    timed_out(sync.pull("session", "whatsapp_auth_latest.tar.gz", None, &bot.home().join("pulled/it")));
}
