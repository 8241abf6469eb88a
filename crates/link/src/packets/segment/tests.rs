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
fn the_blocks_are_as_written() {
    let mut writer = Writer::new(40);
    assert!(writer.ack(Ack { largest: 300, missing: 2 }));
    assert!(writer.credit(Class::Bulk, 5));
    writer.data(Class::Message, 1, b"ab");
    assert_eq!(writer.finish(), [0x00, 0xac, 0x02, 0x02, 0x12, 5, 0x21, 1, 2, b'a', b'b']);
    let mut writer = Writer::new(4);
    writer.data(Class::Control, 7, b"xy");
    assert_eq!(writer.data_room(9), 0);
    assert!(!writer.credit(Class::Bulk, 5) && !writer.ack(Ack { largest: 0, missing: 0 }));
    assert_eq!(writer.finish(), [0x30, 7, b'x', b'y']);
}

#[test]
fn what_cannot_be_read_is_refused() {
    for bad in [&[0x01][..], &[0x00], &[0x00, 1], &[0x13, 0], &[0x23, 0, 0], &[0x40, 0], &[0x20, 0, 2, 1], &[0x20, 0]] {
        assert!(matches!(parse(bad), Err(LinkError::Malformed(_))), "{bad:?}");
    }
    assert_eq!(parse(&[]), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn random_plaintext_never_panics(plain in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&plain);
    }

    #[test]
    fn a_segment_is_filled_to_the_brim_and_read_back(
        room in 32usize..1_000,
        offset in any::<u32>(),
        lens in prop::collection::vec(0usize..400, 1..6),
    ) {
        let mut writer = Writer::new(room);
        let bytes = vec![5; room];
        let mut written = Vec::new();
        for len in lens.into_iter().chain([room]) {
            let len = len.min(writer.data_room(offset.into()));
            if len == 0 {
                continue;
            }
            writer.data(Class::Bulk, offset.into(), &bytes[..len]);
            written.push(len);
        }
        let plain = writer.finish();
        // A few bytes may be left where not even an empty block would fit.
        prop_assert!(plain.len() <= room && plain.len() + 8 >= room, "{} of {room}", plain.len());
        let read: Vec<usize> = parse(&plain).unwrap().iter().map(|block| match block {
            Block::Data { bytes, .. } => bytes.len(),
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(read, written);
    }
}
