//! Archives as bytes: written, read, verified, unpacked. An archive knows no sessions; its label is opaque here.
//! `docs/format.md` is the format itself, in words.

mod cut;
mod decode;
mod difference;
mod entry;
mod extract;
mod fit;
mod guard;
mod gzip;
mod header;
mod index;
pub mod keys;
mod names;
mod open;
mod output;
mod parallel;
mod pax;
pub mod pieces;
mod read;
mod reuse;
mod said;
mod same;
pub mod seal;
mod tail;
mod untar;
mod verify;
mod walk;
mod write;
mod zipped;

pub use difference::{base_of, put_together};
pub use extract::{Extracted, Listed, Wanted, cat, extract, extract_to_flush, list};
pub use guard::Limits;
pub use index::IndexEntry;
pub use open::{Archive, Origin};
pub use said::{Said, said};
pub use same::holds;
pub use tail::MAX_LABEL;
pub use verify::{Depth, Verified, flush_and_verify, verify, verify_told, write_verified};
pub use write::{Content, Form, Written, write};
