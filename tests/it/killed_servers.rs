//! The other side killed in the middle of a transfer, and started again: nothing half is to be seen there, what goes on
//! goes on, and the next push or pull succeeds.

use crate::env::proxy::Proxy;
use crate::env::s3::{BUCKET, S3};
use crate::env::scratch;
use crate::env::sshd::Sshd;
use crate::env::standin::StandIn;
use crate::env::wakeep::{Running, Wakeep};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const NAME: &str = "whatsapp_auth_latest.tar.gz";
/// The size of what is transferred, in megabytes: a bucket gets it in three parts.
const SIZE: usize = 20;
/// In the second part, and beyond what buffers on the way hold.
const MIDDLE: u64 = 10 << 20;

fn noise(size: usize, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

/// An archive of about so many megabytes, of new noise.
fn archive(bot: &StandIn, megabytes: usize, seed: u8) -> Vec<u8> {
    fs::write(bot.session().join("Default/big"), noise(megabytes << 20, seed)).unwrap();
    bot.wakeep(["archive", "--force"]).env("WAKEEP_CARRY", "all").json(0);
    fs::read(bot.archive()).unwrap()
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(90), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

// --- a bucket

fn at(port: u16, folder: &Path, args: &[&str]) -> Wakeep {
    let wakeep = Wakeep::new(folder, args.iter().copied()).env("WAKEEP_REMOTE", &format!("s3://{BUCKET}/bots"));
    let wakeep = wakeep.env("WAKEEP_S3_ENDPOINT", &format!("http://127.0.0.1:{port}"));
    wakeep.env("AWS_ACCESS_KEY_ID", "S3RVER").env("AWS_SECRET_ACCESS_KEY", "S3RVER")
}

fn pulled(port: u16) -> Vec<u8> {
    let elsewhere = scratch();
    at(port, elsewhere.path(), &["pull"]).json(0);
    fs::read(elsewhere.path().join(NAME)).unwrap()
}

/// A push that is in its middle.
fn in_the_middle(bot: &StandIn, line: &Proxy) -> Running {
    let before = line.up();
    let push = at(line.port, bot.home(), &["push"]).spawn();
    until("it is in the middle", || line.up() - before > MIDDLE);
    push
}

#[test]
fn a_storage_that_is_killed_in_the_middle_of_a_push_is_pushed_to_when_it_is_back() {
    let (mut disk, bot) = (S3::liar(), StandIn::stopped());
    let line = Proxy::slow(disk.port, 20);
    let first = archive(&bot, 1, 1);
    at(disk.port, bot.home(), &["push"]).json(0);
    let second = archive(&bot, SIZE, 2);
    // Back at once: this very push ends well.
    let push = in_the_middle(&bot, &line);
    disk.kill();
    disk.start_again();
    assert!(pulled(disk.port) == first, "half of the second one is to be seen");
    let ended = push.wait();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(pulled(disk.port) == second);
    // Both sides at once: the next push brings it.
    let third = archive(&bot, SIZE, 3);
    let push = in_the_middle(&bot, &line);
    disk.kill();
    drop(push);
    disk.start_again();
    assert!(pulled(disk.port) == second, "half of the third one is to be seen");
    at(disk.port, bot.home(), &["push"]).json(0);
    assert!(pulled(disk.port) == third);
}

#[test]
fn a_storage_that_lost_all_it_had_in_the_middle_of_a_push_gets_all_of_it_anew() {
    let (mut memory, bot) = (S3::moto(), StandIn::stopped());
    let line = Proxy::slow(memory.port, 20);
    archive(&bot, 1, 1);
    at(memory.port, bot.home(), &["push"]).json(0);
    let second = archive(&bot, SIZE, 2);
    let push = in_the_middle(&bot, &line);
    memory.kill();
    memory.start_again();
    // One sentence, and the code of what may go better the next time.
    let ended = push.wait();
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.lines().count() <= 3 && ended.stderr.contains("it will be tried again"), "{ended:?}");
    let nothing = at(memory.port, scratch().path(), &["pull"]).run();
    assert_eq!(nothing.code, 10, "{nothing:?}");
    at(memory.port, bot.home(), &["push"]).json(0);
    assert!(pulled(memory.port) == second);
}

#[test]
fn a_pull_goes_on_with_a_storage_that_was_killed_and_leaves_nothing_half() {
    let (mut disk, bot, elsewhere) = (S3::liar(), StandIn::stopped(), scratch());
    let line = Proxy::slow(disk.port, 20);
    let first = archive(&bot, SIZE, 1);
    at(disk.port, bot.home(), &["push"]).json(0);
    let pull = at(line.port, elsewhere.path(), &["pull"]).spawn();
    until("it is in the middle", || line.down() > MIDDLE);
    disk.kill();
    disk.start_again();
    let ended = pull.wait();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(fs::read(elsewhere.path().join(NAME)).unwrap() == first);
    assert!(line.down() < ((SIZE << 20) * 3 / 2) as u64, "it began anew");
    // Both sides at once.
    fs::remove_file(elsewhere.path().join(NAME)).unwrap();
    let before = line.down();
    let pull = at(line.port, elsewhere.path(), &["pull", "--force"]).spawn();
    until("it is in the middle", || line.down() - before > MIDDLE);
    disk.kill();
    drop(pull);
    let left = fs::read_dir(elsewhere.path()).unwrap().flatten().map(|e| e.file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("whatsapp_auth")));
}

