//! The archive as one file: to a folder, or a folder behind SSH, where a restore (or a person) takes it as it is. Beside
//! it stands a small record of what was put there, so that a later one is told from it without reading it.

use super::digest::digest_of;
use super::fence::{Mark, require_newer};
use super::{Outgoing, Pushed};
use crate::archive::{keys::Identities, seal};
use crate::disk;
use crate::error::{At, Error, Fault, Result};
use crate::remote::{Put, Remote, Source, Tag, When};
use crate::vault::backup::label_of;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::Path;

/// The record beside the archive.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The object's state when it was put.
    tag: String,
    #[serde(flatten)]
    mark: Mark,
}

/// What this host sent last, kept here: it knows it again where the record over there wasn't written any more.
#[derive(Serialize, Deserialize)]
struct Memory {
    /// BLAKE3 of what was sent, sealed or not.
    sent: String,
    mark: Mark,
}

/// What stands there.
struct Standing {
    tag: Tag,
    /// What it is; not asked where it is replaced anyway.
    mark: Option<Mark>,
}

fn record_name(name: &str) -> String {
    format!("{name}.json")
}

/// Puts the archive there in one step, unless a later one stands there.
pub fn push(out: &Outgoing, remote: &dyn Remote, told: &mut dyn FnMut(u64, u64)) -> Result<Pushed> {
    let name = if out.recipients.is_some() { format!("{}.{}", out.name, seal::ENDING) } else { out.name.clone() };
    let record = read_record(remote, &name)?;
    let fence = record.as_ref().map_or(0, |r| r.mark.fence).max(out.mark.fence);
    let standing = look(out, remote, &name, record)?;
    if let Some(theirs) = standing.as_ref().and_then(|s| s.mark.as_ref()) {
        if theirs.digest == out.mark.digest {
            return Ok(Pushed::unchanged(remote));
        }
        if !out.force {
            require_newer(&out.mark, &out.ancestor, theirs, &remote.place())?;
        }
    }
    let sealed = out.scratch.join("outgoing.age");
    let put = send(out, remote, &name, &sealed, &when(out, remote, standing), told);
    disk::remove_file(&sealed)?;
    let Put::Stored(tag) = put? else { return Err(overtaken(out, remote, &name)) };
    write_record(remote, &name, &tag, &Mark { fence, ..out.mark.clone() })?;
    if out.recipients.is_some() {
        retire_open(out, remote)?;
    }
    Ok(Pushed::all(remote))
}

