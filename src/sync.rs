//! Off the machine and back: archives pushed to a remote and pulled from it, sealed on the way where the owner named
//! for whom. A later archive is never replaced by an earlier one, nor by that of a host that was left behind.

pub mod arrival;
mod bin;
mod digest;
pub mod far;
mod fence;
mod members;
mod outgoing;
mod pack;
mod packs;
pub mod seals;
mod sweep;
mod turn;
mod whole;

use crate::archive::keys::{Identities, Recipients};
use crate::archive::{self, Depth, seal};
use crate::config::{self, Config};
use crate::disk;
use crate::error::{At, Error, Fault, Result};
use crate::remote::{self, Place, Remote, Settings};
use crate::vault::Vault;
use crate::vault::label::Label;
use digest::{digest_of, own_secret};
use far::Far;
use fence::Mark;
use jiff::Timestamp;
use outgoing::Outgoing;
pub use outgoing::Pushed;
use std::fs::File;
use std::path::Path;

/// In what form a remote keeps archives.
enum Form {
    /// Cut into packs, with a history (`packs`, `bin`).
    Packs,
    /// One whole file a session, as it stands here (`whole`).
    Whole,
}

impl Form {
    /// Where a request costs and a line is metered, only what changed travels; where a person or a bot without wakeep
    /// looks, the file lies ready.
    fn at(place: &Place) -> Form {
        match place {
            Place::S3 { .. } => Form::Packs,
            Place::Dir(_) | Place::Ssh { .. } => Form::Whole,
        }
    }
}

/// One remote, and how archives go there.
pub struct Sync {
    place: Place,
    remote: Box<dyn Remote>,
    /// The place as a machine that may have a wakeep of its own.
    far: Option<Far>,
    recipients: Option<Recipients>,
    identities: Identities,
}

impl Sync {
    /// Opens the remote that `place` names.
    ///
    /// # Errors
    /// `Config` for what is no place or no recipient; `Sealed` for a key that can't be used; `Io`.
    pub fn open(place: &str, config: &Config, settings: &Settings) -> Result<Sync> {
        let place = Place::parse(place, &config.base)?;
        let far = Far::of(&place, settings);
        let remote = remote::open(&place, settings)?;
        Ok(Sync { far, ..Sync::over(place, remote, config)? })
    }

    /// The same where the remote is open already.
    ///
    /// # Errors
    /// As [`Sync::open`].
    pub fn over(place: Place, remote: Box<dyn Remote>, config: &Config) -> Result<Sync> {
        let (recipients, identities) = (seals::recipients(config)?, seals::identities(config)?);
        Ok(Sync { place, remote, far: None, recipients, identities })
    }

    /// Whether what is pushed is sealed.
    pub fn seals(&self) -> bool {
        self.recipients.is_some()
    }

    /// Whether it is now to be said that archives lie there unsealed: once for each place and session, remembered beside
    /// the vault's memory, until something is sealed. A folder of this machine is no news: the archive beside the session is
    /// as open, and so is the session.
    ///
    /// # Errors
    /// `Io`.
    pub fn is_news_that_unsealed(&self, vault: &Path, session: &str) -> Result<bool> {
        let told = vault.join("sync").join(self.named("unsealed", session));
        if self.seals() {
            return disk::remove_file(&told).map(|()| false);
        }
        if matches!(self.place, Place::Dir(_)) || disk::exists(&told) {
            return Ok(false);
        }
        disk::make_dir(disk::parent(&told))?;
        disk::write_hint(&told, b"").map(|()| true)
    }

    /// The same, but nothing is sealed: for a machine that has no key, over a line that nobody can read.
    #[must_use]
    pub fn unsealed(self) -> Sync {
        Sync { recipients: None, ..self }
    }

    /// The place, without secrets.
    pub fn place(&self) -> String {
        self.remote.place()
    }

    /// Pushes a session's newest archive. `fence` is the lease's generation, where one is held. `told` hears bytes sent
    /// and bytes in all.
    ///
    /// # Errors
    /// `NothingToRestore` where no archive stands; `Damaged` where its bytes aren't whole any more; `RemoteNewer`;
    /// `Busy` while another push goes on; `Remote`; `Io`.
    pub fn push(
        &self,
        vault: &Vault,
        session: &str,
        fence: Option<u64>,
        force: bool,
        told: &mut dyn FnMut(u64, u64),
    ) -> Result<Pushed> {
        let scratch = vault.dir().join("sync");
        disk::make_dir(&scratch)?;
        let _turn = turn::take(&scratch)?;
        // The remote counts all that is done with it.
        let before = self.remote.spent();
        let ours = |pushed: Pushed| Pushed { spent: pushed.spent.since(before), ..pushed };
        let nothing = || Error::NothingToRestore { place: vault.archive().to_owned() };
        let (archive, label) = vault.newest_whole()?.ok_or_else(nothing)?;
        // A name of its own, held open by a link: a round may replace the archive meanwhile.
        let held = scratch.join("outgoing.tar.gz");
        disk::remove_file(&held)?;
        disk::link_or_copy(&archive, &held)?;
        let whole = require_whole(&held, &archive);
        let pushed = whole.and_then(|()| self.mark(&held, &label, fence, vault)).and_then(|mark| {
            let out = Outgoing {
                archive: &held,
                name: vault.archive().file_name().unwrap_or_default().to_string_lossy().into_owned(),
                session: session.to_owned(),
                mark,
                ancestor: vault.state().pulled.clone(),
                recipients: self.recipients.as_ref(),
                identities: &self.identities,
                scratch: &scratch,
                memory: scratch.join(format!("{}.json", self.named("pushed", session))),
                force,
            };
            let members = self.far.as_ref().map(|far| members::push(&out, far, told)).transpose()?.flatten();
            match (members, Form::at(&self.place)) {
                (Some(pushed), _) => Ok(pushed),
                (None, Form::Packs) => packs::push(&out, self.remote.as_ref(), told).map(ours),
                (None, Form::Whole) => whole::push(&out, self.remote.as_ref(), told).map(ours),
            }
        });
        disk::remove_file(&held)?;
        pushed
    }

