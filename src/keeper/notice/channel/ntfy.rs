//! A topic of ntfy's. Source of the form: <https://docs.ntfy.sh/publish/#publish-as-json>

use super::secret::Secret;
use super::{Channel, http, message};
use crate::config::{Address, Notify};
use crate::error::Result;
use crate::notice::{News, Notice, Undelivered};
use crate::text::Lang;
use jiff::Timestamp;
use serde_json::json;
use ureq::Agent;

#[derive(Debug)]
pub struct Ntfy {
    address: Address,
    token: Option<Secret>,
    lang: Lang,
    agent: Agent,
}

impl Ntfy {
    pub fn of(config: &Notify, lang: Lang) -> Result<Option<Ntfy>> {
        let Some(address) = config.ntfy.clone() else { return Ok(None) };
        let token = Secret::of("notify_ntfy_token", config.ntfy_token.as_deref())?;
        Ok(Some(Ntfy { address, token, lang, agent: http::agent(config.timeout.unsigned_abs()) }))
    }
}

impl Channel for Ntfy {
    fn name(&self) -> &'static str {
        "ntfy"
    }

    fn host(&self) -> &str {
        self.address.host()
    }

    fn deliver(&self, notices: &[Notice], now: Timestamp) -> std::result::Result<(), Undelivered> {
        // As JSON to the server's root: headers can't hold Russian.
        let (server, topic) = self.address.secret().rsplit_once('/').unwrap_or_default();
        let grave = |n: &Notice| matches!(&n.news, News::Began { condition } if condition.is_grave());
        let (title, message) = message(self.lang, notices, now);
        let priority = if notices.iter().any(grave) { 5 } else { 3 };
        let body = json!({"topic": topic, "title": title, "message": message, "priority": priority}).to_string();
        let bearer = self.token.as_ref().map(|t| format!("Bearer {}", t.reveal()));
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(bearer.as_deref().map(|b| ("Authorization", b)));
        http::post(&self.agent, server, &headers, &body)
    }
}
