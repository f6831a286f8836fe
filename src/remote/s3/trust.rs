//! Which authorities may have made a storage's certificate: the public ones, or those in a file that the owner names.

use crate::error::{At, Error, Problem, Result};
use crate::remote::Settings;
use std::fs;
use std::path::PathBuf;
use ureq::tls::{PemItem, RootCerts, parse_pem};

/// The variables in which the AWS tools and OpenSSL look for such a file.
const VARIABLES: [&str; 2] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"];

/// The authorities, read anew whenever a storage is opened.
///
/// # Errors
/// `Io`; `Config` for a file without a certificate.
pub(super) fn roots(settings: &Settings) -> Result<RootCerts> {
    let told = VARIABLES.iter().find_map(|name| settings.told(name)).filter(|file| !file.is_empty());
    let Some(file) = settings.s3_ca_file.clone().or_else(|| told.map(PathBuf::from)) else {
        return Ok(RootCerts::WebPki);
    };
    let text = fs::read(&file).at("reading", &file)?;
    let certificates = parse_pem(&text).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = certificates.collect();
    if certificates.is_empty() {
        let problem = Problem::NoCertificate(file);
        return Err(Error::Config { place: "s3_ca_file".to_owned(), problem, suggestion: None });
    }
    Ok(RootCerts::from(certificates))
}

/// What is wrong with the server's certificate, where a connection failed for that. The handshake happens in the first
/// write, hence comes as an error of input and output, with rustls's words.
pub(super) fn refusal(said: &str) -> Option<String> {
    const BEGIN: &str = "invalid peer certificate: ";
    let (_, why) = said.split_once(BEGIN)?;
    Some(match why {
        "UnknownIssuer" => "none of the trusted authorities made it".to_owned(),
        "CaUsedAsEndEntity" => "it is an authority's own, not a server's".to_owned(),
        other => other.to_owned(),
    })
}
