#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn bytes_have_a_unit_that_fits() {
    let table = [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_500, "1.4 KiB"),
        (1024 * 1024 - 1, "1023 KiB"),
        (10 * 1024 * 1024, "10.0 MiB"),
        (200 * 1024 * 1024, "200 MiB"),
        (64 << 30, "64.0 GiB"),
        (u64::MAX, "16777215 TiB"),
    ];
    for (found, expected) in table {
        assert_eq!(ByteCount(found).to_string(), expected);
    }
}

#[test]
fn sizes_are_read_as_people_write_them() {
    let table = [
        ("0B", 0),
        ("17 b", 17),
        ("1KiB", 1 << 10),
        ("1k", 1 << 10),
        ("500MiB", 500 << 20),
        ("500 M", 500 << 20),
        ("500MB", 500_000_000),
        ("20GiB", 20 << 30),
        (" 20 gib ", 20 << 30),
        ("20GB", 20_000_000_000),
        ("1.5GiB", 3 << 29),
        ("0.25 KiB", 256),
        ("16TiB", 16 << 40),
        ("2tb", 2_000_000_000_000),
        ("18446744073709551615B", u64::MAX),
        ("0.999999999 TB", 999_999_999_000),
    ];
    for (text, expected) in table {
        assert_eq!(text.parse(), Ok(ByteCount(expected)), "{text}");
    }
}

#[test]
fn what_is_no_size_is_refused() {
    for text in [
        "",
        " ",
        "GiB",
        "20",
        "1024",
        ".",
        "1.",
        ".5GiB",
        "1.2.3MiB",
        "-1GiB",
        "+1GiB",
        "1,5GiB",
        "20 Gi B",
        "20PiB",
        "20GiBs",
        "1e3MiB",
        "0x10B",
        "1.0000000001GiB",
        "٣GiB",
        "20µB",
    ] {
        assert_eq!(text.parse::<ByteCount>(), Err(ByteCountError::Unreadable), "{text:?}");
    }
    for text in ["18446744073709551616B", "16777216TiB", "99999999999999999999999999KiB", "18446744073709551615TB"] {
        assert_eq!(text.parse::<ByteCount>(), Err(ByteCountError::TooMany), "{text:?}");
    }
}

#[test]
fn what_is_shown_can_be_read_and_is_no_more_than_a_tenth_less() {
    for bytes in (0..64).flat_map(|bit| [1_u64 << bit, (1_u64 << bit) - 1, (3_u64 << bit) >> 1]) {
        let ByteCount(read) = ByteCount(bytes).to_string().parse().unwrap();
        assert!(read <= bytes && bytes - read <= bytes / 10, "{bytes} is shown as {read}");
    }
}
