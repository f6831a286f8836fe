//! The directory that keeps the backups of one session, and the one way in: [`Vault::publish`]. It knows archives
//! and labels, but no sessions.

pub mod backup;
pub mod journal;
pub mod label;
pub mod retention;
pub mod state;
mod told;
pub mod workplace;

use crate::archive::{self, Depth, Verified};
use crate::disk::{self, FileMark};
use crate::error::{At, Error, Result};
use crate::verdict::Worth;
use backup::{Backup, Origin};
use jiff::Timestamp;
use journal::{Event, Refusal};
use label::Label;
use retention::Why;
use state::{Arrived, State};
use std::fs;
use std::path::{Path, PathBuf};

/// How many arrived archives, and how many made before a restore, stay.
const SPARE: u32 = 3;

/// Names of copies on their way into the vault, and to be shown beside it.
const INCOMING: &str = ".incoming";
const USED: &str = ".used";

/// What the owner decided about backups.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Permission bits of archives.
    pub archive_mode: u32,
    /// How many bytes of backups stay, those not counted that must.
    pub keep_bytes: u64,
    /// For how long a file that arrived keeps the archive's path, in seconds.
    pub arrived_hold: i64,
    /// How many bytes of archives may be written in a day.
    pub write_budget: u64,
}

/// The memory's file in the vault.
const STATE: &str = "state.json";

/// The backups of one session, and the one archive that stands for it.
#[derive(Debug)]
pub struct Vault {
    dir: PathBuf,
    archive: PathBuf,
    /// What the owner decided.
    pub rules: Rules,
    state: State,
}

impl Vault {
    /// Opens the vault in `dir` (which need not exist yet) of the session whose archive stands at `archive`.
    pub fn open(dir: &Path, archive: &Path, rules: Rules) -> Result<Vault> {
        let mut vault = Vault { dir: dir.to_owned(), archive: archive.to_owned(), rules, state: State::default() };
        vault.refresh()?;
        Ok(vault)
    }

    /// Where the one archive stands.
    pub fn archive(&self) -> &Path {
        &self.archive
    }

    /// The vault's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the vault remembers.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Reads the memory anew: another wakeep may have changed it before the work lock was taken.
    pub fn refresh(&mut self) -> Result<()> {
        self.state = match State::load(&self.state_file())? {
            Some(state) => state,
            None => self.remembered_by_archives()?,
        };
        Ok(())
    }

    /// A memory that can't be read any more, as far as the archives know it. The next change replaces the file.
    fn remembered_by_archives(&self) -> Result<State> {
        let kept = self.backups()?.into_iter().filter_map(|b| b.generation()).max();
        let standing = backup::label_of(&self.archive).map(|l| l.generation);
        let latest = FileMark::of(&self.archive).ok().filter(|_| standing.is_some());
        Ok(State { generation: kept.max(standing).unwrap_or(0), latest, ..State::default() })
    }

    /// Whether the bot was moved to another machine, as it stands on disk now.
    pub fn is_left(dir: &Path) -> bool {
        let state = State::load(&dir.join(STATE)).ok().flatten();
        state.is_some_and(|s| s.moved.is_some())
    }

    /// Changes the memory and saves it, if that changed anything.
    pub fn remember(&mut self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut next = self.state.clone();
        change(&mut next);
        if next != self.state {
            disk::make_dir(&self.dir)?;
            next.save(&self.state_file())?;
            self.state = next;
        }
        Ok(())
    }

    /// How the live session looked when it was last found unchanged or archived.
    pub fn stamp(&self) -> Option<String> {
        fs::read_to_string(self.stamp_file()).ok()
    }

    /// Notes how the live session looks. Not durable, and no part of the state: it may change every round of an idle
    /// bot, and one that is lost or older costs a look.
    pub fn note_stamp(&self, stamp: Option<&str>) -> Result<()> {
        match stamp {
            None => disk::remove_file(&self.stamp_file()),
            Some(_) if stamp == self.stamp().as_deref() => Ok(()),
            Some(stamp) => {
                disk::make_dir(&self.dir)?;
                disk::write_hint(&self.stamp_file(), stamp.as_bytes())
            }
        }
    }

