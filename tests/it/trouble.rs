//! Things that go wrong around a bot: several sessions, uploads under way, clocks, links, full folders, mistakes in the
//! configuration. Each was once a way to lose a login, or to put it into the wrong bot.

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use crate::lease::until;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn verdict(bot: &StandIn, path: &str) -> Value {
    let outcome = bot.wakeep(["check", path, "--json"]).run();
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {outcome:?}"))
}

fn journal(bot: &StandIn) -> String {
    fs::read_to_string(bot.vault().join("journal.jsonl")).unwrap_or_default()
}

/// One login in two sessions runs twice, and both are unlinked.
#[test]
fn a_login_never_gets_into_another_session() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let second = bot.home().join(".wwebjs_auth/session-b");
    fs::create_dir_all(second.join("Default")).unwrap();
    fs::write(second.join("Local State"), "{}").unwrap();
    for args in [vec!["restore", "--before-start"], vec!["restore", "--force"]] {
        bot.wakeep(args.clone()).run();
        assert_ne!(verdict(&bot, ".wwebjs_auth/session-b")["login"], "paired", "{args:?}");
    }
    let outcome = bot.wakeep(["restore", "--only", "session-b", "--from", "whatsapp_auth_latest.tar.gz"]).run();
    assert_eq!(outcome.code, 0, "who names both means it: {outcome:?}");
}

/// whatsapp-web.js deletes one client's folder, or somebody all of them.
#[test]
fn every_session_that_was_kept_comes_back() {
    let bot = StandIn::stopped();
    copy(&bot.session(), &bot.home().join(".wwebjs_auth/session-b"));
    bot.wakeep(["archive"]).run();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth/session-b")).unwrap();
    let status = bot.wakeep(["status", "--json"]).json(4);
    assert_eq!(status["sessions"].as_array().map(Vec::len), Some(2), "the missing one is not forgotten");
    bot.wakeep(["restore", "--if-needed"]).run();
    assert_eq!(verdict(&bot, ".wwebjs_auth/session-b")["verdict"], "sound");
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    bot.wakeep(["restore", "--if-needed"]).run();
    for name in ["session", "session-b"] {
        assert_eq!(verdict(&bot, &format!(".wwebjs_auth/{name}"))["verdict"], "sound", "{name}");
    }
}

/// `--session` means that session, with its own archive and vault, whatever the configuration says of another.
#[test]
fn two_bots_never_share_a_vault() {
    let bot = StandIn::stopped();
    let other = scratch();
    fs::write(bot.home().join("wakeep.toml"), "session = \".wwebjs_auth\"\nvault = \"backups\"\n").unwrap();
    bot.wakeep(["archive"]).run();
    fs::create_dir_all(other.path().join(".wwebjs_auth/session")).unwrap();
    let theirs = other.path().join(".wwebjs_auth");
    let outcome = bot.wakeep(["restore", "--if-needed", "--session", theirs.to_str().unwrap()]).run();
    assert_eq!(outcome.code, 10, "nothing of this bot's is restored there: {outcome:?}");
    let shared = format!(
        "[[sessions]]\npath = \".wwebjs_auth\"\nvault = \"v\"\n[[sessions]]\npath = {:?}\nvault = \"v\"\n",
        theirs.to_str().unwrap()
    );
    fs::write(bot.home().join("wakeep.toml"), shared).unwrap();
    assert_eq!(bot.wakeep(["archive"]).run().code, 2);
    fs::write(bot.home().join("wakeep.toml"), "archive = \"a.tar.gz\"\n[[sessions]]\npath = \"x\"\n").unwrap();
    assert_eq!(bot.wakeep(["status"]).run().code, 2);
}

