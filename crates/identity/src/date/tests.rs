#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

#[track_caller]
fn shows(seconds: u64, text: &str) {
    assert_eq!(Date(Wall(seconds * 1000)).to_string(), text);
}

#[test]
fn known_days() {
    shows(0, "1970-01-01 00:00 UTC");
    shows(951_782_400, "2000-02-29 00:00 UTC");
    shows(951_868_800, "2000-03-01 00:00 UTC");
    shows(1_709_164_800, "2024-02-29 00:00 UTC");
    shows(1_800_000_000, "2027-01-15 08:00 UTC");
    shows(4_107_542_399, "2100-02-28 23:59 UTC");
    shows(4_107_542_400, "2100-03-01 00:00 UTC");
    shows(13_574_563_200, "2400-02-29 00:00 UTC");
}

#[test]
fn each_day_follows_the_one_before() {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut expected = (1970, 1, 1);
    for days in 0..400_000 {
        assert_eq!(civil(days), expected);
        let (year, month, day) = expected;
        let last = match month {
            2 if leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        expected = match (month, day == last) {
            (_, false) => (year, month, day + 1),
            (12, true) => (year + 1, 1, 1),
            (_, true) => (year, month + 1, 1),
        };
    }
}

#[test]
fn the_end_of_time_does_no_harm() {
    assert!(Date(Wall(u64::MAX)).to_string().ends_with(" UTC"));
}
