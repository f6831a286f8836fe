//! Real folders made by the real package (`tests/fixtures/make.mjs`), real writers in other processes, real node
//! processes as bots. The table of states stands in `tests/it/kinds_corpus.rs`.

mod heal;

use super::*;
use crate::error::Error;
use crate::session::Proof;
use crate::verdict::Grade;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/baileys").join(name)
}

/// A copy of a fixture that may be changed.
fn folder(dir: &Path, name: &str) -> PathBuf {
    let to = dir.join(name);
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(fixture(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    to
}

fn codes(verdict: &Verdict) -> Vec<Code> {
    verdict.findings.iter().map(|f| f.code).collect()
}

#[test]
fn logins_made_by_the_real_package_are_proved() {
    for (name, account) in [
        ("paired", "15550001111:7@s.whatsapp.net"),
        ("other", "15550009999:2@s.whatsapp.net"),
        ("hosted", "15550003333:99@s.whatsapp.net"),
    ] {
        assert!(Baileys.claims(&fixture(name)));
        let seen = Baileys.examine(&fixture(name)).unwrap();
        assert!(seen.verdict.is_good(), "{name}: {:?}", seen.verdict);
        assert_eq!((seen.verdict.account.as_deref(), seen.verdict.findings.len()), (Some(account), 0));
        assert_eq!(seen.identity.unwrap().proof, Proof::Proved);
    }
    let qr = Baileys.examine(&fixture("qr")).unwrap();
    assert_eq!(
        (qr.verdict.grade, qr.verdict.login, codes(&qr.verdict)),
        (Grade::Sound, Login::LoggedOut, vec![Code::QrPage])
    );
    assert!(qr.identity.is_none() && qr.verdict.account.is_none());
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!Baileys.claims(dir.path()) && !Baileys.claims(&dir.path().join("none")));
    fs::write(dir.path().join("creds.json"), r#"{"user":"x","password":"y"}"#).unwrap();
    fs::write(dir.path().join("package.json"), "{}").unwrap();
    assert!(!Baileys.claims(dir.path()));
    fs::write(dir.path().join("creds.json"), "").unwrap();
    assert!(Baileys.claims(dir.path()), "emptied by a killed write");
}

#[test]
fn a_copy_is_what_matters_with_its_times_and_the_same_content_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let live = folder(dir.path(), "paired");
    fs::write(live.join("notes.txt"), "foreign").unwrap();
    fs::write(live.join("creds.json.tmp"), "{").unwrap();
    fs::write(live.join("creds.json.bak"), "{}").unwrap();
    let [one, two] = ["one", "two"].map(|n| dir.path().join(n));
    for into in [&one, &two] {
        fs::create_dir(into).unwrap();
        Baileys.copy(&live, into).unwrap();
    }
    assert!(!one.join("notes.txt").exists() && !one.join("creds.json.tmp").exists());
    for file in files(&live).unwrap() {
        let copy = crate::disk::FileMark::of(&one.join(&file.path)).unwrap();
        assert_eq!((copy.size, copy.mtime), (file.mark.size, file.mark.mtime), "{:?}", file.path);
        assert_eq!(fs::read(one.join(&file.path)).unwrap(), fs::read(live.join(&file.path)).unwrap());
    }
    let vector = |p: &Path| Baileys.examine(p).unwrap().vector;
    assert_eq!(vector(&one), vector(&two));
    fs::write(two.join("creds.json.bak"), "{ }").unwrap();
    assert_eq!(vector(&one), vector(&two), "a spare is no change");
    fs::write(two.join("session-1.0.json"), "{}").unwrap();
    assert_ne!(vector(&one), vector(&two));
    assert!(matches!(Baileys.copy(&live.join("none"), &one), Err(Error::SessionMissing { .. })));
}

/// Writes as Baileys does: truncate, pause for as long as an event loop may, write; pre-keys come and go; the counters
/// are saved after the keys they count.
const WRITER: &str = r#"
import sys, os, json, time, random
folder = sys.argv[1]
creds = json.load(open(folder + '/creds.json'))
def save(name, value):
    f = open(folder + '/' + name, 'w')
    if random.random() < 0.05: time.sleep(0.002)
    f.write(json.dumps(value)); f.close()
n = creds['nextPreKeyId']
print('ready', flush=True)
while True:
    for i in range(n, n + 5): save('pre-key-%d.json' % i, {'public': 'x' * 200, 'private': 'y'})
    n += 5
    creds['nextPreKeyId'] = creds['firstUnuploadedPreKeyId'] = n
    save('creds.json', creds)
    for s in range(20): save('session-%d.0.json' % s, {'n': n, 'pad': 'z' * 2000})
    os.remove(folder + '/pre-key-%d.json' % (n - 5))
    time.sleep(0.003)
"#;

fn writer(folder: &Path) -> Child {
    let mut child = Command::new("python3").args(["-c", WRITER]).arg(folder).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    child
}

#[test]
fn copies_stay_whole_and_fresh_under_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let live = folder(dir.path(), "paired");
    let mut bot = writer(&live);
    let next = |p: &Path| creds::Creds::parse(&fs::read(p.join(CREDS)).unwrap()).unwrap().next_pre_key().unwrap();
    let mut last = 0;
    // A writer that has to wait for a processor between emptying a file and filling it leaves it empty for as long: the
    // copy says so, and a snapshot tries again.
    let whole = |into: &Path| {
        fs::create_dir(into).unwrap();
        match Baileys.copy(&live, into) {
            Err(Error::Restless { .. }) => return false,
            other => other.unwrap(),
        }
        let verdict = Baileys.examine(into).unwrap().verdict;
        assert!(verdict.grade == Grade::Broken || verdict.login == Login::Paired, "{verdict:?}");
        verdict.grade < Grade::Broken
    };
    for n in 0..20 {
        let tries = (0..50).map(|again| dir.path().join(format!("{n}-{again}")));
        let into = { tries }.find(|into| whole(into)).expect("one whole copy of fifty");
        assert!(next(&into) >= last, "never older than the copy before");
        last = next(&into);
    }
    bot.kill().unwrap();
    bot.wait().unwrap();
    assert!(last > 10, "the writer wrote meanwhile");
}

