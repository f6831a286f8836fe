//! The bots that were set up on this machine, and the names that tell their things apart: what is another bot's is
//! never taken for this one's. Looks, and changes nothing.

use super::names::{Names, record_of};
use super::server::VAULT;
use super::units::Unit;
use crate::config::SYSTEM;
use crate::disk;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One that was set up.
#[derive(Debug)]
struct Bot {
    /// What its things are called; none for the first.
    name: Option<String>,
    /// The folder in which its services work.
    works: Option<PathBuf>,
    /// The sessions that its configuration names.
    sessions: Vec<PathBuf>,
}

impl Bot {
    fn read(root: &Path, name: Option<String>) -> Bot {
        let names = Names::called(name.as_deref());
        let unit = fs::read_to_string(root.join("etc/systemd/system").join(&names.restore));
        let unit = unit.ok().map(|text| Unit { name: names.restore.clone(), text });
        let works = unit.and_then(|u| u.value("WorkingDirectory").map(PathBuf::from));
        let text = fs::read_to_string(super::inside(root, &names.config)).unwrap_or_default();
        Bot { name, works, sessions: sessions(&text) }
    }

    /// Whether it is the bot in this folder. The configuration decides: of two bots whose folders have one name an
    /// earlier release let the later one replace the units. A plain configuration of no bot is for whoever comes first.
    fn is_of(&self, app: &Path) -> bool {
        let holds_all = |works: &PathBuf| self.sessions.iter().any(|s| s.starts_with(works));
        match &self.works {
            Some(works) if self.sessions.is_empty() || holds_all(works) => works == app,
            None if self.sessions.is_empty() => self.name.is_none(),
            _ => self.sessions.iter().any(|s| s.starts_with(app)),
        }
    }

    fn app(&self) -> Option<PathBuf> {
        let above = || self.sessions.first()?.parent().map(Path::to_owned);
        let works = self.works.clone().filter(|works| self.sessions.is_empty() || self.is_of(works));
        works.or_else(above)
    }
}

/// The bots whose configuration or record stands, the first one last: the others lean on what it brought.
fn bots(root: &Path) -> Vec<Bot> {
    let files = fs::read_dir(super::inside(root, Path::new(SYSTEM))).into_iter().flatten().flatten();
    let names: BTreeSet<Option<String>> = files.filter_map(|f| name_of(&f.file_name().to_string_lossy())).collect();
    names.into_iter().rev().map(|name| Bot::read(root, name)).collect()
}

/// Whose file it is, where it is one of a bot's.
fn name_of(file: &str) -> Option<Option<String>> {
    if ["wakeep.toml", "installed.json"].contains(&file) {
        return Some(None);
    }
    let record = || file.strip_prefix("installed-")?.strip_suffix(".json");
    file.strip_suffix(".toml").or_else(record).map(|name| Some(name.to_owned()))
}

fn sessions(configuration: &str) -> Vec<PathBuf> {
    let table: toml::Table = toml::from_str(configuration).unwrap_or_default();
    let several = table.get("sessions").and_then(|s| s.as_array()).into_iter().flatten().map(|s| s.get("path"));
    several.chain([table.get("session")]).filter_map(|path| Some(PathBuf::from(path?.as_str()?))).collect()
}

/// The folders of the bots that were set up here, the first one last.
pub fn set_up(root: &Path) -> Vec<PathBuf> {
    bots(root).iter().filter_map(Bot::app).collect()
}

/// The records of the other bots here than the one of this name.
pub fn other_records(root: &Path, name: Option<&str>) -> Vec<PathBuf> {
    let others = bots(root).into_iter().filter(|bot| bot.name.as_deref() != name);
    others.map(|bot| record_of(bot.name.as_deref())).filter(|record| super::inside(root, record).is_file()).collect()
}

