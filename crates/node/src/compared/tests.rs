#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn what_is_told_of_a_comparison_has_these_bytes() {
    let root = RootHash([0xAB; 32]);
    for (same, last) in [(true, 1), (false, 0)] {
        let bytes = encode(&Comparison { root, same }, Table::Comparisons).unwrap();
        assert_eq!(bytes, [[0xAB; 32].as_slice(), &[last]].concat());
        assert_eq!(postcard::from_bytes::<Comparison>(&bytes).unwrap(), Comparison { root, same });
    }
    assert!(postcard::from_bytes::<Comparison>(&[]).is_err(), "nothing is no comparison");
}
