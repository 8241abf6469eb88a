use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use lamplit_types::BlobId;

use crate::Layout;

/// What sealing adds, in bytes.
pub const SEALING_BYTES: usize = 16;

/// Seals and opens the parts of one file under its key: ChaCha20-Poly1305 (RFC 8439), as TLS has it from aws-lc, which is
/// several times as fast as the one the small things are sealed with.
///
/// The key is drawn for this file alone, and a part's number is its nonce. A part is only ever sealed as the tree
/// proves it, so nothing else is sealed under a nonce that was used.
pub struct Seal {
    cipher: Option<LessSafeKey>,
    /// Blob and size: what the parts belong to.
    context: [u8; 24],
}

/// What is sealed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The hashes of all pieces.
    Tree,
    /// A piece.
    Piece(u32),
}

/// It cannot be sealed: it is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of a file is too large to be sealed")]
pub struct SealError;

/// It does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of a file does not open: it was altered, or it is another part, or of another file; ask for it again")]
pub struct OpenError;

impl Seal {
    /// For one file.
    pub fn new(key: &[u8; 32], blob: BlobId, layout: Layout) -> Self {
        let mut context = [0; 24];
        let (head, tail) = context.split_at_mut(16);
        head.copy_from_slice(blob.as_bytes());
        tail.copy_from_slice(&layout.size().bytes().to_le_bytes());
        // A key of 32 bytes is always taken; if it were not, nothing would seal or open.
        let cipher = UnboundKey::new(&CHACHA20_POLY1305, key).ok().map(LessSafeKey::new);
        Self { cipher, context }
    }

    /// Seals a part where it lies, [`SEALING_BYTES`] longer.
    ///
    /// # Errors
    /// [`SealError`] if it is larger than the cipher takes.
    pub fn seal(&self, part: Part, bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let cipher = self.cipher.as_ref().ok_or(SealError)?;
        let nonce = Nonce::assume_unique_for_key(part.nonce());
        cipher.seal_in_place_append_tag(nonce, Aad::from(&self.context), bytes).map_err(|_| SealError)
    }

    /// Opens a part where it lies.
    ///
    /// # Errors
    /// [`OpenError`] if it is not that part of this file; then `bytes` are of no use.
    pub fn open(&self, part: Part, bytes: &mut Vec<u8>) -> Result<(), OpenError> {
        let cipher = self.cipher.as_ref().ok_or(OpenError)?;
        let nonce = Nonce::assume_unique_for_key(part.nonce());
        let opened = cipher.open_in_place(nonce, Aad::from(&self.context), bytes).map_err(|_| OpenError)?;
        let length = opened.len();
        bytes.truncate(length);
        Ok(())
    }
}

impl Part {
    /// The piece's number (u32 LE), what kind of part it is, zeros.
    const fn nonce(self) -> [u8; 12] {
        let (number, kind) = match self {
            Self::Piece(piece) => (piece, 0),
            Self::Tree => (0, 1),
        };
        let [a, b, c, d] = number.to_le_bytes();
        [a, b, c, d, kind, 0, 0, 0, 0, 0, 0, 0]
    }
}

impl core::fmt::Debug for Seal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
