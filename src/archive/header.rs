//! Tar headers as they are written: GNU format, and nothing in them but name, size and time of last write, so that
//! equal files give equal bytes on every machine.

use crate::tree::EntryKind;
use tar::{EntryType, Header};

/// Tar's unit: headers are one block, contents are filled up to whole ones.
pub const BLOCK: usize = 512;

/// Longer names stand in an entry of their own before the header ('L', as GNU tar writes them).
const SHORT_NAME: usize = 100;

/// All folders carry this time (1980-01-01, the zero of zip files): a snapshot's folders are as young as the
/// snapshot, and must not make it look changed.
const FOLDER_TIME: u64 = 315_532_800;

/// What ends a tar.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// How many bytes fill a content of this size up to whole blocks.
pub fn padding(size: u64) -> usize {
    (size.next_multiple_of(BLOCK as u64) - size) as usize
}

/// The header block or blocks of one entry. `name` without a slash at the end; `mtime` in seconds, where those
/// before 1970 count as 1970.
pub fn blocks(name: &[u8], kind: EntryKind, size: u64, mtime: i64) -> Vec<u8> {
    let mut name = name.to_vec();
    let mut header = Header::new_gnu();
    if kind == EntryKind::Dir {
        name.push(b'/');
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o700);
        header.set_mtime(FOLDER_TIME);
    } else {
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(mtime).unwrap_or(0));
    }
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    let mut out = long_name(&name);
    set_name(&mut header, &name);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out
}

fn set_name(header: &mut Header, name: &[u8]) {
    let field = &mut header.as_gnu_mut().expect("the header was made as a GNU one").name;
    let n = name.len().min(SHORT_NAME);
    field[..n].copy_from_slice(&name[..n]);
}

fn long_name(name: &[u8]) -> Vec<u8> {
    if name.len() <= SHORT_NAME {
        return Vec::new();
    }
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    // GNU tar counts the zero byte that ends the name.
    let size = name.len() as u64 + 1;
    header.set_size(size);
    set_name(&mut header, b"././@LongLink");
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend_from_slice(name);
    out.resize(out.len() + 1 + padding(size), 0);
    out
}
