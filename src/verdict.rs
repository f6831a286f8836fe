//! What a check finds out: a grade, a login state, and the findings behind them. Facts only; `text` says them.

mod code;
pub mod lossy;
mod mask;

pub use code::{Code, Weight};
pub use mask::{masked, veiled};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Whether the login could be used as it lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Everything that must be there is there and whole.
    Sound,
    /// It may work, but something about it is not as it should be.
    Doubtful,
    /// A bot that starts on it would lose the login.
    Broken,
    /// There is no session at all.
    Missing,
}

/// What the session says about being linked to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Linked.
    Paired,
    /// Not linked: a QR page, or a login that was ended.
    LoggedOut,
    /// It can't be told.
    Unknown,
}

/// What a session or an archive of it is worth to a bot that has lost its login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// It would not bring a login back.
    Nothing,
    /// It may; there are doubts.
    Something,
    /// Sound and paired.
    Good,
}

impl Worth {
    /// What follows from grade and login, and from what is doubted: a doubt about a part (one device of many, a counter)
    /// doesn't make the login worth less.
    pub fn of(grade: Grade, login: Login, doubts: &[Code]) -> Worth {
        let partial = !doubts.is_empty() && doubts.iter().all(|c| c.is_about_a_part());
        match (grade, login) {
            (Grade::Broken | Grade::Missing, _) | (_, Login::LoggedOut) => Worth::Nothing,
            (Grade::Sound, Login::Paired) => Worth::Good,
            (Grade::Doubtful, Login::Paired) if partial => Worth::Good,
            (Grade::Sound | Grade::Doubtful, _) => Worth::Something,
        }
    }
}

/// One thing that was found, where, and the fact behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// The file, relative to the session's folder; empty for the session itself.
    #[serde(serialize_with = "lossy::path")]
    pub path: PathBuf,
    /// Names and numbers, in no language.
    pub detail: String,
}

impl Finding {
    /// A finding about one file.
    pub fn new(code: Code, path: impl AsRef<Path>, detail: impl Into<String>) -> Finding {
        Finding { code, path: path.as_ref().to_owned(), detail: detail.into() }
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the bytes would carry a login.
    #[serde(rename = "verdict")]
    pub grade: Grade,
    /// Whether a phone is linked.
    pub login: Login,
    /// `<phone>:<device>@…`, where the session says it.
    pub account: Option<String>,
    /// The kind's name.
    pub kind: String,
    /// Everything worth saying, gravest first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The verdict that follows from the findings: the gravest one gives the grade.
    pub fn new(kind: &str, login: Login, account: Option<String>, mut findings: Vec<Finding>) -> Verdict {
        findings.sort_by_key(|f| std::cmp::Reverse(f.code.weight()));
        let grade = match findings.first().map(|f| f.code.weight()) {
            Some(Weight::Fault) => Grade::Broken,
            Some(Weight::Doubt) => Grade::Doubtful,
            Some(Weight::Note) | None => Grade::Sound,
        };
        Verdict { grade, login, account, kind: kind.to_owned(), findings }
    }

    /// The verdict on a session that isn't there.
    pub fn missing(kind: &str) -> Verdict {
        Verdict {
            grade: Grade::Missing,
            login: Login::Unknown,
            account: None,
            kind: kind.to_owned(),
            findings: Vec::new(),
        }
    }

    /// Paired, and nothing doubted but a part: what may be published, and what is left alone.
    pub fn is_good(&self) -> bool {
        self.worth() == Worth::Good
    }

    /// The verdict as it would be without findings of this code.
    #[must_use]
    pub fn without(&self, code: Code) -> Verdict {
        let findings = self.findings.iter().filter(|f| f.code != code).cloned().collect();
        Verdict::new(&self.kind, self.login, self.account.clone(), findings)
    }

    /// The same with every phone number masked, as journals and logs may have it: the owner's, and those of others that
    /// stand in names of files.
    #[must_use]
    pub fn masked(&self) -> Verdict {
        let veil = |f: &Finding| Finding::new(f.code, veiled(&f.path.to_string_lossy()), veiled(&f.detail));
        let findings = self.findings.iter().map(veil).collect();
        Verdict { account: self.account.as_deref().map(masked), findings, ..self.clone() }
    }

    /// What it is worth to a bot that has lost its login.
    pub fn worth(&self) -> Worth {
        Worth::of(self.grade, self.login, &self.doubts())
    }

    /// What is doubted about it.
    pub fn doubts(&self) -> Vec<Code> {
        self.findings.iter().map(|f| f.code).filter(|c| c.weight() == Weight::Doubt).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_finding_gives_the_grade() {
        let note = Finding::new(Code::LogTailTorn, "a.log", "");
        let fault = Finding::new(Code::TableMissing, "3.ldb", "");
        let v = Verdict::new("chromium", Login::Paired, None, vec![note.clone(), fault.clone()]);
        assert_eq!((v.grade, v.findings), (Grade::Broken, vec![fault, note]));
        assert!(Verdict::new("chromium", Login::Paired, None, Vec::new()).is_good());
    }

    #[test]
    fn a_masked_verdict_tells_no_number_of_anybody() {
        let torn = Finding::new(Code::KeyFileTorn, "session-77000111222_1.3.json", "of 77000111222");
        let v = Verdict::new("baileys", Login::Paired, Some("79991231234:5@c.us".to_owned()), vec![torn]);
        let text = format!("{:?}", v.masked());
        assert!(!text.contains("000111") && !text.contains("9991231"), "{text}");
    }
}
