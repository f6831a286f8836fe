//! Keeping, checking, restoring, watching and cleaning up as a person does them. Each law of the product that a
//! command line can break has a test here that fails when it is broken.

use crate::env::scratch;
use crate::env::standin::{ACCOUNT, MASKED, StandIn};
use crate::env::wakeep::Wakeep;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

fn digest(path: &Path) -> String {
    blake3::hash(&fs::read(path).unwrap()).to_hex().to_string()
}

fn verdict(bot: &StandIn) -> Value {
    let outcome = bot.wakeep(["check", "--json"]).run();
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {outcome:?}"))
}

fn is_good(bot: &StandIn) -> bool {
    let verdict = verdict(bot);
    verdict["verdict"] == "sound" && verdict["login"] == "paired"
}

fn events(bot: &StandIn) -> Vec<Value> {
    let value = bot.wakeep(["list", "--events", "--json"]).json(0);
    value["events"].as_array().unwrap().clone()
}

#[test]
fn a_session_is_kept_found_broken_and_brought_back() {
    let bot = StandIn::stopped();
    let kept = bot.wakeep(["archive", "--json"]).json(0);
    assert_eq!(kept["outcome"], "created", "{kept}");
    assert_eq!(kept["bytes"], fs::metadata(bot.archive()).unwrap().len());
    assert!(kept["members"].as_u64() > Some(2) && kept["members_reused"] == 0 && kept["seconds"].as_f64() > Some(0.0));
    let again = bot.wakeep(["archive", "--json"]).json(0);
    assert_eq!((again["outcome"].as_str(), &again["members_reused"]), (Some("unchanged"), &again["members"]));
    bot.tear();
    let broken = bot.wakeep(["check", "--json"]).json(4);
    assert_eq!(
        (broken["verdict"].as_str(), broken["findings"][0]["code"].as_str()),
        (Some("broken"), Some("table_size"))
    );
    let restored = bot.wakeep(["restore", "--json"]).json(0);
    assert_eq!(restored["outcome"], "restored", "{restored}");
    assert!(Path::new(restored["backup"].as_str().unwrap()).exists());
    let good = verdict(&bot);
    assert_eq!((good["verdict"].as_str(), good["login"].as_str()), (Some("sound"), Some("paired")), "{good}");
    assert_eq!((good["account"].as_str(), good["kind"].as_str()), (Some(ACCOUNT), Some("chromium")));
    let listed = bot.wakeep(["list", "--json"]).json(0);
    for versions in [&good["versions"], &listed["sessions"][0]["latest"]["label"]["versions"]] {
        assert_eq!(versions["whatsapp_web"], "2.3000.1027934701", "{versions}");
    }
}

#[test]
fn what_is_unchanged_writes_nothing_and_force_writes_anew() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let before = digest(&bot.archive());
    let said = bot.wakeep(["archive"]).run();
    assert!(said.stdout.starts_with("unchanged, verified, from "), "{said:?}");
    let round = bot.wakeep(["archive", "--round", "--lang", "ru"]).run();
    assert!(round.stdout.starts_with("без изменений, от "), "a round doesn't read the archive: {round:?}");
    assert_eq!(digest(&bot.archive()), before);
    assert_eq!(bot.wakeep(["archive", "--force", "--json"]).json(0)["outcome"], "created");
    assert_ne!(digest(&bot.archive()), before);
}

/// Law 1, and the codes of refused archives.
#[test]
fn nothing_worse_is_published() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let good = digest(&bot.archive());
    bot.tear();
    let refused = bot.wakeep(["archive", "--json"]).json(4);
    assert_eq!((refused["outcome"].as_str(), refused["reason"].as_str()), (Some("refused"), Some("broken")));
    assert!(Path::new(refused["kept"].as_str().unwrap()).exists(), "kept for diagnosis");
    assert!(bot.wakeep(["archive", "--force", "--json"]).json(4)["kept"].is_null(), "once for each reason");
    assert_eq!(digest(&bot.archive()), good);

    bot.wakeep(["restore"]).run();
    bot.log_out();
    let refused = bot.wakeep(["archive", "--force", "--json"]).json(5);
    assert_eq!(refused["reason"], "logged_out");
    assert_eq!(digest(&bot.archive()), good);
    let said = bot.wakeep(["archive"]).run();
    assert!(said.stdout.contains("\n.wwebjs_auth/session: sound, "), "whose verdict it is: {said:?}");
    let told: Vec<_> = events(&bot).into_iter().filter(|e| e["event"] == "refused").collect();
    assert_eq!(told.len(), 2, "one line for each reason: {told:?}");
}

