#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::{Frame, samples};

#[test]
fn a_length_is_short_as_long_as_it_can_be() {
    let table: [(usize, &[u8]); 5] = [
        (0, &[VERSION, 9, 0, 0]),
        (0x1234, &[VERSION, 9, 0x34, 0x12]),
        (0xFFFE, &[VERSION, 9, 0xFE, 0xFF]),
        (0xFFFF, &[VERSION, 9, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]),
        (0x0102_0304, &[VERSION, 9, 0xFF, 0xFF, 4, 3, 2, 1]),
    ];
    for (length, expected) in table {
        assert_eq!(header(9, length).unwrap(), expected, "{length:#x}");
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut buffer = FrameBuffer::default();
    // A frame that is announced too large is refused before it is there.
    buffer.push(&[VERSION, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]);
    assert!(matches!(buffer.pop::<Frame>(), Err(DecodeError::TooLarge(_))));
    // One that is not whole waits, and is less than a frame.
    let mut buffer = FrameBuffer::default();
    buffer.push(&header(5, FRAME_BYTES - 8).unwrap());
    buffer.push(&vec![0; FRAME_BYTES - 9]);
    assert_eq!(buffer.pop::<Frame>(), Ok(None));
    assert!(buffer.bytes.len() < FRAME_BYTES);
}

#[test]
fn what_was_taken_is_cleared_away_with_the_next_piece_and_not_for_each_frame() {
    let frame = Frame::Refuse(samples::envelope().id).encode().unwrap();
    let mut buffer = FrameBuffer::default();
    buffer.push(&[frame.as_slice(), &frame, &[VERSION]].concat());
    for _ in 0..2 {
        assert!(matches!(buffer.pop::<Frame>(), Ok(Some(Frame::Refuse(_)))));
        assert_eq!(buffer.bytes.len(), 2 * frame.len() + 1, "nothing was moved");
    }
    assert_eq!(buffer.pop::<Frame>(), Ok(None));
    buffer.push(&frame[1..]);
    assert_eq!(buffer.bytes, frame, "only what was not taken is left");
    assert!(matches!(buffer.pop::<Frame>(), Ok(Some(Frame::Refuse(_)))));
    assert_eq!(buffer.pop::<Frame>(), Ok(None));
}
