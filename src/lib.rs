//! wakeep keeps WhatsApp bots linked: one current archive of a bot's login, made while the bot runs and never
//! torn, and put back by itself when it is needed. `ARCHITECTURE.md` is the map.

pub mod ailment;
pub mod archive;
pub mod check;
pub mod cleanup;
pub mod cli;
pub mod config;
pub mod disk;
pub mod drill;
pub mod error;
pub mod keep;
pub mod keeper;
pub mod notice;
pub mod owner;
pub mod platform;
pub mod progress;
pub mod remote;
pub mod restore;
pub mod session;
pub mod setup;
pub mod swap;
pub mod sync;
pub mod text;
pub mod tree;
pub mod unpack;
pub mod vault;
pub mod verdict;
