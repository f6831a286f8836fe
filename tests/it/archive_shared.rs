//! Where files can share blocks, an archive costs what changed: members fill whole blocks, and those that are copied share
//! them with the last archive's. On a real xfs.

use crate::archive::{Folder, data, noise};
use crate::env::disk::Disk;
use wakeep::archive::*;

/// A folder that is large enough for blocks to be worth sharing.
fn large() -> Folder {
    let folder = Folder::new();
    folder.put("Default/leveldb/000009.ldb", &noise(9, 20 << 20));
    folder
}

#[test]
fn an_archive_of_a_change_takes_no_room_for_the_rest() {
    let (disk, folder) = (Disk::xfs(), large());
    let (first, next, fresh) = (disk.at().join("first"), disk.at().join("next"), disk.at().join("fresh"));
    let before = disk.free();
    let written = folder.write(&first, None, Form::Members);
    let costs = before - disk.free();
    assert!(costs > 20 << 20 && costs >= written.bytes, "{costs} bytes for the first");

    folder.put("Default/leveldb/000010.log", &noise(10, 900_000));
    let before = disk.free();
    folder.write(&next, Some(&Archive::open(&first).unwrap()), Form::Members);
    let costs = before - disk.free();
    println!("{costs} bytes for the next");
    assert!(costs < 3 << 20, "{costs} bytes for the next");
    verify(&next, Depth::Content).unwrap();
    folder.write(&fresh, None, Form::Members);
    assert!(data(&next) == data(&fresh), "with reuse and without");
}

/// An archive that came from another file system isn't laid out for it: nothing of it is copied, and the one after that
/// shares again.
#[test]
fn members_that_fill_no_whole_blocks_are_made_anew() {
    let (disk, folder) = (Disk::xfs(), large());
    let elsewhere = Disk::ext4(64);
    let (tight, moved, next) = (elsewhere.at().join("tight"), disk.at().join("moved"), disk.at().join("next"));
    let written = folder.write(&tight, None, Form::Members);
    let base = Archive::open(&tight).unwrap();
    assert_eq!(folder.write(&moved, Some(&base), Form::Members).members_reused, 0);
    let before = disk.free();
    folder.write(&next, Some(&Archive::open(&moved).unwrap()), Form::Members);
    let costs = before - disk.free();
    assert!(costs < 1 << 20, "{costs} bytes for nothing new");
    verify(&next, Depth::Content).unwrap();
    let room = std::fs::metadata(&next).unwrap().len() - written.bytes;
    assert!(room < u64::from(written.members) * 4200, "{room} bytes between {} members", written.members);
}

#[test]
fn a_small_archive_stays_tight() {
    let (disk, folder) = (Disk::xfs(), Folder::new());
    let (here, there) = (disk.at().join("here"), crate::env::scratch());
    folder.write(&here, None, Form::Members);
    folder.write(&there.path().join("there"), None, Form::Members);
    assert!(data(&here) == data(&there.path().join("there")));
}