    fn mark(&self, archive: &Path, label: &Label, fence: Option<u64>, vault: &Vault) -> Result<Mark> {
        // Where it is sealed, the digest tells nothing to whoever can't make the archive: it is keyed with a secret.
        let key = if self.seals() { Some(own_secret(&vault.dir().join("sync/secret"))?) } else { None };
        let digest = digest_of(archive, key)?;
        Ok(Mark::of(label, fence.unwrap_or(0), digest))
    }

    /// The name of a file in which this host remembers something of a session there.
    fn named(&self, what: &str, session: &str) -> String {
        let place = blake3::hash(format!("{}\n{session}", self.place()).as_bytes());
        format!("{what}-{}", &place.to_hex()[..16])
    }

    /// Fetches a session's archive into the new file `to`: the newest, or where `at` is given and the remote keeps a
    /// history the newest that isn't younger. Its bytes are what was pushed; whether they are worth anything is the
    /// caller's to find out.
    ///
    /// # Errors
    /// `NothingToRestore`, `Sealed`, `Damaged`, `Remote`, `Io`. Nothing is left at `to`.
    pub fn pull(&self, session: &str, name: &str, at: Option<Timestamp>, to: &Path) -> Result<()> {
        let scratch = disk::parent(to);
        disk::make_dir(scratch)?;
        match (Form::at(&self.place), at) {
            (Form::Packs, _) => bin::pull(self.remote.as_ref(), session, at, to, &self.identities, scratch),
            (Form::Whole, None) => whole::pull(self.remote.as_ref(), name, to, &self.identities),
            (Form::Whole, Some(_)) => {
                let why = "this place keeps the latest archive only, no history".to_owned();
                Err(Error::Remote { place: self.place(), fault: Fault::Odd { why } })
            }
        }
    }
}

/// How remotes are reached, as the owner configured it.
pub fn settings(config: &Config, terminal: bool) -> Settings {
    Settings {
        s3_endpoint: config.s3_endpoint.clone(),
        s3_region: config.s3_region.clone(),
        s3_path_style: config.s3_path_style,
        s3_credentials: config.s3_credentials.clone(),
        s3_ca_file: config.s3_ca_file.clone(),
        ssh_options: config.ssh_options.clone(),
        terminal,
        environment: config::environment,
        ..Settings::default()
    }
}

/// Fetches an object into the new file `to`, open.
fn fetch(remote: &dyn Remote, name: &str, to: &Path, keys: &Identities, sealed: bool) -> Result<()> {
    disk::remove_file(to)?;
    let coming = if sealed { disk::beside(to, "sealed") } else { to.to_owned() };
    disk::remove_file(&coming)?;
    let mut file = disk::create_new(&coming)?;
    let got = remote.get(name, None, &mut file);
    drop(file);
    let opened = got.and_then(|tag| tag.ok_or_else(|| pack::garbled(&remote.place(), name))).and_then(|_| {
        if !sealed {
            return Ok(());
        }
        let mut open = seal::open(File::open(&coming).at("opening", &coming)?, keys, Path::new(name))?;
        open.copy(&mut disk::create_new(to)?, to).map(drop)
    });
    if sealed {
        disk::remove_file(&coming)?;
    }
    if opened.is_err() {
        disk::remove_file(to)?;
    }
    opened
}

/// Law 1: neither what rotted on this disk nor what nobody would unpack replaces the good one there. `held` is what is pushed, `archive` what a person
/// knows it by.
fn require_whole(held: &Path, archive: &Path) -> Result<()> {
    match archive::verify(held, Depth::Stored).and_then(|whole| whole.require_admissible()) {
        Err(Error::Damaged { what, .. }) => Err(Error::damaged(archive, what)),
        Err(Error::Hostile { what, .. }) => Err(Error::Hostile { path: archive.to_owned(), what }),
        other => other,
    }
}
