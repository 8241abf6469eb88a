#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn ages_are_said_in_one_unit() {
    assert_eq!(age(59_999, 0), "now");
    assert_eq!(age(60_000, 0), "1 min");
    assert_eq!(age(2 * 3_600_000, 0), "2 h");
    assert_eq!(age(49 * 3_600_000, 0), "2 d");
    // A clock that is ahead of ours.
    assert_eq!(age(0, 60_000), "now");
}

#[test]
fn times_are_calendar_times() {
    let zoned = zoned(1_795_386_600_000, TimeZone::UTC).unwrap();
    assert_eq!(day(zoned.date()), "Sunday, 22 November 2026");
    assert_eq!(zoned.strftime("%H:%M").to_string(), "22:30");
    assert!(local(u64::MAX).is_none());
}
