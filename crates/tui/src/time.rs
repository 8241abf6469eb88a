//! Times as people say them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// How long ago something was, such as `5 min`.
pub fn age(now_ms: u64, then_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1000;
    match seconds {
        0..MINUTE => "now".to_owned(),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

/// A day and a time of day where the user is. `None` for a time no calendar has.
pub fn local(ms: u64) -> Option<(Date, String)> {
    local_in(ms, TimeZone::system())
}

/// A day and a time of day in a time zone. `None` for a time no calendar has.
pub fn local_in(ms: u64, zone: TimeZone) -> Option<(Date, String)> {
    let zoned = zoned(ms, zone)?;
    Some((zoned.date(), zoned.strftime("%H:%M").to_string()))
}

/// A day, such as `Sunday, 22 November 2026`.
pub fn day(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

/// A day and a time, such as `22 November, 18:30`.
pub fn date_and_time(ms: u64) -> String {
    zoned(ms, TimeZone::system()).map_or_else(|| "?".to_owned(), |zoned| zoned.strftime("%-d %B, %H:%M").to_string())
}

/// A day with its year, such as `22 November 2026`.
pub fn date(ms: u64) -> String {
    zoned(ms, TimeZone::system()).map_or_else(|| "?".to_owned(), |zoned| zoned.strftime("%-d %B %Y").to_string())
}

fn zoned(ms: u64, zone: TimeZone) -> Option<Zoned> {
    let timestamp = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    Some(timestamp.to_zoned(zone))
}

#[cfg(test)]
mod tests;
