//! What can be wrong with what the owner decided, as facts. Which file, line or flag it is stands beside it.

use std::path::PathBuf;

/// What is wrong with a flag, a variable or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// In words already: those of `text`, or another program's own.
    Said(String),
    /// The file isn't TOML; the parser's own words.
    NotToml(String),
    /// No such key exists.
    UnknownKey(String),
    /// A key's value isn't what it wants.
    Wants {
        /// The key.
        key: String,
        /// What it wants.
        what: Wanted,
    },
    /// A key's value is none of the words that it takes.
    OneOf {
        /// The key.
        key: String,
        /// The words, parted by commas.
        words: String,
    },
    /// A key for one session stands beside `[[sessions]]`.
    OneAndSeveral(String),
    /// Two sessions would have one archive or one vault.
    Shared(PathBuf, PathBuf),
    /// Two sessions of one name would be one at the remote.
    SameName {
        /// The sessions.
        paths: Box<(PathBuf, PathBuf)>,
        /// Their name.
        name: String,
        /// The remote.
        remote: String,
    },
    /// An archive or a vault would lie within this session.
    Within(PathBuf),
    /// What stands at the archive's path is no regular file.
    ArchiveNoFile,
    /// The archive's folder doesn't exist.
    ArchiveNoFolder,
    /// A command that means one session met several.
    WhichSession,
    /// None of the names that were asked for is in an archive.
    NotInside,
    /// A text is no time.
    NoTime(String),
    /// A text is no place for archives.
    NoPlace,
    /// A place begins with an unknown word.
    UnknownRemote,
    /// A place is written as `scp` takes it.
    WayOfScp,
    /// A command has no object to give where one is wanted.
    NoObject,
    /// A file of keys can be read by others.
    KeysOpen,
    /// A text is no address.
    NoAddress(String),
    /// A file holds no certificate.
    NoCertificate(PathBuf),
    /// The certificates of a file can't be used.
    BadCertificates,
    /// A file holds no token that is long enough.
    NoToken(PathBuf),
    /// One key lacks another: the second one names what is missing.
    Alone(Missing),
    /// The password for the mail server would go over the network in clear.
    PasswordInClear,
    /// User and password stand in an address.
    UserInAddress,
    /// A text is no e-mail address.
    NoMailAddress,
    /// A name that a shell, systemd or cron would read something into.
    OddName(String),
    /// No bot's folder was found.
    NoBotFolder,
    /// A path lies where the services may not write.
    Outside {
        /// The path.
        path: PathBuf,
        /// The bot's folder.
        app: PathBuf,
    },
    /// Nobody is named for whom to seal.
    NobodyNamed,
    /// A secret key stands where its public half belongs.
    SecretKey,
    /// A text is no recipient; its beginning.
    NoRecipient(String),
}

/// What a channel of notices lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// An e-mail address, but no server.
    MailServer,
    /// A user, but no password.
    MailPassword,
    /// A password, but no user.
    MailUser,
    /// A chat, but no bot's token.
    TelegramToken,
}

/// What a key's value is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A text.
    Text,
    /// A plain name.
    Name,
    /// A list of words.
    Words,
    /// A duration of a tenth of a second or more.
    TenthOfSecond,
    /// A duration of a second or more.
    Second,
    /// A path.
    Path,
    /// A duration.
    Duration,
    /// Yes or no.
    Switch,
    /// Permission bits.
    Mode,
    /// Permission bits that leave the owner a folder.
    FolderMode,
    /// A number of bytes.
    Size,
    /// Recipients of what is sealed.
    Recipients,
    /// An address and a port.
    Socket,
    /// Tables, one a session.
    Tables,
    /// A path in each table.
    PathInEach,
    /// An address with one of these beginnings.
    Address(Vec<String>),
}

impl From<String> for Problem {
    fn from(said: String) -> Problem {
        Problem::Said(said)
    }
}

impl From<&str> for Problem {
    fn from(said: &str) -> Problem {
        Problem::Said(said.to_owned())
    }
}
