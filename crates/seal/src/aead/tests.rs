#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;
use crate::{
    fixed_rng::FixedRng,
    fixture::{hex, rng},
};

/// draft-irtf-cfrg-xchacha-03, A.3.1.
#[test]
fn the_published_vector_holds() {
    let key: [u8; 32] = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f").try_into().unwrap();
    let nonce = hex("404142434445464748494a4b4c4d4e4f5051525354555657");
    let context = hex("50515253c0c1c2c3c4c5c6c7");
    let plaintext: &[u8] = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
        future, sunscreen would be it.";
    let body = hex(concat!(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
        "21f9664c97637da9768812f615c68b13b52e",
        "c0875924c1c7987947deafd8780acf49",
    ));
    let sealed = seal(&key, &mut FixedRng(nonce.clone()), &context, plaintext).unwrap();
    assert_eq!(sealed, [nonce, body].concat());
    assert_eq!(open(&key, &context, &sealed).unwrap().as_slice(), plaintext);
}

#[test]
fn every_sealing_draws_its_own_nonce() {
    let mut rng = rng();
    let first = seal(&[1; 32], &mut rng, b"", b"same").unwrap();
    let second = seal(&[1; 32], &mut rng, b"", b"same").unwrap();
    assert_ne!(first[..NONCE_BYTES], second[..NONCE_BYTES]);
    assert_eq!(first.len(), b"same".len() + SEALING_BYTES);
}

#[test]
fn nothing_that_was_altered_cut_or_moved_opens() {
    let sealed = seal(&[1; 32], &mut rng(), b"here", b"a secret").unwrap();
    assert_eq!(open(&[1; 32], b"here", &sealed).unwrap().as_slice(), b"a secret");
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&[1; 32], b"here", &altered), Err(OpenError));
    }
    for len in 0..sealed.len() {
        assert_eq!(open(&[1; 32], b"here", &sealed[..len]), Err(OpenError));
    }
    assert_eq!(open(&[1; 32], b"there", &sealed), Err(OpenError));
    assert_eq!(open(&[2; 32], b"here", &sealed), Err(OpenError));
}

#[test]
fn too_much_is_refused() {
    let most = vec![0; PLAINTEXT_BYTES];
    assert!(seal(&[1; 32], &mut rng(), b"", &most).is_ok());
    let more = vec![0; PLAINTEXT_BYTES + 1];
    assert_eq!(
        seal(&[1; 32], &mut rng(), b"", &more),
        Err(TooLong { found: PLAINTEXT_BYTES + 1, max: PLAINTEXT_BYTES })
    );
}

proptest! {
    #[test]
    fn anything_sealed_opens(
        plaintext in proptest::collection::vec(any::<u8>(), 0..500),
        context in proptest::collection::vec(any::<u8>(), 0..100),
        key: [u8; 32],
    ) {
        let sealed = seal(&key, &mut rng(), &context, &plaintext).unwrap();
        prop_assert_eq!(open(&key, &context, &sealed).unwrap().to_vec(), plaintext);
    }

    #[test]
    fn noise_does_not_open(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(open(&[1; 32], b"", &noise), Err(OpenError));
    }
}
