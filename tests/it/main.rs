//! The one integration-test binary.

mod archive;
mod archive_differs;
mod archive_hostile;
mod archive_reuse;
mod archive_zoo;
