//! One row of `whatsmeow_device`: what it must hold, and that its keys and signatures belong together. whatsmeow keeps
//! private keys only; the public ones follow from them.

use crate::session::curve::{self, Key, Link};
use crate::verdict::{Code, masked};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use std::collections::BTreeMap;

/// Columns of fixed length, in bytes (the CHECKs of `upgrades/00-latest-schema.sql`).
const LENGTHS: [(&str, usize); 7] = [
    ("noise_key", 32),
    ("identity_key", 32),
    ("signed_pre_key", 32),
    ("signed_pre_key_sig", 64),
    ("adv_account_sig", 64),
    ("adv_account_sig_key", 32),
    ("adv_device_sig", 64),
];

/// The other columns that are read, all but the last needed.
const OTHERS: [&str; 4] = ["jid", "registration_id", "adv_details", "facebook_uuid"];

/// The needed columns that a table doesn't have.
pub fn missing_columns(names: &[&str]) -> Vec<&'static str> {
    let needed = LENGTHS.iter().map(|c| c.0).chain(OTHERS[..3].iter().copied());
    needed.filter(|c| !names.contains(c)).collect()
}

/// A linked device.
pub struct Device {
    /// `<phone>:<device>@s.whatsapp.net`.
    pub jid: String,
    registration_id: Option<i64>,
    columns: BTreeMap<&'static str, Vec<u8>>,
}

impl Device {
    /// Reads a row; what has another type than it should counts as absent.
    pub fn of(row: &Row<'_>) -> rusqlite::Result<Device> {
        let mut columns = BTreeMap::new();
        for name in LENGTHS.iter().map(|c| c.0).chain(OTHERS) {
            if let Ok(ValueRef::Blob(bytes) | ValueRef::Text(bytes)) = row.get_ref(name) {
                columns.insert(name, bytes.to_vec());
            }
        }
        let jid = columns.get("jid").map(|j| String::from_utf8_lossy(j).into_owned()).unwrap_or_default();
        Ok(Device { jid, registration_id: row.get("registration_id").ok(), columns })
    }

    /// What is wrong with the row: the code, and which column.
    pub fn faults(&self) -> Vec<(Code, String)> {
        let length = |name: &str| self.columns.get(name).map_or(0, Vec::len);
        let mut faults: Vec<_> = LENGTHS
            .iter()
            .filter(|(name, want)| length(name) != *want)
            .map(|(name, _)| (Code::DeviceField, format!("{name} {}", length(name))))
            .collect();
        if self.jid.is_empty() {
            faults.push((Code::DeviceField, "jid".into()));
        }
        if !self.registration_id.is_some_and(|id| (0..=i64::from(u32::MAX)).contains(&id)) {
            faults.push((Code::DeviceField, "registration_id".into()));
        }
        if faults.is_empty() {
            faults.extend(self.wrong_signatures().map(|name| (Code::SignatureWrong, name.into())));
        }
        faults
    }

    /// Whether cryptography shows that the parts of the row belong together.
    pub fn is_proved(&self) -> bool {
        self.faults().is_empty() && self.on_whatsapp()
    }

    fn wrong_signatures(&self) -> impl Iterator<Item = &'static str> {
        let identity = curve::public_of(&self.bytes("identity_key"));
        let pre_key = curve::public_of(&self.bytes("signed_pre_key"));
        let link = Link {
            identity: &identity,
            details: self.columns.get("adv_details").map_or(&[], Vec::as_slice),
            account: (&self.bytes("adv_account_sig_key"), &self.bytes("adv_account_sig")),
            device: &self.bytes("adv_device_sig"),
        };
        let linked = self.on_whatsapp();
        [
            (curve::pre_key_is_signed(&identity, &pre_key, &self.bytes("signed_pre_key_sig")), "signed_pre_key_sig"),
            (!linked || link.account_vouches(), "adv_account_sig"),
            (!linked || link.device_agrees(), "adv_device_sig"),
        ]
        .into_iter()
        .filter_map(|(right, name)| (!right).then_some(name))
    }

    /// Messenger devices share the table; no phone has signed them.
    fn on_whatsapp(&self) -> bool {
        !self.columns.contains_key("facebook_uuid")
    }

    fn bytes<const N: usize>(&self, name: &str) -> [u8; N] {
        self.columns.get(name).and_then(|c| c.as_slice().try_into().ok()).unwrap_or([0; N])
    }

    /// A name that tells the device from the others without saying its number, and a digest of what makes the login.
    pub fn mark(&self) -> (String, String) {
        let name = blake3::hash(self.jid.as_bytes()).to_hex();
        let identity: Key = curve::public_of(&self.bytes("identity_key"));
        let mut hash = blake3::Hasher::new();
        hash.update(&identity).update(&self.registration_id.unwrap_or(-1).to_le_bytes()).update(self.jid.as_bytes());
        (format!("device {}", &name[..12]), hash.finalize().to_hex().to_string())
    }

    /// The jid with the middle of the phone number left out.
    pub fn masked(&self) -> String {
        let digits = self.jid.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.jid.len());
        format!("{}{}", masked(&self.jid), &self.jid[digits..])
    }
}