/// Law 1: a session full of nothing compresses to less than a restore would believe. It is a law of its own that a good
/// archive makes way for none that comes back nowhere.
#[test]
fn nothing_that_a_restore_would_refuse_is_published() {
    let bot = StandIn::stopped();
    fs::write(bot.home().join("wakeep.toml"), "carry = \"all\"\n").unwrap();
    bot.wakeep(["archive"]).json(0);
    let good = digest(&bot.archive());
    let bomb = bot.session().join("Default/Cache/nothing");
    fs::create_dir_all(bomb.parent().unwrap()).unwrap();
    fs::File::create(&bomb).unwrap().set_len(192 << 20).unwrap();
    for at_leisure in [&["archive", "--force"][..], &["archive", "--round"]] {
        bot.wakeep(["restore", "--force"]).run();
        fs::create_dir_all(bomb.parent().unwrap()).unwrap();
        fs::File::create(&bomb).unwrap().set_len(192 << 20).unwrap();
        let refused = bot.wakeep(at_leisure.iter().copied()).json(1);
        assert_eq!((refused["outcome"].as_str(), refused["reason"].as_str()), (Some("refused"), Some("unpackable")));
        assert!(refused["message"].as_str().unwrap().contains("carry = \"login\""), "{refused}");
        assert_eq!(digest(&bot.archive()), good);
    }
    let left = fs::read_dir(bot.home()).unwrap().map(|e| e.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("wakeep-new")), "nothing is left over");
    bot.tear();
    assert_eq!(bot.wakeep(["restore"]).json(0)["outcome"], "restored");
    assert!(is_good(&bot));
}

/// Law 2: what is good stays.
#[test]
fn a_good_session_is_left_alone_unless_forced() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    for args in [vec!["restore"], vec!["restore", "--if-needed"], vec!["restore", "--before-start"]] {
        let outcome = bot.wakeep(args.into_iter().chain(["--json"])).json(0);
        assert_eq!((outcome["outcome"].as_str(), outcome["reason"].as_str()), (Some("not_needed"), Some("good")));
    }
    assert_eq!(bot.wakeep(["restore", "--force", "--dry-run", "--json"]).json(0)["outcome"], "would_restore");
    assert!(!bot.home().join(".wakeep/session/stage").exists());
    assert_eq!(bot.wakeep(["restore", "--force", "--json"]).json(0)["outcome"], "restored");
    assert!(is_good(&bot));
}

/// Law 2: the session is gone with the folder that held it, as whatsapp-web.js leaves it after a logout page.
#[test]
fn a_session_that_is_gone_comes_back() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    assert_eq!(verdict(&bot)["verdict"], "missing");
    assert_eq!(bot.wakeep(["restore", "--if-needed", "--json"]).json(0)["outcome"], "restored");
    assert!(is_good(&bot));
    let lock = bot.session().join("SingletonLock");
    assert!(fs::symlink_metadata(lock).is_err(), "the hold is let go");
}

/// Law 2: a QR page that may be in front of somebody is not replaced, one that nobody looks at is, once from the newest.
#[test]
fn a_young_qr_page_is_left_and_an_old_one_is_not() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.log_out();
    let young = bot.wakeep(["restore", "--if-needed", "--json"]).json(0);
    assert_eq!((young["outcome"].as_str(), young["reason"].as_str()), (Some("not_needed"), Some("qr_page")));
    assert_eq!(bot.wakeep(["restore", "--json"]).json(0)["reason"], "qr_page");
    age_journal(&bot, 20);
    assert_eq!(bot.wakeep(["restore", "--if-needed", "--json"]).json(0)["outcome"], "restored");
}

/// A bot that knows that nobody has seen its QR page says so; one that showed it has told.
#[test]
fn a_qr_page_that_nobody_saw_gives_way_and_one_that_was_shown_does_not() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.log_out();
    bot.wakeep(["event", "qr"]).run();
    let unseen = ["restore", "--before-start", "--qr-unseen"];
    assert_eq!(bot.wakeep(unseen).json(0)["reason"], "qr_page");
    age_journal(&bot, 20);
    assert_eq!(bot.wakeep(["restore", "--if-needed", "--qr-unseen"]).json(0)["outcome"], "restored");
}

