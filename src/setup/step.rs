//! One thing that setting up does: what is to stand where, and what that comes to as things stand. Does nothing itself.

use super::undo::Undone;
use crate::owner::Owner;
use std::path::PathBuf;

/// What is to stand at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// This text. One that was there before is kept in the record and put back by the undo.
    File(String),
    /// This text, unless a file is there: what the owner decides in it stays.
    FileOnce(String),
    /// A copy of this program.
    Program(PathBuf),
    /// These lines, among others.
    Lines(Vec<String>),
    /// A folder.
    Folder,
    /// A log that root and the bot's user append to.
    Log,
    /// Nothing: a file that is there is moved to `NAME.set-aside`.
    Aside,
    /// This text for a key, in a TOML file that stands; everything else in it stays as it is.
    Key(&'static str, String),
    /// What was there before an earlier plan had its file there: nothing, as a rule.
    Back,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where, on the machine that is set up.
    pub path: PathBuf,
    /// What.
    pub what: What,
    /// Permission bits.
    pub mode: u32,
    /// Who gets it, where that isn't whoever sets up.
    pub owner: Option<Owner>,
}

/// What a step comes to as things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It stands already.
    Stands,
    /// It is written; nothing is there.
    Write,
    /// It is written in place of what was there; the undo puts that back.
    Replace,
    /// These lines are appended.
    Append(Vec<String>),
    /// What is there is its owner's (edited since, or tracked by git): ours is written beside it.
    Beside(PathBuf),
    /// What is there stays.
    Keep,
    /// It is moved to this name.
    Aside(PathBuf),
    /// It had to go, and stays: git would see it.
    Tracked,
    /// The line of this key becomes this one.
    Set(String),
    /// What an earlier plan wrote is taken back.
    Back(Undone),
}

impl Step {
    /// A text file.
    pub fn file(path: impl Into<PathBuf>, text: impl Into<String>, mode: u32) -> Step {
        Step { path: path.into(), what: What::File(text.into()), mode, owner: None }
    }

    /// The same for the given owner.
    #[must_use]
    pub fn given_to(mut self, owner: Option<Owner>) -> Step {
        self.owner = owner;
        self
    }
}
