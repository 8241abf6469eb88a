//! Sealing to a public key, for one who will come with the secret one later: the recovery key.
//!
//! HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305. The context is
//! its `info`. Sealed: encapsulated key (32) ‖ ciphertext ‖ tag (16). It says nothing about who sealed it.

use hpke::{Deserializable, OpModeR, OpModeS, Serializable};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    aead::OpenError,
    limits::{PLAINTEXT_BYTES, TooLong, check},
    padding,
};

#[cfg(test)]
mod tests;

type Kem = hpke::kem::X25519HkdfSha256;
type Kdf = hpke::kdf::HkdfSha256;
type Aead = hpke::aead::ChaCha20Poly1305;

const ENCAPSULATED_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// What [`seal_fixed_to`] adds at least, in bytes.
pub const FIXED_SEALING_TO_BYTES: usize = ENCAPSULATED_BYTES + TAG_BYTES + 1;

/// Why nothing could be sealed to a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealToError {
    /// More than [`PLAINTEXT_BYTES`].
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A point of small order: everybody would know the shared secret (RFC 7748, 6.1).
    #[error("the public key to seal to is not one that anybody could have made honestly: get it anew")]
    WeakKey,
}

/// Seals `plaintext` to the owner of the X25519 key `recipient`; it opens with the same `context` only.
pub fn seal_to(
    rng: &mut dyn CryptoRng,
    recipient: &[u8; 32],
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealToError> {
    seal_with(rng, recipient, context, b"", plaintext)
}

/// Opens what [`seal_to`] made, with the secret of `recipient`.
pub fn open_with(secret: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_from(secret, context, b"", sealed)
}

/// Seals `plaintext` into exactly `len` bytes, so that its size tells nothing: at most `len` less [`FIXED_SEALING_TO_BYTES`] of it.
pub fn seal_fixed_to(
    rng: &mut dyn CryptoRng,
    recipient: &[u8; 32],
    context: &[u8],
    plaintext: &[u8],
    len: usize,
) -> Result<Vec<u8>, SealToError> {
    let found = plaintext.len();
    let max = len.checked_sub(FIXED_SEALING_TO_BYTES).ok_or(TooLong { found, max: 0 })?;
    check(found, max)?;
    seal_to(rng, recipient, context, &padding::fill(plaintext, max + 1))
}

/// Opens what [`seal_fixed_to`] made.
pub fn open_fixed_with(secret: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let padded = open_with(secret, context, sealed)?;
    padding::strip(&padded).map(|plaintext| Zeroizing::new(plaintext.to_vec())).ok_or(OpenError)
}

fn seal_with(
    mut rng: &mut dyn CryptoRng,
    recipient: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealToError> {
    check(plaintext.len(), PLAINTEXT_BYTES)?;
    // The lengths are right, so the public key is all that can be wrong.
    <Kem as hpke::Kem>::PublicKey::from_bytes(recipient)
        .and_then(|recipient| {
            let mode = OpModeS::Base;
            hpke::single_shot_seal_with_rng::<Aead, Kdf, Kem>(&mode, &recipient, info, plaintext, aad, &mut rng)
        })
        .map(|(encapsulated, body)| [encapsulated.to_bytes().as_slice(), &body].concat())
        .map_err(|_| SealToError::WeakKey)
}

fn open_from(secret: &[u8; 32], info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (encapsulated, body) = sealed.split_first_chunk::<ENCAPSULATED_BYTES>().ok_or(OpenError)?;
    let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(secret).map_err(|_| OpenError)?;
    let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| OpenError)?;
    let mode = OpModeR::Base;
    hpke::single_shot_open::<Aead, Kdf, Kem>(&mode, &secret, &encapsulated, info, body, aad)
        .map(Zeroizing::new)
        .map_err(|_| OpenError)
}
