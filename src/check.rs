//! Checking: is it alive? Looks at a live session, a folder or an archive, never touches what it looks at, and
//! judges a copy of its own.

use crate::disk;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::snapshot::Carry;
use crate::unpack;
use crate::verdict::{Code, Finding, Login, Verdict};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The verdict on a session on this machine, running or not. `before` are the versions of the programs that wrote the
/// last archive, where there is one. `scratch` is a path of ours on the same file system,
/// where links are possible; it is left empty.
///
/// # Errors
/// `Restless` where it changed under every attempt to copy it; `NotASession`; `Io`. A session that is missing, broken or logged
/// out is a verdict.
pub fn session(session: &Session, before: &Versions, scratch: &Path) -> Result<Checked> {
    let checked = |verdict, versions| Checked { prefix: session.prefix.clone(), verdict, versions };
    let snapshot = match session.snapshot(scratch, Carry::Login) {
        Err(Error::SessionMissing { .. }) => Ok(checked(Verdict::missing(session.kind.name()), Versions::new())),
        Err(e) => Err(e),
        Ok(snapshot) => {
            let (mut verdict, versions) = (snapshot.examination.verdict, snapshot.examination.versions);
            verdict.findings.extend(downgrade(before, &versions));
            verdict.findings.extend(session.kind.remarks(&session.path));
            Ok(checked(verdict, versions))
        }
    };
    disk::remove_tree(scratch)?;
    snapshot
}

/// Versions of programs, by name.
pub type Versions = BTreeMap<String, String>;

fn downgrade(before: &Versions, now: &Versions) -> Option<Finding> {
    let (before, now) = (before.get("chromium")?, now.get("chromium")?);
    let major = |version: &str| version.split('.').next().and_then(|m| m.parse::<u32>().ok());
    (major(now)? < major(before)?)
        .then(|| Finding::new(Code::ChromiumDowngrade, "Last Version", format!("{before} → {now}")))
}

/// What a check of one session found.
#[derive(Debug)]
pub struct Checked {
    /// The session's path in its archive.
    pub prefix: PathBuf,
    /// The verdict on it.
    pub verdict: Verdict,
    /// Versions of the programs that wrote it, as far as it tells.
    pub versions: Versions,
}

/// The verdict on every session in an archive, by unpacking it into `scratch` (a path of ours, left empty). An archive
/// whose bytes aren't whole is a verdict, not an error.
///
/// # Errors
/// `Io`.
pub fn archive(path: &Path, scratch: &Path) -> Result<Vec<Checked>> {
    let checked = inside(path, scratch);
    disk::remove_tree(scratch)?;
    match checked {
        Err(Error::Damaged { what, .. }) => Ok(vec![unreadable(Code::ArchiveDamaged, path, what)]),
        Err(Error::Hostile { what, .. }) => Ok(vec![unreadable(Code::ArchiveHostile, path, what)]),
        other => other,
    }
}

fn unreadable(code: Code, path: &Path, what: String) -> Checked {
    let finding = Finding::new(code, path, what);
    let verdict = Verdict::new("archive", Login::Unknown, None, vec![finding]);
    Checked { prefix: PathBuf::new(), verdict, versions: Versions::new() }
}

fn inside(path: &Path, scratch: &Path) -> Result<Vec<Checked>> {
    let sessions = unpack::sessions_in(path)?;
    if sessions.is_empty() {
        return Err(Error::damaged(path, "no session is in it"));
    }
    let mut checked = Vec::new();
    for interior in sessions {
        let found = unpack::unpack(path, &interior, scratch, Carry::Login)?;
        let mut verdict = found.verdict;
        if disk::world_readable(path)? {
            verdict.findings.push(Finding::new(Code::WorldReadable, path, ""));
        }
        checked.push(Checked { prefix: interior.prefix, verdict, versions: found.versions });
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_chromium_is_found() {
        let of = |version: &str| Versions::from([("chromium".to_owned(), version.to_owned())]);
        assert!(downgrade(&of("156.0.8078.79"), &of("99.0.1.1")).is_some());
        assert!(downgrade(&of("156.0.8078.79"), &of("157.0.1.1")).is_none());
        assert!(downgrade(&Versions::new(), &of("157.0.1.1")).is_none());
    }
}
