//! Setting up a server: what stands in the system (root's half) and in the bot's folder (the bot user's half: root
//! writes nothing where the bot's user can put links).

use super::existing;
use super::facts::{Facts, Schedule};
use super::names::Names;
use super::{Step, What, lists, local};
use crate::config;
use std::path::{Path, PathBuf};

/// Where the half in the bot's folder is recorded: what `wakeep setup` without root wrote there has a record of its own.
pub const FOLDER_RECORD: &str = ".wakeep/installed-server.json";

/// Where backups go.
pub const VAULT: &str = "/opt/whatsapp-auth-backup";

/// Where units of the machine's owner stand.
pub(super) const UNITS: &str = "/etc/systemd/system";

/// The file that the bot's unit gets, in the folder of its drop-ins.
pub const DROP_IN_NAME: &str = "50-wakeep.conf";

/// The logs.
pub const LOGS: [&str; 2] = ["/var/log/whatsapp-auth-restore.log", "/var/log/whatsapp-auth-check.log"];

/// What turns them over.
const LOGROTATE_AT: &str = "/etc/logrotate.d/whatsapp-auth";

/// The scripts, by the names that the earlier system's users know.
pub const SHIMS: [(&str, &str); 5] = [
    ("auto-restore-auth.sh", include_str!("files/auto-restore-auth.sh")),
    ("restore-auth-manual.sh", include_str!("files/restore-auth-manual.sh")),
    ("upload-auth-archive.sh", include_str!("files/upload-auth-archive.sh")),
    local::CLEANUP,
    ("setup-auto-restore.sh", include_str!("files/setup-auto-restore.sh")),
];

const RESTORE: &str = include_str!("files/whatsapp-auth-restore.service");
const KEEPER: &str = include_str!("files/wakeep.service");
const DROP_IN: &str = include_str!("files/bot-drop-in.conf");
const CRON: &str = include_str!("files/whatsapp-auth-check.cron");
const CHECK: &str = include_str!("files/whatsapp-auth-check.service");
const TIMER: &str = include_str!("files/whatsapp-auth-check.timer");
const LOGROTATE: &str = include_str!("files/logrotate.conf");

/// Root's half. `program` is the program that is to be installed, where that isn't done yet.
pub fn system(facts: &Facts, program: Option<&Path>) -> Vec<Step> {
    let names = Names::of(facts);
    let units = Path::new(UNITS);
    let mut steps: Vec<Step> = program
        .map(|from| Step { path: facts.wakeep.clone(), what: What::Program(from.to_owned()), mode: 0o755, owner: None })
        .into_iter()
        .collect();
    if facts.second.is_some() {
        // Passed through by several users, listed by none of them.
        steps.push(Step { path: VAULT.into(), what: What::Folder, mode: 0o711, owner: None });
    }
    steps.push(Step { path: names.vault.clone(), what: What::Folder, mode: 0o700, owner: None }.given_to(facts.owner));
    let log = |path: &str| Step { path: path.into(), what: What::Log, mode: 0o664, owner: None }.given_to(facts.owner);
    steps.extend(LOGS.map(log));
    steps.push(super::configuration::step(facts, &names));
    steps.push(Step::file(LOGROTATE_AT, LOGROTATE, 0o644));
    steps.push(Step::file(units.join(&names.restore), restore_unit(facts), 0o644));
    steps.push(Step::file(units.join(&names.keeper), filled(KEEPER, facts, &names), 0o644));
    if let Some(unit) = &facts.unit {
        let drop_in = units.join(format!("{unit}.d")).join(DROP_IN_NAME);
        steps.push(Step::file(drop_in, filled(DROP_IN, facts, &names), 0o644));
    }
    steps.extend(check(facts, &names));
    steps
}

/// What every bot of this server uses, whoever's setup wrote it.
pub fn shared(facts: &Facts) -> Vec<PathBuf> {
    let logs = LOGS.map(PathBuf::from);
    [facts.wakeep.clone(), VAULT.into(), LOGROTATE_AT.into()].into_iter().chain(logs).collect()
}

fn check(facts: &Facts, names: &Names) -> Vec<Step> {
    let texts = match facts.schedule {
        Schedule::Cron => vec![CRON],
        Schedule::Timer => vec![CHECK, TIMER],
    };
    let files = names.checks().into_iter().filter(|(schedule, _)| *schedule == facts.schedule).flat_map(|(_, f)| f);
    files.zip(texts).map(|(file, text)| Step::file(file, filled(text, facts, names), 0o644)).collect()
}

