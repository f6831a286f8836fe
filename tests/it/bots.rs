//! Several bots on one server, several sessions of one bot: nobody's things are another's.

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::vps::{APP, picture, server, setup, text};
use std::fs;
use std::path::Path;

/// A bot's folder with a Chromium session.
fn bot(root: &Path, app: &str) {
    fs::create_dir_all(root.join(app).join(".wwebjs_auth/session/Default")).unwrap();
}

fn set_up(root: &Path, app: &str) {
    bot(root, app);
    let unit = app.replace('/', "-");
    let done = setup(root, &["--app-dir", &format!("/{app}"), "--bot-unit", &unit]);
    assert_eq!(done.code, 0, "{done:?}");
}

/// The first session, a Baileys folder, as far as its name and first look go.
fn baileys(root: &Path, path: &str) {
    fs::create_dir_all(root.join(path)).unwrap();
    fs::write(root.join(path).join("creds.json"), "{\"noiseKey\": {}, \"me\": {}}").unwrap();
}

#[test]
fn a_bot_whose_folder_is_called_like_anothers_replaces_nothing_of_it() {
    let root = server();
    set_up(root.path(), APP);
    for app in ["srv/x/bot", "srv/y/bot", "srv/wakeep"] {
        let before = picture(root.path());
        set_up(root.path(), app);
        let after = picture(root.path());
        let changed = before.iter().find(|(path, (_, content))| content.is_some() && after[*path].1 != *content);
        assert_eq!(changed.map(|(path, _)| path), None, "{app}");
    }
    let at = |p: &str| root.path().join(p);
    for (name, app) in [("bot", "/srv/x/bot"), ("y-bot", "/srv/y/bot"), ("srv-wakeep", "/srv/wakeep")] {
        let config: toml::Table = toml::from_str(&text(&at(&format!("etc/wakeep/{name}.toml")))).unwrap();
        assert_eq!(config["session"].as_str(), Some(format!("{app}/.wwebjs_auth").as_str()));
        let unit = text(&at(&format!("etc/systemd/system/whatsapp-auth-restore-{name}.service")));
        assert!(unit.contains(&format!("--config /etc/wakeep/{name}.toml")) && unit.contains(app), "{unit}");
        let drop_in = format!("etc/systemd/system/{}.service.d/50-wakeep.conf", app[1..].replace('/', "-"));
        assert!(text(&at(&drop_in)).contains(&format!("--config /etc/wakeep/{name}.toml --log-to")));
        assert!(at(&format!("etc/cron.d/whatsapp-auth-check-{name}")).is_file());
    }
    // Once more: each keeps its name.
    let before = picture(root.path());
    ["srv/y/bot", "srv/x/bot", "srv/wakeep", APP].iter().for_each(|app| set_up(root.path(), app));
    let new: Vec<_> = picture(root.path()).into_keys().filter(|path| !before.contains_key(path)).collect();
    let wanted = Path::new("etc/systemd/system").join(format!("{}.service.d", APP.replace('/', "-")));
    assert!(new.iter().all(|path| path.starts_with(&wanted)), "{new:?}");
}

#[test]
fn undoing_one_bot_takes_nothing_from_the_others() {
    let root = server();
    let before = picture(root.path());
    assert_eq!(setup(root.path(), &[]).code, 0);
    set_up(root.path(), "srv/shop");
    let at = |p: &str| root.path().join(p);
    let shared = ["usr/local/bin/wakeep", "var/log/whatsapp-auth-restore.log", "etc/logrotate.d/whatsapp-auth"];
    let first = format!("/{APP}");
    let planned = setup(root.path(), &["--app-dir", &first, "--undo", "--dry-run"]);
    let undone = setup(root.path(), &["--app-dir", &first, "--undo"]);
    assert_eq!(planned.stdout.replace("would remove", "removed"), undone.stdout);
    assert!(undone.stdout.contains("other bots here use it: /usr/local/bin/wakeep"), "{undone:?}");
    assert!(shared.iter().all(|path| at(path).is_file()), "{undone:?}");
    assert!(!at("etc/wakeep/wakeep.toml").exists() && at("etc/wakeep/shop.toml").exists());
    // What is left of it is known as what it is, to a setup and to an undo.
    set_up(root.path(), "srv/shop");
    assert!(!at("etc/wakeep/wakeep.toml").exists(), "shop hasn't become the first");
    let undone = setup(root.path(), &["--app-dir", "/srv/shop", "--undo"]);
    assert!(undone.code == 0 && undone.stdout.contains("removed: /usr/local/bin/wakeep"), "{undone:?}");
    fs::remove_dir_all(at("srv")).unwrap();
    let mut left = picture(root.path());
    left.retain(|path, (_, content)| content.is_some() || before.contains_key(path));
    assert_eq!(left, before);
}

