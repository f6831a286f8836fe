//! The ways to a person: each sends a few notices at once and says whether they arrived. Nothing here repeats a secret:
//! addresses are shown by their host, errors by their kind.

mod http;
mod mail;
mod ntfy;
pub mod ping;
mod secret;
mod telegram;
mod webhook;

use crate::config::Notify;
use crate::error::Result;
use crate::notice::Notice;
use crate::text::Lang;
use jiff::Timestamp;

/// A way to a person.
pub trait Channel: Send {
    /// The stable name.
    fn name(&self) -> &'static str;
    /// The host it goes to: all of its address that may be shown.
    fn host(&self) -> &str;
    /// Sends; `Ok` means that the other side has taken it.
    fn deliver(&self, notices: &[Notice], now: Timestamp) -> std::result::Result<(), Undelivered>;
}

/// Why something didn't arrive: a kind of error or a status, without address or secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered(pub String);

/// The channels that the configuration names. Secrets are read once, here.
pub fn all(config: &Notify, lang: Lang) -> Result<Vec<Box<dyn Channel>>> {
    let mut found: Vec<Box<dyn Channel>> = Vec::new();
    if let Some(webhook) = webhook::Webhook::of(config, lang)? {
        found.push(Box::new(webhook));
    }
    if let Some(telegram) = telegram::Telegram::of(config, lang)? {
        found.push(Box::new(telegram));
    }
    if let Some(mail) = mail::Mail::of(config, lang)? {
        found.push(Box::new(mail));
    }
    if let Some(ntfy) = ntfy::Ntfy::of(config, lang)? {
        found.push(Box::new(ntfy));
    }
    Ok(found)
}

/// How many notices a message for people shows in full.
const SHOWN: usize = 10;

/// Several notices as one message: a title and what stands below it.
fn message(lang: Lang, notices: &[Notice], now: Timestamp) -> (String, String) {
    if let [one] = notices {
        return (lang.title(one), lang.notice(one, now));
    }
    let title = format!("wakeep: {}", notices.len());
    let shown = notices.iter().take(SHOWN).map(|n| format!("{}\n{}", lang.title(n), lang.notice(n, now)));
    let mut parts: Vec<String> = shown.collect();
    if notices.len() > SHOWN {
        parts.push(lang.and_more(notices.len() - SHOWN));
    }
    (title, parts.join("\n\n"))
}
