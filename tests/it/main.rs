//! The one integration-test binary. Real programs do the judging: Chromium, whatsapp-web.js, tar.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails here")]

mod archive;
mod crash;
mod documents;
mod env;
mod journeys;
mod lives;
mod moments;
mod kinds_corpus;
mod snapshots;
mod states;
mod archive_differs;
mod archive_hostile;
mod archive_reuse;
mod archive_zoo;