/// `dataPath: './'` puts the session right into the bot's folder.
#[test]
fn archive_and_vault_stay_in_the_bots_folder() {
    let bot = StandIn::stopped();
    let app = bot.home().join("bot1");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("package.json"), "{}").unwrap();
    copy(&bot.session(), &app.join("session"));
    assert_eq!(Wakeep::new(&app, ["archive", "--session", "session"]).run().code, 0);
    assert!(app.join("whatsapp_auth_latest.tar.gz").exists() && app.join(".wakeep/session").exists());
    assert!(!bot.archive().exists());
}

/// Law 10: an upload that is under way is not replaced, and what it replaces is not lost.
#[test]
fn an_upload_under_way_is_left_alone() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let whole = fs::read(bot.archive()).unwrap();
    // scp writes into the file that stands there.
    fs::write(bot.archive(), &whole[..whole.len() / 2]).unwrap();
    bot.start();
    bot.stop();
    let kept = bot.wakeep(["archive", "--json"]).json(0);
    assert_eq!(kept["in_place"], false, "{kept}");
    assert_eq!(fs::read(bot.archive()).unwrap().len(), whole.len() / 2, "scp goes on in the same file");
    let first =
        fs::read_dir(bot.vault()).unwrap().flatten().find(|e| e.file_name().to_string_lossy().starts_with("g000001"));
    assert_eq!(fs::read(first.expect("the first one is in a file of its own").path()).unwrap(), whole);
}

/// A restore that lasted is no reason to refuse the archives made since.
#[test]
fn archives_of_a_login_that_lasted_are_restored_after_a_later_logout() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    bot.wakeep(["restore", "--if-needed"]).run();
    age_state(&bot, "restored", 3600);
    bot.start();
    bot.stop();
    assert_eq!(bot.wakeep(["archive", "--json"]).json(0)["outcome"], "created");
    bot.log_out();
    bot.wakeep(["archive"]).run();
    age_journal(&bot, 20);
    let restored = bot.wakeep(["restore", "--if-needed", "--json"]).json(0);
    assert_eq!(
        (restored["outcome"].as_str(), restored["generation"].as_u64()),
        (Some("restored"), Some(2)),
        "{restored}"
    );
}

/// Puts a time that the vault remembers into the past.
fn age_state(bot: &StandIn, key: &str, seconds: i64) {
    let file = bot.vault().join("state.json");
    let mut state: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let time: jiff::Timestamp = state[key]["time"].as_str().unwrap().parse().unwrap();
    state[key]["time"] = json!((time - jiff::SignedDuration::from_secs(seconds)).to_string());
    fs::write(&file, state.to_string()).unwrap();
}

fn age_journal(bot: &StandIn, minutes: i64) {
    let file = bot.vault().join("journal.jsonl");
    let older = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let time: jiff::Timestamp = line["time"].as_str().unwrap().parse().unwrap();
        line["time"] = json!((time - jiff::SignedDuration::from_mins(minutes)).to_string());
        line.to_string()
    };
    let lines: Vec<String> = fs::read_to_string(&file).unwrap().lines().map(older).collect();
    fs::write(&file, lines.join("\n") + "\n").unwrap();
}

#[test]
fn an_old_archive_with_another_session_in_it_stays() {
    let bot = StandIn::stopped();
    copy(&bot.session(), &bot.home().join(".wwebjs_auth/session-b"));
    let old = "whatsapp_auth_20250101_120000.tar.gz";
    assert!(Command::new("tar").args(["czf", old, ".wwebjs_auth"]).current_dir(bot.home()).status().unwrap().success());
    bot.wakeep(["archive"]).run();
    bot.wakeep(["cleanup"]).run();
    assert!(bot.home().join(old).exists(), "it may be the only copy of the other one");
}