    fn stamp_file(&self) -> PathBuf {
        self.dir.join("stamp")
    }

    fn state_file(&self) -> PathBuf {
        self.dir.join(STATE)
    }

    fn journal_file(&self) -> PathBuf {
        self.dir.join("journal.jsonl")
    }

    /// Writes a line into the journal.
    pub fn record(&self, now: Timestamp, event: &Event) -> Result<()> {
        disk::make_dir(&self.dir)?;
        journal::write(&self.journal_file(), now, event)
    }

    /// The journal, oldest first.
    pub fn events(&self) -> Result<Vec<journal::Line>> {
        journal::read(&self.journal_file())
    }

    /// The label of the archive at its path, if that is one that this vault put there and it still stands unchanged.
    pub fn latest(&self) -> Option<Label> {
        let mark = FileMark::of(&self.archive).ok()?;
        if self.is_ours(mark) { backup::label_of(&self.archive) } else { None }
    }

    /// The newest archive that wakeep made, at its path or in the vault: what another one is measured against.
    pub fn newest(&self) -> Result<Option<(PathBuf, Label)>> {
        let standing = self.latest().map(|label| (self.archive.clone(), label));
        let kept = self.backups()?.into_iter().filter(|b| matches!(b.origin, Origin::Generation(_)));
        let kept = kept.filter_map(|b| b.label.map(|l| (b.path, l)));
        Ok(standing.into_iter().chain(kept).max_by_key(|(_, l)| l.generation))
    }

    /// Versions of the programs that wrote the newest archive.
    pub fn versions(&self) -> Result<std::collections::BTreeMap<String, String>> {
        Ok(self.newest()?.map(|(_, label)| label.versions).unwrap_or_default())
    }

    fn is_ours(&self, mark: FileMark) -> bool {
        [self.state.latest, self.state.coming].contains(&Some(mark))
    }

    /// All backups, newest first.
    pub fn backups(&self) -> Result<Vec<Backup>> {
        let mut found = Vec::new();
        if disk::exists(&self.dir) {
            for item in fs::read_dir(&self.dir).at("listing", &self.dir)? {
                found.extend(Backup::read(&item.at("listing", &self.dir)?.path())?);
            }
        }
        found.sort_by_key(|b| std::cmp::Reverse((b.made, b.generation())));
        self.explain(&mut found);
        Ok(found)
    }

    /// Puts a verified archive at the archive's path and into the vault. It must be good, and newer than all this
    /// vault has given out. Returns false where a file that arrived keeps the path: then it is in the vault only.
    pub fn publish(&mut self, new: Verified, now: Timestamp) -> Result<bool> {
        let label = self.admissible(&new)?;
        disk::set_mode(new.path(), self.rules.archive_mode)?;
        let mark = FileMark::of(new.path())?;
        let in_place = self.may_take_path(now);
        let daily = self.rules.write_budget;
        self.remember(|s| {
            s.generation = label.generation;
            s.coming = in_place.then_some(mark);
            s.written = s.written.plus(mark.size, now, daily);
        })?;
        let origin = Origin::Generation(label.generation);
        if self.has_recent_copy(now)? {
            self.keep_a_copy(new.path(), origin, label.made)?;
        } else {
            self.keep_own_copy(new.path(), origin, label.made)?;
        }
        self.put_at_path(&new, in_place, |s| s.refusals.clear())?;
        self.bury(label.account.as_ref())?;
        Ok(in_place)
    }

    /// The path is free, holds our own archive, or one that arrived and whose time is over. Whatever else is there may
    /// still be on its way in.
    fn may_take_path(&self, now: Timestamp) -> bool {
        let Ok(mark) = FileMark::of(&self.archive) else { return true };
        let arrived = self.state.arrived.as_ref().is_some_and(|a| a.mark == mark);
        self.is_ours(mark) || arrived && !self.is_held(now)
    }

