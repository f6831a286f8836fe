//! Sealing, judged by Debian's `age`: it opens what wakeep sealed, and the other way round.

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::env::used;
use crate::env::wakeep::Wakeep;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn run(folder: &Path, program: &str, args: &[&str]) -> String {
    used(program);
    let out = Command::new(program).args(args).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

fn content(folder: &Path) -> Vec<u8> {
    let bytes: Vec<u8> = (0..300_000u32).map(|n| (n % 253) as u8).collect();
    std::fs::write(folder.join("x.tar.gz"), &bytes).unwrap();
    bytes
}

#[test]
fn age_opens_what_wakeep_seals_and_the_other_way_round() {
    let dir = scratch();
    let here = dir.path();
    let bytes = content(here);
    let made = Wakeep::new(here, ["keygen", "key.txt"]).json(0);
    let recipient = made["recipient"].as_str().unwrap().to_owned();
    assert_eq!(std::fs::metadata(here.join("key.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(run(here, "age-keygen", &["-y", "key.txt"]), recipient);
    run(here, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "ssh"]);
    run(here, "ssh-keygen", &["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "rsa"]);
    let [ssh, rsa] = ["ssh.pub", "rsa.pub"].map(|name| std::fs::read_to_string(here.join(name)).unwrap());
    let all = [(recipient.as_str(), "key.txt"), (ssh.trim(), "ssh"), ("ssh.pub", "ssh"), (rsa.trim(), "rsa")];
    for (to, key) in all.into_iter().chain([("rsa.pub", "rsa")]) {
        let wakeep = |verb, file| Wakeep::new(here, [verb, file]).env("WAKEEP_SEAL_TO", to).env("WAKEEP_IDENTITY", key);
        wakeep("seal", "x.tar.gz").json(0);
        run(here, "age", &["-d", "-i", key, "-o", "by-age", "x.tar.gz.age"]);
        assert_eq!(std::fs::read(here.join("by-age")).unwrap(), bytes, "{key}");
        let list = if to.ends_with(".pub") { ["-R", to] } else { ["-r", to] };
        run(here, "age", &[list[0], list[1], "-a", "-o", "y.age", "x.tar.gz"]);
        wakeep("unseal", "y.age").json(0);
        assert_eq!(std::fs::read(here.join("y")).unwrap(), bytes, "{key}");
        for gone in ["x.tar.gz.age", "y", "y.age", "by-age"] {
            std::fs::remove_file(here.join(gone)).unwrap();
        }
    }
}

#[test]
fn a_passphrase_comes_from_a_file_or_from_systemd() {
    let dir = scratch();
    let here = dir.path();
    let bytes = content(here);
    std::fs::write(here.join("wakeep-passphrase"), "correct horse\n").unwrap();
    Wakeep::new(here, ["seal", "x.tar.gz"]).env("WAKEEP_PASSPHRASE_FILE", "wakeep-passphrase").json(0);
    let credentials = here.display().to_string();
    Wakeep::new(here, ["unseal", "x.tar.gz.age", "--to", "y"]).env("CREDENTIALS_DIRECTORY", &credentials).json(0);
    assert_eq!(std::fs::read(here.join("y")).unwrap(), bytes);
}

#[test]
fn a_locked_ssh_key_opens_with_its_passphrase_and_says_so_without() {
    let dir = scratch();
    let here = dir.path();
    let bytes = content(here);
    std::fs::write(here.join("right"), "correct horse\n").unwrap();
    std::fs::write(here.join("wrong"), "battery staple\n").unwrap();
    for kind in ["ed25519", "rsa"] {
        run(here, "ssh-keygen", &["-q", "-t", kind, "-N", "correct horse", "-f", kind]);
        run(here, "age", &["-R", &format!("{kind}.pub"), "-o", "x.age", "x.tar.gz"]);
        let unseal = || Wakeep::new(here, ["unseal", "x.age"]).env("WAKEEP_IDENTITY", kind);
        let locked = unseal().run();
        assert!(locked.code == 2 && locked.stderr.contains("passphrase_file"), "{locked:?}");
        let wrong = unseal().env("WAKEEP_PASSPHRASE_FILE", "wrong").run();
        assert!(wrong.code == 1 && wrong.stderr.contains("the passphrase doesn't open"), "{wrong:?}");
        assert!(!here.join("x").exists());
        unseal().env("WAKEEP_PASSPHRASE_FILE", "right").json(0);
        assert_eq!(std::fs::read(here.join("x")).unwrap(), bytes);
        for gone in ["x", "x.age"] {
            std::fs::remove_file(here.join(gone)).unwrap();
        }
    }
}

#[test]
fn age_opens_what_is_pushed_under_a_passphrase() {
    let (bot, disk) = (StandIn::stopped(), scratch());
    bot.wakeep(["archive"]).json(0);
    std::fs::write(bot.home().join("words"), "correct horse\n").unwrap();
    std::fs::write(bot.home().join("wrong"), "battery staple\n").unwrap();
    let place = disk.path().to_str().unwrap();
    let with = |args: [&str; 2], file: &str| bot.wakeep(args).env("WAKEEP_PASSPHRASE_FILE", file);
    assert_eq!(with(["push", place], "words").json(0)["sealed"], true);
    // age asks at a terminal only.
    let asked = "printf 'correct horse\\n' | script -qec 'age -d -o by-age whatsapp_auth_latest.tar.gz.age' /dev/null";
    run(disk.path(), "sh", &["-c", asked]);
    let archive = std::fs::read(bot.archive()).unwrap();
    assert!(std::fs::read(disk.path().join("by-age")).unwrap() == archive);
    std::fs::remove_file(bot.archive()).unwrap();
    let wrong = with(["pull", place], "wrong").run();
    assert!(wrong.code == 1 && wrong.stderr.contains("the passphrase doesn't open"), "{wrong:?}");
    with(["pull", place], "words").json(0);
    assert!(std::fs::read(bot.archive()).unwrap() == archive);
}

#[test]
fn a_wrong_key_and_a_cut_file_leave_nothing() {
    let dir = scratch();
    let here = dir.path();
    content(here);
    let right = Wakeep::new(here, ["keygen", "right"]).json(0);
    Wakeep::new(here, ["keygen", "wrong"]).json(0);
    Wakeep::new(here, ["seal", "x.tar.gz"]).env("WAKEEP_SEAL_TO", right["recipient"].as_str().unwrap()).json(0);
    std::fs::remove_file(here.join("x.tar.gz")).unwrap();
    let before = names(here);
    let unseal = |key| Wakeep::new(here, ["unseal", "x.tar.gz.age"]).env("WAKEEP_IDENTITY", key).run();
    let wrong = unseal("wrong");
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.contains("sealed for another key"), "{wrong:?}");
    let none = Wakeep::new(here, ["unseal", "x.tar.gz.age"]).run();
    assert_eq!(none.code, 2, "{none:?}");
    let file = std::fs::OpenOptions::new().write(true).open(here.join("x.tar.gz.age")).unwrap();
    file.set_len(200_000).unwrap();
    let cut = unseal("right");
    assert_eq!(cut.code, 4, "{cut:?}");
    assert!(cut.stderr.contains("x.tar.gz.age is damaged"), "{cut:?}");
    assert_eq!(names(here), before, "nothing was left by a failed attempt");
}

fn names(dir: &Path) -> Vec<String> {
    let mut all: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

#[test]
fn a_sealed_archive_is_restored_and_received() {
    let bot = StandIn::stopped();
    let key = bot.wakeep(["keygen", "key.txt"]).json(0);
    bot.wakeep(["archive"]).json(0);
    let to = key["recipient"].as_str().unwrap();
    bot.wakeep(["seal", "whatsapp_auth_latest.tar.gz", "--to", "moved.tar.gz.age"]).env("WAKEEP_SEAL_TO", to).json(0);
    std::fs::remove_dir_all(bot.session()).unwrap();
    let restored = bot.wakeep(["restore", "--from", "moved.tar.gz.age"]).env("WAKEEP_IDENTITY", "key.txt").json(0);
    assert_eq!(restored["outcome"], "restored");
    std::fs::remove_file(bot.archive()).unwrap();
    let received = bot.wakeep(["receive", "moved.tar.gz.age", "--yes"]).env("WAKEEP_IDENTITY", "key.txt").run();
    assert_eq!(received.code, 0, "{received:?}");
    assert!(received.stdout.contains("moved.tar.gz.age: sound"), "it is the file's verdict: {received:?}");
    bot.wakeep(["verify", "whatsapp_auth_latest.tar.gz"]).json(0);
}
