#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::FileSize;

use super::*;

fn seal_of(key: u8, blob: u8, size: u64) -> Seal {
    Seal::new(&[key; 32], BlobId::from_bytes([blob; 16]), Layout::new(FileSize::new(size).unwrap()))
}

#[test]
fn a_part_opens_as_itself_and_as_nothing_else() {
    let mut sealed = b"a piece".to_vec();
    seal_of(1, 2, 7).seal(Part::Piece(0), &mut sealed).unwrap();
    assert_eq!(sealed.len(), 7 + SEALING_BYTES);

    let mut opened = sealed.clone();
    seal_of(1, 2, 7).open(Part::Piece(0), &mut opened).unwrap();
    assert_eq!(opened, b"a piece");

    let others = [
        (seal_of(9, 2, 7), Part::Piece(0)),
        (seal_of(1, 9, 7), Part::Piece(0)),
        (seal_of(1, 2, 9), Part::Piece(0)),
        (seal_of(1, 2, 7), Part::Piece(1)),
        (seal_of(1, 2, 7), Part::Tree),
    ];
    for (seal, part) in others {
        assert_eq!(seal.open(part, &mut sealed.clone()), Err(OpenError));
    }
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert_eq!(seal_of(1, 2, 7).open(Part::Piece(0), &mut altered), Err(OpenError));
    }
    assert_eq!(seal_of(1, 2, 7).open(Part::Piece(0), &mut Vec::new()), Err(OpenError));
}

#[test]
fn what_is_sealed_is_as_agreed() {
    // As any implementation of RFC 8439 has it: key 01.., nonce 02000000 00.., context 03..|0500000000000000.
    let mut sealed = b"hello".to_vec();
    seal_of(1, 3, 5).seal(Part::Piece(2), &mut sealed).unwrap();
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, AGREED);
}

const AGREED: &str = "d45d0d7158f5e0ad53b3def649fabacc991f75f2b4";