/// A keeper that a bot started ends with the bot, however that one ends, and not before its last archive.
#[test]
fn a_keeper_ends_with_its_input() {
    let bot = StandIn::stopped();
    let keeper = bot.wakeep(["watch", "--interval", "1h", "--until-eof"]).run();
    assert_eq!(keeper.code, 0, "{keeper:?}");
    assert!(keeper.stderr.contains("stopped") && bot.archive().is_file(), "{keeper:?}");
    let created = bot.wakeep(["archive"]).json(0);
    assert_eq!(created["outcome"], "unchanged");
    assert!(created["message"].as_str().is_some_and(|m| m.contains("unchanged")), "{created}");
}

/// Lets the keeper have met the QR page earlier: writes the refusal it would have journaled then.
fn age_journal(bot: &StandIn, minutes: i64) {
    bot.wakeep(["archive"]).run();
    let file = bot.vault().join("journal.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let earlier: Vec<String> = text
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let time: jiff::Timestamp = line["time"].as_str().unwrap().parse().unwrap();
            line["time"] = (time - jiff::SignedDuration::from_mins(minutes)).to_string().into();
            line.to_string()
        })
        .collect();
    fs::write(&file, earlier.join("\n") + "\n").unwrap();
}

/// Law 6: the newest, then one older, then a person.
#[test]
fn archives_that_come_back_logged_out_end_in_a_question() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.start();
    bot.stop();
    bot.wakeep(["archive"]).run();
    let mut used = Vec::new();
    for _ in 0..2 {
        bot.log_out();
        age_journal(&bot, 20);
        let outcome = bot.wakeep(["restore", "--if-needed", "--json"]).json(0);
        assert_eq!(outcome["outcome"], "restored", "{outcome}");
        used.push(outcome["generation"].as_u64());
    }
    assert_eq!(used, [Some(2), Some(1)]);
    bot.log_out();
    age_journal(&bot, 20);
    let outcome = bot.wakeep(["restore", "--if-needed", "--json"]).json(0);
    assert_eq!((outcome["outcome"].as_str(), outcome["reason"].as_str()), (Some("not_needed"), Some("exhausted")));
    assert!(events(&bot).iter().any(|e| e["event"] == "needs_qr"), "a person is told");
}

/// Law 2: a bot that was never linked here is left to its QR page; law 11: it starts all the same.
#[test]
fn a_bot_that_was_never_linked_is_left_alone() {
    let bot = StandIn::stopped();
    bot.log_out();
    age_journal(&bot, 20);
    assert_eq!(bot.wakeep(["restore", "--if-needed", "--json"]).json(0)["reason"], "never_paired");
    assert_eq!(bot.wakeep(["restore", "--before-start"]).run().code, 0);
}

/// What to do about a broken session depends on what there is to restore from.
#[test]
fn a_remedy_is_one_that_can_be_taken() {
    let bot = StandIn::stopped();
    bot.tear();
    for verb in ["check", "doctor"] {
        let told = bot.wakeep([verb]).run().stdout;
        assert!(told.contains("scan its QR code") && !told.contains("run `wakeep restore`"), "{verb}: {told}");
    }
    fs::write(bot.home().join("wakeep.toml"), "remote = \"/srv/elsewhere\"\n").unwrap();
    let told = bot.wakeep(["check"]).run().stdout;
    assert!(told.contains("`wakeep pull`"), "{told}");
    fs::write(bot.archive(), "an archive").unwrap();
    let told = bot.wakeep(["check"]).run().stdout;
    assert!(told.contains("stop the bot and run `wakeep restore`"), "{told}");
}

/// Law 11.
#[test]
fn nothing_but_a_running_bot_keeps_a_bot_from_starting() {
    let home = scratch();
    assert_eq!(Wakeep::new(home.path(), ["restore"]).run().code, 10, "nothing to restore from");
    assert_eq!(Wakeep::new(home.path(), ["restore", "--before-start"]).run().code, 0);
    fs::write(home.path().join("whatsapp_auth_latest.tar.gz"), "not an archive").unwrap();
    assert_eq!(Wakeep::new(home.path(), ["restore", "--if-needed"]).run().code, 4);
    assert_eq!(Wakeep::new(home.path(), ["restore", "--before-start"]).run().code, 0);
}

