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
fn the_prefix_is_as_written() {
    assert_eq!(prefix(false, 0x1234), [0x34, 0x12, 0, 0]);
    assert_eq!(prefix(true, 1), [1, 0, 0, 0x80]);
}

#[test]
fn lengths_that_are_not_allowed_are_refused_as_soon_as_seen() {
    for found in [0, limits::FRAME_BYTES + 1, 0x7fff_ffff] {
        let mut deframer = Deframer::default();
        deframer.push([1, 0, 0, 0, 9]).unwrap();
        assert_eq!(deframer.push(prefix(false, found)), Err(LinkError::FrameLength { found }));
    }
}

proptest! {
    #[test]
    fn frames_come_out_however_the_stream_is_cut(
        frames in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 1..40)), 1..10),
        cut in 1usize..30,
        pops_between in any::<bool>(),
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(p, f)| [&prefix(*p, f.len())[..], f].concat()).collect();
        let mut deframer = Deframer::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(cut) {
            deframer.push(piece.iter().copied()).unwrap();
            if pops_between {
                found.extend(std::iter::from_fn(|| deframer.pop()));
            }
        }
        found.extend(std::iter::from_fn(|| deframer.pop()));
        let found: Vec<_> = found.into_iter().map(|unit| (unit.is_packet, unit.bytes)).collect();
        prop_assert_eq!(found, frames);
        prop_assert_eq!(deframer.len(), 0);
    }
}
