//! What many bots cost a bucket, by the product's own code over a bucket that only counts and a clock of its own: a day
//! of a busy bot, and a region that is lost with all its hosts. The figures of `docs/scale.md`.

use crate::env::standin::StandIn;
use crate::env::{scratch, told};
use jiff::{Timestamp, ToSpan};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wakeep::archive::Form;
use wakeep::config::Config;
use wakeep::error::Result;
use wakeep::keep::Keeping;
use wakeep::keeper::ward::wards;
use wakeep::remote::lease::{Claim, Clock, Lease, Look, Memory};
use wakeep::remote::{Object, Place, Put, Remote, Source, Spent, Tag, When};
use wakeep::sync::Sync;

/// How often each kind of request was made, and what went up and down and lies there.
#[derive(Debug, Clone, Default)]
struct Count {
    put: u64,
    get: u64,
    list: u64,
    delete: u64,
    up: u64,
    down: u64,
}

/// An object's content, its tag, and when it was put.
type Kept = (Vec<u8>, Tag, Timestamp);

/// A bucket in memory that compares and swaps, and counts. Objects up to 16 MB only: larger ones cost more requests.
#[derive(Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Kept>>,
    count: Mutex<Count>,
    seconds: AtomicU64,
}

impl Bucket {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed) as i64).unwrap()
    }

    fn counted(&self) -> Count {
        self.count.lock().unwrap().clone()
    }

    fn stored(&self) -> u64 {
        self.objects.lock().unwrap().values().map(|(bytes, ..)| bytes.len() as u64).sum()
    }
}

/// A way to it.
struct Line(Arc<Bucket>);

