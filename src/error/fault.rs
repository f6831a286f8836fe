//! What can be the matter with a place away from this machine, as facts. Which place it is stands beside it.

/// What is the matter with a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nobody answers there, or the line broke and stayed broken.
    Unreachable {
        /// What the system or the client said.
        why: String,
    },
    /// It answers, but not in time.
    TimedOut,
    /// It doesn't take our key, password or signature.
    Credentials {
        /// What it said.
        why: String,
    },
    /// No credentials were found anywhere.
    NoCredentials,
    /// The server's key is not the one that is known for it, or none is known.
    HostKey,
    /// No authority that is trusted here made the server's certificate, or it is another server's.
    Untrusted {
        /// What is wrong with it.
        why: String,
    },
    /// The bucket doesn't exist.
    NoBucket {
        /// Its name.
        bucket: String,
    },
    /// The bucket lies in another region or behind another endpoint.
    Moved {
        /// Where, as far as the server says so.
        to: Option<String>,
    },
    /// The folder doesn't exist there.
    NoFolder {
        /// Its path on that side.
        path: String,
    },
    /// It is known who we are, and we may not do that.
    Denied {
        /// What it said.
        why: String,
    },
    /// The disk or the quota is full there.
    Full,
    /// The bytes that arrived are not the bytes that left.
    Garbled {
        /// The object.
        name: String,
    },
    /// An object was replaced while it was fetched; fetching it again gets the new one.
    Replaced {
        /// The object.
        name: String,
    },
    /// Something that wakeep didn't put there, and of which it can't tell what it is.
    Foreign {
        /// The object.
        name: String,
    },
    /// Another bot's archive is kept there under the same name.
    OtherBot,
    /// An object can't have this name.
    Name {
        /// The name.
        name: String,
    },
    /// It doesn't keep its word about conditions, so no lease can be held there.
    NoLease {
        /// What it did.
        why: String,
    },
    /// It is a program or a server that this needs and that isn't there, or an answer that makes no sense.
    Odd {
        /// What it said.
        why: String,
    },
}
