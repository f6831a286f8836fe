//! What the two stores together say about the login: who, whether linked, whether complete, whether of one piece.
//! Knows the stores' content only, not their files.

use super::layout::{PROFILE, RecordName, WHATSAPP};
use super::proof::{self, Local, Outcome};
use super::stores::{Databases, Items};
use super::value::hkdf_keys;
use crate::session::{Identity, Proof};
use crate::verdict::{Code, Finding, Login};

/// What the stores say.
#[derive(Debug)]
pub struct State {
    /// Whether a phone is linked.
    pub login: Login,
    /// `<phone>:<device>@c.us`.
    pub account: Option<String>,
    /// Which login it is, where it is paired.
    pub identity: Option<Identity>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

impl State {
    fn unknown(findings: Vec<Finding>) -> State {
        State { login: Login::Unknown, account: None, identity: None, findings }
    }
}

/// What is known of a store: it isn't there, its layout isn't known, or what it holds.
pub type Seen<T> = Option<Option<T>>;

/// Of one store in two layouts, the first that holds something; else the first whose layout is known.
pub fn first<T>(layouts: [Seen<T>; 2], holds: impl Fn(&T) -> bool) -> Seen<T> {
    let [mut one, two] = layouts;
    let full = |seen: &Seen<T>| matches!(seen, Some(Some(content)) if holds(content));
    if full(&one) || (!full(&two) && one.is_some()) {
        return one.take();
    }
    two.or(one)
}

/// Judges the two stores.
pub fn judge(local: Seen<Items>, indexed: Seen<Databases>) -> State {
    let finding = |code, path: &str| vec![Finding::new(code, path, "")];
    match (local, indexed) {
        (None, None) => State::unknown(finding(Code::StoresMissing, "")),
        (None, Some(_)) => State::unknown(finding(Code::LocalStorageMissing, &PROFILE.login.local_storage)),
        (Some(None), _) => State::unknown(finding(Code::LayoutUnknown, &PROFILE.login.local_storage)),
        (Some(Some(items)), None) => without_indexed_db(&items),
        (Some(Some(_)), Some(None)) => State::unknown(finding(Code::LayoutUnknown, &PROFILE.login.indexed_db)),
        (Some(Some(items)), Some(Some(databases))) => match items.get(&WHATSAPP.local_storage.account) {
            Some(account) => paired(account, &items, &databases),
            None => unpaired(&items, &databases),
        },
    }
}

fn without_indexed_db(items: &Items) -> State {
    let missing = Finding::new(Code::IndexedDbMissing, &PROFILE.login.indexed_db, "");
    match items.get(&WHATSAPP.local_storage.account) {
        Some(account) => {
            let mut state = State::unknown(vec![missing]);
            state.account = account_in(account);
            state
        }
        // A page that was never opened to the end has made nothing in IndexedDB yet.
        None if items.is_empty() => qr_page(),
        None => State::unknown(vec![missing]),
    }
}

fn qr_page() -> State {
    State { login: Login::LoggedOut, ..State::unknown(vec![Finding::new(Code::QrPage, "", "")]) }
}

/// No account stands there: a QR page, the rest of a login, or a page that isn't known.
fn unpaired(items: &Items, databases: &Databases) -> State {
    let names = &WHATSAPP.local_storage;
    let rest = names.paired_only.iter().find(|key| items.contains_key(*key)).cloned().or_else(|| {
        databases.records.contains_key(&WHATSAPP.indexed_db.identity).then(|| describe(&WHATSAPP.indexed_db.identity))
    });
    if let Some(rest) = rest {
        // As after a kill in the first minute of a login: IndexedDB is written at once, Local Storage later.
        return State::unknown(vec![incomplete(&format!("{} is missing, {rest} is there", names.account))]);
    }
    let known_page = names.page.iter().any(|key| items.contains_key(key));
    let known_database = databases.stores.keys().any(|name| WHATSAPP.indexed_db.all().any(|r| r.database == *name));
    match known_page || known_database || (items.is_empty() && databases.stores.is_empty()) {
        true => qr_page(),
        false => State::unknown(vec![Finding::new(Code::LayoutUnknown, "", "no item or database that is known")]),
    }
}

fn paired(account: &str, items: &Items, databases: &Databases) -> State {
    let Some(account) = account_in(account) else {
        let detail = format!("{} has an unknown form", WHATSAPP.local_storage.account);
        return State::unknown(vec![Finding::new(Code::LayoutUnknown, &PROFILE.login.local_storage, detail)]);
    };
    let mut findings = missing(items, databases);
    let proof = if findings.is_empty() { prove(items, databases, &mut findings) } else { Proof::Unproved };
    let identity = Identity { marks: marks(items, databases), proof };
    State { login: Login::Paired, account: Some(account), identity: Some(identity), findings }
}

/// The account in a JSON string: `"<phone>:<device>@c.us"`.
fn account_in(json: &str) -> Option<String> {
    let account: String = serde_json::from_str(json).ok()?;
    let (user, server) = account.split_once('@')?;
    let (phone, device) = user.split_once(':').unwrap_or((user, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(phone) && digits(device) && !server.is_empty()).then_some(account)
}

fn missing(items: &Items, databases: &Databases) -> Vec<Finding> {
    let names = WHATSAPP.local_storage.required.iter().filter(|key| !items.contains_key(*key)).cloned();
    let there = |name: &RecordName| databases.records.contains_key(name);
    let records = &WHATSAPP.indexed_db;
    let key = (!records.keys().any(|row| there(&row))).then_some(&records.key);
    let identity = (!there(&records.identity)).then_some(&records.identity);
    names
        .chain([key, identity].into_iter().flatten().map(describe))
        .map(|name| incomplete(&format!("{name} is missing")))
        .collect()
}

fn describe(name: &RecordName) -> String {
    format!("{}/{}", name.database, name.store)
}

fn incomplete(detail: &str) -> Finding {
    Finding::new(Code::LoginIncomplete, "", detail)
}

fn prove(items: &Items, databases: &Databases, findings: &mut Vec<Finding>) -> Proof {
    let names = &WHATSAPP.local_storage;
    let item = |key: &String| items.get(key).map_or("", String::as_str);
    let local = Local { noise: item(&names.noise), ivs: item(&names.noise_iv), salt: item(&names.salt) };
    let rows = WHATSAPP.indexed_db.keys();
    let keys: Vec<&[u8]> =
        rows.filter_map(|row| databases.records.get(&row)).flat_map(|value| hkdf_keys(value)).collect();
    match proof::prove(local, &keys) {
        Outcome::Proved => return Proof::Proved,
        Outcome::Refuted => {
            findings.push(Finding::new(Code::PairRefuted, "", names.noise.clone()));
            return Proof::Refuted;
        }
        Outcome::Mixed => findings.push(Finding::new(Code::LoginMixed, "", names.noise.clone())),
        Outcome::Unproved => findings.push(Finding::new(Code::PairUnproved, "", "unknown form")),
    }
    Proof::Unproved
}

/// Digests of what names the login.
fn marks(items: &Items, databases: &Databases) -> std::collections::BTreeMap<String, String> {
    let names = &WHATSAPP.local_storage;
    let identity = databases.records.get(&WHATSAPP.indexed_db.identity).map(Vec::as_slice);
    [
        ("account", items.get(&names.account).map(String::as_bytes)),
        ("salt", items.get(&names.salt).map(String::as_bytes)),
        ("signed_identity", identity),
    ]
    .into_iter()
    .filter_map(|(name, bytes)| Some((name.to_owned(), blake3::hash(bytes?).to_hex().to_string())))
    .collect()
}
