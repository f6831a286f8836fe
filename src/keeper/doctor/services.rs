//! What setting up a server made: keeper, units, the check every 6 hours. Asks systemd, where it runs.

use crate::ailment::Ailment;
use crate::config::{Config, SYSTEM};
use crate::error::Result;
use crate::keeper::ward::Ward;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the units of a server's bot have behind their first name; none where no server was set up.
fn dash(config: &Config) -> Option<String> {
    let system = config.file.as_ref().filter(|f| f.starts_with(SYSTEM))?;
    let name = system.file_stem().map(|s| s.to_string_lossy().into_owned());
    Some(name.filter(|n| n != "wakeep").map(|n| format!("-{n}")).unwrap_or_default())
}

/// The units that setting up made, and how systemd says they are; none where it doesn't run.
pub fn units(config: &Config) -> Vec<(String, String)> {
    let Some(dash) = dash(config).filter(|_| Path::new("/run/systemd/system").is_dir()) else { return Vec::new() };
    let names = [format!("wakeep{dash}.service"), format!("whatsapp-auth-restore{dash}.service")];
    let timer = format!("whatsapp-auth-check{dash}.timer");
    let by_cron = Path::new(&format!("/etc/cron.d/whatsapp-auth-check{dash}")).exists();
    let all = names.into_iter().chain((!by_cron).then_some(timer));
    all.filter_map(|unit| state_of(&unit).map(|state| (unit, state))).collect()
}

fn state_of(unit: &str) -> Option<String> {
    let said = Command::new("systemctl").args(["is-active", unit]).stderr(Stdio::null()).output().ok()?;
    let state = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    (!state.is_empty()).then_some(state)
}

/// What is wrong with keeper, units and the check, where a server was set up.
pub fn look(ward: &Ward, config: &Config) -> Result<Vec<Ailment>> {
    let (system, dash) = (dash(config), dash(config).unwrap_or_default());
    let mut found = Vec::new();
    let keeper = format!("wakeep{dash}.service");
    if ward.work.who_keeps()?.is_none() {
        let unit = system.as_ref().map(|_| keeper.clone());
        found.push(Ailment::KeeperRests { unit });
    }
    if system.is_none() || !Path::new("/run/systemd/system").is_dir() {
        return Ok(found);
    }
    let timer = format!("whatsapp-auth-check{dash}.timer");
    let cron = PathBuf::from(format!("/etc/cron.d/whatsapp-auth-check{dash}"));
    for unit in [format!("whatsapp-auth-restore{dash}.service"), keeper] {
        if says(&["is-failed", "--quiet", &unit]) {
            found.push(Ailment::UnitFailed { unit });
        } else if !says(&["is-enabled", "--quiet", &unit]) {
            found.push(Ailment::UnitDisabled { unit });
        }
    }
    if cron.exists() {
        found.extend(
            (!says(&["is-active", "--quiet", "cron.service"]) && !says(&["is-active", "--quiet", "crond.service"]))
                .then_some(Ailment::CronRests),
        );
    } else if !says(&["is-active", "--quiet", &timer]) {
        found.push(Ailment::CheckMissing { path: cron });
    }
    Ok(found)
}

fn says(args: &[&str]) -> bool {
    let quiet = Command::new("systemctl").args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|s| s.success())
}