/// Law 11.
#[test]
fn a_bot_starts_whatever_is_wrong_with_wakeep() {
    let starts = |home: &Path, args: &[&str]| {
        let outcome = Wakeep::new(home, args.iter().copied().chain(["run", "--", "sh", "-c", "echo started"])).run();
        assert_eq!(outcome.stdout.lines().last(), Some("started"), "{args:?}: {outcome:?}");
        assert_eq!(outcome.code, 0, "{args:?}: {outcome:?}");
    };
    let home = scratch();
    starts(home.path(), &[]);
    starts(home.path(), &["--only", "nobody"]);
    fs::create_dir(home.path().join("photos")).unwrap();
    fs::write(home.path().join("photos/a.jpg"), "x").unwrap();
    starts(home.path(), &["--session", "photos"]);
    starts(home.path(), &["--archive", "/dev/null"]);
    fs::write(home.path().join("wakeep.toml"), "intervall = 3\n").unwrap();
    starts(home.path(), &[]);
    assert_eq!(Wakeep::new(home.path(), ["restore", "--before-start"]).run().code, 0);
}

#[test]
fn an_archive_takes_the_place_of_files_only() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive", "--archive", "/dev/null"]).run().code, 2);
    fs::create_dir(bot.home().join("folder")).unwrap();
    assert_eq!(bot.wakeep(["archive", "--archive", "folder"]).run().code, 2);
    assert_eq!(bot.wakeep(["archive", "--archive", "nowhere/a.tar.gz"]).run().code, 2);
    fs::write(bot.home().join("real.tar.gz"), "").unwrap();
    std::os::unix::fs::symlink("real.tar.gz", bot.archive()).unwrap();
    bot.wakeep(["archive"]).run();
    assert!(bot.archive().is_symlink(), "the owner's link stays");
}

#[test]
fn an_unreadable_memory_is_replaced_by_what_the_archives_know() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.wakeep(["archive", "--force"]).run();
    fs::write(bot.vault().join("state.json"), "{ torn").unwrap();
    bot.start();
    bot.stop();
    let kept = bot.wakeep(["archive", "--json"]).json(0);
    assert_eq!((kept["generation"].as_u64(), kept["in_place"].as_bool()), (Some(3), Some(true)), "{kept}");
}

#[test]
fn unchanged_is_said_of_whole_bytes_only() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let time = fs::metadata(bot.archive()).unwrap().modified().unwrap();
    let mut bytes = fs::read(bot.archive()).unwrap();
    bytes[3000..3020].fill(0);
    fs::write(bot.archive(), bytes).unwrap();
    fs::OpenOptions::new().write(true).open(bot.archive()).unwrap().set_modified(time).unwrap();
    assert_eq!(bot.wakeep(["archive", "--json"]).json(0)["outcome"], "created");
    assert_eq!(bot.wakeep(["verify", "whatsapp_auth_latest.tar.gz"]).run().code, 0);
}

#[test]
fn one_that_cannot_be_judged_does_not_hide_the_others() {
    let bot = StandIn::stopped();
    fs::create_dir(bot.home().join("photos")).unwrap();
    fs::write(bot.home().join("photos/a.jpg"), "x").unwrap();
    let checked = bot.wakeep(["check", "photos", ".wwebjs_auth", "--json"]).json(4);
    assert_eq!((checked["verdict"].as_str(), checked["failed"][0]["path"].as_str()), (Some("sound"), Some("photos")));
    let home = scratch();
    assert_eq!(Wakeep::new(home.path(), ["status"]).json(4)["sessions"], json!([]));
}

#[test]
fn a_bot_says_which_session_it_speaks_of() {
    let bot = StandIn::stopped();
    copy(&bot.session(), &bot.home().join(".wwebjs_auth/session-b"));
    bot.wakeep(["archive"]).run();
    assert_eq!(bot.wakeep(["event", "logged-out", "--reason", "401"]).run().code, 2);
    assert_eq!(bot.wakeep(["event", "logged_out", "--reason", "401", "--only", "session-b"]).run().code, 0);
}

