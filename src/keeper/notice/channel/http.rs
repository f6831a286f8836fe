//! One HTTP request with a time limit. What went wrong is told by its kind: an address may hold a secret.

use super::trust;
use crate::notice::Undelivered;
use std::time::Duration;
use ureq::{Agent, Error};

/// An agent whose requests take so long at most. It follows no redirect: what is signed for one host isn't for another.
pub fn agent(limit: Duration) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(limit.max(Duration::from_millis(100))))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .user_agent(concat!("wakeep/", env!("CARGO_PKG_VERSION")))
        .build();
    config.into()
}

/// Posts a body with these headers.
pub fn post(agent: &Agent, url: &str, headers: &[(&str, &str)], body: &str) -> Result<(), Undelivered> {
    let request = headers.iter().fold(agent.post(url), |r, (name, value)| r.header(*name, *value));
    let answer = request.send(body).map_err(|e| why(&e))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(Undelivered::Http(status.as_u16())),
    }
}

fn why(error: &Error) -> Undelivered {
    if let Some(distrust) = trust::distrust(error) {
        return Undelivered::Untrusted(distrust);
    }
    match error {
        Error::Timeout(_) => Undelivered::Timeout,
        Error::HostNotFound => Undelivered::HostNotFound,
        Error::Tls(_) | Error::Rustls(_) => Undelivered::Tls,
        Error::Io(e) if trust::is_late(e) => Undelivered::Timeout,
        Error::Io(_) | Error::ConnectionFailed => Undelivered::NotReached,
        _ => Undelivered::NoAnswer,
    }
}
