//! One active host (law 5): a simulation goes through ten thousand rounds of skewed clocks, pauses and lost answers with
//! the product's own code; wakeep itself runs bots that share a lease. Who races for one at a real server: `lease_race`.

use crate::env::s3::{BUCKET, S3};
use crate::env::scratch;
use crate::env::wakeep::Wakeep;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wakeep::error::{Error, Fault, Result};
use wakeep::remote::lease::{Claim, Clock, Lease, Look, Memory};
use wakeep::remote::{Object, Put, Remote, Source, Spent, Tag, When};

/// Numbers that come out the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Bodies that the server accepted, in its order: a generation has one holder, and none comes after a later one.
pub fn require_one_writer(accepted: &[(u64, String)]) {
    let mut holders: BTreeMap<u64, &str> = BTreeMap::new();
    let mut last = 0;
    for (generation, holder) in accepted {
        assert!(*generation >= last, "generation {generation} of {holder} was accepted after {last}");
        last = *generation;
        let first = holders.entry(*generation).or_insert(holder);
        assert_eq!(first, holder, "two writers of generation {generation}");
    }
}

// --- the simulation

/// Time as it truly passes, in microseconds.
pub type Time = Arc<AtomicU64>;

/// A host's own clock: its zero and its pace are its own.
pub struct Skewed {
    pub time: Time,
    pub zero: u64,
    pub pace: u64,
}

impl Clock for Skewed {
    fn now(&self) -> Duration {
        Duration::from_micros(self.zero + self.time.load(Ordering::SeqCst) / 1000 * self.pace)
    }
}

/// One object at a server that compares and swaps; requests take time, and answers get lost.
pub struct Server {
    time: Time,
    dice: Mutex<Dice>,
    object: Mutex<Option<Vec<u8>>>,
    pub accepted: Mutex<Vec<(u64, String)>>,
}

impl Server {
    pub fn new(time: &Time) -> Arc<Server> {
        let (object, accepted) = (Mutex::default(), Mutex::default());
        Arc::new(Server { time: Arc::clone(time), dice: Mutex::new(Dice(7)), object, accepted })
    }

    fn passes(&self) -> Result<bool> {
        let mut dice = self.dice.lock().unwrap();
        // Now and then a request takes longer than a life.
        let long = if dice.below(50) == 0 { 20_000_000 } else { 200_000 };
        self.time.fetch_add(dice.below(long), Ordering::SeqCst);
        match dice.below(20) {
            0 => Err(lost()),
            1 => Ok(false),
            _ => Ok(true),
        }
    }
}

fn lost() -> Error {
    Error::Remote { place: "simulation".into(), fault: Fault::TimedOut }
}

fn tag(bytes: &[u8]) -> Tag {
    Tag::new(blake3::hash(bytes).to_hex().as_str())
}

