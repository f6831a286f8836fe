//! What an error of the TLS library says about a certificate. The library keeps its own types behind its users', so its
//! words are read; one that it words anew is told as `Other`.

use crate::notice::Distrust;
use std::error::Error;
use std::io;

/// Why the other side's certificate wasn't believed, if that was it.
pub fn distrust(error: &(dyn Error + 'static)) -> Option<Distrust> {
    let words = chain(error).map(ToString::to_string).find(|words| words.contains("invalid peer certificate"))?;
    let says = |any: &[&str]| any.iter().any(|w| words.contains(w));
    Some(if says(&["UnknownIssuer"]) {
        Distrust::Issuer
    } else if says(&["not valid for name", "not valid for any names", "NotValidForName"]) {
        Distrust::Name
    } else if says(&["expired", "Expired", "not valid yet", "NotValidYet"]) {
        Distrust::Time
    } else {
        Distrust::Other
    })
}

/// The system's own error at the root of another.
pub fn of_system<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    chain(error).find_map(|e| e.downcast_ref())
}

/// Whether no answer came in time: a socket's own limit shows as `WouldBlock`.
pub fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// An error and what is behind it. What an [`io::Error`] carries isn't behind it: its words are the carried one's.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e| (*e).source())
}
