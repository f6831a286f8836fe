//! How wide the reader's screen is, and lines broken to fit it. Where nobody looks nothing is broken, so that a line stays
//! a line for `grep`.

use crate::config;
use crate::platform::host::{self, Stream};
use std::io::IsTerminal;

/// Narrower than this nothing can be read anyway, in columns.
const LEAST: usize = 40;

/// The columns of a terminal; elsewhere those that `COLUMNS` asks for, if it does.
pub fn of(stream: &(impl Stream + IsTerminal)) -> Option<usize> {
    let asked = config::environment("COLUMNS").and_then(|c| c.parse().ok());
    if !stream.is_terminal() {
        return asked.map(|c: usize| c.max(LEAST));
    }
    let seen = host::columns(stream);
    Some(seen.or(asked).unwrap_or(80).max(LEAST))
}

/// How many columns a text takes: the terminal's colours take none.
pub fn visible(text: &str) -> usize {
    let mut colour = false;
    let seen = text.chars().filter(|&c| {
        let was = colour;
        colour = c == '\x1b' || (colour && c != 'm');
        !was && !colour
    });
    seen.count()
}

/// The text in lines of this width at most; the second and the following hang so far from the edge.
pub fn broken(text: &str, hang: usize, width: Option<usize>) -> String {
    let Some(width) = width.filter(|w| visible(text) > *w) else { return text.to_owned() };
    let hang = hang.min(width / 2);
    let mut lines = vec![String::new()];
    for (n, word) in text.split(' ').enumerate() {
        let line = lines.last_mut().expect("one line from the beginning");
        if n > 0 && visible(line) + 1 + visible(word) <= width {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if n > 0 {
            lines.push(" ".repeat(hang));
        }
        for piece in pieces(word, width - hang) {
            let line = lines.last_mut().expect("one line from the beginning");
            if visible(line) + visible(piece) <= width {
                line.push_str(piece);
            } else {
                lines.push(format!("{}{piece}", " ".repeat(hang)));
            }
        }
    }
    lines.iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n")
}

/// A word that is longer than a line, cut behind its folders where it has some.
fn pieces(mut word: &str, room: usize) -> Vec<&str> {
    let mut all = Vec::new();
    while visible(word) > room {
        let end = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
        let at = word[..end].rfind('/').map_or(end, |at| at + 1);
        all.push(&word[..at]);
        word = &word[at..];
    }
    all.push(word);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        let path = "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb/000005.ldb";
        let text = format!("  \x1b[2mдиск\x1b[0m   таблица базы повреждена ({path}, size), и так {}", "x".repeat(100));
        let told = broken(&text, 9, Some(40));
        for line in told.lines() {
            assert!(visible(line) <= 40, "{line}");
        }
        let bare = |s: &str| s.split_whitespace().collect::<String>();
        assert_eq!(bare(&told), bare(&text));
        assert_eq!(broken(&text, 9, None), text);
        assert_eq!(visible("\x1b[31mвход\x1b[0m!"), 5);
    }
}
