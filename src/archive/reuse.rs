//! What of the last archive stands for the next one: which of its members holds the same part of the tar.

use super::cut::{self, Item, Part};
use super::header;
use super::open::Archive;
use crate::tree::EntryKind;
use std::collections::HashMap;
use std::path::Path;

/// A file written within this many seconds before its archive was begun may have been written again within the
/// same tick of its time stamp: its mark isn't trusted (racy mtime).
const RACY: i64 = 2;

/// A member of the base that holds the same part as one to be written, or an older state of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twin {
    /// Its number in the base.
    pub member: u32,
    /// Whether it is known to hold the same content without reading any. Otherwise the content's digest decides.
    pub trusted: bool,
}

/// The last archive, ready to be looked up.
pub struct Base<'a> {
    /// The archive.
    pub archive: &'a Archive,
    by_name: HashMap<&'a Path, usize>,
}

impl<'a> Base<'a> {
    /// Looks at an archive as a base.
    pub fn new(archive: &'a Archive) -> Base<'a> {
        let by_name = archive.entries().iter().enumerate().map(|(i, e)| (e.name.as_path(), i)).collect();
        Base { archive, by_name }
    }

    /// The base's member for a part, if it has one in the same place.
    pub fn twin(&self, items: &[Item], part: &Part) -> Option<Twin> {
        match part {
            Part::Small(range) => self.small(&items[range.clone()]),
            Part::Head(i) => {
                let (member, same) = self.large(&items[*i])?;
                self.checked(member, items[*i].header().len() as u64, same)
            }
            Part::Step(i, n) => {
                let (head, same) = self.large(&items[*i])?;
                let member = head.checked_add(1)?.checked_add(u32::try_from(*n).ok()?)?;
                self.checked(member, cut::step_len(items[*i].mark.size, *n), same)
            }
            Part::End => self.checked(self.archive.members().checked_sub(1)?, header::END.len() as u64, false),
        }
    }

    /// How many bytes a member has in the base's file.
    pub fn stored(&self, member: u32) -> u64 {
        self.archive.index.members[member as usize].stored
    }

    fn small(&self, items: &[Item]) -> Option<Twin> {
        let first = *self.by_name.get(items.first()?.name.as_path())?;
        let start = &self.archive.entries()[first];
        if start.offset != 0 {
            return None;
        }
        let mut len = 0;
        let mut same = true;
        for (k, item) in items.iter().enumerate() {
            let place = self.archive.entries().get(first + k).map(|e| (e.member, e.offset));
            same &= place == Some((start.member, len)) && self.is_same(first + k, item);
            len += item.len();
        }
        self.checked(start.member, len, same)
    }

    /// The member with a large item's header, and whether the item is unchanged.
    fn large(&self, item: &Item) -> Option<(u32, bool)> {
        let i = *self.by_name.get(item.name.as_path())?;
        let entry = &self.archive.entries()[i];
        (entry.offset == 0 && cut::is_large(entry.mark.size)).then(|| (entry.member, self.is_same(i, item)))
    }

    fn is_same(&self, entry: usize, item: &Item) -> bool {
        let entry = &self.archive.entries()[entry];
        if entry.name != item.name || entry.kind != item.kind {
            return false;
        }
        // A folder's header holds its name alone.
        entry.kind == EntryKind::Dir || (item.immutable && entry.mark == item.mark && self.is_settled(entry.mark.mtime))
    }

    fn is_settled(&self, mtime: (i64, u32)) -> bool {
        let begun = self.archive.index.begun;
        mtime < (begun.0.saturating_sub(RACY), begun.1)
    }

    fn checked(&self, member: u32, len: u64, trusted: bool) -> Option<Twin> {
        let same_len = self.archive.index.members.get(member as usize)?.content == len;
        same_len.then_some(Twin { member, trusted })
    }
}
