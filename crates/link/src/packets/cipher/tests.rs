#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

fn key() -> Zeroizing<[u8; 32]> {
    Zeroizing::new([9; 32])
}

#[test]
fn the_next_key_is_the_one_noise_asks_for() {
    let mut sealer = Sealer::new(key());
    sealer.next = EPOCH_SEGMENTS;
    let (number, sealed) = sealer.seal(b"after").unwrap();

    // Noise 4.2 in plain words: encrypt 32 zeros under the last nonce, keep the first 32 bytes.
    let mut last = [0; 12];
    last[4..].fill(0xff);
    let fresh = ChaCha20Poly1305::new(&[9; 32].into()).encrypt(&last.into(), [0; 32].as_slice()).unwrap();
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_le_bytes());
    let expected = ChaCha20Poly1305::new(Key::from_slice(&fresh[..32])).encrypt(&nonce.into(), b"after".as_slice());
    assert_eq!(sealed, expected.unwrap());
}

#[test]
fn segments_cross_a_rekey_in_any_order() {
    let (mut sealer, mut opener) = (Sealer::new(key()), Opener::new(key()));
    sealer.next = EPOCH_SEGMENTS - 2;
    let sealed: Vec<_> = (0..4).map(|n: u8| sealer.seal(&[n]).unwrap()).collect();
    for index in [2, 0, 3, 1] {
        let (number, bytes) = &sealed[index];
        assert_eq!(opener.open(*number, bytes), Some(vec![index as u8]));
    }
}

#[test]
fn old_keys_are_dropped_behind_the_window() {
    let (mut sealer, mut opener) = (Sealer::new(key()), Opener::new(key()));
    sealer.next = EPOCH_SEGMENTS - 1;
    let (old, old_sealed) = sealer.seal(b"old").unwrap();
    for _ in 0..=REPLAY_WINDOW {
        let (number, sealed) = sealer.seal(b"new").unwrap();
        assert!(opener.open(number, &sealed).is_some());
    }
    assert!(opener.before.is_none());
    assert_eq!(opener.open(old, &old_sealed), None);
}

#[test]
fn a_forged_segment_brings_no_new_key() {
    let mut opener = Opener::new(key());
    assert_eq!(opener.open(EPOCH_SEGMENTS, &[0; 40]), None);
    assert_eq!(opener.current.epoch, 0);
    assert_eq!(opener.open(7 * EPOCH_SEGMENTS, &[0; 40]), None);
    assert_eq!(opener.open(0, &[0; 3]), None);
}

#[test]
fn a_number_opens_only_its_own_segment() {
    let (mut sealer, mut opener) = (Sealer::new(key()), Opener::new(key()));
    let (number, sealed) = sealer.seal(b"one").unwrap();
    assert_eq!(opener.open(number + 1, &sealed), None);
    assert_eq!(opener.open(number, &sealed), Some(b"one".to_vec()));
}
