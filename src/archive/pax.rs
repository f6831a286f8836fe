//! PAX records (POSIX.1-2017, pax, "pax Extended Header"): those that wakeep minds, and a refusal of those that
//! would change what the content means.

/// What the records say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pax {
    /// The name in place of the header's.
    pub path: Option<Vec<u8>>,
    /// The size in place of the header's.
    pub size: Option<u64>,
    /// The time of the last write, seconds and nanoseconds.
    pub mtime: Option<(i64, u32)>,
}

impl Pax {
    /// Reads `<length> <key>=<value>\n` records, or says what is wrong with them.
    pub fn parse(mut text: &[u8]) -> Result<Pax, &'static str> {
        let mut pax = Pax::default();
        while !text.is_empty() {
            let (key, value, rest) = record(text).ok_or("a broken PAX record")?;
            pax.set(key, value)?;
            text = rest;
        }
        Ok(pax)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let twice = match key {
            b"path" if value.contains(&0) || value.is_empty() => return Err("a name with a zero byte"),
            b"path" => self.path.replace(value.to_vec()).is_some(),
            b"size" => self.size.replace(number(value).ok_or("a PAX size that is no number")?).is_some(),
            b"mtime" => {
                self.mtime = Some(time(value).ok_or("a PAX time that is no number")?);
                false
            }
            _ if key.starts_with(b"GNU.sparse.") => return Err("a sparse file"),
            _ => false,
        };
        if twice { Err("a PAX record that stands there twice") } else { Ok(()) }
    }
}

fn record(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = text.iter().take(20).position(|b| *b == b' ')?;
    let len = usize::try_from(number(&text[..space])?).ok()?;
    let (line, rest) = text.split_at_checked(len)?;
    let body = line.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|b| *b == b'=')?;
    Some((&body[..equals], &body[equals + 1..], rest))
}

fn number(digits: &[u8]) -> Option<u64> {
    // `parse` alone would take a plus sign.
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| all)?.parse().ok()
}

/// Decimal seconds, with a fraction or without.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanos: u32 = digits.parse().ok()?;
    // Before 1970 the fraction counts backwards.
    match (whole.starts_with('-'), nanos) {
        (true, 1..) => Some((seconds.checked_sub(1)?, 1_000_000_000 - nanos)),
        _ => Some((seconds, nanos)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_lies_refused() {
        let pax = Pax::parse(b"12 path=a/b\n13 size=12345\n".as_slice());
        assert_eq!(pax.unwrap_err(), "a broken PAX record");
        let pax = Pax::parse(b"12 path=a/b\n14 size=12345\n26 mtime=1700000000.25 \n13 comment=x\n").unwrap_err();
        assert_eq!(pax, "a broken PAX record");
        let pax = Pax::parse(b"12 path=a/b\n14 size=12345\n23 mtime=1700000000.25\n13 comment=x\n").unwrap();
        let expected =
            Pax { path: Some(b"a/b".to_vec()), size: Some(12345), mtime: Some((1_700_000_000, 250_000_000)) };
        assert_eq!(pax, expected);
        for lie in
            ["11 size=+12\n", "10 size=1\n10 size=2\n", "20 GNU.sparse.map=0\n", "9 path=\n", "99 path=a\n", "0 \n"]
        {
            assert!(Pax::parse(lie.as_bytes()).is_err(), "{lie}");
        }
    }

    #[test]
    fn times_before_1970_count_backwards() {
        assert_eq!(time(b"-1.5"), Some((-2, 500_000_000)));
        assert_eq!(time(b"-0.25"), Some((-1, 750_000_000)));
        assert_eq!(time(b"7"), Some((7, 0)));
        assert_eq!(time(b"x"), None);
    }
}
