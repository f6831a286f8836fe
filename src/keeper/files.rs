//! How many files the keeper may have open: it holds a lock for every session in its care.

use crate::platform::host;

/// What a round needs beside the locks: the session's files, the archive, the remote.
const OTHERS: u64 = 256;

/// Raises the limit, as far as the system lets this user, to what so many sessions need. Where it isn't enough, taking a
/// lock says so. A limit that is enough stays, since bots inherit it.
pub fn allow(sessions: usize) {
    host::allow_open_files(sessions as u64 + OTHERS);
}
