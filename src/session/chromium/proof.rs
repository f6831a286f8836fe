//! The proof that Local Storage and IndexedDB hold parts of the same login: the noise key in the one opens with
//! the key in the other.
//!
//! `WANoiseInfo` is AES-128-CBC under a key that HKDF-SHA256 derives from the raw key in `wawc_db_enc` with
//! `WAWebEncKeySalt` as salt; a right padding and public = X25519(private) prove it. Source: public session
//! exporters, whose derivation holds for keys that WhatsApp Web hasn't renewed since pairing. Where it can't be
//! reproduced the login is "unproved", an ordinary state.

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64::{Engine, engine::general_purpose::STANDARD};
use hkdf::Hkdf;
use serde::Deserialize;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

/// What the proof found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The parts belong together.
    Proved,
    /// The parts have a form that isn't known: nothing can be concluded.
    Unproved,
    /// The parts have the known form, but none of the keys opens the lock the known way: two logins, or a derivation
    /// that WhatsApp has changed since.
    Refuted,
    /// The key opens both halves, but they are not a pair.
    Mixed,
}

/// The values of Local Storage the proof needs, as they stand there.
#[derive(Clone, Copy)]
pub struct Local<'a> {
    /// `WANoiseInfo`.
    pub noise: &'a str,
    /// `WANoiseInfoIv`.
    pub ivs: &'a str,
    /// `WAWebEncKeySalt`.
    pub salt: &'a str,
}

#[derive(Deserialize)]
struct Noise {
    #[serde(rename = "privKey")]
    private: String,
    #[serde(rename = "pubKey")]
    public: String,
}

struct Sealed {
    private: Vec<u8>,
    public: Vec<u8>,
    private_iv: [u8; 16],
    public_iv: [u8; 16],
    salt: Vec<u8>,
}

/// Bytes of the salt, and of each raw key.
const LONG: usize = 128;

/// Tries each raw key of IndexedDB on the noise key of Local Storage.
pub fn prove(local: Local<'_>, raw_keys: &[&[u8]]) -> Outcome {
    let Some(sealed) = parse(local) else {
        return Outcome::Unproved;
    };
    let known = sealed.salt.len() == LONG && !raw_keys.is_empty() && raw_keys.iter().all(|raw| raw.len() == LONG);
    let opened = raw_keys.iter().find_map(|raw| open(&sealed, raw));
    match opened {
        None if known => Outcome::Refuted,
        None => Outcome::Unproved,
        Some((private, public)) if PublicKey::from(&StaticSecret::from(private)).as_bytes() == &public => {
            Outcome::Proved
        }
        Some(_) => Outcome::Mixed,
    }
}

fn parse(local: Local<'_>) -> Option<Sealed> {
    let noise: Noise = serde_json::from_str(local.noise).ok()?;
    let ivs: Vec<String> = serde_json::from_str(local.ivs).ok()?;
    let salt: String = serde_json::from_str(local.salt).ok()?;
    let bytes = |text: &String| STANDARD.decode(text).ok();
    let iv = |nth: usize| bytes(ivs.get(nth)?)?.try_into().ok();
    Some(Sealed {
        private: bytes(&noise.private).filter(|b| b.len() == 48)?,
        public: bytes(&noise.public).filter(|b| b.len() == 48)?,
        public_iv: iv(1)?,
        private_iv: iv(2)?,
        salt: bytes(&salt)?,
    })
}

fn open(sealed: &Sealed, raw: &[u8]) -> Option<([u8; 32], [u8; 32])> {
    let mut key = [0; 16];
    Hkdf::<Sha256>::new(Some(&sealed.salt), raw).expand(&[0], &mut key).expect("16 bytes are a length HKDF can give");
    let half = |bytes: &[u8], iv: &[u8; 16]| -> Option<[u8; 32]> {
        let cipher = cbc::Decryptor::<aes::Aes128>::new(&key.into(), iv.into());
        let mut bytes = bytes.to_vec();
        cipher.decrypt_padded::<Pkcs7>(&mut bytes).ok()?.try_into().ok()
    };
    Some((half(&sealed.private, &sealed.private_iv)?, half(&sealed.public, &sealed.public_iv)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::BlockModeEncrypt;

    fn login(private: [u8; 32], public: [u8; 32]) -> [String; 3] {
        let mut key = [0; 16];
        Hkdf::<Sha256>::new(Some(&[9; 128]), &[5; 128]).expand(&[0], &mut key).unwrap();
        let seal = |half: [u8; 32], iv: [u8; 16]| {
            let cipher = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &iv.into());
            let mut bytes = [half.as_slice(), &[0; 16]].concat();
            STANDARD.encode(cipher.encrypt_padded::<Pkcs7>(&mut bytes, 32).unwrap())
        };
        let noise = format!(r#"{{"privKey":"{}","pubKey":"{}"}}"#, seal(private, [2; 16]), seal(public, [1; 16]));
        let ivs = [0u8, 1, 2].map(|n| format!("\"{}\"", STANDARD.encode([n; 16]))).join(",");
        [noise, format!("[{ivs}]"), format!("\"{}\"", STANDARD.encode([9; 128]))]
    }

    fn outcome(login: &[String; 3], raw: u8) -> Outcome {
        let [noise, ivs, salt] = login;
        prove(Local { noise, ivs, salt }, &[[raw; 128].as_slice()])
    }

    #[test]
    fn a_pair_is_proved_and_another_key_refutes_it() {
        let secret = StaticSecret::from([7; 32]);
        let whole = login([7; 32], *PublicKey::from(&secret).as_bytes());
        assert_eq!(outcome(&whole, 5), Outcome::Proved);
        assert_eq!(outcome(&whole, 6), Outcome::Refuted);
        assert_eq!(outcome(&login([7; 32], [8; 32]), 5), Outcome::Mixed);
    }
}
