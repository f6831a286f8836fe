//! `--json`: one object on standard output, whatever comes of the command; or the flag is refused.

use crate::env::scratch;
use crate::env::standin::{ACCOUNT, MASKED, StandIn};
use crate::env::wakeep::{Outcome, Wakeep};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The one object that stands on its standard output.
fn object(said: &Outcome) -> Value {
    let value: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    assert!(value.is_object(), "{said:?}");
    value
}

fn run(home: &Path, args: &[&str]) -> Outcome {
    Wakeep::new(home, args.iter().copied().chain(["--json"])).run()
}

#[test]
fn what_fails_says_so_in_one_object() {
    let home = scratch();
    fs::write(home.path().join("wakeep-key.txt"), "somebody's").unwrap();
    let fails: [(&[&str], i32); 17] = [
        (&["event", "ready"], 4),
        (&["restore"], 10),
        (&["restore", "--from", "gone.tar.gz"], 1),
        (&["restore", "--at", "some day"], 2),
        (&["check", "gone.tar.gz", "--drill"], 2),
        (&["verify", "gone.tar.gz"], 1),
        (&["list", "gone.tar.gz"], 1),
        (&["extract", "gone.tar.gz"], 1),
        (&["push"], 2),
        (&["pull", "/gone"], 1),
        (&["move", "/srv/bot"], 2),
        (&["receive", "gone.tar.gz"], 1),
        (&["keygen"], 1),
        (&["seal", "gone"], 2),
        (&["unseal", "gone.age"], 1),
        (&["notify", "test"], 2),
        (&["setup"], 4),
    ];
    for (args, code) in fails {
        let said = run(home.path(), args);
        assert_eq!(said.code, code, "{args:?}: {said:?}");
        let (value, words) = (object(&said), format!("{}{}", said.stdout, said.stderr));
        let failed = value["sessions"].as_array().map_or(&value, |all| &all[0]);
        assert_eq!(failed["outcome"], "failed", "{args:?}: {said:?}");
        assert!(failed["error"].as_str().is_some_and(|e| words.contains(e) && !e.is_empty()), "{args:?}: {said:?}");
    }
    for (args, code) in
        [(&["list"][..], 0), (&["cleanup"], 0), (&["close-browser"], 0), (&["status"], 4), (&["check"], 4)]
    {
        let said = run(home.path(), args);
        assert_eq!(said.code, code, "{args:?}: {said:?}");
        object(&said);
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_object_too_and_the_bot_starts() {
    let home = scratch();
    fs::write(home.path().join("wakeep.toml"), "intervall = \"2m\"\n").unwrap();
    for (args, code) in [(&["status"][..], 2), (&["archive"], 2), (&["restore", "--before-start"], 0)] {
        let said = run(home.path(), args);
        assert_eq!((said.code, &object(&said)["outcome"]), (code, &json!("failed")), "{args:?}: {said:?}");
    }
    fs::write(home.path().join("wakeep.toml"), "").unwrap();
    let started = run(home.path(), &["restore", "--before-start", "--from", "gone.tar.gz"]);
    assert_eq!((started.code, &object(&started)["outcome"]), (0, &json!("failed")), "{started:?}");
}

#[test]
fn what_has_no_object_refuses_the_flag() {
    let home = scratch();
    let refuse: [&[&str]; 6] = [
        &["watch"],
        &["serve"],
        &["demo"],
        &["generate", "config"],
        &["doctor", "--report"],
        &["receive", "--members", "whatsapp_auth_latest.tar.gz"],
    ];
    for args in refuse {
        let said = run(home.path(), args);
        assert!(said.code == 2 && said.stderr.contains("no JSON"), "{args:?}: {said:?}");
        assert_eq!(object(&said)["outcome"], "failed", "{args:?}");
    }
    let said = Wakeep::new(home.path(), ["run", "--json", "--", "touch", "started"]).run();
    assert!(said.code == 2 && said.stderr.contains("--log-format json"), "{said:?}");
    assert!(!home.path().join("started").exists());
    // The bot's own flag is the bot's.
    let said = Wakeep::new(home.path(), ["run", "--", "echo", "--json"]).run();
    assert_eq!((said.code, said.stdout.as_str()), (0, "--json\n"), "{said:?}");
    let typo = run(home.path(), &["archive", "--forse"]);
    assert!(typo.code == 2 && object(&typo)["error"].as_str().unwrap().contains("--forse"), "{typo:?}");
}

#[test]
fn setting_up_is_told_step_by_step() {
    let bot = StandIn::stopped();
    let planned = bot.wakeep(["setup", "--dry-run"]).json(0);
    assert_eq!((&planned["outcome"], &planned["dry_run"]), (&json!("set_up"), &json!(true)), "{planned}");
    assert!(!bot.home().join("wakeep.toml").exists());
    let done = bot.wakeep(["setup"]).json(0);
    let steps = |value: &Value, step: &str| -> Vec<String> {
        let all = value["steps"].as_array().unwrap().iter().filter(|s| s["step"] == step);
        all.map(|s| s["path"].as_str().unwrap().to_owned()).collect()
    };
    assert!(steps(&done, "written").iter().any(|path| path.ends_with("wakeep.toml")), "{done}");
    assert!(bot.home().join("wakeep.toml").exists());
    let undone = bot.wakeep(["setup", "--undo"]).json(0);
    assert_eq!(undone["outcome"], "undone");
    assert!(steps(&undone, "removed").iter().any(|path| path.ends_with("wakeep.toml")), "{undone}");
    assert_eq!(bot.wakeep(["setup", "--undo"]).json(0)["outcome"], "nothing_to_undo");
}

#[test]
fn what_is_received_is_told() {
    let (bot, other) = (StandIn::stopped(), StandIn::stopped());
    bot.wakeep(["archive"]).json(0);
    let brought = other.home().join("brought.tar.gz");
    fs::copy(bot.archive(), &brought).unwrap();
    let received = other.wakeep(["receive", "brought.tar.gz", "--yes"]).json(0);
    assert_eq!((&received["outcome"], &received["session"]), (&json!("received"), &json!("session")), "{received}");
    assert_eq!(received["bytes"], fs::metadata(other.archive()).unwrap().len());
    assert_eq!((&received["check"]["verdict"], &received["check"]["account"]), (&json!("sound"), &json!(MASKED)));
    assert!(!received.to_string().contains(&ACCOUNT[..11]), "{received}");
    let bytes = fs::read(&brought).unwrap();
    fs::write(&brought, &bytes[..bytes.len() / 2]).unwrap();
    let refused = other.wakeep(["receive", "brought.tar.gz", "--yes"]).json(4);
    assert_eq!((&refused["outcome"], &refused["bytes"]), (&json!("refused"), &Value::Null), "{refused}");
    let asked = other.wakeep(["restore", "--ask"]).run();
    assert_eq!(asked.code, 2, "nobody is there to answer: {asked:?}");
}

#[test]
fn a_session_that_cannot_be_looked_at_stands_beside_the_others() {
    let bot = StandIn::stopped();
    let other = bot.session().with_file_name("session-b");
    assert!(std::process::Command::new("cp").arg("-a").args([bot.session(), other]).status().unwrap().success());
    bot.wakeep(["archive"]).json(0);
    let journal = bot.home().join(".wakeep/session-b/journal.jsonl");
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    let status = bot.wakeep(["status"]).json(1);
    let sessions = status["sessions"].as_array().unwrap();
    assert_eq!((sessions.len(), &sessions[0]["safe"]), (2, &json!(true)), "{status}");
    assert_eq!((&sessions[1]["safe"], &sessions[1]["outcome"]), (&json!(false), &json!("failed")), "{status}");
    assert_eq!(sessions[1]["session"], "session-b");
    assert_eq!(bot.wakeep(["list", "--events"]).run().code, 1);
    assert!(bot.wakeep(["list", "--events"]).run().stdout.contains("session: archive 1 written"));
}
