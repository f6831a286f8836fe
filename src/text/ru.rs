//! Русский.

mod detail;
mod error;
mod phrase;

use super::{Told, WayBack, dated, seconds, sized, typed};
use crate::ailment::Ailment;
use crate::vault::journal::{Back, Event, Reason, Refusal, Told as Heard};
use crate::vault::retention::Why;
use crate::verdict::{Code, Grade, Login};
pub(super) use detail::detail;
pub(super) use error::{error, moved};
pub(super) use phrase::phrase;

pub(super) fn bytes(n: u64) -> String {
    sized(n, ["Б", "КБ", "МБ", "ГБ", "ТБ"])
}

pub(super) fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Sound => "цела",
        Grade::Doubtful => "под сомнением",
        Grade::Broken => "повреждена",
        Grade::Missing => "отсутствует",
    }
}

pub(super) fn login(login: Login) -> &'static str {
    match login {
        Login::Paired => "вход выполнен",
        Login::LoggedOut => "вход не выполнен",
        Login::Unknown => "вход неизвестен",
    }
}

/// The form of a noun that goes with a number: 1 архив, 2 архива, 5 архивов (CLDR: one, few, many).
fn plural<'a>(n: usize, one: &'a str, few: &'a str, many: &'a str) -> &'a str {
    match (n % 10, n % 100) {
        (1, rest) if rest != 11 => one,
        (2..=4, rest) if !(12..=14).contains(&rest) => few,
        _ => many,
    }
}

