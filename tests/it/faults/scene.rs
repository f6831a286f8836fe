//! What a fault falls into: an app folder as it stands before a command, the command, and what it must bring about. A
//! new journey is one more row of [`SCENES`].

use crate::env::scratch;
use crate::env::standin::StandIn;
use crate::env::wakeep::Wakeep;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    Whole,
    Broken,
    Missing,
}

/// One journey in one situation.
#[derive(Debug)]
pub struct Scene {
    pub name: &'static str,
    /// Makes the app folder.
    ready: fn(&Path),
    /// The command. It must also succeed as the next one after a fault.
    pub args: &'static [&'static str],
    /// The session that is looked at, below the app folder.
    pub session: &'static str,
    /// How it stands before.
    pub before: Stands,
    /// Whether an archive stands before.
    pub archived: bool,
    /// Whether the session's folder is a mount point.
    pub mounted: bool,
}

const PROFILE: &str = ".wwebjs_auth/session";
/// The folder that stands for a remote.
pub const REMOTE: &str = "remote";

const fn scene(
    name: &'static str,
    ready: fn(&Path),
    args: &'static [&'static str],
    session: &'static str,
    before: Stands,
) -> Scene {
    Scene { name, ready, args, session, before, archived: true, mounted: false }
}

/// All of them.
pub static SCENES: &[Scene] = &[
    Scene { archived: false, ..scene("first archive", bare, &["archive"], PROFILE, Stands::Whole) },
    scene("archive of a change", changed, &["archive"], PROFILE, Stands::Whole),
    scene("difference", changed_and_heavy, &["archive", "--round"], PROFILE, Stands::Whole),
    scene("restore from a difference", only_a_difference, &["restore", "--if-needed"], PROFILE, Stands::Missing),
    scene("forced archive", kept, &["archive", "--force"], PROFILE, Stands::Whole),
    scene("forced restore", kept, &["restore", "--force"], PROFILE, Stands::Whole),
    scene("restore of a torn session", torn, &["restore", "--if-needed"], PROFILE, Stands::Broken),
    scene("restore of a missing session", gone, &["restore", "--if-needed"], PROFILE, Stands::Missing),
    scene("restore of one of two", one_of_two, &["restore", "--if-needed"], PROFILE, Stands::Missing),
    Scene { mounted: true, ..scene("restore into a mount", torn, &["restore"], PROFILE, Stands::Broken) },
    scene("restore before start", torn, &["restore", "--before-start"], PROFILE, Stands::Broken),
    scene("Baileys healed", baileys_torn, &["restore", "--if-needed"], "auth", Stands::Broken),
    scene("Baileys brought back", baileys_gone, &["restore", "--if-needed"], "auth", Stands::Missing),
    scene("whatsmeow placed anew", whatsmeow_torn, &["restore", "--if-needed"], "bot.db", Stands::Broken),
    scene("whatsmeow brought back", whatsmeow_gone, &["restore", "--if-needed"], "bot.db", Stands::Missing),
    scene("whatsmeow written into", whatsmeow, &["restore", "--force"], "bot.db", Stands::Whole),
    scene("cleanup", littered, &["cleanup"], PROFILE, Stands::Whole),
    scene("receive", sent, &["receive", "upload/auth.tar.gz", "--yes"], PROFILE, Stands::Whole),
    scene("push", a_folder, &["push", REMOTE], PROFILE, Stands::Whole),
    scene("push over an earlier one", pushed_and_changed, &["push", REMOTE], PROFILE, Stands::Whole),
    Scene { archived: false, ..scene("pull", pushed_from, &["pull", REMOTE], PROFILE, Stands::Whole) },
    scene("setup", set_up, &["setup"], PROFILE, Stands::Whole),
    scene("setup undone", was_set_up, &["setup", "--undo"], PROFILE, Stands::Whole),
    scene("what a bot tells", kept, &["event", "ready"], PROFILE, Stands::Whole),
];

impl Scene {
    /// The app folder as it stands before, made once and copied: not to be changed.
    pub fn folder(&'static self) -> &'static Path {
        static MADE: [OnceLock<TempDir>; SCENES.len()] = [const { OnceLock::new() }; SCENES.len()];
        let at = SCENES.iter().position(|s| std::ptr::eq(s, self)).unwrap();
        let made = MADE[at].get_or_init(|| {
            let home = scratch();
            (self.ready)(home.path());
            home
        });
        made.path()
    }
}

/// Copies a folder's content into another folder.
pub fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap().success());
}

fn wakeep(home: &Path, args: &[&str]) {
    let outcome = Wakeep::new(home, args.iter().copied()).run();
    assert_eq!(outcome.code, 0, "{args:?}: {outcome:?}");
}

fn bare(home: &Path) {
    static BOT: OnceLock<TempDir> = OnceLock::new();
    let made = BOT.get_or_init(|| {
        let (bot, kept) = (StandIn::stopped(), scratch());
        copy(bot.home(), kept.path());
        kept
    });
    copy(made.path(), home);
}