#[test]
fn what_a_killed_writer_left_torn_is_copied_and_found() {
    let dir = tempfile::tempdir().unwrap();
    let live = folder(dir.path(), "paired");
    fs::write(live.join(CREDS), "").unwrap();
    fs::write(live.join("session-15550002222.0.json"), r#"{"type":"Buf"#).unwrap();
    let into = dir.path().join("into");
    fs::create_dir(&into).unwrap();
    Baileys.copy(&live, &into).unwrap();
    let verdict = Baileys.examine(&into).unwrap().verdict;
    assert_eq!((verdict.grade, verdict.login), (Grade::Broken, Login::Unknown));
    assert_eq!(codes(&verdict), [Code::CredsTorn, Code::KeyFileTorn]);
}

/// A node process that works in `cwd`, runs `code` and waits.
fn node(cwd: &Path, script: &Path, code: &str) -> Child {
    let code = format!("const fs = require('fs')\n{code}\nconsole.log('ready')\nsetInterval(() => {{}}, 1000)");
    fs::write(script, code).unwrap();
    let mut child = Command::new("node").arg(script).current_dir(cwd).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

fn wait_until_dead(pid: u32) {
    while !crate::platform::processes::zombies().contains(&pid) {
        std::thread::yield_now();
    }
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn set_time(path: &Path, seconds_ago: u64) {
    let time = fs::metadata("/proc/self").unwrap().modified().unwrap() - std::time::Duration::from_secs(seconds_ago);
    File::open(path).unwrap().set_modified(time).unwrap();
}

/// As if nothing had been written for a day.
fn make_old(folder: &Path) {
    let list: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    list.iter().chain([&folder.to_owned()]).for_each(|p| set_time(p, 86_400));
}

#[test]
fn a_bot_that_writes_holds_its_folder_and_a_dead_one_lets_go() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("package.json"), "{}").unwrap();
    let live = folder(home.path(), "paired");
    make_old(&live);
    assert_eq!(Baileys.holder(&live), Use::Free, "nobody there");
    let bot = node(home.path(), &home.path().join("bot.js"), "");
    assert!(matches!(Baileys.holder(&live), Use::CannotTell(_)), "just started, about to connect");
    fs::write(live.join("session-1.0.json"), "{}").unwrap();
    assert!(matches!(Baileys.holder(&live), Use::Held(h) if h.pid == Some(bot.id()) && h.program == "node"));
    let mut bot = bot;
    bot.kill().unwrap();
    wait_until_dead(bot.id());
    assert_eq!(Baileys.holder(&live), Use::Free, "dead, though nobody has waited for it");
    end(bot);
    assert_eq!(Baileys.holder(&live), Use::Free, "dead, however fresh its last write");
}

#[test]
fn runners_and_strangers_hold_nothing_and_an_open_file_is_proof() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("package.json"), "{}").unwrap();
    let live = folder(home.path(), "paired");
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = node(elsewhere.path(), &elsewhere.path().join("bot.js"), "");
    let nodemon = home.path().join("node_modules/nodemon/bin");
    fs::create_dir_all(&nodemon).unwrap();
    let runner = node(home.path(), &nodemon.join("nodemon.js"), "");
    let titled = node(home.path(), &home.path().join("x.js"), "process.title = 'npm start'");
    fs::write(live.join("session-1.0.json"), "{}").unwrap();
    assert_eq!(Baileys.holder(&live), Use::Free);
    let open = format!("fs.openSync('{}/creds.json')", live.display());
    let reader = node(elsewhere.path(), &elsewhere.path().join("y.js"), &open);
    assert!(matches!(Baileys.holder(&live), Use::Held(h) if h.pid == Some(reader.id())));
    [stranger, runner, titled, reader].into_iter().for_each(end);
}

#[test]
fn a_folder_without_a_home_may_be_anybodys() {
    let volume = tempfile::tempdir().unwrap();
    let live = folder(volume.path(), "paired");
    let elsewhere = tempfile::tempdir().unwrap();
    let bot = node(elsewhere.path(), &elsewhere.path().join("bot.js"), "");
    fs::write(live.join("session-1.0.json"), "{}").unwrap();
    assert!(matches!(Baileys.holder(&live), Use::CannotTell(_)));
    end(bot);
}
