//! The archive file under construction: members appended or copied from the last archive, and the index of them.

use super::difference::Plan;
use super::index::{Index, Member};
use super::open::{Archive, Place};
use super::tail;
use crate::disk;
use crate::error::{At, Result};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The system is told to begin writing after this many bytes, so that disk and processors work at the same time.
const LAP: u64 = 8 << 20;

/// The file under construction.
pub struct Output<'a> {
    /// Its name.
    pub path: &'a Path,
    /// The last archive, from which members are copied.
    pub base: Option<&'a Archive>,
    /// What has been written; its entries are the caller's.
    pub index: Index,
    file: BufWriter<&'a File>,
    at: u64,
    /// Up to where the system has been told to begin writing.
    begun: u64,
    /// Neighbours in the base that are to be copied next.
    run: Option<Place<'a>>,
    /// Of a difference: what it leaves to its base.
    plan: Option<Plan>,
}

impl<'a> Output<'a> {
    /// An empty file whose making began at `begun`.
    pub fn new(file: &'a File, path: &'a Path, begun: (i64, u32), base: Option<&'a Archive>) -> Output<'a> {
        let index = Index { begun, ..Index::default() };
        let file = BufWriter::with_capacity(256 << 10, file);
        Output { path, base, index, file, at: 0, begun: 0, run: None, plan: None }
    }

    /// From now on what the base has is not copied, but named.
    pub fn leave_to(&mut self, base: &Archive) {
        self.plan = Some(Plan::over(base));
    }

    /// Appends a member.
    pub fn push(&mut self, bytes: &[u8], member: Member) -> Result<()> {
        self.copy_run()?;
        self.file.write_all(bytes).at("writing", self.path)?;
        self.add(member);
        if let Some(plan) = &mut self.plan {
            plan.sources.push(None);
        }
        self.begin_writing(self.at);
        Ok(())
    }

    /// What is still in the buffer is written with the next lap.
    fn begin_writing(&mut self, to: u64) {
        if to - self.begun >= LAP {
            disk::begin_writing(self.file.get_ref(), self.begun, to - self.begun);
            self.begun = to;
        }
    }

    fn add(&mut self, member: Member) {
        self.at += member.stored;
        self.index.members.push(member);
    }

    /// Appends a member of the base. Neighbours are copied in one go.
    pub fn copy(&mut self, member: u32) -> Result<()> {
        let base = self.base.expect("what is copied comes from a base");
        let known = base.index.members[member as usize].clone();
        if let Some(plan) = &mut self.plan {
            plan.sources.push(Some(member));
            self.index.members.push(known);
            return Ok(());
        }
        let place = base.place(member as usize);
        match &mut self.run {
            Some(run) if std::ptr::eq(run.file, place.file) && run.at + run.len == place.at => run.len += place.len,
            _ => {
                self.copy_run()?;
                self.run = Some(place);
            }
        }
        self.add(known);
        Ok(())
    }

    fn copy_run(&mut self) -> Result<()> {
        let Some(Place { file: mut from, path, at, len: mut left }) = self.run.take() else { return Ok(()) };
        self.file.flush().at("writing", self.path)?;
        from.seek(SeekFrom::Start(at)).at("reading", path)?;
        while left > 0 {
            // From file to file, std copies in the kernel (copy_file_range): whole blocks are shared where files can share.
            let copied = io::copy(&mut from.take(left.min(LAP)), self.file.get_mut()).at("copying", path)?;
            if copied == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof)).at("copying", path);
            }
            left -= copied;
            self.begin_writing(self.at - left);
        }
        Ok(())
    }

    /// A writer that makes one member of all it gets.
    pub fn plain(&mut self) -> Plain<'_, 'a> {
        let stored = Tally { to: self, hasher: blake3::Hasher::new(), bytes: 0 };
        // The header is that of all other members.
        let gz = GzBuilder::new().operating_system(255).write(stored, Compression::new(6));
        Plain(Tally { to: gz, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    /// Appends index, label and footer. Returns the file's length.
    pub fn finish(mut self, label: &[u8]) -> Result<u64> {
        self.copy_run()?;
        let tail = tail::write(&mut self.file, self.at, self.index, label, self.plan).at("writing", self.path)?;
        self.file.flush().at("writing", self.path)?;
        Ok(self.at + tail)
    }
}

/// One member in the making.
pub struct Plain<'o, 'a>(Tally<GzEncoder<Tally<&'o mut Output<'a>>>>);

impl Plain<'_, '_> {
    /// Appends to its content.
    pub fn write(&mut self, content: &[u8]) -> Result<()> {
        let written = self.0.write_all(content);
        written.at("writing", self.0.to.get_ref().to.path)
    }

    /// Ends it.
    pub fn finish(self) -> Result<()> {
        let Tally { to: gz, hasher: content_hasher, bytes: content } = self.0;
        let path = gz.get_ref().to.path;
        let Tally { to: output, hasher, bytes: stored } = gz.finish().at("writing", path)?;
        let (stored_digest, content_digest) = (hasher.finalize().into(), content_hasher.finalize().into());
        output.add(Member { stored, content, stored_digest, content_digest });
        Ok(())
    }
}

/// The bytes of a file under construction.
impl Write for &mut Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A writer that hashes and counts what passes.
struct Tally<W> {
    to: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
