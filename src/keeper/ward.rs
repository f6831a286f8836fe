//! A session in the keeper's care: the session, its vault and its workplace, put together from what the owner said
//! and what lies on disk.

use super::remembered;
use crate::config::{Config, Place};
use crate::disk;
use crate::error::{Error, Problem, Result};
use crate::session::snapshot::Carry;
use crate::session::{Session, find};
use crate::text::WayBack;
use crate::vault::workplace::Workplace;
use crate::vault::{Rules, Vault};
use std::borrow::Cow;
use std::collections::HashMap;
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
    /// Whether it is the only session here.
    pub alone: bool,
}

/// The sessions that the configuration speaks of; without one, those in the current folder. Makes nothing on disk.
pub fn wards(config: &Config) -> Result<Vec<Ward>> {
    let (mut wards, mut firsts) = (Vec::new(), Firsts::new());
    each_session(config, &mut |session, place| {
        wards.push(ward(session, place, config, &mut firsts)?);
        Ok(())
    })?;
    require_apart(&wards, config)?;
    let alone = wards.len() == 1;
    wards.iter_mut().for_each(|w| w.alone = alone);
    if let Some(only) = &config.only {
        wards.retain(|w| is_meant(only, &w.session));
    }
    Ok(wards)
}

/// Whether `--only` means that session: by its name, or by its path where another has the same name.
fn is_meant(only: &str, session: &Session) -> bool {
    session.name == only || find::absolute(Path::new(only)).is_ok_and(|path| path == session.path)
}

/// Shows every session that the configuration speaks of, and its place; of thousands none is kept.
fn each_session(config: &Config, see: &mut dyn FnMut(Session, &Place) -> Result<()>) -> Result<()> {
    for place in places(config)?.iter() {
        sessions(place)?.into_iter().try_for_each(|session| see(session, place))?;
    }
    Ok(())
}

/// Whether there is a session that isn't `known`, or not as one of that kind: a second client, or another kind than was
/// expected.
pub fn any_new(config: &Config, known: &dyn Fn(&Session) -> bool) -> Result<bool> {
    let mut any = false;
    each_session(config, &mut |session, _| {
        let meant = config.only.as_ref().is_none_or(|only| is_meant(only, &session));
        any |= meant && !known(&session);
        Ok(())
    })?;
    Ok(any)
}

/// The places that the owner named; else what lies beside the configuration, or here.
fn places(config: &Config) -> Result<Cow<'_, [Place]>> {
    if !config.places.is_empty() {
        return Ok(Cow::Borrowed(&config.places));
    }
    let base = find::absolute(if config.base.as_os_str().is_empty() { Path::new(".") } else { &config.base })?;
    let usual = Place { path: base.join(".wwebjs_auth"), ..Place::default() };
    if disk::exists(&usual.path) {
        return Ok(vec![usual].into());
    }
    let found = find::inside(&base)?;
    let remembered = remembered::sessions(&usual, &find::expected(&find::absolute(&usual.path)?).home, &[]);
    let mut places: Vec<Place> = Vec::new();
    for path in found.into_iter().chain(remembered).map(|s| s.path) {
        if places.iter().all(|p| p.path != path) {
            places.push(Place { path, ..Place::default() });
        }
    }
    Ok(if places.is_empty() { vec![usual] } else { places }.into())
}

/// The sessions of one place: those that lie there, and those that lay there once. What lies there in a state in which
/// no kind claims it is of the kind it was.
fn sessions(place: &Place) -> Result<Vec<Session>> {
    let path = find::absolute(&place.path)?;
    if let Some(kind) = find::kind_of(&path) {
        return Ok(vec![find::session(&path, kind)]);
    }
    let found = find::sessions(&path);
    let (claimed, others): (Vec<_>, Vec<_>) =
        found.iter().flatten().cloned().partition(|s| find::kind_of(&s.path).is_some());
    let home = find::expected(&path).home;
    let below = |s: &Session| s.path.starts_with(&path);
    let known: Vec<Session> = remembered::sessions(place, &home, &claimed).into_iter().filter(below).collect();
    match found {
        Err(Error::NotASession { .. }) if !known.is_empty() => {}
        other => drop(other?),
    }
    let mut found = claimed;
    found.extend(others.into_iter().filter(|s| disk::exists(&s.path) || known.is_empty()));
    for session in known {
        match found.iter_mut().find(|f| f.path == session.path) {
            Some(unclaimed) => *unclaimed = session,
            None => found.push(session),
        }
    }
    Ok(found)
}

pub(super) fn vault_root(place: &Place, home: &Path) -> PathBuf {
    let root = place.vault.clone().unwrap_or_else(|| home.join(".wakeep"));
    std::path::absolute(&root).unwrap_or(root)
}

/// Two sessions with one vault or one archive would take each other's login for their own.
fn require_apart(wards: &[Ward], config: &Config) -> Result<()> {
    let mut taken: HashMap<&Path, &Ward> = HashMap::new();
    for ward in wards {
        let vault = taken.insert(ward.vault.dir(), ward);
        let archive = taken.insert(ward.vault.archive(), ward);
        if let Some(other) = vault.or(archive) {
            let problem = Problem::Shared(other.session.path.clone(), ward.session.path.clone());
            return Err(both(config, problem));
        }
    }
    require_own_names(wards, config)
}

