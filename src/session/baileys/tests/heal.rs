//! Mending: what a kill can leave of a folder, and the good copies there may be.

use super::{Baileys, CREDS, Kind, fixture, folder};
use crate::session::baileys::heal::{Healed, Source, heal};
use std::fs;
use std::path::{Path, PathBuf};

struct Mended {
    _dir: tempfile::TempDir,
    /// The staged copy, mended.
    staged: PathBuf,
    healed: Option<Healed>,
}

/// Damages a copy of `paired` and heals it, with a copy of another fixture as the good one; an empty one where there is none.
fn heal_after(good: Option<&str>, damage: impl Fn(&Path)) -> Mended {
    let [dir, stage] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let live = folder(dir.path(), "paired");
    damage(&live);
    let before = content(&live);
    let staged = good.map_or_else(|| stage.path().to_owned(), |good| folder(stage.path(), good));
    let good = content(&staged);
    let healed = heal(&live, &staged).unwrap();
    assert_eq!(content(&live), before, "the live folder was changed");
    assert!(healed.is_some() || content(&staged) == good, "the good copy was changed");
    let _dir = stage;
    Mended { staged, healed, _dir }
}

fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
}

fn is_good(folder: &Path) -> bool {
    Baileys.examine(folder).unwrap().verdict.is_good()
}

#[test]
fn only_what_is_torn_is_replaced_and_the_counter_rises_above_every_pre_key() {
    let session = "session-15550002222.0.json";
    let mended = heal_after(Some("paired"), |live| {
        fs::write(live.join(session), "").unwrap();
        fs::write(live.join("session-77000111222_1.3.json"), r#"{"newer":"than the archive"}"#).unwrap();
        fs::write(live.join("pre-key-9.json"), "{}").unwrap();
        fs::write(live.join("session-5.0.json"), r#"{"nobody has it"#).unwrap();
        fs::remove_file(live.join("pre-key-2.json")).unwrap();
    });
    let healed = mended.healed.unwrap();
    assert_eq!(healed.replaced, [(session.into(), Some(Source::Good)), ("session-5.0.json".into(), None)]);
    assert_eq!(healed.next_pre_key, Some(10));
    assert!(is_good(&mended.staged));
    let read = |name: &str| fs::read_to_string(mended.staged.join(name)).unwrap();
    assert_eq!(read(session), fs::read_to_string(fixture("paired").join(session)).unwrap());
    assert!(read("session-77000111222_1.3.json").contains("newer"));
    assert!(!mended.staged.join("session-5.0.json").exists());
    assert!(!mended.staged.join("pre-key-2.json").exists(), "one that was used up doesn't come back");
}

#[test]
fn torn_creds_come_from_the_nearest_whole_ones() {
    let text = fs::read_to_string(fixture("paired").join(CREDS)).unwrap();
    let put = |live: &Path, end: &str| fs::write(live.join(format!("{CREDS}{end}")), &text).unwrap();
    for (good, ends, source) in [
        (Some("paired"), vec![".tmp", ".bak"], Source::Unfinished),
        (Some("paired"), vec![".bak"], Source::Before),
        (Some("paired"), vec![], Source::Good),
        (Some("other"), vec![".bak"], Source::Before),
        (None, vec![".bak"], Source::Before),
    ] {
        for torn in ["", "null"] {
            let mended = heal_after(good, |live| {
                fs::write(live.join(CREDS), torn).unwrap();
                ends.iter().for_each(|end| put(live, end));
            });
            assert_eq!(mended.healed.unwrap().replaced, [(CREDS.into(), Some(source))], "{good:?} {ends:?} {torn:?}");
            assert!(is_good(&mended.staged));
            assert_eq!(fs::read_to_string(mended.staged.join(CREDS)).unwrap(), text);
        }
    }
}

#[test]
fn another_login_is_not_mixed_in() {
    let tear = |live: &Path| fs::write(live.join(CREDS), "{").unwrap();
    assert_eq!(heal_after(Some("other"), tear).healed, None, "pre-keys of another login");
    assert_eq!(heal_after(None, tear).healed, None, "nowhere a whole one");
    let anew = |live: &Path| {
        fs::copy(fixture("qr").join(CREDS), live.join(CREDS)).unwrap();
    };
    assert_eq!(heal_after(Some("paired"), anew).healed, None, "a new identity that nobody scanned");
    let mended = heal_after(Some("other"), |live| fs::write(live.join("pre-key-2.json"), "").unwrap());
    assert_eq!(mended.healed.unwrap().replaced, [("pre-key-2.json".into(), None)], "linked anew since");
    let account = |folder: &Path| Baileys.examine(folder).unwrap().verdict.account;
    assert_eq!(account(&mended.staged), account(&fixture("paired")));
    assert_eq!(heal(Path::new("/nowhere"), Path::new("/nowhere")).unwrap(), None);
}

#[test]
fn what_others_keep_in_the_folder_is_the_live_folders_after_mending_and_beside_another_login() {
    let put = |folder: &Path, name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    for (good, notes) in [("paired", "new"), ("other", "old")] {
        let [dir, stage] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (live, staged) = (folder(dir.path(), "paired"), folder(stage.path(), good));
        put(&staged, "notes.txt", "old");
        put(&staged, "gone.txt", "old");
        put(&live, "notes.txt", "new");
        put(&live, "media.bin", "new");
        Baileys.mend(&live, &staged, true).unwrap();
        let read = |name: &str| fs::read_to_string(staged.join(name)).ok();
        assert_eq!((read("notes.txt").as_deref(), read("media.bin").as_deref()), (Some(notes), Some("new")), "{good}");
        assert_eq!(read("gone.txt").is_some(), good == "other");
        assert_eq!(fs::read_dir(stage.path()).unwrap().count(), 1, "nothing is left beside the stage");
    }
}
