//! Writing an archive: the parts of the tar go to all cores, are compared with the last archive or packed, and
//! come back in order. The file is finished here but neither flushed nor published.

use super::cut::{self, Item, Part};
use super::fit::Fit;
use super::gzip::Packer;
use super::header;
use super::index::{IndexEntry, Member};
use super::open::Archive;
use super::output::Output;
use super::parallel::ordered;
use super::reuse::{Base, Twin};
use super::tail::MAX_LABEL;
use crate::disk::{self, FileMark};
use crate::error::{At, Result};
use crate::platform::files::FileExt;
use crate::tree;
use std::fs::File;
use std::io;
use std::path::Path;

/// What goes into an archive: a folder (or a single file) that holds still.
#[derive(Clone, Copy)]
pub struct Content<'a> {
    /// The folder; for a session that is one file, that file.
    pub root: &'a Path,
    /// What all names in the archive begin with: `.wwebjs_auth/session`. Its folders come first.
    pub prefix: &'a Path,
    /// What is below `root`, sorted by path; for a session that is one file, one entry with the empty path.
    pub entries: &'a [tree::Entry],
    /// Whether name, inode, size and mtime of an entry stand for its content.
    pub immutable: &'a dyn Fn(&Path) -> bool,
}

/// How the data are cut into gzip members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Into many, so that the next archive can reuse them.
    #[default]
    Members,
    /// Into one, for the few readers that stop after the first (Python's `r|gz`, fflate, perl). Nothing is
    /// reused, and one core does the work.
    Plain,
    /// Into many, of which only those are written that the base hasn't got: a difference, which is read with the base
    /// beside it.
    Difference,
}

/// From this many bytes of tar on members fill whole blocks where files can share them: with less, the room that leaves
/// between them costs more than is saved.
const SHARED_FROM: u64 = 8 << 20;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The archive's size.
    pub bytes: u64,
    /// How many gzip members hold the data.
    pub members: u32,
    /// How many of them were copied from the base.
    pub members_reused: u32,
}

/// Writes an archive to the new file `to`, private to its owner. What stands in `base` already is copied from it:
/// without being read again where `content.immutable` allows, else after its digest was compared. The base's bytes
/// are not looked at: [`verify`](super::verify()) the new archive (depth `Stored` at least) before it is published,
/// and if that fails write again without the base. A failed write leaves no file.
///
/// # Errors
/// `Io`: also (`InvalidInput`) for entries that are neither files nor folders, for names that can't stand in an
/// archive, for a label of more than [`MAX_LABEL`] bytes and for a difference to nothing or to a difference; and
/// (`InvalidData`) if a file changed after it was listed.
pub fn write(to: &Path, content: &Content, label: &[u8], base: Option<&Archive>, form: Form) -> Result<Written> {
    if label.len() > MAX_LABEL {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a label of more than 1 MiB")).at("labelling", to);
    }
    let items = items(content)?;
    let file = disk::create_new(to)?;
    let written = write_into(&file, to, items, label, base, form);
    if written.is_err() {
        disk::remove_file(to)?;
    }
    written
}

fn write_into(
    file: &File,
    to: &Path,
    items: Vec<Item>,
    label: &[u8],
    base: Option<&Archive>,
    form: Form,
) -> Result<Written> {
    // The new file's own stamp: the clock by which the files' stamps are to be judged, before any is read.
    let meta = file.metadata().at("reading", to)?;
    let mut out = Output::new(file, to, FileMark::from(&meta).mtime, base);
    let parts = cut::cut(&items);
    out.index.members.reserve_exact(parts.len());
    if form == Form::Difference {
        let whole = base.filter(|b| b.base().is_none());
        let base = whole.ok_or(io::Error::from(io::ErrorKind::InvalidInput)).at("finding the base of", to)?;
        out.leave_to(base);
    }
    let fit = fit(file, &items);
    let reused = match form {
        Form::Members | Form::Difference => write_members(&mut out, &items, &parts, fit)?,
        Form::Plain => write_plain(&mut out, &items, &parts)?,
    };
    out.index.entries = index_entries(items, parts, form);
    let members = u32::try_from(out.index.members.len()).expect("fewer than four billion members");
    Ok(Written { bytes: out.finish(label)?, members, members_reused: reused })
}

/// What is written, folder by folder and file by file.
pub(super) fn items(content: &Content) -> Result<Vec<Item>> {
    let mut above: Vec<&Path> = content.prefix.ancestors().collect();
    above.retain(|p| !p.as_os_str().is_empty());
    above.reverse();
    if matches!(content.entries, [only] if only.path.as_os_str().is_empty()) {
        above.pop();
    }
    let mut items = Vec::with_capacity(above.len() + content.entries.len());
    for folder in above {
        items.push(Item::folder(folder).at("archiving", folder)?);
    }
    for entry in content.entries {
        // Joining the empty path would add a slash.
        let under = |dir: &Path| if entry.path.as_os_str().is_empty() { dir.into() } else { dir.join(&entry.path) };
        let source = under(content.root);
        let immutable = (content.immutable)(&entry.path);
        items.push(Item::new(under(content.prefix), source.clone(), entry, immutable).at("archiving", &source)?);
    }
    Ok(items)
}