impl Remote for Server {
    fn place(&self) -> String {
        "simulation".into()
    }
    fn list(&self, _: &str) -> Result<Vec<Object>> {
        unreachable!()
    }
    fn head(&self, _: &str) -> Result<Option<Object>> {
        unreachable!()
    }
    fn get(&self, _: &str, _: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>> {
        let arrives = self.passes()?;
        let object = self.object.lock().unwrap().clone();
        self.time.fetch_add(self.dice.lock().unwrap().below(200_000), Ordering::SeqCst);
        if !arrives {
            return Err(lost());
        }
        Ok(object.map(|bytes| {
            into.write_all(&bytes).unwrap();
            tag(&bytes)
        }))
    }
    fn put(&self, _: &str, source: &Source, when: &When, _: &mut dyn FnMut(u64)) -> Result<Put> {
        let arrives = self.passes()?;
        let mut object = self.object.lock().unwrap();
        let holds = match when {
            When::Always => true,
            When::Absent => object.is_none(),
            When::Unchanged(known) => object.as_ref().is_some_and(|o| tag(o) == *known),
        };
        if holds {
            let bytes = source.to_vec().unwrap();
            self.accepted.lock().unwrap().push(body(&bytes));
            *object = Some(bytes);
        }
        let answer = if holds { Put::Stored(tag(object.as_ref().unwrap())) } else { Put::Refused };
        self.time.fetch_add(self.dice.lock().unwrap().below(200_000), Ordering::SeqCst);
        if arrives { Ok(answer) } else { Err(lost()) }
    }
    fn delete(&self, _: &str) -> Result<()> {
        unreachable!("a lease is never deleted")
    }
    fn compares(&self) -> Result<()> {
        Ok(())
    }
    fn spent(&self) -> Spent {
        Spent::default()
    }
}

/// Generation and host of a body.
pub fn body(bytes: &[u8]) -> (u64, String) {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    (value["generation"].as_u64().unwrap(), value["host"].as_str().unwrap().to_owned())
}

pub const LIFE: Duration = Duration::from_secs(10);

struct Host {
    server: Arc<Server>,
    clock: Arc<Skewed>,
    name: String,
    claim: Option<Claim>,
    lease: Option<Lease>,
}

impl Host {
    fn act(&mut self, dice: &mut Dice) {
        if let Some(lease) = &mut self.lease {
            let lost = matches!(lease.renew(), Err(Error::LeaseHeld { .. }));
            if lost || dice.below(40) == 0 {
                let lease = self.lease.take().unwrap();
                if !lost && dice.below(2) == 0 {
                    let _ = lease.release();
                }
            }
            return;
        }
        let (server, clock) = (Arc::clone(&self.server), Arc::clone(&self.clock));
        let new = || Claim::new(server, clock, Memory::none(), "lease", (&self.name, "session"), LIFE);
        let claim = self.claim.get_or_insert_with(new);
        if let Ok(Look::Taken(lease)) = claim.look() {
            (self.lease, self.claim) = (Some(lease), None);
        }
    }
}

#[test]
fn ten_thousand_rounds_have_one_holder_each() {
    let time: Time = Arc::default();
    let server = Server::new(&time);
    let mut dice = Dice(42);
    // Paces of 92 % to 108 %.
    let host = |n: u64| Host {
        server: Arc::clone(&server),
        clock: Arc::new(Skewed { time: Arc::clone(&time), zero: n * 1_000_000_007, pace: 920 + n * 40 }),
        name: format!("host{n}"),
        claim: None,
        lease: None,
    };
    let mut hosts: Vec<Host> = (0..5).map(host).collect();
    let mut asleep = [0u64; 5];
    for round in 0..10_000 {
        let now = time.fetch_add(dice.below(1_500_000), Ordering::SeqCst);
        let at = dice.below(5) as usize;
        if dice.below(100) == 0 {
            // Longer than a life.
            asleep[at] = now + 10_000_000 + dice.below(30_000_000);
        }
        if asleep[at] <= now {
            hosts[at].act(&mut dice);
        }
        let believers: Vec<_> =
            hosts.iter().filter(|h| h.lease.as_ref().is_some_and(|l| !l.left().is_zero())).map(|h| &h.name).collect();
        assert!(believers.len() <= 1, "round {round}: {believers:?}");
    }
    let accepted = server.accepted.lock().unwrap();
    require_one_writer(&accepted);
    let hands = accepted.last().unwrap().0;
    assert!(accepted.len() > 1_000 && hands > 50, "{} bodies, {hands} changes of hands", accepted.len());
}

// --- wakeep itself

/// A bot's folder that shares the remote.
pub fn app(s3: &S3, life: &str) -> tempfile::TempDir {
    app_at(&s3.endpoint(), life)
}

/// The same where the host calls the server so.
pub fn app_at(endpoint: &str, life: &str) -> tempfile::TempDir {
    let home = scratch();
    std::fs::create_dir_all(home.path().join(".wwebjs_auth/session/Default")).unwrap();
    let text = format!(
        "remote = \"s3://{BUCKET}/app\"\ns3_endpoint = \"{endpoint}\"\nlease_life = \"{life}\"\ninterval = \"1s\"\n\
         last_archive_wait = \"1s\"\n"
    );
    std::fs::write(home.path().join("wakeep.toml"), text).unwrap();
    home
}

/// wakeep there, with the keys of the storage.
pub fn run<'a>(home: &Path, args: impl IntoIterator<Item = &'a str>) -> Wakeep {
    Wakeep::new(home, args).env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test")
}

/// Waits for it.
pub fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Says in the file `bot` that it started and that it was asked to stop.
pub const BOT: &str = "trap 'echo stopped >>bot; exit 3' TERM; echo started >>bot; while :; do sleep 0.1; done";

