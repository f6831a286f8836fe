//! Every sentence a person reads, once a language: `en` and `ru` turn facts into words by exhaustive `match`, so a
//! fact that is not told in both does not compile. What is the same in every language stands here.

mod channel;
mod en;
mod figures;
mod io;
mod notice;
mod page;
mod phrase;
mod problem;
mod progress;
mod ru;
mod typed;
mod way_back;

pub use figures::clock;
use figures::{dated, seconds, sized, timed};
pub use progress::Work;
pub use typed::typed;

use crate::ailment::Ailment;
use crate::error::Error;
use crate::vault::journal::{Back, Event};
use crate::verdict::{Finding, Grade, Login, Verdict, masked};
pub use phrase::Phrase;
pub use way_back::WayBack;

/// The fact in the words of that language.
macro_rules! say {
    ($lang:expr, $fact:ident($($of:expr),*)) => {
        match $lang {
            Lang::En => en::$fact($($of),*),
            Lang::Ru => ru::$fact($($of),*),
        }
    };
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// What is so, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// One sentence that says what is so.
    pub what: String,
    /// One that says what to do, where there is something to do.
    pub next: Option<String>,
}

impl Told {
    fn new(what: impl Into<String>, next: impl Into<String>) -> Told {
        let next = next.into();
        Told { what: what.into(), next: (!next.is_empty()).then_some(next) }
    }
}

impl Lang {
    /// The language a locale's name means: Russian for `ru…`, English for all else.
    pub fn of_locale(name: &str) -> Lang {
        if name.to_ascii_lowercase().starts_with("ru") { Lang::Ru } else { Lang::En }
    }

    /// What an error says.
    pub fn error(self, error: &Error) -> Told {
        say!(self, error(error))
    }

    /// An error as something that happened: what is so and what to do, in one line.
    pub fn failed(self, error: &Error) -> Event {
        let told = self.error(error);
        let next = told.next.map(|n| format!("; {n}")).unwrap_or_default();
        Event::Failed { error: format!("{}{next}", told.what) }
    }

    /// What a finding means and what to do, where this is the way back.
    pub fn finding(self, finding: &Finding, way: WayBack) -> Told {
        let told = say!(self, code(finding.code, way));
        let place = finding.path.display().to_string();
        let detail = match self {
            Lang::En => finding.detail.clone(),
            Lang::Ru => ru::detail(&finding.detail),
        };
        let detail = [place, detail].into_iter().filter(|s| !s.is_empty());
        let detail = detail.collect::<Vec<_>>().join(", ");
        let what = if detail.is_empty() { told.what } else { format!("{} ({detail})", told.what) };
        Told { what, next: told.next }
    }

    /// What happened, in one line.
    pub fn event(self, event: &Event) -> String {
        say!(self, event(event))
    }

    /// A verdict in a few words.
    pub fn verdict(self, verdict: &Verdict) -> String {
        let who = verdict.account.as_deref().map(|a| format!(", {}", masked(a))).unwrap_or_default();
        format!("{}, {}{who}", self.grade(verdict.grade), self.login(verdict.login))
    }

