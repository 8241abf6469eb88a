//! Keys that a set of people share, moving on each day.

use core::fmt;

use hmac::{Hmac, Mac, digest::KeyInit};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    aead::{self, OpenError, SEALING_BYTES},
    limits::{AUDIENCE_DAYS, TooLong, check},
    padding,
};

#[cfg(test)]
mod tests;

/// What [`AudienceKey::seal_fixed`] adds at least, in bytes.
pub const FIXED_SEALING_BYTES: usize = SEALING_BYTES + 1;

const NEXT_DAY: &[u8] = b"lamplit audience ratchet v1";
const SEALING: &[u8] = b"lamplit audience seal v1";

/// The key of an audience for one day.
///
/// From it follow the keys of all later days and none of an earlier one: each is HKDF-Expand (RFC 5869, 2.3) of the
/// one before. Whoever joins today is given today's key. Whoever leaves still has it, so then the owner draws a key
/// of the next generation. Sealing uses a key derived from it, never the chain itself.
///
/// Anyone who holds it can seal under it; who wrote something is proved by a signature inside.
#[derive(Clone)]
pub struct AudienceKey {
    generation: u32,
    day: u32,
    key: Zeroizing<[u8; 32]>,
}

/// Why a key of another day cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatchetError {
    /// The key does not go back.
    #[error(
        "the key is of day {key} and opens nothing of day {wanted}: ask a device that held the audience's key then"
    )]
    Past {
        /// The key's day.
        key: u32,
        /// The day asked for.
        wanted: u32,
    },
    /// More than [`AUDIENCE_DAYS`] ahead.
    #[error("day {wanted} lies more than {AUDIENCE_DAYS} days after day {key} of the key: check the clock")]
    TooFar {
        /// The key's day.
        key: u32,
        /// The day asked for.
        wanted: u32,
    },
}

impl AudienceKey {
    /// Draws the key of a new generation, which begins on `day` (days since 1970-01-01 UTC).
    pub fn draw(rng: &mut dyn CryptoRng, generation: u32, day: u32) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut_slice());
        Self { generation, day, key }
    }

    /// A key that was drawn elsewhere or earlier.
    pub fn from_parts(generation: u32, day: u32, key: [u8; 32]) -> Self {
        Self { generation, day, key: Zeroizing::new(key) }
    }

    /// Rises whenever somebody leaves the audience.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The day it is for, in days since 1970-01-01 UTC.
    pub const fn day(&self) -> u32 {
        self.day
    }

    /// The secret itself, to be handed to a member or stored sealed.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// The key of `day`, which is this key's or a later one.
    pub fn at_day(&self, day: u32) -> Result<Self, RatchetError> {
        let days = day.checked_sub(self.day).ok_or(RatchetError::Past { key: self.day, wanted: day })?;
        if days > AUDIENCE_DAYS {
            return Err(RatchetError::TooFar { key: self.day, wanted: day });
        }
        let mut key = self.key.clone();
        for _ in 0..days {
            key = expand(&key, NEXT_DAY);
        }
        Ok(Self { generation: self.generation, day, key })
    }

    /// Seals `plaintext` for everyone who has this key; it opens with the same `context` only. The result is
    /// [`SEALING_BYTES`] longer.
    pub fn seal(&self, rng: &mut dyn CryptoRng, context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, TooLong> {
        aead::seal(&self.sealing_key(), rng, context, plaintext)
    }

    /// Opens what [`Self::seal`] made.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        aead::open(&self.sealing_key(), context, sealed)
    }

    /// Seals `plaintext` into exactly `len` bytes, so that its size tells nothing: at most `len` less
    /// [`FIXED_SEALING_BYTES`] of it.
    pub fn seal_fixed(
        &self,
        rng: &mut dyn CryptoRng,
        context: &[u8],
        plaintext: &[u8],
        len: usize,
    ) -> Result<Vec<u8>, TooLong> {
        let found = plaintext.len();
        let max = len.checked_sub(FIXED_SEALING_BYTES).ok_or(TooLong { found, max: 0 })?;
        check(found, max)?;
        self.seal(rng, context, &padding::fill(plaintext, max + 1))
    }

    /// Opens what [`Self::seal_fixed`] made.
    pub fn open_fixed(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let padded = self.open(context, sealed)?;
        padding::strip(&padded).map(|plaintext| Zeroizing::new(plaintext.to_vec())).ok_or(OpenError)
    }

    fn sealing_key(&self) -> Zeroizing<[u8; 32]> {
        expand(&self.key, SEALING)
    }
}

/// HKDF-Expand with SHA-256 (RFC 5869, 2.3) to 32 bytes, which is a single HMAC; written out because it cannot fail
/// at this length. The key is uniformly random, so there is nothing to extract (3.3).
fn expand(key: &[u8; 32], info: &[u8]) -> Zeroizing<[u8; 32]> {
    // HMAC fills a key up to the hash's block with zeros (RFC 2104, 2).
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    Zeroizing::new(mac.chain_update(info).chain_update([1]).finalize().into_bytes().into())
}

impl fmt::Debug for AudienceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudienceKey")
            .field("generation", &self.generation)
            .field("day", &self.day)
            .finish_non_exhaustive()
    }
}