// --- a machine behind SSH

struct Vps {
    server: Sshd,
    line: Proxy,
    folder: PathBuf,
}

impl Vps {
    fn new() -> Vps {
        let server = Sshd::new();
        let line = Proxy::slow(server.port, 20);
        let folder = server.home().join("bot");
        fs::create_dir(&folder).unwrap();
        Vps { server, line, folder }
    }

    /// wakeep over the slow line.
    fn slowly(&self, folder: &Path, verb: &str) -> Wakeep {
        let place = format!("ssh://vps{}", self.folder.display());
        let options = format!("-F {}", self.server.config(self.line.port).display());
        Wakeep::new(folder, [verb, &place]).env("WAKEEP_SSH_OPTIONS", &options)
    }

    fn there(&self) -> Vec<u8> {
        fs::read(self.folder.join(NAME)).unwrap()
    }
}

/// Killed in the middle of pushes, and back at once, or killed with the push; with and without a wakeep over there.
fn pushes_go_on(vps: &mut Vps, back_at_once: &[bool]) {
    let bot = StandIn::stopped();
    let first = archive(&bot, 1, 1);
    vps.slowly(bot.home(), "push").json(0);
    let mut before = first;
    for (n, back_at_once) in (2..).zip(back_at_once) {
        let next = archive(&bot, SIZE, n);
        let sent = vps.line.up();
        let push = vps.slowly(bot.home(), "push").spawn();
        until("it is in the middle", || vps.line.up() - sent > MIDDLE);
        vps.server.kill();
        assert!(vps.there() == before, "half of it is to be seen");
        if *back_at_once {
            vps.server.start_again();
            let ended = push.wait();
            assert_eq!(ended.code, 0, "{ended:?}");
        } else {
            drop(push);
            vps.server.start_again();
            assert!(vps.there() == before, "half of it is to be seen");
            vps.slowly(bot.home(), "push").json(0);
        }
        assert!(vps.there() == next);
        let sent = vps.line.up() - sent;
        assert!(sent < ((SIZE << 20) * 3 / 2) as u64, "what had come before came again: {sent} bytes went up");
        before = next;
    }
}

#[test]
fn a_push_goes_on_with_an_sshd_that_was_killed() {
    pushes_go_on(&mut Vps::new(), &[true, false]);
}

#[test]
fn a_push_of_members_goes_on_with_an_sshd_that_was_killed() {
    let mut vps = Vps::new();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_wakeep"), vps.folder.join("wakeep")).unwrap();
    pushes_go_on(&mut vps, &[true]);
}

#[test]
fn a_pull_goes_on_with_an_sshd_that_was_killed() {
    let (mut vps, bot, elsewhere) = (Vps::new(), StandIn::stopped(), scratch());
    let first = archive(&bot, SIZE, 1);
    fs::copy(bot.archive(), vps.folder.join(NAME)).unwrap();
    let pull = vps.slowly(elsewhere.path(), "pull").spawn();
    until("it is in the middle", || vps.line.down() > MIDDLE);
    vps.server.kill();
    vps.server.start_again();
    let ended = pull.wait();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(fs::read(elsewhere.path().join(NAME)).unwrap() == first);
    assert!(vps.line.down() < ((SIZE << 20) * 3 / 2) as u64, "it began anew");
}