/// §11.11: of another identity the whole folder; and what others keep in the folder stays.
#[test]
fn a_baileys_folder_gets_the_identity_that_is_wanted_and_keeps_what_is_not_its_own() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/baileys");
    let home = scratch();
    let home = home.path();
    fs::write(home.join("package.json"), "{}").unwrap();
    copy(&fixtures.join("paired"), &home.join("auth"));
    let run = |args: &[&str]| Wakeep::new(home, args.iter().copied().chain(["--session", "auth", "--json"])).run();
    let account = || serde_json::from_str::<Value>(&run(&["check"]).stdout).unwrap()["account"].clone();
    run(&["archive"]);
    let wanted = account();
    fs::remove_dir_all(home.join("auth")).unwrap();
    copy(&fixtures.join("other"), &home.join("auth"));
    fs::create_dir(home.join("auth/media")).unwrap();
    fs::write(home.join("auth/media/1.jpg"), "a picture").unwrap();
    let mode = |name: &str| fs::metadata(home.join(name)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(home.join("auth/media/1.jpg"), Permissions::from_mode(0o644)).unwrap();
    assert_ne!(account(), wanted);
    assert_eq!(run(&["restore", "--force", "--from", "whatsapp_auth_latest.tar.gz"]).code, 0);
    assert_eq!(account(), wanted);
    assert_eq!(fs::read_to_string(home.join("auth/media/1.jpg")).unwrap(), "a picture");
    assert_eq!((mode("auth/media/1.jpg"), mode("auth/creds.json")), (0o644, 0o600));
    fs::write(home.join("auth/creds.json"), "").unwrap();
    assert_eq!(run(&["restore", "--if-needed"]).code, 0);
    assert_eq!(account(), wanted);
    assert!(home.join("auth/media/1.jpg").exists());
}

/// The label of its archive is text and can't name it.
#[test]
fn a_session_whose_name_is_no_utf8_comes_back() {
    let home = scratch();
    let home = home.path();
    fs::write(home.join("package.json"), "{}").unwrap();
    let session = home.join(OsStr::from_bytes(b"auth\xff"));
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/baileys/paired"), &session);
    assert_eq!(Wakeep::new(home, ["archive"]).run().code, 0);
    fs::remove_dir_all(&session).unwrap();
    assert_eq!(Wakeep::new(home, ["restore"]).json(0)["outcome"], "restored");
    assert!(session.join("creds.json").exists());
    let named =
        |command: Wakeep| command.wrapped("sh", &["-c", "exec \"$0\" \"$@\" --session \"$(printf 'auth\\377')\""]);
    assert_eq!(named(Wakeep::new(home, ["restore", "--force"])).json(0)["outcome"], "restored");
    assert_eq!(Wakeep::new(home, ["check"]).json(0)["login"], "paired");
}

/// A new machine has nothing that says of what kind the session is, but for the file.
#[test]
fn a_missing_session_is_of_the_kind_that_its_archive_says() {
    let old = scratch();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/baileys");
    fs::write(old.path().join("package.json"), "{}").unwrap();
    copy(&fixtures.join("paired"), &old.path().join("auth"));
    assert_eq!(Wakeep::new(old.path(), ["archive"]).run().code, 0);
    let tar = Command::new("tar").args(["czf", "made-elsewhere.tar.gz", "auth"]).current_dir(old.path()).status();
    assert!(tar.unwrap().success());
    for name in ["whatsapp_auth_latest.tar.gz", "made-elsewhere.tar.gz"] {
        let home = scratch();
        let file = old.path().join(name).to_string_lossy().into_owned();
        let restore = |args: &[&str]| {
            let args: Vec<&str> = ["restore", "--from", &file].into_iter().chain(args.iter().copied()).collect();
            Wakeep::new(home.path(), args)
        };
        // Nobody said where the bot looks for it: that isn't the archive's fault.
        let refused = restore(&[]).run();
        assert!(refused.code == 10 && refused.stderr.contains("holds no archive of"), "{name}: {refused:?}");
        assert_eq!(restore(&["--session", "auth"]).json(0)["outcome"], "restored", "{name}");
        assert_eq!(Wakeep::new(home.path(), ["check"]).json(0)["login"], "paired", "{name}");
    }
}

