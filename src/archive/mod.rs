#![allow(missing_docs)]
use crate::error::Result; use crate::tree::{Entry, EntryKind}; use std::path::{Path, PathBuf};
pub struct Content<'a> { pub root: &'a Path, pub prefix: &'a Path, pub entries: &'a [Entry], pub immutable: &'a dyn Fn(&Path) -> bool }
#[derive(Clone, Copy)]
pub enum Form { Members, Plain }
pub enum Depth { Index, Stored, Content }
pub struct Written { pub bytes: u64, pub members: u32, pub members_reused: u32 }
pub fn write(_: &Path, _: &Content, _: &[u8], _: Option<&Archive>, _: Form) -> Result<Written> { todo!() }
pub struct Archive; impl Archive { pub fn open(_: &Path) -> Result<Archive> { todo!() } pub fn label(&self) -> &[u8] { todo!() } }
pub struct Verified; impl Verified { pub fn path(&self) -> &Path { todo!() } pub fn label(&self) -> Option<&[u8]> { todo!() } }
pub fn verify(_: &Path, _: Depth) -> Result<Verified> { todo!() }
pub struct Listed { pub path: PathBuf, pub kind: EntryKind, pub size: u64 }
pub fn list(_: &Path) -> Result<Vec<Listed>> { todo!() }
pub struct Limits; impl Limits { pub fn of_disk(_: u64) -> Limits { Limits } }
pub fn extract(_: &Path, _: &Path, _: &dyn Fn(&Path) -> Option<PathBuf>, _: &Limits) -> Result<()> { todo!() }
