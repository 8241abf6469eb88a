//! XChaCha20-Poly1305 with a random nonce: the one way everything under a symmetric key is sealed.
//!
//! Many devices seal under one key without talking to each other, so the nonce must be drawn, and 24 bytes are
//! enough for that (draft-irtf-cfrg-xchacha-03, 2). Sealed: nonce (24) ‖ ciphertext ‖ tag (16).

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::limits::{PLAINTEXT_BYTES, TooLong, check};

#[cfg(test)]
mod tests;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// What sealing under a symmetric key adds, in bytes.
pub const SEALING_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// Something sealed does not open: the key or the context is another one, or it was altered or cut. What to do
/// depends on where it came from, which its reader knows; asking for it anew is always safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open: it was altered, or sealed with another key or for another place; get it anew")]
pub struct OpenError;

/// Seals `plaintext` under `key`; it opens with the same `context` only.
pub(crate) fn seal(
    key: &[u8; 32],
    rng: &mut dyn CryptoRng,
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, TooLong> {
    check(plaintext.len(), PLAINTEXT_BYTES)?;
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let body = XChaCha20Poly1305::new(key.into())
        .encrypt(&nonce.into(), Payload { msg: plaintext, aad: context })
        .map_err(|_| TooLong { found: plaintext.len(), max: PLAINTEXT_BYTES })?;
    Ok([&nonce, body.as_slice()].concat())
}

/// Opens what [`seal`] made.
pub(crate) fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError)?;
    XChaCha20Poly1305::new(key.into())
        .decrypt(nonce.into(), Payload { msg: body, aad: context })
        .map(Zeroizing::new)
        .map_err(|_| OpenError)
}
