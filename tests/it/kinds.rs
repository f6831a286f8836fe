//! Every kind passes the same journey through the command line: kept, unchanged, damaged, found, restored, found good,
//! gone, restored again. One entry in [`SAMPLES`] a kind.

use crate::env::scratch;
use crate::env::wakeep::Wakeep;
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wakeep::session::KINDS;

/// How a kind is made, changed and damaged.
struct Sample {
    kind: &'static str,
    name: &'static str,
    make: fn(&Path),
    change: fn(&Path),
    damage: fn(&Path),
}

const SAMPLES: [Sample; 3] = [
    Sample { kind: "chromium", name: "profile", make: make_profile, change: touch_profile, damage: damage_profile },
    Sample {
        kind: "baileys",
        name: "auth_info_baileys",
        make: make_baileys,
        change: grow_baileys,
        damage: empty_creds,
    },
    Sample { kind: "whatsmeow", name: "store.db", make: make_store, change: grow_store, damage: damage_store },
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn copy(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

fn make_profile(session: &Path) {
    let mut bot = std::process::Command::new(env!("CARGO_BIN_EXE_wakeep"));
    let bot = bot.args(["demo", "--bot"]).arg(session).stdin(std::process::Stdio::piped());
    let mut child = bot.stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1200));
    child.kill().unwrap();
    child.wait().unwrap();
}

fn touch_profile(session: &Path) {
    make_profile(session);
}

fn damage_profile(session: &Path) {
    fs::write(session.join("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb/CURRENT"), "nothing").unwrap();
}

fn make_baileys(session: &Path) {
    // An app folder of its own: other Node programs of this machine are no bots of it.
    fs::write(session.with_file_name("package.json"), "{}").unwrap();
    copy(&fixtures().join("baileys/paired"), session);
}

fn grow_baileys(session: &Path) {
    copy(&session.join("pre-key-1.json"), &session.join("session-15550009999.0.json"));
}

fn empty_creds(session: &Path) {
    fs::write(session.join("creds.json"), "").unwrap();
}

fn make_store(session: &Path) {
    let db = Connection::open(session).unwrap();
    let sql = |name: &str| fs::read_to_string(fixtures().join("whatsmeow").join(name)).unwrap();
    db.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    db.execute_batch(&sql("schema.sql")).unwrap();
    db.execute_batch(&sql("device-1.sql")).unwrap();
}

fn grow_store(session: &Path) {
    let db = Connection::open(session).unwrap();
    db.execute_batch("CREATE TABLE more (text TEXT); INSERT INTO more VALUES ('later')").unwrap();
}

fn damage_store(session: &Path) {
    let mut bytes = fs::read(session).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(session, bytes).unwrap();
}

fn run(home: &Path, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let outcome = Wakeep::new(home, args.clone()).run();
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {outcome:?}"))
}

#[test]
fn every_kind_is_kept_and_comes_back() {
    let known: Vec<_> = KINDS.iter().map(|kind| kind.name()).collect();
    assert_eq!(SAMPLES.map(|sample| sample.kind).as_slice(), known, "a sample a kind, in their order");
    for sample in &SAMPLES {
        let home = scratch();
        let home = home.path();
        let session = home.join(sample.name);
        (sample.make)(&session);
        let at = ["--session", sample.name];
        let say = |args: &[&str]| run(home, &[args, &at].concat());
        let kind = sample.kind;

        assert_eq!(say(&["check"])["kind"], kind, "{kind}: recognised");
        assert_eq!(say(&["archive"])["outcome"], "created", "{kind}");
        assert_eq!(say(&["archive"])["outcome"], "unchanged", "{kind}");
        (sample.change)(&session);
        assert_eq!(say(&["archive"])["outcome"], "created", "{kind}: a change is seen");
        let checked = run(home, &["check", "whatsapp_auth_latest.tar.gz"]);
        assert_eq!((checked["verdict"].as_str(), checked["login"].as_str()), (Some("sound"), Some("paired")), "{kind}");
        assert_eq!(checked["kind"], kind);
        assert_eq!(say(&["check", "--drill"])["verdict"]["verdict"], "sound", "{kind}");

        (sample.damage)(&session);
        assert_eq!(say(&["check"])["verdict"], "broken", "{kind}: damage is seen");
        assert_eq!(say(&["archive"])["outcome"], "refused", "{kind}: and not archived");
        assert_eq!(say(&["restore", "--if-needed"])["outcome"], "restored", "{kind}");
        let good = say(&["check"]);
        assert_eq!(
            (good["verdict"].as_str(), good["login"].as_str()),
            (Some("sound"), Some("paired")),
            "{kind}: {good}"
        );

        fs::remove_dir_all(&session).or_else(|_| fs::remove_file(&session)).unwrap();
        assert_eq!(say(&["restore", "--if-needed"])["outcome"], "restored", "{kind}: gone");
        assert_eq!(say(&["check"])["verdict"], "sound", "{kind}");
        assert_eq!(say(&["restore", "--force"])["outcome"], "restored", "{kind}: forced");
        assert_eq!(say(&["check"])["verdict"], "sound", "{kind}");
    }
}

