//! The step of a restore in which the staged session takes the place of the old one: in one exchange where the file
//! system can, child by child under a durable marker where the session's folder can't be renamed (a mount point).
//!
//! While it lasts both folders are held, so that a bot that starts meanwhile refuses to.

use crate::disk;
use crate::error::{At, Error, Result};
use crate::platform::moves;
use crate::session::database;
use crate::session::{Hold, Session};
use crate::vault::workplace::Workplace;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The copy of a file's old content, in the folder aside.
const OLD: &str = "old";

/// How the old session was put out of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// Nothing stood there.
    Moved,
    /// Both folders changed places; the old one lies on the stage.
    Exchanged,
    /// The children of both changed places; the old ones lie aside.
    Children,
    /// SQLite wrote the content into the file that stands there; a copy of the old content lies aside.
    Written,
    /// A file was placed as a new one; what was there lies aside.
    Placed,
}

/// How far a swap in several moves has come. The marker is durable before the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    /// Old children move aside.
    Out,
    /// New children move in; no old one is left in place.
    In,
    /// A database and its neighbours move aside, and the new one moves in.
    File,
}

/// One swap.
pub struct Swap<'a> {
    session: &'a Session,
    /// Where it lies.
    live: PathBuf,
    work: &'a Workplace,
    how: How,
    held: Option<Box<dyn Hold>>,
}

impl<'a> Swap<'a> {
    /// Holds the session and what is staged until the swap has ended; changes nothing else.
    ///
    /// # Errors
    /// A bot works on the session.
    pub fn begin(session: &'a Session, work: &'a Workplace) -> Result<Swap<'a>> {
        let held = session.kind.hold(&[&session.path, &work.stage()], work.dir())?;
        Ok(Swap { session, live: place(session), work, how: How::Moved, held })
    }

    /// Puts the staged session in place.
    ///
    /// # Errors
    /// The disk refuses a move, or a bot was faster than the hold. What had been moved is back then, as far as the disk
    /// allows that; the marker stands for the rest.
    pub fn make(&mut self) -> Result<()> {
        self.put_in_place().inspect_err(|_| drop(finish(self.session, self.work)))
    }

    fn put_in_place(&mut self) -> Result<()> {
        let (live, stage) = (&self.live, self.work.stage());
        if stage.is_file() {
            return self.put_back_file();
        }
        if !disk::exists(live) {
            make_way(disk::parent(live))?;
            return disk::move_to(&stage, live);
        }
        self.how = How::Exchanged;
        match disk::exchange(&stage, live) {
            Err(Error::Io { source, .. }) if moves::cannot_exchange(&source) => {
                self.how = How::Children;
                self.swap_children()
            }
            other => other.and_then(|()| self.look_back()),
        }
    }

    /// Whether a program that no hold stops opened the old folder in the last moment. It gets it back.
    fn look_back(&self) -> Result<()> {
        if self.held.is_none() {
            return Ok(());
        }
        let stage = self.work.stage();
        let Err(refused) = self.session.kind.holder(&stage).or_refuse(&self.session.path) else { return Ok(()) };
        disk::exchange(&stage, &self.live)?;
        Err(refused)
    }

    /// A session that is one file is SQLite's: a leftover `-wal` beside a replaced file would undo the restore.
    fn put_back_file(&mut self) -> Result<()> {
        let (live, aside) = (&self.live, self.work.aside());
        disk::make_dir(&aside)?;
        make_way(disk::parent(live))?;
        if disk::exists(live) {
            // One that can't even be copied is not wanted back.
            let _ = self.session.kind.copy(live, &aside.join(OLD));
        }
        if database::write_into(&self.work.stage(), live)? {
            self.how = How::Written;
            return Ok(());
        }
        self.how = How::Placed;
        mark(self.work, Phase::File)?;
        database::place(&self.work.stage(), live, &aside)
    }

    /// Puts the old session back.
    pub fn undo(self) -> Result<()> {
        let (live, stage, aside) = (&self.live, self.work.stage(), self.work.aside());
        match &self.how {
            How::Moved => disk::move_to(live, &stage)?,
            How::Exchanged => disk::exchange(&stage, live)?,
            How::Children => undo_children(self.session, self.work)?,
            How::Written if database::write_into(&aside.join(OLD), live)? => {}
            // SQLite can't write into it any more.
            How::Written => {
                mark(self.work, Phase::File)?;
                database::place(&aside.join(OLD), live, &aside)?;
            }
            How::Placed => database::take_out(live, &aside)?,
        }
        disk::remove_file(&self.work.marker())?;
        self.let_go()
    }

    /// Makes the new session final and removes what the swap left.
    pub fn settle(self) -> Result<()> {
        disk::remove_file(&self.work.marker())?;
        self.let_go()
    }

    /// The hold goes last: until then no bot starts on a folder that is being worked on.
    fn let_go(self) -> Result<()> {
        disk::remove_tree(&self.work.stage())?;
        disk::remove_tree(&self.work.aside())?;
        drop(self.held);
        Ok(())
    }

    fn swap_children(&self) -> Result<()> {
        let (live, stage, aside) = (&self.live, self.work.stage(), self.work.aside());
        disk::remove_tree(&aside)?;
        disk::make_dir(&aside)?;
        mark(self.work, Phase::Out)?;
        move_children(self.session, live, &aside, self.work)?;
        mark(self.work, Phase::In)?;
        move_children(self.session, &stage, live, self.work)
    }

    /// Brings a swap that a kill cut off to an end, and removes what other work has left. Returns whether it was undone,
    /// where there was one. Callers hold the work lock.
    ///
    /// # Errors
    /// A bot already works on what the kill left.
    pub fn finish_earlier(session: &Session, work: &Workplace) -> Result<Option<bool>> {
        let undone = finish(session, work)?;
        work.left_over().iter().try_for_each(|path| disk::remove_tree(path))?;
        Ok(undone)
    }
}

