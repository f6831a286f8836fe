//! E-mail by SMTP, encrypted where the address says so, with a login where one is named.

use super::secret::Secret;
use super::{Channel, message, trust};
use crate::config::{Address, Notify};
use crate::error::{At, Error, Missing, Problem, Result};
use crate::notice::{Notice, Undelivered};
use crate::text::Lang;
use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::SmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use std::fs;
use std::net::IpAddr;
use std::path::Path;

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
            return Err(wrong("notify_email_to", Problem::Alone(Missing::MailServer), "notify_email_server"));
        };
        let mut builder = transport(&server, config.email_ca.as_deref())?.timeout(Some(config.timeout.unsigned_abs()));
        if let Some(login) = login(config, &server)? {
            builder = builder.credentials(login);
        }
        let (from, to) = (mailbox("notify_email_from", from)?, mailbox("notify_email_to", to)?);
        Ok(Some(Mail { server, transport: builder.build(), from, to, lang }))
    }
}

/// User and password. One without the other, or both in clear over a line, is a mistake and not a wish.
fn login(config: &Notify, server: &Address) -> Result<Option<Credentials>> {
    let password = Secret::of("notify_email_password", config.email_password.as_deref())?;
    match (&config.email_user, password) {
        (Some(_), Some(_)) if server.scheme() == "smtp" && !is_here(server) => {
            Err(wrong("notify_email_server", Problem::PasswordInClear, "smtp+starttls://"))
        }
        (Some(user), Some(password)) => Ok(Some(Credentials::new(user.clone(), password.reveal().to_owned()))),
        (Some(_), None) => {
            Err(wrong("notify_email_user", Problem::Alone(Missing::MailPassword), "notify_email_password_file"))
        }
        (None, Some(_)) => {
            Err(wrong("notify_email_password_file", Problem::Alone(Missing::MailUser), "notify_email_user"))
        }
        (None, None) => Ok(None),
    }
}

/// Host and port as the address has them.
fn place(server: &Address) -> (&str, Option<u16>) {
    let all = server.host();
    match all.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (bare(host), port.parse().ok()),
        _ => (bare(all), None),
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}

fn is_here(server: &Address) -> bool {
    let (host, _) = place(server);
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Ports by RFC 8314: 465 where encryption comes first, 587 where it is asked for; 25 in clear.
fn transport(server: &Address, authority: Option<&Path>) -> Result<SmtpTransportBuilder> {
    let (host, port) = place(server);
    if server.secret().contains('@') {
        let problem = Problem::UserInAddress;
        return Err(wrong("notify_email_server", problem, "notify_email_user, notify_email_password_file"));
    }
    let encrypted = || parameters(host, authority);
    let (tls, usual) = match server.scheme() {
        "smtps" => (Tls::Wrapper(encrypted()?), 465),
        "smtp+starttls" => (Tls::Required(encrypted()?), 587),
        _ => (Tls::None, 25),
    };
    Ok(SmtpTransport::builder_dangerous(host).tls(tls).port(port.unwrap_or(usual)))
}

/// Whom to believe: the public authorities, and one of the owner's.
fn parameters(host: &str, authority: Option<&Path>) -> Result<TlsParameters> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = authority {
        let text = fs::read(file).at("reading", file)?;
        let no_certificate = || wrong("notify_email_ca_file", Problem::NoCertificate(file.to_owned()), "");
        if !text.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") {
            return Err(no_certificate());
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&text).map_err(|_| no_certificate())?);
    }
    builder.build().map_err(|_| wrong("notify_email_ca_file", Problem::BadCertificates, ""))
}

fn mailbox(key: &str, text: &str) -> Result<Mailbox> {
    text.parse().map_err(|_| wrong(key, Problem::NoMailAddress, ""))
}

fn wrong(place: &str, problem: Problem, suggestion: &str) -> Error {
    let suggestion = Some(suggestion.to_owned()).filter(|s| !s.is_empty());
    Error::Config { place: place.to_owned(), problem, suggestion }
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
        let mail = mail.map_err(|_| Undelivered::Unwritable)?;
        self.transport.send(&mail).map(drop).map_err(|e| why(&e))
    }
}

/// Codes of logging in: RFC 4954, section 6.
fn why(error: &lettre::transport::smtp::Error) -> Undelivered {
    if let Some(distrust) = trust::distrust(error) {
        return Undelivered::Untrusted(distrust);
    }
    let of_system = trust::of_system(error);
    match error.status().map(u16::from) {
        Some(535) => Undelivered::LoginRefused,
        Some(530) => Undelivered::LoginWanted,
        Some(code) => Undelivered::Smtp(code),
        // The library's own words: it has no kinds for these.
        None if error.is_client() && error.to_string().contains("authentication") => Undelivered::LoginUnknown,
        None if error.is_client() && error.to_string().contains("STARTTLS") => Undelivered::NoStarttls,
        None if error.is_timeout() || of_system.is_some_and(trust::is_late) => Undelivered::Timeout,
        None if error.to_string().contains("failed to lookup address") => Undelivered::HostNotFound,
        None if error.is_tls() || of_system.is_some_and(|e| e.kind() == std::io::ErrorKind::InvalidData) => {
            Undelivered::Tls
        }
        None if error.is_response() => Undelivered::NoAnswer,
        None => Undelivered::NotReached,
    }
}
