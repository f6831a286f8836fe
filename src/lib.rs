//! wakeep keeps WhatsApp bots linked: one current archive of a bot's login, made while the bot runs and never
//! torn, and put back by itself when it is needed. `ARCHITECTURE.md` is the map.

pub mod archive;
pub mod disk;
pub mod error;
pub mod progress;
pub mod session;
pub mod tree;
pub mod verdict;
