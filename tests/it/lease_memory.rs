//! What a host remembers of its lease, so that it never takes itself for another: several processes on one memory,
//! crashes, answers that were lost, a disk that takes nothing, a new host name.

use crate::env::scratch;
use crate::lease::{Dice, LIFE, Server, Skewed, Time, require_one_writer};
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wakeep::error::{Error, Result};
use wakeep::remote::lease::{Claim, Lease, Look, Memory};
use wakeep::remote::{Object, Place, Put, Remote, Settings, Source, Spent, Tag, When, open};

/// A host with a keeper and, now and then, another process that asks before a start.
struct Host {
    server: Arc<Server>,
    clock: Arc<Skewed>,
    name: String,
    memory: PathBuf,
    claim: Option<Claim>,
    lease: Option<Lease>,
}

impl Host {
    fn claim(&self) -> Claim {
        let memory = Memory::at(self.memory.clone());
        Claim::new(self.server.clone(), self.clock.clone(), memory, "lease", (&self.name, "session"), LIFE)
    }

    /// The keeper's turn: renews, crashes, gives up, or tries to take it.
    fn keep(&mut self, dice: &mut Dice) {
        let Some(lease) = &mut self.lease else {
            let mut claim = self.claim.take().unwrap_or_else(|| self.claim());
            match claim.look() {
                Ok(Look::Taken(lease)) => self.lease = Some(lease),
                _ => self.claim = Some(claim),
            }
            return;
        };
        let ours = !lease.left().is_zero();
        let lost = matches!(lease.renew(), Err(Error::LeaseHeld { .. }));
        assert!(!(ours && lost), "{} took itself for another", self.name);
        if lost || dice.below(20) == 0 {
            let lease = self.lease.take().unwrap();
            if !lost && dice.below(3) == 0 {
                let _ = lease.release();
            }
        }
    }

    /// Another process of the host asks; it must never be refused by the host's own lease.
    fn ask(&self) {
        let ours = self.lease.as_ref().is_some_and(|lease| !lease.left().is_zero());
        let held = matches!(self.claim().look_beside(), Ok(Some(Look::Held { .. })));
        assert!(!(ours && held), "{} refused itself", self.name);
    }
}

#[test]
fn no_process_takes_its_own_host_for_another() {
    let (home, time) = (scratch(), Time::default());
    let server = Server::new(&time);
    let mut hosts: Vec<Host> = (0..3)
        .map(|n| Host {
            server: Arc::clone(&server),
            clock: Arc::new(Skewed { time: Arc::clone(&time), zero: n * 1_000_000_007, pace: 960 + n * 40 }),
            name: format!("host{n}"),
            memory: home.path().join(format!("host{n}")),
            claim: None,
            lease: None,
        })
        .collect();
    let mut dice = Dice(11);
    let mut asked = 0;
    for round in 0..3_000 {
        time.fetch_add(dice.below(1_500_000), Ordering::SeqCst);
        let host = &mut hosts[dice.below(3) as usize];
        if dice.below(4) == 0 {
            asked += u32::from(host.lease.is_some());
            host.ask();
        } else {
            host.keep(&mut dice);
        }
        let believers = hosts.iter().filter(|h| h.lease.as_ref().is_some_and(|l| !l.left().is_zero())).count();
        assert!(believers <= 1, "round {round}");
    }
    let accepted = server.accepted.lock().unwrap();
    require_one_writer(&accepted);
    let holders: std::collections::BTreeSet<_> = accepted.iter().map(|(_, host)| host).collect();
    assert!(holders.len() > 1 && asked > 100, "{holders:?}, asked {asked} times");
}

/// A folder as the remote, and a clock that goes when it is told to.
struct Folder {
    home: tempfile::TempDir,
    time: Time,
}

impl Folder {
    fn new() -> Folder {
        let home = scratch();
        fs::create_dir(home.path().join("remote")).unwrap();
        Folder { home, time: Time::default() }
    }

    fn remote(&self) -> Box<dyn Remote> {
        open(&Place::Dir(self.home.path().join("remote")), &Settings::default()).unwrap()
    }

    fn claim(&self, remote: Box<dyn Remote>, host: &str, memory: &Path) -> Claim {
        let clock = Skewed { time: Arc::clone(&self.time), zero: 0, pace: 1_000 };
        let memory = Memory::at(self.home.path().join(memory));
        Claim::new(Arc::from(remote), Arc::new(clock), memory, "lease", (host, "session"), LIFE)
    }