pub(super) fn code(code: Code, way: WayBack) -> Told {
    let restore = match way {
        WayBack::Archive => "остановите бота и выполните `wakeep restore`",
        WayBack::Remote => "архива здесь пока нет: остановите бота и выполните `wakeep pull`, затем `wakeep restore`",
        WayBack::Scan => {
            "вернуть вход не из чего: запустите бота и отсканируйте его QR-код (или принесите архив с другой машины: `wakeep receive ФАЙЛ`)"
        }
    };
    match code {
        Code::CurrentInvalid => Told::new("файл CURRENT базы отсутствует или неверен", restore),
        Code::ManifestMissing => Told::new("нет файла MANIFEST базы", restore),
        Code::ManifestDamaged => Told::new("файл MANIFEST базы повреждён", restore),
        Code::TableMissing => Told::new("нет одной из таблиц базы", restore),
        Code::TableSize => Told::new("у таблицы базы неверный размер", restore),
        Code::TableDamaged => Told::new("таблица базы повреждена", restore),
        Code::LogMissing => Told::new("нет журнала базы", restore),
        Code::LogDamaged => Told::new("журнал базы повреждён", restore),
        Code::LogTailTorn => Told::new(
            "последняя запись журнала записана наполовину; Chromium допишет за ней и при втором запуске потеряет базу",
            "восстанавливайте через wakeep, он отрежет обрывок; не распаковывайте вручную",
        ),
        Code::LogHole => Told::new("между двумя журналами базы не хватает записей", restore),
        Code::BlobMissing => Told::new("нет файла данных, на который ссылается база", restore),
        Code::BlobSize => Told::new("у файла данных базы неверный размер", restore),
        Code::DatabaseDamaged => Told::new("файл базы повреждён", restore),
        Code::SchemaUnknown => {
            Told::new("база создана более новой программой, чем знает wakeep", "проверьте, нет ли новой версии wakeep")
        }
        Code::ForeignKeys => {
            Told::new("строки базы ссылаются на отсутствующие строки", "наблюдайте за ботом; при сбое восстановите")
        }
        Code::StoresMissing => Told::new("в этой папке нет ничего, что хранит вход", restore),
        Code::LocalStorageMissing => Told::new("нет Local Storage: половины входа", restore),
        Code::IndexedDbMissing => Told::new("нет IndexedDB: половины входа", restore),
        Code::LoginIncomplete => Told::new("не хватает части входа", restore),
        Code::LoginMixed => Told::new("части относятся к двум разным входам", restore),
        Code::PairUnproved => Told::new("не удалось доказать, что части входа из одной пары; обычно так и бывает", ""),
        Code::PairRefuted => Told::new(
            "хранилища от двух разных входов, или WhatsApp изменил их связь",
            "работающего бота не трогайте; иначе остановите его и выполните `wakeep restore --force`",
        ),
        Code::QrPage => Told::new(
            "телефон не привязан",
            match way {
                WayBack::Archive => "отсканируйте QR-код или, остановив бота, выполните `wakeep restore`",
                WayBack::Remote => {
                    "отсканируйте QR-код или, остановив бота, выполните `wakeep pull`, затем `wakeep restore`"
                }
                WayBack::Scan => "отсканируйте QR-код",
            },
        ),
        Code::LayoutUnknown => Told::new(
            "вход хранится способом, которого wakeep не знает",
            "ничего не тронуто; проверьте, нет ли новой версии wakeep, или сообщите нам",
        ),
        Code::ForeignLock => Told::new(
            "в SingletonLock имя другой машины: Chromium откажется запускаться",
            "убедитесь, что там бот не работает, и удалите SingletonLock",
        ),
        Code::ChromiumDowngrade => Told::new(
            "профилем после нового Chromium пользовался более старый; он может не прочесть того, что записал новый",
            "верните более новый Chromium",
        ),
        Code::CredsMissing => Told::new("нет файла creds.json", restore),
        Code::CredsTorn => Told::new("файл creds.json пуст или оборван", restore),
        Code::CredsField => Told::new("в creds.json нет поля или оно неверно", restore),
        Code::KeyMismatch => Told::new("открытый ключ не подходит к закрытому", restore),
        Code::SignatureWrong => Told::new("подпись во входе не сходится", restore),
        Code::KeyFileTorn => Told::new("файл ключа пуст или оборван", restore),
        Code::PreKeyCounter => Told::new(
            "счётчик предварительных ключей слишком мал",
            "остановите бота и выполните `wakeep restore --force`: он поднимет счётчик",
        ),
        Code::DeviceField => Told::new("у устройства в базе поле неверной длины", restore),
        Code::NoDevice => Told::new("в базе нет ни одного устройства", "привяжите бота к телефону"),
        Code::DevicePaired => Told::new("одно из устройств базы привязано", ""),
        Code::DeviceUnsound => Told::new(
            "одно из устройств базы неисправно, остальные в порядке",
            "наблюдайте за этим ботом; при сбое привяжите его заново",
        ),
        Code::ArchiveDamaged => Told::new("архив повреждён", "возьмите другой: их покажет `wakeep list`"),
        Code::ArchiveHostile => Told::new("в архиве есть то, что нельзя распаковывать", "не используйте его"),
        Code::WorldReadable => {
            Told::new("архив может прочитать кто угодно на этой машине", "выполните для него chmod 600")
        }
    }
}

pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Created { base: Some(base), generation, bytes: size, seconds: s, account: who, .. } => {
            let who = who.as_deref().map(|a| format!(", {a}")).unwrap_or_default();
            let (size, s) = (bytes(*size), seconds(*s));
            format!("архив {generation} сохранён в хранилище как отличие от {base}: {size}, {s} с{who}")
        }
        Event::Created { archive, generation, bytes: size, seconds: s, account: who, in_place, .. } => {
            let who = who.as_deref().map(|a| format!(", {a}")).unwrap_or_default();
            let place = if *in_place {
                format!("{}", archive.display())
            } else {
                "только в хранилище".to_owned()
            };
            format!("архив {generation} записан: {}, {} с{who}, {place}", bytes(*size), seconds(*s))
        }
        Event::Unchanged { archive, .. } => format!("без изменений: {}", archive.display()),
        Event::Refused { reason, .. } => format!("снимок отвергнут и ничего не заменит: {}", refusal(*reason)),
        Event::Absent { session } => format!("сессии {} пока нет", session.display()),
        Event::Restored { from, account: who, seconds: s, back, passed_over, .. } => {
            let who = who.as_deref().map(|a| format!(", {a}")).unwrap_or_default();
            let passed = passed_over.as_ref().map(|p| format!("; {} не годится и пропущен", p.display()));
            let passed = passed.unwrap_or_default();
            let back = back.as_ref().map(|b| format!("; {}", goes_back(b))).unwrap_or_default();
            format!("сессия восстановлена из {} за {} с{who}{back}{passed}", from.display(), seconds(*s))
        }
        Event::NotNeeded { reason, .. } => format!("восстановление не выполнялось: {}", why_left(*reason)),
        Event::WouldRestore { from, back, .. } => {
            let back = back.as_ref().map(|b| format!("; {}", goes_back(b))).unwrap_or_default();
            format!("восстановление было бы из {}{back}", from.display())
        }
        Event::RestoreRefused { from, .. } => {
            format!("восстановление не выполнялось: {} не вернул бы вход", from.display())
        }
        Event::RolledBack { from, .. } => {
            format!("сессия из {} оказалась негодной; возвращено то, что было", from.display())
        }
        Event::Recovered { undone: true } => "оборванное восстановление отменено; возвращено то, что было".into(),
        Event::Recovered { undone: false } => "оборванное восстановление доведено до конца".into(),
        Event::Arrived { kept, .. } => format!("на месте архива новый файл; его копия: {}", kept.display()),
        Event::NeedsQr { account: who } => {
            let who = who.as_deref().map(|a| format!(" {a}")).unwrap_or_default();
            format!("вход{who} завершён, и ни один архив его не вернёт: отсканируйте QR-код")
        }
        Event::CleanedUp { files, bytes: size, .. } => {
            let archives = plural(*files, "старый архив", "старых архива", "старых архивов");
            format!("удалено: {files} {archives}, освобождено {}", bytes(*size))
        }
        Event::Told { what, reason, ended } => {
            let reason = reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
            let ended = if *ended {
                "; вход завершён, его архивы больше не восстанавливаются"
            } else {
                ""
            };
            format!("бот сообщает: {}{reason}{ended}", told(*what))
        }
        Event::Drilled { verdict, seconds: s, .. } if verdict.is_good() => {
            let who = verdict.account.as_deref().unwrap_or("вход");
            format!("доказано: {who} возвращается из архива за {} с", seconds(*s))
        }
        Event::Drilled { archive, .. } => format!("проба не удалась: {} не вернул бы вход", archive.display()),
        Event::PushFailed { remote, error } => {
            format!("в {remote} ещё нет новейшего архива, попытки продолжаются: {error}")
        }
        Event::PushedUnsealed { remote } => {
            format!(
                "архивы уходят в {remote} незапечатанными; кто их там прочтёт, сможет захватить аккаунт (`wakeep keygen`, затем seal_to)"
            )
        }
        Event::PushedAgain { remote } => format!("в {remote} снова новейший архив"),
        Event::NoticesFail { channel, host, error } => {
            format!("уведомления не доходят через {channel} ({host}), попытки продолжаются: {error}")
        }
        Event::SearchFails { error } => format!("новые сессии искать не удаётся (за известными слежу): {error}"),
        Event::SearchWorks => "новые сессии снова ищутся".to_owned(),
        Event::NoticesArrive { channel, host } => format!("уведомления через {channel} ({host}) снова доходят"),
        Event::Watching { interval } => format!("наблюдение, проверка каждые {interval} с"),
        Event::LeaseTaken { lease } => format!("право запускать бота у этой машины ({lease})"),
        Event::LeaseLost { host: Some(host) } => {
            format!(
                "право запускать бота теперь у {host}: здесь он работать не должен, один вход на двух машинах отвязывает обе"
            )
        }
        Event::LeaseLost { host: None } => {
            "право запускать бота истекло, а `remote` недоступен: работать здесь он не должен; `wakeep run` останавливает \
             своего бота сам, любого другого останавливает его диспетчер"
                .into()
        }
        Event::Stopped => "остановлено".into(),
        Event::Failed { error } => format!("этот обход не удался, следующий будет: {error}"),
    }
}

