//! A control: what the target reads is what the corpus holds.

use lamplit_wire::Frame;

use super::*;

#[test]
fn a_frame_is_read_behind_one_of_a_later_version() {
    let mut data: &[u8] = &[9, 1, 2, 0, 1, 2, 1, 3, 0, 0];
    wire(data);
    assert!(matches!(decode::<lamplit_wire::Frame>(&mut data), Ok(Some(Decoded::Skipped { version: 9, kind: 1 }))));
    assert_eq!(decode(&mut data), Ok(Some(Decoded::Frame(Box::new(Frame::KeyRequest)))));
}
