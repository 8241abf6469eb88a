#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;

const TAG: PairTag = PairTag::from_bytes([7; 8]);

fn key(number: usize) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(number as u64).to_be_bytes());
    key
}

#[test]
fn a_message_is_new_once_for_as_long_as_its_tag_is_good() {
    let mut opened = Opened::default();
    // The caller's clock is an epoch ahead: the tag of epoch 10 is taken in epoch 9, and still good in epoch 11.
    assert!(opened.remember(9, TAG, key(1)));
    for epoch in [9, 10, 11] {
        opened.forget_before(epoch);
        assert!(!opened.remember(epoch, TAG, key(1)), "in epoch {epoch}");
    }
    opened.forget_before(12);
    assert!(opened.remember(12, TAG, key(1)), "nobody asks for this tag any more");
}

#[test]
fn one_caller_cannot_take_all_the_room() {
    let mut opened = Opened::default();
    let other = PairTag::from_bytes([8; 8]);
    for number in 0..limits::OPENED_BY_ONE {
        assert!(opened.remember(1, TAG, key(number)));
    }
    assert!(!opened.remember(1, TAG, key(limits::OPENED_BY_ONE)));
    assert!(opened.remember(1, other, key(0)));
    opened.forget_before(4);
    assert!(opened.remember(4, TAG, key(0)), "there is room again");
}
