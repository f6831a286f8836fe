//! What went wrong and what to do, in Russian.

use crate::error::{Departure, Error, Fault, Holder, Unsealable};
use crate::text::{Lang, Told, dated, io, timed, typed};

pub fn error(error: &Error) -> Told {
    match error {
        Error::Io { doing, path, source } => io::ru(doing, path, source),
        Error::Config { place, problem, suggestion } => Told::new(
            format!("ошибка настройки: {place}: {}", Lang::Ru.problem(problem)),
            suggestion.as_ref().map(|s| Lang::Ru.suggestion(problem, s)).unwrap_or_default(),
        ),
        Error::SessionMissing { path } => Told::new(
            format!("сессии нет: {}", path.display()),
            "укажите её через --session ПУТЬ или верните командой `wakeep restore`",
        ),
        Error::NotASession { path } => Told::new(
            format!("{} не похоже ни на одну известную сессию", path.display()),
            "укажите папку .wwebjs_auth, папку сессии в ней, папку Baileys или файл SQLite",
        ),
        Error::Restless { path, tries, last } => Told::new(
            format!(
                "{} менялась при каждой из {tries} попыток скопировать её целиком (последнее: {last})",
                path.display()
            ),
            "попытка повторится; если так будет и дальше, остановите бота и выполните `wakeep archive`",
        ),
        Error::InUse { path, holder } => Told::new(
            format!("{} занята: {}", path.display(), holder_name(holder)),
            "сначала остановите бота (pm2 stop ИМЯ или systemctl stop СЛУЖБА), затем повторите",
        ),
        Error::MaybeInUse { path, why } => Told::new(
            format!("отсюда не видно, занята ли {}: {}", path.display(), super::detail::detail(why)),
            "сначала остановите бота или запустите от его пользователя либо root на машине бота",
        ),
        Error::Busy { holder } => Told::new(
            format!("с этой сессией уже работает другой wakeep ({})", holder_name(holder)),
            "подождите, пока он закончит, и повторите",
        ),
        Error::Kept { by } => Told::new(
            format!("за этой сессией уже следит другой хранитель ({by})"),
            "оставьте её ему или сначала остановите его (systemctl stop wakeep или в его терминале)",
        ),
        Error::OtherSession { path, other } => Told::new(
            format!("сессии {} нет, а та, из которой сделан архив, стоит здесь: {}", path.display(), other.display()),
            "исправьте `session`; если так и задумано, `wakeep restore --force`",
        ),
        Error::NothingSoOld { at } => Told::new(
            format!("нет исправного архива от {} или старше", dated(*at)),
            "какие есть, покажет `wakeep list`",
        ),
        Error::NothingToRestore { place } => Told::new(
            format!("восстанавливать не из чего: нет архива {} и нет копий в хранилище", place.display()),
            "скопируйте туда whatsapp_auth_latest.tar.gz с машины бота или запустите бота и отсканируйте QR-код",
        ),
        Error::Damaged { path, what } => Told::new(
            format!("архив {} повреждён: {what}", path.display()),
            "возьмите другой архив: их покажет `wakeep list`",
        ),
        Error::NotInArchive { path, session } => Told::new(
            format!("{}: архива сессии {session} в нём нет", path.display()),
            "укажите нужную сессию через --only ИМЯ; `wakeep check ФАЙЛ` покажет, какие в нём есть",
        ),
        Error::Hostile { path, what } => {
            Told::new(format!("архив {} отвергнут: {what}", path.display()), "не используйте его; выясните, откуда он")
        }
        Error::Stale { path, expected, found } => Told::new(
            format!("копия {} кончается записью {found}, а на диске было не меньше {expected}", path.display()),
            "попытка повторится",
        ),
        Error::RemoteNewer { place, host, generation } => Told::new(
            format!("в {place} лежит архив {generation} с машины {host}, этот его не продолжает"),
            "если бот теперь работает здесь, сначала `wakeep pull`, либо замените: `wakeep push --force`",
        ),
        Error::HereNewer { place, here, there } => Told::new(
            format!("архив здесь (от {}) новее того, что лежит в {place} (от {})", timed(*here), timed(*there)),
            "он остаётся; поставить на его место старый: `wakeep pull --force`",
        ),
        Error::Sealed { path, why } => sealed(&path.display().to_string(), *why),
        Error::LeaseHeld { holder } => Told::new(
            format!("этот бот работает на другой машине: {}", holder_name(holder)),
            "сначала остановите его там (один вход на двух машинах отвязывает обе); если та больше не работает: `wakeep run --take-over`",
        ),
        Error::Moved { to, how } => moved(to, *how, None),
        Error::Remote { place, fault } => self::fault(place, fault),
        Error::Interrupted => Told::new("прервано", ""),
    }
}

