//! Hides how long a message is.
//!
//! Whoever carries an envelope sees its size. So a plaintext grows to one of few sizes: at least 64 bytes, then
//! multiples of 32, and from 1 KiB on PADMÉ (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs", 2019), which never adds more than about 12 % and leaves O(log log n) bits to be
//! learnt. The padding is one byte 0x80 and zeros (ISO/IEC 7816-4), and only the size that [`pad`] would make is
//! taken back.
//!
//! Unpadding looks at the content, so it comes after authentication, never before.

use zeroize::Zeroizing;

use crate::limits::{PADDED_BYTES, TooLong, check};

#[cfg(test)]
mod tests;

/// The smallest padded size.
const MIN: usize = 64;
/// Padded sizes are multiples of it.
const STEP: usize = 32;
/// Ends the content.
const MARKER: u8 = 0x80;

/// Why some bytes are no padded content. They were authentic, so it is the sender's program that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaddingError {
    /// No marker before the zeros.
    #[error("the message has no end mark: its sender needs a newer program")]
    Marker,
    /// Not a size that [`pad`] makes.
    #[error(
        "the message was padded to {found} bytes, not to one of the agreed sizes: its sender needs a newer program"
    )]
    Size {
        /// Bytes found.
        found: usize,
    },
}

/// Pads `content` to one of the agreed sizes, at most [`PADDED_BYTES`].
pub fn pad(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, TooLong> {
    check(content.len(), PADDED_BYTES - 1)?;
    Ok(fill(content, padded_len(content.len())))
}

/// The content of what [`pad`] made.
pub fn unpad(padded: &[u8]) -> Result<&[u8], PaddingError> {
    let content = strip(padded).ok_or(PaddingError::Marker)?;
    if padded.len() > PADDED_BYTES || padded_len(content.len()) != padded.len() {
        return Err(PaddingError::Size { found: padded.len() });
    }
    Ok(content)
}

/// `content`, the marker, and zeros up to `len` bytes. The caller makes sure that `len` is larger than the content.
pub(crate) fn fill(content: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    // The capacity is exact, so that growing leaves no copy behind.
    let mut padded = Zeroizing::new(Vec::with_capacity(len));
    padded.extend_from_slice(content);
    padded.push(MARKER);
    padded.resize(len, 0);
    padded
}

/// What comes before the last marker, if nothing but zeros follows that.
pub(crate) fn strip(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|&byte| byte != 0)?;
    let (content, padding) = padded.split_at_checked(end)?;
    (padding.first() == Some(&MARKER)).then_some(content)
}

/// The size that content of `len` bytes is padded to, marker included.
fn padded_len(len: usize) -> usize {
    let needed = len.saturating_add(1);
    needed.next_multiple_of(padme_step(needed).max(STEP)).max(MIN)
}

/// PADMÉ: of the binary digits of `len`, all but the first ⌊log2 log2 len⌋ + 2 are made zero by rounding up to a
/// multiple of this.
fn padme_step(len: usize) -> usize {
    let exponent = len.checked_ilog2().unwrap_or(0);
    let kept = exponent.checked_ilog2().map_or(0, |digits| digits + 1);
    1 << exponent.saturating_sub(kept)
}
