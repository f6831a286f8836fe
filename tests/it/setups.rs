//! What setting up leaves behind: one configuration for all, a login that git, npm and Docker don't see, and words that
//! say what is done.

use crate::env::standin::StandIn;
use crate::env::wakeep::Outcome;
use crate::env::{scratch, used};
use crate::vps::{APP, git, is_good, outcome, picture, server, setup, text, with_scripts};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Somebody who is neither root nor the bot's user.
const NOBODY: u32 = 65_534;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_bots_own_configuration_becomes_the_servers() {
    let root = server();
    let at = |p: &str| root.path().join(p);
    let own = at(APP).join("wakeep.toml");
    fs::write(&own, "session = \".wwebjs_auth\"\nvault = \".wakeep\"\ninterval = \"5m\"\nidentity = \"key.txt\"\n")
        .unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).unwrap();
    let before = picture(root.path());
    let planned = setup(root.path(), &["--dry-run"]);
    assert_eq!(picture(root.path()), before);
    assert!(planned.stdout.contains("takes over the bot's own: /etc/wakeep/wakeep.toml"), "{planned:?}");
    assert!(planned.stdout.contains("not taken over: vault\n"), "{planned:?}");
    assert!(planned.stdout.contains("would be set aside"), "{planned:?}");
    assert_eq!(setup(root.path(), &[]).code, 0);
    let system = at("etc/wakeep/wakeep.toml");
    let table: toml::Table = toml::from_str(&text(&system)).unwrap();
    let said = |key: &str| table[key].as_str().unwrap().to_owned();
    assert_eq!(said("interval"), "5m");
    assert_eq!(said("session"), format!("/{APP}/.wwebjs_auth"));
    assert_eq!(said("identity"), format!("/{APP}/key.txt"));
    assert_eq!(said("vault"), "/opt/whatsapp-auth-backup");
    assert_eq!(said("bot_unit"), "nord-laundry-bot");
    assert_eq!(mode(&system), 0o640, "as private as the bot's own");
    assert!(!own.exists() && at(APP).join("wakeep.toml.set-aside").exists());
    // One that comes later goes the same way; the server's stays as it is, and what it lacks is said.
    fs::write(&own, "interval = \"7m\"\n").unwrap();
    let again = setup(root.path(), &[]);
    assert!(again.stdout.contains("stands already: /etc/wakeep/wakeep.toml"), "{again:?}");
    assert!(again.stdout.contains("not taken over: interval\n"), "{again:?}");
    assert!(text(&system).contains("interval = \"5m\"") && at(APP).join("wakeep.toml.set-aside-2").exists());
    fs::remove_file(at(APP).join("wakeep.toml.set-aside-2")).unwrap();
    let undone = setup(root.path(), &["--undo"]);
    assert!(
        undone.stdout.contains(&format!("put back as it was: /{}", own.strip_prefix(root.path()).unwrap().display()))
    );
    assert_eq!(
        text(&own),
        String::from_utf8(before[Path::new(APP).join("wakeep.toml").as_path()].1.clone().unwrap()).unwrap()
    );
}

#[test]
fn what_a_server_cannot_take_over_stops_it_and_what_git_knows_stays() {
    let root = server();
    let (app, system) = (root.path().join(APP), root.path().join("etc/wakeep/wakeep.toml"));
    for (own, why) in [("intervall = \"5m\"\n", "intervall"), ("session = \"/srv/elsewhere\"\n", "outside")] {
        fs::write(app.join("wakeep.toml"), own).unwrap();
        let refused = setup(root.path(), &[]);
        assert!(refused.code == 2 && refused.stderr.contains(why) && !system.exists(), "{refused:?}");
    }
    fs::write(app.join("wakeep.toml"), "interval = \"5m\"\n").unwrap();
    git(&app, &["init", "-q"]);
    git(&app, &["add", "wakeep.toml"]);
    let done = setup(root.path(), &[]);
    assert!(done.code == 0 && done.stdout.contains("tracked by git"), "{done:?}");
    assert!(app.join("wakeep.toml").exists() && text(&system).contains("\ninterval = \"5m\"\n"));
}

