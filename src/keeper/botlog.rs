//! The bot's own log gets the keeper's lines too, in its own form, so that `tail -f logs/combined.log | grep "Архив
//! авторизации"` shows them whatever the language.

use crate::config::LogFile;
use crate::error::{At, Result};
use crate::text::Lang;
use crate::vault::journal::Event;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Where bots made from the usual template write everything, below their folder.
const USUAL: &str = "logs/combined.log";

/// How much of the log's end is read to see its form.
const TAIL: u64 = 16 * 1024;

/// The log of the bot in `home` that gets the lines, if one does.
pub fn path(choice: &LogFile, home: &Path) -> Option<PathBuf> {
    match choice {
        LogFile::Usual => Some(home.join(USUAL)).filter(|p| p.is_file()),
        LogFile::Off => None,
        LogFile::At(path) => Some(path.clone()),
    }
}

/// Appends a line. An archive line carries both languages' phrase: people grep for either.
pub fn append(log: &Path, lang: Lang, event: &Event, now: Timestamp) -> Result<()> {
    let told = lang.event(event);
    let message = match event {
        Event::Created { .. } => format!("Архив авторизации / Auth archive: {told}"),
        _ => format!("wakeep: {told}"),
    };
    let line = shape(&last_line(log)?, &message, now);
    let mut file = OpenOptions::new().append(true).create(true).open(log).at("opening", log)?;
    file.write_all(line.as_bytes()).at("writing", log)
}

/// Like the last line: winston's JSON (`message`, `timestamp`), pino's (`msg`, `time` in ms), or plain text.
fn shape(last: &str, message: &str, now: Timestamp) -> String {
    match serde_json::from_str::<Value>(last) {
        Ok(line) if line.get("msg").is_some() => {
            format!("{}\n", json!({"level": 30, "time": now.as_millisecond(), "name": "wakeep", "msg": message}))
        }
        Ok(Value::Object(_)) => {
            format!("{}\n", json!({"level": "info", "message": message, "timestamp": now.to_string()}))
        }
        _ => {
            let local = now.to_zoned_datetime(TimeZone::system());
            format!("{} [info]: {message}\n", local.strftime("%Y-%m-%d %H:%M:%S"))
        }
    }
}

fn last_line(log: &Path) -> Result<String> {
    if !log.exists() {
        return Ok(String::new());
    }
    let mut file = File::open(log).at("opening", log)?;
    let size = fs::metadata(log).at("reading", log)?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL))).at("reading", log)?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).at("reading", log)?;
    let tail = String::from_utf8_lossy(&tail).into_owned();
    Ok(tail.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T12:04:00Z";

    fn appended(before: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("combined.log");
        fs::write(&log, before).unwrap();
        let event = Event::CleanedUp { files: 2, bytes: 5_000, kept: None };
        append(&log, Lang::Ru, &event, NOW.parse().unwrap()).unwrap();
        fs::read_to_string(&log).unwrap().lines().last().unwrap().to_owned()
    }

    #[test]
    fn a_line_takes_the_form_of_the_log() {
        let winston: Value = serde_json::from_str(&appended("{\"level\":\"info\",\"message\":\"ready\"}\n")).unwrap();
        assert_eq!(winston["message"], "wakeep: удалено: 2 старых архива, освобождено 5.0 КБ");
        let pino = appended("{\"level\":30,\"time\":1,\"msg\":\"ready\"}\n");
        assert!(pino.contains("\"time\":1795521840000") && pino.contains("старых"), "{pino}");
        assert!(
            appended("12:00 bot ready\n").ends_with("[info]: wakeep: удалено: 2 старых архива, освобождено 5.0 КБ")
        );
        assert!(appended("").contains("[info]: wakeep"));
    }
}
