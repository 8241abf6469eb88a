use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

use crate::Layout;

/// A BLAKE3 hash, in bytes.
pub const HASH_BYTES: usize = 32;

/// The hashes over a file's pieces, which together make the BLAKE3 hash of the file: those of the subtrees of BLAKE3's own tree
/// ([BLAKE3], 2.1). A file of one piece has its own hash for that piece.
///
/// [BLAKE3]: https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    layout: Layout,
    leaves: Vec<ChainingValue>,
    root: [u8; HASH_BYTES],
}

/// Makes a [`Tree`] of pieces, one after the other.
#[derive(Debug)]
pub struct TreeBuilder {
    layout: Layout,
    leaves: Vec<ChainingValue>,
    fits: bool,
}

/// Why some hashes are no tree of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Pieces of other lengths than the layout's, or fewer, or more.
    #[error("the file has another size than it is said to have: was it changed meanwhile?")]
    Size,
    /// The hashes do not make the hash of the file.
    #[error(
        "the hashes of the pieces are not those of this file: ask for them again, from another device if it goes on"
    )]
    Root,
}

/// The hash over one piece, for [`Tree::of`]: pieces may be hashed side by side.
pub fn hash_piece(layout: Layout, piece: u32, bytes: &[u8]) -> [u8; HASH_BYTES] {
    leaf(layout, piece, bytes)
}

impl TreeBuilder {
    /// For a file of that layout.
    pub const fn new(layout: Layout) -> Self {
        Self { layout, leaves: Vec::new(), fits: true }
    }

    /// Takes in the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let index = u32::try_from(self.leaves.len()).unwrap_or(u32::MAX);
        self.fits &= index < self.layout.pieces() && piece.len() == self.layout.piece_bytes(index);
        if self.fits {
            self.leaves.push(leaf(self.layout, index, piece));
        }
    }

    /// The tree.
    ///
    /// # Errors
    /// [`TreeError::Size`] if the pieces were not those of the layout.
    pub fn finish(self) -> Result<Tree, TreeError> {
        if self.fits { Tree::of(self.layout, self.leaves) } else { Err(TreeError::Size) }
    }
}

impl Tree {
    /// Of the hashes over all pieces, in their order.
    ///
    /// # Errors
    /// [`TreeError::Size`] if they are not as many as the layout has pieces.
    pub fn of(layout: Layout, leaves: Vec<[u8; HASH_BYTES]>) -> Result<Self, TreeError> {
        let root = root_of(&leaves).filter(|_| leaves.len() == count(layout)).ok_or(TreeError::Size)?;
        Ok(Self { layout, leaves, root })
    }

    /// Reads what [`Tree::to_bytes`] wrote, and checks that it is the tree of the file with that hash.
    ///
    /// # Errors
    /// [`TreeError`] if it is not.
    pub fn parse(layout: Layout, bytes: &[u8], hash: &[u8; HASH_BYTES]) -> Result<Self, TreeError> {
        let (leaves, rest) = bytes.as_chunks::<HASH_BYTES>();
        if leaves.len() != count(layout) || !rest.is_empty() {
            return Err(TreeError::Size);
        }
        match root_of(leaves) {
            Some(root) if root == *hash => Ok(Self { layout, leaves: leaves.to_vec(), root }),
            _ => Err(TreeError::Root),
        }
    }

    /// The hashes of the pieces, one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.leaves.concat()
    }

    /// The BLAKE3 hash of the file.
    pub const fn root(&self) -> [u8; HASH_BYTES] {
        self.root
    }

    /// How the file is cut.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether `bytes` are that piece of the file.
    pub fn proves(&self, piece: u32, bytes: &[u8]) -> bool {
        let known = usize::try_from(piece).ok().and_then(|piece| self.leaves.get(piece));
        let fits = bytes.len() == self.layout.piece_bytes(piece);
        known.is_some_and(|known| fits && *known == leaf(self.layout, piece, bytes))
    }
}

fn count(layout: Layout) -> usize {
    usize::try_from(layout.pieces()).unwrap_or(usize::MAX)
}

fn leaf(layout: Layout, piece: u32, bytes: &[u8]) -> ChainingValue {
    if layout.pieces() == 1 {
        return *blake3::hash(bytes).as_bytes();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(layout.offset(piece));
    hasher.update(bytes);
    hasher.finalize_non_root()
}

fn root_of(leaves: &[ChainingValue]) -> Option<[u8; HASH_BYTES]> {
    match leaves {
        [] => None,
        [only] => Some(*only),
        more => {
            let (left, right) = halves(more)?;
            Some(*merge_subtrees_root(&inner(left)?, &inner(right)?, Mode::Hash).as_bytes())
        }
    }
}

fn inner(leaves: &[ChainingValue]) -> Option<ChainingValue> {
    match leaves {
        [] => None,
        [only] => Some(*only),
        more => {
            let (left, right) = halves(more)?;
            Some(merge_subtrees_non_root(&inner(left)?, &inner(right)?, Mode::Hash))
        }
    }
}

/// The left half is the largest power of two that leaves something to the right.
fn halves(leaves: &[ChainingValue]) -> Option<(&[ChainingValue], &[ChainingValue])> {
    let left = 1_usize.checked_shl(leaves.len().checked_sub(1)?.checked_ilog2()?)?;
    leaves.split_at_checked(left)
}

#[cfg(test)]
mod tests;