/// The bot user's half. `on_disk` is where the bot's folder lies from here.
pub fn beside_the_bot(facts: &Facts, on_disk: &Path) -> Vec<Step> {
    let names = Names::of(facts);
    let shim = |(name, text): &(&str, &str)| Step::file(facts.app.join(name), *text, 0o755);
    let mut steps: Vec<Step> = SHIMS.iter().map(shim).collect();
    steps.push(Step::file(facts.app.join(&names.restore), restore_unit(facts), 0o644));
    let ours = steps.iter().filter_map(|s| s.path.file_name()).map(|n| n.to_string_lossy().into_owned());
    let ours: Vec<String> = ours.flat_map(|n| [n.clone(), format!("{n}.wakeep")]).collect();
    let here = |place: &config::Place| place.path.strip_prefix(&facts.app).ok().map(|p| on_disk.join(p));
    let sessions: Vec<PathBuf> = facts.sessions.iter().filter_map(here).collect();
    for list in lists::steps(lists::Secret { home: on_disk, places: &sessions }, &ours) {
        // Found on this disk, named as the machine that is set up has it. What lies outside its tree isn't its own.
        let above = facts.app.ancestors().zip(on_disk.ancestors()).find(|(_, here)| list.path.starts_with(here));
        let named = above.and_then(|(there, here)| Some(there.join(list.path.strip_prefix(here).ok()?)));
        steps.extend(named.map(|path| Step { path, ..list }));
    }
    if facts.existing.own.is_some() {
        steps.push(Step { path: facts.app.join(existing::NAME), what: What::Aside, mode: 0, owner: None });
    }
    steps
}

/// The unit that restores, for the system and for the copy in the bot's folder.
pub fn restore_unit(facts: &Facts) -> String {
    filled(RESTORE, facts, &Names::of(facts))
}

