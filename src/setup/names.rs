//! What the things of one bot of a server are called: plainly those of the first, after itself those of another.

use super::facts::{Facts, Schedule};
use super::server::{UNITS, VAULT};
use crate::config;
use std::path::{Path, PathBuf};

/// The file in which root's half is recorded, beside the configuration: of the first bot or of a second one.
pub fn record_of(second: Option<&str>) -> PathBuf {
    Path::new(config::SYSTEM).join(format!("installed{}.json", dashed(second)))
}

fn dashed(second: Option<&str>) -> String {
    second.map(|n| format!("-{n}")).unwrap_or_default()
}

/// What one bot's things are called.
#[derive(Debug, Clone)]
pub struct Names {
    /// The unit that restores.
    pub restore: String,
    /// The keeper's unit.
    pub keeper: String,
    /// The timer's unit.
    pub timer: String,
    /// The configuration.
    pub config: PathBuf,
    /// The backups.
    pub vault: PathBuf,
    /// The file in which root's half is recorded.
    pub record: PathBuf,
    check: String,
}

impl Names {
    /// This bot's.
    pub fn of(facts: &Facts) -> Names {
        Names::called(facts.second.as_deref())
    }

    /// The first bot's are the plain ones; a second bot's carry its name.
    pub fn called(second: Option<&str>) -> Names {
        let dash = dashed(second);
        Names {
            restore: format!("whatsapp-auth-restore{dash}.service"),
            keeper: format!("wakeep{dash}.service"),
            timer: format!("whatsapp-auth-check{dash}.timer"),
            config: Path::new(config::SYSTEM).join(format!("{}.toml", second.unwrap_or("wakeep"))),
            vault: second.map_or_else(|| VAULT.into(), |n| Path::new(VAULT).join(n)),
            check: format!("whatsapp-auth-check{dash}"),
            record: record_of(second),
        }
    }

    /// The files by which the check is called, each way.
    pub fn checks(&self) -> [(Schedule, Vec<PathBuf>); 2] {
        let units = Path::new(UNITS);
        let timer = vec![units.join(format!("{}.service", self.check)), units.join(&self.timer)];
        [(Schedule::Cron, vec![Path::new("/etc/cron.d").join(&self.check)]), (Schedule::Timer, timer)]
    }

    /// The files that are this bot's alone, whatever is decided about it.
    pub fn files(&self) -> Vec<PathBuf> {
        let units = [&self.restore, &self.keeper].map(|unit| Path::new(UNITS).join(unit));
        let checks = self.checks().into_iter().flat_map(|(_, files)| files);
        units.into_iter().chain([self.config.clone(), self.record.clone()]).chain(checks).collect()
    }

    /// The units that are switched on.
    pub fn enabled(&self, facts: &Facts) -> Vec<String> {
        let timer = (facts.schedule == Schedule::Timer).then(|| self.timer.clone());
        [self.restore.clone(), self.keeper.clone()].into_iter().chain(timer).collect()
    }
}
