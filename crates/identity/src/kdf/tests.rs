#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use data_encoding::HEXLOWER;

use super::*;

#[test]
fn hkdf_gives_the_first_block_of_rfc_5869_test_case_1() {
    let salt: Vec<u8> = (0x00..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    let out = derive_salted(&salt, &[0x0b; 22], &info);
    assert_eq!(HEXLOWER.encode(out.as_slice()), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

#[test]
fn it_is_the_hkdf_of_the_crate() {
    let mut whole = [0; 32];
    Hkdf::<Sha256>::new(Some(b"label"), b"secret").expand(b"info", &mut whole).unwrap();
    assert_eq!(*derive("label", b"secret", b"info"), whole);
}

#[test]
fn every_argument_counts() {
    let all = [
        derive("a", b"s", b"i"),
        derive("b", b"s", b"i"),
        derive("a", b"t", b"i"),
        derive("a", b"s", b"j"),
        derive("a", b"s", b"i\x01"),
    ];
    let different: std::collections::BTreeSet<_> = all.iter().map(|out| **out).collect();
    assert_eq!(different.len(), all.len());

    let mac_of = |key: u8, label, part: &[u8]| *mac(&[key; 32], label, &[part]).as_bytes();
    let different = std::collections::BTreeSet::from([
        mac_of(1, "a", b"p"),
        mac_of(2, "a", b"p"),
        mac_of(1, "b", b"p"),
        mac_of(1, "a", b"q"),
        mac_of(1, "ap", b""),
    ]);
    assert_eq!(different.len(), 5);
}
