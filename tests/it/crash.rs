//! After a kill before any durable step: one whole session, one whole archive, a readable vault, and a next run that
//! succeeds. The debug build of wakeep kills itself before the n-th step, n = 1, 2, 3 … until a run gets through.

use crate::env::standin::StandIn;
use crate::faults::killed_before_each_step;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// More steps than any of the journeys has; reaching it means that the kill never stops.
const MOST_STEPS: u32 = 400;

/// Runs wakeep again and again, killed before each step in turn, each time in the state that `ready` makes; `whole`
/// looks at what a kill left.
fn killed_everywhere(args: &[&str], mut ready: impl FnMut() -> StandIn, mut whole: impl FnMut(&StandIn, u32)) -> u32 {
    for n in 1..MOST_STEPS {
        let bot = ready();
        let outcome = bot.wakeep(args.iter().copied()).env("WAKEEP_CRASH_BEFORE", &n.to_string()).run();
        whole(&bot, n);
        if outcome.code != -9 {
            assert_eq!(outcome.code, 0, "{args:?} without a kill: {outcome:?}");
            return n - 1;
        }
        let again = bot.wakeep(args.iter().copied()).run();
        assert_eq!(again.code, 0, "{args:?} after a kill before step {n}: {again:?}");
        whole(&bot, n);
    }
    panic!("{args:?} has more than {MOST_STEPS} steps");
}

/// A copy of an app folder, so that the bot needn't log in for each step.
fn fresh(from: &StandIn) -> StandIn {
    StandIn::copied(from.home())
}

fn require_whole_archive(bot: &StandIn, path: &Path, n: u32) {
    let outcome = bot.wakeep(["check", path.to_str().unwrap(), "--json"]).run();
    let verdict: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    assert_eq!(
        (verdict["verdict"].as_str(), outcome.code),
        (Some("sound"), 0),
        "step {n}: {}: {outcome:?}",
        path.display()
    );
}

fn require_readable_vault(bot: &StandIn, n: u32) {
    let list = bot.wakeep(["list", "--json"]).run();
    assert_eq!(list.code, 0, "step {n}: {list:?}");
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    for backup in list["sessions"][0]["backups"].as_array().unwrap() {
        let path = backup["path"].as_str().unwrap();
        assert_eq!(bot.wakeep(["verify", path]).run().code, 0, "step {n}: {path}");
    }
    assert_eq!(bot.wakeep(["list", "--events"]).run().code, 0, "step {n}");
}

#[test]
fn an_archive_is_whole_after_a_kill_anywhere() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.start();
    bot.stop();
    let steps = killed_everywhere(
        &["archive", "--force"],
        || fresh(&bot),
        |bot, n| {
            require_whole_archive(bot, &bot.archive(), n);
            require_readable_vault(bot, n);
        },
    );
    assert!(steps >= 8, "the hook sees the steps: {steps}");
}

#[test]
fn a_session_is_whole_after_a_kill_anywhere() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let steps = killed_everywhere(
        &["restore", "--force"],
        || fresh(&bot),
        |bot, n| {
            let outcome = bot.wakeep(["check", "--json"]).run();
            assert_eq!(outcome.code, 0, "step {n}: {outcome:?}");
            require_whole_archive(bot, &bot.archive(), n);
            require_readable_vault(bot, n);
        },
    );
    assert!(steps >= 12, "the hook sees the steps: {steps}");
}

/// What stood before is written out where the vault hasn't got it: the archive in the making is a key to the account.
#[test]
fn the_next_archive_clears_away_what_is_left_of_a_restore() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.start();
    bot.stop();
    let mut left = 0;
    for n in 1..MOST_STEPS {
        let copy = fresh(&bot);
        let outcome = copy.wakeep(["restore", "--force"]).env("WAKEEP_CRASH_BEFORE", &n.to_string()).run();
        let unfinished = copy.vault().join("before.tar.gz");
        left += u32::from(unfinished.exists());
        assert_eq!(copy.wakeep(["archive"]).run().code, 0, "after a kill before step {n}");
        assert!(!unfinished.exists(), "after a kill before step {n}");
        if outcome.code == 0 {
            assert!(left > 0, "no kill fell between the archive in the making and the vault");
            return;
        }
    }
    panic!("the restore never got through");
}

#[test]
fn a_missing_session_is_missing_or_whole_after_a_kill_anywhere() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    killed_everywhere(
        &["restore", "--if-needed"],
        || fresh(&bot),
        |bot, n| {
            let outcome = bot.wakeep(["check", "--json"]).run();
            let verdict: Value = serde_json::from_str(&outcome.stdout).unwrap();
            assert!(["missing", "sound"].contains(&verdict["verdict"].as_str().unwrap()), "step {n}: {outcome:?}");
            require_whole_archive(bot, &bot.archive(), n);
        },
    );
}

#[test]
fn a_cleanup_loses_no_good_archive_whenever_it_is_killed() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    for day in 1..4 {
        let name = format!("whatsapp_auth_2025010{day}_120000.tar.gz");
        let tar =
            std::process::Command::new("tar").args(["czf", &name, ".wwebjs_auth"]).current_dir(bot.home()).status();
        assert!(tar.unwrap().success());
    }
    killed_everywhere(
        &["cleanup"],
        || fresh(&bot),
        |bot, n| {
            require_whole_archive(bot, &bot.archive(), n);
            require_readable_vault(bot, n);
            let old = fs::read_dir(bot.home())
                .unwrap()
                .flatten()
                .filter(|e| e.file_name().to_string_lossy().contains("_2025"))
                .count();
            let kept = fs::read_dir(bot.vault())
                .unwrap()
                .flatten()
                .any(|e| e.file_name().to_string_lossy().starts_with("arrived_"));
            assert!(old == 3 || kept, "step {n}: the newest old one is in the vault before any goes");
        },
    );
}

/// Where SQLite can't write into the damaged file, it and its neighbours go aside in several moves: a marker stands
/// before the first, and `restore --before-start` ends what the kill cut off.
#[test]
fn a_database_that_is_placed_anew_is_whole_after_a_kill_anywhere() {
    assert!(killed_before_each_step("whatsmeow placed anew") >= 20);
}

#[test]
fn a_difference_is_whole_after_a_kill_anywhere() {
    assert!(killed_before_each_step("difference") >= 6);
}

#[test]
fn what_is_set_up_is_whole_after_a_kill_anywhere() {
    assert!(killed_before_each_step("setup") >= 12);
    assert!(killed_before_each_step("setup undone") >= 8);
}

#[test]
fn what_is_received_is_whole_after_a_kill_anywhere() {
    assert!(killed_before_each_step("receive") >= 6);
}
