//! The key that seals secrets where they lie: ratchets, keys, the vault.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    aead::{self, OpenError},
    limits::TooLong,
};

#[cfg(test)]
mod tests;

/// Seals the rows of this device's database that hold secrets. It stays on the device: under the system's keyring,
/// or in a file that only its owner may read.
#[derive(Clone)]
pub struct StorageKey(Zeroizing<[u8; 32]>);

/// Where a sealed value lies. It opens in its own place only, so nobody who can write to the disk can move one
/// secret to where another belongs.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The row's key.
    pub key: &'a [u8],
}

impl StorageKey {
    /// Draws a new key.
    pub fn draw(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut_slice());
        Self(key)
    }

    /// A key that was drawn earlier.
    pub fn from_bytes(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The secret itself, for the keyring.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals the value of `row`. The result is [`crate::SEALING_BYTES`] longer.
    pub fn seal(&self, rng: &mut dyn CryptoRng, row: Row<'_>, plaintext: &[u8]) -> Result<Vec<u8>, TooLong> {
        aead::seal(&self.0, rng, &row.context(), plaintext)
    }

    /// Opens the value of `row`.
    pub fn open(&self, row: Row<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        aead::open(&self.0, &row.context(), sealed)
    }
}

impl Row<'_> {
    /// Different for different rows: the table's length comes first, so that no two run together.
    fn context(self) -> Vec<u8> {
        let table_len = (self.table.len() as u64).to_le_bytes();
        [&table_len, self.table.as_bytes(), self.key].concat()
    }
}

impl fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageKey(…)")
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key may be an account's or a device's id.
        f.debug_struct("Row").field("table", &self.table).finish_non_exhaustive()
    }
}
