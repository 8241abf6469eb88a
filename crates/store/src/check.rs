//! A look at a whole database before anything is written to it.
//!
//! redb trusts a file that was closed in order, and mends one that was not; on damaged bytes the first may panic and
//! the second may write. So the database is first opened on an [`Overlay`] that keeps every write in memory, and with
//! every checksum verified, in which mode redb reports damage and does not panic. Only a database that passes is then
//! opened for good.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{DatabaseError, StorageBackend, StorageError};

use crate::format;
use crate::source::{Source, builder};

/// What is wrong with a database.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Its bytes are not what was written.
    Damaged(String),
    /// It could not be read.
    Io(io::Error),
}

/// Reads everything, and returns the format the database has; `None` if nothing was ever committed to it.
pub(crate) fn check(source: &Source) -> Result<Option<u64>, Fault> {
    let overlay = Overlay::new(source.bytes().map_err(Fault::Io)?).map_err(Fault::Io)?;
    let database = builder().set_check_integrity_on_open(true).create_with_backend(overlay).map_err(fault)?;
    format::read(&database).map_err(|error| fault(error.into()))
}

/// What a failure to open means.
pub(crate) fn fault(error: DatabaseError) -> Fault {
    match error {
        DatabaseError::Storage(StorageError::Io(error)) if is_damage(error.kind()) => Fault::Damaged(error.to_string()),
        DatabaseError::Storage(StorageError::Io(error)) => Fault::Io(error),
        DatabaseError::Storage(StorageError::Corrupted(what)) => Fault::Damaged(what),
        DatabaseError::UpgradeRequired(version) => Fault::Damaged(format!("file format {version} is unknown")),
        other => Fault::Io(io::Error::other(other)),
    }
}

/// Whether an error of that kind comes from what was read rather than from reading.
fn is_damage(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}

/// Bytes in a page of the overlay.
const PAGE: usize = 4096;

/// Bytes that can be written to without changing those underneath. What was written is held in memory.
struct Overlay {
    base: Arc<dyn StorageBackend>,
    written: Mutex<Written>,
}

struct Written {
    len: u64,
    /// How far the bytes underneath still show.
    base: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    fn new(base: Arc<dyn StorageBackend>) -> io::Result<Self> {
        let len = base.len()?;
        Ok(Self { base, written: Mutex::new(Written { len, base: len, pages: BTreeMap::new() }) })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes underneath, and zeros beyond them.
    fn read_base(&self, until: u64, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let visible = usize::try_from(until.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        let (below, beyond) = out.split_at_mut_checked(visible).ok_or(io::ErrorKind::InvalidInput)?;
        beyond.fill(0);
        if below.is_empty() { Ok(()) } else { self.base.read(offset, below) }
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        let end = offset.saturating_add(out.len() as u64);
        if end > written.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_base(written.base, offset, out)?;
        for (page, bytes) in written.pages.range(offset / PAGE as u64..end.div_ceil(PAGE as u64)) {
            let start = page * PAGE as u64;
            for (at, byte) in (start..).zip(bytes).skip(offset.saturating_sub(start) as usize) {
                let Some(place) = out.get_mut((at - offset) as usize) else { break };
                *place = *byte;
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written();
        if len < written.len {
            written.base = written.base.min(len);
            written.pages.split_off(&len.div_ceil(PAGE as u64));
            let kept = (len % PAGE as u64) as usize;
            if let Some(last) = written.pages.get_mut(&(len / PAGE as u64)) {
                last.iter_mut().skip(kept).for_each(|byte| *byte = 0);
            }
        }
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        let end = offset.saturating_add(data.len() as u64);
        if end > written.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = data;
        for page in offset / PAGE as u64..end.div_ceil(PAGE as u64) {
            let start = page * PAGE as u64;
            let skip = offset.saturating_sub(start) as usize;
            let (now, later) = rest.split_at_checked(PAGE - skip).unwrap_or((rest, &[]));
            rest = later;
            let until = written.base;
            let bytes = match written.pages.entry(page) {
                std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
                std::collections::btree_map::Entry::Vacant(gap) => {
                    let mut fresh = vec![0; PAGE];
                    self.read_base(until, start, &mut fresh)?;
                    gap.insert(fresh)
                }
            };
            bytes.iter_mut().skip(skip).zip(now).for_each(|(place, byte)| *place = *byte);
        }
        Ok(())
    }
}

impl core::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Overlay")
    }
}

#[cfg(test)]
mod tests;