/// Где стоит бот, который переехал, и строка, которая это завершает. `start` запускает его здесь.
pub(in crate::text) fn moved(to: &str, how: Departure, start: Option<&str>) -> Told {
    let (start, there) = (start.unwrap_or("запустите бота"), typed(to));
    match how {
        Departure::UnderWay => {
            Told::new(format!("бот прямо сейчас переезжает в {to}"), "подождите, пока эта команда закончится")
        }
        Departure::BrokenOff => Told::new(
            format!("переезд в {to} оборвался до того, как что-либо было передано: бот остаётся здесь"),
            format!("продолжить: `wakeep move {there}`; чтобы он работал здесь: {start}"),
        ),
        Departure::Half => Told::new(
            format!("переезд в {to} оборвался на середине: возможно, бот уже активен там"),
            format!(
                "`wakeep move {there}` завершит его; вернуть бота сюда, если там он точно не работает: `wakeep restore \
                 --force`, затем {start}"
            ),
        ),
        Departure::Done => Told::new(
            format!("этот бот переехал в {to} и принадлежит той машине"),
            format!(
                "вернуть его сюда: остановите его там (один вход на двух машинах отвязывает обе), затем `wakeep restore \
                 --force` и {start}"
            ),
        ),
    }
}

fn sealed(path: &str, why: Unsealable) -> Told {
    match why {
        Unsealable::NoKey => Told::new(
            format!("{path} запечатан, и открыть его нечем"),
            "укажите ключ: `identity` в wakeep.toml или WAKEEP_IDENTITY (файл), либо `passphrase_file`",
        ),
        Unsealable::OtherKey => {
            Told::new(format!("{path} запечатан для другого ключа"), "нужен ключ одного из его получателей")
        }
        Unsealable::KeyUnusable => Told::new(
            format!("в {path} нет пригодного ключа"),
            "нужен ключ age (`wakeep keygen`) или SSH-ключ ed25519 либо RSA",
        ),
        Unsealable::KeyLocked => Told::new(
            format!("ключ {path} сам закрыт паролем"),
            "запишите пароль в файл (0600) и укажите файл в `passphrase_file`",
        ),
        Unsealable::WrongPassphrase => Told::new(
            format!("пароль не открывает ключ к {path}"),
            "впишите верный в первую строку файла, указанного в `passphrase_file`",
        ),
        Unsealable::NoRecipient => Told::new(
            format!("{path} нельзя запечатать: не указано, для кого"),
            "впишите `seal_to = \"age1…\"` в wakeep.toml; ключ делает `wakeep keygen`",
        ),
        Unsealable::Difference => Told::new(
            format!("в {path} лишь то, что изменилось после другого архива; без него ничего не вернуть"),
            "выполните `wakeep archive` и запечатайте whatsapp_auth_latest.tar.gz: в нём всё",
        ),
        Unsealable::NotSealed => Told::new(format!("{path} не запечатан"), "берите его как есть"),
    }
}

