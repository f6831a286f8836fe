//! Who may see, and who may do: the Host header against DNS rebinding, the token, the marks of a request that only our
//! own page makes; and the headers that every answer carries.

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Response};
use std::net::{IpAddr, SocketAddr};
use subtle::ConstantTimeEq;

/// The cookie with the token.
pub const COOKIE_NAME: &str = "wakeep";

/// Only scripts of the page's own origin can send it.
const MARK: &str = "x-wakeep";

/// The rules at the door.
pub struct Gate {
    token: String,
    at: SocketAddr,
    name: Option<String>,
}

impl Gate {
    /// For a server at this address, reached under this name as well.
    pub fn new(token: String, at: SocketAddr, name: Option<String>) -> Gate {
        Gate { token, at, name }
    }

    /// Whether looking needs the token: whoever else is on this machine may look at what it shows without.
    pub fn is_guarded(&self) -> bool {
        !self.at.ip().is_loopback() || self.name.is_some()
    }

    /// A page of somebody else's whose name points here (DNS rebinding) carries that name.
    pub fn knows_host(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(HOST).and_then(|h| h.to_str().ok()) else { return false };
        let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
        let address: Option<IpAddr> = name.trim_start_matches('[').trim_end_matches(']').parse().ok();
        match address {
            // A name is needed to rebind; an address can't be.
            Some(ip) => ip.is_loopback() || !self.at.ip().is_loopback(),
            None => name == "localhost" || self.name.as_deref() == Some(name),
        }
    }

    /// Whether the request carries the token.
    pub fn has_token(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|h| h.to_str().ok()?.strip_prefix("Bearer "));
        let cookies = headers.get_all(COOKIE).iter().filter_map(|h| h.to_str().ok());
        let ours = |c: &str| c.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('=').map(str::to_owned);
        let cookie = cookies.flat_map(|c| c.split(';')).find_map(ours);
        bearer.is_some_and(|t| self.is_token(t)) || cookie.is_some_and(|t| self.is_token(&t))
    }

    /// Compares in constant time.
    pub fn is_token(&self, text: &str) -> bool {
        text.as_bytes().ct_eq(self.token.as_bytes()).into()
    }

    /// Whether only our own page, or a program, can have made this request.
    pub fn is_own(&self, headers: &HeaderMap) -> bool {
        let text = |h: Option<&HeaderValue>| h.and_then(|h| h.to_str().ok()).map(str::to_owned);
        let site = text(headers.get("sec-fetch-site"));
        let origin = text(headers.get(ORIGIN)).map(|o| o.split_once("://").map_or(o.clone(), |(_, h)| h.to_owned()));
        headers.contains_key(MARK)
            && site.is_none_or(|s| s == "same-origin")
            && origin.is_none_or(|o| Some(o) == text(headers.get(HOST)))
    }

    /// Whether no page of somebody else's makes this request, as far as the browser says (Fetch Metadata).
    pub fn is_no_foreign_page(&self, headers: &HeaderMap) -> bool {
        headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
    }
}

/// What every answer carries: nothing is framed, guessed, cached, or loaded from elsewhere.
pub fn harden<B>(answer: &mut Response<B>) {
    const HEADERS: [(&str, &str); 7] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ];
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    fn gate(at: &str) -> Gate {
        Gate::new("0123456789abcdef".into(), at.parse().unwrap(), None)
    }

    #[test]
    fn a_name_that_points_here_is_a_stranger() {
        let gate = gate("127.0.0.1:9477");
        for (host, known) in [
            ("127.0.0.1:9477", true),
            ("localhost:9477", true),
            ("[::1]:9477", true),
            ("evil.example:9477", false),
            ("192.168.1.5:9477", false),
            ("127.0.0.1.evil.example", false),
        ] {
            assert_eq!(gate.knows_host(&headers(&[("host", host)])), known, "{host}");
        }
        assert!(!gate.knows_host(&headers(&[])));
    }

    #[test]
    fn only_our_own_page_acts() {
        let gate = gate("127.0.0.1:9477");
        let host = ("host", "127.0.0.1:9477");
        assert!(gate.is_own(&headers(&[host, ("x-wakeep", "1"), ("origin", "http://127.0.0.1:9477")])));
        assert!(!gate.is_own(&headers(&[host, ("origin", "http://127.0.0.1:9477")])));
        assert!(!gate.is_own(&headers(&[host, ("x-wakeep", "1"), ("origin", "http://evil.example")])));
        assert!(!gate.is_own(&headers(&[host, ("x-wakeep", "1"), ("sec-fetch-site", "cross-site")])));
    }

    #[test]
    fn other_peoples_pages_cannot_make_it_work() {
        let gate = gate("127.0.0.1:9477");
        for (site, may) in [("same-origin", true), ("none", true), ("cross-site", false), ("same-site", false)] {
            assert_eq!(gate.is_no_foreign_page(&headers(&[("sec-fetch-site", site)])), may, "{site}");
        }
        assert!(gate.is_no_foreign_page(&headers(&[])));
    }

    #[test]
    fn the_token_comes_by_cookie_or_header() {
        let gate = gate("0.0.0.0:9477");
        assert!(gate.is_guarded() && gate.has_token(&headers(&[("authorization", "Bearer 0123456789abcdef")])));
        assert!(gate.has_token(&headers(&[("cookie", "a=b; wakeep=0123456789abcdef")])));
        assert!(!gate.has_token(&headers(&[("cookie", "wakeep=0123456789abcdeX")])));
    }
}
