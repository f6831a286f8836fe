//! Whether an archive holds what another one would be made of. Only what it says of its members is compared: whether
//! their bytes are whole is [`verify`](super::verify())'s to tell.

use super::cut::{self, Item, Part};
use super::open::Archive;
use super::parallel::ordered;
use super::reuse::{Base, Twin};
use super::write::{Content, gather, items};
use crate::error::Result;

/// Whether an archive of this content, written now, would be made of just the members that `archive` has, in their order.
/// Files that `content.immutable` speaks for are not read where their marks are the same.
///
/// # Errors
/// As [`write`](super::write()).
pub fn holds(archive: &Archive, content: &Content) -> Result<bool> {
    let items = items(content)?;
    let parts = cut::cut(&items);
    if parts.len() != archive.index.members.len() {
        return Ok(false);
    }
    let base = Base::new(archive);
    let numbered = parts.iter().zip(0u32..);
    let compare = |(): &mut (), (part, number)| is_same(&base, &items, part, number);
    // The first part that differs ends it.
    ordered(
        &archive.path,
        numbered,
        || (),
        compare,
        |same| same.find(|one| !matches!(one, Ok(true))).transpose().map(|other| other.is_none()),
    )
}

/// Whether the member of this number is this part.
fn is_same(base: &Base, items: &[Item], part: &Part, number: u32) -> Result<bool> {
    match base.twin(items, part) {
        Some(Twin { member, trusted }) if member == number => {
            let known = &base.archive.index.members[member as usize].content_digest;
            Ok(trusted || blake3::hash(&gather(items, part)?) == *known)
        }
        _ => Ok(false),
    }
}
