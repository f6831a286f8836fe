//! What may go wrong between a bot's folder and a remote, over a real folder, sshd and S3 server: whatever it is, the good
//! copy there stays, and nobody else's is replaced.

use crate::env::s3::{BUCKET, S3};
use crate::env::sshd::Sshd;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use crate::env::{scratch, used};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};
use wakeep::error::{Error, Fault};
use wakeep::remote::{Place, Settings, open};

const ARCHIVE: &str = "whatsapp_auth_latest.tar.gz";

/// A bot's wakeep that may use the bucket.
fn at(endpoint: &str, folder: &Path, args: &[&str]) -> Wakeep {
    let wakeep = Wakeep::new(folder, args.iter().copied()).env("WAKEEP_S3_ENDPOINT", endpoint);
    let wakeep = wakeep.env("WAKEEP_REMOTE", &format!("s3://{BUCKET}/bots"));
    wakeep.env("AWS_ACCESS_KEY_ID", "S3RVER").env("AWS_SECRET_ACCESS_KEY", "S3RVER")
}

/// What a pull elsewhere gets.
fn pulled(endpoint: &str) -> Vec<u8> {
    let elsewhere = scratch();
    at(endpoint, elsewhere.path(), &["pull"]).json(0);
    fs::read(elsewhere.path().join(ARCHIVE)).unwrap()
}

#[test]
fn an_archive_that_rotted_here_does_not_replace_the_good_one_there() {
    let (bot, disk) = (StandIn::stopped(), scratch());
    let remote = disk.path().to_str().unwrap();
    bot.wakeep(["archive"]).json(0);
    bot.wakeep(["push", remote]).json(0);
    let good = fs::read(bot.archive()).unwrap();
    fs::remove_file(bot.archive()).unwrap();
    // A disk that loses a bit says nothing.
    let kept = fs::read_dir(bot.vault()).unwrap().flatten().map(|e| e.path());
    for backup in kept.filter(|p| p.to_string_lossy().ends_with(".tar.gz")) {
        let mut rotted = fs::read(&backup).unwrap();
        let middle = rotted.len() / 3;
        rotted[middle] ^= 1;
        fs::write(&backup, &rotted).unwrap();
    }
    let refused = bot.wakeep(["push", remote]).run();
    assert!(refused.code == 4 && refused.stderr.contains("damaged"), "{refused:?}");
    assert!(fs::read(disk.path().join(ARCHIVE)).unwrap() == good);
}

#[test]
fn two_pushes_at_once_take_turns() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let endpoint = server.endpoint();
    let lock = bot.vault().join("sync/push.lock");
    let mut turns = 0;
    for n in 1..9 {
        bot.wakeep(["archive", "--force"]).json(0);
        let mut first = at(&endpoint, bot.home(), &["push"]).env("WAKEEP_STOP_BEFORE", &n.to_string()).spawn();
        until("it stops or ends", || first.is_stopped() || first.has_ended());
        if first.has_ended() {
            break;
        }
        let held = File::open(&lock).is_ok_and(|f| f.try_lock_shared().is_err());
        let second = at(&endpoint, bot.home(), &["push"]).spawn();
        first.signal(rustix::process::Signal::CONT);
        let (first, second) = (first.wait(), second.wait());
        assert_eq!((first.code, second.code), (0, 0), "stopped before step {n}: {first:?} {second:?}");
        assert!(pulled(&endpoint) == fs::read(bot.archive()).unwrap(), "stopped before step {n}");
        turns += u32::from(held);
    }
    assert!(turns > 1, "a push that stands still keeps its turn");
}

