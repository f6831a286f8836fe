//! Databases made by another implementation, read by ours.

use super::*;
use rusty_leveldb::{CompressorId, DB, LdbIterator, Options, WriteBatch};
use std::path::PathBuf;

fn options() -> Options {
    let mut options = Options { write_buffer_size: 16 << 10, max_file_size: 16 << 10, ..Options::default() };
    options.reuse_logs = false;
    options.compressor = rusty_leveldb::compressor::SnappyCompressor::ID;
    options
}

/// A database with tables, deletions, overwritten keys and a log, and what its maker reads from it.
fn database(dir: &Path, rounds: u32) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut db = DB::open(dir, options()).unwrap();
    for round in 0..rounds {
        let mut batch = WriteBatch::default();
        for k in 0..7u32 {
            let key = format!("key-{:05}", (round * 31 + k * 7) % 2000);
            batch.put(key.as_bytes(), format!("{round}.{k} ").repeat(12).as_bytes());
        }
        batch.delete(format!("key-{:05}", (round * 17) % 2000).as_bytes());
        db.write(batch, false).unwrap();
    }
    db.flush().unwrap();
    let mut iter = db.new_iter().unwrap();
    let mut expected = BTreeMap::new();
    while let Some((key, value)) = iter.next() {
        expected.insert(key, value);
    }
    drop(iter);
    db.close().unwrap();
    expected
}

fn all(_: &[u8]) -> bool {
    true
}

fn file(dir: &Path, suffix: &str) -> PathBuf {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    names.into_iter().rfind(|p| p.to_str().unwrap().ends_with(suffix)).unwrap()
}

fn codes(dir: &Path) -> Vec<Code> {
    read(dir, &all).unwrap().findings.iter().map(|f| f.code).collect()
}

#[test]
fn reads_what_another_implementation_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let expected = database(dir.path(), 600);
    let reading = read(dir.path(), &all).unwrap();
    assert_eq!(reading.findings, []);
    assert!(reading.version.as_ref().unwrap().tables.len() > 3, "the test needs tables");
    assert_eq!(reading.entries, expected);
    assert_eq!(reading.last_sequence, 600 * 8);
    assert_eq!(progress(dir.path()).unwrap().unwrap().last_sequence, 600 * 8);
}

#[test]
fn a_copy_reads_the_same_and_leaves_strangers_out() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    let expected = database(&live, 600);
    fs::write(live.join("999999.ldb"), "a table still being built").unwrap();
    let into = dir.path().join("copy");
    copy(&live, &into).unwrap();
    let reading = read(&into, &all).unwrap();
    assert_eq!((reading.findings, reading.entries), (Vec::new(), expected));
    assert!(!into.join("999999.ldb").exists());
}

#[test]
fn each_loss_has_its_code() {
    type Harm = fn(&Path);
    let harms: [(Harm, &[Code]); 7] = [
        (|d| fs::remove_file(file(d, ".ldb")).unwrap(), &[Code::TableMissing]),
        (|d| fs::remove_file(file(d, ".log")).unwrap(), &[Code::LogMissing]),
        (|d| fs::remove_file(d.join("CURRENT")).unwrap(), &[Code::CurrentInvalid]),
        (|d| fs::write(d.join("CURRENT"), "MANIFEST-000001").unwrap(), &[Code::CurrentInvalid]),
        (|d| fs::write(d.join("CURRENT"), "MANIFEST-999999\n").unwrap(), &[Code::ManifestMissing]),
        (|d| cut(&file(d, ".ldb"), 1), &[Code::TableSize]),
        (|d| cut(&file(d, ".log"), 1), &[Code::LogTailTorn]),
    ];
    for (nth, (harm, expected)) in harms.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        database(dir.path(), 605);
        harm(dir.path());
        assert_eq!(codes(dir.path()), *expected, "harm {nth}");
    }
}

fn cut(path: &Path, bytes: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes).unwrap();
}

#[test]
fn a_log_without_its_tail_before_a_newer_one_is_a_hole() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path(), 605);
    let log = file(dir.path(), ".log");
    let bytes = fs::read(&log).unwrap();
    let mut records = Vec::new();
    log::replay(bytes.as_slice(), &mut |_, r| {
        records.push(r.to_vec());
        Ok(())
    })
    .unwrap();
    assert!(records.len() >= 3, "the test needs batches");
    let next = log.with_file_name("888888.log");
    fs::write(&log, log::tests::write(&records[..1])).unwrap();
    fs::write(&next, log::tests::write(&records[1..])).unwrap();
    assert_eq!(codes(dir.path()), []);
    fs::write(&next, log::tests::write(&records[2..])).unwrap();
    assert_eq!(codes(dir.path()), [Code::LogHole]);
}

#[test]
fn half_a_record_is_cut_off_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    database(&live, 605);
    cut(&file(&live, ".log"), 1);
    let into = dir.path().join("copy");
    copy(&live, &into).unwrap();
    assert_eq!((codes(&live), codes(&into)), (vec![Code::LogTailTorn], vec![]));
    assert_eq!(cut_torn_tails(&live).unwrap().len(), 1);
    assert_eq!(codes(&live), []);
}

#[test]
fn every_changed_byte_of_a_table_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path(), 300);
    let table = file(dir.path(), ".ldb");
    let whole = fs::read(&table).unwrap();
    assert!(whole.len() > 800, "the test needs blocks");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        assert!(table::scan(&bytes, &mut |_| ()).is_err(), "byte {at} of {}", whole.len());
    }
}

proptest::proptest! {
    /// Whatever stands in the files, reading them ends with findings, not with a panic.
    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600), at in 0usize..2000) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("CURRENT"), "MANIFEST-000001\n").unwrap();
        let record = |bytes: &[u8]| log::tests::write(&[bytes.to_vec()]);
        fs::write(dir.path().join("MANIFEST-000001"), record(&bytes)).unwrap();
        read(dir.path(), &all).unwrap();
        // A MANIFEST that says: log number 0, next file 9, last sequence 0, a table of that size.
        let size = [&[7, 0, 5][..], &varint(bytes.len()), &[0, 0]].concat();
        let edit = [&[2, 0, 3, 9, 4, 0][..], &size].concat();
        fs::write(dir.path().join("MANIFEST-000001"), record(&edit)).unwrap();
        fs::write(dir.path().join("000003.log"), record(&bytes)).unwrap();
        fs::write(dir.path().join("000005.ldb"), &bytes).unwrap();
        proptest::prop_assert!(!read(dir.path(), &all).unwrap().findings.is_empty());
        // A good database with other bytes in its midst.
        let mut table = TABLE.clone();
        let end = (at + bytes.len()).min(table.len());
        if at < end {
            table[at..end].copy_from_slice(&bytes[..end - at]);
            let _ = table::scan(&table, &mut |_| ());
        }
    }
}

static TABLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path(), 300);
    fs::read(file(dir.path(), ".ldb")).unwrap()
});

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}