pub(super) fn goes_back(back: &Back) -> String {
    let [since, to] = [&back.since, &back.to].map(|p| format!("{} ({})", p.generation, dated(p.made)));
    format!("это возврат назад: с архива {since} на архив {to}")
}

fn told(what: Heard) -> &'static str {
    match what {
        Heard::Ready => "готов",
        Heard::LoggedOut => "вход завершён",
        Heard::Qr => "показан QR-код",
        Heard::Disconnected => "соединение закрыто",
        Heard::PhoneSeen => "телефон на связи",
    }
}

pub(super) fn refusal(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Broken => "сессия повреждена",
        Refusal::Doubtful => "сессия под сомнением",
        Refusal::LoggedOut => "телефон не привязан",
        Refusal::UnknownLogin => "нельзя понять, привязан ли телефон",
        Refusal::Rewound => "он старше последнего архива",
        Refusal::Unsettled => "новый вход; минуту ждём, пока он весь окажется на диске",
        Refusal::Restless => "сессия всё время менялась",
        Refusal::Unpackable => {
            "восстановление отвергло бы его: распакованный, он больше чем в сто раз крупнее или в нём больше \
             200 000 файлов; `carry = \"login\"` не берёт лишнего"
        }
    }
}

fn why_left(reason: Reason) -> &'static str {
    match reason {
        Reason::Good => "сессия в порядке",
        Reason::UnknownLogin => "нельзя понять, привязан ли телефон; всё равно: `wakeep restore --force`",
        Reason::Doubtful => "сессия под сомнением, но не повреждена; всё равно: `--force`",
        Reason::NeverPaired => "этот бот здесь ещё не был привязан; отсканируйте QR-код",
        Reason::Tombstone => "вход завершён с телефона; отсканируйте QR-код",
        Reason::Exhausted => "архивы вернулись без входа; отсканируйте QR-код",
        Reason::QrPage => "открыта страница с QR-кодом, возможно, его сканируют; всё равно: `--force`",
    }
}

pub(super) fn why(why: Why) -> &'static str {
    match why {
        Why::Newest => "новейшая",
        Why::Ready => "принята сервером",
        Why::RestoredFrom => "из неё восстановлено",
        Why::Arrived => "положена вами",
        Why::EarlierPairing => "прежний вход",
        Why::BeforeRestore => "до восстановления",
        Why::Difference => "новейшее отличие",
        Why::Base => "основа отличия",
        Why::Hour => "часовая",
        Why::SixHours => "шестичасовая",
        Why::Day => "по одной в день",
    }
}

pub(super) fn tally(all: usize, lost: usize) -> String {
    let of = if all % 10 == 1 && all % 100 != 11 { "вашего" } else { "ваших" };
    let archives = plural(all, "архива", "архивов", "архивов");
    let would = plural(lost, "вернул", "вернули", "вернули");
    format!("из {of} {all} {archives} {lost} не {would} бы вход")
}

pub(super) fn ago(seconds: i64) -> String {
    let days = usize::try_from(seconds / 86_400).unwrap_or(0);
    match seconds {
        0..60 => format!("{seconds} с назад"),
        60..3600 => format!("{} мин назад", seconds / 60),
        3600..172_800 => format!("{} ч назад", seconds / 3600),
        _ => format!("{days} {} назад", plural(days, "день", "дня", "дней")),
    }
}

