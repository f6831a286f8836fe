//! `wakeep keygen`, `seal` and `unseal`: the plumbing of sealing, in the format of the `age` program.

use super::context::Context;
use super::exit::Exit;
use super::near::near;
use crate::archive::{self, keys, seal};
use crate::error::{Error, Result, Unsealable};
use crate::sync::seals;
use crate::text::Phrase;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Where a new key goes if nothing is said.
const KEY_FILE: &str = "wakeep-key.txt";

/// Makes a key; prints its recipient, the half that may be shown.
pub fn keygen(context: &Context, file: Option<&Path>) -> Result<Exit> {
    let show = &context.show;
    let file = file.unwrap_or(Path::new(KEY_FILE));
    let made = context.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let recipient = keys::write_new(file, &made)?;
    if show.json {
        show.object(&json!({"recipient": recipient, "identity": file.to_string_lossy()}));
        return Ok(Exit::Done);
    }
    show.line(&recipient);
    show.talk(&format!("{} {}", show.lang.phrase(Phrase::KeyWritten), near(file)));
    show.talk(&format!("{}\n  seal_to = \"{recipient}\"", show.lang.phrase(Phrase::SealToLine)));
    Ok(Exit::Done)
}

/// Seals a file beside itself.
pub fn seal(context: &Context, file: &Path, to: Option<PathBuf>) -> Result<Exit> {
    if archive::base_of(file).is_some() {
        return Err(Error::Sealed { path: file.to_owned(), why: Unsealable::Difference });
    }
    let recipients = seals::recipients(&context.config)?;
    let recipients = recipients.ok_or(Error::Sealed { path: file.to_owned(), why: Unsealable::NoRecipient })?;
    let to = to.unwrap_or_else(|| seal::sealed_name(file));
    let bytes = seal::seal_file(file, &to, &recipients)?;
    told(context, &to, bytes)
}

/// Opens a sealed file beside itself.
pub fn unseal(context: &Context, file: &Path, to: Option<PathBuf>) -> Result<Exit> {
    let not_sealed = || Error::Sealed { path: file.to_owned(), why: Unsealable::NotSealed };
    let to = to.or_else(|| seal::plain_name(file)).ok_or_else(not_sealed)?;
    let bytes = seal::unseal_file(file, &to, &seals::identities(&context.config)?)?;
    told(context, &to, bytes)
}

fn told(context: &Context, to: &Path, bytes: u64) -> Result<Exit> {
    let show = &context.show;
    if show.json {
        show.object(&json!({"file": to.to_string_lossy(), "bytes": bytes}));
    } else {
        show.line(&format!("{} {} ({})", show.lang.phrase(Phrase::Wrote), near(to), show.lang.bytes(bytes)));
    }
    Ok(Exit::Done)
}