    /// Whether another generation, in a file of its own, is young. Then the newest may share its file with the archive,
    /// which costs nothing; else it is copied: `cp FILE latest` writes into the archive's own file.
    fn has_recent_copy(&self, now: Timestamp) -> Result<bool> {
        const RECENT: i64 = 900;
        let young = |b: &Backup| (0..RECENT).contains(&(now.as_second() - b.made.as_second()));
        let standing = FileMark::of(&self.archive).ok();
        let mut generations = self.backups()?.into_iter().filter(|b| is_good_generation(b) && young(b));
        // What shares its file with the archive now has one of its own once that is replaced.
        Ok(generations.any(|b| FileMark::of(&b.path).is_ok_and(|mark| self.is_ours(mark) || Some(mark) != standing)))
    }

    /// Law 1: nothing worthless comes in, nothing worse than the newest there is, nothing older.
    fn admissible(&self, new: &Verified) -> Result<Label> {
        let bytes = new.label().ok_or_else(|| Error::damaged(new.path(), "it has no label"))?;
        let label = Label::from_bytes(bytes, new.path())?;
        let least = self.newest()?.map_or(Worth::Something, |(_, newest)| newest.worth());
        if label.worth() < least || label.generation <= self.state.generation {
            return Err(Error::damaged(new.path(), "it is worse or older than the last archive"));
        }
        Ok(label)
    }

    /// Takes note of a file that somebody else put at the archive's path: a copy goes into the vault as soon as it
    /// is whole. On the very first look (no journal yet) it doesn't keep the path for itself.
    pub fn receive(&mut self, now: Timestamp) -> Result<Option<Event>> {
        self.clear_unfinished()?;
        let Ok(mark) = FileMark::of(&self.archive) else {
            self.remember(|s| s.arrived = None)?;
            return Ok(None);
        };
        let known = self.state.arrived.as_ref().is_some_and(|a| a.mark == mark);
        if known || self.is_ours(mark) || !self.is_whole(now, mark) {
            return Ok(None);
        }
        let first = self.state.generation == 0 && self.state.arrived.is_none();
        self.drop_overwritten(mark)?;
        let kept = self.keep_own_copy(&self.archive.clone(), Origin::Arrived, now)?;
        let since = if first { Timestamp::UNIX_EPOCH } else { now };
        self.remember(|s| s.arrived = Some(Arrived { mark, since, kept: kept.clone() }))?;
        let until = self.held_until().unwrap_or(now);
        let event = Event::Arrived { kept, until };
        self.record(now, &event)?;
        Ok(Some(event))
    }

    /// What a kill left half done. Callers hold the work lock.
    fn clear_unfinished(&self) -> Result<()> {
        [INCOMING, USED].iter().try_for_each(|name| disk::remove_file(&self.dir.join(name)))?;
        disk::sweep_all(&self.dir)
    }

    /// A copy that is still being written has a young time of last write, or doesn't verify yet.
    fn is_whole(&self, now: Timestamp, mark: FileMark) -> bool {
        let still = now.as_second() - mark.mtime.0 > 60;
        archive::verify(&self.archive, Depth::Content).is_ok() || still
    }

    /// `cp FILE latest` writes into our own inode: the vault's second name for it then isn't that generation any more.
    fn drop_overwritten(&self, mark: FileMark) -> Result<()> {
        for backup in self.backups()? {
            let other = FileMark::of(&backup.path)?;
            if (other.device, other.inode) == (mark.device, mark.inode) {
                disk::remove_file(&backup.path)?;
            }
        }
        Ok(())
    }

    fn held_until(&self) -> Option<Timestamp> {
        let arrived = self.state.arrived.as_ref()?;
        Timestamp::from_second(arrived.since.as_second().saturating_add(self.rules.arrived_hold)).ok()
    }

    /// Until when a file that arrived keeps the archive's path, if one does.
    pub fn is_held(&self, now: Timestamp) -> bool {
        // A clock that was set back holds nothing for longer than was promised.
        let longest = now.as_second().saturating_add(self.rules.arrived_hold);
        self.held_until().is_some_and(|until| now < until && until.as_second() <= longest)
    }

