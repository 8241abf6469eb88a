#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::limits::FILE_BYTES;

use super::*;

#[test]
fn every_byte_is_in_one_piece() {
    for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, FILE_BYTES] {
        let layout = Layout::new(FileSize::new(size).unwrap());
        let pieces = layout.pieces();
        let sum: u64 = (0..pieces).map(|piece| layout.piece_bytes(piece) as u64).sum();
        assert_eq!(sum, size);
        assert!((1..=65_536).contains(&pieces));
        assert_eq!(layout.piece_bytes(pieces), 0);
        for piece in 1..pieces {
            assert_eq!(layout.offset(piece), layout.offset(piece - 1) + layout.piece_bytes(piece - 1) as u64);
        }
    }
}
