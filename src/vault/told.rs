//! What the bot told, and what follows for its archives: which generation the server accepts, and which login has ended
//! for good.

use super::Vault;
use super::journal::{Event, Told};
use super::state::Tombstone;
use crate::error::Result;
use crate::verdict::masked;
use jiff::Timestamp;

/// The reasons for which a login has really ended: the server's 401 (logged out), 403 (the main device is gone) and 406
/// (banned), and the phone's removal of the device. Sources: Baileys' `DisconnectReason`, whatsmeow's
/// `ConnectFailureReason`. All others (402, 405, 408, 409, 411, 428, 440, 500, 503, 515, `post_logout` with reason 0,
/// a conflict) leave the login as it was, and an older copy of it logs in again.
const ENDINGS: [&str; 8] = ["401", "403", "406", "device_removed", "loggedOut", "logged_out", "forbidden", "UNPAIRED"];

impl Vault {
    /// Takes down what the bot told.
    pub fn hear(&mut self, what: Told, reason: Option<&str>, now: Timestamp) -> Result<Event> {
        if what == Told::PhoneSeen {
            return self.see_phone(now);
        }
        let ended = what == Told::LoggedOut && reason.is_some_and(|r| ENDINGS.contains(&r));
        let newest = self.newest()?.map(|(_, label)| label);
        self.remember(|s| match what {
            Told::Ready => {
                s.ready = newest.map(|l| l.generation);
                s.tombstone = None;
                if let Some(restored) = &mut s.restored {
                    (restored.accepted, restored.tries) = (true, 0);
                    s.refused.retain(|r| *r != restored.fingerprint);
                }
            }
            Told::LoggedOut if ended => {
                let account = newest.and_then(|l| l.account);
                s.tombstone = Some(Tombstone { time: now, reason: reason.unwrap_or_default().to_owned(), account });
            }
            Told::LoggedOut | Told::Qr | Told::Disconnected | Told::PhoneSeen => {}
        })?;
        let event = Event::Told { what, reason: reason.map(masked_words), ended };
        self.record(now, &event)?;
        Ok(event)
    }

    /// A bot may say so with every message: once an hour is written down, and nothing of it in the journal.
    fn see_phone(&mut self, now: Timestamp) -> Result<Event> {
        let young = |seen: Timestamp| (0..3600).contains(&(now.as_second() - seen.as_second()));
        if !self.state().phone_seen.is_some_and(young) {
            self.remember(|s| s.phone_seen = Some(now))?;
        }
        Ok(Event::Told { what: Told::PhoneSeen, reason: None, ended: false })
    }

    /// A new pairing ends the mourning for the old one.
    pub(super) fn bury(&mut self, account: Option<&String>) -> Result<()> {
        let other = self.state().tombstone.as_ref().is_some_and(|t| t.account.as_ref() != account);
        if other { self.remember(|s| s.tombstone = None) } else { Ok(()) }
    }
}

/// A reason is a word or a code; whatever else a bot puts there must not bring a phone number into the journal, also not one
/// in groups: `+7 999 123-45-67`.
fn masked_words(reason: &str) -> String {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let is_long = |text: &str| digits(text) >= 7;
    let in_groups = is_long(reason);
    let words = reason.split_whitespace().map(|word| match word {
        word if is_long(word) => masked(word),
        word if in_groups && digits(word) > 0 => "•".repeat(digits(word)),
        word => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_brings_no_phone_number_into_the_journal() {
        for (told, kept) in [
            ("401", "401"),
            ("stream error 515", "stream error 515"),
            ("logged out: 79991231234", "logged out: +79•••••1234"),
            ("logged out: +79991231234", "logged out: +79•••••1234"),
            ("by +7 999 123-12-34", "by • ••• ••••"),
            ("by 79991231234:5@c.us", "by +79•••••1234"),
        ] {
            assert_eq!(masked_words(told), kept);
        }
    }
}
