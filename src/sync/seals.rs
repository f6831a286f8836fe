//! For whom archives are sealed when they leave the machine, and the keys that open them, as the owner configured them.

use crate::archive::keys::{Identities, Passphrase, Recipients};
use crate::config::Config;
use crate::error::{At, Result};
use std::fs;
use std::path::Path;

/// For whom archives are sealed; `None` where nothing is configured. Recipients come first; a passphrase alone seals
/// as well.
///
/// # Errors
/// `Config` for what is no recipient; `Io`.
pub fn recipients(config: &Config) -> Result<Option<Recipients>> {
    let mut all: Option<Recipients> = None;
    for named in &config.seal_to {
        let more = if named.starts_with("age1") || named.starts_with("ssh-") || named.starts_with("AGE-") {
            Recipients::read(named, "seal_to")?
        } else {
            let path = Path::new(named);
            Recipients::read(&fs::read_to_string(path).at("reading", path)?, named)?
        };
        all = Some(match all {
            Some(others) => others.and(more),
            None => more,
        });
    }
    if all.is_none() && config.identity.is_none() {
        return Ok(config.passphrase()?.map(|(text, _)| Recipients::who_know(&Passphrase::new(&text))));
    }
    Ok(all)
}

/// The keys that open what is sealed; none where nothing is configured.
///
/// # Errors
/// `Sealed` for a file that holds no usable key; `Io`.
pub fn identities(config: &Config) -> Result<Identities> {
    let mut keys = Identities::default();
    let passphrase = config.passphrase()?.map(|(text, _)| Passphrase::new(&text));
    if let Some((text, place)) = config.identity_key()? {
        keys.add(&text, passphrase.as_ref(), &place)?;
    }
    if let Some(passphrase) = &passphrase {
        keys.add_passphrase(passphrase);
    }
    Ok(keys)
}
