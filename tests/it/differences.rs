//! What the keeper's rounds leave between two rewrites of the archive, and that every reader takes it for the newest state.

use crate::env::scratch;
use crate::env::standin::StandIn;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file of a session that makes its archive one that isn't rewritten at every change: 5 MB that don't shrink, where the
/// budget would let 4 be rewritten every two minutes.
pub fn weigh_down(session: &Path) {
    let home = session.ancestors().nth(2).unwrap();
    fs::write(home.join("wakeep.toml"), "write_budget = \"3 GB\"\n").unwrap();
    let folder = session.join("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.blob/1/00");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("f0"), crate::archive::noise(7, 5_000_000)).unwrap();
}

/// A session with an archive, and its bot has gone on since.
fn changed() -> StandIn {
    let mut bot = StandIn::stopped();
    weigh_down(&bot.session());
    bot.wakeep(["archive"]).run();
    go_on(&mut bot);
    bot
}

fn go_on(bot: &mut StandIn) {
    bot.start();
    bot.stop();
}

/// One more round that leaves a difference. Returns where.
fn round(bot: &StandIn) -> PathBuf {
    let made = bot.wakeep(["archive", "--round", "--json"]).json(0);
    assert_eq!((made["outcome"].as_str(), made["base"].is_u64()), (Some("created"), true), "{made}");
    PathBuf::from(made["archive"].as_str().unwrap())
}

fn status(bot: &StandIn) -> Value {
    bot.wakeep(["status", "--json"]).json(0)["sessions"][0].clone()
}

fn digest(path: &Path) -> blake3::Hash {
    blake3::hash(&fs::read(path).unwrap())
}

/// What a restore of the lost session takes, and what it passed over.
fn restored(bot: &StandIn, how: &str) -> (PathBuf, Option<PathBuf>) {
    fs::remove_dir_all(bot.session()).unwrap();
    let restored = bot.wakeep(["restore", how, "--json"]).json(0);
    assert_eq!(restored["outcome"], "restored", "{restored}");
    bot.wakeep(["check", "--json"]).json(0);
    let path = |key: &str| restored[key].as_str().map(PathBuf::from);
    (path("from").unwrap(), path("passed_over"))
}

/// The tables and logs of a session, with their bytes.
fn kept(session: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let all = crate::archive::contents(session).into_iter();
    let all = all.filter(|(path, ..)| path.extension().is_some_and(|e| e == "ldb" || e == "log"));
    all.map(|(path, _, bytes, _)| (path, bytes)).collect()
}

fn differences(bot: &StandIn) -> Vec<PathBuf> {
    let all = fs::read_dir(bot.vault()).unwrap().map(|e| e.unwrap().path());
    all.filter(|p| p.extension().is_some_and(|e| e == "difference")).collect()
}

#[test]
fn a_round_leaves_the_archive_and_keeps_what_changed_in_the_vault() {
    let mut bot = changed();
    let standing = digest(&bot.archive());
    let first = round(&bot);
    assert!(fs::metadata(&first).unwrap().len() * 4 < fs::metadata(bot.archive()).unwrap().len());
    assert_eq!(digest(&bot.archive()), standing);
    assert_eq!(bot.wakeep(["archive", "--round", "--json"]).json(0)["outcome"], "unchanged");
    go_on(&mut bot);
    let second = round(&bot);
    assert_eq!(differences(&bot), std::slice::from_ref(&second), "the newer took the place of {}", first.display());
    let told = status(&bot);
    assert_eq!((told["newer"]["path"].as_str(), told["safe"].as_bool()), (second.to_str(), Some(true)), "{told}");
    assert!(told["archive"]["made"].as_str() < told["newer"]["made"].as_str(), "{told}");
    let verified = bot.wakeep(["verify", second.to_str().unwrap(), "--json"]).json(0);
    assert!(verified["base"].as_str().unwrap().ends_with(".tar.gz"), "{verified}");
}

#[test]
fn every_restore_takes_the_newest_state() {
    let bot = changed();
    let difference = round(&bot);
    let live = scratch();
    crate::faults::scene::copy(&bot.session(), live.path());
    for how in ["--if-needed", "--force", "--before-start"] {
        assert_eq!(restored(&bot, how), (difference.clone(), None), "{how}");
        assert!(kept(&bot.session()) == kept(live.path()), "{how}: what was archived came back");
    }
    let shown = bot.home().join(".wakeep/whatsapp_auth_latest.tar.gz");
    assert!(bot.wakeep(["verify", shown.to_str().unwrap()]).run().stdout.contains("is whole"), "put together");
    // A life after a restore is put at the archive's path at once.
    let mut bot = bot;
    go_on(&mut bot);
    assert!(bot.wakeep(["archive", "--round", "--json"]).json(0)["base"].is_null());
}

#[test]
fn what_a_person_asks_for_is_the_file_itself() {
    let mut bot = changed();
    round(&bot);
    let made = bot.wakeep(["archive", "--json"]).json(0);
    assert_eq!((made["outcome"].as_str(), made["archive"].as_str()), (Some("created"), bot.archive().to_str()));
    assert!(status(&bot)["newer"].is_null());
    go_on(&mut bot);
    round(&bot);
    let before = digest(&bot.archive());
    let remote = bot.home().join("remote");
    fs::create_dir(&remote).unwrap();
    bot.wakeep(["push", "remote", "--json"]).json(0);
    assert_ne!(digest(&bot.archive()), before, "it caught up");
    assert_eq!(digest(&remote.join("whatsapp_auth_latest.tar.gz")), digest(&bot.archive()));
    assert!(status(&bot)["newer"].is_null());
}