/// Law 4.
#[test]
fn a_running_bot_is_not_touched() {
    let mut bot = StandIn::running();
    bot.wakeep(["archive"]).run();
    let outcome = bot.wakeep(["restore", "--force"]).run();
    assert_eq!(outcome.code, 12, "{outcome:?}");
    assert!(outcome.stderr.contains("in use by wakeep"), "it says who: {outcome:?}");
    assert!(outcome.stderr.contains("stop"), "and what to do: {outcome:?}");
    assert_eq!(
        bot.wakeep(["restore", "--if-needed", "--json"]).json(0)["reason"],
        "good",
        "nothing to do is no conflict"
    );
    bot.stop();
    assert_eq!(bot.wakeep(["restore", "--force"]).run().code, 0);
}

/// Law 7.
#[test]
fn archives_are_private_and_phone_numbers_masked() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bot.archive()), 0o600);
    assert_eq!(mode(&bot.vault()), 0o700);
    for entry in fs::read_dir(bot.vault()).unwrap().flatten().filter(|e| e.path().is_file()) {
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
    }
    for args in [vec!["status"], vec!["list"], vec!["list", "--events"], vec!["check"], vec!["status", "--json"]] {
        let said = bot.wakeep(args.clone()).run().stdout;
        assert!(!said.contains("9001234567"), "{args:?}: {said}");
    }
    assert!(bot.wakeep(["status"]).run().stdout.contains(MASKED));
    assert!(bot.wakeep(["status", "--show-account"]).run().stdout.contains(ACCOUNT));
    assert!(!fs::read_to_string(bot.vault().join("journal.jsonl")).unwrap().contains("9001234567"));
    fs::set_permissions(bot.archive(), fs::Permissions::from_mode(0o644)).unwrap();
    let checked = bot.wakeep(["check", "whatsapp_auth_latest.tar.gz", "--json"]).json(0);
    assert_eq!(checked["findings"][0]["code"], "world_readable", "{checked}");
    fs::write(bot.home().join("wakeep.toml"), "archive_mode = \"0644\"\nsession_mode = \"0755\"\n").unwrap();
    bot.wakeep(["archive", "--force"]).run();
    bot.wakeep(["restore", "--force"]).run();
    assert_eq!((mode(&bot.archive()), mode(&bot.session())), (0o644, 0o755));
}

/// Law 10: the backup somebody copies over the archive, while the bot goes on.
#[test]
fn what_arrives_at_the_archives_path_is_not_lost() {
    let mut bot = StandIn::running();
    bot.wakeep(["archive"]).run();
    let backup = bot.home().join("backup_20250101_120000.tar.gz");
    fs::copy(bot.archive(), &backup).unwrap();
    bot.wakeep(["archive"]).run();
    let arrived = digest(&backup);
    // cp writes into the file that stands there, as the shell's does.
    fs::copy(&backup, bot.archive()).unwrap();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(150));
        let kept = bot.wakeep(["archive", "--json"]).json(0);
        assert_eq!((kept["outcome"].as_str(), &kept["in_place"]), (Some("created"), &Value::Bool(false)));
        assert_eq!(digest(&bot.archive()), arrived, "it stays where it was put");
    }
    let status = bot.wakeep(["status", "--json"]).json(0);
    assert_eq!(status["sessions"][0]["archive_held"], true);
    let list = bot.wakeep(["list", "--json"]).json(0);
    let backups = list["sessions"][0]["backups"].as_array().unwrap().clone();
    let kept = backups.iter().find(|b| b["origin"] == "arrived").expect("a copy is in the vault");
    assert_eq!(digest(Path::new(kept["path"].as_str().unwrap())), arrived);
    bot.stop();
    let restored = bot.wakeep(["restore", "--force", "--json"]).json(0);
    assert_eq!((restored["outcome"].as_str(), restored["generation"].as_u64()), (Some("restored"), Some(1)));
    bot.start();
    let kept = bot.wakeep(["archive", "--json"]).json(0);
    assert_eq!(
        (kept["outcome"].as_str(), &kept["in_place"]),
        (Some("created"), &Value::Bool(true)),
        "then the path is free again"
    );
}

/// Law 10: on the very first round an old script's archive makes way, and is kept.
#[test]
fn an_old_scripts_archive_goes_into_the_vault_at_once() {
    let bot = StandIn::stopped();
    tar(bot.home(), "whatsapp_auth_latest.tar.gz");
    let old = digest(&bot.archive());
    let kept = bot.wakeep(["archive", "--json"]).json(0);
    assert_eq!((kept["outcome"].as_str(), &kept["in_place"]), (Some("created"), &Value::Bool(true)));
    let arrived =
        fs::read_dir(bot.vault()).unwrap().flatten().find(|e| e.file_name().to_string_lossy().starts_with("arrived_"));
    assert_eq!(digest(&arrived.expect("kept").path()), old);
}

