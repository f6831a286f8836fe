//! Setting up a server into a tree, the scripts, the bot as a child, the archive that is brought along, the doctor.
//! The same on a booted Debian is `scripts/vps-test`.

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::env::wakeep::{Outcome, Wakeep};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wakeep::disk::Lock;

pub const APP: &str = "opt/nord-laundry-bot";

/// Somebody who is neither root nor the bot's user.
const NOBODY: u32 = 65_534;

/// A server as a tree: cron, the bot's unit, the bot's folder with a session.
pub fn server() -> tempfile::TempDir {
    let root = scratch();
    let at = |p: &str| root.path().join(p);
    for dir in ["etc/systemd/system", "etc/cron.d", "etc/logrotate.d", "usr/sbin", "var/log"] {
        fs::create_dir_all(at(dir)).unwrap();
    }
    fs::create_dir_all(at(APP).join(".wwebjs_auth/session/Default")).unwrap();
    fs::write(at("usr/sbin/cron"), "").unwrap();
    let unit = format!("[Service]\nUser=bot\nWorkingDirectory=/{APP}\nExecStart=/usr/bin/node bot.js\n");
    fs::write(at("etc/systemd/system/nord-laundry-bot.service"), unit).unwrap();
    root
}

pub fn setup(root: &Path, more: &[&str]) -> Outcome {
    let args = ["setup", "--root", root.to_str().unwrap()];
    Wakeep::new(root, args.into_iter().chain(more.iter().copied())).run()
}

/// Everything below a folder: modes and contents.
pub fn picture(root: &Path) -> BTreeMap<PathBuf, (u32, Option<Vec<u8>>)> {
    let mut all = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for item in fs::read_dir(dir).unwrap().flatten() {
            let (path, meta) = (item.path(), item.metadata().unwrap());
            if meta.is_dir() {
                open.push(path.clone());
            }
            let content = meta.is_file().then(|| fs::read(&path).unwrap());
            all.insert(path.strip_prefix(root).unwrap().to_owned(), (meta.mode() & 0o7777, content));
        }
    }
    all
}

pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn a_server_is_set_up_once_and_undone_without_a_trace() {
    let root = server();
    let before = picture(root.path());
    let shown = setup(root.path(), &["--dry-run"]);
    assert_eq!((shown.code, picture(root.path())), (0, before.clone()), "{shown:?}");
    let done = setup(root.path(), &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let as_done = shown.stdout.replace("would write", "wrote");
    assert!(shown.stdout != done.stdout && as_done == done.stdout, "the plan is what is done: {shown:?}");
    let at = |p: &str| root.path().join(p);
    let line = "0 */6 * * * root cd /opt/nord-laundry-bot && /usr/local/bin/wakeep --config /etc/wakeep/wakeep.toml \
                --log-to /var/log/whatsapp-auth-check.log restore --if-needed --tell\n";
    assert_eq!(text(&at("etc/cron.d/whatsapp-auth-check")), line);
    let unit = text(&at("etc/systemd/system/whatsapp-auth-restore.service"));
    assert!(unit.contains("\nUser=bot\n"), "{unit}");
    assert_eq!(text(&at(APP).join("whatsapp-auth-restore.service")), unit, "the copy that may be copied again");
    assert!(
        text(&at("etc/systemd/system/nord-laundry-bot.service.d/50-wakeep.conf"))
            .contains("ExecStartPre=+/bin/sh -c '")
    );
    assert!(at("usr/local/bin/wakeep").is_file() && at("opt/whatsapp-auth-backup").is_dir());
    for log in ["restore", "check"] {
        assert!(at(&format!("var/log/whatsapp-auth-{log}.log")).is_file());
    }
    for script in ["auto-restore-auth", "restore-auth-manual", "upload-auth-archive", "cleanup-old-archives"] {
        let mode = fs::metadata(at(APP).join(format!("{script}.sh"))).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o755, "{script}");
    }
    let after = picture(root.path());
    let again = setup(root.path(), &[]);
    let steps = again.stdout.lines().filter(|l| !l.starts_with("Takes effect"));
    assert!(steps.clone().count() > 10 && steps.clone().all(|l| l.starts_with("left as it is")), "{again:?}");
    assert_eq!(picture(root.path()), after);

    fs::write(at("opt/whatsapp-auth-backup/whatsapp_auth_latest.tar.gz"), "a backup").unwrap();
    fs::write(at("var/log/whatsapp-auth-check.log.1"), "rotated").unwrap();
    let planned = setup(root.path(), &["--undo", "--dry-run"]);
    let undone = setup(root.path(), &["--undo"]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(planned.stdout.replace("would remove", "removed"), undone.stdout, "only what goes is said to go");
    assert_eq!(text(&at("opt/whatsapp-auth-backup/whatsapp_auth_latest.tar.gz")), "a backup");
    fs::remove_dir_all(at("opt/whatsapp-auth-backup")).unwrap();
    let mut left = picture(root.path());
    // Folders of the system that weren't there in this bare tree may stay.
    left.retain(|path, (_, content)| content.is_some() || before.contains_key(path));
    assert_eq!(left, before);
}

#[test]
fn what_its_owner_changed_stays_and_what_was_there_comes_back() {
    let root = server();
    let at = |p: &str| root.path().join(p);
    let old = "[Service]\nExecStart=/opt/nord-laundry-bot/auto-restore-auth.sh\n";
    fs::write(at("etc/systemd/system/whatsapp-auth-restore.service"), old).unwrap();
    let done = setup(root.path(), &["--schedule", "timer"]);
    assert!(done.stdout.contains("replaced"), "{done:?}");
    assert!(text(&at("etc/systemd/system/whatsapp-auth-check.timer")).contains("Persistent=true"));
    assert!(!at("etc/cron.d/whatsapp-auth-check").exists());
    let config = at("etc/wakeep/wakeep.toml");
    fs::write(&config, text(&config) + "interval = \"5m\"\n").unwrap();
    let keeper = at("etc/systemd/system/wakeep.service");
    fs::write(&keeper, text(&keeper) + "# mine\n").unwrap();
    setup(root.path(), &["--schedule", "timer"]);
    assert!(text(&config).ends_with("interval = \"5m\"\n") && text(&keeper).ends_with("# mine\n"));
    assert!(!text(&at("etc/systemd/system/wakeep.service.wakeep")).contains("# mine"), "ours stands beside it");
    setup(root.path(), &["--undo"]);
    assert_eq!(text(&at("etc/systemd/system/whatsapp-auth-restore.service")), old);
    assert!(config.exists() && keeper.exists() && !at("etc/systemd/system/wakeep.service.wakeep").exists());
}

#[test]
fn a_second_bot_gets_units_configuration_and_backups_of_its_own() {
    let root = server();
    fs::create_dir_all(root.path().join("srv/shop/.wwebjs_auth/session")).unwrap();
    setup(root.path(), &[]);
    let done = setup(root.path(), &["--app-dir", "/srv/shop", "--bot-unit", "shop"]);
    assert_eq!(done.code, 0, "{done:?}");
    let at = |p: &str| root.path().join(p);
    let unit = text(&at("etc/systemd/system/whatsapp-auth-restore-shop.service"));
    assert!(
        unit.contains("--config /etc/wakeep/shop.toml") && unit.contains("Before=wakeep-shop.service shop.service")
    );
    assert!(text(&at("etc/wakeep/shop.toml")).contains("vault = \"/opt/whatsapp-auth-backup/shop\""));
    assert!(text(&at("etc/systemd/system/whatsapp-auth-restore.service")).contains("/opt/nord-laundry-bot"));
    setup(root.path(), &["--undo", "--app-dir", "/srv/shop"]);
    assert!(!at("etc/wakeep/shop.toml").exists() && at("etc/wakeep/wakeep.toml").exists());
}

pub fn git(dir: &Path, args: &[&str]) {
    let identity =
        ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main", "-c", "safe.directory=*"];
    let out = Command::new("git").arg("-C").arg(dir).args(identity).args(args).output().unwrap();
    assert!(out.status.success(), "git {args:?}: {out:?}");
}

/// The bot's code is a git work tree; the scripts of the earlier system are in it, or come with a later pull.
#[test]
fn git_pull_works_with_the_scripts_tracked_and_untracked() {
    let root = server();
    let (app, origin) = (root.path().join(APP), scratch());
    fs::write(origin.path().join("auto-restore-auth.sh"), "#!/bin/sh\necho old\n").unwrap();
    git(origin.path(), &["init", "-q"]);
    git(origin.path(), &["add", "."]);
    git(origin.path(), &["commit", "-qm", "one"]);
    git(&app, &["init", "-q"]);
    git(&app, &["remote", "add", "origin", origin.path().to_str().unwrap()]);
    git(&app, &["pull", "-q", "origin", "main"]);
    let done = setup(root.path(), &[]);
    assert_eq!(text(&app.join("auto-restore-auth.sh")), "#!/bin/sh\necho old\n", "tracked: not overwritten");
    assert!(text(&app.join("auto-restore-auth.sh.wakeep")).contains("whatsapp-auth-check.log"));
    assert!(done.stdout.contains("-echo old"), "the difference is shown: {done:?}");
    assert!(
        done.stdout.contains("auto-restore-auth.sh.wakeep") && done.stdout.contains(" cp "),
        "and the line that takes it"
    );
    let out = Command::new("git")
        .arg("-C")
        .arg(&app)
        .args(["-c", "safe.directory=*", "status", "--porcelain"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "", "nothing of ours is untracked or changed");
    // Upstream changes the tracked one, and adds one that stands untracked here.
    fs::write(origin.path().join("auto-restore-auth.sh"), "#!/bin/sh\necho newer\n").unwrap();
    fs::write(origin.path().join("restore-auth-manual.sh"), "#!/bin/sh\necho theirs\n").unwrap();
    git(origin.path(), &["add", "."]);
    git(origin.path(), &["commit", "-qm", "two"]);
    git(&app, &["pull", "-q", "origin", "main"]);
    assert_eq!(text(&app.join("restore-auth-manual.sh")), "#!/bin/sh\necho theirs\n");
    setup(root.path(), &["--undo"]);
    assert_eq!(text(&app.join("restore-auth-manual.sh")), "#!/bin/sh\necho theirs\n");
}

/// The scripts as `setup` writes them, in the bot's folder, with the program beside them.
pub fn with_scripts(bot: &StandIn) {
    for (name, script) in wakeep::setup::server::SHIMS {
        fs::write(bot.home().join(name), script).unwrap();
        fs::set_permissions(bot.home().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let _ = fs::copy(env!("CARGO_BIN_EXE_wakeep"), bot.home().join("wakeep")).unwrap();
}

/// As cron calls it: nothing in the environment but a short PATH.
pub fn script(bot: &StandIn, name: &str, args: &[&str]) -> Outcome {
    let mut command = Command::new(bot.home().join(name));
    command.args(args).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").stdin(Stdio::null());
    outcome(command)
}

pub fn outcome(mut command: Command) -> Outcome {
    let out = command.output().unwrap();
    let said = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    Outcome { code: out.status.code().unwrap_or(-1), stdout: said(&out.stdout), stderr: said(&out.stderr) }
}

pub fn is_good(bot: &StandIn) -> bool {
    bot.wakeep(["check"]).run().code == 0
}

#[test]
fn the_scripts_work_without_an_environment() {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    bot.wakeep(["archive"]).run();
    let checked = script(&bot, "auto-restore-auth.sh", &["check"]);
    assert!(checked.code == 0 && checked.stdout.contains("sound"), "{checked:?}");
    bot.tear();
    let mended = script(&bot, "auto-restore-auth.sh", &["check"]);
    assert!(mended.code == 0 && mended.stdout.contains("broken") && mended.stdout.contains("restored"), "{mended:?}");
    assert!(is_good(&bot));
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    assert_eq!(script(&bot, "auto-restore-auth.sh", &[]).code, 0);
    assert!(is_good(&bot));
    let forced = script(&bot, "auto-restore-auth.sh", &["force"]);
    assert!(forced.code == 0 && forced.stdout.contains("restored"), "{forced:?}");
    assert_eq!(script(&bot, "auto-restore-auth.sh", &["nonsense"]).code, 2);
    let asked = script(&bot, "restore-auth-manual.sh", &[]);
    assert!(asked.code == 2 && asked.stderr.contains("--yes"), "nobody is there to ask: {asked:?}");
    let manual = script(&bot, "restore-auth-manual.sh", &["--yes"]);
    assert!(manual.code == 0 && manual.stdout.contains("newer than"), "both sides are shown: {manual:?}");
    assert_eq!(script(&bot, "cleanup-old-archives.sh", &["--dry-run"]).code, 0);
    fs::remove_file(bot.home().join("wakeep")).unwrap();
    if !Path::new("/usr/bin/wakeep").exists() && !Path::new("/usr/local/bin/wakeep").exists() {
        let lost = script(&bot, "auto-restore-auth.sh", &["check"]);
        assert!(lost.code == 127 && lost.stderr.contains("install -m755 wakeep"), "{lost:?}");
    }
}

/// The backup that somebody copies over the archive is what `force` takes.
#[test]
fn the_manual_backup_of_the_description_comes_back() {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    bot.wakeep(["archive"]).run();
    fs::copy(bot.archive(), bot.home().join("backup_20250101_120000.tar.gz")).unwrap();
    let shell = |line: &str| {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(line).current_dir(bot.home()).env_clear().env("PATH", "/usr/bin:/bin");
        outcome(command)
    };
    let done = shell("cp backup_20250101_120000.tar.gz whatsapp_auth_latest.tar.gz\n./auto-restore-auth.sh force");
    assert!(done.code == 0 && done.stdout.contains("restored from"), "{done:?}");
    assert!(bot.home().join(".wakeep/whatsapp_auth_latest.tar.gz").is_file(), "the one used is kept");
}

#[test]
fn an_archive_that_was_brought_along_is_checked_and_put_in_place() {
    let from = StandIn::stopped();
    from.wakeep(["archive"]).run();
    let bot = StandIn::stopped();
    with_scripts(&bot);
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let file = from.archive();
    let refused = script(&bot, "upload-auth-archive.sh", &[file.to_str().unwrap()]);
    assert!(
        refused.code == 2 && !bot.archive().exists(),
        "whether the bot is stopped there must be answered: {refused:?}"
    );
    let damaged = bot.home().join("half.tar.gz");
    let bytes = fs::read(&file).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let refused = script(&bot, "upload-auth-archive.sh", &[damaged.to_str().unwrap(), "--yes"]);
    assert!(refused.code == 4 && !bot.archive().exists(), "{refused:?}");
    let mut piped = Command::new(bot.home().join("upload-auth-archive.sh"));
    piped.args(["-", "--yes"]).env_clear().env("PATH", "/usr/bin:/bin").stdin(fs::File::open(&file).unwrap());
    let taken = outcome(piped);
    assert!(taken.code == 0 && taken.stdout.contains("linked"), "it says who it is: {taken:?}");
    assert_eq!(fs::read(bot.archive()).unwrap(), bytes);
    assert_eq!(fs::metadata(bot.archive()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(script(&bot, "auto-restore-auth.sh", &[]).code, 0);
    assert!(is_good(&bot));
}

#[test]
fn without_an_archive_the_line_for_the_other_machine_is_told() {
    let bot = StandIn::stopped();
    let home = scratch();
    let told = bot.wakeep(["receive"]).env("HOME", home.path().to_str().unwrap()).run();
    // A machine on which somebody left one in /tmp takes that one.
    if told.code == 10 {
        assert!(
            told.stdout.contains("scp whatsapp_auth_latest.tar.gz") && told.stdout.contains("PowerShell"),
            "{told:?}"
        );
    }
    fs::copy(env!("CARGO_BIN_EXE_wakeep"), home.path().join("whatsapp_auth_latest.tar.gz")).unwrap();
    let found = bot.wakeep(["receive"]).env("HOME", home.path().to_str().unwrap()).run();
    assert_eq!(found.code, 4, "what isn't one is refused: {found:?}");
}

/// A bot that `run` starts: the stand-in, which ends when its standard input does.
fn bot_command(bot: &StandIn) -> Vec<String> {
    let this = env!("CARGO_BIN_EXE_wakeep");
    [this, "demo", "--bot", bot.session().to_str().unwrap()].map(str::to_owned).to_vec()
}

#[test]
fn run_restores_starts_keeps_and_ends_with_the_bots_code() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let seen = "test -d .wwebjs_auth/session/Default && exit 7; exit 8";
    let ended = bot.wakeep(["run", "--", "sh", "-c", seen]).run();
    assert_eq!(ended.code, 7, "restored before the start, and the bot's own code: {ended:?}");
    assert!(ended.stdout.contains("restored"), "{ended:?}");
    assert_eq!(bot.wakeep(["run", "--", "sh", "-c", "kill -9 $$"]).run().code, 128 + 9);
    assert_eq!(bot.wakeep(["run", "--", "no-such-bot"]).run().code, 1);
}

#[test]
fn run_passes_signals_on_and_archives_once_more_at_the_end() {
    let bot = StandIn::stopped();
    let config = "interval = \"1h\"\nlast_archive_wait = \"5s\"\n";
    fs::write(bot.home().join("wakeep.toml"), config).unwrap();
    // The shell waits for the stand-in, which writes on; the signal reaches the shell, which ends the stand-in.
    let line = bot_command(&bot).iter().map(|w| format!("'{w}'")).collect::<Vec<_>>().join(" ");
    let script = format!(
        "sleep 60 | {line} & trap 'kill -9 $!; pkill -P $$; echo got it; exit 5' TERM; while :; do sleep 0.1; done"
    );
    let running = bot.wakeep(["run", "--", "sh", "-c", &script]).spawn();
    let start = Instant::now();
    while !bot.archive().exists() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(1500));
    running.signal(Signal::TERM);
    let ended = running.wait();
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.stdout.contains("got it"), "{ended:?}");
    let written = ended.stderr.matches("written").count();
    assert!(written >= 2, "one at the start, one when the bot had ended: {ended:?}");
}

/// Somebody else works on the session, so that the restore before the start waits: whoever changes his mind isn't kept.
#[test]
fn run_ends_soon_when_it_is_asked_to_during_the_restore() {
    let bot = StandIn::stopped();
    bot.wakeep(["archive"]).run();
    fs::remove_dir_all(bot.home().join(".wwebjs_auth")).unwrap();
    let busy = Lock::take(&bot.home().join(".wakeep/session/work.lock"), "a test").unwrap().unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let running = bot.wakeep(["run", "--", "touch", "started"]).spawn();
        std::thread::sleep(Duration::from_secs(1));
        let asked = Instant::now();
        running.signal(signal);
        let ended = running.wait();
        assert_eq!(ended.code, 130, "{ended:?}");
        // It would wait for a minute.
        assert!(asked.elapsed() < Duration::from_secs(40), "{ended:?}");
    }
    assert!(!bot.home().join("started").exists());
    drop(busy);
    assert_eq!(bot.wakeep(["run", "--", "true"]).run().code, 0);
    assert!(is_good(&bot), "nothing is left behind");
}

/// As the first process of a container, where every orphan is its child.
#[test]
fn run_reaps_what_the_bot_leaves_behind() {
    let bot = StandIn::stopped();
    let script = "sh -c 'sleep 0.2 &'; sleep 1; n=1; i=0; while [ $n != 0 ] && [ $i -lt 120 ]; do sleep 0.5; i=$((i+1)); \
                  n=$(ps -e -o stat= | grep -c Z); done; echo $n; exit 9";
    let mut command = Command::new("unshare");
    let namespace = ["--pid", "--fork", "--mount-proc", "--map-root-user"];
    command.args(namespace).arg(env!("CARGO_BIN_EXE_wakeep")).args(["run", "--", "sh", "-c", script]);
    let ended = outcome({
        command.current_dir(bot.home()).stdin(Stdio::null());
        command
    });
    assert!(ended.code == 9 && ended.stdout.lines().any(|l| l == "0"), "{ended:?}");
}

#[test]
fn where_a_keeper_has_the_session_run_only_starts_the_bot() {
    let bot = StandIn::stopped();
    let keeper = bot.wakeep(["watch"]).spawn();
    std::thread::sleep(Duration::from_millis(800));
    let ended = bot.wakeep(["run", "--", "sh", "-c", "exit 3"]).run();
    assert!(ended.code == 3 && ended.stderr.contains("in its care"), "{ended:?}");
    drop(keeper);
}

#[test]
fn the_doctor_finds_and_mends() {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    bot.wakeep(["archive"]).run();
    fs::set_permissions(bot.archive(), fs::Permissions::from_mode(0o644)).unwrap();
    let script = bot.home().join("auto-restore-auth.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    symlink(format!("{host}-{}", gone.id()), bot.session().join("SingletonLock")).unwrap();
    let found = bot.wakeep(["doctor", "--json"]).json(3);
    let codes: Vec<_> =
        found["sessions"][0]["ailments"].as_array().unwrap().iter().map(|a| a["ailment"]["code"].clone()).collect();
    for code in ["world_readable", "not_executable", "stale_lock", "keeper_rests"] {
        assert!(codes.contains(&code.into()), "{code}: {codes:?}");
    }
    let told = bot.wakeep(["doctor"]).run();
    assert!(told.stdout.contains("chmod 755") && told.stdout.contains("wakeep watch"), "{told:?}");
    bot.wakeep(["doctor", "--fix"]).run();
    assert_eq!(fs::metadata(bot.archive()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&script).unwrap().mode() & 0o777, 0o755);
    assert!(fs::symlink_metadata(bot.session().join("SingletonLock")).is_err());
    // The mode that the owner chose, not the usual one.
    fs::write(bot.home().join("wakeep.toml"), "archive_mode = \"0640\"\n").unwrap();
    fs::set_permissions(bot.archive(), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(bot.wakeep(["doctor"]).run().stdout.contains("chmod 640"));
    bot.wakeep(["doctor", "--fix"]).run();
    assert_eq!(fs::metadata(bot.archive()).unwrap().mode() & 0o777, 0o640);
    let report = bot.wakeep(["doctor", "--report"]).run().stdout;
    let home = bot.home().to_str().unwrap();
    assert!(!report.contains("9001234567") && !report.contains(home) && report.contains("chromium"), "{report}");
}

#[test]
fn the_doctor_sees_a_damaged_archive_and_the_line_that_mends_it() {
    let bot = StandIn::stopped();
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let whole = fs::read(bot.archive()).unwrap();
    let damaged = |bot: &StandIn| {
        let found = bot.wakeep(["doctor", "--json"]).json(3);
        let all = found["sessions"][0]["ailments"].as_array().unwrap().clone();
        all.iter().any(|a| a["ailment"]["code"] == "archive_damaged")
    };
    assert!(!damaged(&bot));
    let mut flipped = whole.clone();
    let near_the_end = flipped.len() - 40;
    flipped[near_the_end] ^= 1;
    let put = |bytes: &[u8], ago: u64| {
        fs::write(bot.archive(), bytes).unwrap();
        let file = fs::File::options().write(true).open(bot.archive()).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(ago)).unwrap();
    };
    put(&whole[..whole.len() / 2], 0);
    assert!(!damaged(&bot), "somebody may be copying it there just now");
    for bytes in [&whole[..whole.len() / 2], &[], b"nothing of the kind", &flipped] {
        put(bytes, 300);
        assert!(damaged(&bot), "{} bytes", bytes.len());
        let told = bot.wakeep(["doctor", "--lang", "ru"]).run();
        assert!(told.code == 3 && told.stdout.contains("повреждён") && told.stdout.contains("wakeep archive --force"));
        assert_eq!(bot.wakeep(["archive", "--force"]).run().code, 0);
        assert!(!damaged(&bot), "as it said");
    }
    // The session is lost as well: the other line.
    put(&whole[..whole.len() / 2], 300);
    bot.tear();
    assert!(bot.wakeep(["doctor"]).run().stdout.contains("wakeep restore, from an earlier backup"));
    assert_eq!(bot.wakeep(["restore"]).run().code, 0);
    assert!(is_good(&bot));
}

#[test]
fn what_the_doctor_cannot_mend_hides_nothing_else() {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    let script = bot.home().join("auto-restore-auth.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    let fixed = bot.wakeep(["doctor", "--fix"]).injected("chmod,fchmod,fchmodat:error=EPERM").run();
    assert!(
        fixed.code == 3 && fixed.stdout.contains("chmod 755") && fixed.stdout.contains("wakeep watch"),
        "{fixed:?}"
    );
    assert!(fixed.stderr.contains("auto-restore-auth.sh"), "{fixed:?}");
}

#[test]
fn a_bot_is_not_said_to_stand_still_by_a_pm2_that_is_not_there() {
    let bot = StandIn::stopped();
    fs::write(bot.home().join("wakeep.toml"), "bot_pm2 = \"nord-laundry-bot\"\n").unwrap();
    let told = bot.wakeep(["doctor"]).run();
    assert!(told.stdout.contains("no archive") && !told.stdout.contains("doesn't run"), "{told:?}");
}

/// JSON is UTF-8; what is found below such a path is told all the same.
#[test]
fn the_doctor_tells_of_a_folder_whose_name_is_no_text() {
    let (above, bot) = (scratch(), StandIn::stopped());
    let home = above.path().join(std::ffi::OsStr::from_bytes(b"bot\xff"));
    assert!(Command::new("cp").arg("-a").arg(bot.home()).arg(&home).status().unwrap().success());
    for args in [&["doctor", "--json"][..], &["doctor", "--report"], &["doctor"]] {
        let found = Wakeep::new(&home, args.iter().copied()).run();
        assert!(found.code == 3 && found.stdout.contains("bot\u{fffd}") != args.contains(&"--report"), "{found:?}");
        assert!(!found.stderr.contains("panicked"), "{found:?}");
    }
}

#[test]
fn a_log_that_cannot_be_written_is_a_warning() {
    let bot = StandIn::stopped();
    let log = bot.home().join("check.log");
    let checked = bot.wakeep(["--log-to", log.to_str().unwrap(), "check"]).run();
    assert_eq!(checked.code, 0);
    assert!(text(&log).contains("sound") && text(&log).starts_with("20"), "{}", text(&log));
    let checked = bot.wakeep(["--log-to", "/proc/nowhere/log", "check"]).run();
    assert!(checked.code == 0 && checked.stderr.contains("warning"), "{checked:?}");
}

/// Root works on the bot's files as the bot's user: they end up that user's, and its links lead root nowhere.
#[test]
fn root_becomes_the_bots_user() {
    let bot = StandIn::stopped();
    if fs::metadata(bot.home()).unwrap().uid() != 0 {
        // Whoever isn't root can't become anybody; what they can't do is the next test's.
        return;
    }
    let status = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(bot.home()).status().unwrap();
    assert!(status.success());
    let owners = || {
        let all = Command::new("find").arg(bot.home()).args(["-not", "-user", "nobody"]).output().unwrap();
        String::from_utf8_lossy(&all.stdout).into_owned()
    };
    assert_eq!(bot.wakeep(["archive"]).run().code, 0);
    bot.tear();
    chown(bot.archive(), Some(NOBODY), None).unwrap();
    let restored = bot.wakeep(["restore"]).run();
    assert!(restored.code == 0 && restored.stdout.contains("restored"), "{restored:?}");
    assert_eq!(owners(), "", "everything is the bot's user's");
    // What root typed reaches the bot's user byte for byte.
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff.tar.gz");
    fs::copy(bot.archive(), bot.home().join(odd)).unwrap();
    chown(bot.home().join(odd), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wakeep"));
    command.current_dir(bot.home()).args(["restore", "--force", "--from"]).arg(odd);
    let named = outcome(command);
    assert!(named.code == 0 && named.stdout.contains("restored"), "{named:?}");
    // The bot's user points the archive's temporary name, the vault and the session at root's files.
    let target = scratch();
    fs::write(target.path().join("precious"), "root's").unwrap();
    fs::set_permissions(target.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::remove_dir_all(bot.home().join(".wakeep")).unwrap();
    symlink(target.path(), bot.home().join(".wakeep")).unwrap();
    std::os::unix::fs::lchown(bot.home().join(".wakeep"), Some(NOBODY), Some(NOBODY)).unwrap();
    let hindered = bot.wakeep(["archive", "--force"]).run();
    assert_eq!(hindered.code, 1, "{hindered:?}");
    assert_eq!(picture(target.path()).len(), 1, "nothing was written through the link");
}

/// A third user gets told what to do, and changes nothing.
#[test]
fn a_third_user_is_told_to_ask_the_bots() {
    let bot = StandIn::stopped();
    with_scripts(&bot);
    bot.wakeep(["archive"]).run();
    if fs::metadata(bot.home()).unwrap().uid() != 0 {
        return;
    }
    fs::set_permissions(bot.home(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(bot.home().join("auto-restore-auth.sh"));
    command.arg("check").env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").uid(NOBODY).gid(NOBODY);
    let told = outcome(command);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stderr.contains("sudo"), "{told:?}");
    // Backups that may not be looked at are not none.
    let open = Command::new("chmod").args(["-R", "a+rX"]).arg(bot.home().join(".wwebjs_auth")).status().unwrap();
    assert!(open.success());
    for verb in ["list", "status"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wakeep"));
        command.arg(verb).env_clear().env("PATH", "/usr/bin:/bin").current_dir(bot.home()).uid(NOBODY).gid(NOBODY);
        let told = outcome(command);
        assert!(told.code == 1 && told.stderr.contains(".wakeep"), "{verb}: {told:?}");
    }
}
