//! How far the login databases of a live profile have come, by reading alone.

use super::layout::PROFILE;
use super::{sqlite_stores, stores};
use crate::disk::Making;
use crate::session::sqlite::Point;
use crate::session::{Progress, Vector, leveldb};
use std::path::Path;

/// Reads them; one that can't be read just now is left out.
pub fn of(live: &Path) -> Vector {
    let login = &PROFILE.login;
    let old = [&login.local_storage, &login.indexed_db];
    let mut vector: Vector =
        old.into_iter().filter_map(|path| Some((path.clone(), leveldb(&live.join(path))?))).collect();
    let new = sqlite_stores::databases(live).unwrap_or_default();
    for path in new.iter().map(|path| path.as_path()).chain([Path::new(&login.local_storage_sqlite)]) {
        vector.extend(sqlite(live, path).unwrap_or_default());
    }
    vector
}

/// A database that is being compacted just now is asked again.
const TRIES: usize = 5;

fn leveldb(dir: &Path) -> Option<Progress> {
    let point = (0..TRIES).find_map(|_| leveldb::progress(dir).ok().flatten())?;
    Some(Progress {
        incarnation: incarnation(dir)?,
        sequence: point.last_sequence,
        content: stores::tables_digest(&point.version),
    })
}

/// Tells one making of a database from the next: the folder's inode and, where the file system keeps it, the time
/// of its birth, since inode numbers are used again.
fn incarnation(path: &Path) -> Option<String> {
    let Making { inode, born, .. } = Making::of(path)?;
    Some(born.map_or_else(|| inode.to_string(), |born| format!("{inode}-{}", born.as_nanos())))
}

fn sqlite(live: &Path, path: &Path) -> Option<Vector> {
    let db = live.join(path);
    let point = Point::read(&db).ok().flatten()?;
    let mut vector = sqlite_stores::progress(path, &point);
    let incarnation = incarnation(&db)?;
    vector.values_mut().for_each(|progress| progress.incarnation.clone_from(&incarnation));
    Some(vector)
}
