//! A session whose folder is a mount point, as a Docker volume is: it can't be exchanged, so its children are swapped
//! under a marker, and a kill in between is undone before anything else happens.

use crate::env::standin::StandIn;
use serde_json::Value;
use std::process::{Command, Output};

/// Runs wakeep in a mount namespace of its own in which the session's folder is a mount point.
fn mounted(bot: &StandIn, args: &str, kill_before: Option<u32>) -> Output {
    let wakeep = env!("CARGO_BIN_EXE_wakeep");
    let script = format!("mount --bind .wwebjs_auth/session .wwebjs_auth/session && exec {wakeep} {args}");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(bot.home());
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C");
    if let Some(n) = kill_before {
        command.env("WAKEEP_CRASH_BEFORE", n.to_string());
    }
    command.output().unwrap()
}

fn is_whole(bot: &StandIn) -> bool {
    let outcome = bot.wakeep(["check", "--json"]).run();
    let verdict: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    verdict["verdict"] == "sound" && verdict["login"] == "paired"
}

#[test]
fn a_mount_point_is_swapped_by_its_children() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.tear();
    let output = mounted(&bot, "restore --json", None);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    assert_eq!(said["outcome"], "restored", "{said}");
    assert!(is_whole(&bot));
    assert!(!bot.session().join("SingletonLock").exists());
}

/// Law 3, where the exchange doesn't work: the next start finishes or undoes what a kill left.
#[test]
fn a_swap_of_children_that_was_cut_off_is_undone_before_the_bot_starts() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let mut undone = 0;
    for n in 1..200 {
        let copy = StandIn::copied(bot.home());
        let killed = mounted(&copy, "restore --force", Some(n));
        if killed.status.code() == Some(0) {
            assert!(undone > 5, "the kills fell into the swap {undone} times only");
            return;
        }
        undone += u32::from(copy.session().join(".wakeep/session/restore.json").exists());
        // As a drill leaves it that was cut off, too.
        std::fs::create_dir_all(copy.session().join(".wakeep/session/stage/Default")).unwrap();
        let next = mounted(&copy, "restore --before-start", None);
        assert!(next.status.success(), "step {n}: {next:?}");
        assert!(is_whole(&copy), "after a kill before step {n}");
    }
    panic!("the restore never got through");
}

#[test]
fn the_doctor_tells_a_read_only_disk_from_a_folder_of_anothers() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let wakeep = env!("CARGO_BIN_EXE_wakeep");
    let script =
        format!("mount --bind . . && mount -o remount,ro,bind \"$PWD\" && cd \"$PWD\" && exec {wakeep} doctor");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(bot.home());
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C");
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(said.contains("read-only") && said.contains("remount,rw") && !said.contains("chown"), "{said}");
}
