//! The bot's own supervisor: stops the bot before its session is replaced, and starts it again. Only where the
//! configuration names the systemd unit or the pm2 app; the bot's process itself is never touched.

use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::owner::Owner;
use crate::setup::facts::unit_name;
use std::path::Path;
use std::process::{Command, Stdio};

/// Who runs the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supervisor {
    /// systemd, by the unit's full name.
    Systemd(String),
    /// pm2, by the app's name.
    Pm2(String),
}

impl Supervisor {
    /// The one that the configuration names.
    pub fn of(config: &Config) -> Option<Supervisor> {
        let unit = config.bot_unit.as_ref().map(|u| Supervisor::Systemd(unit_name(u)));
        unit.or_else(|| config.bot_pm2.clone().map(Supervisor::Pm2))
    }

    /// Whether the bot runs, as its supervisor sees it.
    pub fn runs(&self, owner: Option<Owner>) -> bool {
        match self {
            Supervisor::Systemd(unit) => succeeds(Command::new("systemctl").args(["is-active", "--quiet", unit])),
            // pm2 prints no pid (or 0) for an app that is stopped.
            Supervisor::Pm2(app) => {
                let said = pm2(owner).args(["pid", app]).stderr(Stdio::null()).output();
                said.is_ok_and(|o| {
                    String::from_utf8_lossy(&o.stdout).lines().any(|l| l.trim().parse().is_ok_and(|p: u32| p > 0))
                })
            }
        }
    }

    /// Stops the bot and returns when it has ended.
    pub fn stop(&self, owner: Option<Owner>) -> Result<()> {
        self.order("stop", owner)
    }

    /// Starts the bot.
    pub fn start(&self, owner: Option<Owner>) -> Result<()> {
        self.order("start", owner)
    }

    /// What a person types to do that.
    pub fn command(&self, order: &str) -> String {
        match self {
            Supervisor::Systemd(unit) => format!("sudo systemctl {order} {}", unit.trim_end_matches(".service")),
            Supervisor::Pm2(app) => format!("pm2 {order} {app}"),
        }
    }

    /// What a person types so that the bot isn't started at the next boot.
    pub fn retire_command(&self) -> String {
        match self {
            Supervisor::Systemd(_) => self.command("disable"),
            Supervisor::Pm2(app) => format!("pm2 delete {app} && pm2 save"),
        }
    }

    fn order(&self, order: &str, owner: Option<Owner>) -> Result<()> {
        let (mut command, name) = match self {
            Supervisor::Systemd(unit) => (Command::new("systemctl"), unit),
            Supervisor::Pm2(app) => (pm2(owner), app),
        };
        let status = command.args([order, name]).stdin(Stdio::null()).stdout(Stdio::null()).status();
        let status = status.at("asking the supervisor of", Path::new(name))?;
        if status.success() {
            return Ok(());
        }
        let source = std::io::Error::other(format!("`{}` ended with {status}", self.command(order)));
        Err(Error::Io { doing: "asking the supervisor of", path: name.into(), source })
    }
}

/// pm2 belongs to the bot's user: asked by root it would speak of root's own apps. cron's PATH doesn't have it.
fn pm2(owner: Option<Owner>) -> Command {
    let path = crate::config::environment("PATH").unwrap_or_else(|| "/usr/bin:/bin".to_owned());
    let mut command = Command::new("/usr/bin/env");
    if let Some(owner) = owner {
        command = owner.command("/usr/bin/env");
    }
    command.env("PATH", format!("{path}:/usr/local/bin")).arg("pm2");
    command
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|s| s.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_what_they_would_type() {
        let config = Config { bot_unit: Some("nord-laundry-bot".into()), ..Config::default() };
        let unit = Supervisor::of(&config).unwrap();
        assert_eq!(unit, Supervisor::Systemd("nord-laundry-bot.service".into()));
        assert_eq!(unit.command("restart"), "sudo systemctl restart nord-laundry-bot");
        let config = Config { bot_pm2: Some("shop".into()), ..Config::default() };
        assert_eq!(Supervisor::of(&config).unwrap().command("stop"), "pm2 stop shop");
        assert_eq!(Supervisor::of(&Config::default()), None);
    }
}