#[test]
fn a_bot_whose_folder_is_gone_is_undone_all_the_same() {
    let root = server();
    assert_eq!(setup(root.path(), &[]).code, 0);
    fs::remove_dir_all(root.path().join(APP)).unwrap();
    assert_eq!(setup(root.path(), &["--undo"]).code, 0);
    assert!(!root.path().join("etc/systemd/system/wakeep.service").exists());
}

#[test]
fn every_session_of_a_bot_is_kept_or_named() {
    let root = server();
    for path in ["opt/two/auth_a", "opt/two/auth_b", "opt/deep/data/auth", "opt/mixed/auth"] {
        baileys(root.path(), path);
    }
    bot(root.path(), "opt/mixed");
    fs::create_dir_all(root.path().join("opt/none")).unwrap();
    let sessions = |app: &str, config: &str| {
        let done = setup(root.path(), &["--app-dir", app, "--bot-unit", "nord-laundry-bot"]);
        assert_eq!(done.code, 0, "{done:?}");
        let table: toml::Table = toml::from_str(&text(&root.path().join("etc/wakeep").join(config))).unwrap();
        let several = table.get("sessions").and_then(|s| s.as_array()).into_iter().flatten().map(|s| s.get("path"));
        let paths = several.chain([table.get("session")]).flatten().map(|p| p.as_str().unwrap().to_owned());
        (paths.collect::<Vec<_>>(), done.stdout)
    };
    let (kept, said) = sessions("/opt/two", "wakeep.toml");
    assert_eq!(kept, ["/opt/two/auth_a", "/opt/two/auth_b"], "{said}");
    assert_eq!(sessions("/opt/deep", "deep.toml").0, ["/opt/deep/data/auth"]);
    assert_eq!(sessions("/opt/mixed", "mixed.toml").0, ["/opt/mixed/.wwebjs_auth", "/opt/mixed/auth"]);
    let (kept, said) = sessions("/opt/none", "none.toml");
    assert!(kept == ["/opt/none/.wwebjs_auth"] && said.contains("Expected at: /opt/none/.wwebjs_auth"), "{said}");
    // One that comes later isn't in the configuration that stands.
    baileys(root.path(), "opt/two/auth_c");
    let (kept, said) = sessions("/opt/two", "wakeep.toml");
    assert!(kept.len() == 2 && said.contains("[[sessions]]: /opt/two/auth_c\n"), "{said}");
}

#[test]
fn beside_a_bot_every_session_is_kept_or_named() {
    let bot = StandIn::stopped();
    baileys(bot.home(), "auth");
    let done = bot.wakeep(["setup"]).run();
    assert_eq!(done.code, 0, "{done:?}");
    let config = text(&bot.home().join("wakeep.toml"));
    assert!(config.contains("path = \".wwebjs_auth\"\n") && config.contains("path = \"auth\"\n"), "{config}");
    baileys(bot.home(), "later");
    let again = bot.wakeep(["setup"]).run();
    assert!(again.code == 0 && again.stdout.contains("[[sessions]]: later\n"), "{again:?}");

    let deep = scratch();
    baileys(deep.path(), "data/auth");
    let done = crate::env::wakeep::Wakeep::new(deep.path(), ["setup"]).run();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(text(&deep.path().join("wakeep.toml")).contains("\nsession = \"data/auth\"\n"));
}

/// Whatever of ours runs as root is the installed program, with a configuration of root's.
#[test]
fn root_runs_nothing_that_the_bots_user_can_write() {
    for schedule in ["cron", "timer"] {
        let root = server();
        assert_eq!(setup(root.path(), &["--schedule", schedule]).code, 0);
        let ours = picture(root.path()).into_iter().filter(|(path, _)| path.starts_with("etc") && path.is_relative());
        let mut lines = 0;
        for (path, (_, content)) in ours {
            let text = String::from_utf8(content.unwrap_or_default()).unwrap();
            let runs = |l: &&str| ["Exec", "0 */6"].iter().any(|s| l.starts_with(s)) && !l.contains("/usr/bin/node");
            for line in text.lines().filter(runs) {
                lines += 1;
                assert!(line.contains("/usr/local/bin/wakeep --config /etc/wakeep/wakeep.toml"), "{path:?}: {line}");
                assert!(!line.contains(".sh check") && !line.contains(&format!("/{APP}/")), "{path:?}: {line}");
            }
        }
        assert!(lines >= 5, "{schedule}: {lines}");
    }
}
