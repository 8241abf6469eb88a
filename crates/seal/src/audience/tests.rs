#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use hkdf::Hkdf;
use lamplit_types::limits::PRESENCE_BYTES;
use proptest::prelude::*;

use super::*;
use crate::fixture::{hex, rng};

const DAY: u32 = 20_770;

fn key() -> AudienceKey {
    AudienceKey::from_parts(3, DAY, [0x42; 32])
}

/// Made with another implementation of HMAC-SHA-256. It changes only if all stored keys become unreadable.
#[test]
fn the_chain_is_what_it_always_was() {
    let later = key().at_day(DAY + 2).unwrap();
    assert_eq!(later.as_bytes(), hex("858254d77728a3210888f7b27e8a8f2e6b824ae6fa5bbd6b33689ce33901f80f").as_slice());
    assert_eq!(*later.sealing_key(), *hex("7588e4dd18b36210da31f7957665d685fbbd6f8dad9387498510ed97db3d8b16"));
    assert_eq!((later.generation(), later.day()), (3, DAY + 2));
}

#[test]
fn time_only_goes_forward() {
    assert_eq!(key().at_day(DAY).unwrap().as_bytes(), key().as_bytes());
    assert_eq!(key().at_day(DAY - 1).unwrap_err(), RatchetError::Past { key: DAY, wanted: DAY - 1 });
    assert!(key().at_day(DAY + AUDIENCE_DAYS).is_ok());
    let wanted = DAY + AUDIENCE_DAYS + 1;
    assert_eq!(key().at_day(wanted).unwrap_err(), RatchetError::TooFar { key: DAY, wanted });
    assert_eq!(key().at_day(u32::MAX).unwrap_err(), RatchetError::TooFar { key: DAY, wanted: u32::MAX });
}

#[test]
fn each_day_and_each_generation_opens_only_its_own() {
    let mut rng = rng();
    let (today, tomorrow) = (key(), key().at_day(DAY + 1).unwrap());
    let (old, new) = (AudienceKey::draw(&mut rng, 1, DAY), AudienceKey::draw(&mut rng, 2, DAY));
    for (with, against) in [(&today, &tomorrow), (&tomorrow, &today), (&old, &new)] {
        let sealed = with.seal(&mut rng, b"context", b"lit").unwrap();
        assert_eq!(with.open(b"context", &sealed).unwrap().as_slice(), b"lit");
        assert_eq!(against.open(b"context", &sealed), Err(OpenError));
        assert_eq!(with.open(b"another", &sealed), Err(OpenError));
    }
}

/// What is sealed with does not tell the chain: a sealing key is none of the chain's keys.
#[test]
fn the_sealing_key_is_not_of_the_chain() {
    let chain: Vec<[u8; 32]> = (0..50).map(|days| *key().at_day(DAY + days).unwrap().as_bytes()).collect();
    for days in 0..50 {
        assert!(!chain.contains(&*key().at_day(DAY + days).unwrap().sealing_key()));
    }
}

#[test]
fn a_presence_has_one_size_whatever_it_says() {
    let mut rng = rng();
    for len in 0..=PRESENCE_BYTES - FIXED_SEALING_BYTES {
        let plaintext = vec![0x80; len];
        let sealed = key().seal_fixed(&mut rng, b"", &plaintext, PRESENCE_BYTES).unwrap();
        assert_eq!(sealed.len(), PRESENCE_BYTES);
        assert_eq!(key().open_fixed(b"", &sealed).unwrap().to_vec(), plaintext);
    }
}

#[test]
fn what_does_not_fit_the_fixed_size_is_refused() {
    let found = PRESENCE_BYTES - FIXED_SEALING_BYTES + 1;
    let refused = key().seal_fixed(&mut rng(), b"", &vec![1; found], PRESENCE_BYTES);
    assert_eq!(refused, Err(TooLong { found, max: found - 1 }));
    for len in 0..FIXED_SEALING_BYTES {
        assert_eq!(key().seal_fixed(&mut rng(), b"", b"", len), Err(TooLong { found: 0, max: 0 }));
    }
    assert!(key().seal_fixed(&mut rng(), b"", b"", FIXED_SEALING_BYTES).is_ok());
}

/// A member may seal anything: what is authentic but not padded is no presence.
#[test]
fn what_was_not_padded_is_refused() {
    for plaintext in [b"".as_slice(), b"plain", &[0; 20]] {
        let sealed = key().seal(&mut rng(), b"", plaintext).unwrap();
        assert_eq!(key().open_fixed(b"", &sealed), Err(OpenError));
    }
}

#[test]
fn debug_tells_no_secret() {
    assert_eq!(format!("{:?}", key()), "AudienceKey { generation: 3, day: 20770, .. }");
}

proptest! {
    /// Against RustCrypto's HKDF.
    #[test]
    fn expand_is_hkdf(key: [u8; 32], info in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut expected = [0; 32];
        Hkdf::<Sha256>::from_prk(&key).unwrap().expand(&info, &mut expected).unwrap();
        prop_assert_eq!(*expand(&key, &info), expected);
    }

    #[test]
    fn all_ways_to_a_day_lead_to_one_key(bytes: [u8; 32], first in 0_u32..100, second in 0_u32..100) {
        let start = AudienceKey::from_parts(0, DAY, bytes);
        let straight = start.at_day(DAY + first + second).unwrap();
        let by_steps = start.at_day(DAY + first).unwrap().at_day(DAY + first + second).unwrap();
        prop_assert_eq!(straight.as_bytes(), by_steps.as_bytes());
    }

    #[test]
    fn noise_is_no_presence(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(key().open_fixed(b"", &noise), Err(OpenError));
    }
}
