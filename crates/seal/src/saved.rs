//! Writing ratchets down and reading them back.
//!
//! In JSON, because vodozemac's pickles have fields that are tagged, renamed or left out from one of its versions to
//! the next, which only a self-describing format carries.

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// A ratchet could not be written down. Nothing was saved; keep the one that is stored and drop what was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encryption state could not be written down: undo the step and try it again")]
pub struct SaveError;

/// What is stored is no ratchet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored encryption state cannot be read: drop it, so that it is set up anew")]
pub struct RestoreError;

/// Writes `value` into memory that is wiped.
pub(crate) fn save(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, SaveError> {
    // Measured first: a vector that grows would leave copies of the secrets behind.
    let mut size = Size(0);
    serde_json::to_writer(&mut size, value).map_err(|_| SaveError)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.0));
    serde_json::to_writer(&mut *bytes, value).map_err(|_| SaveError)?;
    Ok(bytes)
}

/// Reads back what [`save`] wrote. The reader's own error might quote a secret, so it is not kept.
pub(crate) fn restore<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RestoreError> {
    serde_json::from_slice(bytes).map_err(|_| RestoreError)
}

/// Counts what is written to it.
struct Size(usize);

impl io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