#[test]
fn a_unit_that_is_not_there_is_warned_of() {
    let root = server();
    let warned = setup(root.path(), &["--dry-run", "--bot-unit", "nope", "--app-dir", "/opt/nord-laundry-bot"]);
    assert!(warned.code == 0 && warned.stdout.contains("no such unit yet") && warned.stdout.contains("nope.service"));
    assert!(!setup(root.path(), &["--dry-run"]).stdout.contains("no such unit"));
}

/// A command as the user nobody, where this is root; else as ourselves.
fn as_nobody(program: &Path, args: &[&str], home: &Path) -> Outcome {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .current_dir(home)
        .stdin(Stdio::null());
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    outcome(command)
}

/// A bot's folder with the scripts and the program in it, all nobody's.
fn nobodys_bot() -> StandIn {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    fs::set_permissions(bot.home(), fs::Permissions::from_mode(0o755)).unwrap();
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        let status = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(bot.home()).status().unwrap();
        assert!(status.success());
    }
    bot
}

#[test]
fn a_server_is_not_set_up_by_halves_without_root() {
    let bot = nobodys_bot();
    let before = picture(bot.home());
    let program = bot.home().join("wakeep");
    let refused = as_nobody(&program, &["setup", "--app-dir", "/opt/bot", "--bot-unit", "bot"], bot.home());
    assert!(
        refused.code == 2 && refused.stderr.contains("sudo wakeep setup --app-dir /opt/bot --bot-unit bot\n"),
        "{refused:?}"
    );
    let script = bot.home().join("setup-auto-restore.sh");
    let refused = as_nobody(&script, &["--dry-run"], bot.home());
    assert!(refused.code == 2 && refused.stderr.contains("sudo ./setup-auto-restore.sh --dry-run\n"), "{refused:?}");
    assert_eq!(picture(bot.home()), before);
}

#[test]
fn git_files_of_another_group_or_another_user_stop_nothing() {
    let bot = nobodys_bot();
    let (program, info) = (bot.home().join("wakeep"), bot.home().join(".git/info"));
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("exclude"), "theirs\n").unwrap();
    fs::write(bot.home().join(".dockerignore"), "theirs\n").unwrap();
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root {
        for file in [bot.home().join(".git"), info.clone(), info.join("exclude"), bot.home().join(".dockerignore")] {
            chown(&file, Some(NOBODY), Some(0)).unwrap();
        }
    }
    fs::set_permissions(info.join("exclude"), fs::Permissions::from_mode(0o640)).unwrap();
    let done = as_nobody(&program, &["setup"], bot.home());
    assert_eq!(done.code, 0, "{done:?}");
    assert!(text(&info.join("exclude")).starts_with("theirs\n/.wwebjs_auth/\n"), "{done:?}");
    assert_eq!(mode(&info.join("exclude")), 0o640);
    assert_eq!(mode(&bot.home().join(".wakeep")), 0o700, "the vault is its owner's alone");
    let undone = as_nobody(&program, &["setup", "--undo"], bot.home());
    assert!(undone.stdout.contains("its lines removed: .git/info/exclude"), "{undone:?}");
    assert!(
        !undone.stdout.contains("removed: .dockerignore\n") || undone.stdout.contains("lines removed: .dockerignore")
    );
    assert_eq!(text(&info.join("exclude")), "theirs\n");
    let nothing = as_nobody(&program, &["setup", "--undo"], bot.home());
    assert!(nothing.code == 0 && nothing.stdout.starts_with("nothing to undo"), "{nothing:?}");
    if root {
        // root's clone: the list is not ours to write.
        chown(&info, Some(0), Some(0)).unwrap();
        let done = as_nobody(&program, &["setup"], bot.home());
        assert!(done.code == 0 && done.stdout.contains("may not be written"), "{done:?}");
        let undone = as_nobody(&program, &["setup", "--undo"], bot.home());
        assert!(undone.code == 0 && !undone.stdout.contains("exclude"), "nothing was written there: {undone:?}");
    }
}

#[test]
fn where_no_session_is_it_says_how_to_come_by_one() {
    let home = scratch();
    let said = crate::env::wakeep::Wakeep::new(home.path(), ["setup"]).run();
    // As root on a server of one's own it would be the server that is set up.
    if said.code == 4 {
        assert!(said.stdout.contains("link it once"), "{said:?}");
    }
}

