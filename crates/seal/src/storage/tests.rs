#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;
use crate::{SEALING_BYTES, fixture::rng};

#[test]
fn a_row_opens_in_its_own_place_only() {
    let mut rng = rng();
    let key = StorageKey::draw(&mut rng);
    let here = Row { table: "sessions", key: b"bob" };
    let sealed = key.seal(&mut rng, here, b"ratchet").unwrap();
    assert_eq!(sealed.len(), b"ratchet".len() + SEALING_BYTES);
    assert_eq!(key.open(here, &sealed).unwrap().as_slice(), b"ratchet");
    for (table, row) in [("sessions", "eve"), ("secrets", "bob"), ("session", "sbob"), ("sessionsb", "ob"), ("", "")] {
        assert_eq!(key.open(Row { table, key: row.as_bytes() }, &sealed), Err(OpenError));
    }
}

#[test]
fn a_key_kept_elsewhere_opens_what_it_sealed() {
    let mut rng = rng();
    let key = StorageKey::draw(&mut rng);
    let row = Row { table: "secrets", key: b"account" };
    let sealed = key.seal(&mut rng, row, b"").unwrap();
    let loaded = StorageKey::from_bytes(*key.as_bytes());
    assert_eq!(loaded.open(row, &sealed).unwrap().as_slice(), b"");
    assert_eq!(StorageKey::draw(&mut rng).open(row, &sealed), Err(OpenError));
}

#[test]
fn debug_tells_no_secret() {
    assert_eq!(format!("{:?}", StorageKey::from_bytes([7; 32])), "StorageKey(…)");
    assert_eq!(format!("{:?}", Row { table: "sessions", key: b"bob" }), r#"Row { table: "sessions", .. }"#);
}
