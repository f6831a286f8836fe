//! The ways to a person: each sends a few notices at once and says whether they arrived. Nothing here repeats a secret:
//! addresses are shown by their host, errors by their kind.

mod http;
mod mail;
mod ntfy;
pub mod ping;
mod secret;
mod telegram;
mod trust;
mod webhook;

use crate::config::Notify;
use crate::error::{Error, Result};
use crate::notice::{Notice, Undelivered};
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

/// The channels that the configuration names, and what is wrong with those that can't be used: one bad secret silences
/// its own channel only. Secrets are read once, here.
pub fn all(config: &Notify, lang: Lang) -> (Vec<Box<dyn Channel>>, Vec<Error>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    let ways = [
        boxed(webhook::Webhook::of(config, lang)),
        boxed(telegram::Telegram::of(config, lang)),
        boxed(mail::Mail::of(config, lang)),
        boxed(ntfy::Ntfy::of(config, lang)),
    ];
    for way in ways {
        match way {
            Ok(channel) => found.extend(channel),
            Err(e) => errors.push(e),
        }
    }
    (found, errors)
}

fn boxed<C: Channel + 'static>(channel: Result<Option<C>>) -> Result<Option<Box<dyn Channel>>> {
    channel.map(|c| c.map(|c| Box::new(c) as Box<dyn Channel>))
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
