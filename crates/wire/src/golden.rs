//! The vectors of `golden.txt`: what was agreed, against what is written now.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::fmt::{Debug, Write};
use std::collections::BTreeMap;

use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use serde::{Serialize, de::DeserializeOwned};

use crate::samples;

/// Name → bytes.
fn vectors() -> BTreeMap<&'static str, Vec<u8>> {
    let mut vectors: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let mut name = "";
    for line in include_str!("golden.txt").lines() {
        let bare = line.split('#').next().unwrap().trim_end();
        if bare.starts_with(' ') {
            let vector = vectors.get_mut(name).unwrap_or_else(|| panic!("bytes before any name: {line}"));
            bare.split_whitespace().for_each(|token| vector.extend(bytes(token)));
        } else if !bare.is_empty() {
            name = bare;
            assert!(vectors.insert(name, Vec::new()).is_none(), "{name} is there twice");
        }
    }
    vectors
}

fn bytes(token: &str) -> Vec<u8> {
    let hex = |digits: &str| HEX.decode(digits.as_bytes()).unwrap_or_else(|why| panic!("{digits}: {why}"));
    match token.split_once('*') {
        Some((one, times)) => hex(one).repeat(times.parse().unwrap()),
        None => hex(token),
    }
}

/// The bytes that were agreed for `name`.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    vectors().remove(name).unwrap_or_else(|| panic!("golden.txt has no vector named {name:?}: write it there, by hand"))
}

/// Fails, with the bytes side by side, unless `wire` is what was agreed.
#[track_caller]
pub(crate) fn check(name: &str, wire: &[u8]) {
    let agreed = vector(name);
    if agreed == wire {
        return;
    }
    let at = agreed.iter().zip(wire).position(|(a, b)| a != b).unwrap_or(agreed.len().min(wire.len()));
    panic!(
        "{name}: the encoding is not what golden.txt says; they differ from byte {at} on.\n\
         agreed, {} bytes:\n{}\nnow, {} bytes:\n{}\n\
         A device of before could not read this. If that is meant, change golden.txt and docs/protocol.md.",
        agreed.len(),
        dump(&agreed),
        wire.len(),
        dump(wire),
    );
}

/// As [`check`], for a value that is postcard and nothing else; it must also read back.
#[track_caller]
pub(crate) fn check_value<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    check(name, &postcard::to_allocvec(value).unwrap());
    assert_eq!(&postcard::from_bytes::<T>(&vector(name)).unwrap(), value, "{name}");
}

fn dump(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (row, chunk) in bytes.chunks(16).enumerate() {
        writeln!(out, "  {:5}  {}", row * 16, HEX.encode(chunk)).unwrap();
    }
    out
}

#[test]
fn every_vector_is_of_something() {
    let frames = samples::frames().into_iter().map(|(name, _)| name);
    let contents = samples::contents().into_iter().map(|(name, _)| name);
    let entries = samples::entries().into_iter().map(|(name, _)| name);
    let ups = samples::ups().into_iter().map(|(name, _)| name);
    let downs = samples::downs().into_iter().map(|(name, _)| name);
    let mut unused = vectors();
    for name in frames.chain(ups).chain(downs).chain(contents).chain(entries).chain(["SignedPresence"]) {
        assert!(
            unused.remove(name).is_some(),
            "golden.txt has no vector named {name:?}, or two samples have that name"
        );
    }
    assert!(unused.is_empty(), "no sample is named {:?}", unused.keys());
}

#[test]
fn a_changed_byte_is_noticed() {
    let mut wire = vector("Ack");
    *wire.last_mut().unwrap() ^= 1;
    let told = std::panic::catch_unwind(|| check("Ack", &wire)).unwrap_err();
    let told = told.downcast_ref::<String>().unwrap();
    assert!(told.starts_with("Ack: the encoding is not what golden.txt says; they differ from byte 19 on."), "{told}");
    check("Ack", &vector("Ack"));
}
