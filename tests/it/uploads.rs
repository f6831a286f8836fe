//! An archive that was brought along: whose file is taken, which file is blamed, and what a command that is broken off leaves.

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use crate::lease::until;
use rustix::process::{Pid, Signal};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The copies of uploads that stand beside the archive.
fn arriving(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    names.filter(|n| n.to_string_lossy().ends_with(".arriving")).count()
}

#[test]
fn the_file_that_is_bad_is_the_one_that_is_named() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let bytes = fs::read(bot.archive()).unwrap();
    let brought = bot.home().join("brought.tar.gz");
    fs::write(&brought, &bytes[..bytes.len() / 2]).unwrap();
    let cut = bot.wakeep(["receive", brought.to_str().unwrap(), "--yes"]).run();
    fs::write(&brought, b"no archive").unwrap();
    let none = bot.wakeep(["receive", brought.to_str().unwrap(), "--yes"]).run();
    for said in [cut, none] {
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(said.code == 4 && all.contains("brought.tar.gz") && !all.contains("whatsapp_auth"), "{said:?}");
    }
    assert_eq!(fs::read(bot.archive()).unwrap(), bytes);
}

#[test]
fn an_upload_that_is_broken_off_leaves_no_key_behind() {
    let (from, bot) = (StandIn::stopped(), StandIn::stopped());
    assert_eq!(from.wakeep(["archive"]).run().code, 0);
    let bytes = fs::read(from.archive()).unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let mut receive = Command::new(env!("CARGO_BIN_EXE_wakeep"));
        receive.args(["receive", "-", "--yes"]).current_dir(bot.home()).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut running = receive.spawn().unwrap();
        let mut input = running.stdin.take().unwrap();
        input.write_all(&bytes[..bytes.len() / 2]).unwrap();
        let start = Instant::now();
        while arriving(bot.home()) == 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "nothing arrives");
            std::thread::sleep(Duration::from_millis(20));
        }
        rustix::process::kill_process(Pid::from_child(&running), signal).unwrap();
        assert_eq!(running.wait().unwrap().code(), Some(130));
        assert_eq!(arriving(bot.home()), 0);
    }
    // What a kill left all the same goes with the next round.
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    let left = bot.home().join(format!(".whatsapp_auth_latest.tar.gz.{}.arriving", dead.id()));
    fs::write(&left, &bytes).unwrap();
    assert_eq!(bot.wakeep(["archive", "--force"]).run().code, 0);
    assert_eq!(arriving(bot.home()), 0);
}

/// An unpacked login is a key to the account as well; `check` unpacks into the same kind of folder.
#[test]
fn a_demo_that_is_broken_off_leaves_no_scratch_folder() {
    let (home, scratch) = (scratch(), scratch());
    let lies = || fs::read_dir(scratch.path()).unwrap().count();
    for signal in [Signal::INT, Signal::TERM] {
        let demo = Wakeep::new(home.path(), ["demo"]).env("TMPDIR", scratch.path().to_str().unwrap()).spawn();
        let is_written = |dir: fs::DirEntry| dir.path().join(".wwebjs_auth").exists();
        until("the scratch session", || fs::read_dir(scratch.path()).unwrap().flatten().any(is_written));
        demo.signal(signal);
        assert_eq!(demo.wait().code, 130, "{signal:?}");
        assert_eq!(lies(), 0, "{signal:?}");
    }
}

#[test]
fn an_archive_of_another_users_is_passed_over() {
    let (from, bot) = (StandIn::stopped(), StandIn::stopped());
    if fs::metadata(bot.home()).unwrap().uid() != 0 {
        // Whoever isn't root can't give a file to anybody.
        return;
    }
    assert_eq!(from.wakeep(["archive"]).run().code, 0);
    let home = scratch();
    fs::copy(from.archive(), home.path().join("whatsapp_auth_latest.tar.gz")).unwrap();
    let strange = tempfile::Builder::new().prefix("whatsapp_auth_").suffix(".tar.gz").tempfile_in("/tmp").unwrap();
    fs::write(strange.path(), b"not ours").unwrap();
    chown(strange.path(), Some(65_534), Some(65_534)).unwrap();
    let taken = bot.wakeep(["receive", "--yes"]).env("HOME", home.path().to_str().unwrap()).run();
    assert_eq!(taken.code, 0, "{taken:?}");
    let name = strange.path().to_str().unwrap();
    assert!(taken.stdout.contains(&format!("another user's: {name}")) && bot.archive().exists(), "{taken:?}");
}
