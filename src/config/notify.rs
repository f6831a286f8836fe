//! Whom to tell, and when: the `notify_…` keys. Secrets stand in files that these keys name, never here; an address
//! may hold one, so it is shown by its host alone.

use super::field::Field;
use crate::error::{Result, Wanted};
use jiff::SignedDuration;
use std::fmt;
use std::path::PathBuf;

/// Whom to tell, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Where notices are posted as JSON.
    pub webhook: Option<Address>,
    /// The file with the secret that signs them.
    pub webhook_secret: Option<PathBuf>,
    /// The Telegram chat that gets them.
    pub telegram_chat: Option<String>,
    /// The file with the bot's token.
    pub telegram_token: Option<PathBuf>,
    /// Telegram's own server, or one in between.
    pub telegram_api: Address,
    /// What is called at the start and the end of every round, as healthchecks.io understands it.
    pub ping: Option<Address>,
    /// Who gets e-mail.
    pub email_to: Option<String>,
    /// From whom.
    pub email_from: Option<String>,
    /// The mail server: `smtp://`, `smtp+starttls://` or `smtps://`.
    pub email_server: Option<Address>,
    /// The user there.
    pub email_user: Option<String>,
    /// The file with that user's password.
    pub email_password: Option<PathBuf>,
    /// The file with a certificate authority of one's own, in PEM form.
    pub email_ca: Option<PathBuf>,
    /// The ntfy topic's address.
    pub ntfy: Option<Address>,
    /// The file with the access token there.
    pub ntfy_token: Option<PathBuf>,
    /// After how long without a good round somebody is told.
    pub archive_age: SignedDuration,
    /// Less free space than this is told, in bytes.
    pub free: u64,
    /// How long one attempt to tell may take.
    pub timeout: SignedDuration,
}

impl Default for Notify {
    fn default() -> Notify {
        Notify {
            webhook: None,
            webhook_secret: None,
            telegram_chat: None,
            telegram_token: None,
            telegram_api: Address("https://api.telegram.org".to_owned()),
            ping: None,
            email_to: None,
            email_from: None,
            email_server: None,
            email_user: None,
            email_password: None,
            email_ca: None,
            ntfy: None,
            ntfy_token: None,
            archive_age: SignedDuration::from_mins(30),
            free: 500_000_000,
            timeout: SignedDuration::from_secs(20),
        }
    }
}

impl Notify {
    /// Sets one key, if it is one of these.
    pub(super) fn set(&mut self, field: &Field) -> Result<bool> {
        match field.key {
            "notify_webhook" => self.webhook = Some(field.address(&["http", "https"])?),
            "notify_webhook_secret_file" => self.webhook_secret = Some(field.path()?),
            "notify_telegram_chat" => self.telegram_chat = Some(field.chat()?),
            "notify_telegram_token_file" => self.telegram_token = Some(field.path()?),
            "notify_telegram_api" => self.telegram_api = field.address(&["http", "https"])?,
            "notify_ping" => self.ping = Some(field.address(&["http", "https"])?),
            "notify_email_to" => self.email_to = Some(field.text()?.to_owned()),
            "notify_email_from" => self.email_from = Some(field.text()?.to_owned()),
            "notify_email_server" => {
                self.email_server = Some(field.address(&["smtp", "smtp+starttls", "smtps"])?);
            }
            "notify_email_user" => self.email_user = Some(field.text()?.to_owned()),
            "notify_email_password_file" => self.email_password = Some(field.path()?),
            "notify_email_ca_file" => self.email_ca = Some(field.path()?),
            "notify_ntfy" => self.ntfy = Some(field.address(&["http", "https"])?),
            "notify_ntfy_token_file" => self.ntfy_token = Some(field.path()?),
            "notify_archive_age" => self.archive_age = field.duration()?,
            "notify_free" => self.free = field.size()?,
            "notify_timeout" => self.timeout = field.duration()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// An address that may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The whole of it: for whoever calls it, never for people.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// The scheme: `https`.
    pub fn scheme(&self) -> &str {
        self.0.split("://").next().unwrap_or_default()
    }

    /// Host and port, without what stands before an `@` and behind them.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
        place.rsplit_once('@').map_or(place, |(_, host)| host)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.scheme(), self.host())
    }
}

impl Field<'_> {
    fn address(&self, schemes: &[&str]) -> Result<Address> {
        let address = Address(self.text()?.trim_end_matches('/').to_owned());
        let plain = !address.0.chars().any(|c| c.is_whitespace() || c.is_control());
        let known = address.0.contains("://") && schemes.contains(&address.scheme());
        if known && plain && !address.host().is_empty() {
            return Ok(address);
        }
        // The value itself isn't shown: it may hold a secret.
        Err(self.wants(Wanted::Address(schemes.iter().map(|s| (*s).to_owned()).collect())))
    }

    /// A chat's number may be written without quotes.
    fn chat(&self) -> Result<String> {
        match self.value {
            toml::Value::Integer(n) => Ok(n.to_string()),
            _ => Ok(self.text()?.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    fn set(key: &str, value: &str) -> Result<Config> {
        let mut config = Config::default();
        config.set(key, &toml::Value::String(value.to_owned()), Path::new("/bot"), "wakeep.toml").map(|()| config)
    }

    #[test]
    fn an_address_is_shown_by_its_host_alone() {
        let config = set("notify_webhook", "https://user:pw@hooks.example.com:8443/T0/secret?key=1").unwrap();
        let shown = format!("{config:?}");
        assert!(shown.contains("hooks.example.com:8443") && !shown.contains("/secret") && !shown.contains("pw"));
    }

    #[test]
    fn a_wrong_address_is_refused_without_repeating_it() {
        for bad in ["hooks.example.com/secret", "ftp://a/secret", "https://a b/secret", "https:///secret"] {
            let said = format!("{:?}", set("notify_webhook", bad).unwrap_err());
            assert!(said.contains("notify_webhook") && !said.contains("secret"), "{said}");
        }
    }
}
