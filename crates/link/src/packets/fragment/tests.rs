#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;

#[test]
fn the_header_is_as_written() {
    let packets = Cut::new(20).packets(Kind::Segment, 0x1234, &[7; 18]);
    assert_eq!(packets[0][..3], [0x40, 0x34, 0x12]);
    assert_eq!(packets[0].len(), 20);
    assert_eq!(packets[1], [0x61, 0x34, 0x12, 7]);
    assert_eq!(Cut::new(20).packets(Kind::Handshake, 2, &[9]), [[0x20, 2, 0, 9]]);
}

#[test]
fn what_is_no_packet_is_ignored() {
    for bytes in [vec![], vec![0x40, 0], vec![0x40, 0, 0], vec![0x80, 0, 0, 1], vec![0xc0, 0, 0, 1], vec![0; MTU + 1]] {
        assert_eq!(Packet::parse(&bytes), None);
    }
}

#[test]
fn segments_fit_the_limit_at_every_mtu() {
    for mtu in (20..=MTU).chain([4_000, usize::MAX]) {
        let mut cut = Cut::new(mtu);
        cut.shrink();
        cut.shrink();
        assert!(cut.room() >= 32, "an acknowledgement and some data fit at {mtu}");
        for _ in 0..PIECES {
            cut.grow();
        }
        let sealed = vec![0; cut.room() + TAG_BYTES];
        assert!(sealed.len() >= SEGMENT_FULL && sealed.len() <= SEGMENT_BYTES);
        let packets = cut.packets(Kind::Segment, 0, &sealed);
        assert_eq!(packets.iter().map(|p| p.len() - HEADER_BYTES).sum::<usize>(), sealed.len());
        assert!(packets.iter().all(|packet| packet.len() <= mtu.min(MTU)));
    }
}

#[test]
fn old_partial_segments_make_room() {
    let mut reassembly = Reassembly::default();
    let packets = Cut::new(20).packets(Kind::Segment, 0, &[1; 30]);
    let [first, second] = [0, 1].map(|n| Packet::parse(&packets[n]).unwrap());
    // Begun from the highest down: age counts, not the number.
    let count = PARTIAL_SEGMENTS as u64;
    for number in (0..=count).rev() {
        assert_eq!(reassembly.add(number, first), None);
    }
    assert_eq!(reassembly.0.len(), PARTIAL_SEGMENTS);
    assert_eq!(reassembly.add(0, second), Some(vec![1; 30]));
    assert_eq!(reassembly.add(count, second), None, "its first piece had to go");
    reassembly.forget_before(count - 1);
    assert_eq!(reassembly.0.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [count - 1, count]);
}

#[test]
fn pieces_that_do_not_belong_together_are_dropped() {
    let piece = |index, is_last| Packet { kind: Kind::Segment, is_last, index, number: 0, body: &[1; 900] };
    let mut partial = Partial::default();
    assert_eq!(partial.add(piece(3, false), SEGMENT_BYTES), Added::Incomplete);
    assert_eq!(partial.add(piece(1, true), 9_000), Added::Broken);
    let mut partial = Partial::default();
    assert_eq!(partial.add(piece(0, false), SEGMENT_BYTES), Added::Incomplete);
    assert_eq!(partial.add(piece(0, false), SEGMENT_BYTES), Added::Incomplete, "doubled, not added up");
    assert_eq!(partial.add(piece(1, false), SEGMENT_BYTES), Added::Broken, "too long");
}

proptest! {
    #[test]
    fn any_order_gives_the_whole(
        mtu in 20usize..300,
        whole in prop::collection::vec(any::<u8>(), 1..500),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let packets = Cut::new(mtu).packets(Kind::Segment, 5, &whole);
        let mut reassembly = Reassembly::default();
        let order = order.into_iter().map(|index| index.index(packets.len())).chain(0..packets.len());
        let found = order.filter_map(|n| reassembly.add(5, Packet::parse(&packets[n]).unwrap())).next();
        prop_assert_eq!(found, Some(whole));
    }
}