fn kept(home: &Path) {
    bare(home);
    wakeep(home, &["archive"]);
}

fn changed(home: &Path) {
    kept(home);
    live_on(home);
}

/// The bot goes on for a while.
fn live_on(home: &Path) {
    let mut bot = StandIn::copied(home);
    bot.start();
    bot.stop();
    fs::remove_dir_all(home.join(".wwebjs_auth")).unwrap();
    copy(bot.home(), home);
}

/// An archive that isn't rewritten at every change.
fn changed_and_heavy(home: &Path) {
    bare(home);
    crate::differences::weigh_down(&home.join(PROFILE));
    wakeep(home, &["archive"]);
    live_on(home);
}

fn only_a_difference(home: &Path) {
    changed_and_heavy(home);
    wakeep(home, &["archive", "--round"]);
    fs::remove_dir_all(home.join(".wwebjs_auth")).unwrap();
}

fn torn(home: &Path) {
    kept(home);
    let bot = StandIn::copied(home);
    bot.tear();
    fs::remove_dir_all(home.join(".wwebjs_auth")).unwrap();
    copy(bot.home(), home);
}

fn gone(home: &Path) {
    kept(home);
    fs::remove_dir_all(home.join(".wwebjs_auth")).unwrap();
}

fn one_of_two(home: &Path) {
    bare(home);
    let second = home.join(".wwebjs_auth/session-b");
    fs::create_dir(&second).unwrap();
    copy(&home.join(PROFILE), &second);
    wakeep(home, &["archive"]);
    fs::remove_dir_all(home.join(PROFILE)).unwrap();
}

fn configured(home: &Path, session: &str) {
    fs::write(home.join("package.json"), "{}").unwrap();
    fs::write(home.join("wakeep.toml"), format!("session = {session:?}\n")).unwrap();
}

fn baileys(home: &Path) {
    configured(home, "auth");
    fs::create_dir(home.join("auth")).unwrap();
    copy(&fixtures().join("baileys/paired"), &home.join("auth"));
    wakeep(home, &["archive"]);
}

fn baileys_torn(home: &Path) {
    baileys(home);
    fs::write(home.join("auth/creds.json"), "").unwrap();
}

fn baileys_gone(home: &Path) {
    baileys(home);
    fs::remove_dir_all(home.join("auth")).unwrap();
}

fn whatsmeow(home: &Path) {
    configured(home, "bot.db");
    let db = rusqlite::Connection::open(home.join("bot.db")).unwrap();
    for name in ["schema.sql", "device-1.sql"] {
        db.execute_batch(&fs::read_to_string(fixtures().join("whatsmeow").join(name)).unwrap()).unwrap();
    }
    drop(db);
    wakeep(home, &["archive"]);
}

/// What SQLite can't open, with a `-wal` that would undo a restore.
fn whatsmeow_torn(home: &Path) {
    whatsmeow(home);
    let mut bytes = fs::read(home.join("bot.db")).unwrap();
    bytes[..100].fill(0x55);
    fs::write(home.join("bot.db"), bytes).unwrap();
    fs::write(home.join("bot.db-wal"), [0x37; 4096]).unwrap();
}

fn whatsmeow_gone(home: &Path) {
    whatsmeow(home);
    fs::remove_file(home.join("bot.db")).unwrap();
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn littered(home: &Path) {
    kept(home);
    for day in 1..4 {
        let name = format!("whatsapp_auth_2025010{day}_120000.tar.gz");
        let tar = Command::new("tar").args(["czf", &name, ".wwebjs_auth"]).current_dir(home).status();
        assert!(tar.unwrap().success());
    }
}

fn sent(home: &Path) {
    kept(home);
    fs::create_dir(home.join("upload")).unwrap();
    let tar = Command::new("tar").args(["czf", "upload/auth.tar.gz", ".wwebjs_auth"]).current_dir(home).status();
    assert!(tar.unwrap().success());
}

fn a_folder(home: &Path) {
    kept(home);
    fs::create_dir(home.join(REMOTE)).unwrap();
}

fn pushed_and_changed(home: &Path) {
    a_folder(home);
    wakeep(home, &["push", REMOTE]);
    wakeep(home, &["archive", "--force"]);
}

/// A host that has the session and no archive of it.
fn pushed_from(home: &Path) {
    a_folder(home);
    wakeep(home, &["push", REMOTE]);
    fs::remove_file(home.join("whatsapp_auth_latest.tar.gz")).unwrap();
    fs::remove_dir_all(home.join(".wakeep")).unwrap();
}

fn set_up(home: &Path) {
    kept(home);
    fs::create_dir_all(home.join(".git/info")).unwrap();
    fs::write(home.join(".dockerignore"), "node_modules\n").unwrap();
}

fn was_set_up(home: &Path) {
    set_up(home);
    wakeep(home, &["setup"]);
}
