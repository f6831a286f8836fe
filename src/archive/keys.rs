//! For whom archives are sealed, and who can open them: age recipients, SSH keys, a passphrase. Where the secrets come
//! from is not decided here: texts come in, and nothing of them goes out again, not into an error either.

use crate::error::{At, Error, Problem, Result, Unsealable};
use age::secrecy::{ExposeSecret, SecretString};
use age::{Callbacks, Identity, IdentityFile, Recipient, scrypt, ssh, x25519};
use std::fmt;
use std::path::{Path, PathBuf};

/// The most work that a passphrase may cost to try, as a power of two (scrypt's N): about a minute on a small server.
const MOST_WORK: u8 = 22;

/// For whom something is sealed. A file sealed for several opens with any one of their keys.
pub struct Recipients(Vec<Box<dyn Recipient + Send + Sync>>);

impl Recipients {
    /// Reads recipients, one a line: `age1…`, `ssh-ed25519 …`, `ssh-rsa …`; empty lines and those with `#` are passed
    /// over. `place` is named in errors.
    ///
    /// # Errors
    /// `Config` for a line that is none of these, or if there is none at all.
    pub fn read(text: &str, place: &str) -> Result<Recipients> {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let all = lines.map(|line| recipient(line).ok_or_else(|| unknown(line, place))).collect::<Result<Vec<_>>>()?;
        if all.is_empty() { Err(unknown("", place)) } else { Ok(Recipients(all)) }
    }

    /// Whoever knows the passphrase.
    pub fn who_know(passphrase: &Passphrase) -> Recipients {
        Recipients(vec![Box::new(scrypt::Recipient::new(passphrase.0.clone()))])
    }

    /// Adds others.
    #[must_use]
    pub fn and(mut self, others: Recipients) -> Recipients {
        self.0.extend(others.0);
        self
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &dyn Recipient> {
        self.0.iter().map(|r| r.as_ref() as &dyn Recipient)
    }
}

impl fmt::Debug for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} recipients", self.0.len())
    }
}

fn recipient(line: &str) -> Option<Box<dyn Recipient + Send + Sync>> {
    if line.starts_with("ssh-") {
        return line.parse::<ssh::Recipient>().ok().map(|r| Box::new(r) as _);
    }
    line.parse::<x25519::Recipient>().ok().map(|r| Box::new(r) as _)
}

fn unknown(line: &str, place: &str) -> Error {
    // A secret key that was put here by mistake isn't repeated.
    let shown: String = line.chars().take(12).collect();
    let problem = match line {
        "" => Problem::NobodyNamed,
        l if l.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") => Problem::SecretKey,
        _ => Problem::NoRecipient(shown),
    };
    Error::Config { place: place.to_owned(), problem, suggestion: None }
}

/// A passphrase that a person chose.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// The first line of a text.
    pub fn new(text: &str) -> Passphrase {
        Passphrase(text.lines().next().unwrap_or_default().to_owned().into())
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a passphrase")
    }
}

/// The keys that open what is sealed.
#[derive(Default)]
pub struct Identities {
    keys: Vec<Box<dyn Identity + Send + Sync>>,
    /// A key among them that is locked, and nobody named a passphrase.
    locked: Option<PathBuf>,
}

impl Identities {
    /// Adds the secret keys of a text: an age identity file, or an SSH private key. One of SSH's that is itself locked
    /// opens with the passphrase.
    ///
    /// # Errors
    /// `Sealed` if it holds no key that can be used. `place` is named, the text isn't.
    pub fn add(&mut self, text: &str, passphrase: Option<&Passphrase>, place: &Path) -> Result<()> {
        let unusable = || Error::Sealed { path: place.to_owned(), why: Unsealable::KeyUnusable };
        if text.contains("-----BEGIN ") {
            let key = ssh::Identity::from_buffer(text.as_bytes(), None).map_err(|_| unusable())?;
            if matches!(key, ssh::Identity::Unsupported(_)) {
                return Err(unusable());
            }
            // Nothing is wrong as long as nothing is to be opened: who only pushes needs no key.
            if matches!(key, ssh::Identity::Encrypted(_)) && passphrase.is_none() {
                self.locked = Some(place.to_owned());
            }
            self.keys.push(Box::new(key.with_callbacks(Answer(passphrase.cloned()))));
            return Ok(());
        }
        let file = IdentityFile::from_buffer(text.as_bytes()).map_err(|_| unusable())?;
        let keys = file.into_identities().map_err(|_| unusable())?;
        if keys.is_empty() {
            return Err(unusable());
        }
        self.keys.extend(keys);
        Ok(())
    }

    /// Adds a passphrase.
    pub fn add_passphrase(&mut self, passphrase: &Passphrase) {
        let mut key = scrypt::Identity::new(passphrase.0.clone());
        key.set_max_work_factor(MOST_WORK);
        self.keys.push(Box::new(key));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// A key that nobody can use without its passphrase.
    pub(super) fn locked(&self) -> Option<&Path> {
        self.locked.as_deref()
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &dyn Identity> {
        self.keys.iter().map(|i| i.as_ref() as &dyn Identity)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} identities", self.keys.len())
    }
}

/// Answers the one question of a locked SSH key.
#[derive(Clone)]
struct Answer(Option<Passphrase>);

impl Callbacks for Answer {
    fn display_message(&self, _: &str) {}

    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn request_public_string(&self, _: &str) -> Option<String> {
        None
    }

    fn request_passphrase(&self, _: &str) -> Option<SecretString> {
        self.0.as_ref().map(|p| p.0.clone())
    }
}

/// Makes a new key: the text of an identity file, as `age-keygen` writes it, and its recipient.
pub fn generate(made: &str) -> (SecretString, String) {
    let key = x25519::Identity::generate();
    let recipient = key.to_public().to_string();
    let text = format!("# created: {made}\n# public key: {recipient}\n{}\n", key.to_string().expose_secret());
    (text.into(), recipient)
}

/// Writes a new identity file, private to its owner, and returns its recipient. An existing file is left alone.
///
/// # Errors
/// `Io`: something is there, or it can't be written.
pub fn write_new(file: &Path, made: &str) -> Result<String> {
    use std::io::Write;
    let (text, recipient) = generate(made);
    let mut new = crate::disk::create_new(file)?;
    new.write_all(text.expose_secret().as_bytes()).at("writing", file)?;
    crate::disk::sync_file(file)?;
    crate::disk::sync_dir(crate::disk::parent(file))?;
    Ok(recipient)
}