/// A file that no kind claims any more is still the session it was.
#[test]
fn a_database_that_was_overwritten_comes_back() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/whatsmeow");
    let home = scratch();
    let home = home.path();
    let db = rusqlite::Connection::open(home.join("bot.db")).unwrap();
    for name in ["schema.sql", "device-1.sql"] {
        db.execute_batch(&fs::read_to_string(fixtures.join(name)).unwrap()).unwrap();
    }
    drop(db);
    assert_eq!(Wakeep::new(home, ["archive", "--session", "bot.db"]).run().code, 0);
    fs::write(home.join("bot.db"), "").unwrap();
    assert_eq!(Wakeep::new(home, ["check", "--session", "bot.db"]).run().code, 4);
    assert_eq!(Wakeep::new(home, ["restore", "--if-needed", "--session", "bot.db"]).json(0)["outcome"], "restored");
    fs::remove_file(home.join("bot.db")).unwrap();
    assert_eq!(
        Wakeep::new(home, ["restore", "--if-needed"]).json(0)["outcome"],
        "restored",
        "also where nothing is configured"
    );
    assert_eq!(Wakeep::new(home, ["check", "bot.db"]).json(0)["login"], "paired");
}

/// A letter wrong in the path, and the login would lie there twice, the wrong one kept.
#[test]
fn a_slip_of_the_path_makes_no_second_copy() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    for wish in [&["restore"][..], &["restore", "--if-needed"]] {
        let outcome = bot.wakeep([wish, &["--session", ".wwebjs_aut"]].concat()).run();
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(outcome.stderr.contains(".wwebjs_auth/session"), "the right one is named: {outcome:?}");
    }
    let started = bot.wakeep(["restore", "--before-start", "--session", ".wwebjs_aut"]).run();
    assert_eq!(started.code, 0, "no bot is held back: {started:?}");
    assert!(!bot.home().join(".wwebjs_aut").exists());
    // Moved on purpose: the old one is gone, and nothing is in the way.
    fs::rename(bot.home().join(".wwebjs_auth"), bot.home().join("old")).unwrap();
    fs::remove_dir_all(bot.home().join("old")).unwrap();
    assert_eq!(bot.wakeep(["restore", "--if-needed", "--session", "moved/session"]).run().code, 0);
}

/// What the disk refuses is said of the disk, not of another wakeep.
#[test]
fn a_place_that_cannot_be_written_to_is_blamed_on_nobody() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let vault = bot.home().join(".wakeep").display().to_string();
    let read_only = format!("mount --bind {vault} {vault} && mount -o remount,ro,bind {vault}");
    let watched = bot.wakeep(["watch"]).in_mounts(&read_only).run();
    assert_eq!(watched.code, 1, "{watched:?}");
    assert!(watched.stderr.contains("read-only") && !watched.stderr.contains("another"), "{watched:?}");
    for look in [&["status"][..], &["check"], &["doctor"]] {
        let outcome = bot.wakeep(look.iter().copied()).in_mounts(&read_only).run();
        assert!(!outcome.stderr.contains("read-only"), "{look:?} only looks: {outcome:?}");
        assert!(outcome.stdout.contains("linked"), "{look:?}: {outcome:?}");
    }
    let told = bot.wakeep(["watch", "--lang", "ru"]).in_mounts(&read_only).run();
    assert!(told.stderr.contains("не удалось") && !told.stderr.contains("os error"), "{told:?}");
}

/// The second keeper says who the first is.
#[test]
fn a_session_that_is_kept_is_left_to_its_keeper() {
    let bot = StandIn::stopped();
    let first = bot.wakeep(["watch", "--interval", "1s"]).spawn();
    let lock = bot.home().join(".wakeep/session/keeper.lock");
    let held = || fs::read_to_string(&lock).is_ok_and(|says| says.starts_with("wakeep watch"));
    crate::env::machine::wait_for("the first keeper", || held().then_some(()));
    let second = bot.wakeep(["watch"]).run();
    first.signal(rustix::process::Signal::TERM);
    first.wait();
    assert_eq!(second.code, 13, "{second:?}");
    assert!(second.stderr.contains("in its care") && second.stderr.contains("pid"), "{second:?}");
}

