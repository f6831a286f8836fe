//! What the operating system refused, in words: what was being done, to which file, why, and what to do.

use super::{Told, typed};
use std::io::{Error, ErrorKind};
use std::path::Path;

/// In English: "reading FILE failed: there is no such file or folder".
pub(super) fn en(doing: &str, path: &Path, source: &Error) -> Told {
    let (why, next) = match source.kind() {
        ErrorKind::NotFound => ("there is no such file or folder", "check the path"),
        ErrorKind::AlreadyExists => {
            ("something of that name is there already", "give another name, or move that one away")
        }
        ErrorKind::PermissionDenied => ("permission denied", "run it as the bot's user, or with sudo"),
        ErrorKind::StorageFull => ("no space is left on the device", "the disk is full: free some space (df -h)"),
        ErrorKind::QuotaExceeded => ("the disk quota is used up", "the disk is full: free some space (df -h)"),
        ErrorKind::ReadOnlyFilesystem => {
            ("the file system is read-only", "the file system is read-only: see dmesg, then remount it")
        }
        ErrorKind::IsADirectory => ("it is a folder", "give a file"),
        ErrorKind::NotADirectory => ("a part of the path is no folder", "check the path"),
        _ => return Told::new(format!("{doing} {} failed: {source}", path.display()), ""),
    };
    let chown = not_theirs(doing, path, source).map(|folder| {
        format!("; where it is so already, that user may not write there: sudo chown BOT_USER {}", typed(folder))
    });
    Told::new(format!("{doing} {} failed: {why}", path.display()), format!("{next}{}", chown.unwrap_or_default()))
}

/// In Russian: «не удалось прочитать FILE: нет такого файла или папки».
pub(super) fn ru(doing: &str, path: &Path, source: &Error) -> Told {
    let what = format!("не удалось {} {}", verb(doing).unwrap_or(doing), path.display());
    let (why, next) = match source.kind() {
        ErrorKind::NotFound => ("нет такого файла или папки", "проверьте путь"),
        ErrorKind::AlreadyExists => ("там уже что-то есть", "укажите другое имя или уберите то, что там лежит"),
        ErrorKind::PermissionDenied => ("нет прав", "запустите от пользователя бота или через sudo"),
        ErrorKind::StorageFull => ("на диске нет места", "диск заполнен: освободите место (df -h)"),
        ErrorKind::QuotaExceeded => ("квота на диске исчерпана", "диск заполнен: освободите место (df -h)"),
        ErrorKind::ReadOnlyFilesystem => (
            "файловая система только для чтения",
            "файловая система только для чтения: смотрите dmesg и перемонтируйте",
        ),
        ErrorKind::IsADirectory => ("это папка", "укажите файл"),
        ErrorKind::NotADirectory => ("часть пути — не папка", "проверьте путь"),
        _ => return Told::new(format!("{what}: {source}"), ""),
    };
    let chown = not_theirs(doing, path, source).map(|folder| {
        let folder = typed(folder);
        format!("; если это уже так, у пользователя бота нет прав на папку: sudo chown ПОЛЬЗОВАТЕЛЬ_БОТА {folder}")
    });
    Told::new(format!("{what}: {why}"), format!("{next}{}", chown.unwrap_or_default()))
}

/// The folder that has to be the bot's user's for this to be done, where that is what is missing.
fn not_theirs<'a>(doing: &str, path: &'a Path, source: &Error) -> Option<&'a Path> {
    let makes = ["making the folder", "creating", "renaming", "linking", "removing", "exchanging", "moving"];
    path.parent().filter(|_| source.kind() == ErrorKind::PermissionDenied && makes.contains(&doing))
}

/// What couldn't be done, as it stands after «не удалось». Every word of [`Error::Io`](crate::error::Error::Io) is here:
/// a test looks for them in the code.
pub(super) fn verb(doing: &str) -> Option<&'static str> {
    Some(match doing {
        "reading" => "прочитать",
        "opening" => "открыть",
        "opening the folder" => "открыть папку",
        "opening the lock" => "открыть файл блокировки",
        "writing" => "записать",
        "writing to" => "записать в",
        "writing what was fetched," => "записать полученное в",
        "writing what was fetched from" => "записать полученное из",
        "listing" => "просмотреть папку",
        "waiting for" => "дождаться завершения",
        "waiting for signals for" => "принимать сигналы для",
        "starting" => "запустить",
        "starting a thread for" => "начать работу:",
        "starting again as the bot's user" => "запуститься от пользователя бота:",
        "setting the time of" => "установить время",
        "setting the mode of" => "установить права",
        "setting up" => "настроить",
        "flushing" => "сбросить на диск",
        "removing" => "удалить",
        "receiving" => "принять",
        "making a pipe for" => "создать канал для",
        "making the folder" => "создать папку",
        "making the link" => "создать ссылку",
        "listening at" => "слушать",
        "creating" => "создать",
        "copying" => "скопировать",
        "resolving" => "найти",
        "asking" => "спросить",
        "asking who locks" => "узнать, кто блокирует",
        "asking to end" => "попросить завершиться",
        "asking the supervisor of" => "спросить у диспетчера о",
        "asking the free space of" => "узнать свободное место",
        "asking the file system of" => "узнать файловую систему",
        "cutting" => "укоротить",
        "shortening" => "укоротить",
        "archiving" => "архивировать",
        "answering" => "ответить",
        "watching" => "следить за",
        "sealing" => "запечатать",
        "renaming" => "переименовать",
        "reading from" => "прочитать из",
        "moving" => "переместить",
        "locking" => "заблокировать",
        "linking" => "создать жёсткую ссылку на",
        "labelling" => "подписать",
        "killing" => "завершить",
        "giving away" => "сменить владельца",
        "finding" => "найти",
        "finding the base of" => "найти основу для",
        "exchanging" => "поменять местами",
        "unpacking" => "распаковать",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn sources(dir: &Path, all: &mut Vec<PathBuf>) {
        for item in std::fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") {
                all.push(path);
            }
        }
    }

    #[test]
    fn whatever_can_fail_has_a_russian_word() {
        let mut all = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        let mut words = 0;
        for path in all.iter().filter(|p| !p.ends_with("text/io.rs")) {
            let text = std::fs::read_to_string(path).unwrap();
            for start in [".at(\"", "doing: \""] {
                for (_, rest) in text.match_indices(start).map(|(at, _)| text[at + start.len()..].split_at(0)) {
                    let word = rest.split('"').next().unwrap();
                    assert!(verb(word).is_some(), "{}: {word:?}", path.display());
                    words += 1;
                }
            }
        }
        assert!(words > 200, "{words}");
    }

    #[test]
    fn a_folder_that_is_not_the_bots_users_is_to_be_given_to_it() {
        let denied = Error::from(ErrorKind::PermissionDenied);
        let next = |doing: &str| en(doing, Path::new("/opt/bot/.wakeep"), &denied).next.unwrap();
        assert!(next("making the folder").ends_with("sudo chown BOT_USER /opt/bot"), "{}", next("making the folder"));
        assert!(!next("reading").contains("chown"));
    }

    #[test]
    fn the_reason_is_said_in_words() {
        let source = Error::from(ErrorKind::NotFound);
        let told = ru("reading", Path::new("/x"), &source);
        assert_eq!(told.what, "не удалось прочитать /x: нет такого файла или папки");
        assert!(en("reading", Path::new("/x"), &source).next.is_some());
    }
}
