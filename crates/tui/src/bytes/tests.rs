use super::*;

#[test]
fn bytes_have_a_unit_that_fits() {
    let table = [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_500, "1.4 KiB"),
        (10 * 1024 * 1024, "10.0 MiB"),
        (200 * 1024 * 1024, "200 MiB"),
        (u64::MAX, "16777215 TiB"),
    ];
    for (found, expected) in table {
        assert_eq!(bytes(found), expected);
    }
}
