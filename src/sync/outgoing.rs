//! One push: what goes out, and what came of it. How it travels is said in `whole`, `packs` and `members`.

use super::fence::{Ancestor, Mark};
use crate::archive::keys::{Identities, Recipients};
use crate::remote::{Remote, Spent};
use std::path::{Path, PathBuf};

/// An archive on its way out.
pub(super) struct Outgoing<'a> {
    pub(super) archive: &'a Path,
    pub(super) name: String,
    pub(super) session: String,
    pub(super) mark: Mark,
    pub(super) ancestor: Ancestor,
    pub(super) recipients: Option<&'a Recipients>,
    pub(super) identities: &'a Identities,
    /// A folder of ours for what is unfinished.
    pub(super) scratch: &'a Path,
    pub(super) memory: PathBuf,
    pub(super) force: bool,
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pushed {
    /// False where the remote held this archive already.
    pub changed: bool,
    /// True where the remote had lost a part of what it held, and all was sent anew.
    pub renewed: bool,
    /// What it cost.
    pub spent: Spent,
}

impl Pushed {
    pub(super) fn unchanged(remote: &dyn Remote) -> Pushed {
        Pushed { changed: false, renewed: false, spent: remote.spent() }
    }

    pub(super) fn all(remote: &dyn Remote) -> Pushed {
        Pushed { changed: true, renewed: false, spent: remote.spent() }
    }
}