pub(super) fn ailment(ailment: &Ailment) -> Told {
    match ailment {
        Ailment::Moved { to, how, start } => moved(to, *how, start.as_deref()),
        Ailment::BotStopped { name, start } => Told::new(format!("бот ({name}) не работает"), start.as_str()),
        Ailment::SessionMissing { path } => Told::new(
            format!("сессии нет: {}", path.display()),
            "./auto-restore-auth.sh или `wakeep restore`; без архива запустите бота и отсканируйте QR-код",
        ),
        Ailment::NotWritable { path } => Told::new(
            format!("пользователь бота не может писать в {}", path.display()),
            format!("sudo chown --no-dereference ПОЛЬЗОВАТЕЛЬ_БОТА {}", typed(path)),
        ),
        Ailment::ReadOnly { path } => Told::new(
            format!("{} лежит на файловой системе, открытой только для чтения", path.display()),
            format!("причину скажет dmesg; затем sudo mount -o remount,rw $(findmnt -no TARGET -T {})", typed(path)),
        ),
        Ailment::ArchiveMissing { path } => Told::new(
            format!("архива нет: {}", path.display()),
            "wakeep archive (на новом сервере: ./upload-auth-archive.sh)",
        ),
        Ailment::ArchiveDamaged { path, what } => Told::new(
            format!("архив {} повреждён: {what}", path.display()),
            "wakeep archive --force создаст его заново; если потеряна и сессия: wakeep restore, из прежней копии",
        ),
        Ailment::ArchiveStale { seconds: age, .. } => {
            Told::new(format!("сессия менялась, а архив сделан {}", ago(*age)), "wakeep archive; он скажет, что мешает")
        }
        Ailment::WorldReadable { path, mode } => Told::new(
            format!("{} может прочитать любой на этой машине, а это ключ к аккаунту", path.display()),
            format!("chmod {mode} {} (или archive_mode, если так задумано)", typed(path)),
        ),
        Ailment::TrackedByGit { path } => Told::new(
            format!("{} лежит в git, а это ключ к аккаунту", path.display()),
            format!("git rm -r --cached {}, затем отвяжите устройство на телефоне и привяжите заново", typed(path)),
        ),
        Ailment::KeeperRests { unit: Some(unit) } => Told::new(
            "хранитель не работает",
            format!("sudo systemctl restart {unit}; почему он остановился: journalctl -u {unit}"),
        ),
        Ailment::KeeperRests { unit: None } => {
            Told::new("хранитель не работает: сами собой архивы не создаются", "wakeep watch")
        }
        Ailment::UnitFailed { unit } => Told::new(
            format!("сервис {unit} завершился с ошибкой"),
            format!("journalctl -u {unit} -n 20, затем sudo systemctl restart {unit}"),
        ),
        Ailment::UnitDisabled { unit } => {
            Told::new(format!("сервис {unit} не запускается при загрузке"), format!("sudo systemctl enable {unit}"))
        }
        Ailment::CronRests => Told::new(
            "cron не работает, значит, и проверка каждые 6 часов тоже",
            "sudo systemctl enable --now cron; его лог: journalctl -u cron",
        ),
        Ailment::RootRunsScript { path, script } => Told::new(
            format!("по {} root запускает {}, а его может менять пользователь бота", path.display(), script.display()),
            "sudo wakeep setup: его строка вызывает установленный wakeep",
        ),
        Ailment::CheckMissing { path } => {
            Told::new(format!("проверка каждые 6 часов не настроена: нет {}", path.display()), "sudo wakeep setup")
        }
        Ailment::NotExecutable { path } => {
            Told::new(format!("скрипт {} нельзя запустить", path.display()), format!("chmod 755 {}", typed(path)))
        }
        Ailment::StaleLock { path, owner, dead: true } => {
            Told::new(format!("{} остался от завершившегося браузера ({owner})", path.display()), "wakeep doctor --fix")
        }
        Ailment::StaleLock { path, owner, dead: false } => Told::new(
            format!("{} принадлежит другой машине ({owner}): Chromium не запустится", path.display()),
            format!("убедитесь, что там бот не работает, затем rm {}", typed(path)),
        ),
        Ailment::DiskNearlyFull { free } => {
            Told::new(format!("на диске свободно всего {}", bytes(*free)), "df -h; sudo journalctl --vacuum-size=200M")
        }
        Ailment::ClockWrong { path } => Told::new(
            format!("{} будто из будущего: часы идут неверно", path.display()),
            "timedatectl; sudo timedatectl set-ntp true",
        ),
        Ailment::BotErrors { path, line } => {
            Told::new(format!("в логе бота есть ошибка: {line}"), format!("tail -n 50 {}", typed(path)))
        }
    }
}
