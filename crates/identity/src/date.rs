//! A day, for people to read.

use core::fmt;

use lamplit_types::{Wall, limits};

/// Shows a time as `2026-11-22 14:05 UTC` (proleptic Gregorian).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub Wall);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wall(millis) = self.0;
        let (year, month, day) = civil(millis / limits::DAY_MS);
        let minutes = millis % limits::DAY_MS / 60_000;
        write!(f, "{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
    }
}

/// Year, month and day of a number of days since 1970-01-01. Years are counted from March, so that the leap day is
/// a year's last and months of 31 and 30 days alternate in runs of five months, 153 days.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_400: u64 = 400 * 365 + 97;
    const DAYS_100: u64 = 100 * 365 + 24;
    const DAYS_4: u64 = 4 * 365 + 1;
    // From 0000-03-01 to 1970-01-01.
    let days = days + 719_468;
    let (era, rest) = (days / DAYS_400, days % DAYS_400);
    // The last day of an era or of a four-year run is a leap day and belongs to the year before it.
    let century = (rest / DAYS_100).min(3);
    let rest = rest - century * DAYS_100;
    let (run, rest) = (rest / DAYS_4, rest % DAYS_4);
    let year = (rest / 365).min(3);
    let day_of_year = rest - year * 365;
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + century * 100 + run * 4 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests;
