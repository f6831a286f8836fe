//! A session in the keeper's care: the session, its vault and its workplace, put together from what the owner said
//! and what lies on disk.

use crate::config::{Config, Place};
use crate::disk;
use crate::error::Result;
use crate::session::snapshot::Carry;
use crate::session::{Session, find};
use crate::unpack;
use crate::vault::workplace::Workplace;
use crate::vault::{Rules, Vault};
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the one archive, for ever that of the first session.
pub const ARCHIVE: &str = "whatsapp_auth_latest.tar.gz";

/// One session, and where all that belongs to it stands.
#[derive(Debug)]
pub struct Ward {
    /// The session.
    pub session: Session,
    /// Its backups and its one archive.
    pub vault: Vault,
    /// Where work on it lies.
    pub work: Workplace,
    /// How much of its folder is taken.
    pub carry: Carry,
    /// The archive of the plain name, where that isn't this session's own.
    pub shared: Option<PathBuf>,
}

/// The sessions that the configuration speaks of; without one, those in the current folder. Makes nothing on disk.
pub fn wards(config: &Config) -> Result<Vec<Ward>> {
    let mut wards: Vec<Ward> = Vec::new();
    for place in places(config)? {
        for session in sessions(&place)? {
            wards.push(ward(session, &place, config, &wards)?);
        }
    }
    if let Some(only) = &config.only {
        wards.retain(|w| w.session.name == *only);
    }
    Ok(wards)
}

fn places(config: &Config) -> Result<Vec<Place>> {
    if !config.places.is_empty() {
        return Ok(config.places.clone());
    }
    let usual = Place { path: PathBuf::from(".wwebjs_auth"), ..Place::default() };
    if disk::exists(&usual.path) {
        return Ok(vec![usual]);
    }
    let found = find::inside(Path::new("."))?;
    let found: Vec<_> = found.into_iter().map(|s| Place { path: s.path, ..Place::default() }).collect();
    Ok(if found.is_empty() { vec![usual] } else { found })
}

/// The sessions of one place. Where none is there yet, an archive says which will be.
fn sessions(place: &Place) -> Result<Vec<Session>> {
    let found = find::sessions(&place.path)?;
    let [expected] = found.as_slice() else { return Ok(found) };
    let archive = plain_archive(place, &expected.home);
    if disk::exists(&expected.path) || !disk::exists(&archive) {
        return Ok(found);
    }
    // An archive that can't be read says nothing here; whoever restores from it says why.
    let promised = unpack::sessions_in(&archive).unwrap_or_default();
    let named: Vec<Session> = promised
        .into_iter()
        .filter(|i| i.prefix.components().count() == expected.prefix.components().count())
        .map(|i| find::session(&expected.home.join(&i.prefix), i.kind))
        .collect();
    let asked_for = named.iter().any(|s| s.path == expected.path) || find::is_root(&place.path);
    Ok(if named.is_empty() || !asked_for { found } else { named })
}

fn ward(session: Session, place: &Place, config: &Config, others: &[Ward]) -> Result<Ward> {
    let root = place.vault.clone().unwrap_or_else(|| session.home.join(".wakeep"));
    let root = std::path::absolute(&root).unwrap_or(root);
    let plain = plain_archive(place, &session.home);
    let first = recorded_first(&root).unwrap_or_else(|| {
        let earlier = others.iter().find(|w| disk::parent(w.vault.dir()) == root);
        earlier.map_or_else(|| session.name.clone(), |w| w.session.name.clone())
    });
    let is_first = first == session.name;
    let archive = if is_first { plain.clone() } else { archive_of(&plain, &session.name) };
    let rules = Rules {
        archive_mode: config.archive_mode,
        keep_bytes: config.keep_bytes,
        arrived_hold: config.arrived_hold.as_secs(),
        write_budget: config.write_budget,
    };
    let vault = Vault::open(&root.join(&session.name), &archive, rules)?;
    let work = Workplace::of(&session.home, &session.path, &session.name);
    let carry = if config.carry_all { Carry::All } else { Carry::Login };
    Ok(Ward { session, vault, work, carry, shared: (!is_first).then_some(plain) })
}

impl Ward {
    /// Writes down, once, which session of this vault is the first: its archive keeps the plain name for ever.
    pub fn record_first(&self) -> Result<()> {
        let root = disk::parent(self.vault.dir());
        if !disk::exists(&self.session.path) || self.shared.is_some() || recorded_first(root).is_some() {
            return Ok(());
        }
        disk::make_dir(root)?;
        disk::write_whole(&root.join("first"), self.session.name.as_bytes())
    }
}

fn recorded_first(root: &Path) -> Option<String> {
    fs::read_to_string(root.join("first")).ok().map(|s| s.trim().to_owned()).filter(|s| !s.is_empty())
}

fn plain_archive(place: &Place, home: &Path) -> PathBuf {
    let archive = place.archive.clone().unwrap_or_else(|| home.join(ARCHIVE));
    std::path::absolute(&archive).unwrap_or(archive)
}

/// `whatsapp_auth_latest.<session>.tar.gz` for a session that isn't the first.
fn archive_of(plain: &Path, session: &str) -> PathBuf {
    let name = plain.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".tar.gz").unwrap_or(&name);
    plain.with_file_name(format!("{stem}.{session}.tar.gz"))
}
