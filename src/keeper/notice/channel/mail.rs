//! E-mail by SMTP.

use super::secret::Secret;
use super::{Channel, Undelivered, message};
use crate::config::{Address, Notify};
use crate::error::{Error, Result};
use crate::notice::Notice;
use crate::text::Lang;
use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Message, SmtpTransport, Transport};

pub struct Mail {
    server: Address,
    transport: SmtpTransport,
    from: Mailbox,
    to: Mailbox,
    lang: Lang,
}

impl Mail {
    pub fn of(config: &Notify, lang: Lang) -> Result<Option<Mail>> {
        let Some(to) = &config.email_to else { return Ok(None) };
        let from = config.email_from.as_ref().unwrap_or(to);
        let Some(server) = config.email_server.clone() else {
            return Err(wrong("notify_email_to", "an e-mail address is named, but no server", "notify_email_server"));
        };
        let password = Secret::of("notify_email_password", config.email_password.as_deref())?;
        let mut builder = transport(&server)?.timeout(Some(config.timeout.unsigned_abs()));
        if let (Some(user), Some(password)) = (&config.email_user, password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
        }
        let (from, to) = (mailbox("notify_email_from", from)?, mailbox("notify_email_to", to)?);
        Ok(Some(Mail { server, transport: builder.build(), from, to, lang }))
    }
}

fn transport(server: &Address) -> Result<lettre::transport::smtp::SmtpTransportBuilder> {
    let place = server.host();
    let url = match server.scheme() {
        "smtp+starttls" => format!("smtp://{place}?tls=required"),
        scheme => format!("{scheme}://{place}"),
    };
    SmtpTransport::from_url(&url).map_err(|_| wrong("notify_email_server", "this is no mail server's address", ""))
}

fn mailbox(key: &str, text: &str) -> Result<Mailbox> {
    text.parse().map_err(|_| wrong(key, "this is no e-mail address", ""))
}

fn wrong(place: &str, problem: &str, suggestion: &str) -> Error {
    let suggestion = Some(suggestion.to_owned()).filter(|s| !s.is_empty());
    Error::Config { place: place.to_owned(), problem: problem.to_owned(), suggestion }
}

impl Channel for Mail {
    fn name(&self) -> &'static str {
        "email"
    }

    fn host(&self) -> &str {
        self.server.host()
    }

    fn deliver(&self, notices: &[Notice], now: Timestamp) -> std::result::Result<(), Undelivered> {
        let (title, below) = message(self.lang, notices, now);
        let mail = Message::builder().from(self.from.clone()).to(self.to.clone()).subject(&title);
        let mail = mail.header(ContentType::TEXT_PLAIN).body(format!("{title}\n\n{below}\n"));
        let mail = mail.map_err(|_| Undelivered("the message can't be written as e-mail".to_owned()))?;
        self.transport.send(&mail).map(drop).map_err(|e| Undelivered(kind(&e)))
    }
}

fn kind(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("SMTP {code}"),
        None if error.is_timeout() => "timeout".to_owned(),
        None if error.is_tls() => "TLS failed".to_owned(),
        None => "connection failed".to_owned(),
    }
}
