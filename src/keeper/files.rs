//! How many files the keeper may have open: it holds a lock for every session in its care.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a round needs beside the locks: the session's files, the archive, the remote.
const OTHERS: u64 = 256;

/// Raises the limit, as far as the system lets this user, to what so many sessions need. Where it isn't enough, taking a
/// lock says so. A limit that is enough stays, since bots inherit it.
pub fn allow(sessions: usize) {
    let (needed, limit) = (sessions as u64 + OTHERS, getrlimit(Resource::Nofile));
    if let Some(now) = limit.current.filter(|now| *now < needed) {
        let raised = limit.maximum.map_or(needed, |most| most.min(needed)).max(now);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum });
    }
}
