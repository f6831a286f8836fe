//! Phone numbers as others may see them.

/// An account with its phone number masked: the first two digits and the last four stay (`+79•••••1234`). One that is
/// masked already stays as it is.
pub fn masked(account: &str) -> String {
    if account.contains('•') {
        return account.to_owned();
    }
    let account = account.trim_start_matches('+');
    let digits: String = account.chars().take_while(char::is_ascii_digit).collect();
    if digits.len() < 7 {
        return "•".repeat(digits.len().max(4));
    }
    let (head, rest) = digits.split_at(2);
    let (middle, tail) = rest.split_at(rest.len() - 4);
    format!("+{head}{}{tail}", "•".repeat(middle.len()))
}

/// A name, a path or a sentence with every number in it masked that may be a phone's: seven digits or more, but no date and no process.
pub fn veiled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, digits) = rest.split_at(at);
        let (run, after) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
        out.push_str(before);
        match run.len() {
            0..7 => out.push_str(run),
            _ if is_date(run) || before.ends_with("pid ") => out.push_str(run),
            _ => out.push_str(masked(run).trim_start_matches('+')),
        }
        rest = after;
    }
    out + rest
}

/// `20250102`, as it stands in names of files; no country's numbers are like that.
fn is_date(digits: &str) -> bool {
    let part = |at| digits.get(at).and_then(|d: &str| d.parse::<u32>().ok()).unwrap_or_default();
    let (year, month, day) = (part(0..4), part(4..6), part(6..8));
    digits.len() == 8 && (2000..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_in_names_are_masked() {
        assert_eq!(veiled("/srv/b2/session-79001234567/x"), "/srv/b2/session-79•••••4567/x");
        assert_eq!(veiled("session-123456 é 1"), "session-123456 é 1");
        assert_eq!(veiled("+79001234567"), "+79•••••4567");
        assert_eq!(veiled("whatsapp_auth_20250102_120000.tar.gz"), "whatsapp_auth_20250102_120000.tar.gz");
        assert_eq!(veiled("by wakeep (pid 1234567)"), "by wakeep (pid 1234567)");
        assert_eq!(veiled("20257102 20•• 79001234"), "20••7102 20•• 79••1234");
    }

    #[test]
    fn phone_numbers_are_masked() {
        assert_eq!(masked("79991231234:5@c.us"), "+79•••••1234");
        assert_eq!(masked("123"), "••••");
        assert_eq!(masked("+79991231234"), "+79•••••1234", "as people write it");
        assert_eq!(masked(&masked("79991231234")), "+79•••••1234");
        assert!(!masked("4915112345678:12@s.whatsapp.net").contains("151123"));
    }
}