impl Remote for Line {
    fn place(&self) -> String {
        "a bucket that counts".into()
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>> {
        self.0.count.lock().unwrap().list += 1;
        let objects = self.0.objects.lock().unwrap();
        let ours = objects.iter().filter(|(name, _)| name.starts_with(prefix));
        let object = |(name, (bytes, tag, time)): (&String, &Kept)| Object {
            name: name.clone(),
            bytes: bytes.len() as u64,
            tag: tag.clone(),
            modified: Some(*time),
        };
        Ok(ours.map(object).collect())
    }

    fn head(&self, name: &str) -> Result<Option<Object>> {
        self.0.count.lock().unwrap().get += 1;
        Ok(self.list(name)?.into_iter().find(|o| o.name == name))
    }

    fn get(&self, name: &str, part: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>> {
        let mut count = self.0.count.lock().unwrap();
        count.get += 1;
        let objects = self.0.objects.lock().unwrap();
        let Some((bytes, tag, _)) = objects.get(name) else { return Ok(None) };
        let part = part.unwrap_or(0..u64::MAX);
        let part = &bytes[part.start as usize..part.end.min(bytes.len() as u64) as usize];
        count.down += part.len() as u64;
        into.write_all(part).unwrap();
        Ok(Some(tag.clone()))
    }

    fn put(&self, name: &str, source: &Source, when: &When, _: &mut dyn FnMut(u64)) -> Result<Put> {
        let bytes = source.to_vec().unwrap();
        assert!(bytes.len() < 16 << 20);
        let mut count = self.0.count.lock().unwrap();
        (count.put, count.up) = (count.put + 1, count.up + bytes.len() as u64);
        let mut objects = self.0.objects.lock().unwrap();
        let there = objects.get(name).map(|(_, tag, _)| tag);
        let holds = match when {
            When::Always => true,
            When::Absent => there.is_none(),
            When::Unchanged(known) => there == Some(known),
        };
        if !holds {
            return Ok(Put::Refused);
        }
        let tag = Tag::new(blake3::hash(&bytes).to_hex().as_str());
        objects.insert(name.to_owned(), (bytes, tag.clone(), self.0.now()));
        Ok(Put::Stored(tag))
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.0.count.lock().unwrap().delete += 1;
        self.0.objects.lock().unwrap().remove(name);
        Ok(())
    }

    fn compares(&self) -> Result<()> {
        Ok(())
    }

    fn spent(&self) -> Spent {
        Spent::default()
    }
}

fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// A number that the script asks for, or a small one.
fn asked(name: &str, usual: u64) -> u64 {
    told(name).map_or(usual, |n| n.parse().unwrap())
}

#[test]
fn a_busy_day_costs_three_requests_a_push_and_stays_in_few_packs() {
    let bucket = Arc::new(Bucket::default());
    let bot = StandIn::stopped();
    // 16 files of which one changes each time; the script takes 5 MB of login and 0.3 MB of change.
    let size = asked("WAKEEP_SCALE_FILE", 30 << 10) as usize;
    for n in 0..16 {
        fs::write(bot.session().join(format!("Default/{n}")), noise(size, n)).unwrap();
    }
    let config = Config { base: bot.home().to_owned(), carry_all: true, ..Config::default() };
    let mut ward = wards(&config).unwrap().pop().unwrap();
    let place = Place::parse("s3://bots", Path::new("")).unwrap();
    let sync = Sync::over(place, Box::new(Line(Arc::clone(&bucket))), &config).unwrap();
    let pushes = asked("WAKEEP_SCALE_PUSHES", 66);
    let mut now = Timestamp::from_second(1_800_000_000).unwrap();
    for n in 0..pushes {
        bucket.seconds.store(now.as_second() as u64, Ordering::Relaxed);
        fs::write(bot.session().join(format!("Default/{}", n % 16)), noise(size, 100 + n)).unwrap();
        let (vault, form) = (&mut ward.vault, Form::Members);
        let (session, work, carry, host) = (&ward.session, &ward.work, ward.carry, "host");
        Keeping { session, vault, work, carry, form, force: true, at_leisure: false, host }.keep(now).unwrap();
        assert!(sync.push(&ward.vault, "session", Some(1), false, &mut |_, _| {}).unwrap().changed);
        now = now.checked_add(2.minutes()).unwrap();
    }
    let (day, stored) = (bucket.counted(), bucket.stored());
    println!("{pushes} pushes: {day:?}, {stored} bytes stored");
    assert_eq!((day.put, day.list), (2 * pushes, pushes / 64));
    assert!(day.get <= pushes + 1, "{day:?}");
    let archive = fs::metadata(bot.archive()).unwrap().len();
    // A change, the manifest and the pointer; now and then small packs are merged into one.
    let change = size as u64 * 2 + (100 << 10);
    assert!(day.up < archive + pushes * change, "{} bytes went up", day.up);
    assert!(stored < 6 * archive, "{stored} bytes stored for archives of {archive}");
    let to = scratch();
    let brought = to.path().join("brought.tar.gz");
    sync.pull("session", "", None, &brought).unwrap();
    assert!(fs::read(&brought).unwrap() == fs::read(bot.archive()).unwrap());
    let pull = bucket.counted();
    let (gets, down) = (pull.get - day.get, pull.down - day.down);
    println!("a pull: {gets} GET, {down} bytes for an archive of {archive}");
    assert!(gets <= 26 && down < 2 * archive + (1 << 20));
}

// --- a region is lost

/// How long a lease holds by default.
const LIFE: Duration = Duration::from_secs(180);
/// How often `run --take-over` looks.
const LOOKS: Duration = Duration::from_secs(5);

/// Milliseconds that have passed.
#[derive(Default)]
struct Now(AtomicU64);

impl Clock for Now {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Now {
    fn set(&self, to: Duration) {
        self.0.store(to.as_millis() as u64, Ordering::Relaxed);
    }
}

/// Requests of one second, at their most.
#[derive(Default)]
struct Peak {
    second: u64,
    here: u64,
    most: u64,
}

impl Peak {
    fn add(&mut self, now: Duration, requests: u64) {
        if now.as_secs() != self.second {
            (self.second, self.here) = (now.as_secs(), 0);
        }
        self.here += requests;
        self.most = self.most.max(self.here);
    }
}

/// One bot's host: it has the lease, or wants it.
enum Side {
    Holds(Lease),
    Wants(Claim),
}

/// All leases are held in one region for ten minutes; then it is gone, and a second region, told so within a minute,
/// takes all of them over.
#[test]
fn a_lost_region_is_taken_over_in_a_life_a_fifth_and_a_look() {
    let bots = asked("WAKEEP_SCALE_BOTS", 300);
    let (bucket, clock) = (Arc::new(Bucket::default()), Arc::new(Now::default()));
    let remote: Arc<dyn Remote> = Arc::new(Line(Arc::clone(&bucket)));
    let claim = |region: &str, n: u64| {
        let (remote, clock, memory) = (Arc::clone(&remote), Arc::clone(&clock), Memory::none());
        Claim::new(remote, clock, memory, &format!("{n}.lease"), (region, "session"), LIFE)
    };
    // The first region: started over a life, then each lease is renewed three times in it.
    let mut steps = BinaryHeap::new();
    let mut sides: Vec<Side> = (0..bots).map(|n| Side::Wants(claim("one", n))).collect();
    let share = |n: u64, of: Duration| of * u32::try_from(n).unwrap() / u32::try_from(bots).unwrap();
    steps.extend((0..bots).map(|n| Reverse((share(n, LIFE), n))));
    let lost_at = Duration::from_secs(600);
    let renewals = run(&mut sides, steps, &clock, &bucket, lost_at);
    println!("{bots} bots: {} PUT in ten minutes, at most {} requests a second", bucket.counted().put, renewals.most);
    assert!(sides.iter().all(|side| matches!(side, Side::Holds(_))));
    // Gone without a word.
    sides = (0..bots).map(|n| Side::Wants(claim("two", n))).collect();
    let steps = (0..bots).map(|n| Reverse((lost_at + share(n, Duration::from_secs(60)), n))).collect();
    let before = bucket.counted();
    let until = lost_at + LIFE * 6 / 5 + Duration::from_secs(60) + LOOKS;
    let taking = run(&mut sides, steps, &clock, &bucket, until);
    let after = bucket.counted();
    let (gets, puts) = (after.get - before.get, after.put - before.put);
    println!(
        "taken over in {} s after the first look: {gets} GET, {puts} PUT, at most {} requests a second",
        (until - lost_at).as_secs(),
        taking.most
    );
    assert!(sides.iter().all(|side| matches!(side, Side::Holds(lease) if lease.generation() == 2)), "not all in time");
    assert!(gets < bots * 50, "{gets} looks for {bots} bots");
}

/// Lets each act when its time has come, until the end. Who looks in vain looks again as `run --take-over` does.
fn run(
    sides: &mut [Side],
    mut steps: BinaryHeap<Reverse<(Duration, u64)>>,
    clock: &Now,
    bucket: &Bucket,
    end: Duration,
) -> Peak {
    let mut peak = Peak::default();
    let requests = || {
        let count = bucket.count.lock().unwrap();
        count.get + count.put
    };
    while let Some(Reverse((time, n))) = steps.pop().filter(|Reverse((time, _))| *time <= end) {
        clock.set(time);
        let before = requests();
        let side = &mut sides[n as usize];
        let rest = match side {
            Side::Holds(lease) => {
                lease.renew().unwrap();
                LIFE / 3
            }
            Side::Wants(claim) => match claim.look().unwrap() {
                Look::Taken(lease) => {
                    *side = Side::Holds(lease);
                    LIFE / 3
                }
                Look::Held { wait, .. } => wait.min(LOOKS),
            },
        };
        peak.add(time, requests() - before);
        steps.push(Reverse((time + rest, n)));
    }
    clock.set(end);
    peak
}
