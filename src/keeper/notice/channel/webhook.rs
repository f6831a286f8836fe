//! Notices as JSON to an address of the owner's. `docs/notifications.md` is the contract; the signature is an
//! HMAC-SHA256 of time and body, so that an old one can't be played back.

use super::secret::Secret;
use super::{Channel, http};
use crate::config::{Address, Notify};
use crate::error::Result;
use crate::notice::{Notice, Undelivered};
use crate::text::Lang;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use ureq::Agent;

#[derive(Debug)]
pub struct Webhook {
    address: Address,
    secret: Option<Secret>,
    lang: Lang,
    agent: Agent,
}

impl Webhook {
    pub fn of(config: &Notify, lang: Lang) -> Result<Option<Webhook>> {
        let Some(address) = config.webhook.clone() else { return Ok(None) };
        let secret = Secret::of("notify_webhook_secret", config.webhook_secret.as_deref())?;
        Ok(Some(Webhook { address, secret, lang, agent: http::agent(config.timeout.unsigned_abs()) }))
    }
}

impl Channel for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn host(&self) -> &str {
        self.address.host()
    }

    fn deliver(&self, notices: &[Notice], now: Timestamp) -> std::result::Result<(), Undelivered> {
        let body = body(self.lang, notices, now).to_string();
        let time = now.as_second().to_string();
        let signature = self.secret.as_ref().map(|s| sign(s.reveal(), &time, &body));
        let mut headers = vec![("Content-Type", "application/json"), ("X-Wakeep-Timestamp", time.as_str())];
        headers.extend(signature.as_deref().map(|s| ("X-Wakeep-Signature", s)));
        http::post(&self.agent, self.address.secret(), &headers, &body)
    }
}

fn body(lang: Lang, notices: &[Notice], now: Timestamp) -> Value {
    let one = |notice: &Notice| {
        let mut value = serde_json::to_value(notice).expect("a notice has string keys only");
        value["title"] = json!(lang.title(notice));
        value["text"] = json!(lang.notice(notice, now));
        value
    };
    json!({"version": 1, "notices": notices.iter().map(one).collect::<Vec<_>>()})
}

/// `sha256=` and the hexadecimal HMAC of `<time>.<body>`.
fn sign(secret: &str, time: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{time}.{body}").as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value is openssl's: `printf '1700000000.{}' | openssl dgst -sha256 -hmac key`.
    #[test]
    fn the_signature_is_what_openssl_says() {
        let expected = "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae";
        assert_eq!(sign("key", "1700000000", "{}"), expected);
    }
}
