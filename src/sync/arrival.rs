//! The other side of [`super::members`]: says which members the archive here has, takes those that are missing, and puts
//! the new archive together. Whether it is worth anything, and where it goes, is the caller's to find out.
//!
//! What arrives is kept in a stock until all has: a line that breaks costs what was on its way.

use super::fence::who;
use super::members::{LONGEST, MOST, OFFER, Offered, PLAN, Standing, Wanted, line, write_line};
use crate::archive::pieces::pieces;
use crate::archive::{self, Depth};
use crate::disk;
use crate::error::{At, Error, Result};
use crate::platform::files::FileExt;
use crate::vault::backup::label_of;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

/// Where a piece lies.
#[derive(Clone, Copy)]
enum Place {
    Standing(u64),
    Stock(u64),
}

/// What lies here, and what came.
pub struct Arrival {
    archive: PathBuf,
    /// What the archive says of itself, whole or not.
    seen: Option<Standing>,
    /// The archive, held open: a rename over its name changes nothing.
    standing: Option<File>,
    ours: Vec<[u8; 32]>,
    stock: File,
    stock_path: PathBuf,
    places: HashMap<[u8; 32], Place>,
    plan: Vec<Wanted>,
}

impl Arrival {
    /// Looks at what stands at `archive`, and at what an earlier try left in the file `stock`. An archive that isn't
    /// whole any more, or another's, offers nothing.
    ///
    /// # Errors
    /// `Io`.
    pub fn look(archive: &Path, stock: &Path) -> Result<Arrival> {
        disk::make_dir(disk::parent(stock))?;
        let mut arrival = Arrival {
            archive: archive.to_owned(),
            seen: standing_at(archive),
            standing: None,
            ours: Vec::new(),
            stock: disk::open_to_append(stock)?,
            stock_path: stock.to_owned(),
            places: HashMap::new(),
            plan: Vec::new(),
        };
        if arrival.seen.is_some() && archive::verify(archive, Depth::Stored).is_ok() {
            for piece in pieces(archive)? {
                arrival.ours.push(piece.digest);
                arrival.places.insert(piece.digest, Place::Standing(piece.at));
            }
            arrival.standing = Some(File::open(archive).at("opening", archive)?);
        }
        arrival.take_stock()?;
        Ok(arrival)
    }

    /// Records of digest, length and bytes; the first that isn't whole ends it.
    fn take_stock(&mut self) -> Result<()> {
        let size = self.stock.metadata().at("reading", &self.stock_path)?.len();
        let mut at = 0;
        while at + 36 <= size {
            let (mut digest, mut len) = ([0; 32], [0; 4]);
            self.stock.read_exact_at(&mut digest, at).at("reading", &self.stock_path)?;
            self.stock.read_exact_at(&mut len, at + 32).at("reading", &self.stock_path)?;
            let len = u64::from(u32::from_le_bytes(len));
            if len > LONGEST || at + 36 + len > size {
                break;
            }
            let mut bytes = vec![0; len as usize];
            self.stock.read_exact_at(&mut bytes, at + 36).at("reading", &self.stock_path)?;
            if *blake3::hash(&bytes).as_bytes() != digest {
                break;
            }
            self.places.entry(digest).or_insert(Place::Stock(at + 36));
            at += 36 + len;
        }
        self.stock.set_len(at).at("cutting", &self.stock_path)
    }

    /// Says what is here.
    ///
    /// # Errors
    /// `Io`.
    pub fn offer(&self, to: &mut dyn Write) -> Result<()> {
        let ours = self.ours.iter();
        let rest = self.places.iter().filter(|(_, place)| matches!(place, Place::Stock(_))).map(|(digest, _)| digest);
        let digests: Vec<u8> = ours.chain(rest).flatten().copied().collect();
        let standing = self.standing.as_ref().and(self.seen.clone());
        let offered = Offered { standing, pieces: self.ours.len(), digests: digests.len() / 32 };
        let text = serde_json::to_string(&offered).expect("an offer has string keys only");
        let said = to.write_all(format!("{OFFER}{text}\n").as_bytes()).and_then(|()| to.write_all(&digests));
        said.and_then(|()| to.flush()).at("answering", &self.archive)
    }