#[test]
fn the_archive_is_rewritten_when_the_owner_said_so() {
    let bot = changed();
    let within = |every: &str| {
        let command = bot.wakeep(["archive", "--round", "--json"]).env("WAKEEP_LATEST_EVERY", every);
        command.json(0)
    };
    assert!(within("1s")["base"].is_u64());
    std::thread::sleep(Duration::from_millis(1200));
    let due = within("1s");
    assert_eq!((due["outcome"].as_str(), due["archive"].as_str()), (Some("created"), bot.archive().to_str()));
    assert!(due["base"].is_null(), "unchanged since, but due: {due}");
    let mut bot = bot;
    go_on(&mut bot);
    let command = bot.wakeep(["archive", "--round", "--json"]).env("WAKEEP_LATEST_EVERY", "0s");
    assert!(command.json(0)["base"].is_null(), "never wanted");
}

#[test]
fn where_difference_or_base_is_damaged_the_whole_archive_is_restored() {
    for harm in ["difference", "base", "base gone"] {
        let bot = changed();
        let difference = round(&bot);
        let base = wakeep::archive::base_of(&difference).unwrap();
        match harm {
            "difference" => fs::write(&difference, b"\x1f\x8bxx").unwrap(),
            "base" => {
                let mut bytes = fs::read(&base).unwrap();
                bytes[3_000_000] ^= 1;
                fs::write(&base, bytes).unwrap();
            }
            _ => fs::remove_file(&base).unwrap(),
        }
        let (from, passed_over) = restored(&bot, "--if-needed");
        assert_eq!((from, passed_over), (bot.archive(), Some(difference)), "{harm}");
        // And the next round doesn't build on it.
        let mut bot = bot;
        go_on(&mut bot);
        assert_eq!(bot.wakeep(["archive", "--round", "--json"]).json(0)["outcome"], "created", "{harm}");
        assert_eq!(bot.wakeep(["verify", bot.archive().to_str().unwrap()]).run().code, 0, "{harm}");
    }
}

/// Law 1: a difference is verified together with its base, every byte of both.
#[test]
fn nothing_is_published_to_a_base_that_rotted() {
    let mut bot = changed();
    let base = wakeep::archive::base_of(&round(&bot)).unwrap();
    let mut bytes = fs::read(&base).unwrap();
    bytes[3_000_000] ^= 1;
    fs::write(&base, bytes).unwrap();
    go_on(&mut bot);
    let made = bot.wakeep(["archive", "--round", "--json"]).json(0);
    assert!(made["outcome"] == "created" && made["base"].is_null(), "all of it was written: {made}");
    assert_eq!(bot.wakeep(["verify", bot.archive().to_str().unwrap()]).run().code, 0);
    assert_eq!(restored(&bot, "--if-needed").0, bot.archive());
}

/// `cp FILE latest` writes into the file that stands there, which the vault may share; never into a difference's base.
#[test]
fn who_writes_over_the_archive_takes_no_difference_away() {
    let mut bot = changed();
    for _ in 0..2 {
        let difference = round(&bot);
        fs::OpenOptions::new().write(true).open(bot.archive()).unwrap().set_len(1000).unwrap();
        assert_eq!(bot.wakeep(["verify", difference.to_str().unwrap()]).run().code, 0);
        // Now a whole one that shares its file with the vault, and the next difference.
        fs::remove_file(bot.archive()).unwrap();
        assert_eq!(bot.wakeep(["archive", "--force"]).run().code, 0);
        go_on(&mut bot);
    }
}

#[test]
fn a_keeper_leaves_differences_and_at_its_end_the_archive() {
    let mut bot = changed();
    bot.start();
    let mut keeper = bot.wakeep(["watch"]).env("WAKEEP_INTERVAL", "1s").env("WAKEEP_LOG_FORMAT", "json").spawn();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !bot.vault().is_dir() || differences(&bot).is_empty() {
        assert!(Instant::now() < deadline && !keeper.has_ended(), "no difference came");
        std::thread::sleep(Duration::from_millis(100));
    }
    bot.stop();
    keeper.signal(Signal::TERM);
    assert_eq!(keeper.wait().code, 0);
    assert!(status(&bot)["newer"].is_null(), "the last archive is the file itself");
}

#[test]
fn a_session_that_broke_since_leaves_its_last_good_state_at_the_archives_path() {
    let bot = changed();
    round(&bot);
    let before = digest(&bot.archive());
    bot.tear();
    assert_eq!(bot.wakeep(["archive", "--json"]).json(4)["outcome"], "refused");
    assert_ne!(digest(&bot.archive()), before, "it caught up");
    let listed = bot.wakeep(["list", "--json"]).json(0);
    assert_eq!(listed["sessions"][0]["latest"]["label"]["generation"], 2, "{listed}");
}

/// By itself it brings nothing back, sealed or not.
#[test]
fn a_difference_is_not_sealed() {
    let bot = changed();
    let difference = round(&bot);
    let key = bot.wakeep(["keygen", "key.txt"]).json(0)["recipient"].as_str().unwrap().to_owned();
    let seal = |lang: &str| {
        let seal = bot.wakeep(["seal", difference.to_str().unwrap(), "--lang", lang]);
        seal.env("WAKEEP_SEAL_TO", &key).run()
    };
    for (lang, archive) in [("en", "seal whatsapp_auth_latest.tar.gz"), ("ru", "запечатайте whatsapp_auth_latest")]
    {
        let refused = seal(lang);
        assert_eq!((refused.code, refused.stderr.contains(archive)), (2, true), "{refused:?}");
    }
    assert_eq!(fs::read_dir(bot.vault()).unwrap().filter(|e| is_sealed(e.as_ref().unwrap())).count(), 0);
}

fn is_sealed(entry: &fs::DirEntry) -> bool {
    entry.path().extension().is_some_and(|e| e == "age")
}
