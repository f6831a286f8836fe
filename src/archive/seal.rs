//! Sealing: an archive (or anything else) as an age file, <https://age-encryption.org/v1>, which the `age` program
//! opens, too. Streamed: neither side is ever in memory as a whole.

use super::keys::{Identities, Recipients};
use crate::disk;
use crate::error::{At, Error, Result, Unsealable};
use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor, armor::ArmoredReader};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// What the name of a sealed file ends with.
pub const ENDING: &str = "age";

const BUFFER: usize = 256 << 10;

/// A writer that seals what it is given. Without [`finish`](Sealer::finish) what was written can't be opened.
pub struct Sealer<W: Write>(StreamWriter<W>);

impl<W: Write> Sealer<W> {
    /// Begins a sealed stream.
    pub fn new(to: W, recipients: &Recipients) -> io::Result<Sealer<W>> {
        let sealed = Encryptor::with_recipients(recipients.each()).map_err(io::Error::other)?;
        sealed.wrap_output(to).map(Sealer)
    }

    /// Ends it.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A reader of what is in a sealed stream. Each piece it gives is proved to be what was sealed; that nothing is missing
/// is known at its end only.
pub struct Opened<'a, R: Read>(StreamReader<ArmoredReader<BufReader<R>>>, &'a Path);

/// Opens a sealed stream, binary or armored. `path` is named in errors.
///
/// # Errors
/// `Sealed` if no key fits or it isn't sealed at all; `Damaged`; `Io`.
pub fn open<'a, R: Read>(from: R, keys: &Identities, path: &'a Path) -> Result<Opened<'a, R>> {
    let sealed = |why| Error::Sealed { path: path.to_owned(), why };
    let armored = ArmoredReader::new(from);
    let decryptor = Decryptor::new_buffered(armored).map_err(|e| match e {
        DecryptError::Io(e) => unreadable(path, e),
        _ => sealed(Unsealable::NotSealed),
    })?;
    if keys.is_empty() {
        return Err(sealed(Unsealable::NoKey));
    }
    match decryptor.decrypt(keys.each()) {
        Ok(content) => Ok(Opened(content, path)),
        Err(DecryptError::Io(e)) => Err(unreadable(path, e)),
        Err(DecryptError::InvalidMac | DecryptError::InvalidHeader) => {
            Err(Error::damaged(path, "its header was changed after it was sealed"))
        }
        Err(DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed) => {
            Err(sealed(Unsealable::WrongPassphrase))
        }
        Err(_) => Err(match keys.locked() {
            Some(key) => Error::Sealed { path: key.to_owned(), why: Unsealable::KeyLocked },
            None => sealed(Unsealable::OtherKey),
        }),
    }
}

impl<R: Read> Opened<'_, R> {
    /// Writes all of it to `to`, which `name` names. Returns how many bytes.
    ///
    /// # Errors
    /// `Damaged` if it was cut off or changed; then a part has been written. `Io`.
    pub fn copy(&mut self, to: &mut impl Write, name: &Path) -> Result<u64> {
        let mut buffer = vec![0; BUFFER];
        let mut all = 0;
        loop {
            let n = self.0.read(&mut buffer).map_err(|e| unreadable(self.1, e))?;
            if n == 0 {
                return Ok(all);
            }
            to.write_all(&buffer[..n]).at("writing", name)?;
            all += n as u64;
        }
    }
}

impl<R: Read> Read for Opened<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// What an error of the decoder means: its own are damage, the rest is the system's.
fn unreadable(path: &Path, e: io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => Error::damaged(path, "it is cut off"),
        _ if e.raw_os_error().is_none() => Error::damaged(path, "it was cut off or changed after it was sealed"),
        _ => Error::Io { doing: "reading", path: path.to_owned(), source: e },
    }
}

/// Whether a file is sealed, by its first bytes.
pub fn is_sealed(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    File::open(path).at("opening", path)?.take(40).read_to_end(&mut head).at("reading", path)?;
    Ok(is_sealed_head(&head))
}

