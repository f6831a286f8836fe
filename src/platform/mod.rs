//! What differs between Linux, a Mac and Windows, and nothing else: every call into the system that the standard library
//! doesn't make alike everywhere stands in this room, so that a port means writing these files once more. Only Linux is
//! written, for only there could it be built and run. A test (`only_the_platform_room_knows_the_system`) keeps system calls,
//! `/proc` and `std::os` out of all other rooms.
//!
//! What another system has to give, and what may stand in for it:
//!
//! | file | what it gives | where the system has nothing like it |
//! |---|---|---|
//! | `processes` | which processes run, whose, since when, what, where | no answer: sessions then count as "can't tell", and are left alone |
//! | `holders` | who has a file open, mapped or locked | an error: "can't tell", and the session is left alone |
//! | `ending` | a process that no other is taken for; asking it to end; reaping | waiting by its number |
//! | `signals` | hearing that this process is asked to end, or its child has ended | the end of standard input |
//! | `moves` | two folders exchanged, a move that replaces nothing: one step each | the error `INVAL`: `swap` then goes by a durable marker, `disk` looks first |
//! | `volumes` | free space, what is one mount, flushing all, whose locks hosts see | several renames instead of an exchange; flushing file by file |
//! | `files` | private and cautious opening, a file's identity, sharing of blocks, reading at a place | bytes are copied; an identity there must be (on Windows the volume and the file's index) |
//! | `modes` | owner-only files and folders, their owners | an access list for the owner alone; nothing is known by modes only |
//! | `paths` | a path as the bytes that archives hold: `/` between its parts | the parts joined anew |
//! | `stage` | a folder that is filled without a link ever being followed | looking at every part before it is used |
//! | `host` | this host's name and make, its clock since boot, chance, the terminal's width, this program's file | nothing: a clock that stands still while the machine sleeps would let two hosts run one bot |
//! | `users` | the users of the system, and becoming one of them | no root, no other user: nothing to become |
//!
//! Not in this room, since they are one system's by their meaning: what `setup` writes for a server (units, timers, cron:
//! the names of tasks are its `names::Names`), and the lock and door of Chromium (`session/chromium`), which its own source
//! makes anew for each system.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "wakeep was written and run on Linux only. What another system has to give stands in src/platform/mod.rs: \
     write these files for it, and nothing else."
);

pub mod ending;
pub mod files;
pub mod holders;
pub mod host;
pub mod modes;
pub mod moves;
pub mod paths;
pub mod processes;
pub mod signals;
pub mod stage;
pub mod users;
pub mod volumes;