    fn host(&self, host: &str) -> Claim {
        self.claim(self.remote(), host, Path::new("memory"))
    }

    fn pass(&self, time: Duration) {
        self.time.fetch_add(u64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

fn taken(look: Result<Look>) -> Lease {
    match look {
        Ok(Look::Taken(lease)) => lease,
        Ok(Look::Held { holder, .. }) => panic!("{holder:?}"),
        Err(e) => panic!("{e:?}"),
    }
}

#[test]
fn a_lease_taken_by_another_process_of_the_host_is_renewed_all_the_same() {
    let folder = Folder::new();
    let mut keeper = taken(folder.host("here").look());
    let other = taken(folder.host("here").look());
    assert_eq!(other.generation(), 2);
    keeper.renew().unwrap();
    assert_eq!(keeper.generation(), 2, "it goes on from there");
    other.release().unwrap();
    keeper.renew().unwrap();
    assert!(matches!(folder.claim(folder.remote(), "there", Path::new("m")).look(), Ok(Look::Held { .. })));
}

#[test]
fn a_disk_that_takes_nothing_keeps_no_lease_from_being_renewed() {
    let folder = Folder::new();
    let mut lease = taken(folder.claim(folder.remote(), "here", Path::new("no/such/folder/memory")).look());
    (0..40).for_each(|_| lease.renew().unwrap());
}

#[test]
fn a_body_whose_life_can_not_be_is_somebody_elses_for_a_day_at_most() {
    for life in ["-1.0", "1e300", "1e18"] {
        let folder = Folder::new();
        let body = format!(
            "{{\"nonce\":\"n\",\"host\":\"there\",\"session\":\"s\",\"generation\":7,\"life\":{life},\"released\":false}}"
        );
        fs::write(folder.home.path().join("remote/lease"), body).unwrap();
        let mut claim = folder.host("here");
        assert!(matches!(claim.look(), Ok(Look::Held { renamed: false, .. })), "{life}");
        folder.pass(Duration::from_secs(29 * 60 * 60));
        assert_eq!(taken(claim.look()).generation(), 8);
    }
}

#[test]
fn a_host_under_a_new_name_waits_for_its_own_silence_once() {
    let folder = Folder::new();
    let mut old = taken(folder.host("container-1").look());
    let mut new = folder.host("container-2");
    let Ok(Look::Held { wait, renamed: true, .. }) = new.look() else { panic!("its memory knows the body") };
    folder.pass(wait - Duration::from_millis(1));
    assert!(matches!(new.look(), Ok(Look::Held { renamed: true, .. })));
    folder.pass(Duration::from_millis(2));
    let mut lease = taken(new.look());
    assert!(matches!(old.renew(), Err(Error::LeaseHeld { .. })), "the old one is another host");
    // One that lives is another host, whatever the memory says.
    let mut third = folder.host("container-3");
    assert!(matches!(third.look(), Ok(Look::Held { renamed: true, .. })));
    lease.renew().unwrap();
    assert!(matches!(third.look(), Ok(Look::Held { renamed: false, .. })));
}

/// Sends each body a second time, as a line does that lost the answer to the first.
struct Twice(Box<dyn Remote>);

impl Remote for Twice {
    fn place(&self) -> String {
        self.0.place()
    }
    fn list(&self, prefix: &str) -> Result<Vec<Object>> {
        self.0.list(prefix)
    }
    fn head(&self, name: &str) -> Result<Option<Object>> {
        self.0.head(name)
    }
    fn get(&self, name: &str, part: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>> {
        self.0.get(name, part, into)
    }
    fn put(&self, name: &str, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put> {
        self.0.put(name, source, when, told)?;
        self.0.put(name, source, when, told)
    }
    fn delete(&self, name: &str) -> Result<()> {
        self.0.delete(name)
    }
    fn compares(&self) -> Result<()> {
        self.0.compares()
    }
    fn spent(&self) -> Spent {
        self.0.spent()
    }
}

#[test]
fn what_was_stored_but_answered_as_refused_is_ours() {
    let folder = Folder::new();
    let mut lease = taken(folder.claim(Box::new(Twice(folder.remote())), "here", Path::new("memory")).look());
    assert_eq!(lease.generation(), 1);
    (0..3).for_each(|_| lease.renew().unwrap());
    lease.release().unwrap();
    assert_eq!(taken(folder.claim(folder.remote(), "there", Path::new("m")).look()).generation(), 2);
}
