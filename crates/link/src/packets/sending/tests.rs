#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

fn with(frame: &[u8]) -> Sending {
    let mut sending = Sending::default();
    sending.push(false, frame);
    sending
}

#[test]
fn bytes_are_held_until_acknowledged_in_any_order() {
    let mut sending = with(&[7; 16]);
    assert_eq!(sending.take(12), Some((0, [&[16, 0, 0, 0][..], &[7; 8]].concat())));
    assert_eq!(sending.take(100), Some((12, vec![7; 8])));
    assert!(sending.is_all_sent() && sending.take(1).is_none());
    sending.on_acked(12, 20);
    assert_eq!(sending.queued(), 20);
    sending.on_acked(0, 12);
    assert_eq!(sending.queued(), 0);
    sending.push(false, &[8; 2]);
    assert_eq!(sending.take(9), Some((20, vec![2, 0, 0, 0, 8, 8])));
}

#[test]
fn only_what_the_peer_lacks_goes_again() {
    let mut sending = with(&[7; 16]);
    sending.take(20);
    sending.on_acked(4, 8);
    assert!(sending.on_lost(0, 12));
    assert_eq!(sending.take(20).unwrap().0, 0);
    assert_eq!(sending.take(20), Some((8, vec![7; 4])));
    assert_eq!(sending.take(20), None);
    sending.on_acked(0, 4);
    assert!(!sending.on_lost(0, 8));
    assert!(sending.on_lost(8, 12));
    sending.on_acked(0, 20);
    assert_eq!(sending.take(20), None, "acknowledged late, after it was taken for lost");
}

#[test]
fn nothing_goes_beyond_the_credit() {
    let mut sending = Sending::default();
    for _ in 0..3 {
        sending.push(false, &[1; 60_000]);
    }
    let taken: usize = std::iter::from_fn(|| sending.take(1_000)).map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(taken, CREDIT_BYTES);
    sending.on_credit(5);
    assert_eq!(sending.ready(), None);
    sending.on_credit(CREDIT_BYTES as u64 + 10);
    assert_eq!(sending.take(1_000).unwrap().1.len(), 10);
}
