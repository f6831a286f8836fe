//! The one configuration of a server's bot: what was found out about it, and what its own one had decided.

use super::facts::{Facts, bare_unit};
use super::names::Names;
use super::{Step, What, key};
use crate::config;
use crate::owner::Owner;
use std::path::Path;

/// Sessions, vault and supervisor are the server's to say. What others couldn't read in the bot's own they can't here.
pub fn step(facts: &Facts, names: &Names) -> Step {
    let mut text = config::TEMPLATE.to_owned();
    let mut set = |key: &str, value: &toml::Value| text = key::with(&text, key, value);
    let named = |name: &str| toml::Value::String(bare_unit(name).to_owned());
    for (key, value) in facts.existing.taken() {
        set(key, value);
    }
    match (&facts.unit, &facts.pm2) {
        (Some(unit), _) => set("bot_unit", &named(unit)),
        (None, Some(app)) => set("bot_pm2", &named(app)),
        (None, None) => {}
    }
    if let [only] = facts.sessions.as_slice() {
        set("session", &quoted(&only.path));
        set("vault", &quoted(&names.vault));
        only.archive.iter().for_each(|archive| set("archive", &quoted(archive)));
    } else {
        text += &tables(facts, names);
    }
    let is_private = facts.existing.own.is_some() && !facts.existing.is_public;
    let group = facts.owner.filter(|_| is_private).map(|bot| Owner { uid: 0, gid: bot.gid });
    Step {
        path: names.config.clone(),
        what: What::FileOnce(text),
        mode: if is_private { 0o640 } else { 0o644 },
        owner: group,
    }
}

/// The first session's backups stand where one session's would.
fn tables(facts: &Facts, names: &Names) -> String {
    let vault = |n: usize| if n == 0 { names.vault.clone() } else { names.vault.join(format!("{}", n + 1)) };
    let table = |(n, place): (usize, &config::Place)| {
        let archive = place.archive.as_ref().map(|a| format!("archive = {}\n", quoted(a))).unwrap_or_default();
        format!("\n[[sessions]]\npath = {}\nvault = {}\n{archive}", quoted(&place.path), quoted(&vault(n)))
    };
    facts.sessions.iter().enumerate().map(table).collect()
}

fn quoted(path: &Path) -> toml::Value {
    toml::Value::String(path.to_string_lossy().into_owned())
}
