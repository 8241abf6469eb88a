#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chacha20::ChaCha8Rng;
use rand_core::SeedableRng;

use super::*;
use crate::tests::net::*;

const BINDING: [u8; 32] = [5; 32];

#[test]
fn messages_are_as_long_as_written() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut bob_book = Book::with_alice();
    bob_book.strangers = true;
    for (opening, lens) in [(known(), vec![57, 48]), (Opening::Stranger, vec![33, 96, 64])] {
        let mut bob = Handshake::accept(rng, BINDING, bob_key());
        let (mut alice, first) = Handshake::dial(rng, BINDING, opening).unwrap();
        let mut found = vec![first.len()];
        let (mut message, mut to_bob) = (Some(first), true);
        let mut done = 0;
        while let Some(bytes) = message {
            let step = if to_bob { &mut bob } else { &mut alice }.receive(rng, &mut bob_book, &bytes).unwrap();
            found.extend(step.reply.as_ref().map(Vec::len));
            done += usize::from(step.done.is_some());
            (message, to_bob) = (step.reply, !to_bob);
        }
        assert_eq!((found, done), (lens, 2));
        assert!(alice.receive(rng, &mut bob_book, &[0; 48]).is_err(), "it is over");
    }
}

#[test]
fn two_dials_never_share_an_ephemeral_key() {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let [one, two] = [0, 1].map(|_| Handshake::dial(rng, BINDING, known()).unwrap().1);
    assert_eq!(one[..9], two[..9]);
    assert_ne!(one[9..41], two[9..41]);
}

#[test]
fn a_payload_is_refused() {
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    let mut book = Book { strangers: true, ..Book::default() };
    let first = [&[KIND_STRANGER][..], &[9; 32], b"payload"].concat();
    let refused = Handshake::accept(rng, BINDING, bob_key()).receive(rng, &mut book, &first).err();
    assert_eq!(refused, Some(LinkError::Handshake));
}

#[test]
fn short_long_and_unknown_first_messages_are_refused() {
    let rng = &mut ChaCha8Rng::seed_from_u64(4);
    let mut book = Book::with_alice();
    for first in [vec![], vec![1], vec![1; 20], vec![2; 20], vec![3; 57], vec![1; HANDSHAKE_BYTES + 1]] {
        assert!(Handshake::accept(rng, BINDING, bob_key()).receive(rng, &mut book, &first).is_err());
    }
}