#[test]
fn the_scripts_find_the_program_on_the_path_too() {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    let elsewhere = scratch();
    fs::rename(bot.home().join("wakeep"), elsewhere.path().join("wakeep"))
        .or_else(|_| {
            fs::copy(bot.home().join("wakeep"), elsewhere.path().join("wakeep"))
                .and_then(|_| fs::remove_file(bot.home().join("wakeep")))
        })
        .unwrap();
    let mut command = Command::new(bot.home().join("cleanup-old-archives.sh"));
    let path = format!("/usr/bin:/bin:{}", elsewhere.path().display());
    command.arg("--dry-run").env_clear().env("PATH", path).current_dir("/").stdin(Stdio::null());
    let found = outcome(command);
    assert_eq!(found.code, 0, "{found:?}");
}

/// What `npm pack` would put into the package.
fn packed(folder: &Path) -> Vec<String> {
    used("npm pack");
    let mut npm = Command::new("npm");
    npm.args(["pack", "--dry-run", "--json", "--ignore-scripts"]).current_dir(folder).stdin(Stdio::null());
    let said = npm.env("HOME", folder).env("npm_config_update_notifier", "false").output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let list: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    // An object by name in newer versions, a list in older ones.
    let package = list.get(0).or_else(|| list.as_object()?.values().next()).unwrap();
    package["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect()
}

const PACKAGE: &str =
    r#"{"name": "bot", "version": "1.0.0", "scripts": {"build": "node -e \"fs.writeFileSync('built','')\""}}"#;

fn a_package() -> StandIn {
    let bot = StandIn::stopped();
    fs::write(bot.home().join("package.json"), PACKAGE).unwrap();
    fs::write(bot.home().join("bot.js"), "").unwrap();
    fs::write(bot.home().join("Dockerfile"), "FROM node\nCOPY . .\n").unwrap();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    bot
}

fn own_files(packed: &[String]) -> Vec<&String> {
    let keys = [".wwebjs_auth", "whatsapp_auth", ".wakeep", "wakeep.toml"];
    packed.iter().filter(|p| keys.iter().any(|k| p.starts_with(k))).collect()
}

#[test]
fn a_fresh_package_and_its_image_do_not_get_the_login() {
    let bot = a_package();
    assert!(own_files(&packed(bot.home())).len() > 2, "without a list all of it would be given away");
    let before = picture(bot.home());
    let done = bot.wakeep(["setup"]).run();
    assert_eq!(done.code, 0, "{done:?}");
    let all = packed(bot.home());
    assert!(own_files(&all).is_empty() && all.contains(&"bot.js".to_owned()), "{all:?}");
    assert!(text(&bot.home().join(".dockerignore")).starts_with(".wwebjs_auth/\n"));
    let build =
        Command::new("npm").args(["run", "build"]).env("HOME", bot.home()).current_dir(bot.home()).output().unwrap();
    assert!(build.status.success() && bot.home().join("built").exists(), "{build:?}");
    fs::remove_file(bot.home().join("built")).unwrap();
    bot.wakeep(["setup", "--undo"]).run();
    let mut left = picture(bot.home());
    left.retain(|path, _| !path.starts_with(".npm"));
    assert_eq!(left.keys().collect::<Vec<_>>(), before.keys().filter(|p| !p.starts_with(".npm")).collect::<Vec<_>>());
}

#[test]
fn a_package_in_git_keeps_what_git_ignored_and_git_sees_nothing_new() {
    let bot = a_package();
    let porcelain = || {
        let mut git = Command::new("git");
        git.arg("-C").arg(bot.home()).args(["-c", "safe.directory=*", "status", "--porcelain"]);
        String::from_utf8(git.output().unwrap().stdout).unwrap()
    };
    fs::write(bot.home().join(".gitignore"), ".wwebjs_auth\n.wakeep\nwhatsapp_auth_*\n.npm\n*.env").unwrap();
    fs::write(bot.home().join("my.env"), "secret").unwrap();
    git(bot.home(), &["init", "-q"]);
    git(bot.home(), &["add", "."]);
    git(bot.home(), &["commit", "-qm", "one"]);
    assert_eq!(bot.wakeep(["setup"]).run().code, 0);
    let all = packed(bot.home());
    assert!(own_files(&all).is_empty() && !all.contains(&"my.env".to_owned()), "{all:?}");
    assert_eq!(porcelain(), "", "neither a new file nor a change");
    // A line that comes into .gitignore later is taken over by the next setup.
    fs::write(bot.home().join(".gitignore"), ".wwebjs_auth\n*.env\n.npm\n*.key\n").unwrap();
    fs::write(bot.home().join("my.key"), "secret").unwrap();
    assert_eq!(bot.wakeep(["setup"]).run().code, 0);
    assert!(!packed(bot.home()).contains(&"my.key".to_owned()));
    bot.wakeep(["setup", "--undo"]).run();
    assert!(!bot.home().join(".npmignore").exists() && !bot.home().join(".dockerignore").exists());
    assert!(!text(&bot.home().join(".git/info/exclude")).contains("npmignore"));
}

/// A script at a terminal, where somebody types this answer.
fn answered(bot: &StandIn, name: &str, answer: &str) -> Outcome {
    used("script (util-linux)");
    let mut command = Command::new("sh");
    // The pseudo-terminal keeps what is typed until it is read; the typist stays until the script has ended.
    let line = format!("(echo {answer}; sleep 1) | script -qec ./{name} /dev/null");
    command.args(["-c", &line]).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", bot.home().join("home"));
    command.current_dir(bot.home());
    outcome(command)
}

#[test]
fn the_scripts_ask_at_a_terminal_and_take_the_answer() {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    bot.tear();
    let left = answered(&bot, "restore-auth-manual.sh", "n");
    assert!(left.code == 0 && left.stdout.contains("[y/N]") && !is_good(&bot), "{left:?}");
    let restored = answered(&bot, "restore-auth-manual.sh", "y");
    assert!(restored.code == 0 && restored.stdout.contains("restored from") && is_good(&bot), "{restored:?}");

    let home = bot.home().join("home");
    fs::create_dir(&home).unwrap();
    fs::rename(bot.archive(), home.join("whatsapp_auth_latest.tar.gz")).unwrap();
    let touched = Command::new("touch").arg(home.join("whatsapp_auth_latest.tar.gz")).status().unwrap();
    assert!(touched.success());
    let taken = answered(&bot, "upload-auth-archive.sh", "y");
    assert!(taken.code == 0 && taken.stdout.contains("[y/N]") && taken.stdout.contains("linked"), "{taken:?}");
    assert!(bot.archive().exists());
}

/// What git would stage here.
fn staged(folder: &Path) -> String {
    git(folder, &["add", "-A"]);
    let mut status = Command::new("git");
    status.arg("-C").arg(folder).args(["-c", "safe.directory=*", "diff", "--cached", "--name-only"]);
    String::from_utf8(status.output().unwrap().stdout).unwrap()
}

#[test]
fn git_gets_no_login_in_a_worktree_or_a_submodule() {
    let above = scratch();
    let (main, other) = (above.path().join("main"), above.path().join("other"));
    for repository in [&main, &other] {
        fs::create_dir(repository).unwrap();
        git(repository, &["init", "-q"]);
        git(repository, &["commit", "-q", "--allow-empty", "-m", "one"]);
    }
    git(&main, &["worktree", "add", "-q", "../tree"]);
    git(&main, &["-c", "protocol.file.allow=always", "submodule", "add", "-q", other.to_str().unwrap(), "module"]);
    for folder in [above.path().join("tree"), main.join("module")] {
        let bot = StandIn::stopped();
        let copied = Command::new("cp").arg("-a").arg(bot.home().join(".wwebjs_auth")).arg(&folder).status().unwrap();
        assert!(copied.success());
        fs::create_dir_all(folder.join("src/.wwebjs_auth")).unwrap();
        fs::write(folder.join("src/.wwebjs_auth/login.js"), "").unwrap();
        let done = crate::env::wakeep::Wakeep::new(&folder, ["setup"]).run();
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(crate::env::wakeep::Wakeep::new(&folder, ["archive"]).run().code, 0);
        assert_eq!(staged(&folder), "src/.wwebjs_auth/login.js\n", "the session itself, and nothing else of that name");
    }
}

#[test]
fn lists_name_the_session_and_no_source_of_the_same_name() {
    let root = server();
    let (repo, app) = (root.path().join("srv/repo"), root.path().join("srv/repo/bots/shop"));
    for (file, text) in
        [("auth/creds.json", "{\"noiseKey\": {}}"), ("src/auth/login.js", ""), ("package.json", PACKAGE)]
    {
        fs::create_dir_all(app.join(file).parent().unwrap()).unwrap();
        fs::write(app.join(file), text).unwrap();
    }
    fs::write(repo.join("compose.yml"), "services:\n  shop:\n    build: .\n").unwrap();
    git(&repo, &["init", "-q"]);
    // As an earlier release wrote it, and as it said so.
    let exclude = repo.join(".git/info/exclude");
    let theirs = text(&exclude);
    fs::write(&exclude, format!("{theirs}auth/\n")).unwrap();
    let record = "[{\"path\": \"/srv/repo/.git/info/exclude\", \"kind\": \"lines\", \"lines\": [\"auth/\"]}]";
    fs::create_dir(app.join(".wakeep")).unwrap();
    fs::write(app.join(".wakeep/installed-server.json"), record).unwrap();
    let done = setup(root.path(), &["--app-dir", "/srv/repo/bots/shop", "--bot-unit", "shop"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(text(&exclude).contains("\n/bots/shop/auth/\n") && !text(&exclude).contains("\nauth/\n"));
    let staged = staged(&repo);
    assert!(staged.contains("src/auth/login.js") && !staged.contains("creds.json"), "{staged}");
    let packed = packed(&app);
    assert!(packed.contains(&"src/auth/login.js".to_owned()) && !packed.contains(&"auth/creds.json".to_owned()));
    let image = text(&repo.join(".dockerignore"));
    for line in ["bots/shop/auth/", "bots/shop/whatsapp_auth_*", "bots/shop/.wakeep/"] {
        assert!(image.lines().any(|l| l == line), "{line}: {image}");
    }
    setup(root.path(), &["--app-dir", "/srv/repo/bots/shop", "--undo"]);
    assert!(text(&exclude) == theirs && !repo.join(".dockerignore").exists(), "{}", text(&exclude));
}

#[test]
fn what_needs_no_configuration_works_with_a_broken_one() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["setup"]).run().code, 0);
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let config = bot.home().join("wakeep.toml");
    fs::write(&config, "interval = \n").unwrap();
    for verb in [
        &["generate", "config"][..],
        &["generate", "man"],
        &["verify", "whatsapp_auth_latest.tar.gz"],
        &["extract", "whatsapp_auth_latest.tar.gz", "--into", "there"],
        &["demo"],
    ] {
        let done = bot.wakeep(verb.iter().copied()).run();
        assert_eq!((done.code, done.stderr.contains("interval")), (0, false), "{verb:?}: {done:?}");
    }
    for verb in ["status", "archive", "setup"] {
        assert_eq!(bot.wakeep([verb]).run().code, 2, "{verb} doesn't go on with another configuration");
    }
    let named = bot.wakeep(["--config", "wakeep.toml", "generate", "config"]).run();
    assert_eq!(named.code, 2, "{named:?}");
    assert_eq!(bot.wakeep(["setup", "--undo"]).run().code, 0);
    assert!(config.exists() && !bot.home().join("cleanup-old-archives.sh").exists(), "it was changed, so it stays");
}

