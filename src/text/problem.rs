//! What is wrong with what the owner decided. Both languages stand beside each other here.

use super::Lang;
use crate::error::{Missing, Problem, Wanted};

impl Lang {
    /// A problem of the configuration or of a flag, behind the name of the place.
    pub fn problem(self, problem: &Problem) -> String {
        match self {
            Lang::En => en(problem),
            Lang::Ru => ru(problem),
        }
    }

    /// What helps: a command, an example of what is wanted, or what was probably meant.
    pub fn suggestion(self, problem: &Problem, what: &str) -> String {
        let is_english = self == Lang::En;
        match problem {
            Problem::KeysOpen | Problem::NotInside => format!("`{what}`"),
            Problem::Said(_) | Problem::NoTime(_) | Problem::NoAddress(_) | Problem::NoBotFolder if is_english => {
                format!("for example `{what}`")
            }
            Problem::Said(_) | Problem::NoTime(_) | Problem::NoAddress(_) | Problem::NoBotFolder => {
                format!("например, `{what}`")
            }
            _ if is_english => format!("did you mean `{what}`?"),
            _ => format!("может быть, `{what}`?"),
        }
    }
}

fn en(problem: &Problem) -> String {
    match problem {
        Problem::Said(words) => words.clone(),
        Problem::NotToml(why) => format!("this is no TOML: {why}"),
        Problem::UnknownKey(key) => format!("there is no key `{key}`"),
        Problem::Wants { key, what } => format!("`{key}` wants {}", wanted_en(what)),
        Problem::OneOf { key, words } => format!("`{key}` must be one of: {words}"),
        Problem::OneAndSeveral(key) => {
            format!("`{key}` speaks of one session, [[sessions]] of several: put it into their tables")
        }
        Problem::Shared(a, b) => format!(
            "{} and {} would share archive or backups: give each its own `archive` and `vault`",
            a.display(),
            b.display()
        ),
        Problem::SameName { paths, name, remote } => format!(
            "{} and {} are both called {name} and would be one at {remote}: give each bot a configuration and a \
             remote of its own",
            paths.0.display(),
            paths.1.display()
        ),
        Problem::Within(session) => format!("lies within the session {}: put it beside that", session.display()),
        Problem::ArchiveNoFile => "the archive would have to be a regular file".into(),
        Problem::ArchiveNoFolder => "the archive's folder doesn't exist".into(),
        Problem::WhichSession => "there are several sessions here: say which with --only NAME".into(),
        Problem::NotInside => "none of these names is in it".into(),
        Problem::NoTime(text) => format!("`{text}` is no time"),
        Problem::NoPlace => "is no place".into(),
        Problem::UnknownRemote => "is no kind of remote that wakeep knows".into(),
        Problem::WayOfScp => {
            "scp names a place on another machine like this; wakeep wants an address with ssh://".into()
        }
        Problem::NoObject => "this command gives no JSON".into(),
        Problem::KeysOpen => "others can read these keys".into(),
        Problem::NoAddress(text) => format!("{text} is no address"),
        Problem::NoCertificate(path) => format!("{} holds no certificate in PEM form", path.display()),
        Problem::BadCertificates => "these certificates can't be used".into(),
        Problem::NoToken(path) => format!("{} holds no token of 16 characters or more", path.display()),
        Problem::Alone(missing) => match missing {
            Missing::MailServer => "an e-mail address is named, but no server",
            Missing::MailPassword => "a user is named, but no password",
            Missing::MailUser => "a password is named, but no user",
            Missing::TelegramToken => "a Telegram chat is named, but no token of a bot",
        }
        .into(),
        Problem::PasswordInClear => "the password would cross the network unencrypted".into(),
        Problem::UserInAddress => "user and password don't belong into the address".into(),
        Problem::NoMailAddress => "this is no e-mail address".into(),
        Problem::OddName(name) => format!("`{name}`: a name in services has letters, digits and /._-+@: only"),
        Problem::NoBotFolder => "no folder of a bot was found; name it".into(),
        Problem::Outside { path, app } => {
            format!("{} lies outside {}, where the services may not write", path.display(), app.display())
        }
        Problem::NobodyNamed => "no recipient is named".into(),
        Problem::SecretKey => "this is a secret key; the recipient is its public half, `age1…`".into(),
        Problem::NoRecipient(shown) => {
            format!("`{shown}…` is no recipient: give `age1…`, an ssh-ed25519 or ssh-rsa public key, or a file of them")
        }
    }
}

fn wanted_en(what: &Wanted) -> String {
    match what {
        Wanted::Text => "a text in quotes",
        Wanted::Name => "a plain name such as \"nord-laundry-bot\"",
        Wanted::Words => "a list of words such as [\"-o\", \"Compression=yes\"]",
        Wanted::TenthOfSecond => "a tenth of a second at least",
        Wanted::Second => "a second at least",
        Wanted::Path => "a path",
        Wanted::Duration => "a duration such as \"2m\" or \"1h\"",
        Wanted::Switch => "true or false",
        Wanted::Mode => "permission bits such as \"0600\"",
        Wanted::FolderMode => "permission bits for folders such as \"0700\"",
        Wanted::Size => "a size such as \"10 GB\" or \"500 MB\"",
        Wanted::Recipients => "\"age1…\", an SSH public key, a file of them, or a list of these",
        Wanted::Socket => "an address and a port such as \"127.0.0.1:9477\"",
        Wanted::Tables => "tables: [[sessions]]",
        Wanted::PathInEach => "a `path` in each table",
        Wanted::Address(schemes) => return format!("an address that starts with {}://", schemes.join(":// or ")),
    }
    .to_owned()
}