#[test]
fn all_kinds_side_by_side_are_found_and_kept_apart() {
    let home = scratch();
    let home = home.path();
    for sample in &SAMPLES {
        (sample.make)(&home.join(sample.name));
    }
    fs::create_dir(home.join("node_modules")).unwrap();
    fs::write(home.join("index.js"), "").unwrap();
    let kept = run(home, &["archive"]);
    let kept = kept["sessions"].as_array().unwrap();
    assert_eq!(kept.len(), SAMPLES.len(), "{kept:?}");
    assert!(kept.iter().all(|k| k["outcome"] == "created"), "{kept:?}");
    // One that breaks holds up no other.
    empty_creds(&home.join("auth_info_baileys"));
    grow_store(&home.join("store.db"));
    let kept = run(home, &["archive"]);
    let outcome = |name: &str| {
        let all = kept["sessions"].as_array().unwrap();
        all.iter().find(|k| k["session"] == name).unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        ["profile", "auth_info_baileys", "store.db"].map(outcome),
        ["unchanged".to_owned(), "refused".to_owned(), "created".to_owned()]
    );
}

/// In WAL mode a transaction stands in the `-wal` alone until SQLite works that in, which may be never as long as the bot
/// runs; and the `-wal` stands beside the file itself, whatever link leads to it.
#[test]
fn what_a_running_bot_writes_is_archived_though_its_file_stays_as_it_is() {
    for linked in [false, true] {
        let home = scratch();
        let home = home.path();
        let file = if linked { home.join("data/real.db") } else { home.join("store.db") };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        make_store(&file);
        if linked {
            std::os::unix::fs::symlink(&file, home.join("store.db")).unwrap();
        }
        let bot = Connection::open(&file).unwrap();
        bot.execute_batch("CREATE TABLE more (text TEXT)").unwrap();
        // As if all had been written long ago.
        let wal = file.with_extension("db-wal");
        assert!(Command::new("touch").args(["-d", "1 hour ago"]).args([&file, &wal]).status().unwrap().success());
        let archive = || run(home, &["archive", "--session", "store.db"])["outcome"].clone();
        assert_eq!([archive(), archive()], ["created", "unchanged"]);
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        bot.execute("INSERT INTO more VALUES ('later')", []).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before, "it stands in the -wal alone");
        assert_eq!(archive(), "created", "linked: {linked}");
        let args = ["extract", "whatsapp_auth_latest.tar.gz", "--into", "out"];
        assert_eq!(Wakeep::new(home, args).run().code, 0);
        let copy = Connection::open(home.join("out/store.db")).unwrap();
        let text: String = copy.query_row("SELECT text FROM more", [], |row| row.get(0)).unwrap();
        assert_eq!(text, "later", "linked: {linked}");
        drop(bot);
    }
}

/// whatsapp-web.js's RemoteAuth copies the profile to `wwebjs_temp_session_<clientId>` beside it, packs that and removes it; a
/// bot that is killed meanwhile leaves it.
#[test]
fn the_copy_that_remoteauth_packs_is_no_session() {
    let home = scratch();
    let home = home.path();
    let root = home.join(".wwebjs_auth");
    fs::create_dir(&root).unwrap();
    make_profile(&root.join("RemoteAuth-shop"));
    copy(&root.join("RemoteAuth-shop"), &root.join("wwebjs_temp_session_shop"));
    let kept = run(home, &["archive"]);
    assert_eq!(
        (kept["session"].as_str(), kept["outcome"].as_str()),
        (Some("RemoteAuth-shop"), Some("created")),
        "{kept}"
    );
    assert!(!home.join(".wakeep/wwebjs_temp_session_shop").exists());
    // Nor in what `tar` took of both.
    let taken = Command::new("tar").args(["czf", "old.tar.gz", ".wwebjs_auth"]).current_dir(home).status().unwrap();
    assert!(taken.success());
    fs::remove_dir_all(&root).unwrap();
    let restored = run(home, &["restore", "--from", "old.tar.gz"]);
    assert_eq!(restored["outcome"], "restored", "{restored}");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
}

/// What each release left in a bot's folder (`tests/fixtures/releases`): archives, vault, journal, configuration.
#[test]
fn what_earlier_releases_left_is_read() {
    let releases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/releases");
    let files: Vec<_> = fs::read_dir(releases).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(!files.is_empty());
    for release in files {
        let home = scratch();
        let unpacked = Command::new("tar").arg("xzf").arg(&release).current_dir(home.path()).status().unwrap();
        assert!(unpacked.success());
        let wakeep = |args: &[&str]| Wakeep::new(home.path(), args.iter().copied());
        let list = wakeep(&["list"]).json(0);
        let kept = list["sessions"][0]["backups"].as_array().unwrap();
        assert_eq!(kept.len(), 2, "{release:?}: {list}");
        let events = wakeep(&["list", "--events"]).run();
        assert_eq!((events.code, events.stdout.matches("+15").count() >= 2), (0, true), "{release:?}: {events:?}");
        let restored = wakeep(&["restore", "--if-needed"]).json(0);
        assert_eq!(restored["outcome"], "restored", "{release:?}: {restored}");
        assert_eq!(wakeep(&["check"]).run().code, 0, "{release:?}");
        assert_eq!(wakeep(&["archive", "--force"]).json(0)["outcome"], "created", "{release:?}");
    }
}
