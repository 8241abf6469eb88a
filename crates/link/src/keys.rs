use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::noise;

/// An X25519 secret, of a device or thrown away after one link. Wiped when dropped.
#[derive(Clone)]
pub struct StaticKey(Zeroizing<[u8; 32]>);

/// The secret of two contacts that is mixed into their handshakes. Wiped when dropped.
#[derive(Clone)]
pub struct Psk(Zeroizing<[u8; 32]>);

impl StaticKey {
    /// Takes the 32 bytes of the secret.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Draws a new secret.
    pub fn draw(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// The public key that belongs to it (RFC 7748, 6.1).
    pub fn public(&self) -> [u8; 32] {
        noise::public_key(self)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Psk {
    /// Takes the 32 bytes of the secret.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for StaticKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticKey(…)")
    }
}

impl fmt::Debug for Psk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psk(…)")
    }
}