#[test]
fn another_unit_that_is_named_later_takes_the_first_ones_place() {
    let root = server();
    let at = |p: &str| root.path().join(p);
    let before = picture(root.path());
    let named = |unit: &str, more: &[&str]| {
        let args = [&["--bot-unit", unit, "--app-dir", "/opt/nord-laundry-bot"], more].concat();
        let done = setup(root.path(), &args);
        assert_eq!(done.code, 0, "{done:?}");
        done.stdout
    };
    let drop_in = |unit: &str| at(&format!("etc/systemd/system/{unit}.service.d/50-wakeep.conf"));
    let config = || text(&at("etc/wakeep/wakeep.toml"));
    named("nrod", &[]);
    assert!(drop_in("nrod").exists() && config().contains("\nbot_unit = \"nrod\"\n"));
    let after = picture(root.path());
    let planned = named("nord", &["--dry-run"]);
    assert_eq!(picture(root.path()), after);
    assert!(planned.contains("one line would change: /etc/wakeep/wakeep.toml bot_unit = \"nord\"\n"), "{planned}");
    assert!(planned.contains("would remove: /etc/systemd/system/nrod.service.d/50-wakeep.conf\n"), "{planned}");
    let done = named("nord.service", &[]);
    assert!(done.contains("one line changed: /etc/wakeep/wakeep.toml bot_unit = \"nord\"\n"), "{done}");
    assert!(config().contains("\nbot_unit = \"nord\"\n") && !config().contains("nrod"), "{}", config());
    assert!(drop_in("nord").exists() && !drop_in("nrod").parent().unwrap().exists(), "{done}");
    let restore = text(&at("etc/systemd/system/whatsapp-auth-restore.service"));
    assert!(restore.contains("Before=wakeep.service nord.service\n"), "{restore}");
    // Once decided it needn't be said again, although another unit works in the bot's folder.
    let after = picture(root.path());
    let again = setup(root.path(), &[]);
    assert_eq!((again.code, picture(root.path())), (0, after), "{again:?}");
    assert_eq!(setup(root.path(), &["--undo"]).code, 0);
    let mut left = picture(root.path());
    left.retain(|path, (_, content)| content.is_some() || before.contains_key(path));
    assert_eq!(left, before);
}

