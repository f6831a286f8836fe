//! The curve of the Signal protocol, for looking only: which public key belongs to a private one, and whether a
//! signature is right. It signs nothing and makes no keys.
//!
//! Signatures are XEdDSA as libsignal makes them (signal.org/docs/specifications/xeddsa): an Ed25519 signature under
//! the Edwards form of an X25519 key, the sign of that form in the signature's highest bit.

use curve25519_dalek::{EdwardsPoint, MontgomeryPoint, Scalar};
use sha2::{Digest, Sha512};

/// An X25519 key, private or public.
pub type Key = [u8; 32];

/// Domain separation of what WhatsApp's account key signs, and of what a device signs: for ordinary devices, then for
/// hosted ones (`WA_ADV_*_SIG_PREFIX` of Baileys' `Defaults`; whatsmeow's `pair.go`).
const ACCOUNT_PREFIXES: [&[u8]; 2] = [&[6, 0], &[6, 5]];
const DEVICE_PREFIXES: [&[u8]; 2] = [&[6, 1], &[6, 6]];

/// The public key of a private one.
pub fn public_of(private: &Key) -> Key {
    MontgomeryPoint::mul_base_clamped(*private).to_bytes()
}

/// Whether `signature` is the signature of the joined parts of a message under a public key.
pub fn verifies(public: &Key, message: &[&[u8]], signature: &[u8; 64]) -> bool {
    let sign = signature[63] >> 7;
    let (mut r, mut s) = ([0; 32], [0; 32]);
    r.copy_from_slice(&signature[..32]);
    s.copy_from_slice(&signature[32..]);
    s[31] &= 0x7f;
    let Some(a) = MontgomeryPoint(*public).to_edwards(sign) else {
        return false;
    };
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)) else {
        return false;
    };
    let mut hash = Sha512::new();
    hash.update(r);
    hash.update(a.compress().0);
    message.iter().for_each(|part| hash.update(part));
    let h = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &-a, &s).compress().0 == r
}

/// What links a device to a phone: who it is, and who vouches for it.
pub struct Link<'a> {
    /// The device's public identity key.
    pub identity: &'a Key,
    /// The serialized `ADVDeviceIdentity`.
    pub details: &'a [u8],
    /// The phone's public key and its signature of the device.
    pub account: (&'a Key, &'a [u8; 64]),
    /// The device's signature of the phone.
    pub device: &'a [u8; 64],
}

impl Link<'_> {
    /// Whether the phone's signature is right.
    pub fn account_vouches(&self) -> bool {
        let (key, signature) = self.account;
        ACCOUNT_PREFIXES.iter().any(|prefix| verifies(key, &[prefix, self.details, self.identity], signature))
    }

    /// Whether the device's own signature is right.
    pub fn device_agrees(&self) -> bool {
        let (key, _) = self.account;
        DEVICE_PREFIXES
            .iter()
            .any(|prefix| verifies(self.identity, &[prefix, self.details, self.identity, key], self.device))
    }
}

/// Whether the signed pre-key is signed by the identity key. What is signed is the public key behind the byte 5
/// (`KEY_BUNDLE_TYPE`, libsignal's mark of Curve25519).
pub fn pre_key_is_signed(identity: &Key, pre_key: &Key, signature: &[u8; 64]) -> bool {
    verifies(identity, &[&[5], pre_key], signature)
}
