//! One HTTP request with a time limit. What went wrong is told by its kind: an address may hold a secret.

use super::Undelivered;
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
    let answer = request.send(body).map_err(|e| Undelivered(kind(&e)))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(Undelivered(format!("HTTP {}", status.as_u16()))),
    }
}

fn kind(error: &Error) -> String {
    match error {
        Error::Io(e) => e.kind().to_string(),
        Error::Timeout(_) => "timeout".to_owned(),
        Error::HostNotFound => "host not found".to_owned(),
        Error::Tls(_) | Error::Rustls(_) => "TLS failed".to_owned(),
        Error::ConnectionFailed => "connection failed".to_owned(),
        _ => "no valid answer".to_owned(),
    }
}
