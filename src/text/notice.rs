//! What notices and the page say of a session's standing: headline, what is wrong, what to do. Both languages stand
//! beside each other here.

use super::{Lang, Told};
use crate::notice::{Condition, News, Notice, Standing};
use jiff::Timestamp;

impl Lang {
    /// A standing as a headline: what somebody reads who has one second.
    pub fn standing(self, standing: Standing) -> &'static str {
        match self {
            Lang::En => match standing {
                Standing::Linked => "Linked",
                Standing::Waiting => "Nothing kept yet",
                Standing::Doubtful => "Needs a look",
                Standing::LoggedOut => "Logged out",
                Standing::NeedsQr => "Scan the QR code",
                Standing::Broken => "Damaged",
                Standing::Missing => "Session gone",
                Standing::Elsewhere => "Runs elsewhere",
            },
            Lang::Ru => match standing {
                Standing::Linked => "Подключён",
                Standing::Waiting => "Пока ничего не сохранено",
                Standing::Doubtful => "Нужно взглянуть",
                Standing::LoggedOut => "Вход завершён",
                Standing::NeedsQr => "Отсканируйте QR-код",
                Standing::Broken => "Повреждён",
                Standing::Missing => "Сессия пропала",
                Standing::Elsewhere => "Работает на другой машине",
            },
        }
    }

    /// A standing in a sentence.
    pub fn standing_means(self, standing: Standing) -> &'static str {
        match self {
            Lang::En => match standing {
                Standing::Linked => "The bot is linked to the phone, and a good archive of its login is kept.",
                Standing::Waiting => "No archive was made yet: the bot wasn't linked, or the keeper hasn't looked.",
                Standing::Doubtful => "The last look left doubts; the last good archive stays.",
                Standing::LoggedOut => "No phone is linked any more.",
                Standing::NeedsQr => "The login was ended, and no archive brings it back.",
                Standing::Broken => "A bot that starts on this session would lose its login.",
                Standing::Missing => "The session's folder isn't there any more.",
                Standing::Elsewhere => "Another machine has the right to run this bot.",
            },
            Lang::Ru => match standing {
                Standing::Linked => "Бот подключён к телефону, исправный архив входа сохранён.",
                Standing::Waiting => "Архива ещё нет: бот не был подключён или хранитель ещё не смотрел.",
                Standing::Doubtful => "Последний осмотр вызвал сомнения; прежний исправный архив на месте.",
                Standing::LoggedOut => "Ни один телефон больше не подключён.",
                Standing::NeedsQr => "Вход завершён, ни один архив его не вернёт.",
                Standing::Broken => "Бот, запущенный с этой сессией, потеряет вход.",
                Standing::Missing => "Папки сессии больше нет.",
                Standing::Elsewhere => "Право запускать этого бота сейчас у другой машины.",
            },
        }
    }

    /// What is wrong, and what to do.
    pub fn condition(self, condition: &Condition) -> Told {
        match self {
            Lang::En => en(condition),
            Lang::Ru => ru(condition),
        }
    }

    /// A time span in words: `40 min`.
    pub fn span(self, seconds: i64) -> String {
        let s = seconds.max(0);
        let (n, en, ru) = match s {
            0..60 => (s, "s", "с"),
            60..3600 => (s / 60, "min", "мин"),
            3600..172_800 => (s / 3600, "h", "ч"),
            _ => (s / 86_400, "days", "дн."),
        };
        format!("{n} {}", if self == Lang::En { en } else { ru })
    }

    /// A notice's first line.
    pub fn title(self, notice: &Notice) -> String {
        let mark = match &notice.news {
            News::Began { condition } | News::GoesOn { condition, .. } if condition.is_grave() => "🔴",
            News::Began { .. } | News::GoesOn { .. } => "🟡",
            News::Ended { .. } | News::Well { .. } | News::Restored { .. } => "🟢",
            News::Test => "🔔",
        };
        format!("{mark} {}: {}", notice.session, self.headline(&notice.news))
    }

    fn headline(self, news: &News) -> String {
        let en = self == Lang::En;
        match news {
            News::Began { condition } => self.condition(condition).what,
            News::GoesOn { condition, .. } if en => format!("still: {}", self.condition(condition).what),
            News::GoesOn { condition, .. } => format!("всё ещё: {}", self.condition(condition).what),
            News::Ended { condition, .. } if en => format!("over: {}", self.condition(condition).what),
            News::Ended { condition, .. } => format!("прошло: {}", self.condition(condition).what),
            News::Well { .. } if en => "all is well again".into(),
            News::Well { .. } => "снова всё в порядке".into(),
            News::Restored { .. } if en => "the login was restored".into(),
            News::Restored { .. } => "вход восстановлен".into(),
            News::Test if en => "a test: notices arrive here".into(),
            News::Test => "проверка: уведомления приходят сюда".into(),
        }
    }

    /// What stands below it: what to do, since when, whose login, where.
    pub fn notice(self, notice: &Notice, now: Timestamp) -> String {
        let mut lines = Vec::new();
        match &notice.news {
            News::Began { condition } | News::GoesOn { condition, .. } => {
                lines.extend(self.condition(condition).next.map(|n| format!("→ {n}")));
            }
            News::Restored { from } if self == Lang::En => lines.push(format!("from {from}")),
            News::Restored { from } => lines.push(format!("из {from}")),
            News::Ended { .. } | News::Well { .. } | News::Test => {}
        }
        if let News::GoesOn { since, .. } | News::Ended { since, .. } | News::Well { since } = &notice.news {
            let span = self.span(notice.time.as_second() - since.as_second());
            lines.push(if self == Lang::En { format!("after {span}") } else { format!("спустя {span}") });
        }
        let who = notice.account.as_deref().map(|a| format!("{a}, ")).unwrap_or_default();
        lines.push(format!("{who}{}, {}", notice.host, super::clock(notice.time, now)));
        lines.join("\n")
    }

    /// How many further notices there are.
    pub fn and_more(self, n: usize) -> String {
        match self {
            Lang::En => format!("… and {n} more"),
            Lang::Ru => format!("… и ещё {n}"),
        }
    }
}