fn fault(place: &str, fault: &Fault) -> Told {
    match fault {
        Fault::Unreachable { why } => Told::new(
            format!("{place}: нет связи: {why}"),
            "проверьте сеть и адрес; всё, что здесь, в сохранности, попытка повторится",
        ),
        Fault::TimedOut => Told::new(
            format!("{place} не отвечает вовремя"),
            "проверьте сеть; всё, что здесь, в сохранности, попытка повторится",
        ),
        Fault::Credentials { why } => Told::new(
            format!("{place} не принимает этот ключ: {why}"),
            "проверьте ключ в `s3_credentials`, в окружении или в агенте SSH, а также часы этой машины",
        ),
        Fault::NoCredentials => Told::new(
            format!("нет ключа доступа к {place}"),
            "положите его в файл (0600) и укажите файл в `s3_credentials` или задайте AWS_ACCESS_KEY_ID и \
             AWS_SECRET_ACCESS_KEY",
        ),
        Fault::HostKey => Told::new(
            format!("{place}: ключ сервера не тот, что известен, или неизвестен"),
            "подключитесь один раз вручную через `ssh` и сверьте отпечаток с сервером",
        ),
        Fault::Untrusted { why } => Told::new(
            format!("{place}: сертификату сервера здесь не доверяют: {why}"),
            "если его выпустил ваш собственный центр, укажите сертификат этого центра в `s3_ca_file`",
        ),
        Fault::NoBucket { bucket } => {
            Told::new(format!("{place}: бакета {bucket} нет"), "создайте его или исправьте имя в `remote`")
        }
        Fault::Moved { to: Some(to) } => {
            Told::new(format!("{place}: бакет находится в {to}"), "укажите это в `s3_region` или `s3_endpoint`")
        }
        Fault::Moved { to: None } => Told::new(
            format!("{place}: бакет находится в другом регионе или за другим адресом"),
            "укажите в `s3_region` и `s3_endpoint`, где он создан",
        ),
        Fault::NoFolder { path } => Told::new(
            format!("{place}: папки {path} нет"),
            "подключите диск или создайте папку и повторите; wakeep не создаёт её сам: вдруг это неподключённый диск",
        ),
        Fault::Denied { why } => Told::new(
            format!("{place} не разрешает это: {why}"),
            "дайте этому пользователю или ключу право смотреть, читать, писать и удалять там",
        ),
        Fault::Full => Told::new(
            format!("{place}: там закончилось место или квота"),
            "освободите там место; то, что лежало там раньше, цело",
        ),
        Fault::Garbled { name } => Told::new(
            format!("{place}: {name} дошёл не таким, каким отправлен"),
            "он будет отправлен снова; если это повторяется, что-то по дороге меняет байты",
        ),
        Fault::Replaced { name } => {
            Told::new(format!("{place}: {name} заменили, пока он загружался"), "повторите: новый цел")
        }
        Fault::Foreign { name } => Told::new(
            format!("{place}: {name} положил туда не этот wakeep, и что это, отсюда не узнать"),
            "переименуйте, если он кому-то нужен, либо замените: `wakeep push --force`",
        ),
        Fault::OtherBot => Told::new(
            format!("в {place} лежит архив другого бота (другой номер или вид)"),
            "дайте каждому боту своё место, либо замените тот архив: `wakeep push --force`",
        ),
        Fault::Name { name } => Told::new(format!("{place}: {name:?} не может быть именем объекта"), ""),
        Fault::NoLease { why } => Told::new(
            format!("{place} не может хранить, какая машина вправе запускать бота: {why}"),
            "возьмите бакет, который умеет условную запись (см. docs/remotes.md), или запускайте бота только на одной машине",
        ),
        Fault::Odd { why } => Told::new(format!("{place}: {why}"), ""),
    }
}

fn holder_name(holder: &Holder) -> String {
    let pid = holder.pid.map(|p| format!(" (pid {p})")).unwrap_or_default();
    let host = holder.host.as_ref().map(|h| format!(" на {h}")).unwrap_or_default();
    let program = if holder.program.is_empty() { "программа" } else { &holder.program };
    format!("{program}{pid}{host}")
}
