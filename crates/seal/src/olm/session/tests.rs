#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;
use crate::{
    OlmAccount,
    limits::{RECEIVING_CHAINS, SKIPPED_KEYS},
};

/// Both ends of a session in which each side has heard the other.
fn session() -> (OlmSession, OlmSession) {
    let (alice, mut bob) = (OlmAccount::new(), OlmAccount::new());
    let mut to_bob = alice.start(bob.identity_key(), bob.one_time_key()).unwrap();
    let (mut to_alice, _) = bob.accept(alice.identity_key(), &to_bob.encrypt(b"hello").unwrap()).unwrap();
    to_bob.decrypt(&to_alice.encrypt(b"hello").unwrap()).unwrap();
    (to_bob, to_alice)
}

fn numbered(from: &mut OlmSession, count: usize) -> Vec<OlmMessage> {
    (0..count).map(|number| from.encrypt(&number.to_le_bytes()).unwrap()).collect()
}

fn state(session: &OlmSession) -> Vec<u8> {
    session.to_bytes().unwrap().to_vec()
}

#[test]
fn both_sides_have_the_same_id_and_it_is_olms() {
    let (alice, bob) = session();
    assert_eq!(alice.id(), bob.id());
    assert_eq!(vodozemac::base64_encode(alice.id()), alice.0.session_id());
    assert_ne!(alice.id(), session().0.id());
}

#[test]
fn messages_open_in_any_order_once_each() {
    let (mut alice, mut bob) = session();
    let messages = numbered(&mut alice, SKIPPED_KEYS + 1);
    for (number, message) in messages.iter().enumerate().rev() {
        assert_eq!(bob.decrypt(message).unwrap().as_slice(), number.to_le_bytes());
    }
    let before = state(&bob);
    for (index, message) in (0..).zip(&messages) {
        assert_eq!(bob.decrypt(message), Err(DecryptError::Spent { index }));
    }
    assert!(state(&bob) == before);
}

/// Holds [`SKIPPED_KEYS`] to what vodozemac does.
#[test]
fn the_oldest_keys_of_a_chain_are_forgotten() {
    let (mut alice, mut bob) = session();
    let messages = numbered(&mut alice, SKIPPED_KEYS + 3);
    assert!(bob.decrypt(&messages[SKIPPED_KEYS + 2]).is_ok());
    for index in [0, 1] {
        assert_eq!(bob.decrypt(&messages[index]), Err(DecryptError::Spent { index: index as u64 }));
    }
    assert!(messages[2..SKIPPED_KEYS + 2].iter().all(|message| bob.decrypt(message).is_ok()));
}

/// Holds [`MESSAGE_GAP`] to what vodozemac does.
#[test]
fn a_gap_may_be_so_wide_and_no_wider() {
    let (mut alice, mut bob) = session();
    let missing = usize::try_from(MESSAGE_GAP).unwrap();
    let messages = numbered(&mut alice, missing + 2);
    let before = state(&bob);
    assert_eq!(bob.decrypt(&messages[missing + 1]), Err(DecryptError::Gap { missing: MESSAGE_GAP + 1 }));
    assert!(state(&bob) == before);
    assert!(bob.decrypt(&messages[missing]).is_ok());
    assert!(bob.decrypt(&messages[missing + 1]).is_ok());
}

/// Holds [`RECEIVING_CHAINS`] to what vodozemac does.
#[test]
fn a_late_message_opens_until_the_conversation_turned_so_often() {
    for (turns, opens) in [(RECEIVING_CHAINS - 1, true), (RECEIVING_CHAINS, false)] {
        let (mut alice, mut bob) = session();
        let late = alice.encrypt(b"late").unwrap();
        let of_the_same_chain = alice.encrypt(b"in time").unwrap();
        bob.decrypt(&of_the_same_chain).unwrap();
        for _ in 0..turns {
            alice.decrypt(&bob.encrypt(b"yes?").unwrap()).unwrap();
            bob.decrypt(&alice.encrypt(b"yes.").unwrap()).unwrap();
        }
        let before = state(&bob);
        match bob.decrypt(&late) {
            Ok(plaintext) => assert!(opens && plaintext.as_slice() == b"late"),
            Err(error) => {
                assert!(!opens && error == DecryptError::Forged);
                assert!(state(&bob) == before);
            }
        }
    }
}

#[test]
fn lost_messages_do_not_stop_a_session() {
    let (mut alice, mut bob) = session();
    for round in 0..50_u8 {
        numbered(&mut alice, 3);
        assert_eq!(bob.decrypt(&alice.encrypt(&[round]).unwrap()).unwrap().as_slice(), [round]);
        numbered(&mut bob, 3);
        assert_eq!(alice.decrypt(&bob.encrypt(&[round]).unwrap()).unwrap().as_slice(), [round]);
    }
}

/// After it has received, a session has no sending chain. vodozemac makes one as soon as any message with an unknown
/// ratchet key comes, whether it opens or not.
#[test]
fn a_bad_message_changes_nothing_even_between_two_chains() {
    let (mut alice, _) = session();
    let (mut stranger, _) = session();
    let foreign = stranger.encrypt(b"of another session").unwrap();

    let before = state(&alice);
    assert_eq!(alice.decrypt(&foreign), Err(DecryptError::Forged));
    assert!(state(&alice) == before);

    assert!(alice.0.decrypt(foreign.inner()).is_err());
    assert!(state(&alice) != before, "vodozemac no longer needs the copy");
}

#[test]
fn a_restored_session_goes_on() {
    let (mut alice, mut bob) = session();
    let messages = numbered(&mut alice, 5);
    bob.decrypt(&messages[3]).unwrap();
    let mut bob = OlmSession::from_bytes(&bob.to_bytes().unwrap()).unwrap();
    let mut alice = OlmSession::from_bytes(&alice.to_bytes().unwrap()).unwrap();
    assert!(bob.decrypt(&messages[1]).is_ok());
    assert_eq!(bob.decrypt(&messages[3]), Err(DecryptError::Spent { index: 3 }));
    assert!(bob.decrypt(&alice.encrypt(b"and on").unwrap()).is_ok());
    assert!(alice.decrypt(&bob.encrypt(b"and on").unwrap()).is_ok());
}

#[test]
fn too_much_is_refused_and_uses_no_key() {
    let (mut alice, _) = session();
    let before = state(&alice);
    let found = PADDED_BYTES + 1;
    assert_eq!(alice.encrypt(&vec![0; found]), Err(EncryptError::TooLong(TooLong { found, max: PADDED_BYTES })));
    assert!(state(&alice) == before);
}

#[test]
fn debug_tells_no_key() {
    assert_eq!(format!("{:?}", session().0), "OlmSession(…)");
}