fn any_key(name: &str) -> Option<String> {
    (name.ends_with("_KEY") || name.ends_with("_KEY_ID")).then(|| "any".to_owned())
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(90), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_somebody_else_put_there_is_not_replaced_unless_forced() {
    let (bot, disk) = (StandIn::stopped(), scratch());
    let (remote, there) = (disk.path().to_str().unwrap(), disk.path().join(ARCHIVE));
    bot.wakeep(["archive"]).json(0);
    fs::write(&there, "not an archive").unwrap();
    let refused = bot.wakeep(["push", remote]).run();
    assert!(refused.code == 11 && refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(fs::read(&there).unwrap(), b"not an archive");
    bot.wakeep(["push", remote, "--force"]).json(0);
    assert!(fs::read(&there).unwrap() == fs::read(bot.archive()).unwrap());
}

#[test]
fn two_bots_at_one_place_are_told_apart() {
    let (server, bot, other) = (S3::moto(), StandIn::stopped(), StandIn::of("79007654321:1@c.us"));
    let (endpoint, disk) = (server.endpoint(), scratch());
    bot.wakeep(["archive"]).json(0);
    other.wakeep(["archive"]).json(0);
    other.wakeep(["archive", "--force"]).json(0);
    for place in [disk.path().to_str().unwrap(), &format!("s3://{BUCKET}/bots")] {
        at(&endpoint, bot.home(), &["push", place]).json(0);
        let refused = at(&endpoint, other.home(), &["push", place]).run();
        assert!(refused.code == 11 && refused.stderr.contains("another bot"), "{refused:?}");
        at(&endpoint, bot.home(), &["push", place]).json(0);
    }
    assert!(pulled(&endpoint) == fs::read(bot.archive()).unwrap());
    let told = fs::read_to_string(disk.path().join(format!("{ARCHIVE}.json"))).unwrap();
    assert!(!told.contains("7900"), "{told}");
}

#[test]
fn a_sealed_push_that_was_cut_off_is_known_again_without_the_key() {
    let (bot, disk) = (StandIn::stopped(), scratch());
    let (remote, sealed) = (disk.path().to_str().unwrap(), disk.path().join(format!("{ARCHIVE}.age")));
    let to = bot.wakeep(["keygen", "key.txt"]).json(0)["recipient"].as_str().unwrap().to_owned();
    let push = || bot.wakeep(["push", remote]).env("WAKEEP_SEAL_TO", &to);
    bot.wakeep(["archive"]).json(0);
    bot.wakeep(["push", remote]).json(0);
    push().json(0);
    assert!(sealed.exists() && !disk.path().join(ARCHIVE).exists(), "nothing stays open beside what is sealed");
    for n in 1..20 {
        bot.wakeep(["archive", "--force"]).json(0);
        let cut = push().env("WAKEEP_CRASH_BEFORE", &n.to_string()).run();
        push().json(0);
        if cut.code == 0 {
            let elsewhere = scratch();
            let pull = Wakeep::new(elsewhere.path(), ["pull", remote]);
            pull.env("WAKEEP_IDENTITY", bot.home().join("key.txt").to_str().unwrap()).json(0);
            assert!(fs::read(elsewhere.path().join(ARCHIVE)).unwrap() == fs::read(bot.archive()).unwrap());
            return;
        }
    }
    panic!("a push has more durable steps than were tried");
}

#[test]
fn packs_that_are_gone_are_noticed_and_sent_anew() {
    let (server, bot) = (S3::moto(), StandIn::stopped());
    let endpoint = server.endpoint();
    let push = || {
        bot.wakeep(["archive", "--force"]).json(0);
        at(&endpoint, bot.home(), &["push"]).json(0)
    };
    push();
    let state = bot.vault().join("state.json");
    let text = fs::read_to_string(&state).unwrap();
    // A lifecycle rule that knows nothing of packs; then the generation at which the packs are listed.
    let settings = Settings { s3_endpoint: Some(endpoint.clone()), environment: any_key, ..Settings::default() };
    let bucket = open(&Place::parse(&format!("s3://{BUCKET}/bots"), Path::new("/")).unwrap(), &settings).unwrap();
    let packs = bucket.list("session/packs/").unwrap();
    assert_eq!(packs.len(), 1);
    packs.iter().for_each(|pack| bucket.delete(&pack.name).unwrap());
    fs::write(&state, text.replace("\"generation\": 1", "\"generation\": 63")).unwrap();
    let pushed = push();
    assert_eq!(pushed["renewed"], true, "{pushed} {:?}", server.log());
    assert!(pulled(&endpoint) == fs::read(bot.archive()).unwrap());
    assert_eq!(push()["renewed"], false);
    assert!(pulled(&endpoint) == fs::read(bot.archive()).unwrap());
}

#[test]
fn a_pull_follows_a_push_that_ends_meanwhile() {
    let (server, bot, elsewhere) = (S3::moto(), StandIn::stopped(), scratch());
    let endpoint = server.endpoint();
    let to = bot.wakeep(["keygen", "key.txt"]).json(0)["recipient"].as_str().unwrap().to_owned();
    let key = bot.home().join("key.txt").display().to_string();
    bot.wakeep(["archive"]).json(0);
    at(&endpoint, bot.home(), &["push"]).json(0);
    for n in 1..30 {
        let pull = at(&endpoint, elsewhere.path(), &["pull", "--force"]).env("WAKEEP_IDENTITY", &key);
        let mut pull = pull.env("WAKEEP_STOP_BEFORE", &n.to_string()).spawn();
        until("it stops or ends", || pull.is_stopped() || pull.has_ended());
        let stopped = !pull.has_ended();
        // Sealed and open in turn: every pack of before is let go at once.
        bot.wakeep(["archive", "--force"]).json(0);
        let push = at(&endpoint, bot.home(), &["push"]);
        if n % 2 == 0 { push } else { push.env("WAKEEP_SEAL_TO", &to) }.json(0);
        if stopped {
            pull.signal(rustix::process::Signal::CONT);
        }
        let ended = pull.wait();
        assert_eq!(ended.code, 0, "stopped before step {n}: {ended:?}");
        if !stopped {
            return;
        }
    }
    panic!("a pull has more durable steps than were tried");
}

#[test]
fn parts_of_earlier_uploads_are_removed_and_nobody_elses() {
    let (server, bot) = (Sshd::new(), StandIn::stopped());
    used("sshd");
    bot.wakeep(["archive"]).json(0);
    let folder = server.home().join("bot");
    fs::create_dir(&folder).unwrap();
    let (ours, theirs) = (folder.join(format!(".{ARCHIVE}.00ff.part")), folder.join(".video.mp4.part"));
    for part in [&ours, &theirs] {
        fs::write(part, "half").unwrap();
        File::options().write(true).open(part).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    let options = format!("-F {}", server.config(server.port).display());
    let place = format!("ssh://vps{}", folder.display());
    bot.wakeep(["push", &place]).env("WAKEEP_SSH_OPTIONS", &options).json(0);
    assert!(!ours.exists() && theirs.exists());
    let disk = scratch();
    let (ours, theirs) =
        (disk.path().join(format!(".{ARCHIVE}.{}.part", "0f".repeat(16))), disk.path().join(".a.part"));
    for part in [&ours, &theirs] {
        fs::write(part, "half").unwrap();
        File::options().write(true).open(part).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    bot.wakeep(["push", disk.path().to_str().unwrap()]).json(0);
    assert!(!ours.exists() && theirs.exists());
}

#[test]
fn nothing_is_waited_for_beyond_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    // Patience enough for the test to fail if only that ended it.
    let patient = Settings { patience: Duration::from_secs(3600), ..Settings::default() };
    let ask = |place: &str, settings: Settings| {
        let deadline = Some(Instant::now() + Duration::from_secs(2));
        let remote = open(&Place::parse(place, Path::new("/")).unwrap(), &Settings { deadline, ..settings }).unwrap();
        remote.get("a", None, &mut Vec::new())
    };
    let hung = vec!["-o".to_owned(), "ProxyCommand=sleep 3600".to_owned()];
    let over_ssh = ask("ssh://nowhere/x", Settings { ssh_options: hung, ..patient.clone() });
    assert!(matches!(over_ssh, Err(Error::Remote { fault: Fault::TimedOut, .. })), "{over_ssh:?}");
    let over_http = ask("s3://bucket/x", Settings { s3_endpoint: Some(address), environment: any_key, ..patient });
    assert!(matches!(over_http, Err(Error::Remote { fault: Fault::TimedOut, .. })), "{over_http:?}");
}
