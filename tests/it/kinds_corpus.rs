//! The table of states: what Baileys' folders (and SQLite stores) and whatsmeow's files can look like, and the verdict
//! of each. All start from what the real packages made (`tests/fixtures`), are changed as the row says, copied as a live
//! session is, and examined. A false "sound" or "logged out" fails here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use wakeep::session::baileys::Baileys;
use wakeep::session::whatsmeow::Whatsmeow;
use wakeep::session::{KINDS, Kind};
use wakeep::verdict::Code::{self, *};
use wakeep::verdict::Grade::{self, *};
use wakeep::verdict::Login::{self, *};

/// A change of a Baileys folder. Pointers lead into `creds.json`.
#[derive(Clone, Copy)]
enum Edit {
    Write(&'static str, &'static str),
    /// Leaves that many bytes of a file.
    Cut(&'static str, usize),
    Remove(&'static str),
    /// Removes every file but this one.
    Only(&'static str),
    /// Puts a whole copy of a file under another name.
    Twin(&'static str, &'static str),
    Set(&'static str, &'static str),
    Unset(&'static str),
    /// Flips a bit of the bytes at a pointer.
    Flip(&'static str),
    /// Leaves one byte less of the bytes at a pointer.
    Short(&'static str),
    /// Saves the bytes at a pointer in another form that Baileys reads.
    As(&'static str, Form),
    /// Takes a value from another login's creds.
    From(&'static str, &'static str),
}
use Edit::{As, Cut, Flip, From, Only, Remove, Set, Short, Twin, Unset, Write};

#[derive(Clone, Copy)]
enum Form {
    Buffer,
    List,
    Numbered,
}
use Form::{Buffer, List, Numbered};

type Row = (&'static str, &'static str, &'static [Edit], Grade, Login, &'static [Code]);

const SESSION: &str = "session-15550002222.0.json";

#[rustfmt::skip]
const BAILEYS: &[Row] = &[
    // Sound.
    ("paired, 7.x",                         "paired", &[],                                                    Sound, Paired, &[]),
    ("paired, another phone",               "other",  &[],                                                    Sound, Paired, &[]),
    ("paired, hosted business account",     "hosted", &[],                                                    Sound, Paired, &[]),
    ("paired, only creds",                  "paired", &[Only("creds.json")],                                  Sound, Paired, &[]),
    ("paired, 6.x: no lid-mapping",         "paired", &[Remove("lid-mapping-15550002222.json"), Remove("lid-mapping-77000111222_reverse.json"), Remove("device-list-15550002222.json"), Remove("tctoken-77000111222@lid.json"), Remove("identity-key-15550002222.0.json")], Sound, Paired, &[]),
    ("paired by a pairing code",            "paired", &[Set("/registered", "true")],                          Sound, Paired, &[]),
    ("from before pairing codes",           "paired", &[Unset("/pairingEphemeralKeyPair")],                   Sound, Paired, &[]),
    ("pairing key null",                    "paired", &[Set("/pairingEphemeralKeyPair", "null")],             Sound, Paired, &[]),
    ("a field nobody knows",                "paired", &[Set("/newField", "[1]")],                             Sound, Paired, &[]),
    ("a key saved as a list",               "paired", &[As("/noiseKey/private", List)],                       Sound, Paired, &[]),
    ("a key saved with numbered fields",    "paired", &[As("/noiseKey/public", Numbered)],                    Sound, Paired, &[]),
    ("the account saved as Buffers",        "paired", &[As("/account/details", Buffer), As("/account/accountSignature", Buffer)], Sound, Paired, &[]),
    ("another registration id",             "paired", &[Set("/registrationId", "77")],                        Sound, Paired, &[]),
    ("foreign files beside",                "paired", &[Write("notes.txt", "x"), Write("package.json", "{")], Sound, Paired, &[]),
    ("a key of an unknown type",            "paired", &[Write("newkind-1.json", "{")],                        Sound, Paired, &[]),
    ("a write under way in a .tmp",         "paired", &[Write("creds.json.tmp", "{\"no")],                    Sound, Paired, &[]),
    ("a whole .bak",                        "paired", &[Twin("creds.json", "creds.json.bak")],                Sound, Paired, &[]),
    ("a torn .bak",                         "paired", &[Write("creds.json.bak", "{\"no")],                    Sound, Paired, &[]),
    ("a torn .bak of a key",                "paired", &[Write("pre-key-1.json.bak", "")],                     Sound, Paired, &[]),
    ("counter far above the pre-keys",      "paired", &[Set("/nextPreKeyId", "900")],                         Sound, Paired, &[]),
    ("a pre-key of an impossible number",   "paired", &[Twin("pre-key-1.json", "pre-key-16777216.json")],     Sound, Paired, &[]),
    ("pre-keys used up",                    "paired", &[Remove("pre-key-1.json"), Remove("pre-key-2.json"), Remove("pre-key-3.json"), Remove("pre-key-4.json"), Remove("pre-key-5.json")], Sound, Paired, &[]),
    // Not linked.
    ("QR page",                             "qr",     &[],                                                    Sound, LoggedOut, &[QrPage]),
    ("pairing code asked for",              "qr",     &[Set("/me", r#"{"id":"15550001111@s.whatsapp.net","name":"~"}"#), Set("/pairingCode", "\"ABCD1234\"")], Sound, LoggedOut, &[QrPage]),
    ("QR page, me and account null",        "qr",     &[Set("/me", "null"), Set("/account", "null")],         Sound, LoggedOut, &[QrPage]),
    ("QR page with a torn key",             "qr",     &[Write("session-1.0.json", "")],                        Broken, LoggedOut, &[KeyFileTorn, QrPage]),
    ("QR page with a wrong noise key",      "qr",     &[Flip("/noiseKey/public")],                            Broken, LoggedOut, &[KeyMismatch, QrPage]),
    ("paired creds replaced by a QR page",  "paired", &[From("qr", "")],                                      Doubtful, LoggedOut, &[PreKeyCounter, QrPage]),
    // creds.json torn or gone.
    ("creds of 0 bytes",                    "paired", &[Write("creds.json", "")],                             Broken, Unknown, &[CredsTorn]),
    ("creds of 1 byte",                     "paired", &[Cut("creds.json", 1)],                                Broken, Unknown, &[CredsTorn]),
    ("creds half there",                    "paired", &[Cut("creds.json", 700)],                              Broken, Unknown, &[CredsTorn]),
    ("creds but for the last byte",         "paired", &[Set("/x", "1"), Short("")],                           Broken, Unknown, &[CredsTorn]),
    ("creds of zeros",                      "paired", &[Write("creds.json", "\0\0\0\0\0\0\0\0")],             Broken, Unknown, &[CredsTorn]),
    ("creds are null",                      "paired", &[Write("creds.json", "null")],                         Broken, Unknown, &[CredsTorn]),
    ("creds are a list",                    "paired", &[Write("creds.json", "[]")],                           Broken, Unknown, &[CredsTorn]),
    ("creds twice in one file",             "paired", &[Write("creds.json", "{}{}")],                         Broken, Unknown, &[CredsTorn]),
    ("creds gone",                          "paired", &[Remove("creds.json")],                                Broken, Unknown, &[CredsMissing]),
    ("creds gone, .bak whole",              "paired", &[Twin("creds.json", "creds.json.bak"), Remove("creds.json")], Broken, Unknown, &[CredsMissing]),
    ("creds empty, .bak whole",             "paired", &[Twin("creds.json", "creds.json.bak"), Write("creds.json", "")], Broken, Unknown, &[CredsTorn]),
    ("creds are {}",                        "paired", &[Write("creds.json", "{}")],                           Broken, Unknown, &[CredsField]),
    ("creds and a key torn",                "paired", &[Write("creds.json", ""), Cut(SESSION, 9)],            Broken, Unknown, &[CredsTorn, KeyFileTorn]),
    // Fields.
    ("no noise key",                        "paired", &[Unset("/noiseKey")],                                  Broken, Paired, &[CredsField]),
    ("no identity key",                     "paired", &[Unset("/signedIdentityKey")],                         Broken, Paired, &[CredsField]),
    ("no private identity key",             "paired", &[Unset("/signedIdentityKey/private")],                 Broken, Paired, &[CredsField]),
    ("no signed pre-key",                   "paired", &[Unset("/signedPreKey")],                              Broken, Paired, &[CredsField]),
    ("no signature of the pre-key",         "paired", &[Unset("/signedPreKey/signature")],                    Broken, Paired, &[CredsField]),
    ("no id of the signed pre-key",         "paired", &[Unset("/signedPreKey/keyId")],                        Broken, Paired, &[CredsField]),
    ("no registration id",                  "paired", &[Unset("/registrationId")],                            Broken, Paired, &[CredsField]),
    ("registration id is a text",           "paired", &[Set("/registrationId", "\"7\"")],                     Broken, Paired, &[CredsField]),
    ("no adv secret",                       "paired", &[Unset("/advSecretKey")],                              Broken, Paired, &[CredsField]),
    ("adv secret too short",                "paired", &[Short("/advSecretKey")],                              Broken, Paired, &[CredsField]),
    ("no counter of pre-keys",              "paired", &[Unset("/nextPreKeyId")],                              Broken, Paired, &[CredsField]),
    ("no counter of uploads",               "paired", &[Unset("/firstUnuploadedPreKeyId")],                   Broken, Paired, &[CredsField]),
    ("noise key too short",                 "paired", &[Short("/noiseKey/private")],                          Broken, Paired, &[CredsField]),
    ("noise key is a number",               "paired", &[Set("/noiseKey/private", "7")],                       Broken, Paired, &[CredsField]),
    ("pairing key without private",         "paired", &[Unset("/pairingEphemeralKeyPair/private")],           Broken, Paired, &[CredsField]),
    ("signature too short",                 "paired", &[Short("/signedPreKey/signature")],                    Broken, Paired, &[CredsField]),
    ("account lost",                        "paired", &[Unset("/account")],                                   Broken, Unknown, &[CredsField]),
    ("account null",                        "paired", &[Set("/account", "null")],                             Broken, Unknown, &[CredsField]),
    ("account empty",                       "paired", &[Set("/account", "{}")],                               Broken, Unknown, &[CredsField]),
    ("account without details",             "paired", &[Unset("/account/details")],                           Broken, Unknown, &[CredsField]),
    ("account without its key",             "paired", &[Unset("/account/accountSignatureKey")],               Broken, Unknown, &[CredsField]),
    ("account without its signature",       "paired", &[Unset("/account/accountSignature")],                  Broken, Unknown, &[CredsField]),
    ("account without ours",                "paired", &[Unset("/account/deviceSignature")],                   Broken, Unknown, &[CredsField]),
    ("account signature too short",         "paired", &[Short("/account/accountSignature")],                  Broken, Unknown, &[CredsField]),
    ("me lost",                             "paired", &[Unset("/me")],                                        Broken, Unknown, &[CredsField]),
    ("me.id empty",                         "paired", &[Set("/me/id", "\"\"")],                               Broken, Unknown, &[CredsField]),
    // Keys and signatures.
    ("a bit of the noise key, private",     "paired", &[Flip("/noiseKey/private")],                           Broken, Paired, &[KeyMismatch]),
    ("a bit of the noise key, public",      "paired", &[Flip("/noiseKey/public")],                            Broken, Paired, &[KeyMismatch]),
    ("a bit of the identity, private",      "paired", &[Flip("/signedIdentityKey/private")],                  Broken, Paired, &[KeyMismatch]),
    ("a bit of the identity, public",       "paired", &[Flip("/signedIdentityKey/public")],                   Broken, Paired, &[KeyMismatch, SignatureWrong]),
    ("a bit of the pre-key, private",       "paired", &[Flip("/signedPreKey/keyPair/private")],               Broken, Paired, &[KeyMismatch]),
    ("a bit of the pre-key, public",        "paired", &[Flip("/signedPreKey/keyPair/public")],                Broken, Paired, &[KeyMismatch, SignatureWrong]),
    ("a bit of the pairing key",            "paired", &[Flip("/pairingEphemeralKeyPair/public")],             Broken, Paired, &[KeyMismatch]),
    ("a bit of the pre-key's signature",    "paired", &[Flip("/signedPreKey/signature")],                     Broken, Paired, &[SignatureWrong]),
    ("a bit of the phone's signature",      "paired", &[Flip("/account/accountSignature")],                   Broken, Paired, &[SignatureWrong]),
    ("a bit of the phone's key",            "paired", &[Flip("/account/accountSignatureKey")],                Broken, Paired, &[SignatureWrong]),
    ("a bit of our signature",              "paired", &[Flip("/account/deviceSignature")],                    Broken, Paired, &[SignatureWrong]),
    ("a bit of the details",                "paired", &[Flip("/account/details")],                            Broken, Paired, &[SignatureWrong]),
    ("another login's account",             "paired", &[From("other", "/account")],                           Broken, Paired, &[SignatureWrong]),
    ("another login's identity",            "paired", &[From("other", "/signedIdentityKey")],                 Broken, Paired, &[SignatureWrong]),
    ("another login's signed pre-key",      "paired", &[From("other", "/signedPreKey")],                      Broken, Paired, &[SignatureWrong]),
    ("a hosted account in ordinary creds",  "paired", &[From("hosted", "/account")],                          Broken, Paired, &[SignatureWrong]),
    // Key files.
    ("a pre-key of 0 bytes",                "paired", &[Write("pre-key-3.json", "")],                         Broken, Paired, &[KeyFileTorn]),
    ("a pre-key cut",                       "paired", &[Cut("pre-key-3.json", 40)],                           Broken, Paired, &[KeyFileTorn]),
    ("a session cut",                       "paired", &[Cut(SESSION, 100)],                                   Broken, Paired, &[KeyFileTorn]),
    ("a LID session cut",                   "paired", &[Cut("session-77000111222_1.3.json", 5)],              Broken, Paired, &[KeyFileTorn]),
    ("a sender key cut",                    "paired", &[Cut("sender-key-123-456@g.us--15550002222--0.json", 5)], Broken, Paired, &[KeyFileTorn]),
    ("a sender key memory cut",             "paired", &[Cut("sender-key-memory-123-456@g.us.json", 5)],       Broken, Paired, &[KeyFileTorn]),
    ("an app state key cut",                "paired", &[Cut("app-state-sync-key-AAAAAC__+.json", 5)],         Broken, Paired, &[KeyFileTorn]),
    ("an app state version cut",            "paired", &[Cut("app-state-sync-version-regular_low.json", 5)],   Broken, Paired, &[KeyFileTorn]),
    ("a LID mapping cut",                   "paired", &[Cut("lid-mapping-15550002222.json", 5)],              Broken, Paired, &[KeyFileTorn]),
    ("a device list cut",                   "paired", &[Cut("device-list-15550002222.json", 5)],              Broken, Paired, &[KeyFileTorn]),
    ("a token cut",                         "paired", &[Cut("tctoken-77000111222@lid.json", 5)],              Broken, Paired, &[KeyFileTorn]),
    ("an identity key cut",                 "paired", &[Cut("identity-key-15550002222.0.json", 5)],           Broken, Paired, &[KeyFileTorn]),
    ("a key of zeros",                      "paired", &[Write("pre-key-3.json", "\0\0\0\0")],                 Broken, Paired, &[KeyFileTorn]),
    ("counter at the highest pre-key",      "paired", &[Set("/nextPreKeyId", "5")],                           Doubtful, Paired, &[PreKeyCounter]),
    ("counter below",                       "paired", &[Set("/nextPreKeyId", "1")],                           Doubtful, Paired, &[PreKeyCounter]),
    ("a pre-key above the counter",         "paired", &[Twin("pre-key-1.json", "pre-key-40.json")],           Doubtful, Paired, &[PreKeyCounter]),
];

/// States that only a folder can be in.
#[rustfmt::skip]
const FOLDERS: &[Row] = &[
    ("an empty folder",                     "qr",     &[Remove("creds.json")],                                Missing, Unknown, &[]),
    ("foreign files only",                  "qr",     &[Remove("creds.json"), Write("a.json", "{}")],         Missing, Unknown, &[]),
    ("only a .bak",                         "paired", &[Twin("creds.json", "creds.json.bak"), Only("creds.json.bak")], Broken, Unknown, &[CredsMissing]),
];

/// A change of a whatsmeow file.
#[derive(Clone, Copy)]
enum Change {
    /// Statements, with CHECKs and foreign keys off.
    Sql(&'static str),
    /// Leaves this many pages of 4096 bytes.
    Pages(usize),
    /// Leaves this many bytes.
    Bytes(usize),
    /// Fills a range with 0x55.
    Spoil(usize, usize),
    /// Replaces the file's content.
    Content(&'static str),
}
use Change::{Bytes, Content, Pages, Spoil, Sql};

/// Name, device rows, changes, verdict.
type FileRow = (&'static str, &'static [usize], &'static [Change], Grade, Login, &'static [Code]);

#[rustfmt::skip]
const WHATSMEOW: &[FileRow] = &[
    // Sound.
    ("one device",                    &[1],    &[],                                                          Sound, Paired, &[]),
    ("a hosted device",               &[2],    &[],                                                          Sound, Paired, &[]),
    ("two devices",                   &[1, 2], &[],                                                          Sound, Paired, &[DevicePaired]),
    ("WAL mode",                      &[1],    &[Sql("PRAGMA journal_mode=WAL")],                            Sound, Paired, &[]),
    ("pages of 1 KB",                 &[1],    &[Sql("PRAGMA page_size=1024; VACUUM")],                      Sound, Paired, &[]),
    ("pages of 64 KB",                &[1],    &[Sql("PRAGMA page_size=65536; VACUUM")],                     Sound, Paired, &[]),
    ("auto-vacuum",                   &[1],    &[Sql("PRAGMA auto_vacuum=FULL; VACUUM")],                    Sound, Paired, &[]),
    ("20,000 pre-keys",               &[1],    &[Sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20000) INSERT INTO whatsmeow_pre_keys SELECT jid, i, randomblob(32), 1 FROM n, whatsmeow_device")], Sound, Paired, &[]),
    ("tables of a bot beside",        &[1],    &[Sql("CREATE TABLE messages(id); INSERT INTO messages VALUES (1)")], Sound, Paired, &[]),
    ("a column nobody knows",         &[1],    &[Sql("ALTER TABLE whatsmeow_device ADD COLUMN novelty TEXT")], Sound, Paired, &[]),
    ("no column for Messenger",       &[1],    &[Sql("ALTER TABLE whatsmeow_device DROP COLUMN facebook_uuid")], Sound, Paired, &[]),
    ("no version table",              &[1],    &[Sql("DROP TABLE whatsmeow_version")],                       Sound, Paired, &[]),
    ("version without compat",        &[1],    &[Sql("ALTER TABLE whatsmeow_version DROP COLUMN compat")],   Sound, Paired, &[]),
    ("newer, readable by ours",       &[1],    &[Sql("UPDATE whatsmeow_version SET version=21, compat=8")],  Sound, Paired, &[]),
    ("old schema",                    &[1],    &[Sql("UPDATE whatsmeow_version SET version=3, compat=1")],   Sound, Paired, &[]),
    ("mappings that refer to nobody", &[1],    &[Sql("INSERT INTO whatsmeow_lid_map VALUES ('1', '2'); INSERT INTO whatsmeow_privacy_tokens VALUES ('x', 'y', x'00', 1, 1)")], Sound, Paired, &[]),
    ("a Messenger device",            &[1],    &[Sql("UPDATE whatsmeow_device SET facebook_uuid='u', adv_details=x'', adv_account_sig=zeroblob(64), adv_device_sig=zeroblob(64)")], Sound, Paired, &[]),
    ("a bit of the noise key",        &[1],    &[Sql("UPDATE whatsmeow_device SET noise_key=randomblob(32)")], Sound, Paired, &[]),
    // Not linked.
    ("never linked",                  &[],     &[],                                                          Sound, LoggedOut, &[NoDevice]),
    ("logged out",                    &[1],    &[Sql("PRAGMA foreign_keys=ON; DELETE FROM whatsmeow_device")], Sound, LoggedOut, &[NoDevice]),
    ("one of two logged out",         &[1, 2], &[Sql("DELETE FROM whatsmeow_device WHERE jid LIKE '1555%'")], Sound, Paired, &[]),
    ("logged out, keys left",         &[1],    &[Sql("INSERT INTO whatsmeow_sessions SELECT jid, 'x', x'00' FROM whatsmeow_device; DELETE FROM whatsmeow_device")], Doubtful, LoggedOut, &[ForeignKeys, NoDevice]),
    // Newer than what is known.
    ("newer, not for us",             &[1],    &[Sql("UPDATE whatsmeow_version SET version=21, compat=16")], Doubtful, Paired, &[SchemaUnknown]),
    ("newer without compat",          &[1],    &[Sql("ALTER TABLE whatsmeow_version DROP COLUMN compat; UPDATE whatsmeow_version SET version=16")], Doubtful, Paired, &[SchemaUnknown]),
    ("no version in its table",       &[1],    &[Sql("DELETE FROM whatsmeow_version")],                      Doubtful, Paired, &[SchemaUnknown]),
    ("a column under another name",   &[1],    &[Sql("ALTER TABLE whatsmeow_device RENAME COLUMN adv_details TO adv")], Doubtful, Paired, &[SchemaUnknown]),
    ("that, and no device",           &[],     &[Sql("ALTER TABLE whatsmeow_device RENAME COLUMN adv_details TO adv")], Doubtful, Unknown, &[SchemaUnknown]),
    ("newer, and no device",          &[],     &[Sql("UPDATE whatsmeow_version SET version=21, compat=16")], Doubtful, Unknown, &[SchemaUnknown]),
    // Rows.
    ("noise key too short",           &[1],    &[Sql("UPDATE whatsmeow_device SET noise_key=zeroblob(31)")], Broken, Paired, &[DeviceField]),
    ("identity key too long",         &[1],    &[Sql("UPDATE whatsmeow_device SET identity_key=zeroblob(33)")], Broken, Paired, &[DeviceField]),
    ("signed pre-key empty",          &[1],    &[Sql("UPDATE whatsmeow_device SET signed_pre_key=x''")],     Broken, Paired, &[DeviceField]),
    ("its signature too short",       &[1],    &[Sql("UPDATE whatsmeow_device SET signed_pre_key_sig=zeroblob(63)")], Broken, Paired, &[DeviceField]),
    ("account signature empty",       &[1],    &[Sql("UPDATE whatsmeow_device SET adv_account_sig=x''")],    Broken, Paired, &[DeviceField]),
    ("account key too short",         &[1],    &[Sql("UPDATE whatsmeow_device SET adv_account_sig_key=zeroblob(5)")], Broken, Paired, &[DeviceField]),
    ("device signature too short",    &[1],    &[Sql("UPDATE whatsmeow_device SET adv_device_sig=zeroblob(5)")], Broken, Paired, &[DeviceField]),
    ("a key that is a number",        &[1],    &[Sql("UPDATE whatsmeow_device SET noise_key=7")],            Broken, Paired, &[DeviceField]),
    ("no jid",                        &[1],    &[Sql("UPDATE whatsmeow_device SET jid=''")],                 Broken, Paired, &[DeviceField]),
    ("negative registration id",      &[1],    &[Sql("UPDATE whatsmeow_device SET registration_id=-1")],     Broken, Paired, &[DeviceField]),
    ("another identity key",          &[1],    &[Sql("UPDATE whatsmeow_device SET identity_key=randomblob(32)")], Broken, Paired, &[SignatureWrong]),
    ("another signed pre-key",        &[1],    &[Sql("UPDATE whatsmeow_device SET signed_pre_key=randomblob(32)")], Broken, Paired, &[SignatureWrong]),
    ("another signature of it",       &[1],    &[Sql("UPDATE whatsmeow_device SET signed_pre_key_sig=zeroblob(64)")], Broken, Paired, &[SignatureWrong]),
    ("another account signature",     &[1],    &[Sql("UPDATE whatsmeow_device SET adv_account_sig=zeroblob(64)")], Broken, Paired, &[SignatureWrong]),
    ("another account key",           &[1],    &[Sql("UPDATE whatsmeow_device SET adv_account_sig_key=zeroblob(32)")], Broken, Paired, &[SignatureWrong]),
    ("another device signature",      &[1],    &[Sql("UPDATE whatsmeow_device SET adv_device_sig=randomblob(64)")], Broken, Paired, &[SignatureWrong]),
    ("other details",                 &[1],    &[Sql("UPDATE whatsmeow_device SET adv_details=x'00'")],      Broken, Paired, &[SignatureWrong]),
    ("one of two unsound",            &[1, 2], &[Sql("UPDATE whatsmeow_device SET adv_details=x'00' WHERE jid LIKE '1555%'")], Doubtful, Paired, &[DeviceUnsound, DevicePaired]),
    ("one of two too short",          &[1, 2], &[Sql("UPDATE whatsmeow_device SET noise_key=x'00' WHERE jid LIKE '1555%'")], Doubtful, Paired, &[DeviceUnsound, DevicePaired]),
    ("both unsound",                  &[1, 2], &[Sql("UPDATE whatsmeow_device SET adv_details=x'00'")],      Broken, Paired, &[SignatureWrong]),
    ("a session of nobody",           &[1],    &[Sql("INSERT INTO whatsmeow_sessions VALUES ('nobody', 'x', x'00')")], Doubtful, Paired, &[ForeignKeys]),
    // Bytes.
    ("0 bytes",                       &[1],    &[Bytes(0)],                                                  Broken, Unknown, &[DatabaseDamaged]),
    ("a header only",                 &[1],    &[Bytes(100)],                                                Broken, Unknown, &[DatabaseDamaged]),
    ("one page",                      &[1],    &[Pages(1)],                                                  Broken, Unknown, &[DatabaseDamaged]),
    ("half the pages",                &[1, 2], &[Pages(8)],                                                  Broken, Unknown, &[DatabaseDamaged]),
    ("the header spoiled",            &[1],    &[Spoil(0, 16)],                                              Broken, Unknown, &[DatabaseDamaged]),
    ("the schema spoiled",            &[1],    &[Spoil(100, 60)],                                            Broken, Unknown, &[DatabaseDamaged]),
    ("everything behind page 1",      &[1],    &[Spoil(4096, 200_000)],                                      Broken, Unknown, &[DatabaseDamaged]),
    ("a table of ours gone",          &[1],    &[Sql("DROP TABLE whatsmeow_device")],                        Broken, Unknown, &[DatabaseDamaged]),
    ("a text",                        &[],     &[Content("whatsmeow_device")],                               Broken, Unknown, &[DatabaseDamaged]),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

#[test]
fn every_state_of_a_baileys_folder_has_its_verdict() {
    let rows = BAILEYS.iter().chain(FOLDERS);
    all_right(rows.map(|(name, base, edits, grade, login, codes)| {
        let place = Place::new();
        make(&place.live, base, edits);
        place.judge(name, &Baileys, (*grade, *login, codes))
    }));
}

#[test]
fn every_state_of_a_baileys_database_has_its_verdict() {
    all_right(BAILEYS.iter().map(|(name, base, edits, grade, login, codes)| {
        let (folder, place) = (Place::new(), Place::new());
        make(&folder.live, base, edits);
        into_database(&folder.live, &place.live);
        assert!(Baileys.claims(&place.live), "{name}");
        place.judge(name, &Baileys, (*grade, *login, codes))
    }));
}

#[test]
fn every_state_of_a_whatsmeow_file_has_its_verdict() {
    all_right(WHATSMEOW.iter().map(|(name, devices, changes, grade, login, codes)| {
        let place = Place::new();
        make_file(&place.live, devices, changes);
        place.judge(name, &Whatsmeow, (*grade, *login, codes))
    }));
}

#[test]
fn the_table_is_as_large_as_promised() {
    assert!(BAILEYS.len() * 2 + FOLDERS.len() + WHATSMEOW.len() >= 200);
}

/// All states are tried before the test fails, so that one run shows every wrong verdict.
fn all_right(verdicts: impl Iterator<Item = Result<(), String>>) {
    let wrong: Vec<String> = verdicts.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A live session and the copy made of it, each in a folder of its own.
struct Place {
    _dir: tempfile::TempDir,
    live: PathBuf,
    copy: PathBuf,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let [live, copy] = ["live", "stage"].map(|name| dir.path().join(name));
        fs::create_dir(&live).unwrap();
        fs::create_dir(&copy).unwrap();
        Place { live: live.join("session"), copy: copy.join("session"), _dir: dir }
    }

    /// Copies the live session, examines the copy and compares; neither may change either.
    fn judge(&self, name: &str, kind: &'static dyn Kind, want: (Grade, Login, &[Code])) -> Result<(), String> {
        let others = KINDS.iter().filter(|k| k.name() != kind.name());
        others.for_each(|other| assert!(!other.claims(&self.live), "{name}: claimed by {}", other.name()));
        let before = content(&self.live);
        if self.live.is_dir() {
            fs::create_dir(&self.copy).unwrap();
        }
        kind.copy(&self.live, &self.copy).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(content(&self.live) == before, "{name}: the live session was changed");
        let copied = content(&self.copy);
        let verdict = kind.examine(&self.copy).unwrap_or_else(|e| panic!("{name}: {e}")).verdict;
        assert!(content(&self.copy) == copied, "{name}: the copy was changed");
        let mut found: Vec<Code> = verdict.findings.iter().map(|f| f.code).collect();
        found.sort();
        found.dedup();
        let mut codes = want.2.to_vec();
        codes.sort();
        let told =
            ["15550001111", "447700900123"].iter().any(|n| verdict.findings.iter().any(|f| f.detail.contains(n)));
        assert!(!told, "{name}: a phone number in the findings");
        let (is, wanted) = ((verdict.grade, verdict.login, found), (want.0, want.1, codes));
        if is == wanted { Ok(()) } else { Err(format!("{name}: {is:?}, not {wanted:?}: {:?}", verdict.findings)) }
    }
}

/// All files of a folder, or of the folder a file lies in, with their contents.
fn content(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = if path.is_dir() { path } else { path.parent().unwrap() };
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    let mut all: Vec<_> = files.map(|p| (p.clone(), fs::read(&p).unwrap())).collect();
    all.sort();
    all
}

fn make(folder: &Path, base: &str, edits: &[Edit]) {
    fs::create_dir(folder).unwrap();
    for entry in fs::read_dir(fixtures().join("baileys").join(base)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    edits.iter().for_each(|edit| apply(folder, *edit));
}

fn apply(folder: &Path, edit: Edit) {
    let creds = folder.join("creds.json");
    let edit_creds = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(&fs::read(&creds).unwrap()).unwrap();
        change(&mut value);
        fs::write(&creds, value.to_string()).unwrap();
    };
    match edit {
        Write(name, text) => fs::write(folder.join(name), text).unwrap(),
        Cut(name, bytes) => {
            let text = fs::read(folder.join(name)).unwrap();
            assert!(bytes < text.len());
            fs::write(folder.join(name), &text[..bytes]).unwrap();
        }
        Remove(name) => fs::remove_file(folder.join(name)).unwrap(),
        Only(name) => {
            let all = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
            all.filter(|p| !p.ends_with(name)).for_each(|p| fs::remove_file(p).unwrap());
        }
        Twin(from, to) => drop(fs::copy(folder.join(from), folder.join(to)).unwrap()),
        Set(at, text) => edit_creds(&|v| set(v, at, serde_json::from_str(text).unwrap())),
        Unset(at) => edit_creds(&|v| {
            let (parent, field) = at.rsplit_once('/').unwrap();
            v.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        }),
        Flip(at) => edit_creds(&|v| change_bytes(v, at, |bytes| bytes[5] ^= 1)),
        Short("") => {
            let text = fs::read(&creds).unwrap();
            fs::write(&creds, &text[..text.len() - 1]).unwrap();
        }
        Short(at) => edit_creds(&|v| change_bytes(v, at, |bytes| bytes.truncate(bytes.len() - 1))),
        As(at, form) => edit_creds(&|v| {
            let bytes = STANDARD.decode(text_at(v, at).as_str().unwrap()).unwrap();
            let numbered = || bytes.iter().enumerate().map(|(n, b)| (n.to_string(), json!(b))).collect();
            let value = match form {
                Buffer => json!({"type": "Buffer", "data": STANDARD.encode(&bytes)}),
                List => json!({"type": "Buffer", "data": bytes}),
                Numbered => Value::Object(numbered()),
            };
            set(v, at, value);
        }),
        From(login, at) => {
            let path = fixtures().join("baileys").join(login).join("creds.json");
            let other: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            edit_creds(&|v| set(v, at, other.pointer(at).unwrap().clone()));
        }
    }
}

fn set(value: &mut Value, at: &str, new: Value) {
    match at.rsplit_once('/') {
        Some((parent, field)) => value.pointer_mut(parent).unwrap()[field] = new,
        None => *value = new,
    }
}

/// The base64 text at a pointer, bare or in a Buffer.
fn text_at<'a>(value: &'a mut Value, at: &str) -> &'a mut Value {
    let found = value.pointer_mut(at).unwrap();
    if found.is_object() { &mut found["data"] } else { found }
}

fn change_bytes(value: &mut Value, at: &str, change: impl Fn(&mut Vec<u8>)) {
    let text = text_at(value, at);
    let mut bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    change(&mut bytes);
    *text = json!(STANDARD.encode(bytes));
}

/// Moves a folder into the tables of `useSqliteAuthState`.
fn into_database(folder: &Path, file: &Path) {
    const TYPES: [&str; 10] = [
        "sender-key-memory",
        "app-state-sync-version",
        "app-state-sync-key",
        "pre-key",
        "session",
        "sender-key",
        "lid-mapping",
        "device-list",
        "tctoken",
        "identity-key",
    ];
    let db = Connection::open(file).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode=WAL; CREATE TABLE creds (key TEXT PRIMARY KEY, value TEXT NOT NULL);
         CREATE TABLE signal_keys (type TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (type, id));",
    )
    .unwrap();
    for (path, text) in content(folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (text, Some(stem)) = (String::from_utf8(text).unwrap(), name.strip_suffix(".json")) else { continue };
        if stem == "creds" {
            db.execute("INSERT INTO creds VALUES ('__creds__', ?)", [text]).unwrap();
        } else if let Some(kind) = TYPES.iter().find(|t| stem.starts_with(*t)) {
            let row = [kind, &stem[kind.len() + 1..], &text];
            db.execute("INSERT INTO signal_keys VALUES (?, ?, ?)", row).unwrap();
        }
    }
}

fn make_file(file: &Path, devices: &[usize], changes: &[Change]) {
    let read = |name: &str| fs::read_to_string(fixtures().join("whatsmeow").join(name)).unwrap();
    let db = Connection::open(file).unwrap();
    db.execute_batch(&read("schema.sql")).unwrap();
    devices.iter().for_each(|n| db.execute_batch(&read(&format!("device-{n}.sql"))).unwrap());
    drop(db);
    for change in changes {
        let mut bytes = fs::read(file).unwrap();
        match *change {
            Sql(text) => {
                let db = Connection::open(file).unwrap();
                db.execute_batch("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON").unwrap();
                db.execute_batch(text).unwrap();
                continue;
            }
            Pages(count) => bytes.truncate(count * 4096),
            Bytes(count) => bytes.truncate(count),
            Spoil(from, length) => {
                let to = bytes.len().min(from + length);
                bytes[from..to].fill(0x55);
            }
            Content(text) => bytes = text.into(),
        }
        fs::write(file, bytes).unwrap();
    }
}
