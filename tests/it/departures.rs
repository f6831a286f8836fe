//! Who stops a bot starts it again: moves and restores that are interrupted, refused or complained about, each ending in a
//! bot that runs here or in a sentence that says what stands and which line ends it.

use crate::env::machine::wait_for;
use crate::env::sshd::Sshd;
use crate::env::standin::StandIn;
use crate::env::wakeep::{Running, Wakeep};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Speaks as `systemctl` does of one unit, whose state is a file; and does what the test wants to go wrong.
const SYSTEMCTL: &str = r#"#!/bin/sh
cd HOME && echo "$*" >>asked
case "$1" in
is-active) cat unit ;;
show) cat user ;;
stop)
    [ -e stop-hangs ] && echo deactivating >unit && touch hanging
    while [ -e stop-hangs ]; do sleep 0.05; done
    [ -e bot ] && kill -9 "$(cat bot)"
    echo inactive >unit
    [ ! -e complains ] ;;
start) echo active >unit ;;
esac
"#;

/// The system's `ssh`, which hangs before it asks for what the test names.
const SSH: &str = r#"#!/bin/sh
cd HOME || exit 1
if [ -e ssh-hangs ]; then case "$*" in
*"$(cat ssh-hangs)"*) touch hanging; while [ -e ssh-hangs ]; do sleep 0.05; done; exit 255 ;;
esac; fi
exec /usr/bin/ssh "$@"
"#;

/// A bot under a supervisor that says it runs.
struct Here(StandIn);

impl Here {
    fn new(config: &str) -> Here {
        let here = Here(StandIn::stopped());
        fs::create_dir(here.at("bin")).unwrap();
        for (name, text) in [("systemctl", SYSTEMCTL), ("ssh", SSH)] {
            let program = here.at("bin").join(name);
            fs::write(&program, text.replace("HOME", &here.0.home().display().to_string())).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        here.set("unit", "active");
        here.set("user", "");
        here.set("wakeep.toml", &format!("bot_unit = \"shop\"\n{config}"));
        here
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.home().join(name)
    }

    fn set(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }

    fn unit(&self) -> String {
        fs::read_to_string(self.at("unit")).unwrap().trim().to_owned()
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.at("asked")).unwrap_or_default()
    }

    fn wakeep<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Wakeep {
        self.0.wakeep(args).env("PATH", &format!("{}:/usr/bin:/bin", self.at("bin").display()))
    }

    /// Waits until what was told to hang does.
    fn hangs(&self) {
        wait_for("it to hang", || self.at("hanging").exists().then_some(()));
    }

    /// Sends the signal while `what` hangs, and lets it go on then.
    fn interrupted(&self, args: &[&str], what: &str, signal: Signal) -> crate::env::wakeep::Outcome {
        let running = self.wakeep(args.iter().copied()).spawn();
        self.hangs();
        running.signal(signal);
        // Whoever waits for the signal's end has it; what hung goes with it or by itself.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let _ = fs::remove_file(self.at(what));
        running.wait()
    }

    fn conditions(&self) -> String {
        let out = self.wakeep(["status", "--json"]).run();
        let status: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
        status["sessions"][0]["conditions"].to_string()
    }

    fn may_start(&self) -> i32 {
        self.wakeep(["restore", "--before-start"]).run().code
    }

    /// A bot at work on the session, which the stop ends.
    fn bot(&self) -> Bot {
        self.bot_of(Command::new(env!("CARGO_BIN_EXE_wakeep")))
    }

