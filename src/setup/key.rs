//! One key of a TOML file, changed as a text: comments, order and all other keys stay as their owner wrote them.

use toml::Value;

/// The line that decides a key.
pub fn line(key: &str, value: &Value) -> String {
    format!("{key} = {value}")
}

/// The text with one key decided: in its own line, else in place of the comment that shows it, else before the first table.
pub fn with(text: &str, key: &str, value: &Value) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let tables = lines.iter().position(|l| l.trim_start().starts_with('[')).unwrap_or(lines.len());
    let own = lines[..tables].iter().position(|l| decides(l, key));
    let shown = || lines[..tables].iter().position(|l| l.strip_prefix("# ").is_some_and(|l| decides(l, key)));
    match own.or_else(shown) {
        Some(at) => lines[at] = line(key, value),
        None => lines.insert(tables, line(key, value)),
    }
    lines.iter().map(|l| format!("{l}\n")).collect()
}

/// Whether a line decides this key; a key may stand in quotes.
fn decides(line: &str, key: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| name.trim().trim_matches(['"', '\'']) == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_changes_and_no_other() {
        let shop = Value::String("shop".into());
        let set = |text: &str| with(text, "bot_unit", &shop);
        assert_eq!(set("a = 1\nbot_unit = \"old\"\n# end\n"), "a = 1\nbot_unit = \"shop\"\n# end\n");
        assert_eq!(set("  \"bot_unit\"='old'\n"), "bot_unit = \"shop\"\n");
        assert_eq!(set("# bot_unit = \"x\"\nbot_unit = \"y\"\n"), "# bot_unit = \"x\"\nbot_unit = \"shop\"\n");
        assert_eq!(set("# bot_unit = \"example\"\n"), "bot_unit = \"shop\"\n");
        // Behind a table's head it would be the table's.
        assert_eq!(
            set("a = 1\n[[sessions]]\npath = \"b\""),
            "a = 1\nbot_unit = \"shop\"\n[[sessions]]\npath = \"b\"\n"
        );
        assert_eq!(set(""), "bot_unit = \"shop\"\n");
        let again = set(crate::config::TEMPLATE);
        assert_eq!((set(&again), again.lines().count()), (again.clone(), crate::config::TEMPLATE.lines().count()));
    }
}
