//! What is still to be sent by one channel: a file each, so that nothing is lost when the keeper is restarted or the
//! network is away. Bounded in number and age.

use crate::disk;
use crate::error::{At, Result};
use crate::notice::Notice;
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};

/// How many notices wait at most; the oldest give way.
pub const MOST: usize = 100;

/// After how long nobody wants to know any more, in seconds.
const OLDEST: i64 = 3 * 24 * 3600;

/// Puts a notice into the outbox of a channel.
pub fn put(vault: &Path, channel: &str, notice: &Notice) -> Result<()> {
    let dir = folder(vault, channel);
    disk::make_dir(disk::parent(&dir))?;
    disk::make_dir(&dir)?;
    let name = format!("{:020}-{:06}.json", notice.time.as_microsecond(), disk::unique());
    let text = serde_json::to_vec(notice).expect("a notice has string keys only");
    disk::write_whole(&dir.join(name), &text)?;
    let waiting = files(&dir)?;
    // It lies there: one too many is removed with the next.
    waiting.iter().take(waiting.len().saturating_sub(MOST)).for_each(|old| drop(disk::remove_file(old)));
    Ok(())
}

/// What waits, oldest first, with its file. What is too old or no notice is thrown away; what can't be read just now
/// stays for another time, and holds up no other.
pub fn waiting(vault: &Path, channel: &str, now: Timestamp) -> Result<Vec<(PathBuf, Notice)>> {
    let mut found = Vec::new();
    for file in files(&folder(vault, channel))? {
        let Ok(bytes) = fs::read(&file) else { continue };
        let notice: Option<Notice> = serde_json::from_slice(&bytes).ok();
        match notice.filter(|n| now.as_second() - n.time.as_second() < OLDEST) {
            Some(notice) => found.push((file, notice)),
            // One that can't be removed is looked at again.
            None => drop(disk::remove_file(&file)),
        }
    }
    Ok(found)
}

fn folder(vault: &Path, channel: &str) -> PathBuf {
    vault.join("outbox").join(channel)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    if !disk::exists(dir) {
        return Ok(Vec::new());
    }
    let items = fs::read_dir(dir).at("listing", dir)?.flatten().map(|e| e.path());
    let mut files: Vec<PathBuf> = items.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::News;

    fn notice(second: i64) -> Notice {
        let time = Timestamp::from_second(1_700_000_000 + second).unwrap();
        Notice { time, host: "h".into(), session: "session".into(), account: None, news: News::Test }
    }

    #[test]
    fn it_is_bounded_in_number_and_age() {
        let dir = tempfile::tempdir().unwrap();
        for second in 0..130 {
            put(dir.path(), "webhook", &notice(second)).unwrap();
        }
        let all = waiting(dir.path(), "webhook", notice(130).time).unwrap();
        assert_eq!((all.len(), &all[0].1, &all[99].1), (100, &notice(30), &notice(129)));
        assert!(waiting(dir.path(), "telegram", notice(130).time).unwrap().is_empty());
        assert!(waiting(dir.path(), "webhook", notice(OLDEST + 200).time).unwrap().is_empty());
        assert!(files(&folder(dir.path(), "webhook")).unwrap().is_empty());
    }

    #[test]
    fn one_that_cannot_be_read_stays_and_holds_up_no_other() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "webhook", &notice(1)).unwrap();
        let inbox = folder(dir.path(), "webhook");
        // Reading a folder as a file fails, whoever asks.
        fs::create_dir(inbox.join("0.json")).unwrap();
        fs::write(inbox.join("1.json"), "{").unwrap();
        let all = waiting(dir.path(), "webhook", notice(2).time).unwrap();
        assert_eq!((all.len(), &all[0].1), (1, &notice(1)));
        assert!(inbox.join("0.json").exists() && !inbox.join("1.json").exists());
    }
}
