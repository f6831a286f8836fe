//! Why a notice didn't arrive: a kind or a status, never an address or a secret.

/// Why something didn't arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// An HTTP server answered with this status.
    Http(u16),
    /// A mail server answered with this code (RFC 5321, section 4.2.3).
    Smtp(u16),
    /// The mail server doesn't know this user with this password.
    LoginRefused,
    /// The mail server takes letters only from those who log in.
    LoginWanted,
    /// The mail server knows no way to log in.
    LoginUnknown,
    /// The mail server doesn't encrypt.
    NoStarttls,
    /// Who the server is can't be believed.
    Untrusted(Distrust),
    /// Encryption failed before it came to a certificate.
    Tls,
    /// No answer came in time.
    Timeout,
    /// The name isn't known.
    HostNotFound,
    /// Nobody listens there, or the way is cut.
    NotReached,
    /// The answer is none of this protocol's.
    NoAnswer,
    /// What is to be sent can't be written in this form.
    Unwritable,
}

/// Why a certificate isn't believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// Nobody who is trusted has signed it.
    Issuer,
    /// It is another name's.
    Name,
    /// Its time is over, or hasn't come.
    Time,
    /// Something else.
    Other,
}
