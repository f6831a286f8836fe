//! What a check finds out: a grade, a login state, and the findings behind them. Facts only; `text` says them.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Whether the login could be used as it lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Everything that must be there is there and whole.
    Sound,
    /// It may work, but something about it is not as it should be.
    Doubtful,
    /// A bot that starts on it would lose the login.
    Broken,
    /// There is no session at all.
    Missing,
}

/// What the session says about being linked to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Linked.
    Paired,
    /// Not linked: a QR page, or a login that was ended.
    LoggedOut,
    /// It can't be told.
    Unknown,
}

/// What a session or an archive of it is worth to a bot that has lost its login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// It would not bring a login back.
    Nothing,
    /// It may; there are doubts.
    Something,
    /// Sound and paired.
    Good,
}

impl Worth {
    /// What follows from grade and login, and from what is doubted: a doubt about a part (one device of many, a counter)
    /// doesn't make the login worth less.
    pub fn of(grade: Grade, login: Login, doubts: &[Code]) -> Worth {
        let partial = !doubts.is_empty() && doubts.iter().all(|c| c.is_about_a_part());
        match (grade, login) {
            (Grade::Broken | Grade::Missing, _) | (_, Login::LoggedOut) => Worth::Nothing,
            (Grade::Sound, Login::Paired) => Worth::Good,
            (Grade::Doubtful, Login::Paired) if partial => Worth::Good,
            (Grade::Sound | Grade::Doubtful, _) => Worth::Something,
        }
    }
}

impl Code {
    /// Whether it doubts a part of the session only, not the login.
    pub fn is_about_a_part(self) -> bool {
        matches!(self, Code::DeviceUnsound | Code::PreKeyCounter | Code::ForeignKeys)
    }
}

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

/// One thing that was found, where, and the fact behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// The file, relative to the session's folder; empty for the session itself.
    pub path: PathBuf,
    /// Names and numbers, in no language.
    pub detail: String,
}

impl Finding {
    /// A finding about one file.
    pub fn new(code: Code, path: impl AsRef<Path>, detail: impl Into<String>) -> Finding {
        Finding { code, path: path.as_ref().to_owned(), detail: detail.into() }
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the bytes would carry a login.
    #[serde(rename = "verdict")]
    pub grade: Grade,
    /// Whether a phone is linked.
    pub login: Login,
    /// `<phone>:<device>@…`, where the session says it.
    pub account: Option<String>,
    /// The kind's name.
    pub kind: String,
    /// Everything worth saying, gravest first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The verdict that follows from the findings: the gravest one gives the grade.
    pub fn new(kind: &str, login: Login, account: Option<String>, mut findings: Vec<Finding>) -> Verdict {
        findings.sort_by_key(|f| std::cmp::Reverse(f.code.weight()));
        let grade = match findings.first().map(|f| f.code.weight()) {
            Some(Weight::Fault) => Grade::Broken,
            Some(Weight::Doubt) => Grade::Doubtful,
            Some(Weight::Note) | None => Grade::Sound,
        };
        Verdict { grade, login, account, kind: kind.to_owned(), findings }
    }

    /// The verdict on a session that isn't there.
    pub fn missing(kind: &str) -> Verdict {
        Verdict {
            grade: Grade::Missing,
            login: Login::Unknown,
            account: None,
            kind: kind.to_owned(),
            findings: Vec::new(),
        }
    }

    /// Paired, and nothing doubted but a part: what may be published, and what is left alone.
    pub fn is_good(&self) -> bool {
        self.worth() == Worth::Good
    }

    /// The verdict as it would be without findings of this code.
    #[must_use]
    pub fn without(&self, code: Code) -> Verdict {
        let findings = self.findings.iter().filter(|f| f.code != code).cloned().collect();
        Verdict::new(&self.kind, self.login, self.account.clone(), findings)
    }

    /// The same with the phone number masked, as journals and logs may have it.
    #[must_use]
    pub fn masked(&self) -> Verdict {
        Verdict { account: self.account.as_deref().map(masked), ..self.clone() }
    }

    /// What it is worth to a bot that has lost its login.
    pub fn worth(&self) -> Worth {
        Worth::of(self.grade, self.login, &self.doubts())
    }

    /// What is doubted about it.
    pub fn doubts(&self) -> Vec<Code> {
        self.findings.iter().map(|f| f.code).filter(|c| c.weight() == Weight::Doubt).collect()
    }
}

/// An account with its phone number masked: the first two digits and the last four stay (`+79•••••1234`).
pub fn masked(account: &str) -> String {
    if account.starts_with(['+', '•']) {
        return account.to_owned();
    }
    let digits: String = account.chars().take_while(char::is_ascii_digit).collect();
    if digits.len() < 7 {
        return "•".repeat(digits.len().max(4));
    }
    let (head, rest) = digits.split_at(2);
    let (middle, tail) = rest.split_at(rest.len() - 4);
    format!("+{head}{}{tail}", "•".repeat(middle.len()))
}

/// A name, a path or a sentence with every number in it masked that may be a phone's: seven digits or more.
pub fn veiled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, digits) = rest.split_at(at);
        let (run, after) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
        out.push_str(before);
        match run.len() {
            0..7 => out.push_str(run),
            _ => out.push_str(masked(run).trim_start_matches('+')),
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_finding_gives_the_grade() {
        let note = Finding::new(Code::LogTailTorn, "a.log", "");
        let fault = Finding::new(Code::TableMissing, "3.ldb", "");
        let v = Verdict::new("chromium", Login::Paired, None, vec![note.clone(), fault.clone()]);
        assert_eq!((v.grade, v.findings), (Grade::Broken, vec![fault, note]));
        assert!(Verdict::new("chromium", Login::Paired, None, Vec::new()).is_good());
    }

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn phone_numbers_in_names_are_masked() {
        assert_eq!(veiled("/srv/b2/session-79001234567/x"), "/srv/b2/session-79•••••4567/x");
        assert_eq!(veiled("session-123456 é 1"), "session-123456 é 1");
        assert_eq!(veiled("+79001234567"), "+79•••••4567");
    }

    #[test]
    fn phone_numbers_are_masked() {
        assert_eq!(masked("79991231234:5@c.us"), "+79•••••1234");
        assert_eq!(masked("123"), "••••");
        assert!(!masked("4915112345678:12@s.whatsapp.net").contains("151123"));
    }
}
