//! Writing ratchets down and reading them back.
//!
//! In MessagePack with the names of fields, because vodozemac's pickles have fields that are tagged, renamed or left out
//! from one of its versions to the next, which only a self-describing format carries.

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

/// Room for what is mostly saved.
const ROOM: usize = 16 * 1024;

/// Writes `value` into memory that is wiped. A vector that grows would leave copies of the secrets behind, so one that
/// has too little room is given up, and what there is to write is measured.
pub(crate) fn save(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, SaveError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    if rmp_serde::encode::write_named(&mut Fixed(&mut bytes), value).is_ok() {
        return Ok(bytes);
    }
    let mut size = Size(0);
    rmp_serde::encode::write_named(&mut size, value).map_err(|_| SaveError)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.0));
    rmp_serde::encode::write_named(&mut Fixed(&mut bytes), value).map_err(|_| SaveError)?;
    Ok(bytes)
}

/// Reads back what [`save`] wrote. The reader's own error might quote a secret, so it is not kept.
pub(crate) fn restore<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, RestoreError> {
    let value = rmp_serde::from_read(&mut bytes).map_err(|_| RestoreError)?;
    if bytes.is_empty() { Ok(value) } else { Err(RestoreError) }
}

/// Takes what fits, and does not grow.
struct Fixed<'a>(&'a mut Vec<u8>);

impl io::Write for Fixed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.0.capacity().saturating_sub(self.0.len()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
