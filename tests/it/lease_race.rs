//! Processes race for a lease at a real server, stopped or cut off for longer than its life, and the server's own log
//! says who was let write. A short race here; `scripts/soak lease` asks for ten thousand rounds.

use crate::env::nets::Nets;
use crate::env::s3::{BUCKET, S3};
use crate::env::told;
use crate::lease::{Dice, body, require_one_writer};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};
use wakeep::error::Error;
use wakeep::remote::lease::{Boot, Claim, Lease, Look, Memory};
use wakeep::remote::{Place, Remote, Settings, open};

/// How long a lease holds in these races.
const LIFE: Duration = Duration::from_millis(400);
/// No race may go so long without a change of hands.
const STANDSTILL: Duration = Duration::from_secs(900);

fn settings(endpoint: String) -> Settings {
    Settings {
        s3_endpoint: Some(endpoint),
        environment: |name| ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(&name).then(|| "test".to_owned()),
        patience: Duration::from_secs(2),
        tries: 1,
        ..Settings::default()
    }
}

/// Not a test: one of the racing processes, started by the tests below.
#[test]
#[ignore = "a process of the race"]
fn a_racer() {
    let Some(endpoint) = told("WAKEEP_RACE") else { return };
    let (name, object) = (told("WAKEEP_RACER").unwrap(), told("WAKEEP_RACE_FOR").unwrap());
    let place = Place::parse(&format!("s3://{BUCKET}"), Path::new("")).unwrap();
    let remote: Arc<dyn Remote> = Arc::from(open(&place, &settings(endpoint)).unwrap());
    let mut dice = Dice(u64::from(std::process::id()));
    loop {
        let mut claim = Claim::new(Arc::clone(&remote), Arc::new(Boot), Memory::none(), &object, (&name, "s"), LIFE);
        let lease = loop {
            match claim.look() {
                Ok(Look::Taken(lease)) => break lease,
                Ok(Look::Held { wait, .. }) => sleep(wait.min(Duration::from_millis(100 + dice.below(200)))),
                Err(_) => sleep(Duration::from_millis(50)),
            }
        };
        hold(lease, &mut dice);
    }
}

/// Renews it for a while, now and then too late; then gives it up, or falls silent.
fn hold(mut lease: Lease, dice: &mut Dice) {
    for _ in 0..1 + dice.below(3) {
        let pause = if dice.below(12) == 0 { LIFE * 3 / 2 } else { Duration::from_millis(dice.below(120)) };
        sleep(pause);
        if matches!(lease.renew(), Err(Error::LeaseHeld { .. })) {
            return;
        }
    }
    if dice.below(3) > 0 {
        let _ = lease.release();
    }
}

struct Racer(Child);

impl Drop for Racer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The writes of one lease that the server accepted, in its order, as far as they were read.
struct Accepted {
    log: BufReader<File>,
    begin: String,
    /// A line that the server hasn't written whole yet.
    half: String,
    writes: Vec<(u64, String)>,
}

impl Accepted {
    fn of(s3: &S3, object: &str) -> Accepted {
        let log = BufReader::new(File::open(s3.log_file()).unwrap());
        Accepted { log, begin: format!("PUT /{BUCKET}/{object}? 200 "), half: String::new(), writes: Vec::new() }
    }

    /// Reads on. Returns how often it has changed hands.
    fn rounds(&mut self) -> u64 {
        while self.log.read_line(&mut self.half).unwrap() > 0 && self.half.ends_with('\n') {
            if let Some(text) = self.half.strip_prefix(&self.begin) {
                self.writes.push(body(text.as_bytes()));
            }
            self.half.clear();
        }
        self.writes.last().map_or(0, |(generation, _)| *generation)
    }

    /// Who has had it so far.
    fn hosts(&self) -> BTreeSet<&str> {
        self.writes.iter().map(|(_, host)| host.as_str()).collect()
    }
}

/// How a host is kept from its lease for longer than the lease lives.
enum Fault<'a> {
    Stopped,
    CutOff(&'a Nets),
}

/// Lets so many hosts race until the lease has changed hands so often, by whatever the machine's pace is. Returns how
/// often somebody was kept away.
fn race(s3: &S3, object: &str, hosts: usize, rounds: u64, fault: &Fault) -> u64 {
    let racer = |n: usize| {
        let this = std::env::current_exe().unwrap();
        let (mut command, server) = match fault {
            Fault::Stopped => (Command::new(this), "127.0.0.1".to_owned()),
            Fault::CutOff(nets) => (nets.on(n, this), Nets::switch_of(n)),
        };
        command.args(["--exact", "lease_race::a_racer", "--ignored", "--nocapture"]);
        command.env("WAKEEP_RACE", format!("http://{server}:{}", s3.port));
        command.env("WAKEEP_RACE_FOR", object).env("WAKEEP_RACER", format!("host{n}"));
        Racer(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    };
    let racers: Vec<Racer> = (0..hosts).map(racer).collect();
    let mut accepted = Accepted::of(s3, object);
    let (mut dice, mut faults, mut done, mut moved) = (Dice(hosts as u64), 0, 0, Instant::now());
    while faults < 8 || done < rounds || accepted.hosts().len() < hosts {
        let at = dice.below(hosts as u64) as usize;
        let pid = Pid::from_child(&racers[at].0);
        let away = |away: bool| match fault {
            Fault::Stopped => kill_process(pid, if away { Signal::STOP } else { Signal::CONT }).unwrap(),
            Fault::CutOff(nets) => nets.link(at, !away),
        };
        away(true);
        sleep(LIFE + LIFE / 2);
        away(false);
        sleep(Duration::from_millis(dice.below(600)));
        faults += 1;
        let now = accepted.rounds();
        if now > done {
            (done, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < STANDSTILL, "nobody took it after {done}");
    }
    drop(racers);
    accepted.rounds();
    require_one_writer(&accepted.writes);
    let kept_away = if matches!(fault, Fault::Stopped) { "stopped" } else { "cut off" };
    println!("{hosts} hosts: {done} rounds, {} accepted writes, {faults} times {kept_away}", accepted.writes.len());
    done
}

/// How many rounds are asked for.
fn rounds() -> u64 {
    told("WAKEEP_LEASE_ROUNDS").map_or(20, |n| n.parse().unwrap())
}

#[test]
fn one_active_host_whoever_is_stopped_for_how_long() {
    let s3 = S3::moto();
    // Several leases at once are more rounds in the same time; each has its own hosts.
    let races = if rounds() > 100 { 4 } else { 1 };
    let each = rounds() / races;
    std::thread::scope(|scope| {
        for n in 0..races {
            let (s3, hosts) = (&s3, if n % 2 == 0 { 5 } else { 2 });
            scope.spawn(move || race(s3, &format!("race{n}.lease"), hosts, each, &Fault::Stopped));
        }
    });
}

#[test]
#[ignore = "minutes: scripts/soak lease"]
fn one_active_host_whoever_is_cut_off_for_how_long() {
    let nets = Nets::new(2);
    let s3 = S3::moto_at("0.0.0.0", 0, |python| nets.at_switch(python));
    race(&s3, "race.lease", 2, rounds() / 10, &Fault::CutOff(&nets));
}
