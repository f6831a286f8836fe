//! What is said of the ways to a person: that something arrived, or why it didn't. Both languages stand beside each
//! other here.

use super::Lang;
use crate::notice::{Distrust, Undelivered};

impl Lang {
    /// That a channel was tried.
    pub fn delivered(self, channel: &str, place: &str) -> String {
        match self {
            Lang::En => format!("{channel} ({place}): delivered"),
            Lang::Ru => format!("{channel} ({place}): доставлено"),
        }
    }

    /// That a channel failed.
    pub fn undelivered(self, channel: &str, place: &str, why: Undelivered) -> String {
        let why = self.why_undelivered(why);
        match self {
            Lang::En => format!("{channel} ({place}): not delivered: {why}"),
            Lang::Ru => format!("{channel} ({place}): не доставлено: {why}"),
        }
    }

    /// Why something didn't arrive, within a sentence.
    pub fn why_undelivered(self, why: Undelivered) -> String {
        match self {
            Lang::En => en(why),
            Lang::Ru => ru(why),
        }
    }
}

fn en(why: Undelivered) -> String {
    let words = match why {
        Undelivered::Http(status) => return format!("the server answered with HTTP {status}"),
        Undelivered::Smtp(code) => return format!("the mail server answered with code {code}"),
        Undelivered::LoginRefused => "the mail server refuses this user and password",
        Undelivered::LoginWanted => "the mail server wants user and password (notify_email_user)",
        Undelivered::LoginUnknown => "the mail server offers no login; it may want encryption (smtp+starttls://)",
        Undelivered::NoStarttls => "the mail server doesn't offer encryption (STARTTLS)",
        Undelivered::Untrusted(Distrust::Issuer) => "the server's certificate is signed by nobody who is trusted here",
        Undelivered::Untrusted(Distrust::Name) => "the server's certificate is for another name",
        Undelivered::Untrusted(Distrust::Time) => "the server's certificate has expired, or the clock here is wrong",
        Undelivered::Untrusted(Distrust::Other) => "the server's certificate isn't valid",
        Undelivered::Tls => "encryption with the server failed; the port may be one without it",
        Undelivered::Timeout => "no answer in time (notify_timeout)",
        Undelivered::HostNotFound => "this host isn't known",
        Undelivered::NotReached => "the server can't be reached",
        Undelivered::NoAnswer => "the answer makes no sense; another kind of server may listen there",
        Undelivered::Unwritable => "this can't be written as e-mail",
    };
    words.to_owned()
}

fn ru(why: Undelivered) -> String {
    let words = match why {
        Undelivered::Http(status) => return format!("сервер ответил HTTP {status}"),
        Undelivered::Smtp(code) => return format!("почтовый сервер ответил кодом {code}"),
        Undelivered::LoginRefused => "почтовый сервер не принимает этого пользователя и пароль",
        Undelivered::LoginWanted => "почтовому серверу нужны пользователь и пароль (notify_email_user)",
        Undelivered::LoginUnknown => {
            "почтовый сервер не предлагает входа; возможно, нужно шифрование (smtp+starttls://)"
        }
        Undelivered::NoStarttls => "почтовый сервер не предлагает шифрования (STARTTLS)",
        Undelivered::Untrusted(Distrust::Issuer) => "сертификат сервера не подписан никем, кому здесь доверяют",
        Undelivered::Untrusted(Distrust::Name) => "сертификат сервера выдан на другое имя",
        Undelivered::Untrusted(Distrust::Time) => "срок сертификата сервера истёк, или здесь неверны часы",
        Undelivered::Untrusted(Distrust::Other) => "сертификат сервера недействителен",
        Undelivered::Tls => "шифрование с сервером не удалось; возможно, этот порт без него",
        Undelivered::Timeout => "ответа нет вовремя (notify_timeout)",
        Undelivered::HostNotFound => "такой узел не найден",
        Undelivered::NotReached => "до сервера не достучаться",
        Undelivered::NoAnswer => "ответ непонятен; возможно, там отвечает сервер другого рода",
        Undelivered::Unwritable => "это не записать письмом",
    };
    words.to_owned()
}