/// A remote keeps what it has of a session under the session's name: two of one name would have one lease and one archive.
fn require_own_names(wards: &[Ward], config: &Config) -> Result<()> {
    let Some(remote) = &config.remote else { return Ok(()) };
    let mut named: HashMap<&str, &Ward> = HashMap::new();
    for ward in wards {
        if let Some(other) = named.insert(&ward.session.name, ward) {
            let paths = Box::new((other.session.path.clone(), ward.session.path.clone()));
            let (name, remote) = (ward.session.name.clone(), remote.clone());
            return Err(both(config, Problem::SameName { paths, name, remote }));
        }
    }
    Ok(())
}

/// What is wrong with two sessions of one configuration.
fn both(config: &Config, problem: Problem) -> Error {
    let place = config.file.as_ref().map_or_else(|| "sessions".to_owned(), |f| f.display().to_string());
    Error::Config { place, problem, suggestion: None }
}

/// Of each vault root the session that came first.
type Firsts = HashMap<PathBuf, String>;

fn ward(mut session: Session, place: &Place, config: &Config, firsts: &mut Firsts) -> Result<Ward> {
    // A path that was put together has room for another one, and a keeper holds thousands.
    session.path.shrink_to_fit();
    session.prefix.shrink_to_fit();
    let root = vault_root(place, &session.home);
    let plain = plain_archive(place, &session.home);
    if place.archive.is_none() && !session.home.is_dir() {
        return Err(Error::SessionMissing { path: session.path });
    }
    require_file(&plain)?;
    require_outside(&session, [&plain, &root])?;
    let first = recorded_first(&root)
        .unwrap_or_else(|| firsts.entry(root.clone()).or_insert_with(|| session.name.clone()).clone());
    let is_first = first == session.name;
    let archive = if is_first { plain.clone() } else { archive_of(&plain, &session.name) };
    let rules = Rules {
        archive_mode: config.archive_mode,
        keep_bytes: config.keep_bytes,
        arrived_hold: config.arrived_hold.as_secs(),
        write_budget: config.write_budget,
        latest_every: config.latest_every.as_secs(),
    };
    let vault = Vault::open(&root.join(&session.name), &archive, rules)?;
    let work = Workplace::of(&session.home, &session.path, &session.name);
    let carry = if config.carry_all { Carry::All } else { Carry::Login };
    Ok(Ward { session, vault, work, carry, shared: (!is_first).then_some(plain), alone: false })
}

impl Ward {
    /// What can bring its login back here.
    pub fn way_back(&self, config: &Config) -> WayBack {
        if disk::exists(self.vault.archive()) || self.vault.backups().is_ok_and(|b| !b.is_empty()) {
            WayBack::Archive
        } else if config.remote.is_some() {
            WayBack::Remote
        } else {
            WayBack::Scan
        }
    }

    /// Whether nothing of it was ever seen here: another folder may be meant, and nothing is made in this one.
    pub fn is_unseen(&self) -> bool {
        let places = [self.session.path.as_path(), self.vault.archive(), self.vault.dir(), self.work.dir()];
        !places.into_iter().any(disk::exists)
    }

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

pub(super) fn plain_archive(place: &Place, home: &Path) -> PathBuf {
    let archive = place.archive.clone().unwrap_or_else(|| home.join(ARCHIVE));
    let archive = std::path::absolute(&archive).unwrap_or(archive);
    // A link somewhere else is the owner's wish: the file there is replaced, not the link.
    if archive.is_symlink() { archive.canonicalize().unwrap_or(archive) } else { archive }
}

/// A folder or a device is nothing that an archive may take the place of.
fn require_file(archive: &Path) -> Result<()> {
    let wrong = |problem: Problem| {
        let place = archive.display().to_string();
        Err(Error::Config { place, problem, suggestion: None })
    };
    match fs::metadata(archive) {
        Ok(meta) if !meta.is_file() => wrong(Problem::ArchiveNoFile),
        Err(_) if !disk::parent(archive).is_dir() => wrong(Problem::ArchiveNoFolder),
        _ => Ok(()),
    }
}

/// Within a session a restore would take them away, and every archive would hold the ones before.
fn require_outside(session: &Session, places: [&Path; 2]) -> Result<()> {
    let root = session.prefix.components().next().map(|first| session.home.join(first));
    for place in places {
        let full = find::absolute(place)?;
        let inside = [Some(&session.path), root.as_ref()].into_iter().flatten().find(|folder| full.starts_with(folder));
        if let Some(folder) = inside {
            let problem = Problem::Within(folder.clone());
            return Err(Error::Config { place: place.display().to_string(), problem, suggestion: None });
        }
    }
    Ok(())
}

/// `whatsapp_auth_latest.<session>.tar.gz` for a session that isn't the first.
fn archive_of(plain: &Path, session: &str) -> PathBuf {
    let name = plain.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".tar.gz").unwrap_or(&name);
    plain.with_file_name(format!("{stem}.{session}.tar.gz"))
}
