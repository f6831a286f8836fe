//! What somebody else writes at the archive's path, and into the archive's own file: what the vault loses by it is made
//! anew, and rubbish keeps no path.

use crate::env::standin::StandIn;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::{Duration, Instant};

fn archive(bot: &StandIn) -> Value {
    bot.wakeep(["archive", "--json"]).json(0)
}

/// Archives until the look of the idle session is noted, and the next answer is the cheap one.
fn settle(bot: &StandIn) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !bot.vault().join("stamp").exists() {
        assert!(Instant::now() < deadline, "the look of the session is never noted");
        std::thread::sleep(Duration::from_millis(300));
        archive(bot);
    }
}

fn restored(bot: &StandIn) -> Value {
    fs::remove_dir_all(bot.session()).unwrap();
    bot.wakeep(["restore", "--if-needed", "--json"]).json(0)
}

/// The line of the earlier scripts, within a quarter of an hour: `cp` writes into the file that the vault's newest
/// generation shares with the archive, and takes it away.
#[test]
fn a_backup_copied_over_the_archive_costs_no_state() {
    let mut bot = StandIn::running();
    archive(&bot);
    let backup = bot.home().join("backup_20250101_120000.tar.gz");
    fs::copy(bot.archive(), &backup).unwrap();
    bot.stop();
    assert_eq!(archive(&bot)["outcome"], "created", "the bot wrote in between");
    settle(&bot);
    let shared = fs::metadata(bot.archive()).unwrap().nlink() > 1;
    assert!(shared, "the second generation is a file of its own, and this test tests nothing");
    fs::copy(&backup, bot.archive()).unwrap();
    let kept = archive(&bot);
    assert_eq!((kept["outcome"].as_str(), kept["generation"].as_u64()), (Some("created"), Some(3)), "{kept}");
    assert_eq!(archive(&bot)["outcome"], "unchanged", "once is enough");
    let restored = restored(&bot);
    assert_eq!((restored["outcome"].as_str(), restored["generation"].as_u64()), (Some("restored"), Some(3)));
}

/// A file from the future isn't being written for ever.
#[test]
fn rubbish_from_the_future_is_replaced_too() {
    let bot = StandIn::stopped();
    archive(&bot);
    fs::write(bot.archive(), "rubbish").unwrap();
    let touched = Command::new("touch").args(["-d", "2 days"]).arg(bot.archive()).status().unwrap();
    assert!(touched.success());
    let kept = archive(&bot);
    assert_eq!((kept["outcome"].as_str(), &kept["in_place"]), (Some("created"), &Value::Bool(true)), "{kept}");
    settle(&bot);
    assert_eq!(archive(&bot)["outcome"], "unchanged");
}