fn send(
    out: &Outgoing,
    remote: &dyn Remote,
    name: &str,
    sealed: &Path,
    when: &When,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Put> {
    disk::remove_file(sealed)?;
    let file = match out.recipients {
        Some(recipients) => {
            seal::seal_file(out.archive, sealed, recipients)?;
            sealed
        }
        None => out.archive,
    };
    let memory = Memory { sent: digest_of(file, None)?, mark: out.mark.clone() };
    let text = serde_json::to_vec(&memory).expect("a memory has string keys only");
    disk::write_whole(&out.memory, &text)?;
    let source = Source::file(file)?;
    let all = source.len();
    remote.put(name, &source, when, &mut |sent| told(sent, all))
}

/// Under which condition it may be put there: what was looked at must still be what stands there, as far as the place
/// can tell.
fn when(out: &Outgoing, remote: &dyn Remote, standing: Option<Standing>) -> When {
    match standing {
        _ if out.force || remote.compares().is_err() => When::Always,
        Some(standing) => When::Unchanged(standing.tag),
        None => When::Absent,
    }
}

/// Somebody put another one there between our look and our put.
fn overtaken(out: &Outgoing, remote: &dyn Remote, name: &str) -> Error {
    let now = read_record(remote, name).and_then(|record| look(out, remote, name, record));
    match now.map(|s| s.and_then(|s| s.mark)) {
        Ok(Some(Mark { host, generation, .. })) => Error::RemoteNewer { place: remote.place(), host, generation },
        Ok(None) => fault(remote, Fault::Replaced { name: name.to_owned() }),
        Err(e) => e,
    }
}

/// What was open there before, and put there by a wakeep, doesn't stay beside what is sealed now.
fn retire_open(out: &Outgoing, remote: &dyn Remote) -> Result<()> {
    let Some(record) = read_record(remote, &out.name)? else { return Ok(()) };
    let same = remote.head(&out.name)?.is_some_and(|there| there.tag.as_str() == record.tag);
    // A later one, or another bot's, isn't ours to remove.
    if same && require_newer(&out.mark, &out.ancestor, &record.mark, "").is_ok() {
        remote.delete(&out.name)?;
        remote.delete(&record_name(&out.name))?;
    }
    Ok(())
}

fn read_record(remote: &dyn Remote, name: &str) -> Result<Option<Record>> {
    let mut text = Vec::new();
    let there: Option<Tag> = remote.get(&record_name(name), None, &mut text)?;
    Ok(there.and_then(|_| serde_json::from_slice(&text).ok()))
}

fn write_record(remote: &dyn Remote, name: &str, tag: &Tag, mark: &Mark) -> Result<()> {
    let record = Record { tag: tag.as_str().to_owned(), mark: mark.clone() };
    let text = serde_json::to_vec(&record).expect("a record has string keys only");
    remote.put(&record_name(name), &Source::bytes(&text), &When::Always, &mut |_| {}).map(drop)
}

fn look(out: &Outgoing, remote: &dyn Remote, name: &str, record: Option<Record>) -> Result<Option<Standing>> {
    let Some(there) = remote.head(name)? else { return Ok(None) };
    let fence = record.as_ref().map_or(0, |r| r.mark.fence);
    let mark = match record.filter(|r| r.tag == there.tag.as_str()) {
        Some(record) => Some(record.mark),
        None if out.force => None,
        None => {
            let mark = unrecorded(out, remote, name, fence)?;
            // Looked at once is enough; and what was sent from here is only remembered until the next is.
            write_record(remote, name, &there.tag, &mark)?;
            Some(mark)
        }
    };
    Ok(Some(Standing { tag: there.tag, mark }))
}

/// The record doesn't speak of what stands there: a push of ours was cut off, or somebody else put it there (a wakeep on
/// that side, a person).
///
/// # Errors
/// [`Fault::Foreign`] where it can't be told what it is: then it is nobody's to replace.
fn unrecorded(out: &Outgoing, remote: &dyn Remote, name: &str, fence: u64) -> Result<Mark> {
    let (coming, open) = (out.scratch.join("theirs"), out.scratch.join("theirs.tar.gz"));
    disk::remove_file(&coming)?;
    disk::remove_file(&open)?;
    let mark = receive(remote, name, &coming).and_then(|()| identify(out, remote, name, &coming, &open));
    disk::remove_file(&coming)?;
    disk::remove_file(&open)?;
    mark.map(|mark| Mark { fence: fence.max(mark.fence), ..mark })
}

fn identify(out: &Outgoing, remote: &dyn Remote, name: &str, coming: &Path, open: &Path) -> Result<Mark> {
    let memory = fs::read(&out.memory).ok().and_then(|m| serde_json::from_slice::<Memory>(&m).ok());
    let sent = digest_of(coming, None)?;
    if let Some(memory) = memory.filter(|m| m.sent == sent) {
        return Ok(memory.mark);
    }
    let label = match unseal(coming, name, open, out.identities) {
        Ok(()) => label_of(open),
        Err(Error::Sealed { .. } | Error::Damaged { .. }) => None,
        Err(e) => return Err(e),
    };
    let label = label.ok_or_else(|| fault(remote, Fault::Foreign { name: name.to_owned() }))?;
    Ok(Mark::of(&label, 0, digest_of(open, None)?))
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
    receive(remote, name, temp)?;
    unseal(temp, name, to, keys)
}

fn receive(remote: &dyn Remote, name: &str, to: &Path) -> Result<()> {
    let mut file = disk::create_new(to)?;
    remote.get(name, None, &mut file)?.ok_or_else(|| fault(remote, Fault::Garbled { name: name.to_owned() })).map(drop)
}

/// Opens what is sealed; moves what isn't.
fn unseal(temp: &Path, name: &str, to: &Path, keys: &Identities) -> Result<()> {
    if !seal::is_sealed(temp)? {
        return disk::move_to(temp, to);
    }
    let mut open = seal::open(File::open(temp).at("opening", temp)?, keys, Path::new(name))?;
    let mut out = disk::create_new(to)?;
    open.copy(&mut out, to).map(drop)
}

fn fault(remote: &dyn Remote, fault: Fault) -> Error {
    Error::Remote { place: remote.place(), fault }
}
