//! Where in a `wakeep.toml` a key stands, for errors: `FILE:LINE:COLUMN`, as editors take it.

use crate::error::{Error, Problem};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The place of a span in a text.
pub fn at(place: &str, text: &str, span: Option<Range<usize>>) -> String {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else { return place.to_owned() };
    let (line, last) = (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or_default());
    format!("{place}:{line}:{}", last.chars().count() + 1)
}

/// The error of a value, with the place of the key that it is about.
pub fn of(error: Error, place: &str, text: &str, key: &str) -> Error {
    match error {
        Error::Config { place: named, problem, suggestion } if named == place => {
            let inner = match &problem {
                Problem::UnknownKey(key) | Problem::Wants { key, .. } => key,
                _ => key,
            };
            let place = at(place, text, span_of(text, key, inner));
            Error::Config { place, problem, suggestion }
        }
        other => other,
    }
}

/// The span of a key of the first level, or of the one inside its tables.
fn span_of(text: &str, key: &str, inner: &str) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let (name, value) = table.get_ref().iter().find(|(name, _)| name.get_ref() == key)?;
    if inner == key {
        return Some(name.span());
    }
    inside(value, inner).or(Some(name.span()))
}

fn inside(value: &Spanned<DeValue>, key: &str) -> Option<Range<usize>> {
    match value.get_ref() {
        DeValue::Array(list) => list.iter().find_map(|value| inside(value, key)),
        DeValue::Table(table) => table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, _)| name.span()),
        _ => None,
    }
}
