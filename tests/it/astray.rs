//! A person in the wrong folder, with a name that isn't there or an address that is written another way: it is said, and
//! nothing is made.

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use crate::lease::until;
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn in_a_wrong_folder_nothing_is_made() {
    let home = scratch();
    let commands: [(&[&str], i32); 9] = [
        (&["event", "ready"], 4),
        (&["archive"], 4),
        (&["check", "--drill"], 10),
        (&["restore"], 10),
        (&["restore", "--before-start"], 0),
        (&["push", "/tmp"], 10),
        (&["run", "--", "true"], 0),
        (&["doctor"], 4),
        (&["cleanup"], 0),
    ];
    for (args, code) in commands {
        let said = Wakeep::new(home.path(), args.iter().copied()).run();
        assert_eq!(said.code, code, "{args:?}: {said:?}");
        assert!(is_empty(home.path()), "{args:?} leaves {:?}", fs::read_dir(home.path()).unwrap().collect::<Vec<_>>());
    }
    let told = Wakeep::new(home.path(), ["event", "ready"]).run();
    assert!(told.stderr.contains("no session at") && told.stderr.contains(".wwebjs_auth/session"), "{told:?}");
    let typo = home.path().join("bots/laundry/.wwebjs_auth");
    let told = Wakeep::new(home.path(), ["event", "ready", "--session", typo.to_str().unwrap()]).run();
    assert!(told.code == 4 && is_empty(home.path()), "{told:?}");
}

/// What is only waited for has no place in the folder until it comes to be; then it has one keeper.
#[test]
fn a_session_that_is_waited_for_is_kept_from_when_it_comes_to_be() {
    let (bot, home) = (StandIn::stopped(), scratch());
    let watch = || Wakeep::new(home.path(), ["watch", "--interval", "200ms"]);
    let mut keepers = [watch().spawn(), watch().spawn()];
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(is_empty(home.path()) && keepers.iter_mut().all(|keeper| !keeper.has_ended()));
    copy(&bot.home().join(".wwebjs_auth"), &home.path().join(".wwebjs_auth"));
    let archive = home.path().join("whatsapp_auth_latest.tar.gz");
    until("the session is archived", || archive.exists());
    let third = watch().run();
    assert_eq!(third.code, 13, "it is kept already: {third:?}");
    for keeper in keepers {
        keeper.signal(Signal::TERM);
        assert_eq!(keeper.wait().code, 0);
    }
    let journal = fs::read_to_string(home.path().join(".wakeep/session/journal.jsonl")).unwrap();
    assert_eq!(journal.matches("\"created\"").count(), 1, "{journal}");
}

/// The bot makes its session after the first round and ends before the second.
#[test]
fn what_a_bot_makes_while_it_runs_is_archived_when_it_ends() {
    let (bot, home) = (StandIn::stopped(), scratch());
    let line = format!("sleep 1; cp -a {} .", bot.home().join(".wwebjs_auth").display());
    let ran = Wakeep::new(home.path(), ["run", "--", "sh", "-c", &line]).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(home.path().join("whatsapp_auth_latest.tar.gz").exists(), "{ran:?}");
}

#[test]
fn a_session_that_was_named_is_named_where_it_is_missing() {
    let home = scratch();
    for verb in ["status", "setup"] {
        let said = Wakeep::new(home.path(), [verb, "--session", "bots/laundry"]).run();
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(said.code == 4 && all.contains("no session at") && all.contains("bots/laundry"), "{verb}: {said:?}");
        assert!(!all.contains("No session was found here"), "{verb}: {said:?}");
        let unnamed = Wakeep::new(home.path(), [verb]).run();
        assert!(unnamed.stdout.contains("No session was found here"), "{verb}: {unnamed:?}");
    }
    fs::write(home.path().join("wakeep.toml"), "session = \"auth\"\n").unwrap();
    let said = Wakeep::new(home.path(), ["status"]).run();
    assert!(said.code == 4 && said.stderr.contains("no session at") && said.stderr.contains("auth"), "{said:?}");
}

#[test]
fn an_address_as_scp_takes_it_is_no_folder() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).json(0);
    let place = "bot@vps:/opt/bot";
    let commands: [&[&str]; 4] = [&["push", place], &["pull", place], &["move", place], &["restore", "--from", place]];
    for args in commands {
        let said = bot.wakeep(args.iter().copied()).run();
        assert!(said.code == 2 && said.stderr.contains("`ssh://bot@vps/opt/bot`"), "{args:?}: {said:?}");
    }
    fs::write(bot.home().join("wakeep.toml"), format!("remote = \"{place}\"\n")).unwrap();
    let said = bot.wakeep(["push"]).run();
    assert!(said.code == 2 && said.stderr.contains("`ssh://bot@vps/opt/bot`"), "{said:?}");
    assert_eq!(bot.wakeep(["archive"]).run().code, 0, "and holds up nothing else");
    fs::create_dir_all(bot.home().join(place)).unwrap();
    assert_eq!(bot.wakeep(["push"]).json(0)["outcome"], "pushed", "a folder of that very name");
    assert!(bot.home().join(place).join("whatsapp_auth_latest.tar.gz").exists());
    assert_eq!(bot.wakeep(["push", place]).json(0)["outcome"], "unchanged");
}

#[test]
fn paths_stay_whole_where_the_current_folder_is_gone() {
    let bot = StandIn::stopped();
    let session = bot.home().join(".wwebjs_auth");
    let line = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"";
    let archive = bot.wakeep(["archive", "--session", session.to_str().unwrap()]);
    let said = archive.wrapped("sh", &["-c", line, "sh"]).run();
    let whole = bot.archive().canonicalize().unwrap();
    assert!(said.code == 0 && said.stdout.contains(whole.to_str().unwrap()), "{said:?}");
}
