#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_types::limits::NAME_BYTES;

use super::*;
use crate::{DecodeError, Decoded, decode, samples, server::Up};

fn content() -> KitContent {
    let keys =
        AccountSecrets { generation: 2, list: [1; 32], own: [2; 32], index: [3; 32], data: [4; 32], secrets: [5; 32] };
    let key = GenerationSecret { generation: u32::MAX, day: u32::MAX, key: [6; 32], beacon: [7; 32] };
    KitContent {
        keys,
        name: Name::parse(&"n".repeat(NAME_BYTES)).unwrap(),
        friends: samples::audience(),
        friends_keys: vec![key; AUDIENCE_GENERATIONS].try_into().unwrap(),
    }
}

#[test]
fn the_largest_kit_fits_with_what_sealing_and_padding_add() {
    let plain = postcard::to_allocvec(&content()).unwrap();
    assert!(plain.len() + 64 < KIT_BYTES, "{}", plain.len());
}

#[test]
fn one_that_is_larger_is_not_read() {
    let kit = |sealed: usize| {
        let sealed = vec![0; sealed].try_into().unwrap();
        let version = KitVersion { generation: 1, friends: 1 };
        let body = Kit { account: samples::ACCOUNT, version, device: samples::DEVICE, sealed };
        Up::Kit(Box::new(Signed { body, signature: samples::SIGNATURE })).encode().unwrap()
    };
    let wire = kit(KIT_BYTES);
    assert!(matches!(decode::<Up>(&mut wire.as_slice()), Ok(Some(Decoded::Frame(_)))));
    // The same with one byte more in it, and in its two lengths.
    let mut wire = wire;
    let length = u16::from_le_bytes([wire[2], wire[3]]) + 1;
    wire.splice(2..4, length.to_le_bytes());
    let [low, high] = [0x80 | (KIT_BYTES + 1) as u8 & 0x7f, (KIT_BYTES >> 7) as u8];
    let at = wire.windows(2).position(|two| *two == [0x80, high]).unwrap();
    wire.splice(at..at + 2, [low, high, 0]);
    assert_eq!(decode::<Up>(&mut wire.as_slice()), Err(DecodeError::Malformed(80)));
}

#[test]
fn the_later_generation_is_newer_whatever_the_contacts_key_is() {
    let version = |generation, friends| KitVersion { generation, friends };
    assert!(version(2, 1) > version(1, u32::MAX) && version(1, 3) > version(1, 2));
}

#[test]
fn nobody_reads_it_in_a_log() {
    assert_eq!(format!("{:?}", content()), "KitContent(…)");
}
