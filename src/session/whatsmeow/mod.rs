//! The kind `whatsmeow`: one SQLite file with whatsmeow's tables, of whatsmeow itself or what is built on it; it may
//! hold many devices. A device is linked if and only if it has a row in `whatsmeow_device` (tulir/whatsmeow
//! `store/sqlstore`): the row is made when the phone agrees, and deleted at a logout.
//!
//! How such a file is copied and put back is SQLite's matter and stands in `database`; what a row must hold, in
//! [`device`].

mod device;

use super::{Examination, Identity, Kind, Progress, Proof, Use, Vector, database};
use crate::error::Result;
use crate::verdict::{Code, Finding, Login, Verdict};
use device::Device;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// The newest schema of which every reader's needs are known (`upgrades/15-companion-meta-nonce.sql`).
const KNOWN_SCHEMA: i64 = 15;

/// The table that makes a file one of ours.
const TABLE: &str = "whatsmeow_device";

/// The kind `whatsmeow`.
pub struct Whatsmeow;

impl Kind for Whatsmeow {
    fn name(&self) -> &'static str {
        "whatsmeow"
    }

    fn claims(&self, path: &Path) -> bool {
        database::has_table(path, TABLE)
    }

    fn logs_out_for_good(&self) -> bool {
        true
    }

    fn matters(&self, entry: &Path) -> bool {
        entry.as_os_str().is_empty()
    }

    fn copy(&self, live: &Path, into: &Path) -> Result<()> {
        database::copy_live(live, into)
    }

    fn examine(&self, copy: &Path) -> Result<Examination> {
        if !copy.exists() {
            return Ok(Examination::of(Verdict::missing(self.name())));
        }
        let content = database::digest(copy)?;
        let mut found = Found::default();
        match database::open_still(copy) {
            Ok(db) => found.read(&db),
            Err(e) => found.damaged(e.to_string()),
        }
        let progress = Progress { content, ..Progress::default() };
        let vector = Vector::from([(String::new(), progress)]);
        let verdict = Verdict::new(self.name(), found.login(), found.account(), found.findings());
        Ok(Examination { vector, identity: found.identity(), versions: found.versions, ..Examination::of(verdict) })
    }

    fn progress(&self, live: &Path) -> Vector {
        // A backup is never older than its beginning: nothing needs to be counted.
        let progress = Progress { incarnation: database::incarnation(live), ..Progress::default() };
        Vector::from([(String::new(), progress)])
    }

    fn holder(&self, live: &Path) -> Use {
        database::holder(live)
    }
}

/// What a still database says.
#[derive(Default)]
struct Found {
    complaints: Vec<Finding>,
    versions: BTreeMap<String, String>,
    /// `None` where the rows can't be read.
    devices: Option<Vec<Device>>,
    /// Rows there are, also where their columns aren't known.
    rows: usize,
}

impl Found {
    fn read(&mut self, db: &Connection) {
        self.complaints = database::complaints(db);
        if let Err(e) = self.read_devices(db) {
            self.damaged(e.to_string());
        }
        if let Err(e) = self.read_schema(db)
            && !self.is_damaged()
        {
            self.complaints.push(Finding::new(Code::SchemaUnknown, "", e.to_string()));
        }
    }

    fn is_damaged(&self) -> bool {
        self.complaints.iter().any(|f| f.code == Code::DatabaseDamaged)
    }

    fn damaged(&mut self, detail: String) {
        if !self.is_damaged() {
            self.complaints.push(Finding::new(Code::DatabaseDamaged, "", detail));
        }
    }

    fn read_devices(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut rows = db.prepare("SELECT * FROM whatsmeow_device ORDER BY rowid")?;
        let missing = device::missing_columns(&rows.column_names().collect::<Vec<_>>());
        if missing.is_empty() {
            let devices: Vec<Device> = rows.query_map([], Device::of)?.collect::<Result<_, _>>()?;
            self.rows = devices.len();
            self.devices = Some(devices);
        } else {
            self.complaints.push(Finding::new(Code::SchemaUnknown, "", missing.join(", ")));
            self.rows = rows.query_map([], |_| Ok(()))?.count();
        }
        Ok(())
    }

    /// `compat` is the oldest reader that may still open the file; whatsmeow itself refuses by it, not by `version`.
    fn read_schema(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if !db.table_exists(None::<&str>, "whatsmeow_version")? {
            return Ok(());
        }
        let has_compat = db.column_exists(None::<&str>, "whatsmeow_version", "compat")?;
        let sql = if has_compat { "version, compat" } else { "version, version" };
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?));
        let (version, compat) = db.query_row(&format!("SELECT {sql} FROM whatsmeow_version"), [], read)?;
        self.versions.insert("whatsmeow_schema".into(), version.to_string());
        let needs = compat.unwrap_or(version);
        if needs > KNOWN_SCHEMA {
            self.complaints.push(Finding::new(Code::SchemaUnknown, "", format!("{needs} > {KNOWN_SCHEMA}")));
        }
        Ok(())
    }

    /// A file without rows that is damaged or not understood may have them elsewhere: that is no logout.
    fn login(&self) -> Login {
        let strange = self.complaints.iter().any(|f| f.code == Code::SchemaUnknown);
        match self.rows {
            0 if strange || self.is_damaged() => Login::Unknown,
            0 => Login::LoggedOut,
            _ => Login::Paired,
        }
    }

    /// The device paired first; the others stand in the findings.
    fn account(&self) -> Option<String> {
        self.devices.as_ref()?.first().map(|d| d.jid.clone())
    }

    /// One device that isn't sound makes the file doubtful as long as another is: what is good of the others mustn't
    /// be refused, or rewound, for its sake.
    fn findings(&self) -> Vec<Finding> {
        let mut all = self.complaints.clone();
        let devices = self.devices.as_deref().unwrap_or_default();
        let several = devices.len() > 1;
        let one_is_sound = devices.iter().any(|d| d.faults().is_empty());
        for device in devices {
            let faults = device.faults();
            if several && faults.is_empty() {
                all.push(Finding::new(Code::DevicePaired, "", device.masked()));
            }
            for (code, what) in faults {
                let detail = format!("{}: {what}", device.masked());
                match several && one_is_sound {
                    true => all.push(Finding::new(Code::DeviceUnsound, "", detail)),
                    false => all.push(Finding::new(code, "", detail)),
                }
            }
        }
        if self.login() == Login::LoggedOut {
            all.push(Finding::new(Code::NoDevice, "", ""));
        }
        all
    }

    fn identity(&self) -> Option<Identity> {
        let devices = self.devices.as_ref().filter(|d| !d.is_empty())?;
        let proved = devices.iter().all(Device::is_proved);
        let marks = devices.iter().map(Device::mark).collect();
        Some(Identity { marks, proof: if proved { Proof::Proved } else { Proof::Unproved } })
    }
}

#[cfg(test)]
mod tests;
