//! A tar stream read entry by entry: USTAR, GNU long names and PAX, as the usual programs write them. Where two
//! programs could read the same bytes differently, the archive is refused: that gap is where things are smuggled. The one
//! exception are names with `\` between their parts, as programs of Windows write them: they are read as they were meant.

use super::entry::{Body, Head, Visit};
use super::guard::hostile;
use super::names;
use super::open::Origin;
use super::pax::Pax;
use super::read::Source;
use crate::error::{Error, Result};
use crate::platform::paths;
use crate::tree::EntryKind;
use std::path::Path;
use tar::Header;

const BLOCK: usize = 512;

/// The most that may stand in the extension of one header.
const LARGEST_EXTENSION: u64 = 1 << 20;

/// The most zeros after the end; GNU tar fills up to 10 KiB, or to what `-b` says.
const LONGEST_FILLING: u64 = 16 << 20;

/// Sizes from here on don't fit into a header's eleven octal digits.
const BEYOND_OCTAL: u64 = 1 << 33;

/// Calls `visit` for every entry of a whole tar of this origin: to its two zero blocks, behind which nothing stands but
/// zeros.
pub fn walk(path: &Path, origin: Origin, source: &mut dyn Source, visit: &mut Visit) -> Result<()> {
    let mut tar = Tar { path, origin, source, at: 0 };
    while let Some(head) = tar.head()? {
        tar.entry(&head, visit)?;
    }
    Ok(())
}

/// Calls `visit` for the one entry of a tar of ours whose header begins at `offset`.
pub fn one(path: &Path, source: &mut dyn Source, offset: u64, visit: &mut Visit) -> Result<()> {
    let mut tar = Tar { path, origin: Origin::Ours, source, at: 0 };
    tar.skip(offset)?;
    match tar.head()? {
        Some(head) => tar.entry(&head, visit),
        None => Err(Error::damaged(path, "there is no entry where the index says")),
    }
}

struct Tar<'a> {
    path: &'a Path,
    origin: Origin,
    source: &'a mut dyn Source,
    at: u64,
}

/// What the blocks before a header say about it.
#[derive(Default)]
struct Extension {
    long_name: Option<Vec<u8>>,
    long_link: bool,
    pax: Option<Pax>,
}