fn en(condition: &Condition) -> Told {
    match condition {
        Condition::SessionLost { standing } => Told::new(
            format!("the login is lost: {}", lowered(Lang::En.standing_means(*standing))),
            match standing {
                Standing::LoggedOut => "start the bot and look at its page; `wakeep restore` tries the archive",
                _ => "stop the bot, then `wakeep restore`",
            },
        ),
        Condition::QrNeeded => {
            Told::new("a QR scan is needed", "start the bot and scan its QR code with the phone: Linked devices")
        }
        Condition::NoGoodArchive { seconds } => Told::new(
            format!("no good archive for {}", Lang::En.span(*seconds)),
            "`wakeep status` and `wakeep archive` say what hinders it",
        ),
        Condition::SnapshotsRefused { reason } => Told::new(
            format!("snapshots are refused, they replace nothing: {}", super::en::refusal(*reason)),
            "`wakeep check` says what is wrong with the session",
        ),
        Condition::RoundsFail { error } => Told::new(format!("the rounds fail: {error}"), "`wakeep doctor`"),
        Condition::LeaseLost => Told::new(
            "another machine has taken the right to run this bot",
            "stop the bot on one of the two: WhatsApp unlinks a login that runs twice",
        ),
        Condition::DrillFailed => Told::new(
            "the drill failed: the archive would not bring the login back",
            "`wakeep archive --force`, then `wakeep check --drill`",
        ),
        Condition::NoticesFail { channels } => Told::new(
            format!("notices don't arrive by {}", channels.join(", ")),
            "`wakeep notify test` says why; what waits is tried again",
        ),
        Condition::DiskNearlyFull { path, free } => Told::new(
            format!("the disk is nearly full: {} left at {}", super::en::bytes(*free), path.display()),
            "free some space: df -h",
        ),
        Condition::Moved { to, how, start } => super::en::moved(to, *how, start.as_deref()),
        Condition::PhoneUnseen { days } => Told::new(
            format!("the phone was last seen {days} days ago"),
            "open WhatsApp on the phone: after 14 days without it the bot is unlinked",
        ),
        Condition::PhoneLongUnseen { days } => Told::new(
            format!("the phone was last seen {days} days ago; at 14 the bot is unlinked"),
            "open WhatsApp on the phone today",
        ),
    }
}

fn ru(condition: &Condition) -> Told {
    match condition {
        Condition::SessionLost { standing } => Told::new(
            format!("вход потерян: {}", lowered(Lang::Ru.standing_means(*standing))),
            match standing {
                Standing::LoggedOut => "запустите бота и посмотрите на его страницу; `wakeep restore` попробует архив",
                _ => "остановите бота, затем `wakeep restore`",
            },
        ),
        Condition::QrNeeded => Told::new(
            "нужно отсканировать QR-код",
            "запустите бота и отсканируйте его QR-код телефоном: Связанные устройства",
        ),
        Condition::NoGoodArchive { seconds } => Told::new(
            format!("исправного архива нет уже {}", Lang::Ru.span(*seconds)),
            "`wakeep status` и `wakeep archive` скажут, что мешает",
        ),
        Condition::SnapshotsRefused { reason } => Told::new(
            format!("снимки отвергаются и ничего не заменяют: {}", super::ru::refusal(*reason)),
            "`wakeep check` скажет, что не так с сессией",
        ),
        Condition::RoundsFail { error } => Told::new(format!("обходы не удаются: {error}"), "`wakeep doctor`"),
        Condition::LeaseLost => Told::new(
            "право запускать этого бота перешло к другой машине",
            "остановите бота на одной из двух: вход, работающий дважды, WhatsApp отключает",
        ),
        Condition::DrillFailed => Told::new(
            "проба не удалась: архив не вернул бы вход",
            "`wakeep archive --force`, затем `wakeep check --drill`",
        ),
        Condition::NoticesFail { channels } => Told::new(
            format!("уведомления не доходят через {}", channels.join(", ")),
            "`wakeep notify test` скажет почему; недошедшее отправится снова",
        ),
        Condition::DiskNearlyFull { path, free } => Told::new(
            format!("диск почти полон: осталось {} ({})", super::ru::bytes(*free), path.display()),
            "освободите место: df -h",
        ),
        Condition::Moved { to, how, start } => super::ru::moved(to, *how, start.as_deref()),
        Condition::PhoneUnseen { days } => Told::new(
            format!("телефон не был на связи {days} дн."),
            "откройте WhatsApp на телефоне: через 14 дней без него бот будет отключён",
        ),
        Condition::PhoneLongUnseen { days } => Told::new(
            format!("телефон не был на связи {days} дн.; на 14-й день бот будет отключён"),
            "откройте WhatsApp на телефоне сегодня",
        ),
    }
}

/// A sentence within a sentence.
fn lowered(sentence: &str) -> String {
    let mut chars = sentence.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