fn tar(home: &Path, name: &str) {
    let status =
        std::process::Command::new("tar").args(["czf", name, ".wwebjs_auth"]).current_dir(home).status().unwrap();
    assert!(status.success());
}

/// Archives that wakeep didn't make restore as well.
#[test]
fn foreign_archives_restore() {
    let bot = StandIn::stopped();
    let run = |dir: &Path, program: &str, args: &[&str]| {
        assert!(std::process::Command::new(program).args(args).current_dir(dir).status().unwrap().success());
    };
    let root = bot.home().join(".wwebjs_auth");
    std::os::unix::fs::symlink("somewhere-1234", bot.session().join("SingletonLock")).unwrap();
    fs::create_dir_all(bot.session().join("Default/Sessions")).unwrap();
    fs::write(bot.session().join("Default/Sessions/Tabs_1"), "tabs").unwrap();
    run(bot.home(), "tar", &["czf", "whole.tar.gz", ".wwebjs_auth"]);
    run(&root, "tar", &["czf", "../inner.tar.gz", "./session"]);
    run(&bot.session(), "zip", &["-qr", "../../RemoteAuth-shop.zip", "Default"]);
    for file in ["whole.tar.gz", "inner.tar.gz", "RemoteAuth-shop.zip"] {
        fs::remove_dir_all(&root).unwrap();
        let checked = bot.wakeep(["check", file, "--json"]).json(0);
        assert_eq!((checked["verdict"].as_str(), checked["login"].as_str()), (Some("sound"), Some("paired")), "{file}");
        let restored = bot.wakeep(["restore", "--from", file, "--json"]).json(0);
        assert_eq!(restored["outcome"], "restored", "{file}: {restored}");
        assert!(is_good(&bot), "{file}");
        assert!(fs::symlink_metadata(bot.session().join("SingletonLock")).is_err(), "{file}: no lock comes back");
        assert!(!bot.session().join("Default/Sessions").exists(), "{file}: no tabs come back");
    }
}

#[test]
fn many_archives_are_judged_at_once() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let whole = fs::read(bot.archive()).unwrap();
    fs::write(bot.home().join("cut.tar.gz"), &whole[..whole.len() / 2]).unwrap();
    fs::write(bot.home().join("empty.tar.gz"), "").unwrap();
    let said = bot.wakeep(["check", "whatsapp_auth_latest.tar.gz", "cut.tar.gz", "empty.tar.gz"]).run();
    assert_eq!(said.code, 4);
    assert!(said.stdout.ends_with("of your 3 archives, 2 would not bring the login back\n"), "{}", said.stdout);
}

/// A profile moved from another machine: Chromium refuses to start on it until the lock is gone.
#[test]
fn another_hosts_lock_is_found() {
    let bot = StandIn::stopped();
    std::os::unix::fs::symlink("other-host-77", bot.session().join("SingletonLock")).unwrap();
    let found = verdict(&bot);
    assert_eq!(
        (found["verdict"].as_str(), found["findings"][0]["code"].as_str()),
        (Some("sound"), Some("foreign_lock"))
    );
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let home = scratch();
    assert_eq!(Wakeep::new(home.path(), ["check", "nothing-here.tar.gz"]).run().code, 4);
    let photo = home.path().join("photos");
    fs::create_dir(&photo).unwrap();
    fs::write(photo.join("a.jpg"), "x").unwrap();
    let outcome = Wakeep::new(home.path(), ["check", "photos"]).run();
    assert_eq!(outcome.code, 4);
    assert!(outcome.stderr.contains("no session that wakeep knows"), "{outcome:?}");
}

