#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;
use crate::{OlmAccount, OlmSession, Sessions, fixture::met};

#[test]
fn what_is_written_is_what_serde_json_writes_in_memory_of_the_right_size() {
    let (alice, _) = met();
    let bytes = alice.sessions.to_bytes().unwrap();
    assert_eq!(bytes.capacity(), bytes.len());
    let pickles: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(pickles.len(), 1);
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let not_json = std::collections::BTreeMap::from([(vec![1_u8], 1_u8)]);
    assert_eq!(save(&not_json), Err(SaveError));
}

#[test]
fn what_was_cut_short_is_not_read() {
    let (alice, _) = met();
    let (sessions, account) = (alice.sessions.to_bytes().unwrap(), alice.account.to_bytes().unwrap());
    for len in (0..sessions.len()).step_by(7) {
        assert_eq!(Sessions::from_bytes(&sessions[..len]).err(), Some(RestoreError));
    }
    for len in (0..account.len()).step_by(7) {
        assert_eq!(OlmAccount::from_bytes(&account[..len]).err(), Some(RestoreError));
    }
}

proptest! {
    #[test]
    fn noise_is_not_read(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        // Two bytes can be an empty list by chance.
        prop_assume!(noise.first() != Some(&b'['));
        prop_assert!(OlmAccount::from_bytes(&noise).is_err());
        prop_assert!(OlmSession::from_bytes(&noise).is_err());
        prop_assert!(Sessions::from_bytes(&noise).is_err());
    }
}