fn filled(template: &str, facts: &Facts, names: &Names) -> String {
    // `pm2 startup` names its unit after the user; it brings the bot back at boot.
    let by_pm2 = facts.pm2.as_ref().map(|_| format!("pm2-{}.service", facts.user));
    let bot = facts.unit.clone().or(by_pm2).unwrap_or_default();
    let before = format!("{} {bot}", names.keeper);
    let text = |p: &Path| p.to_string_lossy().into_owned();
    let lines = [
        ("@APP@", text(&facts.app)),
        ("@VAULT@", text(&names.vault)),
        ("@CONFIG@", text(&names.config)),
        ("@WAKEEP@", text(&facts.wakeep)),
        ("@NAME@", facts.name()),
        ("@USER@", facts.user.clone()),
        ("@BEFORE@", before.trim().to_owned()),
        ("@BOT@", bot),
        ("@RESTORE@", names.restore.clone()),
        ("@KEEPER@", names.keeper.clone()),
    ];
    lines.iter().fold(template.to_owned(), |t, (key, value)| t.replace(key, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner::Owner;
    use std::collections::BTreeSet;

    fn facts() -> Facts {
        Facts {
            app: "/opt/nord-laundry-bot".into(),
            sessions: vec![config::Place { path: "/opt/nord-laundry-bot/.wwebjs_auth".into(), ..Default::default() }],
            existing: existing::Existing::default(),
            second: None,
            owner: None,
            user: "bot".into(),
            unit: Some("nord-laundry-bot.service".into()),
            unit_said: false,
            unit_stands: true,
            pm2: None,
            schedule: Schedule::Cron,
            wakeep: "/usr/local/bin/wakeep".into(),
        }
    }

    fn text<'a>(steps: &'a [Step], path: &str) -> &'a str {
        match &steps.iter().find(|s| s.path == Path::new(path)).unwrap_or_else(|| panic!("{path}")).what {
            What::File(text) | What::FileOnce(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_earlier_systems_line_and_names_are_kept() {
        let steps = system(&facts(), None);
        let line = "0 */6 * * * root cd /opt/nord-laundry-bot && /usr/local/bin/wakeep --config /etc/wakeep/wakeep.toml \
                    --log-to /var/log/whatsapp-auth-check.log restore --if-needed --tell\n";
        assert_eq!(text(&steps, "/etc/cron.d/whatsapp-auth-check"), line);
        let config: toml::Table = toml::from_str(text(&steps, "/etc/wakeep/wakeep.toml")).unwrap();
        assert_eq!(config["vault"].as_str(), Some(VAULT));
        assert_eq!(config["bot_unit"].as_str(), Some("nord-laundry-bot"));
        assert_eq!(config["session"].as_str(), Some("/opt/nord-laundry-bot/.wwebjs_auth"));
        let unit = text(&steps, "/etc/systemd/system/whatsapp-auth-restore.service");
        assert!(unit.contains("Before=wakeep.service nord-laundry-bot.service\n"), "{unit}");
    }

    #[test]
    fn with_pm2_the_restore_comes_before_its_own_unit() {
        let facts = Facts { unit: None, pm2: Some("shop".into()), ..facts() };
        assert!(restore_unit(&facts).contains("Before=wakeep.service pm2-bot.service\n"));
        let steps = system(&facts, None);
        assert!(text(&steps, "/etc/wakeep/wakeep.toml").contains("\nbot_pm2 = \"shop\"\n"));
        assert!(!steps.iter().any(|s| s.path.ends_with("50-wakeep.conf")), "pm2 has no unit of the bot's to drop into");
    }

    #[test]
    fn what_the_bots_own_configuration_decides_is_taken_over() {
        let text = "interval = \"5m\"\nvault = \".wakeep\"\nnotify_webhook = \"https://example.com/secret\"\n\
                    bot_unit = \"sshd\"\nidentity = \"key.txt\"\n[[sessions]]\npath = \"a\"\n[[sessions]]\npath = \"b\"\n";
        let own = config::Own::read(text, Path::new("/srv/shop"), "wakeep.toml").unwrap();
        let sessions = own.places.clone();
        let existing = existing::Existing { own: Some(own), ..Default::default() };
        assert_eq!(existing.not_taken(Some("shop.service")), ["bot_unit", "vault"]);
        let facts = Facts { sessions, existing, owner: Some(Owner { uid: 7, gid: 8 }), ..facts() };
        let steps = system(&facts, None);
        let config: toml::Table = toml::from_str(self::text(&steps, "/etc/wakeep/wakeep.toml")).unwrap();
        assert_eq!((config["interval"].as_str(), config["identity"].as_str()), (Some("5m"), Some("/srv/shop/key.txt")));
        assert_eq!(config["bot_unit"].as_str(), Some("nord-laundry-bot"), "root's to say, not the bot's user's");
        let second = config["sessions"][1].as_table().unwrap();
        assert_eq!(
            (second["path"].as_str(), second["vault"].as_str()),
            (Some("/srv/shop/b"), Some("/opt/whatsapp-auth-backup/2"))
        );
        let step = steps.iter().find(|s| s.path.ends_with("wakeep.toml")).unwrap();
        assert_eq!((step.mode, step.owner), (0o640, Some(Owner { uid: 0, gid: 8 })), "as private as it was");
        assert!(beside_the_bot(&facts, Path::new("/nowhere")).iter().any(|s| s.what == What::Aside));
    }

    #[test]
    fn nothing_is_left_unfilled() {
        for schedule in [Schedule::Cron, Schedule::Timer] {
            let facts = Facts { schedule, ..facts() };
            for step in system(&facts, None).into_iter().chain(beside_the_bot(&facts, Path::new("/nowhere"))) {
                if let What::File(text) = step.what {
                    let left = text
                        .split('@')
                        .skip(1)
                        .step_by(2)
                        .find(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_uppercase()));
                    assert_eq!(left, None, "{:?}", step.path);
                }
            }
        }
    }

    #[test]
    fn a_second_bot_shares_no_file_with_the_first_but_the_logs() {
        let second = Facts { app: "/srv/shop".into(), second: Some("shop".into()), ..facts() };
        let paths = |f: &Facts| system(f, None).into_iter().map(|s| s.path).collect::<BTreeSet<_>>();
        let both: Vec<_> = paths(&facts()).intersection(&paths(&second)).cloned().collect();
        let shared =
            [VAULT, "/etc/logrotate.d/whatsapp-auth", "/etc/systemd/system/nord-laundry-bot.service.d/50-wakeep.conf"];
        assert!(both.iter().all(|p| shared.contains(&p.to_str().unwrap()) || p.starts_with("/var/log")), "{both:?}");
    }
}