/// In the bot's own folder the files are there already; that makes its archive no hostile one.
#[test]
fn what_is_there_already_is_not_the_archives_fault() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let outcome = bot.wakeep(["extract", "whatsapp_auth_latest.tar.gz"]).run();
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("already") && !outcome.stderr.contains("don't use it"), "{outcome:?}");
}

/// What a drill proves, a restore does.
#[test]
fn a_drill_proves_no_other_bots_archive() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    copy(&bot.session(), &bot.home().join(".wwebjs_auth/session-b"));
    bot.wakeep(["archive"]).run();
    let (first, second) = ("whatsapp_auth_latest.tar.gz", "whatsapp_auth_latest.session-b.tar.gz");
    fs::copy(bot.home().join(first), bot.home().join(second)).unwrap();
    let drilled = bot.wakeep(["check", "--drill", "--only", "session-b"]).run();
    assert_eq!(drilled.code, 4, "{drilled:?}");
}

/// A report goes to strangers: no number in it, not even one in a folder's name.
#[test]
fn a_report_has_no_numbers_of_phones() {
    let bot = StandIn::stopped();
    let named = bot.home().join(".wwebjs_auth/session-79001234567");
    fs::rename(bot.session(), &named).unwrap();
    std::os::unix::fs::symlink("elsewhere-1", named.join("SingletonLock")).unwrap();
    bot.wakeep(["archive"]).run();
    let report = bot.wakeep(["doctor", "--report"]).run();
    assert!(report.stdout.contains("session"), "{report:?}");
    assert!(!report.stdout.contains("9001234567"), "{}", report.stdout);
}

/// Another program's file with a name like ours, in which no session is recognised.
#[test]
fn an_archive_of_something_else_is_nobodys_to_remove() {
    let bot = StandIn::stopped();
    let theirs = bot.home().join("whatsapp_auth_20250101_120000.tar.gz");
    fs::write(bot.home().join("notes.txt"), "x").unwrap();
    fs::write(bot.home().join("more.txt"), "x").unwrap();
    let mut pack = Command::new("tar");
    pack.arg("czf").arg(&theirs).args(["notes.txt", "more.txt"]).current_dir(bot.home());
    assert!(pack.status().unwrap().success());
    bot.wakeep(["archive"]).run();
    bot.wakeep(["cleanup"]).run();
    assert!(theirs.exists());
}

/// The disk behind a link is new, or was emptied: the session belongs where the link leads.
#[test]
fn a_link_that_leads_nowhere_is_led_somewhere() {
    let bot = StandIn::stopped();
    let (link, data) = (bot.home().join(".wwebjs_auth"), bot.home().join("data/auth"));
    fs::create_dir(bot.home().join("data")).unwrap();
    fs::rename(&link, &data).unwrap();
    std::os::unix::fs::symlink("data/auth", &link).unwrap();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    fs::remove_dir_all(&data).unwrap();
    let restored = bot.wakeep(["restore", "--if-needed"]).run();
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(data.join("session/Default").is_dir() && link.is_symlink());
}

/// A link at the session's own path is its owner's: what it leads to is replaced, and no old login stays there.
#[test]
fn a_session_that_is_a_link_is_restored_where_it_leads() {
    let bot = StandIn::stopped();
    let (link, data) = (bot.session(), bot.home().join("data"));
    fs::rename(&link, &data).unwrap();
    std::os::unix::fs::symlink("../data", &link).unwrap();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let is_whole = || bot.wakeep(["check", "data", "--json"]).json(0)["login"] == "paired";
    for spoil in [StandIn::tear_up, remove] {
        spoil(&data);
        let restored = bot.wakeep(["restore", "--if-needed"]).run();
        assert_eq!(restored.code, 0, "{restored:?}");
        assert!(link.is_symlink() && is_whole());
        assert_eq!(bot.wakeep(["check"]).run().code, 0);
    }
}

