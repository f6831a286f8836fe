//! What a still copy holds, read the same way from a folder and from an SQLite file. It judges only whether texts are
//! whole; what they say is judged in [`super::creds`].

use super::creds::Creds;
use super::layout::{self, CREDS, LAYOUT, Part};
use crate::error::{At, Result};
use crate::session::database;
use crate::verdict::{Code, Finding};
use rusqlite::{Connection, OptionalExtension};
use serde::de::IgnoredAny;
use std::fs;
use std::path::{Path, PathBuf};

/// A login's parts.
#[derive(Default)]
pub struct Store {
    /// The login, where it is whole.
    pub creds: Option<Creds>,
    /// The highest number of a pre-key.
    pub highest_pre_key: Option<u64>,
    /// A digest of all names and contents.
    pub digest: String,
    /// What is torn, missing or damaged.
    pub findings: Vec<Finding>,
    /// A store that was made and never used.
    pub is_empty: bool,
}

/// Whether a text is whole JSON. A write that was cut off never is: everything Baileys saves is an object, a list or a
/// text, and ends with what it began with.
pub fn is_whole(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

impl Store {
    /// Reads a folder; `None` where nothing of a login is in it.
    ///
    /// # Errors
    /// A file can't be read.
    pub fn of_folder(folder: &Path) -> Result<Option<Store>> {
        let files = super::files(folder)?;
        let mut store = Store::default();
        let mut hash = blake3::Hasher::new();
        for file in &files {
            let Some(part @ (Part::Creds | Part::Key(..))) = layout::part(&file.path) else { continue };
            let path = folder.join(&file.path);
            let text = fs::read(&path).at("reading", &path)?;
            take_in(&mut hash, file.path.to_string_lossy().as_bytes(), &text);
            match part {
                Part::Creds => store.take_creds(&text),
                _ => store.take_key(&file.path, &text),
            }
        }
        if !files.iter().any(|f| f.path == Path::new(CREDS)) {
            store.findings.push(Finding::new(Code::CredsMissing, CREDS, ""));
        }
        store.digest = hash.finalize().to_hex().to_string();
        Ok((!files.is_empty()).then_some(store))
    }

    /// Reads an SQLite file; `None` where none is.
    ///
    /// # Errors
    /// The file can't be read at all. That SQLite can't read it is a finding.
    pub fn of_file(file: &Path) -> Result<Option<Store>> {
        if !file.exists() {
            return Ok(None);
        }
        let mut store = Store { digest: database::digest(file)?, ..Store::default() };
        let read = database::open_still(file).and_then(|db| {
            store.findings = database::complaints(&db);
            store.take_rows(&db)
        });
        let damaged = |store: &Store| store.findings.iter().any(|f| f.code == Code::DatabaseDamaged);
        if let Err(e) = read
            && !damaged(&store)
        {
            store.findings.push(Finding::new(Code::DatabaseDamaged, "", e.to_string()));
        }
        store.is_empty &= !damaged(&store);
        Ok(Some(store))
    }

    fn take_rows(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut keys = db.prepare("SELECT type, id, value FROM signal_keys")?;
        let mut rows = keys.query([])?;
        let mut any = false;
        while let Some(row) = rows.next()? {
            any = true;
            let name = format!("{}-{}.json", row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            self.take_key(Path::new(&name.replace('/', "__").replace(':', "-")), row.get_ref(2)?.as_bytes()?);
        }
        let sql = "SELECT value FROM creds WHERE key = ?";
        let creds = db.query_row(sql, [&LAYOUT.sqlite.creds_row], |row| Ok(row.get_ref(0)?.as_bytes()?.to_vec()));
        match creds.optional()? {
            Some(text) => self.take_creds(&text),
            None if any => self.findings.push(Finding::new(Code::CredsMissing, CREDS, "")),
            None => self.is_empty = true,
        }
        Ok(())
    }

    fn take_creds(&mut self, text: &[u8]) {
        self.creds = Creds::parse(text);
        if self.creds.is_none() {
            self.findings.push(Finding::new(Code::CredsTorn, CREDS, format!("{} bytes", text.len())));
        }
    }

    fn take_key(&mut self, name: &Path, text: &[u8]) {
        self.highest_pre_key = self.highest_pre_key.max(layout::pre_key_number(name));
        if !is_whole(text) {
            self.findings.push(Finding::new(Code::KeyFileTorn, PathBuf::from(name), format!("{} bytes", text.len())));
        }
    }
}

fn take_in(hash: &mut blake3::Hasher, name: &[u8], text: &[u8]) {
    for part in [name, text] {
        hash.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
}