#[test]
fn a_configuration_that_its_owner_changed_gets_the_line_of_another_unit_and_stays_theirs() {
    let root = server();
    let at = |p: &str| root.path().join(p);
    assert_eq!(setup(root.path(), &[]).code, 0);
    let config = at("etc/wakeep/wakeep.toml");
    fs::write(&config, text(&config).replace("# interval = \"2m\"", "interval = \"5m\" # mine")).unwrap();
    let drop_in = at("etc/systemd/system/nord-laundry-bot.service.d/50-wakeep.conf");
    fs::write(&drop_in, text(&drop_in) + "# mine\n").unwrap();
    let before = text(&config);
    let done = setup(root.path(), &["--app-dir", "/opt/nord-laundry-bot", "--bot-unit", "nord"]);
    assert_eq!(done.code, 0, "{done:?}");
    let changed = before.replace("bot_unit = \"nord-laundry-bot\"", "bot_unit = \"nord\"");
    assert!(changed != before && text(&config) == changed, "one line and no other: {}", text(&config));
    assert!(drop_in.exists() && done.stdout.contains("left as it is: /etc/systemd/system/nord-laundry-bot.service.d/"));
    setup(root.path(), &["--undo"]);
    assert_eq!(text(&config), changed, "it stays its owner's");
}

