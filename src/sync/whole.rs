//! The archive as one file: to a folder, or a folder behind SSH, where a restore (or a person) takes it as it is. Beside
//! it stands a small record of what was put there, so that a later one is told from it without reading it.

use super::fence::{Mark, require_newer};
use super::{Outgoing, Pushed};
use crate::archive::{keys::Identities, seal};
use crate::disk;
use crate::error::{At, Error, Fault, Result};
use crate::remote::{Put, Remote, Source, Tag, When};
use crate::vault::backup::label_of;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;

/// The record beside the archive.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The object's state when it was put.
    tag: String,
    #[serde(flatten)]
    mark: Mark,
}

fn record_name(name: &str) -> String {
    format!("{name}.json")
}

/// Puts the archive there in one step, unless a later one stands there.
pub fn push(out: &Outgoing, remote: &dyn Remote, told: &mut dyn FnMut(u64, u64)) -> Result<Pushed> {
    let name = if out.recipients.is_some() { format!("{}.{}", out.name, seal::ENDING) } else { out.name.clone() };
    let record = read_record(remote, &name)?;
    let fence = record.as_ref().map_or(0, |r| r.mark.fence).max(out.mark.fence);
    if let Some(there) = remote.head(&name)? {
        let same = record.filter(|r| r.tag == there.tag.as_str());
        let theirs = match same {
            Some(record) => Some(record.mark),
            None if out.force => None,
            None => foreign(out, remote, &name)?,
        };
        if let Some(theirs) = theirs {
            if theirs.digest == out.mark.digest {
                return Ok(Pushed::unchanged(remote));
            }
            if !out.force {
                require_newer(&out.mark, &out.origin, &theirs, &remote.place())?;
            }
        }
    }
    let sealed = out.scratch.join("outgoing.age");
    disk::remove_file(&sealed)?;
    let file = match out.recipients {
        Some(recipients) => {
            seal::seal_file(out.archive, &sealed, recipients)?;
            &sealed
        }
        None => out.archive,
    };
    let source = Source::file(file)?;
    let all = source.len();
    let put = remote.put(&name, &source, &When::Always, &mut |sent| told(sent, all));
    disk::remove_file(&sealed)?;
    if let Put::Stored(tag) = put? {
        let record = Record { tag: tag.as_str().to_owned(), mark: Mark { fence, ..out.mark.clone() } };
        let text = serde_json::to_vec(&record).expect("a record has string keys only");
        remote.put(&record_name(&name), &Source::bytes(&text), &When::Always, &mut |_| {})?;
    }
    Ok(Pushed::all(remote))
}

fn read_record(remote: &dyn Remote, name: &str) -> Result<Option<Record>> {
    let mut text = Vec::new();
    let there: Option<Tag> = remote.get(&record_name(name), None, &mut text)?;
    Ok(there.and_then(|_| serde_json::from_slice(&text).ok()))
}

/// Somebody else put the archive there (a wakeep on that side, a person): what it says of itself.
fn foreign(out: &Outgoing, remote: &dyn Remote, name: &str) -> Result<Option<Mark>> {
    let temp = out.scratch.join("theirs.tar.gz");
    let fetched = fetch(remote, name, &temp, out.identities);
    let label = fetched.as_ref().ok().and_then(|_| label_of(&temp));
    let digest = fetched.and_then(|_| super::digest_of(&temp, None));
    disk::remove_file(&temp)?;
    let mark = |l: crate::vault::label::Label, digest| Mark {
        generation: l.generation,
        fence: 0,
        made: l.made,
        host: l.host,
        digest,
    };
    label.map(|l| digest.map(|d| mark(l, d))).transpose()
}

/// Fetches the archive into the new file `to`; sealed ones are opened on the way.
pub fn pull(remote: &dyn Remote, name: &str, to: &Path, keys: &Identities) -> Result<()> {
    let sealed = format!("{name}.{}", seal::ENDING);
    let (plain, age) = (remote.head(name)?, remote.head(&sealed)?);
    let newer = |a: &crate::remote::Object, b: &crate::remote::Object| a.modified > b.modified;
    match (plain, age) {
        (Some(p), Some(a)) if newer(&p, &a) => fetch(remote, name, to, keys),
        (_, Some(_)) => fetch(remote, &sealed, to, keys),
        (Some(_), None) => fetch(remote, name, to, keys),
        (None, None) => Err(Error::NothingToRestore { place: remote.place().into() }),
    }
}

fn fetch(remote: &dyn Remote, name: &str, to: &Path, keys: &Identities) -> Result<()> {
    let temp = disk::beside(to, "fetched");
    disk::remove_file(&temp)?;
    disk::remove_file(to)?;
    let done = fetch_into(remote, name, &temp, to, keys);
    disk::remove_file(&temp)?;
    if done.is_err() {
        disk::remove_file(to)?;
    }
    done
}

fn fetch_into(remote: &dyn Remote, name: &str, temp: &Path, to: &Path, keys: &Identities) -> Result<()> {
    let mut file = disk::create_new(temp)?;
    let gone = || Error::Remote { place: remote.place(), fault: Fault::Garbled { name: name.to_owned() } };
    remote.get(name, None, &mut file)?.ok_or_else(gone)?;
    if !seal::is_sealed(temp)? {
        return disk::move_to(temp, to);
    }
    let place = Path::new(name);
    let mut open = seal::open(File::open(temp).at("opening", temp)?, keys, place)?;
    let mut out = disk::create_new(to)?;
    open.copy(&mut out, to).map(drop)
}
