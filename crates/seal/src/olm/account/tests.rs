#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use super::*;
use crate::{
    OlmKind,
    fixture::{Device, met},
};

/// A pre-key message from a new device under `key`, and that device's identity key.
fn begin(to: &OlmAccount, key: [u8; 32]) -> ([u8; 32], OlmMessage) {
    let from = OlmAccount::new();
    let message = from.start(to.identity_key(), key).unwrap().encrypt(b"hello").unwrap();
    (from.identity_key(), message)
}

#[test]
fn a_one_time_key_serves_once() {
    let mut bob = OlmAccount::new();
    let key = bob.one_time_key();
    let (alice, first) = begin(&bob, key);
    let (eve, second) = begin(&bob, key);
    let (session, plaintext) = bob.accept(alice, &first).unwrap();
    assert_eq!(plaintext.as_slice(), b"hello");
    assert!(session.matches(&first) && !session.matches(&second));
    assert_eq!(bob.accept(eve, &second).err(), Some(AcceptError::UnknownOneTimeKey));
    assert_eq!(bob.accept(alice, &first).err(), Some(AcceptError::UnknownOneTimeKey));
}

#[test]
fn all_keys_differ_and_none_is_the_stand_in() {
    let mut bob = OlmAccount::new();
    let mut keys: BTreeSet<[u8; 32]> = (0..50).map(|_| bob.one_time_key()).collect();
    keys.extend([bob.identity_key(), bob.fallback_key(), bob.rotate_fallback_key()]);
    assert_eq!(keys.len(), 53);
    assert!(!keys.contains(&[0; 32]));
}

#[test]
fn beyond_the_limit_the_oldest_key_is_forgotten() {
    let mut bob = OlmAccount::new();
    let keys: Vec<[u8; 32]> = (0..ONE_TIME_KEYS).map(|_| bob.one_time_key()).collect();
    // One is used, which makes room for one.
    let (alice, message) = begin(&bob, keys[5]);
    assert!(bob.accept(alice, &message).is_ok());
    bob.one_time_key();
    let (carol, oldest) = begin(&bob, keys[0]);
    assert!(bob.accept(carol, &oldest).is_ok());

    let mut bob = OlmAccount::from_bytes(&bob.to_bytes().unwrap()).unwrap();
    bob.one_time_key();
    bob.one_time_key();
    assert_eq!(bob.handed_out.len(), ONE_TIME_KEYS);
    assert_eq!(bob.account.stored_one_time_key_count(), ONE_TIME_KEYS);
    let (dan, forgotten) = begin(&bob, keys[1]);
    assert_eq!(bob.accept(dan, &forgotten).err(), Some(AcceptError::UnknownOneTimeKey));
    let (erin, kept) = begin(&bob, keys[2]);
    assert!(bob.accept(erin, &kept).is_ok());
}

#[test]
fn a_fallback_key_serves_many_until_it_was_rotated_twice() {
    let mut bob = OlmAccount::new();
    let key = bob.fallback_key();
    for rotation in 0..3 {
        for _ in 0..2 {
            let (alice, message) = begin(&bob, key);
            let expected = (rotation == 2).then_some(AcceptError::UnknownOneTimeKey);
            assert_eq!(bob.accept(alice, &message).err(), expected);
        }
        let rotated = bob.rotate_fallback_key();
        assert_eq!(rotated, bob.fallback_key());
        assert_ne!(rotated, key);
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    let (mut alice, mut bob) = met();
    let normal = alice.send("of an open session");
    let key = bob.account.one_time_key();
    let (carol, message) = begin(&bob.account, key);
    let mut altered = message.body();
    *altered.last_mut().unwrap() ^= 1;
    let altered = OlmMessage::parse(OlmKind::PreKey, &altered).unwrap();
    let (dan, unknown) = begin(&bob.account, OlmAccount::new().one_time_key());

    let before = bob.state();
    let mut refused = |from, message| bob.account.accept(from, message).err();
    assert_eq!(refused(alice.account.identity_key(), &normal), Some(AcceptError::NotPreKey));
    assert_eq!(refused(alice.account.identity_key(), &message), Some(AcceptError::WrongIdentity));
    assert_eq!(refused(carol, &altered), Some(AcceptError::Forged));
    assert_eq!(refused(dan, &unknown), Some(AcceptError::UnknownOneTimeKey));
    assert!(bob.state() == before);
    assert!(bob.account.accept(carol, &message).is_ok());
}

/// Eve knows all public keys, but not Alice's secret.
#[test]
fn nobody_can_name_another_as_the_sender() {
    let (alice, mut bob) = (Device::new(), Device::new());
    let key = bob.account.one_time_key();
    let (_, message) = begin(&bob.account, key);
    let mut body = message.body();
    // Version, one-time key and base key come first, then tag and length.
    body[1 + 34 + 34 + 2..][..32].copy_from_slice(&alice.account.identity_key());
    let message = OlmMessage::parse(OlmKind::PreKey, &body).unwrap();
    assert_eq!(message.claimed_identity(), Some(alice.account.identity_key()));
    assert_eq!(bob.account.accept(alice.account.identity_key(), &message).err(), Some(AcceptError::Forged));
}

#[test]
fn no_session_starts_with_a_key_of_small_order() {
    let (alice, bob) = (OlmAccount::new(), OlmAccount::new());
    let stand_in = only([]).to_bytes();
    assert_eq!(alice.start(bob.identity_key(), stand_in).err(), Some(StartError::WeakKey));
    assert_eq!(alice.start([0; 32], bob.fallback_key()).err(), Some(StartError::WeakKey));
}

#[test]
fn a_restored_account_is_the_same() {
    let mut bob = OlmAccount::new();
    let keys: Vec<[u8; 32]> = (0..3).map(|_| bob.one_time_key()).collect();
    let mut restored = OlmAccount::from_bytes(&bob.to_bytes().unwrap()).unwrap();
    assert_eq!(restored.identity_key(), bob.identity_key());
    assert_eq!(restored.fallback_key(), bob.fallback_key());
    assert!(restored.to_bytes().unwrap() == bob.to_bytes().unwrap());
    for key in keys.into_iter().chain([bob.fallback_key()]) {
        let (alice, message) = begin(&bob, key);
        assert!(restored.accept(alice, &message).is_ok());
    }
}

#[test]
fn debug_tells_no_key() {
    let mut bob = OlmAccount::new();
    bob.one_time_key();
    assert_eq!(format!("{bob:?}"), "OlmAccount { handed_out: 1, .. }");
}
