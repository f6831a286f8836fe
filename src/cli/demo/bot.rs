//! The demo's bot: a child process that logs in to a scratch session and keeps writing into it, in the files and
//! records that WhatsApp Web makes in Chromium, through a LevelDB library that isn't ours.

use crate::error::{Error, Result};
use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::{Engine, engine::general_purpose::STANDARD};
use rusty_leveldb::{Cmp, DB, DefaultCmp, Options, WriteBatch};
use serde_json::json;
use sha2::Sha256;
use std::cmp::Ordering;
use std::io::BufRead;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Order};
use std::time::Duration;
use x25519_dalek::{PublicKey, StaticSecret};

/// Who the demo's bot is.
pub const ACCOUNT: &str = "79001234567:3@c.us";

const LOCAL_STORAGE: &str = "Default/Local Storage/leveldb";
const INDEXED_DB: &str = "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb";
const ORIGIN: &str = "https_web.whatsapp.com_0@1";

/// Logs in, says "ready" on standard output, and writes a record every 20 ms until killed. A line on standard input
/// makes it pause, the next one go on.
pub fn live(session: &Path) -> Result<()> {
    let mut local = open(&session.join(LOCAL_STORAGE), Rc::new(Box::new(DefaultCmp)))?;
    let mut indexed = open(&session.join(INDEXED_DB), Rc::new(Box::new(IndexedDbOrder)))?;
    log_in(&mut local, &mut indexed).and_then(|()| fill(&mut indexed)).map_err(|e| failed(session, &e))?;
    let _ = std::io::Write::write_all(&mut std::io::stdout(), b"ready\n");
    let paused = listen();
    for n in 0u32.. {
        std::thread::sleep(Duration::from_millis(20));
        if !paused.load(Order::SeqCst) {
            message(&mut local, &mut indexed, n).map_err(|e| failed(session, &e))?;
        }
    }
    Ok(())
}

fn listen() -> Arc<AtomicBool> {
    let paused = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&paused);
    std::thread::spawn(move || {
        for _ in std::io::stdin().lock().lines() {
            flag.fetch_xor(true, Order::SeqCst);
        }
        // Nobody is there any more.
        std::process::exit(0);
    });
    paused
}

fn open(dir: &Path, order: Rc<Box<dyn Cmp>>) -> Result<DB> {
    crate::disk::make_dir(dir)?;
    let options = Options { cmp: order, write_buffer_size: 256 * 1024, ..Options::default() };
    DB::open(dir, options).map_err(|e| failed(dir, &e))
}

fn failed(path: &Path, e: &rusty_leveldb::Status) -> Error {
    Error::Io { doing: "writing", path: path.to_owned(), source: std::io::Error::other(e.to_string()) }
}

/// A new login: what WhatsApp Web leaves in both stores when a phone has scanned its QR code.
fn log_in(local: &mut DB, indexed: &mut DB) -> rusty_leveldb::Result<()> {
    let (raw, salt) = (seed::<128>(1), seed::<128>(2));
    let (noise, ivs) = noise_info(&raw, &salt);
    let mut batch = WriteBatch::default();
    batch.put(b"VERSION", b"1");
    let quoted = |text: &str| json!(text).to_string();
    let salt = quoted(&STANDARD.encode(salt));
    for (key, value) in [
        ("WANoiseInfo", noise),
        ("WANoiseInfoIv", ivs),
        ("WAWebEncKeySalt", salt.clone()),
        ("WebEncKeySalt", salt),
        ("last-wid-md", quoted(ACCOUNT)),
        ("WALid", quoted("123456789012345:3@lid")),
    ] {
        batch.put(&local_key(key), &local_value(&value));
    }
    local.write(batch, true)?;
    indexed.write(databases(&raw), true)
}

/// The noise key pair, sealed under the key of the other store as WhatsApp Web does: that proves the stores a pair.
fn noise_info(raw: &[u8], salt: &[u8]) -> (String, String) {
    let secret = StaticSecret::from(seed::<32>(3));
    let public = PublicKey::from(&secret);
    let mut key = [0; 16];
    hkdf::Hkdf::<Sha256>::new(Some(salt), raw).expand(&[0], &mut key).expect("16 bytes are a length HKDF can give");
    let ivs: [[u8; 16]; 4] = [seed(4), seed(5), seed(6), seed(7)];
    let seal = |half: &[u8; 32], iv: &[u8; 16]| {
        let mut bytes = [half.as_slice(), &[0; 16]].concat();
        let cipher = cbc::Encryptor::<aes::Aes128>::new(&key.into(), iv.into());
        STANDARD.encode(cipher.encrypt_padded::<Pkcs7>(&mut bytes, 32).expect("a block more is there for the padding"))
    };
    let info = json!({
        "pubKey": seal(public.as_bytes(), &ivs[1]),
        "privKey": seal(secret.as_bytes(), &ivs[2]),
        "recoveryToken": STANDARD.encode(seed::<32>(8)),
    });
    (info.to_string(), json!(ivs.map(|iv| STANDARD.encode(iv))).to_string())
}

