//! The login of Baileys' `creds.json`: which fields it must have, and that its keys and signatures belong together. It
//! knows no files: the text may come from a folder or from a row of a database.

use super::layout::LAYOUT;
use crate::session::curve::{self, Key, Link};
use crate::session::{Identity, Proof};
use crate::verdict::{Code, Finding, Login};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;

/// Creds that are whole JSON.
pub struct Creds(Value);

impl Creds {
    /// Reads the text; `None` where it is torn, or no object.
    pub fn parse(text: &[u8]) -> Option<Creds> {
        let value: Value = serde_json::from_slice(text).ok()?;
        value.is_object().then_some(Creds(value))
    }

    /// The text as it is saved.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// Who is logged in: `me.id`.
    pub fn account(&self) -> Option<String> {
        self.0.pointer("/me/id")?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
    }

    /// Linked means `me.id` and a whole `account`, which is set at pair-success only. `me` without a device number is
    /// what asking for a pairing code leaves (`requestPairingCode`); with one, the `account` that belongs to it is lost.
    /// Creds without an identity say nothing.
    pub fn login(&self) -> Login {
        let has = |field: &str| self.0.get(field).is_some_and(|v| !v.is_null());
        match (self.account(), has("account")) {
            (Some(_), true) if self.account_faults().is_empty() => Login::Paired,
            (Some(id), false) if id.contains(':') => Login::Unknown,
            (_, false) if self.named().is_some() => Login::LoggedOut,
            _ => Login::Unknown,
        }
    }

    /// Everything that is wrong, as findings about the file `path`.
    pub fn faults(&self, path: &str) -> Vec<Finding> {
        let mut faults = self.field_faults();
        if self.login() != Login::LoggedOut {
            faults.extend(self.account_faults());
        }
        if faults.is_empty() {
            faults.extend(self.wrong_pairs());
            faults.extend(self.wrong_signatures());
        }
        faults.into_iter().map(|(code, what)| Finding::new(code, path, what)).collect()
    }

    fn field_faults(&self) -> Vec<(Code, String)> {
        let pairs = &LAYOUT.key_pairs;
        let lacks_pair = |at: &&String| self.pair(at).is_none();
        let lacks_number = |at: &&String| self.number(at).is_none();
        let mut lacking: Vec<&str> = pairs.needed.iter().filter(lacks_pair).map(String::as_str).collect();
        let newer = pairs.since_6_5.iter().filter(|at| self.0.pointer(at).is_some_and(|v| !v.is_null()));
        lacking.extend(newer.filter(lacks_pair).map(String::as_str));
        lacking.extend(LAYOUT.numbers.iter().filter(lacks_number).map(String::as_str));
        if self.bytes::<64>(&LAYOUT.signature).is_none() {
            lacking.push(&LAYOUT.signature);
        }
        if self.bytes::<32>("/advSecretKey").is_none() {
            lacking.push("/advSecretKey");
        }
        lacking.into_iter().map(|at| (Code::CredsField, at.to_owned())).collect()
    }

    fn account_faults(&self) -> Vec<(Code, String)> {
        let mut lacking = Vec::new();
        for (field, length) in &LAYOUT.account {
            let at = format!("/account/{field}");
            let bytes = self.0.pointer(&at).and_then(bytes);
            if !bytes.is_some_and(|b| !b.is_empty() && length.is_none_or(|want| b.len() == want)) {
                lacking.push((Code::CredsField, at));
            }
        }
        if self.account().is_none() {
            lacking.push((Code::CredsField, "/me/id".to_owned()));
        }
        lacking
    }

    fn wrong_pairs(&self) -> Vec<(Code, String)> {
        let pairs = LAYOUT.key_pairs.needed.iter().chain(&LAYOUT.key_pairs.since_6_5);
        let wrong = |at: &&String| self.pair(at).is_some_and(|(private, public)| curve::public_of(&private) != public);
        pairs.filter(wrong).map(|at| (Code::KeyMismatch, at.clone())).collect()
    }

    fn wrong_signatures(&self) -> Vec<(Code, String)> {
        let (Some((_, identity)), Some((_, pre_key)), Some(signature)) =
            (self.pair("/signedIdentityKey"), self.pair("/signedPreKey/keyPair"), self.bytes(&LAYOUT.signature))
        else {
            return Vec::new();
        };
        let mut wrong = Vec::new();
        if !curve::pre_key_is_signed(&identity, &pre_key, &signature) {
            wrong.push(LAYOUT.signature.as_str());
        }
        if self.login() == Login::Paired {
            wrong.extend(self.wrong_link(&identity));
        }
        wrong.into_iter().map(|at| (Code::SignatureWrong, at.to_owned())).collect()
    }

