//! The kind `chromium`.

use super::{Examination, Kind, Use, Vector};
use crate::error::{Error, Result};
use std::path::Path;

/// The kind `chromium`.
pub struct Chromium;

impl Kind for Chromium {
    fn name(&self) -> &'static str {
        "chromium"
    }
    fn claims(&self, _path: &Path) -> bool {
        false
    }
    fn matters(&self, _entry: &Path) -> bool {
        false
    }
    fn copy(&self, live: &Path, _into: &Path) -> Result<()> {
        Err(Error::NotASession { path: live.to_owned() })
    }
    fn examine(&self, copy: &Path) -> Result<Examination> {
        Err(Error::NotASession { path: copy.to_owned() })
    }
    fn progress(&self, _live: &Path) -> Vector {
        Vector::new()
    }
    fn holder(&self, _live: &Path) -> Use {
        Use::Free
    }
}