/// The databases, their stores and the records of a login.
fn databases(raw: &[u8]) -> WriteBatch {
    let mut batch = WriteBatch::default();
    batch.put(&[0, 0, 0, 0, 0], &[5]);
    for (number, name, store) in
        [(1, "wawc_db_enc", "keys"), (2, "signal-storage", "signal-meta-store"), (3, "model-storage", "message")]
    {
        let mut key = vec![0, 0, 0, 0, 201];
        key.extend(prefixed_utf16(ORIGIN));
        key.extend(prefixed_utf16(name));
        batch.put(&key, &[number]);
        batch.put(&[0, number, 0, 0, 50, 1, 0], &utf16(store));
    }
    let mut key = b"\x01\xff\x15\xff\x0fo\"\x02idI\x02\"\x03key\\K\x06\x10\x20\x80\x01".to_vec();
    key.extend(raw);
    batch.put(&record(1, &number_key(1.0)), &key);
    batch.put(&[0, 3, 0, 0, 50, 2, 0], &utf16("user-prefs"));
    let version = b"\x01\xff\x15\xff\x0fo\"\x05value\"\x112.3000.1027934701{\x01";
    batch.put(&[&[0, 3, 2, 1], text_key("AppVersionBase").as_slice()].concat(), version);
    let mut identity = b"\x01\xff\x15\xff\x0fo\"\x07details".to_vec();
    identity.extend(seed::<96>(9));
    batch.put(&record(2, &text_key("adv_signed_identity")), &identity);
    batch
}

/// Messages of earlier days, so that there are tables besides the log.
fn fill(indexed: &mut DB) -> rusty_leveldb::Result<()> {
    for n in 0..3000u32 {
        indexed.put(&record(3, &text_key(&format!("old-{n:06}"))), &[seed::<300>(n + 100)].concat())?;
    }
    indexed.flush()
}

/// A message arrives: both stores change.
fn message(local: &mut DB, indexed: &mut DB, n: u32) -> rusty_leveldb::Result<()> {
    indexed.put(&record(3, &text_key(&format!("new-{n:06}"))), &[seed::<2000>(n)].concat())?;
    indexed.flush()?;
    local.put(&local_key("WALastMessage"), &local_value(&n.to_string()))?;
    local.flush()
}

fn local_key(key: &str) -> Vec<u8> {
    [b"_https://web.whatsapp.com\x00\x01", key.as_bytes()].concat()
}

fn local_value(value: &str) -> Vec<u8> {
    [b"\x01", value.as_bytes()].concat()
}

/// The key of a record in the first store of a database.
fn record(database: u8, key: &[u8]) -> Vec<u8> {
    [&[0, database, 1, 1], key].concat()
}

fn text_key(text: &str) -> Vec<u8> {
    [&[1], prefixed_utf16(text).as_slice()].concat()
}

fn number_key(number: f64) -> Vec<u8> {
    [&[3], number.to_le_bytes().as_slice()].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Texts of the demo are shorter than 128 characters: one byte holds the length.
fn prefixed_utf16(text: &str) -> Vec<u8> {
    let mut bytes = vec![text.len() as u8];
    bytes.extend(utf16(text));
    bytes
}

/// Bytes that look random and are the same in every demo.
fn seed<const N: usize>(n: u32) -> [u8; N] {
    let mut bytes = [0; N];
    blake3::Hasher::new().update(b"wakeep demo").update(&n.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Chromium sorts IndexedDB's keys by their meaning; nothing here depends on more than an order that doesn't change.
struct IndexedDbOrder;

impl Cmp for IndexedDbOrder {
    fn cmp(&self, a: &[u8], b: &[u8]) -> Ordering {
        a.cmp(b)
    }
    fn find_shortest_sep(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        DefaultCmp.find_shortest_sep(from, to)
    }
    fn find_short_succ(&self, key: &[u8]) -> Vec<u8> {
        DefaultCmp.find_short_succ(key)
    }
    fn id(&self) -> &'static str {
        "idb_cmp1"
    }
}