    /// A grade in a word.
    pub fn grade(self, grade: Grade) -> &'static str {
        say!(self, grade(grade))
    }

    /// A login state in a word or two.
    pub fn login(self, login: Login) -> &'static str {
        say!(self, login(login))
    }

    /// A fixed phrase.
    pub fn phrase(self, phrase: Phrase) -> &'static str {
        say!(self, phrase(phrase))
    }

    /// "of your 14 archives, 3 would not bring the login back".
    pub fn tally(self, all: usize, lost: usize) -> String {
        say!(self, tally(all, lost))
    }

    /// "unchanged, verified, from 12:04".
    pub fn unchanged_since(self, time: &str, verified: bool) -> String {
        match (self, verified) {
            (Lang::En, true) => format!("unchanged, verified, from {time}"),
            (Lang::En, false) => format!("unchanged, from {time}"),
            (Lang::Ru, true) => format!("без изменений, проверен, от {time}"),
            (Lang::Ru, false) => format!("без изменений, от {time}"),
        }
    }

    /// That an archive's bytes are whole.
    pub fn whole(self, name: &str, size: u64) -> String {
        match self {
            Lang::En => format!("{name} is whole ({})", self.bytes(size)),
            Lang::Ru => format!("{name}: архив цел ({})", self.bytes(size)),
        }
    }

    /// That a file is a difference, and whole together with its base.
    pub fn whole_with(self, name: &str, size: u64, base: &str) -> String {
        let size = self.bytes(size);
        match self {
            Lang::En => format!("{name} is a difference ({size}): whole together with {base}, useless without it"),
            Lang::Ru => format!("{name}: отличие ({size}), вместе с {base} цело, а без него бесполезно"),
        }
    }

    /// How old the archive at its path is, where the vault holds a newer state.
    pub fn file_is_of(self, ago: &str) -> String {
        match self {
            Lang::En => format!("the file itself: {ago}"),
            Lang::Ru => format!("сам файл: {ago}"),
        }
    }

    /// That the vault holds a newer state than the archive's path, and from when.
    pub fn newer_in_vault(self, ago: &str, size: u64) -> String {
        let size = self.bytes(size);
        match self {
            Lang::En => format!("newer in the vault, for every restore: {ago} ({size})"),
            Lang::Ru => format!("в хранилище новее, для любого восстановления: {ago} ({size})"),
        }
    }

    /// How many of the sessions are safe.
    pub fn safe_of(self, safe: usize, all: usize) -> String {
        match self {
            Lang::En => format!("{safe} of {all} logins are safe."),
            Lang::Ru => format!("Входов в безопасности: {safe} из {all}."),
        }
    }

    /// From where to where a restore goes back.
    pub fn goes_back(self, back: &Back) -> String {
        say!(self, goes_back(back))
    }

    /// When the keeper looks next.
    pub fn next_look(self, seconds: i64) -> String {
        match (self, seconds > 0) {
            (Lang::En, true) => format!("next look in {}", self.span(seconds)),
            (Lang::En, false) => "next look due".into(),
            (Lang::Ru, true) => format!("следующая проверка через {}", self.span(seconds)),
            (Lang::Ru, false) => "следующей проверке пора быть".into(),
        }
    }

    /// That the keeper's rounds stand still.
    pub fn rounds_stopped(self, seconds: u64) -> String {
        match self {
            Lang::En => {
                format!("the keeper's rounds gave no sign of life for {seconds} s: look at its log, restart it")
            }
            Lang::Ru => format!("обходы хранителя молчат уже {seconds} с: посмотрите его лог и перезапустите его"),
        }
    }

    /// A unit's state, as systemd names it.
    pub fn unit_state(self, state: &str) -> &str {
        match (self, state) {
            (Lang::Ru, "active") => "работает",
            (Lang::Ru, "inactive") => "не работает",
            (Lang::Ru, "failed") => "сбой",
            (Lang::Ru, "activating") => "запускается",
            (_, other) => other,
        }
    }

    /// What was pushed, and what it cost.
    pub fn pushed(self, place: &str, bytes: u64, requests: u64) -> String {
        match self {
            Lang::En => format!("pushed to {place} ({} sent, {requests} requests)", self.bytes(bytes)),
            Lang::Ru => format!("отправлен в {place} (передано {}, запросов: {requests})", self.bytes(bytes)),
        }
    }

    /// How much space is free.
    pub fn free(self, size: u64) -> String {
        match self {
            Lang::En => format!("{} free", self.bytes(size)),
            Lang::Ru => format!("свободно {}", self.bytes(size)),
        }
    }

    /// That a configuration of one user's names another user's bot to be stopped.
    pub fn not_theirs_to_stop(self, unit: &str, user: &str, author: &str) -> String {
        match self {
            Lang::En => format!(
                "`bot_unit` names {unit}, which runs as {user}: {author}, whose file this is, may not have it stopped"
            ),
            Lang::Ru => format!(
                "`bot_unit` называет {unit}, который работает от имени {user}: {author}, чей это файл, не может его остановить"
            ),
        }
    }

    /// That another host's lease is waited for.
    pub fn takes_over(self, seconds: u64) -> String {
        match self {
            Lang::En => {
                format!("another host has the lease: it is taken over if nothing is heard of it for {seconds} s")
            }
            Lang::Ru => format!("право у другой машины: перейдёт сюда, если она молчит {seconds} с"),
        }
    }

    /// That a browser has written everything and ended.
    pub fn browser_closed(self, pid: u32, time: f64) -> String {
        let time = seconds(time);
        match self {
            Lang::En => format!("the browser (process {pid}) wrote everything and ended in {time} s"),
            Lang::Ru => format!("браузер (процесс {pid}) всё записал и завершился за {time} с"),
        }
    }

    /// That a browser was asked to end and hasn't.
    pub fn browser_runs(self, pid: u32) -> String {
        match self {
            Lang::En => format!("the browser (process {pid}) was asked to end and still runs"),
            Lang::Ru => format!("браузер (процесс {pid}) получил просьбу завершиться и ещё работает"),
        }
    }

    /// That the write budget makes the next archive wait.
    pub fn over_budget(self, seconds: u64) -> String {
        match self {
            Lang::En => format!("the write budget lets the next one wait {seconds} s"),
            Lang::Ru => format!("из-за предела записи следующий через {seconds} с"),
        }
    }

    /// What an ailment means and what mends it.
    pub fn ailment(self, ailment: &Ailment) -> Told {
        say!(self, ailment(ailment))
    }

    /// A size for people: `102.4 MB`.
    pub fn bytes(self, n: u64) -> String {
        say!(self, bytes(n))
    }

    /// How long ago something was, in words.
    pub fn ago(self, seconds: i64) -> String {
        say!(self, ago(seconds.max(0)))
    }

    /// Why a backup stays.
    pub fn why(self, why: crate::vault::retention::Why) -> &'static str {
        say!(self, why(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Code;

    #[test]
    fn sizes_are_short() {
        let size = |n| Lang::En.bytes(n);
        assert_eq!(
            [size(999), size(1_000), size(999_999), size(102_400_000)],
            ["999 B", "1.0 KB", "1.0 MB", "102.4 MB"]
        );
        assert_eq!(Lang::Ru.bytes(102_400_000), "102.4 МБ");
    }

    #[test]
    fn every_code_says_something_in_both_languages() {
        for code in Code::ALL {
            let finding = Finding::new(*code, "", "");
            let (en, ru) = (Lang::En.finding(&finding, WayBack::Archive), Lang::Ru.finding(&finding, WayBack::Archive));
            assert!(en.what.is_ascii() || en.what.contains('’'), "{}", en.what);
            assert!(ru.what.chars().any(|c| ('а'..='я').contains(&c)), "{}", ru.what);
            assert_eq!(en.next.is_some(), ru.next.is_some(), "{code:?}");
        }
    }

    #[test]
    fn nobody_is_told_to_restore_from_nothing() {
        for code in Code::ALL {
            for lang in [Lang::En, Lang::Ru] {
                let next = lang.finding(&Finding::new(*code, "", ""), WayBack::Scan).next.unwrap_or_default();
                assert!(!next.contains("wakeep restore`"), "{code:?}: {next}");
            }
        }
    }

    #[test]
    fn russian_numbers_have_their_forms() {
        assert_eq!(Lang::Ru.tally(14, 3), "из ваших 14 архивов 3 не вернули бы вход");
        assert_eq!(Lang::Ru.tally(1, 1), "из вашего 1 архива 1 не вернул бы вход");
    }
}