    fn wrong_link(&self, identity: &Key) -> Vec<&'static str> {
        let (Some(key), Some(signature), Some(device)) = (
            self.bytes("/account/accountSignatureKey"),
            self.bytes("/account/accountSignature"),
            self.bytes("/account/deviceSignature"),
        ) else {
            return Vec::new();
        };
        let details = self.0.pointer("/account/details").and_then(bytes).unwrap_or_default();
        let link = Link { identity, details: &details, account: (&key, &signature), device: &device };
        let checks =
            [(link.account_vouches(), "/account/accountSignature"), (link.device_agrees(), "/account/deviceSignature")];
        checks.into_iter().filter_map(|(right, at)| (!right).then_some(at)).collect()
    }

    /// Which login it is; `None` without an identity key. `proved` says that the signatures were found right.
    pub fn identity(&self, proved: bool) -> Option<Identity> {
        let (key, registration) = self.named()?;
        let digest = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
        let mut marks = BTreeMap::from([
            ("identity_key".to_owned(), digest(&key)),
            ("registration_id".to_owned(), digest(&registration.to_le_bytes())),
        ]);
        if let Some(account) = self.account() {
            marks.insert("account".to_owned(), digest(account.as_bytes()));
        }
        Some(Identity { marks, proof: if proved { Proof::Proved } else { Proof::Unproved } })
    }

    /// What stays the same for as long as a login lasts: the public identity key and the registration id.
    pub fn named(&self) -> Option<(Key, u64)> {
        Some((self.pair("/signedIdentityKey")?.1, self.number("/registrationId")?))
    }

    /// The number the next new pre-key gets.
    pub fn next_pre_key(&self) -> Option<u64> {
        self.number("/nextPreKeyId")
    }

    /// Lets the next pre-key be at least `number`. Both counters are raised: what lies between them counts as made and
    /// not yet uploaded, and Baileys fails on a gap there.
    pub fn raise_pre_keys(&mut self, number: u64) {
        self.0["nextPreKeyId"] = number.into();
        self.0["firstUnuploadedPreKeyId"] = number.into();
    }

    fn number(&self, at: &str) -> Option<u64> {
        self.0.pointer(at)?.as_u64()
    }

    fn pair(&self, at: &str) -> Option<(Key, Key)> {
        Some((self.bytes(&format!("{at}/private"))?, self.bytes(&format!("{at}/public"))?))
    }

    fn bytes<const N: usize>(&self, at: &str) -> Option<[u8; N]> {
        bytes(self.0.pointer(at)?)?.try_into().ok()
    }
}

/// The forms in which bytes are saved: `{"type":"Buffer","data":"<base64>"}` of `BufferJSON`, the same with a list,
/// `{"0":n,"1":n,…}` of a plain `Uint8Array`, and bare base64 of protobuf's `toJSON`.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let list = |items: &mut dyn Iterator<Item = &Value>| -> Option<Vec<u8>> {
        items.map(|n| n.as_u64().and_then(|n| u8::try_from(n).ok())).collect()
    };
    match value {
        Value::String(text) => STANDARD.decode(text).ok(),
        Value::Object(fields) if fields.contains_key("data") => match &fields["data"] {
            Value::String(text) => STANDARD.decode(text).ok(),
            Value::Array(items) => list(&mut items.iter()),
            _ => None,
        },
        Value::Object(fields) => {
            list(&mut (0..fields.len()).map(|n| fields.get(&n.to_string()).unwrap_or(&Value::Null)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_bytes_is_read() {
        for form in [
            json!({"type": "Buffer", "data": "AQL/"}),
            json!({"type": "Buffer", "data": [1, 2, 255]}),
            json!({"0": 1, "1": 2, "2": 255}),
            json!("AQL/"),
        ] {
            assert_eq!(bytes(&form), Some(vec![1, 2, 255]), "{form}");
        }
        for form in [json!({"0": 256}), json!({"1": 1}), json!(7), json!(null), json!("!"), json!({"data": 7})] {
            assert_eq!(bytes(&form), None, "{form}");
        }
    }

    #[test]
    fn raised_counters_leave_all_else_as_it_was() {
        let text =
            r#"{"nextPreKeyId":3,"firstUnuploadedPreKeyId":2,"me":{"id":"1:2@s.whatsapp.net"},"big":9007199254740993}"#;
        let mut creds = Creds::parse(text.as_bytes()).unwrap();
        creds.raise_pre_keys(9);
        let expected = text.replace(":3,", ":9,").replace("KeyId\":2", "KeyId\":9");
        let (a, b): (Value, Value) =
            (serde_json::from_str(&creds.text()).unwrap(), serde_json::from_str(&expected).unwrap());
        assert_eq!(a, b);
    }
}
