//! Does this server keep its word about conditions? Some take the headers, ignore them and answer 200; some look, but
//! let two writers through at once. Neither can hold a lease.

use super::S3;
use crate::error::Result;
use crate::remote::{Put, Remote, Source, Tag, When, nonce};

/// Writers at once, and how often.
const WRITERS: usize = 6;
const ROUNDS: usize = 2;

/// What it does wrong, if anything.
pub(super) fn prove(s3: &S3) -> Result<Option<String>> {
    let name = format!(".wakeep-probe-{}", nonce());
    let found = ask(s3, &name);
    // A probe that stays is a few bytes; that it can't be removed is no answer to the question.
    let _ = s3.delete(&name);
    found
}

fn ask(s3: &S3, name: &str) -> Result<Option<String>> {
    let write = |when: &When| s3.put(name, &Source::bytes(nonce().as_bytes()), when, &mut |_| {});
    let Put::Stored(first) = write(&When::Absent)? else {
        return Ok(Some("it refuses to write what isn't there".to_owned()));
    };
    if write(&When::Absent)? != Put::Refused {
        return Ok(Some("it overwrites what must not be there (If-None-Match is ignored)".to_owned()));
    }
    if write(&When::Unchanged(Tag::new("0123456789abcdef0123456789abcdef")))? != Put::Refused {
        return Ok(Some("it overwrites what has changed (If-Match is ignored)".to_owned()));
    }
    let Put::Stored(mut tag) = write(&When::Unchanged(first))? else {
        return Ok(Some("it refuses to write over what hasn't changed".to_owned()));
    };
    for _ in 0..ROUNDS {
        let when = When::Unchanged(tag);
        let written = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(|| write(&when))).collect();
            writers.into_iter().map(|w| w.join().expect("writing doesn't panic")).collect::<Result<Vec<_>>>()
        })?;
        let mut winners: Vec<Tag> = written.into_iter().filter_map(Put::stored).collect();
        let (Some(winner), true) = (winners.pop(), winners.is_empty()) else {
            return Ok(Some("of several writers at once it lets through not exactly one".to_owned()));
        };
        tag = winner;
    }
    Ok(None)
}