fn fit(file: &File, items: &[Item]) -> Fit {
    let tar: u64 = items.iter().map(Item::len).sum();
    if tar >= SHARED_FROM && disk::can_share_blocks(file) { Fit::Blocks } else { Fit::Tight }
}

/// What became of a part.
enum Made {
    Copied(u32),
    Packed(Vec<u8>, Member),
}

fn write_members(out: &mut Output, items: &[Item], parts: &[Part], fit: Fit) -> Result<u32> {
    let base = out.base.map(Base::new);
    let twin = |part| base.as_ref().and_then(|b| b.twin(items, part).filter(|t| fit.suits(b.stored(t.member))));
    let jobs = parts.iter().map(|part| (part, twin(part)));
    let work = |packer: &mut Packer, (part, twin)| make(packer, items, part, twin, base.as_ref());
    ordered(
        out.path,
        jobs,
        || Packer::new(fit),
        work,
        |made| {
            let mut reused = 0;
            for made in made {
                match made? {
                    Made::Packed(bytes, member) => out.push(&bytes, member)?,
                    Made::Copied(member) => {
                        out.copy(member)?;
                        reused += 1;
                    }
                }
            }
            Ok(reused)
        },
    )
}

fn make(packer: &mut Packer, items: &[Item], part: &Part, twin: Option<Twin>, base: Option<&Base>) -> Result<Made> {
    if let Some(Twin { member, trusted: true }) = twin {
        return Ok(Made::Copied(member));
    }
    let content = gather(items, part)?;
    let content_digest = *blake3::hash(&content).as_bytes();
    if let (Some(twin), Some(base)) = (twin, base)
        && base.archive.index.members[twin.member as usize].content_digest == content_digest
    {
        return Ok(Made::Copied(twin.member));
    }
    let bytes = packer.pack(&content);
    let member = Member {
        stored: bytes.len() as u64,
        content: content.len() as u64,
        stored_digest: *blake3::hash(&bytes).as_bytes(),
        content_digest,
    };
    Ok(Made::Packed(bytes, member))
}

/// The bytes of a part.
pub(super) fn gather(items: &[Item], part: &Part) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match part {
        Part::Small(range) => {
            for item in &items[range.clone()] {
                bytes.extend_from_slice(&item.header());
                if item.mark.size > 0 {
                    read_piece(item, 0, item.mark.size, &mut bytes)?;
                }
            }
        }
        Part::Head(i) => bytes = items[*i].header(),
        Part::Step(i, n) => {
            let start = n * cut::STEP;
            read_piece(&items[*i], start, cut::STEP.min(items[*i].mark.size - start), &mut bytes)?;
        }
        Part::End => bytes.extend_from_slice(&header::END),
    }
    Ok(bytes)
}

/// Appends a piece of an item's content, filled up to whole blocks, which only the last piece needs.
fn read_piece(item: &Item, start: u64, len: u64, bytes: &mut Vec<u8>) -> Result<()> {
    let file = File::open(&item.source).at("opening", &item.source)?;
    let meta = file.metadata().at("reading", &item.source)?;
    let begin = bytes.len();
    bytes.resize(begin + len as usize, 0);
    let read = file.read_exact_at(&mut bytes[begin..], start);
    // The mark is compared before the content is believed: reuse judges the content by it.
    if FileMark::from(&meta) != item.mark || matches!(&read, Err(e) if e.kind() == io::ErrorKind::UnexpectedEof) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "changed while it was archived"))
            .at("reading", &item.source);
    }
    read.at("reading", &item.source)?;
    bytes.resize(bytes.len() + header::padding(len), 0);
    Ok(())
}

fn write_plain(out: &mut Output, items: &[Item], parts: &[Part]) -> Result<u32> {
    let path = out.path;
    let mut plain = out.plain();
    ordered(
        path,
        parts,
        || (),
        |(), part| gather(items, part),
        |pieces| {
            for piece in pieces {
                plain.write(&piece?)?;
            }
            plain.finish()
        },
    )?;
    Ok(0)
}

fn index_entries(items: Vec<Item>, parts: Vec<Part>, form: Form) -> Vec<IndexEntry> {
    let mut entries = Vec::with_capacity(items.len());
    let mut items = items.into_iter();
    let mut at = 0;
    for (number, part) in (0u32..).zip(parts) {
        let many = match part {
            Part::Small(range) => range.len(),
            Part::Head(_) => 1,
            Part::Step(..) | Part::End => continue,
        };
        let mut offset = 0;
        for item in items.by_ref().take(many) {
            let len = item.len();
            let (member, offset_in) = match form {
                Form::Members | Form::Difference => (number, offset),
                Form::Plain => (0, at),
            };
            let Item { name, kind, mark, mode, .. } = item;
            entries.push(IndexEntry { name, kind, mark, mode, member, offset: offset_in });
            offset += len;
            at += len;
        }
    }
    entries
}
