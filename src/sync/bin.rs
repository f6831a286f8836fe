//! An archive put together again from the packs of a bucket.

use super::pack::{Held, Manifest, Place, Pointer, garbled};
use super::packs::{hex, pack_name, read_pointer};
use crate::archive::keys::Identities;
use crate::disk;
use crate::error::{At, Error, Fault, Result};
use crate::platform::files::FileExt;
use crate::remote::Remote;
use jiff::Timestamp;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A push that ends meanwhile may remove the packs of what it replaces: then there is a new pointer, followed so often.
const AGAIN: usize = 2;

/// Puts an archive together in the new file `to`: the newest, or the newest not younger than `at`.
///
/// # Errors
/// `NothingToRestore`, `Sealed`, `Damaged`, `Remote`, `Io`.
pub fn pull(
    remote: &dyn Remote,
    session: &str,
    at: Option<Timestamp>,
    to: &Path,
    keys: &Identities,
    scratch: &Path,
) -> Result<()> {
    let look =
        || read_pointer(remote, session)?.ok_or_else(|| Error::NothingToRestore { place: remote.place().into() });
    let (mut pointer, mut tag) = look()?;
    for _ in 0..AGAIN {
        let missing = match put_together(remote, session, &pointer, at, to, keys, scratch) {
            Err(e @ Error::Remote { fault: Fault::Garbled { .. }, .. }) => e,
            done => return done,
        };
        let (now, its) = look()?;
        if its == tag {
            return Err(missing);
        }
        (pointer, tag) = (now, its);
    }
    put_together(remote, session, &pointer, at, to, keys, scratch)
}

fn put_together(
    remote: &dyn Remote,
    session: &str,
    pointer: &Pointer,
    at: Option<Timestamp>,
    to: &Path,
    keys: &Identities,
    scratch: &Path,
) -> Result<()> {
    let nothing = || Error::NothingToRestore { place: remote.place().into() };
    let held = pointer.archives.iter().find(|a| at.is_none_or(|at| a.mark.made <= at)).ok_or_else(nothing)?;
    let mut bin = Bin::new(remote, session, scratch, keys, pointer);
    let done = bin.manifest(held).and_then(|manifest| bin.assemble(&manifest, to));
    bin.clear();
    if done.is_err() {
        disk::remove_file(to)?;
    }
    done
}

/// Packs that were fetched.
pub(super) struct Bin<'a> {
    remote: &'a dyn Remote,
    session: &'a str,
    scratch: &'a Path,
    keys: &'a Identities,
    pointer: &'a Pointer,
    fetched: HashMap<String, PathBuf>,
}

impl<'a> Bin<'a> {
    pub(super) fn new(
        remote: &'a dyn Remote,
        session: &'a str,
        scratch: &'a Path,
        keys: &'a Identities,
        pointer: &'a Pointer,
    ) -> Bin<'a> {
        Bin { remote, session, scratch, keys, pointer, fetched: HashMap::new() }
    }

    /// A pack, open, as a file.
    fn pack(&mut self, name: &str) -> Result<PathBuf> {
        if let Some(path) = self.fetched.get(name) {
            return Ok(path.clone());
        }
        let path = self.scratch.join(format!("incoming-{}.pack", self.fetched.len()));
        super::fetch(self.remote, &pack_name(self.session, name), &path, self.keys, self.pointer.sealed)?;
        self.fetched.insert(name.to_owned(), path.clone());
        Ok(path)
    }

    pub(super) fn manifest(&mut self, held: &Held) -> Result<Manifest> {
        let place = self.remote.place();
        let (at, len) = held.manifest;
        let end = at.checked_add(len).ok_or_else(|| garbled(&place, "latest"))?;
        let mut bytes = Vec::new();
        if self.pointer.sealed {
            let path = self.pack(&held.pack)?;
            let file = File::open(&path).at("opening", &path)?;
            // The pack's own size bounds what the pointer claims.
            if end > file.metadata().at("reading", &path)?.len() {
                return Err(garbled(&place, &held.pack));
            }
            bytes.resize(len as usize, 0);
            file.read_exact_at(&mut bytes, at).at("reading", &path)?;
        } else {
            let there = self.remote.get(&pack_name(self.session, &held.pack), Some(at..end), &mut bytes)?;
            there.ok_or_else(|| garbled(&place, &held.pack))?;
        }
        Manifest::read(&bytes, &place)
    }

    fn assemble(&mut self, manifest: &Manifest, to: &Path) -> Result<()> {
        disk::remove_file(to)?;
        let mut out = BufWriter::with_capacity(256 << 10, disk::create_new(to)?);
        for Place(pack, at, len, digest) in &manifest.pieces {
            let name = &manifest.packs[*pack as usize];
            let path = self.pack(name)?;
            let file = File::open(&path).at("opening", &path)?;
            let size = file.metadata().at("reading", &path)?.len();
            let whole = at.checked_add(*len).is_some_and(|end| end <= size);
            let mut bytes = vec![0; if whole { *len as usize } else { 0 }];
            file.read_exact_at(&mut bytes, *at).at("reading", &path)?;
            if !whole || hex(blake3::hash(&bytes).as_bytes()) != *digest {
                return Err(garbled(&self.remote.place(), name));
            }
            out.write_all(&bytes).at("writing", to)?;
        }
        out.flush().at("writing", to)
    }

    pub(super) fn clear(&mut self) {
        for (_, path) in self.fetched.drain() {
            let _ = disk::remove_file(&path);
        }
    }
}