    /// Takes the plan and what is missing. Returns false where nothing is wanted.
    ///
    /// # Errors
    /// `Io` where the line breaks (what came stays in the stock); `Damaged` for what can't be a plan.
    pub fn collect(&mut self, from: &mut dyn BufRead) -> Result<bool> {
        let odd = || Error::damaged(&self.archive, "what comes is no plan of an archive");
        let Some(said) = line(from).at("receiving", &self.archive)? else { return Ok(false) };
        let count: Option<usize> = said.strip_prefix(PLAN).and_then(|n| n.parse().ok());
        let count = count.filter(|n| *n <= MOST).ok_or_else(odd)?;
        let (mut plan, mut coming) = (Vec::new(), HashSet::new());
        for _ in 0..count {
            let wanted = Wanted::read(&mut *from).at("receiving", &self.archive)?;
            let known = self.places.contains_key(&wanted.digest) || coming.contains(&wanted.digest);
            if u64::from(wanted.len) > LONGEST || !(known || wanted.follows) {
                return Err(odd());
            }
            coming.extend(wanted.follows.then_some(wanted.digest));
            plan.push(wanted);
        }
        for wanted in plan.iter().filter(|w| w.follows) {
            let mut record = vec![0; 36 + wanted.len as usize];
            record[..32].copy_from_slice(&wanted.digest);
            record[32..36].copy_from_slice(&wanted.len.to_le_bytes());
            from.read_exact(&mut record[36..]).at("receiving", &self.archive)?;
            self.put_down(wanted.digest, &record)?;
        }
        self.plan = plan;
        Ok(true)
    }

    fn put_down(&mut self, digest: [u8; 32], record: &[u8]) -> Result<()> {
        if *blake3::hash(&record[36..]).as_bytes() != digest {
            return Err(Error::damaged(&self.archive, "what arrives is not what was sent"));
        }
        if let Err(e) = (&self.stock).write_all(record) {
            // A disk that is full is not to be kept full by what can't be finished.
            let _ = self.stock.set_len(0);
            return Err(e).at("writing", &self.stock_path);
        }
        // Where it went, also if an earlier try that hasn't noticed its end wrote meanwhile.
        let end = self.stock.stream_position().at("reading", &self.stock_path)?;
        let at = end.saturating_sub(record.len() as u64);
        self.places.insert(digest, Place::Stock(at + 36));
        Ok(())
    }

    /// Puts the archive together in the new file `to`.
    ///
    /// # Errors
    /// `Damaged` where a piece isn't what it was; `Io`. Nothing is left at `to`.
    pub fn assemble(&self, to: &Path) -> Result<()> {
        let done = self.write(to);
        if done.is_err() {
            disk::remove_file(to)?;
        }
        done
    }

    fn write(&self, to: &Path) -> Result<()> {
        let mut out = BufWriter::with_capacity(256 << 10, disk::create_new(to)?);
        for wanted in &self.plan {
            let mut bytes = vec![0; wanted.len as usize];
            let read = match (self.places.get(&wanted.digest), &self.standing) {
                (Some(Place::Stock(at)), _) => self.stock.read_exact_at(&mut bytes, *at),
                (Some(Place::Standing(at)), Some(file)) => file.read_exact_at(&mut bytes, *at),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
            if read.is_err() || *blake3::hash(&bytes).as_bytes() != wanted.digest {
                return Err(Error::damaged(&self.archive, "a member isn't there any more"));
            }
            out.write_all(&bytes).at("writing", to)?;
        }
        out.flush().at("writing", to)
    }

    /// Whether the archive that was offered stands there still: whoever publishes holds the work lock, and asks.
    ///
    /// # Errors
    /// `RemoteNewer` names the one that has come between.
    pub fn require_unchanged(&self) -> Result<()> {
        let now = standing_at(&self.archive);
        match now {
            Some(now) if self.seen.as_ref() != Some(&now) => {
                let place = self.archive.display().to_string();
                Err(Error::RemoteNewer { place, host: now.host, generation: now.generation })
            }
            _ => Ok(()),
        }
    }

    /// Lets the stock go: the archive stands, or never will.
    ///
    /// # Errors
    /// `Io`.
    pub fn clear(self) -> Result<()> {
        disk::remove_file(&self.stock_path)
    }
}

/// Says that all is well.
///
/// # Errors
/// `Io`.
pub fn stored(to: &mut dyn Write, archive: &Path) -> Result<()> {
    write_line(to, super::members::STORED).at("answering", archive)
}

fn standing_at(archive: &Path) -> Option<Standing> {
    let label = label_of(archive)?;
    let who = who(&label);
    Some(Standing { host: label.host, generation: label.generation, made: label.made, who })
}
