//! A disk with the operating system's page cache before it: what was written and not synced may be gone after a crash,
//! all of it or any part; and a write may fail.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplit_store::StorageBackend;

use crate::dice::Dice;

/// What a disk writes in one go: a longer write can be torn between two of them.
const SECTOR: usize = 512;

/// A disk. Copies of the handle are the same disk.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

#[derive(Default)]
struct Platter {
    /// What the programs see.
    cached: Vec<u8>,
    /// What a power cut leaves for certain.
    synced: Vec<u8>,
    /// What was done since the last sync.
    unsynced: Vec<Change>,
    /// The next operation that fails, and for how many it goes on.
    trouble: Option<Trouble>,
}

enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

/// Operations that will fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
    /// Writes and syncs that still go well.
    pub(crate) after: u64,
    /// How many fail then. 0: nothing works any more, as after a power cut.
    pub(crate) times: u64,
    /// Whether the disk is full, or something else is wrong.
    pub(crate) full: bool,
}

impl Disk {
    /// A disk with these bytes on it.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Platter { cached: bytes.clone(), synced: bytes, ..Platter::default() })))
    }

    /// The bytes that a power cut would leave for certain.
    pub(crate) fn synced(&self) -> Vec<u8> {
        self.platter().synced.clone()
    }

    /// Whether all that was written is synced. (That a file grew or shrank may wait: nothing is in that.)
    pub(crate) fn is_synced(&self) -> bool {
        self.platter().unsynced.iter().all(|change| matches!(change, Change::Length(_)))
    }

    /// Lets operations fail.
    pub(crate) fn plan(&self, trouble: Trouble) {
        self.platter().trouble = Some(trouble);
    }

    /// Whether operations fail, or will.
    pub(crate) fn is_in_trouble(&self) -> bool {
        self.platter().trouble.is_some()
    }

    /// Everything works again.
    pub(crate) fn mend(&self) {
        self.platter().trouble = None;
    }

    /// The power goes: returns the disk as it is when it comes back, and whether anything that was written is gone.
    pub(crate) fn power_cut(&self, dice: &mut Dice) -> (Self, bool) {
        let mut platter = self.platter();
        let mut bytes = std::mem::take(&mut platter.synced);
        let keep = dice.pick(&[0, 300, 500, 900, 1000]).unwrap_or(0);
        let mut lost = false;
        for change in std::mem::take(&mut platter.unsynced) {
            lost |= !survives(&mut bytes, change, dice, keep);
        }
        (Self::of(bytes), lost)
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Applies the part of a change that the disk got to; whether that is all of it.
fn survives(bytes: &mut Vec<u8>, change: Change, dice: &mut Dice, keep: u64) -> bool {
    match change {
        // The file system's journal keeps lengths in order.
        Change::Length(length) => {
            bytes.resize(length, 0);
            true
        }
        Change::Bytes(offset, data) => {
            let mut all = true;
            for (at, sector) in data.chunks(SECTOR).enumerate() {
                match dice.permille(keep) {
                    true => put(bytes, offset.saturating_add(at.saturating_mul(SECTOR)), sector),
                    false => all = false,
                }
            }
            all
        }
    }
}

fn put(bytes: &mut [u8], offset: usize, data: &[u8]) {
    if let Some(place) = bytes.get_mut(offset..offset.saturating_add(data.len())) {
        place.copy_from_slice(data);
    }
}

impl Platter {
    fn may_fail(&mut self) -> io::Result<()> {
        let Some(trouble) = &mut self.trouble else { return Ok(()) };
        if trouble.after > 0 {
            trouble.after -= 1;
            return Ok(());
        }
        let kind = if trouble.full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
        match trouble.times {
            0 => {}
            1 => self.trouble = None,
            _ => trouble.times -= 1,
        }
        Err(kind.into())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.platter().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.platter();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let bytes = platter.cached.get(start..start.saturating_add(out.len()));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.platter();
        platter.may_fail()?;
        let length = usize::try_from(len).map_err(io::Error::other)?;
        platter.cached.resize(length, 0);
        platter.unsynced.push(Change::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.platter();
        platter.may_fail()?;
        let changes = std::mem::take(&mut platter.unsynced);
        for change in changes {
            match change {
                Change::Length(length) => platter.synced.resize(length, 0),
                Change::Bytes(offset, data) => put(&mut platter.synced, offset, &data),
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        platter.may_fail()?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let place = platter.cached.get_mut(start..start.saturating_add(data.len()));
        place.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        platter.unsynced.push(Change::Bytes(start, data.to_vec()));
        Ok(())
    }
}

impl core::fmt::Debug for Disk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Disk").field("bytes", &self.platter().cached.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
