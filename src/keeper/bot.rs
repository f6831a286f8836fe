//! The bot's own supervisor: stops the bot before its session is replaced, and starts it again. Only where the
//! configuration names the systemd unit or the pm2 app; the bot's process itself is never touched.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::owner::Owner;
use crate::setup::facts::unit_name;
use std::process::{Command, ExitStatus, Stdio};

/// Who runs the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supervisor {
    /// systemd, by the unit's full name.
    Systemd(String),
    /// pm2, by the app's name.
    Pm2(String),
}

/// What a bot does, as its supervisor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Up,
    /// It is being started or stopped, or waits for its next start.
    Changing,
    /// It stands still.
    Down,
    /// The supervisor can't be asked, or knows no such bot.
    Unknown,
}

impl Supervisor {
    /// The one that the configuration names.
    pub fn of(config: &Config) -> Option<Supervisor> {
        // What begins so would be an option of the supervisor's.
        let named = |name: &Option<String>| name.clone().filter(|n| !n.starts_with('-'));
        let unit = named(&config.bot_unit).map(|u| Supervisor::Systemd(unit_name(&u)));
        unit.or_else(|| named(&config.bot_pm2).map(Supervisor::Pm2))
    }

    /// What the bot does, as its supervisor sees it.
    pub fn state(&self, owner: Option<Owner>) -> State {
        match self {
            Supervisor::Systemd(unit) => {
                let said = Command::new("systemctl").args(["is-active", unit]).stderr(Stdio::null()).output();
                said.map_or(State::Unknown, |o| of_unit(String::from_utf8_lossy(&o.stdout).trim()))
            }
            // pm2 prints no pid (or 0) for an app that is stopped.
            Supervisor::Pm2(app) => {
                let said = pm2(owner).args(["pid", app]).stderr(Stdio::null()).output();
                // `env` ends so where it finds no pm2.
                said.ok().filter(|o| o.status.success()).map_or(State::Unknown, |o| {
                    let said = String::from_utf8_lossy(&o.stdout);
                    let is_up = said.lines().any(|l| l.trim().parse().is_ok_and(|p: u32| p > 0));
                    if is_up { State::Up } else { State::Down }
                })
            }
        }
    }

    /// Whether the bot runs, or will in a moment: one that is being started, or between two starts, does.
    pub fn runs(&self, owner: Option<Owner>) -> bool {
        matches!(self.state(owner), State::Up | State::Changing)
    }

    /// The name of its unit or app.
    pub fn name(&self) -> &str {
        match self {
            Supervisor::Systemd(name) | Supervisor::Pm2(name) => name,
        }
    }

    /// Whom the bot runs as, where systemd runs it: a user's name or number; none for root.
    pub fn user(&self) -> Option<String> {
        let Supervisor::Systemd(unit) = self else { return None };
        let said =
            Command::new("systemctl").args(["show", "-p", "User", "--value", unit]).stderr(Stdio::null()).output();
        let user = String::from_utf8_lossy(&said.ok()?.stdout).trim().to_owned();
        (!user.is_empty()).then_some(user)
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

    /// The process that stops or starts the bot (`order`) and ends once that is done.
    pub fn order(&self, order: &str, owner: Option<Owner>) -> Command {
        let mut command = match self {
            Supervisor::Systemd(_) => Command::new("systemctl"),
            Supervisor::Pm2(_) => pm2(owner),
        };
        command.args([order, self.name()]).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// What its end means.
    ///
    /// # Errors
    /// `Io`: the supervisor said no.
    pub fn obeyed(&self, order: &str, status: ExitStatus) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        let source = std::io::Error::other(format!("`{}` ended with {status}", self.command(order)));
        Err(Error::Io { doing: "asking the supervisor of", path: self.name().into(), source })
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

/// What `systemctl is-active` says. Source: systemctl(1), systemd's `unit-def.c`.
fn of_unit(said: &str) -> State {
    match said {
        "active" => State::Up,
        "activating" | "deactivating" | "reloading" | "refreshing" | "maintenance" => State::Changing,
        "inactive" | "failed" => State::Down,
        _ => State::Unknown,
    }
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
