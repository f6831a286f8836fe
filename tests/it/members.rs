//! Over SSH between two wakeeps: only changed members travel, and the other side publishes through its own vault.

use crate::env::proxy::{Fate, Proxy, SmallDisk};
use crate::env::scratch;
use crate::env::sshd::Sshd;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

const NAME: &str = "whatsapp_auth_latest.tar.gz";

/// A server, and a folder on it where a wakeep lies.
fn vps() -> (Sshd, PathBuf) {
    let server = Sshd::new();
    let folder = server.home().join("bot");
    std::fs::create_dir(&folder).unwrap();
    symlink(env!("CARGO_BIN_EXE_wakeep"), folder.join("wakeep")).unwrap();
    (server, folder)
}

fn push(bot: &StandIn, server: &Sshd, port: u16, folder: &Path) -> Wakeep {
    let place = format!("ssh://vps{}", folder.display());
    let options = format!("-F {}", server.config(port).display());
    bot.wakeep(["push", &place]).env("WAKEEP_SSH_OPTIONS", &options)
}

fn noise(size: usize, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

fn archive(bot: &StandIn) -> Vec<u8> {
    bot.wakeep(["archive", "--force"]).env("WAKEEP_CARRY", "all").json(0);
    std::fs::read(bot.archive()).unwrap()
}

fn there(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join(NAME)).unwrap()
}

/// A bot whose archive is so many megabytes.
fn large(megabytes: usize) -> StandIn {
    let bot = StandIn::stopped();
    std::fs::write(bot.session().join("Default/big"), noise(megabytes << 20, 1)).unwrap();
    bot
}

fn change_a_megabyte(bot: &StandIn, seed: u8) {
    let big = bot.session().join("Default/big");
    let mut bytes = std::fs::read(&big).unwrap();
    bytes[1 << 20..2 << 20].copy_from_slice(&noise(1 << 20, seed));
    std::fs::write(&big, bytes).unwrap();
}

#[test]
fn of_a_large_session_only_the_changed_megabyte_travels() {
    let ((server, folder), bot) = (vps(), large(40));
    let line = Proxy::sound(server.port);
    assert!(!archive(&bot).is_empty());
    push(&bot, &server, line.port, &folder).json(0);
    assert!(line.up() > 40 << 20, "{} bytes went up at first", line.up());
    change_a_megabyte(&bot, 2);
    let archive = archive(&bot);
    let before = line.up();
    let pushed = push(&bot, &server, line.port, &folder).json(0);
    let wire = line.up() - before;
    println!("second push: {wire} bytes at the wire, {pushed}");
    assert!(wire <= 2 << 20, "{wire} bytes went up for one changed megabyte");
    assert!(there(&folder) == archive, "the archive there is not the archive here");
    assert_eq!(push(&bot, &server, line.port, &folder).json(0)["outcome"], "unchanged");

    // That side's vault made it its own: no stranger put it there.
    let events = std::fs::read_to_string(folder.join(".wakeep/session/journal.jsonl")).unwrap_or_default();
    assert!(!events.contains("arrived"), "{events}");
    let status = Wakeep::new(&folder, ["status"]).run();
    assert!(!status.stdout.contains("arrived"), "{status:?}");
    let generations = std::fs::read_dir(folder.join(".wakeep/session")).unwrap().flatten();
    assert_eq!(generations.filter(|e| e.file_name().to_string_lossy().starts_with("g0")).count(), 2);
    let restored = Wakeep::new(&folder, ["restore"]).json(0);
    assert_eq!(restored["outcome"], "restored", "{restored}");
    // What that side makes from now on is later.
    let next = Wakeep::new(&folder, ["archive", "--force"]).json(0);
    assert_eq!(next["generation"], 3, "{next}");
    let refused = push(&bot, &server, line.port, &folder).run();
    assert_eq!(refused.code, 11, "what that side has made since is later: {refused:?}");
}

#[test]
fn owner_and_mode_are_those_of_the_bot_there() {
    let ((server, folder), bot) = (vps(), StandIn::stopped());
    const NOBODY: u32 = 65534;
    std::fs::set_permissions(server.home(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let session = folder.join(".wwebjs_auth");
    std::fs::create_dir(&session).unwrap();
    std::fs::write(folder.join("wakeep.toml"), "archive_mode = \"0640\"\n").unwrap();
    for path in [&folder, &session, &folder.join("wakeep.toml")] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    bot.wakeep(["archive"]).json(0);
    push(&bot, &server, server.port, &folder).json(0);
    let meta = std::fs::metadata(folder.join(NAME)).unwrap();
    assert_eq!((meta.uid(), meta.mode() & 0o777), (NOBODY, 0o640));
    let state = std::fs::metadata(folder.join(".wakeep/session/state.json")).unwrap();
    assert_eq!(state.uid(), NOBODY);
}

#[test]
fn a_cut_line_leaves_the_earlier_archive_and_the_next_push_goes_on() {
    let ((server, folder), bot) = (vps(), large(6));
    let first = archive(&bot);
    push(&bot, &server, server.port, &folder).json(0);
    std::fs::write(bot.session().join("Default/big"), noise(6 << 20, 3)).unwrap();
    archive(&bot);
    let broken = Proxy::new(server.port, Fate::Cut, 200 << 10, 100);
    let cut = push(&bot, &server, broken.port, &folder).run();
    assert_eq!(cut.code, 1, "{cut:?}");
    assert!(broken.times_left() < 100 && there(&folder) == first, "a cut line changed the archive there: {cut:?}");
    let once = Proxy::new(server.port, Fate::Cut, 3 << 20, 1);
    std::fs::write(bot.session().join("Default/big"), noise(6 << 20, 4)).unwrap();
    let third = archive(&bot);
    let pushed = push(&bot, &server, once.port, &folder).json(0);
    assert!(once.times_left() == 0 && there(&folder) == third, "{pushed}");
    assert!(once.up() < 9 << 20, "what had come before the cut came again: {} bytes", once.up());
}

#[test]
fn a_full_disk_there_leaves_the_earlier_archive() {
    let ((server, folder), bot, here) = (vps(), large(1), scratch());
    let disk = SmallDisk::new(here.path());
    symlink(folder.join("wakeep"), disk.path().join("wakeep")).unwrap();
    let first = archive(&bot);
    push(&bot, &server, server.port, disk.path()).json(0);
    std::fs::write(bot.session().join("Default/big"), noise(7 << 20, 2)).unwrap();
    archive(&bot);
    let full = push(&bot, &server, server.port, disk.path()).run();
    assert_eq!(full.code, 1, "{full:?}");
    assert!(there(disk.path()) == first);
    std::fs::write(bot.session().join("Default/big"), noise(100 << 10, 3)).unwrap();
    let third = archive(&bot);
    push(&bot, &server, server.port, disk.path()).json(0);
    assert!(there(disk.path()) == third);
}
