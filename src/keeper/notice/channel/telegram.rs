//! A Telegram bot's message. Source of the call: <https://core.telegram.org/bots/api#sendmessage>

use super::secret::Secret;
use super::{Channel, http, message};
use crate::config::{Address, Notify};
use crate::error::{Error, Missing, Problem, Result};
use crate::notice::{Notice, Undelivered};
use crate::text::Lang;
use jiff::Timestamp;
use serde_json::json;
use ureq::Agent;

/// Telegram refuses longer messages (4096 characters after parsing).
const LONGEST: usize = 4000;

#[derive(Debug)]
pub struct Telegram {
    api: Address,
    token: Secret,
    chat: String,
    lang: Lang,
    agent: Agent,
}

impl Telegram {
    pub fn of(config: &Notify, lang: Lang) -> Result<Option<Telegram>> {
        let Some(chat) = config.telegram_chat.clone() else { return Ok(None) };
        let token = Secret::of("notify_telegram_token", config.telegram_token.as_deref())?;
        let Some(token) = token else {
            let problem = Problem::Alone(Missing::TelegramToken);
            let suggestion = Some("notify_telegram_token_file".to_owned());
            return Err(Error::Config { place: "notify_telegram_chat".to_owned(), problem, suggestion });
        };
        let agent = http::agent(config.timeout.unsigned_abs());
        Ok(Some(Telegram { api: config.telegram_api.clone(), token, chat, lang, agent }))
    }
}

impl Channel for Telegram {
    fn name(&self) -> &'static str {
        "telegram"
    }

    fn host(&self) -> &str {
        self.api.host()
    }

    fn deliver(&self, notices: &[Notice], now: Timestamp) -> std::result::Result<(), Undelivered> {
        let (title, below) = message(self.lang, notices, now);
        let text: String = format!("{title}\n{below}").chars().take(LONGEST).collect();
        let body = json!({"chat_id": self.chat, "text": text, "disable_web_page_preview": true}).to_string();
        let url = format!("{}/bot{}/sendMessage", self.api.secret(), self.token.reveal());
        http::post(&self.agent, &url, &[("Content-Type", "application/json")], &body)
    }
}