#[test]
fn the_check_is_called_one_way_and_stays_so_until_another_is_said() {
    let root = server();
    let at = |p: &str| root.path().join(p);
    let (cron, timer) = (at("etc/cron.d/whatsapp-auth-check"), at("etc/systemd/system/whatsapp-auth-check.timer"));
    let service = at("etc/systemd/system/whatsapp-auth-check.service");
    for (said, by_timer) in
        [(&["--schedule", "timer"][..], true), (&[], true), (&["--schedule", "cron"], false), (&[], false)]
    {
        let done = setup(root.path(), said);
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!((timer.exists(), service.exists(), cron.exists()), (by_timer, by_timer, !by_timer), "{said:?}");
    }
}

#[test]
fn a_bots_log_that_cannot_be_written_is_told_once() {
    let bot = StandIn::stopped();
    fs::write(bot.home().join("wakeep.toml"), "log_file = \"nowhere/bot.log\"\ninterval = \"100ms\"\n").unwrap();
    let keeper = bot.wakeep(["watch"]).spawn();
    let start = std::time::Instant::now();
    while !bot.archive().exists() {
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "no archive");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    keeper.signal(rustix::process::Signal::TERM);
    let ended = keeper.wait();
    assert!(ended.code == 0 && ended.stderr.matches("the log can't be written").count() == 1, "{ended:?}");
}