#[test]
fn several_sessions_have_archives_of_their_own() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let first = digest(&bot.archive());
    copy_tree(&bot.session(), &bot.home().join(".wwebjs_auth/session-a-shop"));
    let kept = bot.wakeep(["archive", "--json"]).json(0);
    let outcomes: Vec<_> =
        kept["sessions"].as_array().unwrap().iter().map(|s| s["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["unchanged", "created"]);
    assert_eq!(digest(&bot.archive()), first, "the first session keeps the plain name for ever");
    assert!(bot.home().join("whatsapp_auth_latest.session-a-shop.tar.gz").exists());
    let one = bot.wakeep(["archive", "--only", "session-a-shop", "--json"]).json(0);
    assert_eq!(one["session"], "session-a-shop");
}

fn copy_tree(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// The keeper: one line a round that matters, a last archive at the end, and no second keeper.
#[test]
fn the_keeper_watches_until_it_is_asked_to_end() {
    let mut bot = StandIn::running();
    fs::create_dir(bot.home().join("logs")).unwrap();
    let log = bot.home().join("logs/combined.log");
    fs::write(&log, "{\"level\":\"info\",\"message\":\"ready\",\"timestamp\":\"x\"}\n").unwrap();
    let keeper = bot.wakeep(["watch", "--interval", "500ms", "--lang", "ru"]).spawn();
    until("an archive", || bot.archive().exists());
    let second = bot.wakeep(["watch"]).run();
    assert_eq!(second.code, 13, "{second:?}");
    assert!(second.stderr.contains(&format!("pid {}", keeper.pid())), "it says who: {second:?}");
    bot.pause_or_go_on();
    std::thread::sleep(Duration::from_millis(1500));
    let idle = digest(&bot.archive());
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(digest(&bot.archive()), idle, "an idle bot makes no archives");
    bot.pause_or_go_on();
    bot.stop();
    keeper.signal(Signal::TERM);
    let outcome = keeper.wait();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(bot.wakeep(["archive", "--json"]).json(0)["outcome"] == "unchanged", "the last archive holds the end");
    let text = fs::read_to_string(&log).unwrap();
    let line = text.lines().find(|l| l.contains("Архив авторизации")).expect("the seed's grep finds it");
    let line: Value = serde_json::from_str(line).expect("in the log's own form");
    assert!(line["message"].as_str().unwrap().contains("Auth archive"), "{line}");
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_keeper_waits_for_a_session_that_isnt_there_yet() {
    let home = scratch();
    let keeper = Wakeep::new(home.path(), ["watch", "--interval", "300ms"]).spawn();
    std::thread::sleep(Duration::from_millis(700));
    let bot = StandIn::stopped();
    fs::create_dir(home.path().join(".wwebjs_auth")).unwrap();
    copy_tree(&bot.session(), &home.path().join(".wwebjs_auth/session"));
    until("an archive", || home.path().join("whatsapp_auth_latest.tar.gz").exists());
    keeper.signal(Signal::TERM);
    let outcome = keeper.wait();
    assert_eq!(outcome.stderr.matches("no session").count(), 1, "said once: {}", outcome.stderr);
}

/// Installing wakeep over a dead session with the archives of an earlier script leaves a restorable one.
#[test]
fn a_dead_session_beside_old_archives_can_be_restored() {
    let bot = StandIn::stopped();
    for name in ["whatsapp_auth_20250101_120000", "whatsapp_auth_20250102_120000", "whatsapp_auth_20250103_120000"] {
        tar(bot.home(), &format!("{name}.tar.gz"));
    }
    fs::write(bot.home().join("whatsapp_auth_20250103_120000.tar.gz"), "torn").unwrap();
    bot.tear();
    let cleaned = bot.wakeep(["cleanup", "--json"]).json(0);
    assert_eq!(cleaned["removed"].as_array().map(Vec::len), Some(0), "nothing good stands yet: {cleaned}");
    assert_eq!(bot.wakeep(["archive"]).run().code, 4);
    bot.wakeep(["cleanup"]).run();
    let restored = bot.wakeep(["restore", "--from", "whatsapp_auth_20250102_120000.tar.gz", "--json"]).json(0);
    assert_eq!(restored["outcome"], "restored");
    assert_eq!(bot.wakeep(["archive", "--json"]).json(0)["outcome"], "created");
    fs::write(bot.home().join("backup_20250101_120000.tar.gz"), "mine").unwrap();
    let dry = bot.wakeep(["cleanup", "--dry-run", "--json"]).json(0);
    assert_eq!(dry["removed"].as_array().map(Vec::len), Some(3));
    let cleaned = bot.wakeep(["cleanup", "--json"]).json(0);
    assert_eq!(cleaned["removed"].as_array().map(Vec::len), Some(3));
    assert!(cleaned["kept"].as_str().unwrap().contains("arrived_20250102T120000Z"), "the newest good one: {cleaned}");
    assert!(bot.home().join("backup_20250101_120000.tar.gz").exists(), "a name a person gave stays");
    assert!(is_good(&bot));
}

#[test]
fn a_point_in_time_is_restored() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let first = jiff_now();
    std::thread::sleep(Duration::from_millis(1100));
    bot.start();
    bot.stop();
    bot.wakeep(["archive"]).run();
    let restored = bot.wakeep(["restore", "--force", "--at", &first, "--json"]).json(0);
    assert_eq!(restored["generation"], 1, "{restored}");
    assert_eq!(bot.wakeep(["restore", "--at", "teatime"]).run().code, 2);
}

/// A bot with two archives, and the path of the older one.
fn of_two_generations() -> (StandIn, String) {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.start();
    bot.stop();
    bot.wakeep(["archive"]).run();
    let kept = bot.wakeep(["list", "--json"]).json(0);
    let kept = kept["sessions"][0]["backups"].as_array().unwrap();
    let first = kept.iter().find(|b| b["label"]["generation"] == 1).unwrap();
    let path = first["path"].as_str().unwrap().to_owned();
    (bot, path)
}

#[test]
fn a_restore_that_goes_back_says_from_where_to_where() {
    let (bot, older) = of_two_generations();
    let newest = bot.wakeep(["restore", "--force", "--json"]).json(0);
    assert!(newest["back"].is_null(), "{newest}");
    let planned = bot.wakeep(["restore", "--force", "--from", &older, "--dry-run", "--json"]).json(0);
    let numbers =
        |value: &Value| (value["back"]["from"]["generation"].clone(), value["back"]["to"]["generation"].clone());
    assert_eq!(numbers(&planned), (2.into(), 1.into()), "{planned}");
    for (lang, says) in [("en", "it goes back, from archive 2 ("), ("ru", "это возврат назад: с архива 2 (")]
    {
        let told = bot.wakeep(["restore", "--force", "--from", &older, "--lang", lang]).run();
        assert!(told.stdout.contains(says), "{told:?}");
    }
    let line = events(&bot).pop().unwrap();
    assert_eq!((line["event"].as_str(), numbers(&line)), (Some("restored"), (2.into(), 1.into())), "{line}");
}

/// The older archive was put at the archive's path by hand, as the earlier scripts' users do before a manual restore.
#[test]
fn who_is_asked_sees_that_it_goes_back() {
    let (bot, older) = of_two_generations();
    let arriving = bot.home().join("arriving");
    fs::copy(older, &arriving).unwrap();
    fs::rename(arriving, bot.archive()).unwrap();
    let shown = bot.wakeep(["restore", "--ask", "--yes"]).run();
    assert_eq!(shown.stdout.matches("it goes back, from archive 2 (").count(), 2, "{shown:?}");
}

fn jiff_now() -> String {
    jiff::Timestamp::now().to_string()
}

#[test]
fn flags_beat_the_environment_and_that_the_file() {
    let bot = StandIn::stopped();
    fs::write(bot.home().join("wakeep.toml"), "archive = \"from-file.tar.gz\"\n").unwrap();
    bot.wakeep(["archive"]).run();
    assert!(bot.home().join("from-file.tar.gz").exists());
    bot.wakeep(["archive", "--force"]).env("WAKEEP_ARCHIVE", "from-env.tar.gz").run();
    assert!(bot.home().join("from-env.tar.gz").exists());
    bot.wakeep(["archive", "--force", "--archive", "from-flag.tar.gz"]).env("WAKEEP_ARCHIVE", "other.tar.gz").run();
    assert!(bot.home().join("from-flag.tar.gz").exists() && !bot.home().join("other.tar.gz").exists());
    fs::write(bot.home().join("wakeep.toml"), "intervall = \"2m\"\n").unwrap();
    let outcome = bot.wakeep(["status"]).run();
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("wakeep.toml:1:1: there is no key `intervall`"), "{outcome:?}");
    assert!(outcome.stderr.contains("did you mean `interval`?"), "{outcome:?}");
    let outcome = bot.wakeep(["status", "--lang", "ru"]).run();
    assert!(outcome.stderr.contains("wakeep.toml:1:1: ключа `intervall` нет"), "{outcome:?}");
}

#[test]
fn the_demo_runs() {
    let home = scratch();
    let outcome = Wakeep::new(home.path(), ["demo"]).run();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    for part in
        ["archive 1 written", "unchanged", "broken, linked", "session restored", "sound, linked", "wakeep watch"]
    {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
    assert!(fs::read_dir(home.path()).unwrap().next().is_none(), "it leaves nothing where it was started");
}

/// Law 2: what the phone ended is not restored; what a local fault ended is.
#[test]
fn a_bot_tells_what_it_knows() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    assert_eq!(bot.wakeep(["event", "ready", "--json"]).json(0)["ended"], false);
    let list = bot.wakeep(["list", "--json"]).json(0);
    assert_eq!(list["sessions"][0]["backups"][0]["why"], "ready");
    for reason in ["503", "515", "405", "409", "0", "conflict"] {
        assert_eq!(
            bot.wakeep(["event", "logged-out", "--reason", reason, "--json"]).json(0)["ended"],
            false,
            "{reason}"
        );
    }
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    assert_eq!(bot.wakeep(["event", "logged-out", "--reason", "401", "--json"]).json(0)["ended"], true);
    assert_eq!(bot.wakeep(["restore", "--if-needed", "--json"]).json(0)["reason"], "tombstone");
    assert_eq!(bot.wakeep(["event", "ready"]).run().code, 0);
    assert_eq!(bot.wakeep(["restore", "--if-needed", "--json"]).json(0)["outcome"], "restored");
}

/// A script that looks at the code alone learns what the first line says.
#[test]
fn the_code_of_status_agrees_with_its_headline() {
    let bot = StandIn::stopped();
    let status = |code: i32| {
        let (said, shown) = (bot.wakeep(["status"]).run(), bot.wakeep(["status"]).json(code));
        let safe = code == 0;
        assert_eq!((said.code, said.stdout.contains("NOT safe")), (code, !safe), "{said:?}");
        assert_eq!(shown["sessions"][0]["safe"], safe, "{shown}");
    };
    status(10);
    bot.wakeep(["archive"]).json(0);
    status(0);
    bot.wakeep(["event", "logged-out", "--reason", "401"]).json(0);
    status(5);
    bot.wakeep(["event", "ready"]).json(0);
    status(0);
    fs::write(bot.archive(), "no archive").unwrap();
    status(3);
    bot.tear();
    status(4);
}

#[test]
fn a_drill_proves_the_archive_and_status_says_so() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["check", "--drill"]).run().code, 10, "there is nothing to prove yet");
    bot.wakeep(["archive"]).run();
    let before = digest(&bot.archive());
    let proved = bot.wakeep(["check", "--drill"]).run();
    assert_eq!(proved.code, 0);
    assert!(proved.stdout.contains(&format!("proved: {MASKED} comes back")), "{proved:?}");
    assert_eq!(bot.wakeep(["status", "--json"]).json(0)["sessions"][0]["drill"]["good"], true);
    assert_eq!(digest(&bot.archive()), before);
    fs::write(bot.archive(), &fs::read(bot.archive()).unwrap()[..5000]).unwrap();
    assert_eq!(bot.wakeep(["check", "--drill"]).run().code, 4);
    assert_eq!(bot.wakeep(["status"]).json(3)["sessions"][0]["safe"], false, "the session itself is good");
}

#[test]
fn a_file_is_taken_out_by_the_index() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let log = ".wwebjs_auth/session/Default/Local Storage/leveldb";
    let outcome = bot.wakeep(["extract", "whatsapp_auth_latest.tar.gz", log, "--into", "out"]).run();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("wrote out ("), "{outcome:?}");
    assert!(bot.home().join("out").join(log).join("CURRENT").exists());
    let none = bot.wakeep(["extract", "whatsapp_auth_latest.tar.gz", "nothing", "--into", "out"]).run();
    assert!(none.code == 2 && none.stderr.contains("wakeep list whatsapp_auth_latest.tar.gz"), "{none:?}");
    assert!(!bot.home().join("out/.wwebjs_auth/session/Default/IndexedDB").exists());
    assert_eq!(bot.wakeep(["verify", "whatsapp_auth_latest.tar.gz"]).run().code, 0);
    let list = bot.wakeep(["list", "whatsapp_auth_latest.tar.gz"]).run().stdout;
    assert!(list.contains("CURRENT"), "{list}");
    assert_eq!(bot.wakeep(["archive", "--force", "--plain"]).run().code, 0);
    assert_eq!(bot.wakeep(["verify", "whatsapp_auth_latest.tar.gz"]).run().code, 0);
}
