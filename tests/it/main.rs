//! The one integration-test binary.

mod archive;
mod archive_reuse;
mod archive_zoo;
