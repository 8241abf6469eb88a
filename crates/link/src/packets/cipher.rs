//! Seals and opens segments, each under its number, and changes keys on the way.
//!
//! A segment's number tells its epoch: [`EPOCH_SEGMENTS`] numbers share a key, the next key is Noise's `REKEY` of the
//! one before (Noise revision 34, 4.2). So both sides change at the same segment without a word, and a segment that
//! arrives late opens with the key before. As in Noise the nonce is the number, 32 zero bits before it.

use chacha20poly1305::{
    ChaCha20Poly1305, Key, Nonce,
    aead::{Aead, KeyInit},
};
use zeroize::Zeroizing;

use crate::limits::{EPOCH_SEGMENTS, REPLAY_WINDOW};

/// Bytes that sealing adds.
pub(crate) const TAG_BYTES: usize = 16;

/// The key of one epoch.
struct EpochKey {
    epoch: u64,
    key: Zeroizing<[u8; 32]>,
}

impl EpochKey {
    fn next(&self) -> Option<Self> {
        let fresh = Zeroizing::new(self.aead().encrypt(&nonce(u64::MAX), [0; 32].as_slice()).ok()?);
        Some(Self { epoch: self.epoch.checked_add(1)?, key: Zeroizing::new(*fresh.first_chunk::<32>()?) })
    }

    fn open(&self, number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        self.aead().decrypt(&nonce(number), sealed).ok()
    }

    fn aead(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(Key::from_slice(self.key.as_slice()))
    }
}

/// Seals what goes out.
pub(crate) struct Sealer {
    current: EpochKey,
    next: u64,
}

impl Sealer {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self { current: EpochKey { epoch: 0, key }, next: 0 }
    }

    /// The number of the next segment.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Seals the next segment; returns its number too. Nothing only when numbers run out.
    pub(crate) fn seal(&mut self, plain: &[u8]) -> Option<(u64, Vec<u8>)> {
        let number = self.next;
        if number / EPOCH_SEGMENTS > self.current.epoch {
            self.current = self.current.next()?;
        }
        let sealed = self.current.aead().encrypt(&nonce(number), plain).ok()?;
        self.next = number.checked_add(1).filter(|&next| next < u64::MAX)?;
        Some((number, sealed))
    }
}

/// Opens what comes in.
pub(crate) struct Opener {
    current: EpochKey,
    before: Option<EpochKey>,
}

impl Opener {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self { current: EpochKey { epoch: 0, key }, before: None }
    }

    /// Opens a segment, or tells that it is forged. Only one that opens can bring the next key on.
    pub(crate) fn open(&mut self, number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let epoch = number / EPOCH_SEGMENTS;
        if let Some(before) = self.before.as_ref().filter(|before| before.epoch == epoch) {
            return before.open(number, sealed);
        }
        if epoch == self.current.epoch {
            let plain = self.current.open(number, sealed)?;
            // Whatever is older now falls out of the replay window: the key has no use left.
            if number % EPOCH_SEGMENTS >= REPLAY_WINDOW {
                self.before = None;
            }
            return Some(plain);
        }
        let next = self.current.next().filter(|next| next.epoch == epoch)?;
        let plain = next.open(number, sealed)?;
        self.before = Some(core::mem::replace(&mut self.current, next));
        Some(plain)
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = Nonce::default();
    for (to, from) in nonce.iter_mut().skip(4).zip(number.to_le_bytes()) {
        *to = from;
    }
    nonce
}

#[cfg(test)]
mod tests;
