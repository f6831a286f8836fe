//! The one integration-test binary. Real programs do the judging: Chromium, whatsapp-web.js, tar.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails here")]
#![allow(clippy::disallowed_methods, reason = "the doors are the product's; a test is a stranger outside")]
#![allow(clippy::print_stdout, reason = "a test says what it saw")]

mod archive;
mod archive_differences;
mod archive_differs;
mod archive_hostile;
mod archive_reuse;
mod archive_shared;
mod archive_zoo;
mod arrivals;
mod astray;
mod booted;
mod bots;
mod clocks;
mod crash;
mod dashboard;
mod departures;
mod differences;
mod documents;
mod elsewhere;
mod env;
mod faults;
mod fuzzed;
mod journeys;
mod killed_servers;
mod kinds;
mod kinds_corpus;
mod lease;
mod lease_memory;
mod lease_nets;
mod lease_race;
mod lease_starts;
mod left_behind;
mod lives;
mod mail;
mod members;
mod metrics;
mod moments;
mod mounts;
mod moves;
mod notices;
mod npm;
mod objects;
mod pm2;
mod remotes;
mod scale;
mod seal;
mod setups;
mod snapshots;
mod states;
mod sync;
mod sync_faults;
mod terminal;
mod threats;
mod trouble;
mod uploads;
mod vps;