    /// Puts an archive fetched from a remote at the archive's path; what stood there is in the vault. From now on this
    /// session's archives are later than that one.
    pub fn bring(&mut self, new: Verified, now: Timestamp) -> Result<()> {
        self.receive(now)?;
        let label = new.label().and_then(|bytes| Label::from_bytes(bytes, new.path()).ok());
        disk::set_mode(new.path(), self.rules.archive_mode)?;
        let temp = disk::unfinished(&self.archive, "arriving")?;
        disk::copy_file(new.path(), &temp)?;
        disk::set_mode(&temp, self.rules.archive_mode)?;
        disk::publish(&temp, &self.archive)?;
        self.receive(now)?;
        self.remember(|s| {
            if let Some(label) = label {
                s.generation = s.generation.max(label.generation);
                s.pulled = Some((label.host, label.generation));
            }
            s.moved = None;
        })
    }

    /// The last step of an archive that the vault holds already: to the archive's path, unless that is held; and the
    /// memory says so.
    fn put_at_path(&mut self, new: &Verified, in_place: bool, also: impl FnOnce(&mut State)) -> Result<()> {
        if in_place {
            disk::publish(new.path(), &self.archive)?;
        } else {
            disk::remove_file(new.path())?;
        }
        self.remember(|s| {
            if let Some(mark) = s.coming.take() {
                s.latest = Some(mark);
                s.arrived = None;
            }
            also(s);
        })
    }

    /// Takes an archive that another host's wakeep pushed here: into the vault as a generation, and to the archive's
    /// path. What stood there is in the vault. Whether the bot is active here doesn't change. Returns false where a
    /// file that arrived keeps the path.
    ///
    /// # Errors
    /// `Damaged` for an archive that says nothing of itself; `Io`.
    pub fn adopt(&mut self, new: &Verified, now: Timestamp) -> Result<bool> {
        let bytes = new.label().ok_or_else(|| Error::damaged(new.path(), "it has no label"))?;
        let label = Label::from_bytes(bytes, new.path())?;
        self.receive(now)?;
        disk::set_mode(new.path(), self.rules.archive_mode)?;
        let (mark, in_place) = (FileMark::of(new.path())?, self.may_take_path(now));
        self.remember(|s| {
            s.generation = s.generation.max(label.generation);
            s.coming = in_place.then_some(mark);
        })?;
        self.keep_own_copy(new.path(), Origin::Generation(label.generation), label.made)?;
        self.put_at_path(new, in_place, |s| s.pulled = Some((label.host, label.generation)))?;
        self.tidy(now)?;
        Ok(in_place)
    }

    /// Accepts what stands at the archive's path as the current archive: it has just been restored.
    pub fn accept_standing(&mut self) -> Result<()> {
        let mark = FileMark::of(&self.archive)?;
        self.remember(|s| {
            s.latest = Some(mark);
            s.arrived = None;
        })
    }

    /// Keeps a copy of an archive made elsewhere, with the time it was made.
    pub fn take_in(&self, from: &Path, made: Timestamp) -> Result<PathBuf> {
        self.keep_own_copy(from, Origin::Arrived, made)
    }

    /// Puts a copy of the archive that was restored beside the vaults, under the archive's own name: the last one
    /// known to have worked.
    pub fn show_used(&self, used: &Path) -> Result<()> {
        let name = self.archive.file_name().unwrap_or_default();
        let to = disk::parent(&self.dir).join(name);
        if to == used || to == self.archive {
            return Ok(());
        }
        let temp = self.dir.join(USED);
        disk::remove_file(&temp)?;
        disk::copy_file(used, &temp)?;
        disk::set_mode(&temp, self.rules.archive_mode)?;
        disk::publish(&temp, &to)
    }

    /// Keeps a verified archive of what stood before a restore. Returns where.
    pub fn keep_before_restore(&mut self, old: &Verified, now: Timestamp) -> Result<PathBuf> {
        let kept = self.keep_a_copy(old.path(), Origin::BeforeRestore, now)?;
        disk::remove_file(old.path())?;
        Ok(kept)
    }

    /// Keeps an archive that is not to be published, for diagnosis: one per reason, the newer replacing the older.
    pub fn keep_rejected(&self, temp: &Path, reason: Refusal) -> Result<PathBuf> {
        disk::make_dir(&self.dir)?;
        let name = format!("rejected_{}.tar.gz", reason.as_str());
        let inside = self.dir.join(format!(".{name}.new"));
        disk::remove_file(&inside)?;
        disk::link_or_copy(temp, &inside)?;
        disk::publish(&inside, &self.dir.join(&name))?;
        disk::remove_file(temp)?;
        Ok(self.dir.join(name))
    }