/// Whether these first bytes of something say that it is sealed.
pub fn is_sealed_head(head: &[u8]) -> bool {
    head.starts_with(b"age-encryption.org/v1\n") || head.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

/// Seals a file into the new file `to`, private to its owner and flushed to the disk. Returns its size.
///
/// # Errors
/// `Io`: also if something is at `to` already. A failed attempt leaves nothing there.
pub fn seal_file(from: &Path, to: &Path, recipients: &Recipients) -> Result<u64> {
    let source = File::open(from).at("opening", from)?;
    whole_or_nothing(to, |file| {
        let mut sealer = Sealer::new(BufWriter::with_capacity(BUFFER, file), recipients).at("writing", to)?;
        io::copy(&mut BufReader::with_capacity(BUFFER, source), &mut sealer).at("sealing", from)?;
        sealer.finish().and_then(|mut out| out.flush()).at("writing", to)
    })
}

/// Opens a sealed file into the new file `to`, private to its owner and flushed to the disk. Returns its size.
///
/// # Errors
/// As [`open`]; `Io` also if something is at `to` already. A failed attempt leaves nothing there.
pub fn unseal_file(from: &Path, to: &Path, keys: &Identities) -> Result<u64> {
    let mut opened = open(File::open(from).at("opening", from)?, keys, from)?;
    whole_or_nothing(to, |file| opened.copy(&mut &*file, to).map(drop))
}

fn whole_or_nothing(to: &Path, fill: impl FnOnce(&File) -> Result<()>) -> Result<u64> {
    // Of one that was killed what lies there is the open bytes: it goes with the next.
    let temp = disk::unfinished(to, "sealing")?;
    let file = disk::create_new(&temp)?;
    let done = fill(&file).and_then(|()| {
        disk::sync_file(&temp)?;
        disk::move_to(&temp, to)
    });
    done.inspect_err(|_| drop(disk::remove_file(&temp)))?;
    Ok(file.metadata().at("reading", to)?.len())
}

/// The name of a file once it is sealed.
pub fn sealed_name(plain: &Path) -> PathBuf {
    let mut name = plain.as_os_str().to_owned();
    name.push(".age");
    PathBuf::from(name)
}

/// The name of a sealed file once it is opened; `None` if its own doesn't end in `.age`.
pub fn plain_name(sealed: &Path) -> Option<PathBuf> {
    (sealed.extension()? == ENDING).then(|| sealed.with_extension(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::keys::generate;
    use age::secrecy::ExposeSecret;

    fn pair() -> (Recipients, Identities) {
        let (text, recipient) = generate("now");
        let mut keys = Identities::default();
        keys.add(text.expose_secret(), None, Path::new("key")).unwrap();
        (Recipients::read(&recipient, "test").unwrap(), keys)
    }

    #[test]
    fn no_cut_and_no_changed_byte_opens() {
        let (recipients, keys) = pair();
        let content: Vec<u8> = (0..150_000u32).map(|n| (n % 251) as u8).collect();
        let mut sealer = Sealer::new(Vec::new(), &recipients).unwrap();
        sealer.write_all(&content).unwrap();
        let sealed = sealer.finish().unwrap();
        let unseal = |bytes: &[u8]| {
            let mut out = Vec::new();
            let name = Path::new("x.age");
            open(bytes, &keys, name).and_then(|mut o| o.copy(&mut out, name)).map(|_| out)
        };
        assert_eq!(unseal(&sealed).unwrap(), content);
        for cut in (0..sealed.len()).step_by(997).chain([sealed.len() - 1, 65_536]) {
            assert!(unseal(&sealed[..cut]).is_err(), "cut at {cut}");
        }
        for at in (0..sealed.len()).step_by(1013) {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(unseal(&changed).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn nothing_of_a_secret_is_repeated() {
        let Err(error) = Recipients::read("AGE-SECRET-KEY-1QQQQSECRET", "wakeep.toml") else { panic!() };
        assert!(!format!("{error:?}").contains("QQQQ"), "{error:?}");
        let (_, keys) = pair();
        assert_eq!(format!("{keys:?} {:?}", Passphrase::new("hunter2")), "1 identities a passphrase");
    }

    use crate::archive::keys::Passphrase;
}
