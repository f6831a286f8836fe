//! Sessions that never hold still, as kinds of their own.

use super::*;
use crate::error::At;
use crate::session::Kind;
use crate::verdict::{Code, Login, Verdict};
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

/// At each attempt another file can't be read, or is torn.
struct Restless {
    attempts: AtomicU32,
    torn: bool,
}

impl Kind for Restless {
    fn name(&self) -> &'static str {
        "restless"
    }

    fn claims(&self, _: &Path) -> bool {
        true
    }

    fn matters(&self, _: &Path) -> bool {
        true
    }

    fn copy(&self, live: &Path, _: &Path) -> Result<()> {
        let nth = self.attempts.fetch_add(1, Ordering::SeqCst);
        let gone: Result<()> =
            Err(io::Error::other("gone")).at("reading", &live.join(format!("session-7900123456{nth}.json")));
        if self.torn { Ok(()) } else { gone }
    }

    fn examine(&self, _: &Path) -> Result<Examination> {
        let name = format!("session-7900123456{}.json", self.attempts.load(Ordering::SeqCst));
        let torn = Finding::new(Code::KeyFileTorn, name, "0 bytes");
        Ok(Examination::of(Verdict::new("restless", Login::Paired, None, vec![torn])))
    }

    fn progress(&self, _: &Path) -> Vector {
        Vector::new()
    }

    fn holder(&self, _: &Path) -> Use {
        Use::Free
    }
}

static GONE: Restless = Restless { attempts: AtomicU32::new(0), torn: false };
static TORN: Restless = Restless { attempts: AtomicU32::new(0), torn: true };

#[test]
fn what_was_wrong_last_is_told_in_words_and_without_numbers() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("auth");
    disk::make_dir(&path).unwrap();
    let kinds: [(&'static dyn Kind, &str); 2] =
        [(&GONE, "auth/session-79•••••4565.json: gone"), (&TORN, "key_file_torn session-79•••••4566.json 0 bytes")];
    for (kind, told) in kinds {
        let session = crate::session::find::session(&path, kind);
        let error = session.snapshot(&home.path().join("copy"), Carry::Login).unwrap_err();
        let Error::Restless { last, .. } = error else { panic!("{error}") };
        assert!(last.ends_with(told) && !last.contains(['{', '"']), "{last}");
    }
}
