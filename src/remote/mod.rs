//! Places away from this machine that keep named objects whole: a folder on another disk, a folder behind SSH, a
//! bucket. Names and bytes; what an archive is, this room doesn't know.
//!
//! A reader sees all of an object or none of it, whatever breaks while it is written. Transfers that a broken line cut
//! off go on where they stopped, as far as the place can do that.

mod dir;
pub mod lease;
mod place;
mod s3;
mod source;
mod ssh;
mod vigil;

pub use place::Place;
pub use source::Source;
pub use ssh::quoted;
pub use vigil::{Heard, Vigil, silence};

use crate::error::{Error, Fault, Result};
use crate::platform::host;
use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One state of an object: an ETag, or what stands for it. Opaque; another content has another tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tag(String);

impl Tag {
    /// The tag that a remote or a record of ours says.
    pub fn new(text: impl Into<String>) -> Tag {
        Tag(text.into())
    }

    /// As it is kept in a record.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The condition under which an object is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Whatever is there.
    Always,
    /// Only if nothing is there.
    Absent,
    /// Only if that is still there.
    Unchanged(Tag),
}

/// What a remote says of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name, folders before it with `/`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its state.
    pub tag: Tag,
    /// When it was written, by the remote's clock, where that is told.
    pub modified: Option<Timestamp>,
}

/// How a conditional write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The object is whole and durable there; this is its tag.
    Stored(Tag),
    /// The condition didn't hold; what was there stands.
    Refused,
}

impl Put {
    /// The tag, where it was stored.
    pub fn stored(self) -> Option<Tag> {
        match self {
            Put::Stored(tag) => Some(tag),
            Put::Refused => None,
        }
    }
}

/// Requests and bytes since a remote was opened; retries count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Requests, or commands run on the other side.
    pub requests: u64,
    /// Bytes of content sent.
    pub sent: u64,
    /// Bytes of content received.
    pub received: u64,
}

impl Spent {
    /// What came to it since it was `earlier`.
    #[must_use]
    pub fn since(self, earlier: Spent) -> Spent {
        Spent {
            requests: self.requests - earlier.requests,
            sent: self.sent - earlier.sent,
            received: self.received - earlier.received,
        }
    }
}

/// Counts what is [`Spent`], from any thread.
#[derive(Debug, Default)]
struct Meter {
    requests: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Meter {
    fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    fn read(&self) -> Spent {
        let value = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Spent { requests: value(&self.requests), sent: value(&self.sent), received: value(&self.received) }
    }
}

/// A place that keeps named objects whole: a reader sees all of an object or none of it.
///
/// Names are relative, with `/` between folders; no component is empty, `.` or `..`, and there are no control
/// characters. All errors are [`Error::Remote`], but for those of the local side.
pub trait Remote: Send + Sync {
    /// The place as a person wrote it, without secrets.
    fn place(&self) -> String;

    /// The objects whose names begin with the prefix, sorted by name. What lies in folders deeper than the prefix says
    /// is not listed: `packs/` lists the packs, the empty prefix what lies at the top.
    fn list(&self, prefix: &str) -> Result<Vec<Object>>;

    /// What is there under a name.
    fn head(&self, name: &str) -> Result<Option<Object>>;

    /// Writes an object's bytes, or a part of them, into `into`, and says the tag they have; `None` if there is no such
    /// object (then nothing was written). A part that ends beyond the object's end is cut there. An error leaves in
    /// `into` what had arrived until then.
    fn get(&self, name: &str, part: Option<Range<u64>>, into: &mut dyn Write) -> Result<Option<Tag>>;

    /// Stores an object whole or not at all. `told` hears how many bytes have arrived there, again and again; after a
    /// broken line that can be less than before.
    fn put(&self, name: &str, source: &Source, when: &When, told: &mut dyn FnMut(u64)) -> Result<Put>;

    /// Removes an object; nothing there is fine.
    fn delete(&self, name: &str) -> Result<()>;

    /// Whether `When::Absent` and `When::Unchanged` hold here even when several hosts write at once: proved by a probe,
    /// once. `Err` with [`Fault::NoLease`] says why not.
    fn compares(&self) -> Result<()>;

    /// What was spent so far.
    fn spent(&self) -> Spent;
}

/// How remotes are reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address of an object storage that isn't AWS.
    pub s3_endpoint: Option<String>,
    /// The region of the bucket.
    pub s3_region: Option<String>,
    /// Whether the bucket is named in the path (`true`) or in the host; `None` for what is usual.
    pub s3_path_style: Option<bool>,
    /// A file with the keys, private to its owner.
    pub s3_credentials: Option<PathBuf>,
    /// The authorities whose certificates are trusted, instead of the public ones (PEM).
    pub s3_ca_file: Option<PathBuf>,
    /// Arguments for `ssh`, before the host.
    pub ssh_options: Vec<String>,
    /// Whether somebody is there to answer what `ssh` asks.
    pub terminal: bool,
    /// The door to the environment.
    pub environment: fn(&str) -> Option<String>,
    /// How long nothing may come or go before a line counts as broken.
    pub patience: Duration,
    /// How often something is tried again that may pass by.
    pub tries: usize,
    /// When whatever is still asked or sent is given up, alive or not; only a folder's own file system can't be hurried.
    pub deadline: Option<Instant>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            s3_endpoint: None,
            s3_region: None,
            s3_path_style: None,
            s3_credentials: None,
            s3_ca_file: None,
            ssh_options: Vec::new(),
            terminal: false,
            environment: |_| None,
            patience: Duration::from_secs(30),
            tries: 6,
            deadline: None,
        }
    }
}

impl Settings {
    fn told(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }
}

/// The pauses between tries: longer each time, and not the same for all who wait. None reaches beyond the deadline.
pub fn tries(times: usize, deadline: Option<Instant>) -> impl Iterator<Item = Duration> {
    let pauses = ExponentialBuilder::new().with_min_delay(Duration::from_millis(250)).with_factor(2.0);
    pauses
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(times)
        .with_jitter()
        .build()
        .take_while(move |pause| left(deadline).is_none_or(|left| left > *pause))
}

/// How long yet until a deadline.
fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|at| at.saturating_duration_since(Instant::now()))
}

/// Opens a remote. Nothing is asked of it yet.
pub fn open(place: &Place, settings: &Settings) -> Result<Box<dyn Remote>> {
    match place {
        Place::Dir(root) => Ok(Box::new(dir::Dir::new(root.clone()))),
        Place::S3 { .. } => Ok(Box::new(s3::open(place, settings)?)),
        Place::Ssh { .. } => Ok(Box::new(ssh::open(place, settings))),
    }
}

fn fault(place: &str, fault: Fault) -> Error {
    Error::Remote { place: place.to_owned(), fault }
}

/// A number nobody else has, in hexadecimal: names of unfinished files, nonces of lease bodies.
fn nonce() -> String {
    host::random::<16>()
}

/// Names that mean the same everywhere and can't leave the place.
fn checked(place: &str, name: &str) -> Result<()> {
    let good = |part: &str| !matches!(part, "" | "." | "..");
    if name.len() <= 900 && name.split('/').all(good) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(fault(place, Fault::Name { name: name.to_owned() }))
    }
}

/// A prefix in two: the folder that is listed (empty for the top), and how the names in it begin.
fn folder_of(prefix: &str) -> (&str, &str) {
    prefix.rsplit_once('/').unwrap_or(("", prefix))
}
