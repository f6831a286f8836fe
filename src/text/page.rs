//! The words of the page, once a language. Its script asks for them by name.

use super::Lang;
use serde_json::{Value, json};

impl Lang {
    /// All words of the page.
    pub fn page(self) -> Value {
        let all = WORDS.iter().map(|(name, en, ru)| (*name, if self == Lang::En { *en } else { *ru }));
        json!(all.collect::<std::collections::BTreeMap<_, _>>())
    }
}

/// Name, English, Russian.
const WORDS: [(&str, &str, &str); 35] = [
    ("title", "Your bots", "Ваши боты"),
    ("all_well", "All bots are linked", "Все боты подключены"),
    ("some_wrong", "Needs your attention", "Требует внимания"),
    ("look", "Worth a look", "Стоит взглянуть"),
    ("none", "No session was found", "Сессий не найдено"),
    ("filter", "Find a session", "Найти сессию"),
    ("archive", "Archive", "Архив"),
    ("no_archive", "none yet", "пока нет"),
    ("looked", "Looked", "Проверен"),
    ("next", "Next look", "Следующая проверка"),
    ("seconds", "in {} s", "через {} с"),
    ("now", "now", "сейчас"),
    ("size", "Size over time", "Размер со временем"),
    ("proof", "Drill", "Проба"),
    ("no_proof", "not tried yet", "ещё не было"),
    ("proved", "brings the login back", "возвращает вход"),
    ("unproved", "would NOT bring it back", "НЕ вернёт вход"),
    ("keeper_rests", "The keeper doesn't run: nothing is archived", "Хранитель не работает: архивы не делаются"),
    ("history", "What happened", "Что происходило"),
    ("backups", "Backups", "Копии"),
    ("findings", "What a close look finds", "Что видно вблизи"),
    ("looking", "Looking…", "Смотрю…"),
    ("nothing", "Nothing is wrong.", "Всё в порядке."),
    ("archive_now", "Archive now", "Сделать архив"),
    ("restore_this", "Restore", "Вернуть"),
    ("sure_archive", "Make an archive of this session now?", "Сделать архив этой сессии сейчас?"),
    (
        "sure_restore",
        "Put this backup in the session's place? What is there now is kept as a backup first. The bot must be stopped.",
        "Поставить эту копию на место сессии? То, что там сейчас, сначала сохранится копией. Бот должен быть остановлен.",
    ),
    ("yes", "Yes, do it", "Да"),
    ("no", "Cancel", "Отмена"),
    ("done", "Done", "Готово"),
    ("failed", "It didn't work", "Не получилось"),
    ("token", "Token", "Токен"),
    (
        "token_why",
        "This needs the token that wakeep printed when it started",
        "Нужен токен, который wakeep показал при запуске",
    ),
    ("enter", "Enter", "Войти"),
    ("offline", "wakeep doesn't answer", "wakeep не отвечает"),
];