fn ru(problem: &Problem) -> String {
    match problem {
        Problem::Said(words) => words.clone(),
        Problem::NotToml(why) => format!("это не TOML: {why}"),
        Problem::UnknownKey(key) => format!("ключа `{key}` нет"),
        Problem::Wants { key, what } => format!("для `{key}` нужно: {}", wanted_ru(what)),
        Problem::OneOf { key, words } => format!("`{key}` — одно из: {words}"),
        Problem::OneAndSeveral(key) => {
            format!("`{key}` говорит об одной сессии, [[sessions]] — о нескольких: впишите его в их таблицы")
        }
        Problem::Shared(a, b) => format!(
            "у {} и {} оказались бы общий архив или копии: дайте каждой свои `archive` и `vault`",
            a.display(),
            b.display()
        ),
        Problem::SameName { paths, name, remote } => format!(
            "{} и {} обе зовутся {name} и смешались бы в {remote}: дайте каждому боту свою настройку и свой `remote`",
            paths.0.display(),
            paths.1.display()
        ),
        Problem::Within(session) => format!("лежит внутри сессии {}: положите рядом с ней", session.display()),
        Problem::ArchiveNoFile => "архив должен быть обычным файлом".into(),
        Problem::ArchiveNoFolder => "папки для архива нет".into(),
        Problem::WhichSession => "сессий здесь несколько: укажите нужную через --only ИМЯ".into(),
        Problem::NotInside => "ни одного из этих имён в нём нет".into(),
        Problem::NoTime(text) => format!("`{text}` — не время"),
        Problem::NoPlace => "такого места быть не может".into(),
        Problem::UnknownRemote => "хранилища такого вида wakeep не знает".into(),
        Problem::WayOfScp => "так место на другой машине называет scp; здесь нужен адрес вида ssh://".into(),
        Problem::NoObject => "эта команда не выводит JSON".into(),
        Problem::KeysOpen => "эти ключи могут прочитать другие".into(),
        Problem::NoAddress(text) => format!("{text} — не адрес"),
        Problem::NoCertificate(path) => format!("в {} нет сертификата в виде PEM", path.display()),
        Problem::BadCertificates => "эти сертификаты непригодны".into(),
        Problem::NoToken(path) => format!("в {} нет токена из 16 знаков или длиннее", path.display()),
        Problem::Alone(missing) => match missing {
            Missing::MailServer => "указан почтовый адрес, но не сервер",
            Missing::MailPassword => "указан пользователь, но не пароль",
            Missing::MailUser => "указан пароль, но не пользователь",
            Missing::TelegramToken => "указан чат Telegram, но не токен бота",
        }
        .into(),
        Problem::PasswordInClear => "пароль ушёл бы по сети незашифрованным".into(),
        Problem::UserInAddress => "имени и паролю не место в адресе".into(),
        Problem::NoMailAddress => "это не почтовый адрес".into(),
        Problem::OddName(name) => format!("`{name}`: в именах служб только буквы, цифры и /._-+@:"),
        Problem::NoBotFolder => "папка бота не найдена; назовите её".into(),
        Problem::Outside { path, app } => {
            format!("{} лежит вне {}, а туда службам писать нельзя", path.display(), app.display())
        }
        Problem::NobodyNamed => "не назван ни один получатель".into(),
        Problem::SecretKey => "это секретный ключ; получатель — его открытая половина, `age1…`".into(),
        Problem::NoRecipient(shown) => {
            format!("`{shown}…` — не получатель: нужен `age1…`, открытый ключ ssh-ed25519 или ssh-rsa либо файл с ними")
        }
    }
}

fn wanted_ru(what: &Wanted) -> String {
    match what {
        Wanted::Text => "текст в кавычках",
        Wanted::Name => "простое имя, например \"nord-laundry-bot\"",
        Wanted::Words => "список слов, например [\"-o\", \"Compression=yes\"]",
        Wanted::TenthOfSecond => "не меньше десятой доли секунды",
        Wanted::Second => "не меньше секунды",
        Wanted::Path => "путь",
        Wanted::Duration => "длительность, например \"2m\" или \"1h\"",
        Wanted::Switch => "true или false",
        Wanted::Mode => "права, например \"0600\"",
        Wanted::FolderMode => "права для папок, например \"0700\"",
        Wanted::Size => "размер, например \"10 GB\" или \"500 MB\"",
        Wanted::Recipients => "\"age1…\", открытый ключ SSH, файл с ними или их список",
        Wanted::Socket => "адрес и порт, например \"127.0.0.1:9477\"",
        Wanted::Tables => "таблицы: [[sessions]]",
        Wanted::PathInEach => "`path` в каждой таблице",
        Wanted::Address(schemes) => return format!("адрес, который начинается с {}://", schemes.join(":// или ")),
    }
    .to_owned()
}