/// What the things of the bot in this folder are called: as they are called already, else plainly for the first bot
/// here, else after its folder.
pub fn name(root: &Path, app: &Path) -> Option<String> {
    let bots = bots(root);
    if let Some(bot) = bots.iter().find(|bot| bot.is_of(app)) {
        return bot.name.clone();
    }
    bots.iter().any(|bot| bot.name.is_none()).then(|| free_name(root, app))
}

/// The folder's name, where nothing on this machine is called so yet; else with that of the folder above in front;
/// else with a number.
fn free_name(root: &Path, app: &Path) -> String {
    let last = |path: Option<&Path>| plain(&path.and_then(Path::file_name).unwrap_or_default().to_string_lossy());
    let (name, above) = (last(Some(app)), last(app.parent()));
    let longer = (!above.is_empty()).then(|| format!("{above}-{name}"));
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let mut names = [name.clone()].into_iter().chain(longer).chain(numbered);
    names.find(|name| is_free(root, name)).expect("there are more numbers than files")
}

/// systemd's names are of these signs, and cron passes over files of others (`run-parts(8)`).
fn plain(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' };
    name.chars().map(sign).collect::<String>().trim_matches('-').to_owned()
}

fn is_free(root: &Path, name: &str) -> bool {
    let names = Names::called(Some(name));
    let stands = |path: &Path| disk::exists(&super::inside(root, path));
    // The first bot's vault holds one folder for each of its sessions, and numbers where they lie in several places.
    let is_first_ones = stands(&Path::new(VAULT).join(name).join("state.json")) || name.parse::<u64>().is_ok();
    let is_word = !name.is_empty() && name != "wakeep";
    is_word && !is_first_ones && !names.files().iter().any(|file| stands(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn names_are_kept_and_none_is_given_twice() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let of = |app: &str| name(root, Path::new(app));
        assert_eq!(of("/opt/nord"), None, "the first");
        write(root, "etc/wakeep/wakeep.toml", "session = \"/opt/nord/.wwebjs_auth\"\n");
        assert_eq!((of("/opt/nord"), of("/srv/x/bot")), (None, Some("bot".into())));
        write(root, "etc/wakeep/bot.toml", "session = \"/srv/x/bot/.wwebjs_auth\"\n");
        assert_eq!((of("/srv/x/bot"), of("/srv/y/bot")), (Some("bot".into()), Some("y-bot".into())));
        write(root, "etc/cron.d/whatsapp-auth-check-y-bot", "");
        assert_eq!(of("/srv/y/bot"), Some("bot-2".into()));
        assert_eq!(of("/srv/wakeep"), Some("srv-wakeep".into()), "wakeep.toml is the first bot's");
        assert_eq!(of("/srv/прачечная/bot.v2"), Some("bot-v2".into()));
        assert_eq!(of("/7"), Some("7-2".into()));
        write(root, "opt/whatsapp-auth-backup/shop/state.json", "");
        assert_eq!(of("/srv/shop"), Some("srv-shop".into()), "a session of the first bot's is called so");
    }

    #[test]
    fn a_bot_is_known_by_what_is_left_of_it() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        // The first one was undone by an earlier release; of two others of one name the later has the unit.
        write(root, "etc/wakeep/bot.toml", "session = \"/srv/x/bot/auth\"\n");
        write(root, "etc/systemd/system/whatsapp-auth-restore-bot.service", "[Service]\nWorkingDirectory=/srv/y/bot\n");
        write(root, "etc/systemd/system/whatsapp-auth-restore-shop.service", "[Service]\nWorkingDirectory=/srv/shop\n");
        write(root, "etc/wakeep/installed-shop.json", "[]");
        assert_eq!(name(root, Path::new("/srv/x/bot")).as_deref(), Some("bot"));
        assert_eq!(name(root, Path::new("/srv/shop")).as_deref(), Some("shop"));
        assert_eq!(name(root, Path::new("/srv/y/bot")), None, "the plain names are free");
        assert_eq!(set_up(root), [Path::new("/srv/shop"), Path::new("/srv/x/bot")]);
        assert_eq!(other_records(root, Some("bot")), [Path::new("/etc/wakeep/installed-shop.json")]);
    }
}