    /// Gives the archive a second name in the vault (or a copy, on another file system), durable before it returns.
    fn keep_a_copy(&self, from: &Path, origin: Origin, made: Timestamp) -> Result<PathBuf> {
        self.bring_in(from, origin, made, disk::link_or_copy)
    }

    /// Copies the file's content: a later write into the original's inode must not reach the vault.
    fn keep_own_copy(&self, from: &Path, origin: Origin, made: Timestamp) -> Result<PathBuf> {
        self.bring_in(from, origin, made, |from, to| disk::copy_file(from, to).map(drop))
    }

    fn bring_in(
        &self,
        from: &Path,
        origin: Origin,
        made: Timestamp,
        bring: impl FnOnce(&Path, &Path) -> Result<()>,
    ) -> Result<PathBuf> {
        disk::make_dir(&self.dir)?;
        let to = backup::free_path(&self.dir, origin, made, backup::ending_of(from));
        let temp = self.dir.join(INCOMING);
        disk::remove_file(&temp)?;
        bring(from, &temp)?;
        disk::publish(&temp, &to)?;
        Ok(to)
    }

    /// All backups with why each stays, newest first, as the rule stands now.
    pub fn explained(&self, now: Timestamp) -> Result<Vec<Backup>> {
        let mut all = self.backups()?;
        let mut generations: Vec<usize> = (0..all.len()).filter(|&i| is_generation(&all[i])).collect();
        // By number, not by time: a clock that was set back must not make the newest look old.
        generations.sort_by_key(|&i| std::cmp::Reverse(all[i].generation()));
        let of_rule: Vec<Backup> = generations.iter().map(|&i| all[i].clone()).collect();
        let why = retention::keep(&candidates(&of_rule), now, self.rules.keep_bytes);
        generations.into_iter().zip(why).for_each(|(i, why)| all[i].why = why);
        Ok(all)
    }

    /// Lets the backups go that no rule holds.
    pub fn tidy(&mut self, now: Timestamp) -> Result<()> {
        let gone = self.explained(now)?.into_iter().filter(|b| b.why.is_none());
        gone.map(|b| b.path).try_for_each(|path| disk::remove_file(&path))
    }

    /// Marks those that must stay.
    fn explain(&self, backups: &mut [Backup]) {
        let ready = self.state.ready;
        let restored = self.state.restored.as_ref().and_then(|r| r.generation);
        let current = backups.iter().find(|b| is_good_generation(b)).and_then(|b| b.label.clone());
        let mut earlier = current.is_some();
        let (mut arrived, mut before) = (0..SPARE, 0..SPARE);
        for backup in backups {
            backup.why = match (backup.origin, backup.generation()) {
                (Origin::Arrived, _) => arrived.next().map(|_| Why::Arrived),
                (Origin::BeforeRestore, _) => before.next().map(|_| Why::BeforeRestore),
                (_, Some(n)) if ready == Some(n) => Some(Why::Ready),
                (_, Some(n)) if restored == Some(n) => Some(Why::RestoredFrom),
                _ if earlier && is_of_earlier_pairing(backup, current.as_ref()) => {
                    earlier = false;
                    Some(Why::EarlierPairing)
                }
                _ => None,
            };
        }
    }
}

fn candidates(backups: &[Backup]) -> Vec<retention::Candidate> {
    let candidate = |b: &Backup| retention::Candidate { made: b.made, bytes: b.bytes, pinned: b.why };
    backups.iter().map(candidate).collect()
}

fn is_generation(backup: &Backup) -> bool {
    matches!(backup.origin, Origin::Generation(_))
}

fn is_good_generation(backup: &Backup) -> bool {
    is_generation(backup) && backup.label.as_ref().is_some_and(Label::is_good)
}

fn is_of_earlier_pairing(backup: &Backup, current: Option<&Label>) -> bool {
    is_good_generation(backup) && !matches!((&backup.label, current), (Some(b), Some(c)) if b.same_lineage(c))
}
