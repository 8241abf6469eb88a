use lamplit_types::FileSize;

use crate::{HASH_BYTES, SEALING_BYTES};

/// A piece of a file, in bytes; the last may be shorter. A power of two, as a subtree of BLAKE3 must be (BLAKE3, 2.1).
pub const PIECE_BYTES: usize = 256 * 1024;
const PIECE: u64 = PIECE_BYTES as u64;

/// How a file of some size is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    size: FileSize,
}

impl Layout {
    /// Of a file of that size.
    pub const fn new(size: FileSize) -> Self {
        Self { size }
    }

    /// The file's size.
    pub const fn size(self) -> FileSize {
        self.size
    }

    /// How many pieces it has: at least one, which is empty for an empty file; at most 65,536.
    pub fn pieces(self) -> u32 {
        u32::try_from(self.size.bytes().div_ceil(PIECE).max(1)).unwrap_or(u32::MAX)
    }

    /// Where in the file a piece begins, in bytes.
    pub fn offset(self, piece: u32) -> u64 {
        u64::from(piece).saturating_mul(PIECE)
    }

    /// A piece's length in bytes; 0 beyond the last.
    pub fn piece_bytes(self, piece: u32) -> usize {
        let rest = self.size.bytes().saturating_sub(self.offset(piece));
        usize::try_from(rest.min(PIECE)).unwrap_or(PIECE_BYTES)
    }

    /// The same once it is sealed.
    pub fn sealed_piece_bytes(self, piece: u32) -> usize {
        self.piece_bytes(piece).saturating_add(SEALING_BYTES)
    }

    /// The length of the sealed tree in bytes.
    pub fn sealed_tree_bytes(self) -> usize {
        let pieces = usize::try_from(self.pieces()).unwrap_or(usize::MAX);
        pieces.saturating_mul(HASH_BYTES).saturating_add(SEALING_BYTES)
    }
}

#[cfg(test)]
mod tests;
