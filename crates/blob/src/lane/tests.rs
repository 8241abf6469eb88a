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
fn an_ask_is_as_agreed() {
    let ask = Ask { blob: BlobId::from_bytes([0xB1; 16]), from: 258, tree: true };
    let mut agreed = vec![1];
    agreed.extend([0xB1; 16]);
    agreed.extend([2, 1, 0, 0, 1]);
    assert_eq!(ask.encode().to_vec(), agreed);
    assert_eq!(Ask::parse(&ask.encode()), Ok(ask));
}

#[test]
fn what_is_no_ask_is_refused() {
    let mut bytes = Ask { blob: BlobId::from_bytes([0; 16]), from: 0, tree: false }.encode();
    bytes[21] = 2;
    assert_eq!(Ask::parse(&bytes), Err(AskError::Flag));
    bytes[0] = 9;
    assert_eq!(Ask::parse(&bytes), Err(AskError::Version(9)));
}

#[test]
fn an_answer_is_one_byte() {
    for reply in [Reply::Coming, Reply::NotHere, Reply::Busy] {
        assert_eq!(Reply::try_from(reply as u8), Ok(reply));
    }
    assert_eq!(Reply::try_from(0), Err(ReplyError(0)));
}

proptest! {
    #[test]
    fn every_ask_reads_back(blob: [u8; 16], from: u32, tree: bool) {
        let ask = Ask { blob: BlobId::from_bytes(blob), from, tree };
        prop_assert_eq!(Ask::parse(&ask.encode()), Ok(ask));
    }
}
