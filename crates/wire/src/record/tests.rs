#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::Wall;
use proptest::prelude::*;

use super::*;
use crate::{golden, samples};

#[test]
fn every_entry_is_what_was_agreed() {
    for (name, entry) in samples::entries() {
        golden::check_value(name, &entry);
    }
}

#[test]
fn a_value_holds_its_limit_and_not_one_more() {
    let wire = |length: usize| postcard::to_allocvec(&(0u8, vec![0u8; length])).unwrap();
    assert!(postcard::from_bytes::<Value>(&wire(RECORD_BYTES)).is_ok());
    assert!(postcard::from_bytes::<Value>(&wire(RECORD_BYTES + 1)).is_err());
}

#[test]
fn what_is_unknown_is_not_read() {
    let mut wire = golden::vector("Entry: audience key");
    wire[0] = 99;
    assert!(postcard::from_bytes::<Entry>(&wire).is_err(), "an unknown kind");
    let mut wire = golden::vector("Entry: gone");
    *wire.last_mut().unwrap() = 2;
    assert!(postcard::from_bytes::<Entry>(&wire).is_err(), "an unknown value");
}

#[test]
fn the_largest_entry_fits_into_a_record() {
    let value = Value::Set(vec![0; RECORD_BYTES].try_into().unwrap());
    let (_, entry) = samples::entries().remove(0);
    let born = Hlc { wall: Wall(u64::MAX), count: u32::MAX };
    let wire = postcard::to_allocvec(&Entry { value, born, ..entry }).unwrap();
    // Sealing adds a nonce (24 bytes at most) and an authentication tag (16).
    assert!(wire.len() + 24 + 16 <= SEALED_RECORD_BYTES);
}

#[test]
fn a_chain_is_what_was_agreed() {
    let first = chain(Chain::default(), Tag([0x7A; 16]), samples::clock(), samples::ORIGIN, &[0xBB; 10]);
    let second = chain(first, Tag([0x7B; 16]), samples::clock(), samples::ORIGIN, &[]);
    let hex = |chain: Chain| data_encoding::HEXLOWER.encode(&chain.0);
    assert_eq!((hex(first), hex(second)), (FIRST.to_owned(), SECOND.to_owned()));
}

/// Checked against another implementation of BLAKE3: see docs/protocol.md for what is hashed.
const FIRST: &str = "a7c39e7f06e4281db5b609a0c212c57a";
const SECOND: &str = "a314102b5feec830c1af8d648be4850a";

#[test]
fn a_chain_depends_on_everything_it_is_over() {
    let (before, tag, clock, origin) = (Chain([1; 16]), Tag([2; 16]), samples::clock(), samples::ORIGIN);
    let other = [
        chain(before, tag, clock, origin, b"sealed"),
        chain(Chain([9; 16]), tag, clock, origin, b"sealed"),
        chain(before, Tag([9; 16]), clock, origin, b"sealed"),
        chain(before, tag, Hlc { wall: Wall(1), ..clock }, origin, b"sealed"),
        chain(before, tag, Hlc { count: 1, ..clock }, origin, b"sealed"),
        chain(before, tag, clock, DeviceId::from_bytes([9; 32]), b"sealed"),
        chain(before, tag, clock, origin, b"sealeD"),
        chain(before, tag, clock, origin, b""),
    ];
    let distinct: std::collections::BTreeSet<Chain> = other.into_iter().collect();
    assert_eq!(distinct.len(), other.len());
}

#[test]
fn keys_are_ordered_by_generation_and_then_by_day() {
    assert!(KeyId { generation: 1, day: 9 } < KeyId { generation: 2, day: 0 });
    assert!(KeyId { generation: 1, day: 1 } < KeyId { generation: 1, day: 2 });
}

#[test]
fn what_a_record_says_is_not_shown_in_a_log() {
    assert!(format!("{:?}", [0x7E_u8; 4]).contains("126, 126"), "the search finds what is there");
    for (name, entry) in samples::entries() {
        let shown = format!("{entry:?}");
        for secret in ["126, 126", "7e7e", "238, 238", "eeee"] {
            assert!(!shown.contains(secret), "{name}: {shown}");
        }
    }
    assert_eq!(format!("{:?}", Tag([0x7A; 16])), "Tag(7a7a…)");
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused(wire: Vec<u8>) {
        if let Ok(entry) = postcard::from_bytes::<Entry>(&wire) {
            let once = postcard::to_allocvec(&entry).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Entry>(&once).unwrap(), entry);
        }
    }
}
