//! One request to an object storage: signed, sent, counted, and sent again where that may help.

use super::answer::Words;
use super::trust;
use crate::error::{Error, Fault, Result};
use crate::remote::{Meter, Settings, fault, left, tries};
use rusty_s3::{Bucket, Credentials, S3Action};
use std::io::{self, Read};
use std::time::{Duration, Instant};
use ureq::http::{Method, Request};
use ureq::tls::TlsConfig;
use ureq::{Agent, AsSendBody, Body, SendBody};

/// How long a signature holds; each try has its own.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);
/// An explanation longer than this is none.
const WORDS: u64 = 16 * 1024 * 1024;

/// The connection to one bucket.
#[derive(Debug)]
pub(super) struct Wire {
    agent: Agent,
    /// The bucket and its address.
    pub bucket: Bucket,
    /// The keys.
    pub keys: Credentials,
    /// The place, for errors.
    pub place: String,
    /// Requests and bytes.
    pub meter: Meter,
    /// How often something is tried again.
    tries: usize,
    deadline: Option<Instant>,
}

/// An answer with content.
pub(super) struct Content {
    /// Status and headers.
    pub words: Words,
    /// The content.
    pub body: Body,
}

/// Why a try failed.
pub(super) enum Trouble {
    /// It may go better the next time.
    Again(Fault),
    /// It won't.
    Final(Fault),
}

impl Wire {
    pub(super) fn new(bucket: Bucket, keys: Credentials, place: String, settings: &Settings) -> Result<Wire> {
        let patience = settings.patience;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_per_read(Some(patience))
            .timeout_per_write(Some(patience))
            // Putting the parts of a large object together can take minutes.
            .timeout_recv_response(Some(patience * 10))
            .tls_config(TlsConfig::builder().root_certs(trust::roots(settings)?).build())
            .user_agent(concat!("wakeep/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let (tries, deadline) = (settings.tries, settings.deadline);
        Ok(Wire { agent, bucket, keys, place, meter: Meter::default(), tries, deadline })
    }

    /// The pauses between tries.
    pub(super) fn tries(&self) -> impl Iterator<Item = Duration> + use<> {
        tries(self.tries, self.deadline)
    }

    /// A fault of this place.
    pub(super) fn fault(&self, what: Fault) -> Error {
        fault(&self.place, what)
    }

    /// The error that an answer is.
    pub(super) fn refused(&self, words: &Words) -> Error {
        self.fault(words.fault(self.bucket.name()))
    }

    /// Asks, again and again where that may help, and reads the whole answer. Answers that say no are answers: the
    /// caller knows which it expects.
    pub(super) fn ask<'a, A: S3Action<'a>>(
        &self,
        action: &mut A,
        headers: &[(&'static str, String)],
        mut body: impl FnMut() -> Option<Outgoing<'a>>,
    ) -> Result<(Words, u32)> {
        let mut pauses = self.tries();
        let mut failed = 0;
        loop {
            let trouble = match self.once(action, headers, body()).and_then(Content::read) {
                Ok(words) if !words.passes_by() => return Ok((words, failed)),
                Ok(words) => words.fault(self.bucket.name()),
                Err(Trouble::Again(fault)) => fault,
                Err(Trouble::Final(fault)) => return Err(self.fault(fault)),
            };
            failed += 1;
            std::thread::sleep(pauses.next().ok_or_else(|| self.fault(trouble))?);
        }
    }

    /// Asks once.
    pub(super) fn once<'a, A: S3Action<'a>>(
        &self,
        action: &mut A,
        headers: &[(&'static str, String)],
        body: Option<Outgoing<'_>>,
    ) -> Result<Content, Trouble> {
        for (name, value) in headers {
            // Signed, so that nobody between here and there takes a condition away.
            action.headers_mut().insert(*name, value.clone());
        }
        let url = action.sign(SIGNED_FOR);
        let method = Method::from_bytes(A::METHOD.to_str().as_bytes()).expect("S3's methods are HTTP's");
        let mut request = Request::builder().method(method).uri(url.as_str());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.meter.request();
        let answer = match body {
            None => self.agent.run(self.hurried(request.body(()).map_err(odd)?)?),
            Some(mut body) => {
                request = request.header("content-length", body.len.to_string());
                self.agent.run(self.hurried(request.body(SendBody::from_reader(&mut body)).map_err(odd)?)?)
            }
        };
        let (parts, body) = answer.map_err(trouble)?.into_parts();
        let words = Words { status: parts.status.as_u16(), headers: parts.headers, text: String::new() };
        Ok(Content { words, body })
    }
}

impl Wire {
    /// A request that ends, its content too, before the deadline.
    fn hurried<B: AsSendBody>(&self, request: Request<B>) -> Result<Request<B>, Trouble> {
        match left(self.deadline) {
            None => Ok(request),
            Some(Duration::ZERO) => Err(Trouble::Final(Fault::TimedOut)),
            left => Ok(self.agent.configure_request(request).timeout_global(left).build()),
        }
    }
}

impl Content {
    /// All of a small answer.
    pub(super) fn read(mut self) -> Result<Words, Trouble> {
        let text = self.body.with_config().limit(WORDS).lossy_utf8(true).read_to_string().map_err(trouble)?;
        Ok(Words { text, ..self.words })
    }
}

/// Content on its way out; tells how far it is.
pub(super) struct Outgoing<'a> {
    /// The bytes.
    pub reader: Box<dyn Read + 'a>,
    /// How many.
    pub len: u64,
    /// Hears each piece's length.
    pub passed: Box<dyn FnMut(u64) + 'a>,
}

impl<'a> Outgoing<'a> {
    /// Small content, not counted.
    pub(super) fn bytes(bytes: &'a [u8]) -> Outgoing<'a> {
        Outgoing { reader: Box::new(bytes), len: bytes.len() as u64, passed: Box::new(|_| {}) }
    }
}

impl Read for Outgoing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(into)?;
        (self.passed)(n as u64);
        Ok(n)
    }
}

fn odd(e: ureq::http::Error) -> Trouble {
    Trouble::Final(Fault::Odd { why: e.to_string() })
}

/// What a transport's error means. Its text must not hold the address: that carries the signature.
pub(super) fn trouble(e: ureq::Error) -> Trouble {
    use ureq::Error;
    let unreachable = |why: &str| Trouble::Again(Fault::Unreachable { why: why.to_owned() });
    match e {
        Error::Timeout(_) => Trouble::Again(Fault::TimedOut),
        Error::Io(e) if e.kind() == io::ErrorKind::TimedOut => Trouble::Again(Fault::TimedOut),
        Error::Io(e) => match trust::refusal(&e.to_string()) {
            Some(why) => Trouble::Final(Fault::Untrusted { why }),
            None => unreachable(&e.to_string()),
        },
        Error::HostNotFound => unreachable("no such host"),
        Error::ConnectionFailed => unreachable("no connection"),
        Error::Protocol(e) => unreachable(&e.to_string()),
        Error::Rustls(e) => Trouble::Final(Fault::Untrusted { why: e.to_string() }),
        Error::Tls(why) => Trouble::Final(Fault::Untrusted { why: why.to_owned() }),
        Error::BadUri(_) => Trouble::Final(Fault::Odd { why: "its address makes no sense".to_owned() }),
        other => Trouble::Again(Fault::Odd { why: other.to_string() }),
    }
}
