//! What lies in a bucket, as bytes: packs of pieces, a manifest for each archive that says how to put it together, and
//! one small pointer to the latest. `docs/packs.md` is the format in words.

use super::fence::Mark;
use crate::error::{Error, Fault, Result};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};

/// The version of all that is written here.
pub const FORMAT: u32 = 1;

/// The longest manifest, unpacked.
const MAX_MANIFEST: u64 = 256 << 20;

/// The one object that is ever replaced. Not sealed: it names no account and no content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// [`FORMAT`].
    pub format: u32,
    /// Whether packs are sealed.
    pub sealed: bool,
    /// Every archive that can be put together, newest first; never empty.
    pub archives: Vec<Held>,
    /// Every pack they are made of, with its size before sealing.
    pub packs: HashMap<String, u64>,
}

/// One archive that a remote holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What it is.
    #[serde(flatten)]
    pub mark: Mark,
    /// Its size.
    pub bytes: u64,
    /// The pack with its manifest.
    pub pack: String,
    /// Where the manifest lies in it: offset and length before sealing.
    pub manifest: (u64, u64),
    /// The packs that its pieces lie in.
    pub packs: Vec<String>,
}

impl Held {
    /// Whether it needs none of these packs.
    pub fn is_without(&self, lost: &HashSet<String>) -> bool {
        self.packs.iter().chain([&self.pack]).all(|name| !lost.contains(name))
    }
}

/// How one archive is put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What names are made with, in hexadecimal: without it a name doesn't tell what is in a pack.
    pub secret: String,
    /// The packs that the places speak of.
    pub packs: Vec<String>,
    /// Its pieces, in order.
    pub pieces: Vec<Place>,
}

/// Where a piece lies: number of the pack, offset, length, BLAKE3 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(pub u32, pub u64, pub u64, pub String);

impl Pointer {
    /// Reads one.
    pub fn read(bytes: &[u8], place: &str) -> Result<Pointer> {
        let pointer: Pointer = serde_json::from_slice(bytes).map_err(|_| garbled(place, "latest"))?;
        let known = |name: &String| pointer.packs.contains_key(name);
        let whole = pointer.archives.iter().all(|a| known(&a.pack) && a.packs.iter().all(known));
        if pointer.format == FORMAT && !pointer.archives.is_empty() && whole {
            Ok(pointer)
        } else {
            Err(garbled(place, "latest"))
        }
    }

    /// As it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a pointer has string keys only")
    }
}

impl Manifest {
    /// Reads one.
    pub fn read(bytes: &[u8], place: &str) -> Result<Manifest> {
        let mut text = Vec::new();
        let unpacked = GzDecoder::new(bytes).take(MAX_MANIFEST).read_to_end(&mut text);
        let manifest = unpacked.ok().and_then(|_| serde_json::from_slice::<Manifest>(&text).ok());
        let manifest = manifest.ok_or_else(|| garbled(place, "manifest"))?;
        let inside = |p: &Place| (p.0 as usize) < manifest.packs.len();
        if manifest.pieces.iter().all(inside) { Ok(manifest) } else { Err(garbled(place, "manifest")) }
    }

    /// As it is stored: gzip, JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = serde_json::to_vec(self).expect("a manifest has string keys only");
        let mut packed = GzEncoder::new(Vec::new(), Compression::new(6));
        packed.write_all(&text).and_then(|()| packed.finish()).expect("memory takes what is written")
    }

    /// How many bytes of it lie in each of its packs.
    pub fn live(&self) -> HashMap<String, u64> {
        let mut live = HashMap::new();
        for Place(pack, _, len, _) in &self.pieces {
            *live.entry(self.packs[*pack as usize].clone()).or_insert(0) += len;
        }
        live
    }
}

/// What arrived isn't what was sent.
pub fn garbled(place: &str, name: &str) -> Error {
    Error::Remote { place: place.to_owned(), fault: Fault::Garbled { name: name.to_owned() } }
}