#[test]
fn a_bot_runs_on_one_host_and_stops_when_another_took_over() {
    let s3 = S3::moto();
    let (one, two) = (app(&s3, "2s"), app(&s3, "2s"));
    let said = |home: &Path| std::fs::read_to_string(home.join("bot")).unwrap_or_default();
    let first = run(one.path(), ["run", "--", "sh", "-c", BOT]).spawn();
    until("the first bot starts", || said(one.path()).contains("started"));
    // Held: neither a start nor what stands before one.
    let refused = run(two.path(), ["run", "--", "sh", "-c", BOT]).run();
    assert_eq!((refused.code, said(two.path()).as_str()), (11, ""), "{refused:?}");
    assert!(refused.stderr.contains("another host"), "{refused:?}");
    assert_eq!(run(two.path(), ["restore", "--before-start"]).run().code, 11);
    assert_eq!(run(one.path(), ["restore", "--before-start"]).run().code, 0);
    // The first one is silent for longer than the life.
    first.signal(Signal::STOP);
    let second = run(two.path(), ["run", "--take-over", "--", "sh", "-c", BOT]).spawn();
    until("the second bot starts", || said(two.path()).contains("started"));
    first.signal(Signal::CONT);
    let ended = first.wait();
    assert_eq!((ended.code, said(one.path()).as_str()), (3, "started\nstopped\n"), "{ended:?}");
    let journal = run(one.path(), ["list", "--events", "--lang", "ru"]).run();
    assert!(journal.stdout.contains("право запускать бота теперь у"), "{journal:?}");
    // Released at the end: the first needn't wait.
    second.signal(Signal::TERM);
    assert_eq!(second.wait().code, 3);
    assert_eq!(run(one.path(), ["run", "--", "true"]).run().code, 0);
    let generations: Vec<u64> = s3
        .log()
        .iter()
        .filter(|l| l.starts_with(&format!("PUT /{BUCKET}/app/session.lease? 200 ")))
        .map(|l| body(l.splitn(4, ' ').nth(3).unwrap().as_bytes()).0)
        .collect();
    assert!(generations.is_sorted() && generations.last() == Some(&3), "{generations:?}");
}

#[test]
fn a_keeper_that_finds_the_lease_held_takes_it_once_it_is_free() {
    let s3 = S3::moto();
    let (one, two) = (app(&s3, "2s"), app(&s3, "2s"));
    let lease = |home: &Path| {
        let said = run(home, ["status", "--json"]).run().stdout;
        serde_json::from_str::<Value>(&said).unwrap()["sessions"][0]["lease"].clone()
    };
    assert_eq!(lease(two.path())["host"], Value::Null);
    let bot = run(one.path(), ["run", "--", "sh", "-c", BOT]).spawn();
    until("the bot starts", || one.path().join("bot").exists());
    assert_eq!(lease(one.path())["generation"], 1);
    let keeper = run(two.path(), ["watch"]).spawn();
    let journal = || run(two.path(), ["list", "--events"]).run().stdout;
    until("the keeper watches", || journal().contains("watching"));
    assert!(lease(two.path())["generation"] == 1 && !journal().contains("has the lease ("), "{}", journal());
    // From the beginning, whatever was said last; it stands by, and has lost nothing.
    until("the keeper says whose the lease is", || journal().contains("has the lease now"));
    assert!(!run(two.path(), ["status", "--json"]).run().stdout.contains("\"condition\":\"lease_lost\""));
    bot.signal(Signal::TERM);
    assert_eq!(bot.wait().code, 3);
    until("the keeper has the lease", || journal().contains("has the lease (2)"));
    assert_eq!(journal().matches("has the lease now").count(), 1, "once: {}", journal());
    assert_eq!(lease(two.path())["here"], true);
    let shown = run(two.path(), ["status", "--lang", "ru"]).run().stdout;
    assert!(shown.contains("бота может запускать эта машина (2)"), "{shown}");
    keeper.signal(Signal::TERM);
    let ended = keeper.wait();
    assert!(ended.code == 0 && ended.stderr.contains("another host"), "{ended:?}");
    assert_eq!(lease(two.path())["host"], Value::Null, "given up in the end");
}

#[test]
fn a_remote_out_of_reach_holds_a_bot_back_only_when_that_is_asked_for() {
    let s3 = S3::moto();
    let home = app(&s3, "2s");
    drop(s3);
    let started = run(home.path(), ["run", "--", "true"]).run();
    assert_eq!(started.code, 0, "{started:?}");
    assert!(started.stderr.contains("can't be reached"), "{started:?}");
    let strict = run(home.path(), ["run", "--", "true"]).env("WAKEEP_LEASE_STRICT", "true").run();
    assert_eq!(strict.code, 1, "{strict:?}");
    let before = run(home.path(), ["restore", "--before-start"]).env("WAKEEP_LEASE_STRICT", "true").run();
    assert_eq!(before.code, 11, "the one code for which a unit's start is held back: {before:?}");
    // The keeper beside a bot that isn't its own says so, and keeps.
    let keeper = run(home.path(), ["watch"]).env("WAKEEP_LEASE_STRICT", "true").spawn();
    until("the keeper watches", || run(home.path(), ["list", "--events"]).run().stdout.contains("watching"));
    keeper.signal(Signal::TERM);
    let ended = keeper.wait();
    assert!(ended.code == 0 && ended.stderr.contains("can't be reached"), "{ended:?}");
}
