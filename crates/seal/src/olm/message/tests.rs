#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;
use crate::fixture::{Device, met};

/// A message of each kind, with who sent it and who is to open it.
fn one_of_each() -> [(OlmMessage, Device, Device); 2] {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    let pre_key = alice.send("hello");
    let (mut carol, dan) = met();
    let normal = carol.send("hello");
    [(pre_key, alice, bob), (normal, carol, dan)]
}

#[test]
fn both_kinds_come_through() {
    let [(pre_key, alice, mut bob), (normal, carol, mut dan)] = one_of_each();
    assert_eq!((pre_key.kind(), normal.kind()), (OlmKind::PreKey, OlmKind::Normal));
    assert_eq!(pre_key.claimed_identity(), Some(alice.account.identity_key()));
    assert_eq!(normal.claimed_identity(), None);
    for (message, from, to) in [(pre_key, &alice, &mut bob), (normal, &carol, &mut dan)] {
        let parsed = OlmMessage::parse(message.kind(), &message.body()).unwrap();
        assert_eq!(parsed, message);
        assert_eq!(to.read(from, &parsed), "hello");
    }
}

#[test]
fn a_message_of_the_other_kind_is_malformed() {
    let [(pre_key, ..), (normal, ..)] = one_of_each();
    assert_eq!(OlmMessage::parse(OlmKind::Normal, &pre_key.body()), Err(ParseError::Malformed));
    assert_eq!(OlmMessage::parse(OlmKind::PreKey, &normal.body()), Err(ParseError::Malformed));
}

#[test]
fn nothing_that_was_altered_or_cut_opens_or_changes_anything() {
    for (message, from, mut to) in one_of_each() {
        let (body, before) = (message.body(), to.state());
        let mut well_formed = 0;
        for bit in 0..body.len() * 8 {
            let mut altered = body.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            if let Ok(altered) = OlmMessage::parse(message.kind(), &altered) {
                well_formed += 1;
                assert!(to.receive(&from, &altered).is_err(), "{:?} opens with bit {bit} altered", message.kind());
            }
        }
        assert!(well_formed > 300, "hardly any altered message got as far as its keys");
        for len in 0..body.len() {
            if let Ok(cut) = OlmMessage::parse(message.kind(), &body[..len]) {
                assert!(to.receive(&from, &cut).is_err());
            }
        }
        assert!(to.state() == before, "a bad message changed something");
        assert_eq!(to.read(&from, &message), "hello");
    }
}

/// Both are taken by vodozemac, and open: that is why they are refused before.
#[test]
fn a_second_form_of_a_message_is_refused() {
    let [(message, alice, bob), _] = one_of_each();
    let body = message.body();
    // The version, then three times a tag, a length and 32 bytes of key, of which the last holds the idle bit.
    let mut second_forms = [1, 35, 69]
        .map(|field| {
            let mut high_bit = body.clone();
            high_bit[field + 33] ^= 0x80;
            high_bit
        })
        .to_vec();
    // A field that nobody knows.
    second_forms.push([body.as_slice(), &[0x28, 1]].concat());
    for second in second_forms {
        assert_eq!(OlmMessage::parse(OlmKind::PreKey, &second), Err(ParseError::Malformed));
        let taken = OlmMessage(olm::OlmMessage::from_parts(0, &second).unwrap());
        assert_eq!(bob.restarted().read(&alice, &taken), "hello");
    }
}

#[test]
fn another_version_is_named() {
    let [_, (normal, ..)] = one_of_each();
    let mut body = normal.body();
    body[0] = 4;
    // Version 4 has a MAC of 32 bytes instead of 8.
    body.extend([0; 24]);
    assert_eq!(OlmMessage::parse(OlmKind::Normal, &body), Err(ParseError::Version { found: 4 }));
    body[0] = 9;
    assert_eq!(OlmMessage::parse(OlmKind::Normal, &body), Err(ParseError::Malformed));
}

#[test]
fn the_largest_message_fits_an_envelope_and_no_larger_one_is_read() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    let message = alice.sessions.encrypt(&vec![1; PADDED_BYTES]).unwrap();
    let body = message.body();
    // The index takes one byte here and would take ten at most.
    assert_eq!(body.len(), PADDED_BYTES + OLM_BYTES - 9);
    const { assert!(PADDED_BYTES + OLM_BYTES <= lamplit_types::limits::ENVELOPE_BYTES) };
    assert!(OlmMessage::parse(OlmKind::PreKey, &body).is_ok());
    let max = PADDED_BYTES + OLM_BYTES;
    assert_eq!(
        OlmMessage::parse(OlmKind::PreKey, &vec![3; max + 1]),
        Err(ParseError::TooLong(TooLong { found: max + 1, max }))
    );
}

/// A text of 200 bytes with 48 bytes of header, in three GATT packets at an MTU of 247.
#[test]
fn a_text_of_200_bytes_is_small_on_the_wire() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    let padded = crate::padding::pad(&[b'x'; 248]).unwrap();
    let body = alice.sessions.encrypt(&padded).unwrap().body();
    assert!(body.len() <= 3 * 244 - 244, "{} bytes", body.len());
}

#[test]
fn debug_tells_no_key() {
    let [(pre_key, ..), (normal, ..)] = one_of_each();
    assert_eq!(format!("{pre_key:?} {normal:?}"), "OlmMessage(PreKey, …) OlmMessage(Normal, …)");
}

proptest! {
    #[test]
    fn noise_does_not_open(noise in proptest::collection::vec(any::<u8>(), 0..400), pre_key: bool) {
        let kind = if pre_key { OlmKind::PreKey } else { OlmKind::Normal };
        prop_assert!(OlmMessage::parse(kind, &noise).is_err());
    }
}