fn remove(session: &Path) {
    fs::remove_dir_all(session).unwrap();
}

/// The phone ended the login: however good the files are, nothing is safe.
#[test]
fn a_login_that_the_phone_ended_is_not_safe() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    assert!(bot.wakeep(["status"]).run().stdout.contains("is safe"));
    bot.wakeep(["event", "logged-out", "--reason", "401"]).run();
    let status = bot.wakeep(["status"]).run();
    assert!(status.stdout.contains("NOT safe"), "{}", status.stdout);
}

/// A time before the first archive is not "no archive at all"; to look changes nothing.
#[test]
fn a_time_that_is_too_early_is_said_so() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let outcome = bot.wakeep(["restore", "--force", "--at", "2020-01-01T00:00"]).run();
    assert_eq!(outcome.code, 10, "{outcome:?}");
    assert!(outcome.stderr.contains("2020-01-01"), "{outcome:?}");
}

/// A mistake in the bot's own configuration doesn't make its bot root's.
#[test]
fn a_mistake_in_the_configuration_makes_no_bot_roots() {
    let bot = StandIn::stopped();
    fs::write(bot.home().join("wakeep.toml"), "intervall = \"2m\"").unwrap();
    let theirs = |uid: u32| {
        let chown = Command::new("chown").arg("-R").arg(format!("{uid}:{uid}")).arg(bot.home()).status().unwrap();
        assert!(chown.success());
        bot.wakeep(["run", "--", "id", "-u"]).run()
    };
    let outcome = theirs(65534);
    assert_eq!((outcome.code, outcome.stdout.trim()), (0, "65534"), "{outcome:?}");
}

/// Rubbish at the archive's path is no gift that waits there for an hour.
#[test]
fn rubbish_at_the_archives_path_is_replaced_at_once() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let archive = bot.home().join("whatsapp_auth_latest.tar.gz");
    fs::write(&archive, "").unwrap();
    assert!(bot.wakeep(["status"]).run().stdout.contains("damaged"));
    assert!(Command::new("touch").args(["-d", "1 hour ago"]).arg(&archive).status().unwrap().success());
    assert_eq!(bot.wakeep(["archive", "--force"]).run().code, 0);
    assert_eq!(bot.wakeep(["verify", "whatsapp_auth_latest.tar.gz"]).run().code, 0);
}

/// A remote would keep one archive and one lease for both.
#[test]
fn two_bots_of_one_name_share_no_remote() {
    let bot = StandIn::stopped();
    for app in ["a", "b"] {
        fs::create_dir(bot.home().join(app)).unwrap();
        copy(&bot.home().join(".wwebjs_auth"), &bot.home().join(app).join(".wwebjs_auth"));
    }
    let both = "[[sessions]]\npath = \"a/.wwebjs_auth\"\n[[sessions]]\npath = \"b/.wwebjs_auth\"\n";
    fs::write(bot.home().join("wakeep.toml"), both).unwrap();
    let kept = bot.wakeep(["archive"]).run();
    assert_eq!(kept.code, 0, "here they are apart: {kept:?}");
    assert_eq!(kept.stdout.matches("session: ").count(), 2, "each is named: {kept:?}");
    fs::create_dir(bot.home().join("remote")).unwrap();
    fs::write(bot.home().join("wakeep.toml"), format!("remote = \"remote\"\n{both}")).unwrap();
    let refused = bot.wakeep(["push"]).run();
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("both called session"), "{refused:?}");
}

