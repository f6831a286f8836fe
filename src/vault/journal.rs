//! What happened, one JSON line each, newest last. Bounded: the older half goes when it grows past a megabyte.

pub use super::event::{Back, Event, Point, Reason, Refusal, Told};
use crate::disk;
use crate::error::{At, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const MOST_BYTES: u64 = 1 << 20;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When, UTC.
    pub time: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Appends a line.
pub fn write(file: &Path, time: Timestamp, event: &Event) -> Result<()> {
    let line = Line { time, event: event.clone() };
    let text = serde_json::to_string(&line).expect("an event has string keys only");
    disk::append_line(file, &text)?;
    if fs::metadata(file).at("reading", file)?.len() > MOST_BYTES {
        halve(file)?;
    }
    Ok(())
}

/// All lines that can be read, oldest first. Lines of a newer wakeep and lines cut off by a kill are passed over.
pub fn read(file: &Path) -> Result<Vec<Line>> {
    if !disk::exists(file) {
        return Ok(Vec::new());
    }
    let text = fs::read(file).at("reading", file)?;
    let lines = text.split(|&b| b == b'\n');
    Ok(lines.filter_map(|l| serde_json::from_slice(l).ok()).collect())
}

fn halve(file: &Path) -> Result<()> {
    let text = fs::read(file).at("reading", file)?;
    let half = text.len() / 2;
    let start = text[half..].iter().position(|&b| b == b'\n').map_or(half, |i| half + i + 1);
    disk::write_whole(file, &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_costs_itself_only_and_the_file_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("journal.jsonl");
        let time: Timestamp = "2026-11-24T12:04:00Z".parse().unwrap();
        write(&file, time, &Event::Stopped).unwrap();
        fs::write(&file, [fs::read(&file).unwrap(), b"{\"time\":\"20".to_vec()].concat()).unwrap();
        let failed = Event::Failed { error: "x".repeat(40_000) };
        write(&file, time, &failed).unwrap();
        assert_eq!(read(&file).unwrap().len(), 2);
        for _ in 0..40 {
            write(&file, time, &failed).unwrap();
        }
        assert!(fs::metadata(&file).unwrap().len() <= MOST_BYTES);
        assert_eq!(read(&file).unwrap().last().unwrap().event, failed);
    }
}
