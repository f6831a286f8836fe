//! What is said while long work goes on. Both languages stand beside each other here.

use super::Lang;

/// Work that may take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A session becomes an archive.
    Archiving,
    /// An archive becomes a session again.
    Restoring,
    /// An archive's bytes are read.
    Verifying,
    /// An archive is unpacked and examined.
    Drilling,
    /// An archive is brought to the remote.
    Pushing,
}

impl Lang {
    /// The line that is shown meanwhile: what, how far in bytes where that is known, for how long already.
    pub fn progress(self, work: Work, name: &str, done: u64, all: u64, seconds: u64) -> String {
        let far = match (done, all) {
            (0, 0) => String::new(),
            (done, 0) => format!(", {}", self.bytes(done)),
            (done, all) => format!(", {} / {}", self.bytes(done), self.bytes(all)),
        };
        let long = self.span(i64::try_from(seconds).unwrap_or(i64::MAX));
        format!("{} {name}{far}, {long}", self.work(work))
    }

    fn work(self, work: Work) -> &'static str {
        match (self, work) {
            (Lang::En, Work::Archiving) => "archiving",
            (Lang::En, Work::Restoring) => "restoring",
            (Lang::En, Work::Verifying) => "verifying",
            (Lang::En, Work::Drilling) => "proving the archive of",
            (Lang::En, Work::Pushing) => "pushing",
            (Lang::Ru, Work::Archiving) => "архивация",
            (Lang::Ru, Work::Restoring) => "восстановление",
            (Lang::Ru, Work::Verifying) => "проверка",
            (Lang::Ru, Work::Drilling) => "проба архива",
            (Lang::Ru, Work::Pushing) => "отправка",
        }
    }
}
