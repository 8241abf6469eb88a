#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use x25519_dalek::{PublicKey, StaticSecret};

use super::*;
use crate::{
    fixed_rng::FixedRng,
    fixture::{hex, rng},
};

fn public(secret: [u8; 32]) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(secret)).to_bytes()
}

/// RFC 9180, A.2.1, first encryption. The ephemeral key comes from `ikmE`, which the generator yields.
#[test]
fn the_published_vector_holds() {
    let secret: [u8; 32] = hex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb").try_into().unwrap();
    let recipient: [u8; 32] =
        hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a").try_into().unwrap();
    let ephemeral = hex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b");
    let info = b"Ode on a Grecian Urn";
    let aad = b"Count-0";
    let plaintext = b"Beauty is truth, truth beauty";
    let expected = hex(concat!(
        "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
    ));
    assert_eq!(public(secret), recipient);
    let sealed = seal_with(&mut FixedRng(ephemeral), &recipient, info, aad, plaintext).unwrap();
    assert_eq!(sealed, expected);
    assert_eq!(open_from(&secret, info, aad, &expected).unwrap().as_slice(), plaintext);
}

#[test]
fn nothing_that_was_altered_cut_or_moved_opens() {
    let (mine, other) = ([5; 32], [6; 32]);
    let sealed = seal_to(&mut rng(), &public(mine), b"list key", b"a secret").unwrap();
    assert_eq!(open_with(&mine, b"list key", &sealed).unwrap().as_slice(), b"a secret");
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open_with(&mine, b"list key", &altered), Err(OpenError), "bit {bit}");
    }
    for len in 0..sealed.len() {
        assert_eq!(open_with(&mine, b"list key", &sealed[..len]), Err(OpenError));
    }
    assert_eq!(open_with(&mine, b"own data", &sealed), Err(OpenError));
    assert_eq!(open_with(&other, b"list key", &sealed), Err(OpenError));
}

/// The points of small order on Curve25519 and its twist, as far as their encoding is canonical
/// (https://cr.yp.to/ecdh.html, "Validate").
#[test]
fn nothing_is_sealed_to_a_key_of_small_order() {
    let mut one = [0; 32];
    one[0] = 1;
    let order_8: [u8; 32] = hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800").try_into().unwrap();
    for weak in [[0; 32], one, order_8] {
        assert_eq!(seal_to(&mut rng(), &weak, b"", b"a secret"), Err(SealToError::WeakKey));
        assert_eq!(open_with(&[5; 32], b"", &[&weak, [0; 16].as_slice()].concat()), Err(OpenError));
    }
}

#[test]
fn too_much_is_refused() {
    let found = PLAINTEXT_BYTES + 1;
    let refused = seal_to(&mut rng(), &public([5; 32]), b"", &vec![0; found]);
    assert_eq!(refused, Err(SealToError::TooLong(TooLong { found, max: PLAINTEXT_BYTES })));
}

#[test]
fn what_is_sealed_into_one_size_has_it_and_opens() {
    let (secret, room) = ([5; 32], 100 - FIXED_SEALING_TO_BYTES);
    for len in [0, 1, room] {
        let plaintext = vec![0; len];
        let sealed = seal_fixed_to(&mut rng(), &public(secret), b"kit", &plaintext, 100).unwrap();
        assert_eq!(sealed.len(), 100);
        assert_eq!(open_fixed_with(&secret, b"kit", &sealed).unwrap().to_vec(), plaintext);
        assert_eq!(open_fixed_with(&secret, b"another", &sealed), Err(OpenError));
    }
    let too_much = seal_fixed_to(&mut rng(), &public(secret), b"kit", &vec![0; room + 1], 100);
    assert_eq!(too_much, Err(SealToError::TooLong(TooLong { found: room + 1, max: room })));
    let none = seal_fixed_to(&mut rng(), &public(secret), b"kit", b"", FIXED_SEALING_TO_BYTES - 1);
    assert_eq!(none, Err(SealToError::TooLong(TooLong { found: 0, max: 0 })));
    let plain = seal_to(&mut rng(), &public(secret), b"kit", b"no end").unwrap();
    assert_eq!(open_fixed_with(&secret, b"kit", &plain), Err(OpenError));
}

proptest! {
    #[test]
    fn anything_sealed_opens(
        secret: [u8; 32],
        context in proptest::collection::vec(any::<u8>(), 0..100),
        plaintext in proptest::collection::vec(any::<u8>(), 0..500),
    ) {
        let sealed = seal_to(&mut rng(), &public(secret), &context, &plaintext).unwrap();
        prop_assert_eq!(sealed.len(), 32 + plaintext.len() + 16);
        prop_assert_eq!(open_with(&secret, &context, &sealed).unwrap().to_vec(), plaintext);
    }

    #[test]
    fn noise_does_not_open(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(open_with(&[5; 32], b"", &noise), Err(OpenError));
    }
}
