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
fn memory_that_holds_secrets_does_not_grow() {
    let (alice, _) = met();
    assert_eq!(alice.sessions.to_bytes().unwrap().capacity(), ROOM);
    let large = vec!["x".repeat(ROOM)];
    let bytes = save(&large).unwrap();
    assert_eq!(bytes.capacity(), bytes.len());
    assert_eq!(restore::<Vec<String>>(&bytes), Ok(large));
}

#[test]
fn fields_have_their_names() {
    let (alice, _) = met();
    let bytes = alice.sessions.to_bytes().unwrap();
    let name = b"session_keys";
    assert!(bytes.windows(name.len()).any(|window| window == name));
}

#[test]
fn what_cannot_be_written_is_an_error() {
    struct Never;
    impl Serialize for Never {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("never"))
        }
    }
    assert_eq!(save(&Never), Err(SaveError));
}

#[test]
fn what_follows_is_not_passed_over() {
    let (alice, _) = met();
    let mut bytes = alice.sessions.to_bytes().unwrap();
    bytes.push(0);
    assert_eq!(Sessions::from_bytes(&bytes).err(), Some(RestoreError));
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
