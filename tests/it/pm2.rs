//! pm2, the real one: the bot stays its own process, the login is back before the bot's first line, and a restore stops
//! and starts it. By the examples that the release and the npm package hold.

use crate::env::machine::wait_for;
use crate::env::standin::StandIn;
use crate::env::{real_parts, scratch, used};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

/// A pm2 of the test's own, which ends with it.
struct Pm2<'a> {
    bot: &'a StandIn,
}

impl Pm2<'_> {
    fn command(&self, program: &str) -> Command {
        let home = self.bot.home();
        let mut command = Command::new(program);
        let bin = real_parts().join("node_modules/.bin");
        let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", home.join("bin").display(), bin.display());
        command.env_clear().env("PATH", path).env("HOME", home).env("PM2_HOME", home.join("pm2")).current_dir(home);
        // The npm package's own way to the program; the other example finds it by PATH.
        command.env("WAKEEP_BINARY", home.join("bin/wakeep"));
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, program: &str, args: &[&str]) -> String {
        let out = self.command(program).args(args).output().unwrap();
        assert!(out.status.success(), "{program} {args:?}: {out:?}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// What the bot has said in all its lives; pm2 numbers the log where the example says how many instances there are.
    fn said(&self) -> String {
        let logs = fs::read_dir(self.bot.home().join("pm2/logs")).into_iter().flatten().flatten().map(|e| e.path());
        let its =
            logs.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("nord-laundry-bot-out")));
        its.map(|p| fs::read_to_string(p).unwrap_or_default()).collect()
    }
}

impl Drop for Pm2<'_> {
    fn drop(&mut self) {
        let _ = self.command("pm2").args(["kill", "--silent"]).output();
    }
}

/// A bot without its folder, whose pm2 was started by one of our examples and has it back.
fn started<'a>(bot: &'a StandIn, example: &str) -> Pm2<'a> {
    used("pm2");
    bot.wakeep(["archive"]).run();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir(bot.home().join("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_wakeep"), bot.home().join("bin/wakeep")).unwrap();
    fs::copy(manifest.join(example), bot.home().join("ecosystem.config.cjs")).unwrap();
    fs::copy(manifest.join("tests/vps/bot.js"), bot.home().join("bot.js")).unwrap();
    fs::write(bot.home().join("wakeep.toml"), "bot_pm2 = \"nord-laundry-bot\"\ninterval = \"1s\"\n").unwrap();
    fs::create_dir(bot.home().join("node_modules")).unwrap();
    symlink(manifest.join("npm"), bot.home().join("node_modules/wakeep")).unwrap();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let pm2 = Pm2 { bot };
    pm2.run("pm2", &["start", "ecosystem.config.cjs", "--silent"]);
    wait_for("the bot's word", || pm2.said().contains("ready").then_some(()));
    assert!(pm2.said().contains("restored from") && !pm2.said().contains("qr"), "{}", pm2.said());
    let before = fs::metadata(bot.archive()).unwrap().modified().unwrap();
    wait_for("an archive by the second app", || {
        (fs::metadata(bot.archive()).ok()?.modified().ok()? > before).then_some(())
    });
    pm2
}

#[test]
fn the_bot_stays_pm2s_own_and_finds_its_login() {
    let bot = StandIn::stopped();
    let pm2 = started(&bot, "packaging/ecosystem.config.cjs");
    let pid = pm2.run("pm2", &["pid", "nord-laundry-bot"]);
    let restored = pm2.run("wakeep", &["restore", "--force"]);
    assert!(restored.contains("pm2 stop nord-laundry-bot") && restored.contains("session restored"), "{restored}");
    wait_for("the bot's next life", || (pm2.said().matches("ready").count() == 2).then_some(()));
    let signals = fs::read_to_string(bot.home().join("signals")).unwrap_or_default();
    assert!(signals.contains("SIGINT"), "it was asked, not killed: {signals:?}, {}", pm2.said());
    assert_ne!(pm2.run("pm2", &["pid", "nord-laundry-bot"]), pid);
}

#[test]
fn the_npm_packages_example_restores_before_the_bots_first_line() {
    let bot = StandIn::stopped();
    let pm2 = started(&bot, "npm/examples/ecosystem.config.cjs");
    let said = pm2.said();
    assert!(said.find("restored from") < said.find("ready"), "{said}");
    let pid = pm2.run("pm2", &["pid", "nord-laundry-bot"]);
    let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap();
    let daemon = fs::read_to_string(bot.home().join("pm2/pm2.pid")).unwrap();
    assert!(status.contains(&format!("PPid:\t{}\n", daemon.trim())), "no process stands between: {status}");
    assert!(pm2.run("pm2", &["jlist"]).contains("nord-laundry-bot-wakeep"));
}

#[test]
fn the_example_starts_a_bot_unless_another_host_has_its_lease() {
    let home = scratch();
    let start = "const [bot] = require(process.argv[1]).apps;
        process.stdout.write(require('child_process').spawnSync(bot.script, bot.args, { encoding: 'utf8' }).stdout);";
    fs::write(home.path().join("bot.js"), "console.log('started')").unwrap();
    let program = home.path().join("wakeep");
    for (code, started) in [(0, true), (1, true), (10, true), (12, true), (11, false)] {
        fs::write(&program, format!("#!/bin/sh\nexit {code}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut node = Command::new("node");
        node.args(["-e", start]).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/ecosystem.config.cjs"));
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", home.path().display());
        let out = node.current_dir(home.path()).env("PATH", path).output().unwrap();
        assert_eq!(out.stdout == b"started\n", started, "{code}: {out:?}");
    }
}
