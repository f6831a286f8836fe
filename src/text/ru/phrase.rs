//! Headings, labels and the like, in Russian.

use crate::text::Phrase;

pub fn phrase(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::Session => "сессия",
        Phrase::Login => "состояние",
        Phrase::Archive => "архив",
        Phrase::Backups => "копии",
        Phrase::Keeper => "хранитель",
        Phrase::Disk => "диск",
        Phrase::Events => "события",
        Phrase::Lease => "право",
        Phrase::LeaseHere => "бота может запускать эта машина",
        Phrase::LeaseFree => "свободно: его нет ни у одной машины",
        Phrase::KeeperRuns => "работает",
        Phrase::KeeperRests => "не работает: запустите `wakeep watch`",
        Phrase::NoArchive => "пока нет",
        Phrase::NoBackups => "нет",
        Phrase::Safe => "Вход вашего бота в безопасности.",
        Phrase::Unsafe => "Вход вашего бота НЕ в безопасности.",
        Phrase::Next => "дальше",
        Phrase::NothingHere => "Сессии здесь не найдено.",
        Phrase::NoBrowser => "браузер с ней не работает",
        Phrase::HowToStart => {
            "Перейдите в папку бота и выполните `wakeep setup` или посмотрите, как это работает: `wakeep demo`"
        }
        Phrase::DemoTitle => "wakeep держит бота привязанным: показ на временной сессии",
        Phrase::DemoSession => "сессия бота, и бот пишет в неё",
        Phrase::DemoRound => "хранитель смотрит, пока бот пишет",
        Phrase::DemoIdle => "бот молчит; хранитель берёт последнее, потом не находит нового",
        Phrase::DemoBusy => "бот продолжает, хранитель смотрит снова",
        Phrase::DemoDamage => "бот убит, его сессия повреждена",
        Phrase::DemoCheck => "проверка это находит",
        Phrase::DemoRestore => "сессия восстанавливается",
        Phrase::DemoProof => "проверка ещё раз",
        Phrase::DemoEnd => "Вход сохранён. Для вашего бота, в его папке:",
        Phrase::DemoFailed => "что-то пошло не так, как должно",
        Phrase::NothingToClean => "старых архивов здесь нет",
        Phrase::NotSafeToClean => "ничего не удалено: нет исправного архива новее этих",
        Phrase::WouldClean => "было бы удалено",
        Phrase::AppendsTo => "строки пишутся и в",
        Phrase::Wrote => "записано",
        Phrase::LeftAsIs => "оставлено как есть",
        Phrase::SetupNext => "С этого времени рядом с ботом:",
        Phrase::Drill => "проба",
        Phrase::NoDrill => "не было: `wakeep check --drill` докажет, что архив годен",
        Phrase::DrillGood => "архив возвращает вход",
        Phrase::DrillBad => "НЕ УДАЛАСЬ: архив не вернул бы вход",
        Phrase::Incoming => "то, что пришло",
        Phrase::NotOurs => "сделан не wakeep",
        Phrase::NotWhole => "повреждён: из него ничего не восстановить",
        Phrase::Held => "оставлен для вашего восстановления; новые архивы идут в хранилище",
        Phrase::SetupReplaced => "заменено, --undo вернёт прежнее",
        Phrase::SetupBeside => "ваш файл не тронут, наш лежит рядом",
        Phrase::WouldWrite => "было бы записано",
        Phrase::WouldReplace => "было бы заменено, --undo вернул бы прежнее",
        Phrase::WouldBeside => "ваш файл остался бы, наш лёг бы рядом",
        Phrase::SetupAside => "отложено, вместо него действует настройка сервера",
        Phrase::WouldAside => "было бы отложено, вместо него действует настройка сервера",
        Phrase::SetupTracked => "файл в git, поэтому остаётся; рядом с настройкой сервера он не действует",
        Phrase::SetupTakesOver => "одна настройка для сервисов, скриптов и команд; она перенимает настройку бота:",
        Phrase::SetupServersHolds => "одна настройка для сервисов, скриптов и команд уже есть:",
        Phrase::SetupNotTaken => "предупреждение: из настройки бота не перенято:",
        Phrase::SetupNotListed => "предупреждение: нет прав на запись, впишите сессию и архивы туда сами",
        Phrase::SetupShared => "остаётся, им пользуются другие боты здесь",
        Phrase::SetupNoSession => {
            "предупреждение: сессии пока нет; если бот хранит её в другом месте, укажите его в настройке (session =). Ожидается:"
        }
        Phrase::SetupNotKept => {
            "предупреждение: эта сессия не названа в имеющейся настройке, её никто не хранит; добавьте её в [[sessions]]:"
        }
        Phrase::SetupNotStarted => "всё записано, но systemd это не запустил. Почему, скажет:",
        Phrase::PassedOver => "пропущено, это файл другого пользователя",
        Phrase::SetupSet => "изменена одна строка",
        Phrase::WouldSet => "была бы изменена одна строка",
        Phrase::SetupNoSuchUnit => {
            "предупреждение: такого сервиса в systemd пока нет, до тех пор ничего не вступит в силу:"
        }
        Phrase::SetupNeedsRoot => "чтобы настроить сервер, нужны права root:",
        Phrase::SetupLinkFirst => {
            "Запустите бота и привяжите его один раз; сессию в другой папке называет --session ПУТЬ. Сервер: sudo wakeep setup --app-dir ПАПКА"
        }
        Phrase::NothingToUndo => "отменять нечего: здесь ничего не настроено",
        Phrase::SetupShortened => "наши строки удалены",
        Phrase::WouldShorten => "были бы удалены наши строки",
        Phrase::WouldPutBack => "было бы возвращено как было",
        Phrase::SetupTakeIt => "чтобы взять его:",
        Phrase::SetupRemoved => "удалено",
        Phrase::SetupPutBack => "возвращено как было",
        Phrase::SetupNoUnit => {
            "Сервис бота не найден: назовите его: --bot-unit СЕРВИС, тогда каждый запуск бота найдёт восстановленный вход."
        }
        Phrase::SetupEffect => "Вступит в силу при следующем запуске бота:",
        Phrase::LogNotWritten => "предупреждение: не удаётся писать в лог:",
        Phrase::NoRegularFile => "это не обычный файл, значит, не архив",
        Phrase::StoppingBot => "бот останавливается на время восстановления:",
        Phrase::StartingBot => "и снова запущен:",
        Phrase::NobodyToAsk => "у терминала никого нет, ответить некому",
        Phrase::RestoreIt => "Поставить архив на место сессии? То, что есть сейчас, останется в резервной копии.",
        Phrase::SessionNewer => "сессия новее архива",
        Phrase::ArchiveNewer => "архив новее сессии",
        Phrase::NothingChanged => "ничего не изменено",
        Phrase::Takes => "беру",
        Phrase::NoneFound => "Ни в домашней папке, ни в /tmp нет whatsapp_auth….tar.gz.",
        Phrase::TypeThere => "Выполните на машине, где работал бот, в его папке:",
        Phrase::IsStoppedThere => "Бот на той машине остановлен? Две машины с одним входом WhatsApp отвяжет обе.",
        Phrase::PutThere => "на месте:",
        Phrase::ModeRisk => {
            "archive_mode открывает архив другим пользователям этой машины; кто может его прочитать, может завладеть аккаунтом"
        }
        Phrase::TakeFromRemote => "Взять архив из",
        Phrase::MovedThere => "сессия стоит там, здесь она больше не активна; запустите бота там",
        Phrase::StoppingToMove => "бот здесь останавливается:",
        Phrase::LastStateSent => "последнее состояние отправлено в",
        Phrase::LeaseHandedOver => "право запускать бота здесь отдано: другая машина может его взять",
        Phrase::StaysStopped => "здесь он остаётся остановленным; чтобы его не запускали при загрузке:",
        Phrase::MoveHalf => {
            "бот не активен здесь и, возможно, не активен там: повторите ту же команду, и переезд продолжится; вернуть \
             его сюда, если там он точно не работает: wakeep restore --force"
        }
        Phrase::StillStopped => "бот остановлен; чтобы запустить его:",
        Phrase::MoveForgotten => "переезд оборвался, ничего не было передано: бот остаётся здесь",
        Phrase::MoveNoWakeep => "wakeep там нет, а этот там не работает: установите его там и повторите эту же команду",
        Phrase::MoveNeedsSsh => "бот переезжает только по SSH",
        Phrase::MoveOnlyOne => "здесь несколько сессий: укажите одну через --only ИМЯ",
        Phrase::MovedElsewhere => {
            "бот уже переехал в другое место; `wakeep restore --force` снова сделает его активным здесь"
        }
        Phrase::NotSealedThere => {
            "предупреждение: архивы уходят с машины незапечатанными; кто их прочтёт, сможет захватить аккаунт (`wakeep keygen`, затем seal_to)"
        }
        Phrase::NoRemote => "место для архивов не указано",
        Phrase::ThereAlready => "без изменений в",
        Phrase::SentAnew => "там не хватало пачек (правило хранения? человек?): всё отправлено заново",
        Phrase::AtOfFile => "время нельзя указать вместе с файлом",
        Phrase::KeyWritten => {
            "секретный ключ в этом файле; сохраните копию в другом месте, без него запечатанное не открыть:"
        }
        Phrase::SealToLine => "Впишите в wakeep.toml там, где работает бот; сам файл там не нужен:",
        Phrase::Healthy => "Всё в порядке.",
        Phrase::Mended => "исправлено",
        Phrase::PageAt => "страница здесь:",
        Phrase::Wrong => "неладно",
        Phrase::Units => "сервисы",
        Phrase::OneInFull => "Одна подробно: `wakeep status --only ИМЯ`",
        Phrase::NoChannel => {
            "не задан ни один способ уведомления: notify_webhook, notify_telegram_chat, notify_email_to, notify_ntfy или notify_ping"
        }
    }
}