/// Only the writing waits for the budget.
#[test]
fn what_arrives_is_taken_in_while_the_write_budget_waits() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let archive = bot.home().join("whatsapp_auth_latest.tar.gz");
    fs::copy(&archive, bot.home().join("brought")).unwrap();
    let keeper = bot.wakeep(["watch"]).env("WAKEEP_INTERVAL", "1s").env("WAKEEP_WRITE_BUDGET", "1 MB").spawn();
    fs::remove_file(&archive).unwrap();
    fs::copy(bot.home().join("brought"), &archive).unwrap();
    let arrived = || bot.wakeep(["list", "--events"]).run().stdout.contains("a new file stands");
    crate::env::machine::wait_for("the keeper to take it in", || arrived().then_some(()));
    drop(keeper);
}

/// What can't be listed is said once, not every round, and once when it can be again.
#[test]
fn a_search_for_sessions_that_fails_is_said_once() {
    let bot = StandIn::stopped();
    let places = "[[sessions]]\npath = \".wwebjs_auth\"\n[[sessions]]\npath = \"other\"\n";
    fs::write(bot.home().join("wakeep.toml"), format!("interval = \"200ms\"\n{places}")).unwrap();
    let told = |what: &str| {
        let events = bot.wakeep(["list", "--events", "--only", "session", "--json"]).run();
        let events: Value = serde_json::from_str(&events.stdout).unwrap_or_default();
        events["events"].as_array().map_or(0, |all| all.iter().filter(|e| e["event"] == what).count())
    };
    let rounds = || fs::metadata(bot.vault().join("../session/round.json")).and_then(|m| m.modified()).ok();
    let keeper = bot.wakeep(["watch"]).spawn();
    until("the keeper watches", || told("created") == 1);
    fs::write(bot.home().join("other"), "no session").unwrap();
    until("it says so", || journal(&bot).contains("search_fails"));
    for _ in 0..3 {
        let before = rounds();
        until("a round more", || rounds() != before);
    }
    fs::remove_file(bot.home().join("other")).unwrap();
    until("it says that it works again", || journal(&bot).contains("search_works"));
    keeper.signal(Signal::TERM);
    assert_eq!(keeper.wait().code, 0);
    assert_eq!((told("search_fails"), told("search_works")), (1, 1));
}

/// A restore would take both away with the session that it replaces.
#[test]
fn archive_and_vault_never_lie_within_the_session() {
    let bot = StandIn::stopped();
    for args in [["--archive", ".wwebjs_auth/a.tar.gz"], ["--vault", ".wwebjs_auth/session/v"]] {
        let refused = bot.wakeep(args.into_iter().chain(["archive"])).run();
        assert!(refused.code == 2 && refused.stderr.contains("within the session"), "{refused:?}");
    }
    for line in ["archive = \".wwebjs_auth/session/x.tar.gz\"", "vault = \".wwebjs_auth/v\""] {
        fs::write(bot.home().join("wakeep.toml"), line).unwrap();
        assert_eq!(bot.wakeep(["archive"]).run().code, 2, "{line}");
    }
}

/// A whole archive of one session isn't a broken one of another; and a pipe is waited for by nobody.
#[test]
fn what_is_restored_from_is_said_as_what_it_is() {
    let bot = StandIn::stopped();
    copy(&bot.session(), &bot.home().join(".wwebjs_auth/session-b"));
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let restored = bot.wakeep(["restore", "--force", "--from", "whatsapp_auth_latest.tar.gz"]).run();
    assert_eq!(restored.code, 10, "{restored:?}");
    assert!(restored.stderr.contains("holds no archive of the session session-b"), "{restored:?}");
    assert!(restored.stdout.contains("restored") && !restored.stdout.contains("broken"), "{restored:?}");
    assert!(Command::new("mkfifo").arg(bot.home().join("pipe")).status().unwrap().success());
    let refused = bot.wakeep(["restore", "--force", "--from", "pipe"]).run();
    assert!(refused.code == 2 && refused.stderr.contains("no regular file"), "{refused:?}");
}
