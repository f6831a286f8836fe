//! `wakeep move` of a bot that systemd runs, from a booted Debian to a real sshd: stopped, moved, and left stopped here;
//! or not moved, and started again.

use crate::env::machine::{Machine, install, wait_for};
use crate::env::sshd::Sshd;
use crate::env::wakeep::{Outcome, Wakeep};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const UNIT: &str = "[Service]
User=bot
WorkingDirectory=/opt/bot
ExecStart=/bin/sh -c 'exec /usr/local/bin/stand-in demo --bot .wwebjs_auth/session <>input >/dev/null'
Restart=always
RestartSec=1
";

const KEEPER: &str = "[Service]
Type=notify
User=bot
WorkingDirectory=/opt/bot
ExecStart=/usr/local/bin/wakeep watch
";

/// A server with a bot that systemd runs, and its keeper, which holds the lease.
struct Here {
    machine: Machine,
}

impl Here {
    fn new(there: &Sshd) -> Here {
        let mut machine = Machine::new();
        let this = Path::new(env!("CARGO_BIN_EXE_wakeep"));
        install(this, &machine, "/usr/local/bin/wakeep");
        install(this, &machine, "/usr/local/bin/stand-in");
        machine.write("/etc/systemd/system/shop.service", UNIT, 0o644);
        machine.write("/etc/systemd/system/keeper.service", KEEPER, 0o644);
        let config = "bot_unit = \"shop\"\nremote = \"/opt/remote\"\nlease_life = \"6s\"\ninterval = \"1s\"\n\
                      push = \"after every archive\"\nssh_options = [\"-F\", \"/opt/bot/ssh/config\"]\n";
        machine.write("/opt/bot/wakeep.toml", config, 0o644);
        // The same client as on this host, with its files where the machine sees them.
        let folder = there.home().display().to_string();
        let client = fs::read_to_string(there.config(there.port)).unwrap().replace(&folder, "/opt/bot/ssh");
        let client = format!("{client}  User root\n");
        machine.write("/opt/bot/ssh/config", &client, 0o600);
        for name in ["user", "known_hosts"] {
            let text = fs::read_to_string(there.home().join(name)).unwrap();
            machine.write(&format!("/opt/bot/ssh/{name}"), &text, 0o600);
        }
        fs::create_dir_all(machine.at("/opt/remote")).unwrap();
        fs::write(machine.at("/etc/hostname"), "here\n").unwrap();
        machine.boot();
        machine.done(
            "useradd --system --create-home bot && mkfifo /opt/bot/input && chown -R bot:bot /opt/bot /opt/remote",
        );
        machine.done("systemctl start shop");
        let here = Here { machine };
        wait_for("the bot's session", || {
            here.machine.at("/opt/bot/.wwebjs_auth/session/Default/IndexedDB").exists().then_some(())
        });
        here.machine.done("systemctl start keeper");
        here.wait_for_lease(|lease| lease["released"] == false);
        here
    }

    fn wakeep(&self, line: &str) -> Outcome {
        self.machine.run(&format!("cd /opt/bot && {line}"))
    }

    fn bot_runs(&self) -> bool {
        self.machine.run("systemctl is-active --quiet shop").code == 0
    }

    fn remote(&self) -> PathBuf {
        self.machine.at("/opt/remote")
    }

    fn wait_for_lease(&self, so: impl Fn(&Value) -> bool) {
        let path = self.remote().join("session.lease");
        let lease = || serde_json::from_slice(&fs::read(&path).ok()?).ok();
        wait_for("the lease", || lease().filter(&so));
    }

    /// Whether a bot may start here.
    fn may_start(&self) -> bool {
        let code = self.wakeep("wakeep restore --before-start").code;
        assert!([0, 11].contains(&code), "{code}");
        code == 0
    }
}

struct Bot(Child);

