#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;

#[test]
fn known_bytes() {
    for (number, bytes) in [(0, vec![0]), (127, vec![0x7f]), (128, vec![0x80, 1]), (300, vec![0xac, 2])] {
        let mut written = Vec::new();
        put(&mut written, number);
        assert_eq!(written, bytes);
    }
}

#[test]
fn what_is_no_number_is_refused() {
    assert_eq!(take(&mut [].as_slice()), None);
    assert_eq!(take(&mut [0x80].as_slice()), None);
    let mut largest = vec![0xff; 9];
    largest.push(1);
    assert_eq!(take(&mut largest.as_slice()), Some(u64::MAX));
    largest[9] = 2;
    assert_eq!(take(&mut largest.as_slice()), None);
    assert_eq!(take(&mut [0x80; 11].as_slice()), None);
}

proptest! {
    #[test]
    fn there_and_back(number in prop_oneof![any::<u64>(), 0u64..70_000], rest in any::<[u8; 3]>()) {
        let mut bytes = Vec::new();
        put(&mut bytes, number);
        prop_assert_eq!(bytes.len(), len(number));
        bytes.extend(rest);
        let mut left = bytes.as_slice();
        prop_assert_eq!(take(&mut left), Some(number));
        prop_assert_eq!(left, rest);
    }
}
