//! The screen: lines as wide as it, in both languages, in every state; colour only where somebody looks.

use crate::env::standin::StandIn;
use crate::env::used;

/// A name, and what makes a bot be so.
type State = (&'static str, fn(&StandIn));

const STATES: [State; 4] = [
    ("good", |_| {}),
    ("broken", StandIn::tear),
    ("logged out", StandIn::log_out),
    ("missing", |bot| std::fs::remove_dir_all(bot.session()).unwrap()),
];

#[test]
fn every_line_fits_eighty_columns_in_both_languages() {
    for (name, make) in STATES {
        let bot = StandIn::stopped();
        assert_eq!(bot.wakeep(["archive"]).run().code, 0);
        make(&bot);
        for (lang, verb) in ["en", "ru"].into_iter().flat_map(|l| ["status", "list", "doctor"].map(|v| (l, v))) {
            let said = bot.wakeep([verb, "--lang", lang]).env("COLUMNS", "80").run();
            assert!(!said.stdout.is_empty() && !said.stdout.contains('\x1b'), "{name} {verb}: {said:?}");
            for line in said.stdout.lines().chain(said.stderr.lines()) {
                assert!(line.chars().count() <= 80, "{name} {lang} {verb}: {line}");
            }
        }
    }
}

#[test]
fn the_demo_fits_eighty_columns_in_both_languages() {
    let home = crate::env::scratch();
    for lang in ["en", "ru"] {
        let said = crate::env::wakeep::Wakeep::new(home.path(), ["demo", "--lang", lang]).env("COLUMNS", "80").run();
        assert_eq!(said.code, 0, "{said:?}");
        for line in said.stdout.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn without_a_screen_a_backup_is_one_line() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let list = bot.wakeep(["list"]).run().stdout;
    assert!(list.lines().any(|l| l.contains("newest") && l.contains(".wakeep/session/g000001")), "{list}");
}

#[test]
fn several_sessions_are_a_line_each_and_the_bad_ones_in_full() {
    let bot = StandIn::stopped();
    let (one, two) = (bot.session(), bot.session().with_file_name("session-two"));
    let copied = std::process::Command::new("cp").arg("-a").args([&one, &two]).status().unwrap();
    assert!(copied.success());
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    bot.tear();
    let said = bot.wakeep(["status"]).run();
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.stdout.starts_with("1 of 2 logins are safe."), "{}", said.stdout);
    assert_eq!(said.stdout.matches("NOT safe").count(), 1, "{}", said.stdout);
    assert!(said.stdout.contains("✓ session-two") || said.stdout.contains("✓ two"), "{}", said.stdout);
    assert_eq!(bot.wakeep(["status", "--only", "session"]).run().stdout.matches("disk").count(), 1);
}

#[test]
fn a_terminal_has_colours_unless_they_are_not_wanted() {
    used("script (util-linux)");
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let line = r#"exec script -qec "stty cols 60; $*" /dev/null"#;
    let shown = |wakeep: crate::env::wakeep::Wakeep| wakeep.wrapped("sh", &["-c", line, "sh"]).run();
    let colours = shown(bot.wakeep(["status"]));
    assert!(colours.stdout.contains("\x1b[32m"), "{colours:?}");
    let plain = shown(bot.wakeep(["status"]).env("NO_COLOR", "1"));
    assert!(plain.stdout.contains("is safe") && !plain.stdout.contains("\x1b["), "{plain:?}");
    for line in plain.stdout.lines() {
        assert!(line.trim_end().chars().count() <= 60, "{line}");
    }
}

#[test]
fn status_tells_of_the_next_round_and_of_a_phone_that_is_away() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    assert_eq!(bot.wakeep(["event", "phone-seen"]).run().code, 0);
    for (days, expected) in [(6, None), (8, Some("phone_unseen")), (13, Some("phone_long_unseen"))] {
        let file = bot.vault().join("state.json");
        let mut state: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let seen = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400 + 60);
        let seconds = seen.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        state["phone_seen"] = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap().to_string().into();
        std::fs::write(&file, state.to_string()).unwrap();
        let status = bot.wakeep(["status"]).json(0);
        let found = &status["sessions"][0]["conditions"];
        assert_eq!(found[0]["condition"].as_str(), expected, "{days}: {found}");
    }
    let said = bot.wakeep(["status"]).run().stdout;
    assert!(said.contains("13 days ago") && said.contains("open WhatsApp on the phone today"), "{said}");
    let _keeper = bot.wakeep(["watch", "--interval", "1h"]).spawn();
    let start = std::time::Instant::now();
    while !bot.wakeep(["status"]).run().stdout.contains("next look in") {
        assert!(start.elapsed() < std::time::Duration::from_secs(60));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn long_work_shows_that_it_goes_on_and_leaves_no_trace() {
    used("script (util-linux)");
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    // Another works on the session for as long as this lock is held.
    let other = std::fs::File::open(bot.home().join(".wakeep/session/work.lock")).unwrap();
    other.lock().unwrap();
    let piped = bot.wakeep(["archive", "--force"]).spawn();
    let screen = bot.home().join("screen");
    let line = format!(r#"exec script -qefc "stty cols 80; $*" {}"#, screen.display());
    let force = ["archive", "--force", "--lang", "ru"];
    let shown = bot.wakeep(force).env("TERM", "xterm").wrapped("sh", &["-c", &line, "sh"]).spawn();
    let read = || String::from_utf8_lossy(&std::fs::read(&screen).unwrap_or_default()).into_owned();
    let start = std::time::Instant::now();
    while !read().contains("архивация session, ") {
        assert!(start.elapsed() < std::time::Duration::from_secs(50), "nothing is shown: {}", read());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    other.unlock().unwrap();
    let (piped, shown) = (piped.wait(), shown.wait());
    assert_eq!((piped.code, piped.stderr.as_str(), shown.code), (0, "", 0), "{piped:?} {shown:?}");
    let seen = read();
    let drawn = seen.split(['\r', '\n']).filter(|l| l.contains("архивация"));
    for line in drawn {
        assert!(line.replace("\x1b[2K", "").chars().count() <= 80 && !line.contains('m'), "{line:?}");
    }
    let (_, after) = seen.rsplit_once("архивация").unwrap();
    let (_, said) = after.rsplit_once("\x1b[2K").expect("the line is cleared");
    assert!(said.contains("Архив авторизации") || said.contains("архив"), "{said:?}");
}

/// As people type them.
#[test]
fn help_and_version_are_verbs_too() {
    let folder = crate::env::scratch();
    let said = |args: &[&str]| crate::env::wakeep::Wakeep::new(folder.path(), args.iter().copied()).run();
    for (typed, meant) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "archive"], &["archive", "--help"]),
        (&["version"], &["--version"]),
    ] {
        let (typed, meant) = (said(typed), said(meant));
        assert_eq!((typed.code, &typed.stdout), (0, &meant.stdout), "{typed:?}");
    }
    assert_eq!(said(&["help", "nothing"]).code, 2);
}

#[test]
fn a_log_hears_what_ended_a_command_too() {
    let bot = StandIn::stopped();
    let log = bot.home().join("bot.log");
    let log_to = ["--log-to", log.to_str().unwrap()];
    assert_eq!(bot.wakeep(log_to.into_iter().chain(["push"])).run().code, 2);
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("no remote is named"), "{said}");
    std::fs::write(bot.home().join("wakeep.toml"), "intervall = \"2m\"\n").unwrap();
    assert_eq!(bot.wakeep(log_to.into_iter().chain(["restore", "--before-start"])).run().code, 0);
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("there is no key `intervall`"), "{said}");
    std::fs::remove_file(bot.home().join("wakeep.toml")).unwrap();
    std::fs::rename(bot.session(), bot.session().with_file_name("session-79001234567")).unwrap();
    assert_eq!(bot.wakeep(log_to.into_iter().chain(["check"])).run().code, 0);
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(!said.contains("79001234567"), "others read the log: {said}");
}
