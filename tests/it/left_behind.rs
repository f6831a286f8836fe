//! What a restore leaves beside the session it put back: the backup of what stood there, and the archive that was used.

use crate::env::standin::StandIn;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

/// The archive used, as it stands beside the vaults.
fn shown(bot: &StandIn) -> PathBuf {
    bot.home().join(".wakeep/whatsapp_auth_latest.tar.gz")
}

fn generation(bot: &StandIn, number: u64) -> PathBuf {
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&format!("g{number:06}_"));
    fs::read_dir(bot.vault()).unwrap().map(|item| item.unwrap().path()).find(name).unwrap()
}

/// Restores whatever the session is like. Returns the backup of what stood there.
fn restore(bot: &StandIn) -> PathBuf {
    let restored = bot.wakeep(["restore", "--force", "--json"]).json(0);
    assert_eq!(restored["outcome"], "restored", "{restored}");
    PathBuf::from(restored["backup"].as_str().unwrap())
}

fn verify(bot: &StandIn, path: &Path) {
    let verified = bot.wakeep(["verify", path.to_str().unwrap()]).run();
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn what_the_vault_holds_already_is_not_written_again() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let same = restore(&bot);
    assert_eq!(inode(&same), inode(&generation(&bot, 1)), "a second name");
    bot.start();
    bot.stop();
    let other = restore(&bot);
    assert_ne!(inode(&other), inode(&generation(&bot, 1)), "the bot has gone on");
    for backup in [same, other] {
        verify(&bot, &backup);
        let again = bot.wakeep(["restore", "--force", "--json", "--from", backup.to_str().unwrap()]).json(0);
        assert_eq!(again["outcome"], "restored", "{again}");
    }
}

/// A backup that rotted is none, whatever its index says.
#[test]
fn a_rotten_generation_is_no_backup_of_what_stands_there() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let kept = generation(&bot, 1);
    let mut bytes = fs::read(&kept).unwrap();
    bytes[40] ^= 1;
    fs::write(&kept, bytes).unwrap();
    let backup = restore(&bot);
    assert_ne!(inode(&backup), inode(&kept));
    verify(&bot, &backup);
}

#[test]
fn the_archive_used_stands_beside_the_vaults_whatever_becomes_of_the_one_at_its_path() {
    let mut bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    let used = fs::read(bot.archive()).unwrap();
    for _ in 0..2 {
        restore(&bot);
        assert_eq!(fs::read(shown(&bot)).unwrap(), used);
        assert!(!bot.vault().join(".used").exists());
    }
    assert_ne!(inode(&shown(&bot)), inode(&generation(&bot, 1)), "who writes into it reaches no backup");
    bot.start();
    bot.stop();
    assert_eq!(bot.wakeep(["archive", "--json"]).json(0)["outcome"], "created");
    assert_eq!(fs::read(shown(&bot)).unwrap(), used, "the next archive takes its own place");
    // As the earlier scripts kept a copy by hand.
    fs::copy(bot.archive(), shown(&bot)).unwrap();
    verify(&bot, &generation(&bot, 1));
}

/// What somebody put at the archive's path may be written into again at any time: what is shown of it is a copy.
#[test]
fn what_arrived_and_was_restored_is_shown_as_a_copy() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    bot.wakeep(["archive", "--force"]).run();
    let older = generation(&bot, 1);
    fs::copy(&older, bot.archive()).unwrap();
    restore(&bot);
    assert_eq!(fs::read(shown(&bot)).unwrap(), fs::read(&older).unwrap());
    assert_ne!(inode(&shown(&bot)), inode(&bot.archive()));
}
