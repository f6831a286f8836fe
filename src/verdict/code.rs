//! Everything a check can find, by a stable name and a weight.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing, harmless.
    Note,
    /// Makes the grade doubtful.
    Doubt,
    /// Makes the grade broken.
    Fault,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $weight:ident;)+) => {
        /// One thing a check can find. The code's text is stable: scripts match on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code { $($(#[doc = $doc])+ #[serde(rename = $code)] $name,)+ }

        impl Code {
            /// Every code, for the documents and their test.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// The stable name used in `--json`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),+ }
            }

            /// How much it weighs.
            pub fn weight(self) -> Weight {
                match self { $(Code::$name => Weight::$weight),+ }
            }
        }
    };
}

codes! {
    // LevelDB, whichever store it belongs to.
    /// `CURRENT` is missing or names no MANIFEST.
    CurrentInvalid = "current_invalid", Fault;
    /// The MANIFEST that `CURRENT` names is missing.
    ManifestMissing = "manifest_missing", Fault;
    /// A record of the MANIFEST fails its checksum or can't be read.
    ManifestDamaged = "manifest_damaged", Fault;
    /// A table that the MANIFEST names is missing.
    TableMissing = "table_missing", Fault;
    /// A table has another size than the MANIFEST says.
    TableSize = "table_size", Fault;
    /// A block of a table fails its checksum or can't be read.
    TableDamaged = "table_damaged", Fault;
    /// A write-ahead log that the MANIFEST needs is missing.
    LogMissing = "log_missing", Fault;
    /// A record in the middle of a log fails its checksum or can't be read.
    LogDamaged = "log_damaged", Fault;
    /// The last record of a log is incomplete: its writer was stopped in mid-write. Databases drop it and go on.
    LogTailTorn = "log_tail_torn", Note;
    /// Batches are missing between two logs.
    LogHole = "log_hole", Fault;
    /// A blob file that the database refers to is missing.
    BlobMissing = "blob_missing", Fault;
    /// A blob file has another size than the database says.
    BlobSize = "blob_size", Fault;

    // SQLite, whichever store it belongs to.
    /// SQLite can't open it, or its integrity check complains.
    DatabaseDamaged = "database_damaged", Fault;
    /// The database was made by a newer program than wakeep knows.
    SchemaUnknown = "schema_unknown", Doubt;
    /// Rows refer to rows that are not there.
    ForeignKeys = "foreign_keys", Doubt;

    // Chromium profiles.
    /// The folder holds no login store at all.
    StoresMissing = "stores_missing", Fault;
    /// Local Storage is not there, IndexedDB is.
    LocalStorageMissing = "local_storage_missing", Fault;
    /// IndexedDB is not there, Local Storage is.
    IndexedDbMissing = "indexed_db_missing", Fault;
    /// A key or record of the login is missing while others are there.
    LoginIncomplete = "login_incomplete", Fault;
    /// The two stores belong to different logins.
    LoginMixed = "login_mixed", Fault;
    /// That the two stores belong together could not be proved.
    PairUnproved = "pair_unproved", Note;
    /// The two stores don't open with each other's key: two logins, or a lock that WhatsApp has changed.
    PairRefuted = "pair_refuted", Doubt;
    /// A QR page, never paired or logged out.
    QrPage = "qr_page", Note;
    /// The stores are laid out in a way wakeep doesn't know.
    LayoutUnknown = "layout_unknown", Doubt;
    /// Another host's name stands in `SingletonLock`: Chromium will refuse to start.
    ForeignLock = "foreign_lock", Note;

    /// The profile was used last by an older Chromium than the archive's.
    ChromiumDowngrade = "chromium_downgrade", Note;

    // Baileys folders.
    /// `creds.json` is missing.
    CredsMissing = "creds_missing", Fault;
    /// `creds.json` is empty or cut off.
    CredsTorn = "creds_torn", Fault;
    /// A field of `creds.json` is missing or has the wrong form.
    CredsField = "creds_field", Fault;
    /// A public key doesn't belong to its private key.
    KeyMismatch = "key_mismatch", Fault;
    /// A signature doesn't verify.
    SignatureWrong = "signature_wrong", Fault;
    /// A key file is empty or cut off.
    KeyFileTorn = "key_file_torn", Fault;
    /// `nextPreKeyId` is not above the highest pre-key.
    PreKeyCounter = "pre_key_counter", Doubt;

    // whatsmeow databases.
    /// A column of a device has the wrong length.
    DeviceField = "device_field", Fault;
    /// No device is registered in the file.
    NoDevice = "no_device", Note;
    /// One of several devices, sound and linked.
    DevicePaired = "device_paired", Note;
    /// One of several devices isn't sound; another is.
    DeviceUnsound = "device_unsound", Doubt;

    // Archives.
    /// The archive's bytes are not whole.
    ArchiveDamaged = "archive_damaged", Fault;
    /// The archive holds something that may not be unpacked.
    ArchiveHostile = "archive_hostile", Fault;
    /// A plaintext archive can be read by everybody on this machine.
    WorldReadable = "world_readable", Note;
}

impl Code {
    /// Whether it doubts a part of the session only, not the login.
    pub fn is_about_a_part(self) -> bool {
        matches!(self, Code::DeviceUnsound | Code::PreKeyCounter | Code::ForeignKeys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
