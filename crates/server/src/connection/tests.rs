#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_types::limits::{ENVELOPE_BYTES, FRAME_BYTES};
use lamplit_types::{AccountId, EnvelopeId, Wall};
use lamplit_wire::bounded::{Bytes, List};
use lamplit_wire::server::{Cursor, Delivery, Epoch, Feed, Item};
use lamplit_wire::{Envelope, Suite};

use super::*;

/// A part of a feed with so many of the largest envelopes.
fn feed(envelopes: usize) -> Down {
    let device = DeviceId::from_bytes([2; 32]);
    let envelope = Envelope {
        suite: Suite::Olm,
        to: device,
        id: EnvelopeId::from_bytes([3; 16]),
        expires: Wall(4),
        sealed: Bytes::try_from(vec![5; ENVELOPE_BYTES]).unwrap(),
    };
    let delivery = Delivery { account: AccountId::from_bytes([1; 16]), device, envelope };
    let items: Vec<Item> = (0..envelopes).map(|_| Item::Envelope(Box::new(delivery.clone()))).collect();
    let cursor = Cursor { epoch: Epoch([6; 8]), place: 7 };
    Down::Feed(Feed { items: List::try_from(items).unwrap(), cursor, last: true, gap: false })
}

/// What a device reads of it.
fn read(bytes: &[u8]) -> Vec<Down> {
    let mut heard = FrameBuffer::default();
    heard.push(bytes);
    core::iter::from_fn(|| heard.pop().unwrap()).collect()
}

#[test]
fn what_is_larger_than_a_frame_is_answered_with_a_goodbye_after_what_came_before_it() {
    let many = FRAME_BYTES / ENVELOPE_BYTES + 1;
    let (bytes, is_whole) = encoded(vec![Down::Stocked(8), feed(many), Down::Stocked(9)]).unwrap();
    assert!(!is_whole);
    assert_eq!(read(&bytes), [Down::Stocked(8), Down::Goodbye(Goodbye::Failing)]);

    let good = vec![feed(1), Down::Stocked(9)];
    let (bytes, is_whole) = encoded(good.clone()).unwrap();
    assert!(is_whole);
    assert_eq!(read(&bytes), good);
    assert_eq!(encoded(Vec::new()), Some((Vec::new(), true)));
}