/// What the marker asks for, where one stands.
fn finish(session: &Session, work: &Workplace) -> Result<Option<bool>> {
    let marker = work.marker();
    if !disk::exists(&marker) {
        return Ok(None);
    }
    let phase = serde_json::from_slice(&fs::read(&marker).at("reading", &marker)?).ok();
    let live = place(session);
    let forward = phase == Some(Phase::File) && database::is_placed(&live, &work.aside());
    if !forward {
        session.require_idle()?;
        match phase {
            Some(Phase::File) => database::finish(&live, &work.aside())?,
            _ => undo_children(session, work)?,
        }
    }
    disk::remove_file(&marker)?;
    Ok(Some(!forward))
}

fn mark(work: &Workplace, phase: Phase) -> Result<()> {
    let text = serde_json::to_vec(&phase).expect("a phase is a string");
    disk::write_whole(&work.marker(), &text)
}

fn undo_children(session: &Session, work: &Workplace) -> Result<()> {
    let (live, marker) = (&place(session), work.marker());
    let phase = serde_json::from_slice(&fs::read(&marker).at("reading", &marker)?);
    if phase.is_ok_and(|p: Phase| p == Phase::In) {
        // What is there is not wanted any more, and must not be in the way: a drill, too, unpacks there.
        disk::remove_tree(&work.stage())?;
        disk::make_dir(&work.stage())?;
        move_children(session, live, &work.stage(), work)?;
        // A second undo must not take the old children that already came back for new ones.
        mark(work, Phase::Out)?;
    }
    let aside = work.aside();
    if disk::exists(&aside) {
        for old in fs::read_dir(&aside).at("listing", &aside)? {
            // What a bot made for itself between the kill and now is kept beside the old.
            let twin = live.join(old.at("listing", &aside)?.file_name());
            if disk::exists(&twin) {
                disk::set_aside(&twin)?;
            }
        }
        move_children(session, &aside, live, work)?;
    }
    disk::remove_file(&marker)
}

/// Moves all children but our own workplace, and what a program puts there only while it runs: the hold stays.
fn move_children(session: &Session, from: &Path, to: &Path, work: &Workplace) -> Result<()> {
    for item in fs::read_dir(from).at("listing", from)? {
        let item = item.at("listing", from)?;
        let (child, name) = (item.path(), item.file_name());
        if !work.dir().starts_with(&child) && !session.kind.forbids(Path::new(&name)) {
            disk::move_to(&child, &to.join(name))?;
        }
    }
    Ok(())
}

/// Where the session lies. A link at its path is its owner's and stays; what it leads to is replaced, be it gone or not.
fn place(session: &Session) -> PathBuf {
    let path = &session.path;
    let Ok(target) = fs::read_link(path) else { return path.clone() };
    path.canonicalize().unwrap_or_else(|_| disk::parent(path).join(target))
}

/// Makes the folder that a session is put into. Where it is a link whose target is gone, the target is made: that is where
/// the bot looks.
fn make_way(folder: &Path) -> Result<()> {
    match fs::read_link(folder) {
        Ok(target) if !folder.exists() => disk::make_dir(&disk::parent(folder).join(target)),
        _ => disk::make_dir(folder),
    }
}
