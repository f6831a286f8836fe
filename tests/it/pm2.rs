//! pm2, the real one: the bot stays its own process, the login is back before the bot's first line, and a restore stops
//! and starts it. By the example that the release holds.

use crate::env::machine::wait_for;
use crate::env::standin::StandIn;
use crate::env::{real_parts, used};
use std::fs;
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

#[test]
fn the_bot_stays_pm2s_own_and_finds_its_login() {
    let bot = StandIn::stopped();
    used("pm2");
    bot.wakeep(["archive"]).run();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir(bot.home().join("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_wakeep"), bot.home().join("bin/wakeep")).unwrap();
    fs::copy(manifest.join("packaging/ecosystem.config.cjs"), bot.home().join("ecosystem.config.cjs")).unwrap();
    fs::copy(manifest.join("tests/vps/bot.js"), bot.home().join("bot.js")).unwrap();
    fs::write(bot.home().join("wakeep.toml"), "bot_pm2 = \"nord-laundry-bot\"\ninterval = \"1s\"\n").unwrap();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let pm2 = Pm2 { bot: &bot };
    pm2.run("pm2", &["start", "ecosystem.config.cjs", "--silent"]);
    wait_for("the bot's word", || pm2.said().contains("ready").then_some(()));
    assert!(pm2.said().contains("restored from") && !pm2.said().contains("qr"), "{}", pm2.said());
    let before = fs::metadata(bot.archive()).unwrap().modified().unwrap();
    wait_for("an archive by the second app", || {
        (fs::metadata(bot.archive()).ok()?.modified().ok()? > before).then_some(())
    });
    let pid = pm2.run("pm2", &["pid", "nord-laundry-bot"]);
    let restored = pm2.run("wakeep", &["restore", "--force"]);
    assert!(restored.contains("pm2 stop nord-laundry-bot") && restored.contains("session restored"), "{restored}");
    wait_for("the bot's next life", || (pm2.said().matches("ready").count() == 2).then_some(()));
    assert!(pm2.said().contains("got SIGINT"), "it was asked, not killed: {}", pm2.said());
    assert_ne!(pm2.run("pm2", &["pid", "nord-laundry-bot"]), pid);
}
