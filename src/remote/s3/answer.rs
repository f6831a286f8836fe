//! What an answer of an object storage means: done, try again, or which fault it is. Codes as in
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, and those that MinIO and others add.

use crate::error::Fault;
use ureq::http::HeaderMap;

/// An answer that carries no content, or whose content was an explanation.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub text: String,
}

impl Words {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The error's code, where the body names one.
    pub(super) fn code(&self) -> &str {
        if self.text.contains("<Error") { element(&self.text, "Code").unwrap_or_default() } else { "" }
    }

    /// Whether asking again may help. A 200 with an error inside is what a completed upload can end in.
    pub(super) fn passes_by(&self) -> bool {
        let code = self.code();
        matches!(self.status, 408 | 409 | 425 | 429 | 500 | 502 | 503 | 504)
            || matches!(
                code,
                "InternalError" | "SlowDown" | "RequestTimeout" | "BadDigest" | "XMinioServerNotInitialized"
            )
    }

    /// Which fault it is.
    pub(super) fn fault(&self, bucket: &str) -> Fault {
        let why = || {
            let message = element(&self.text, "Message").map(unescaped).filter(|m| !m.is_empty());
            match (self.code(), message) {
                ("", _) => format!("it answers with status {}", self.status),
                (code, Some(message)) => format!("{code}: {message}"),
                (code, None) => code.to_owned(),
            }
        };
        match self.code() {
            "NoSuchBucket" => Fault::NoBucket { bucket: bucket.to_owned() },
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "RequestTimeTooSkewed"
            | "TokenRefreshRequired"
            | "InvalidClientTokenId" => Fault::Credentials { why: why() },
            "PermanentRedirect" | "TemporaryRedirect" | "IllegalLocationConstraintException" => self.moved(),
            "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError"
                if element(&self.text, "Region").is_some() =>
            {
                self.moved()
            }
            "XMinioStorageFull" | "QuotaExceeded" | "XMinioAdminBucketQuotaExceeded" | "InsufficientStorage" => {
                Fault::Full
            }
            "RequestTimeout" => Fault::TimedOut,
            _ => match self.status {
                301 | 307 | 308 => self.moved(),
                401 => Fault::Credentials { why: why() },
                403 | 405 => Fault::Denied { why: why() },
                408 | 504 => Fault::TimedOut,
                507 => Fault::Full,
                500.. => Fault::Unreachable { why: why() },
                _ => Fault::Odd { why: why() },
            },
        }
    }

    fn moved(&self) -> Fault {
        let said = self.header("x-amz-bucket-region").map(str::to_owned);
        let said = said.or_else(|| element(&self.text, "Region").map(unescaped));
        Fault::Moved { to: said.or_else(|| element(&self.text, "Endpoint").map(unescaped)) }
    }
}

/// The text of the first element of this name; a namespace doesn't matter.
pub(super) fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    elements(text, name).next()
}

/// The inner texts of all elements of this name. They hold no elements of the same name.
pub(super) fn elements<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let after = &rest[rest.find(&open)? + open.len()..];
            rest = after;
            if !after.starts_with(['>', ' ']) {
                continue;
            }
            let inner = &after[after.find('>')? + 1..];
            let end = inner.find(&close)?;
            rest = &inner[end..];
            return Some(&inner[..end]);
        }
    })
}

/// XML's five names and numbers for characters.
pub(super) fn unescaped(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    named.iter().fold(text.trim().to_owned(), |text, (name, char)| text.replace(name, char))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(status: u16, text: &str) -> Words {
        Words { status, text: text.to_owned(), headers: HeaderMap::new() }
    }

    #[test]
    fn a_bucket_that_moved_says_where() {
        let text = "<?xml version=\"1.0\"?>\n<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to \
                    access must be addressed using the specified endpoint.</Message><Endpoint>b.s3.eu-west-1.amazonaws.com\
                    </Endpoint><Bucket>b</Bucket></Error>";
        assert_eq!(words(301, text).fault("b"), Fault::Moved { to: Some("b.s3.eu-west-1.amazonaws.com".into()) });
        let text = "<Error><Code>AuthorizationQueryParametersError</Code><Message>the region &apos;us-east-1&apos; is wrong; \
                    expecting &apos;eu-west-1&apos;</Message><Region>eu-west-1</Region></Error>";
        assert_eq!(words(400, text).fault("b"), Fault::Moved { to: Some("eu-west-1".into()) });
        let mut bare = words(301, "");
        bare.headers.insert("x-amz-bucket-region", "eu-central-1".parse().unwrap());
        assert_eq!(bare.fault("b"), Fault::Moved { to: Some("eu-central-1".into()) });
    }

    #[test]
    fn faults_are_told_apart() {
        let error = |code: &str| format!("<Error><Code>{code}</Code><Message>m &amp; n</Message></Error>");
        assert_eq!(words(404, &error("NoSuchBucket")).fault("b"), Fault::NoBucket { bucket: "b".into() });
        let wrong = Fault::Credentials { why: "SignatureDoesNotMatch: m & n".into() };
        assert_eq!(words(403, &error("SignatureDoesNotMatch")).fault("b"), wrong);
        assert!(matches!(words(403, &error("AccessDenied")).fault("b"), Fault::Denied { .. }));
        assert_eq!(words(507, &error("XMinioStorageFull")).fault("b"), Fault::Full);
        assert!(words(503, &error("SlowDown")).passes_by() && words(200, &error("InternalError")).passes_by());
        assert!(!words(412, &error("PreconditionFailed")).passes_by());
    }

    #[test]
    fn elements_are_found_whatever_their_attributes() {
        let text = "<L xmlns=\"x\"><Uploads>no</Uploads><Upload a=\"1\"><Key>k</Key></Upload><Upload><Key>l</Key></Upload></L>";
        let keys: Vec<_> = elements(text, "Upload").filter_map(|u| element(u, "Key")).collect();
        assert_eq!(keys, ["k", "l"]);
    }
}
