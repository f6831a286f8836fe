//! Sizes and times as people read them in any language.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A size for people, with these units: `102.4 MB`. Decimal, as file managers of the time count.
pub(super) fn sized(n: u64, units: [&str; 5]) -> String {
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 999.5 && unit + 1 < units.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    if unit == 0 { format!("{n} {}", units[0]) } else { format!("{value:.1} {}", units[unit]) }
}

/// The hour and minute here, with the date where it isn't the day of `now`.
pub fn clock(time: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let (time, now) = (time.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone));
    let form = if time.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    time.strftime(form).to_string()
}

/// The date, hour and minute here.
pub(super) fn dated(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The same to the second, where two times are compared.
pub(super) fn timed(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A span of time as a number: `0.4`.
pub(super) fn seconds(s: f64) -> String {
    format!("{s:.1}")
}