impl Tar<'_> {
    fn entry(&mut self, head: &Head, visit: &mut Visit) -> Result<()> {
        let mut body = Body::new(self.path, self.source, head.size);
        visit(head, &mut body)?;
        body.skip()?;
        self.at += head.size;
        self.skip(head.size.next_multiple_of(BLOCK as u64) - head.size)
    }

    /// The next header with its extensions; `None` at the end of the tar.
    fn head(&mut self) -> Result<Option<Head>> {
        let at = self.at;
        let mut extension = Extension::default();
        loop {
            let block = self.block()?;
            if block == [0; BLOCK] {
                if self.at != at + BLOCK as u64 {
                    return Err(Error::damaged(self.path, "the tar ends inside an entry"));
                }
                return self.end().map(|()| None);
            }
            let header = Header::from_byte_slice(&block);
            self.check_sum(header)?;
            match header.as_old().linkflag[0] {
                b'L' | b'K' | b'x' | b'g' => self.extend(header, &mut extension)?,
                _ => return self.finish(header, extension, at).map(Some),
            }
        }
    }

    fn check_sum(&self, header: &Header) -> Result<()> {
        let bytes = header.as_bytes();
        let sum: u32 = bytes.iter().map(|b| u32::from(*b)).sum();
        let field: u32 = bytes[148..156].iter().map(|b| u32::from(*b)).sum();
        match header.cksum() {
            // The field itself counts as eight spaces.
            Ok(said) if said == sum - field + 8 * u32::from(b' ') => Ok(()),
            _ => Err(Error::damaged(self.path, format!("no tar header at byte {} of the tar", self.at - 512))),
        }
    }

    fn extend(&mut self, header: &Header, extension: &mut Extension) -> Result<()> {
        let flag = header.as_old().linkflag[0];
        let size = self.size(header)?;
        if size > LARGEST_EXTENSION {
            return Err(self.hostile("a header extension of more than 1 MiB", b""));
        }
        let text = self.take(size)?;
        let twice = match flag {
            b'L' => extension.long_name.replace(until_zero(&text).to_vec()).is_some(),
            b'K' => std::mem::replace(&mut extension.long_link, true),
            b'x' => extension.pax.replace(self.pax(&text)?).is_some(),
            _ => {
                let pax = self.pax(&text)?;
                if pax.path.is_some() || pax.size.is_some() {
                    return Err(self.hostile("one name or size for all entries", b""));
                }
                false
            }
        };
        if twice { Err(self.hostile("two extensions of one header", b"")) } else { Ok(()) }
    }

    fn pax(&self, text: &[u8]) -> Result<Pax> {
        Pax::parse(text).map_err(|what| self.hostile(what, b""))
    }

    fn finish(&self, header: &Header, extension: Extension, at: u64) -> Result<Head> {
        let pax = extension.pax.unwrap_or_default();
        let raw = match (&extension.long_name, &pax.path) {
            (Some(a), Some(b)) if a != b => return Err(self.hostile("two names of one entry", a)),
            (Some(name), _) | (None, Some(name)) => name.clone(),
            (None, None) => header.path_bytes().into_owned(),
        };
        // Ours are of one maker, to whom a backslash is a letter.
        let raw = if self.origin == Origin::Ours { raw } else { names::slashed(raw) };
        let kind = self.kind(header, &raw)?;
        let size = self.true_size(header, pax.size, &raw)?;
        if size > 0 && kind != EntryKind::File {
            return Err(self.hostile("an entry that is no file and has content", &raw));
        }
        let name = names::clean(&raw).map_err(|what| self.hostile(what, &raw))?;
        if paths::to_bytes(&name).is_empty() && kind != EntryKind::Dir {
            return Err(self.hostile("an entry without a name", &raw));
        }
        self.check_numbers(header)?;
        let whole = || header.mtime().ok().and_then(|s| i64::try_from(s).ok()).map(|s| (s, 0));
        Ok(Head { name, kind, size, mtime: pax.mtime.or_else(whole).unwrap_or((0, 0)), at })
    }

    fn kind(&self, header: &Header, raw: &[u8]) -> Result<EntryKind> {
        match header.as_old().linkflag[0] {
            // Before USTAR, a slash at the end made a folder.
            0 | b'0' if raw.ends_with(b"/") => Ok(EntryKind::Dir),
            b'7' if raw.ends_with(b"/") => Err(self.hostile("a file whose name ends in a slash", raw)),
            0 | b'0' | b'7' => Ok(EntryKind::File),
            b'1' | b'2' => Ok(EntryKind::Link),
            b'3' | b'4' | b'6' => Ok(EntryKind::Other),
            b'5' => Ok(EntryKind::Dir),
            b'S' => Err(self.hostile("a sparse file", raw)),
            _ => Err(self.hostile("an entry of unknown type", raw)),
        }
    }

    /// Numbers that are of no use here must still be numbers, or empty: other programs stop at them.
    fn check_numbers(&self, header: &Header) -> Result<()> {
        let old = header.as_old();
        let fields = [
            (&old.mode[..], header.mode().is_ok()),
            (&old.uid[..], header.uid().is_ok()),
            (&old.gid[..], header.gid().is_ok()),
            (&old.mtime[..], header.mtime().is_ok()),
        ];
        if fields.iter().all(|(field, ok)| *ok || field.iter().all(|b| matches!(b, 0 | b' '))) {
            return Ok(());
        }
        Err(Error::damaged(
            self.path,
            format!("no number where one stands in the tar header at byte {}", self.at - 512),
        ))
    }

    /// PAX gives a size that the header can't hold, or repeats the header's. Any other would let one program see
    /// an entry where another sees content.
    fn true_size(&self, header: &Header, pax: Option<u64>, raw: &[u8]) -> Result<u64> {
        let said = self.size(header)?;
        match pax {
            Some(size) if size != said && size < BEYOND_OCTAL => Err(self.hostile("two sizes of one entry", raw)),
            Some(size) if size > i64::MAX as u64 => Err(self.hostile("an impossible size", raw)),
            Some(size) => Ok(size),
            None => Ok(said),
        }
    }

    fn size(&self, header: &Header) -> Result<u64> {
        match header.entry_size() {
            Ok(size) if size <= i64::MAX as u64 => Ok(size),
            _ => Err(Error::damaged(self.path, format!("no size in the tar header at byte {}", self.at - 512))),
        }
    }

    fn end(&mut self) -> Result<()> {
        let mut filling = 0;
        loop {
            let chunk = self.source.chunk()?;
            let n = chunk.len();
            if n == 0 {
                return Ok(());
            }
            filling += n as u64;
            if chunk.iter().any(|b| *b != 0) {
                return Err(Error::damaged(self.path, "something follows the end of the tar"));
            }
            if filling > LONGEST_FILLING {
                return Err(self.hostile("endless zeros after the end of the tar", b""));
            }
            self.source.consume(n);
        }
    }

    fn block(&mut self) -> Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let chunk = self.source.chunk()?;
            if chunk.is_empty() {
                return Err(Error::damaged(self.path, "the tar has no end: it is cut off"));
            }
            let n = chunk.len().min(BLOCK - filled);
            block[filled..filled + n].copy_from_slice(&chunk[..n]);
            self.source.consume(n);
            filled += n;
        }
        self.at += BLOCK as u64;
        Ok(block)
    }

    fn take(&mut self, len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut body = Body::new(self.path, self.source, len);
        while let Some(chunk) = body.next()? {
            bytes.extend_from_slice(chunk);
        }
        self.at += len;
        self.skip(len.next_multiple_of(BLOCK as u64) - len)?;
        Ok(bytes)
    }

    fn skip(&mut self, len: u64) -> Result<()> {
        Body::new(self.path, self.source, len).skip()?;
        self.at += len;
        Ok(())
    }

    fn hostile(&self, what: &str, raw: &[u8]) -> Error {
        hostile(self.path, what, raw)
    }
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}