impl Bot {
    /// Another bot, over there.
    fn on(folder: &Path) -> Bot {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wakeep"));
        command.args(["demo", "--bot"]).arg(folder.join(".wwebjs_auth/session"));
        let bot = Bot(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
        wait_for("its session", || folder.join(".wwebjs_auth/session/Default/IndexedDB").exists().then_some(()));
        bot
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bot_under_systemd_moves_and_stays_stopped() {
    let mut there = Sshd::new();
    let here = Here::new(&there);
    let folder = there.home().join("opt/bot");
    let line = format!("wakeep move ssh://vps{}", folder.display());

    // Nobody answers: it isn't even stopped.
    let pid = here.machine.done("systemctl show -p MainPID --value shop");
    there.kill();
    let refused = here.wakeep(&line);
    assert!(refused.code == 1 && refused.stderr.contains("can't be reached"), "{refused:?}");
    assert_eq!(here.machine.done("systemctl show -p MainPID --value shop"), pid);
    there.start_again();

    // A bot runs there: nothing is moved, and the one here runs again.
    fs::create_dir_all(&folder).unwrap();
    let other = Bot::on(&folder);
    let refused = here.wakeep(&line);
    assert!(refused.code == 1 && refused.stdout.contains("sudo systemctl start shop"), "{refused:?}");
    // Its keeper takes the lease again first.
    wait_for("the bot here", || (here.bot_runs() && here.may_start()).then_some(()));
    drop(other);
    fs::remove_dir_all(&folder).unwrap();

    let moved = here.wakeep(&line);
    assert_eq!(moved.code, 0, "{moved:?}");
    for said in ["sudo systemctl stop shop", "last state was sent", "right to run", "sudo systemctl disable shop"] {
        assert!(moved.stdout.contains(said), "{said}: {moved:?}");
    }
    assert!(!here.bot_runs() && !here.may_start(), "two hosts would run one login");
    assert_eq!(Wakeep::new(&folder, ["check"]).json(0)["login"], "paired");
    // The keeper here still runs, and leaves the lease to the other machine, which needn't wait.
    here.wait_for_lease(|lease| lease["released"] == true);
    fs::write(folder.join("wakeep.toml"), format!("remote = {:?}\nlease_life = \"6s\"\n", here.remote())).unwrap();
    let ran = Wakeep::new(&folder, ["run", "--", "true"]).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    let pushed = Wakeep::new(&folder, ["push"]).run();
    assert_eq!(pushed.code, 0, "it goes on from what was pushed here last: {pushed:?}");
    let journal = here.wakeep("wakeep list --events").stdout;
    assert!(!journal.contains("two hosts with one login"), "{journal}");
}

#[test]
fn a_move_that_is_killed_goes_on_with_the_same_line() {
    let there = Sshd::new();
    let here = Here::new(&there);
    let folder = there.home().join("opt/bot");
    fs::create_dir_all(&folder).unwrap();
    symlink(env!("CARGO_BIN_EXE_wakeep"), folder.join("wakeep")).unwrap();
    let line = format!("wakeep move ssh://vps{}", folder.display());
    let mut halves = 0;
    for n in 1..90 {
        let out = here.wakeep(&format!("WAKEEP_CRASH_BEFORE={n} {line}"));
        if out.code == 0 {
            assert!(halves > 0, "it was never killed in the middle");
            assert!(!here.bot_runs() && !here.may_start());
            assert_eq!(Wakeep::new(&folder, ["check"]).json(0)["login"], "paired");
            // And back, by hand.
            here.wakeep("wakeep restore --force");
            assert!(here.may_start());
            here.wait_for_lease(|lease| lease["released"] == false && lease["host"] == "here");
            return;
        }
        // Never both, never a bot that stands still without a word.
        let half = out.stderr.contains("type the same line again");
        if half {
            assert!(!here.may_start() && !here.bot_runs(), "killed before step {n}: {out:?}");
        } else {
            wait_for("the bot runs again", || (here.may_start() && here.bot_runs()).then_some(()));
        }
        halves += u32::from(half);
    }
    panic!("it never ended");
}