    fn bot_of(&self, mut command: Command) -> Bot {
        command.args(["demo", "--bot"]).arg(self.0.session()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut bot = Bot(command.spawn().unwrap());
        self.set("bot", &bot.0.id().to_string());
        let mut line = String::new();
        BufReader::new(bot.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        bot
    }
}

struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The machine that it moves to, with a wakeep in the bot's folder; and the line that moves it.
fn there(there: &Sshd) -> (String, String) {
    let folder = there.home().join("opt/bot");
    fs::create_dir_all(&folder).unwrap();
    symlink(env!("CARGO_BIN_EXE_wakeep"), folder.join("wakeep")).unwrap();
    let config = format!("ssh_options = [\"-F\", \"{}\"]\n", there.config(there.port).display());
    (config, format!("ssh://vps{}", folder.display()))
}

/// Law 5: between two starts a session is free as well.
#[test]
fn a_bot_that_is_about_to_start_is_stopped_before_it_moves() {
    let sshd = Sshd::new();
    let (config, to) = there(&sshd);
    let here = Here::new(&config);
    here.set("unit", "activating");
    let moved = here.wakeep(["move", &to]).run();
    assert!(moved.code == 0 && moved.stdout.contains("sudo systemctl stop shop"), "{moved:?}");
    assert_eq!((here.unit().as_str(), here.may_start()), ("inactive", 11));
    let status = here.wakeep(["status"]).run();
    assert!(status.stdout.contains("belongs there") && !status.stdout.contains("is safe"), "{status:?}");
    assert!(here.wakeep(["doctor"]).run().stdout.contains("belongs there"));
    // It stays stopped, and a supervisor that starts it all the same makes no second move.
    here.set("unit", "inactive");
    assert_eq!(here.wakeep(["move", &to]).run().code, 0, "it is there");
}

#[test]
fn a_move_that_is_interrupted_leaves_a_bot_that_runs_here_or_says_what_ends_it() {
    let sshd = Sshd::new();
    let (config, to) = there(&sshd);
    let here = Here::new(&config);
    // While the bot is being stopped, and while the last state is sent: nothing has left.
    for (what, text, signal) in [
        ("stop-hangs", "", Signal::INT),
        ("ssh-hangs", "receive --members", Signal::TERM),
        ("ssh-hangs", "receive --members", Signal::HUP),
    ] {
        here.set(what, text);
        let ended = here.interrupted(&["move", &to], what, signal);
        assert_eq!((ended.code, here.unit().as_str()), (130, "active"), "{what}: {ended:?}");
        assert!(ended.stdout.contains("sudo systemctl start shop"), "{ended:?}");
        assert_eq!((here.may_start(), here.conditions().as_str()), (0, "[]"), "{what}");
        fs::remove_file(here.at("hanging")).unwrap();
    }
    // Killed, and whoever does the work for it: nobody is left to start it.
    here.set("ssh-hangs", "receive --members");
    let running = here.wakeep(["move", to.as_str()]).spawn();
    here.hangs();
    assert_eq!(here.may_start(), 11, "while it moves");
    kill_all(&running);
    let _ = fs::remove_file(here.at("ssh-hangs"));
    running.wait();
    assert_eq!(here.unit(), "inactive");
    assert!(here.conditions().contains("broken_off"), "{}", here.conditions());
    let doctor = here.wakeep(["doctor"]).run();
    assert!(doctor.stdout.contains("sudo systemctl start shop"), "{doctor:?}");
    assert_eq!((here.may_start(), here.conditions().as_str()), (0, "[]"), "the next start takes it back");
    assert!(here.wakeep(["doctor"]).run().stdout.contains("doesn't run"));
    here.set("unit", "active");
    fs::remove_file(here.at("hanging")).unwrap();
    // Once the machine there was asked, it could be active there.
    here.set("ssh-hangs", "restore --force");
    let ended = here.interrupted(&["move", &to], "ssh-hangs", Signal::INT);
    assert_eq!((ended.code, here.unit().as_str(), here.may_start()), (130, "inactive", 11), "{ended:?}");
    assert!(ended.stderr.contains("type the same line again"), "{ended:?}");
    assert!(here.conditions().contains("half"), "{}", here.conditions());
    let refused = here.wakeep(["restore"]).run();
    assert!(refused.code == 11 && refused.stderr.contains(&format!("wakeep move {to}")), "{refused:?}");
    let moved = here.wakeep(["move", &to]).run();
    assert_eq!((moved.code, here.unit().as_str()), (0, "inactive"), "{moved:?}");
    // And back, by force.
    assert_eq!(here.wakeep(["restore", "--force"]).run().code, 0);
    assert_eq!((here.may_start(), here.conditions().as_str()), (0, "[]"));
}

/// The process and its children, at once.
fn kill_all(running: &Running) {
    let pid = running.pid();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let children: Vec<u32> = children.split_whitespace().map(|c| c.parse().unwrap()).collect();
    assert!(!children.is_empty(), "nobody does the work");
    running.signal(Signal::KILL);
    for child in children {
        kill_process(Pid::from_raw(child.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    }
}

#[test]
fn a_restore_leaves_no_bot_stopped() {
    let here = Here::new("");
    assert_eq!(here.0.wakeep(["archive"]).run().code, 0);
    // A supervisor that complains of a bot that stands still.
    here.set("complains", "");
    let bot = here.bot();
    let restored = here.wakeep(["restore", "--force"]).run();
    assert!(restored.code == 0 && restored.stdout.contains("restored"), "{restored:?}");
    assert_eq!(here.unit(), "active");
    drop(bot);
    // Interrupted while it stops.
    here.set("stop-hangs", "");
    let bot = here.bot();
    let ended = here.interrupted(&["restore", "--force"], "stop-hangs", Signal::INT);
    assert_eq!((ended.code, here.unit().as_str()), (130, "active"), "{ended:?}");
    drop(bot);
}

#[test]
fn no_bot_is_stopped_for_a_restore_that_cannot_be() {
    let here = Here::new("");
    let bot = here.bot();
    here.set("bad.tar.gz", "no archive");
    assert_eq!(here.wakeep(["restore", "--force"]).run().code, 10, "there is no archive");
    assert_eq!(here.0.wakeep(["archive"]).run().code, 0);
    for (args, code) in [(["--from", "bad.tar.gz"], 4), (["--at", "2020-01-01T00:00"], 10)] {
        let refused = here.wakeep(["restore", "--force"].into_iter().chain(args)).run();
        assert_eq!(refused.code, code, "{refused:?}");
    }
    assert!(!here.asked().contains("stop"), "{}", here.asked());
    assert!(!here.at(".wakeep/session/stage").exists(), "a copy of the login is left");
    drop(bot);
}

/// A configuration that the bot's user wrote gives orders to that user only.
#[test]
fn root_stops_no_other_users_unit_for_a_bot() {
    const NOBODY: u32 = 65534;
    let here = Here::new("");
    let chown_all = |path: &Path| {
        assert!(Command::new("chown").args(["-R", "nobody:nogroup"]).arg(path).status().unwrap().success());
    };
    if chown(here.at("wakeep.toml"), Some(NOBODY), None).is_err() {
        // Who isn't root stops nothing as root.
        return;
    }
    fs::copy(env!("CARGO_BIN_EXE_wakeep"), here.at("stand-in")).unwrap();
    chown_all(here.0.home());
    assert_eq!(here.wakeep(["archive"]).run().code, 0);
    let mut theirs = Command::new(here.at("stand-in"));
    theirs.uid(NOBODY).gid(NOBODY);
    let bot = here.bot_of(theirs);
    let refused = here.wakeep(["restore", "--force"]).run();
    assert!(refused.code == 2 && refused.stderr.contains("runs as root"), "{refused:?}");
    assert!(!here.asked().contains("stop"), "{}", here.asked());
    here.set("user", "nobody");
    chown_all(here.0.home());
    let restored = here.wakeep(["restore", "--force"]).run();
    assert!(here.asked().contains("stop") && here.unit() == "active", "{restored:?}");
    drop(bot);
}
