//! A disk that can fill up, fail, and lose what was not synced.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

/// What a disk loses a part of when the power fails.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    now: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
    trouble: Option<Trouble>,
    syncs: usize,
    /// The sectors that have a place on the disk.
    placed: BTreeSet<usize>,
}

#[derive(Debug)]
enum Change {
    Len(usize),
    Sector(usize, Vec<u8>),
}

/// From when on what fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// After that many more changes there is no room; what has its place on the disk can still be written over.
    Full(u64),
    /// After that many more changes and syncs nothing can be written any more.
    Dead(u64),
    /// Nothing can be read.
    Blind,
}

impl Disk {
    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.0.lock().unwrap().trouble = trouble;
    }

    /// How often it was synced.
    pub(crate) fn syncs(&self) -> usize {
        self.0.lock().unwrap().syncs
    }

    /// Cuts the power: of what was not synced, `kept` decides sector by sector. The disk works again.
    pub(crate) fn crash(&self, mut kept: impl FnMut() -> bool) {
        let mut state = self.0.lock().unwrap();
        let changes = std::mem::take(&mut state.unsynced);
        let mut bytes = state.synced.clone();
        for change in changes {
            match change {
                // The file system's journal keeps lengths in order.
                Change::Len(len) => bytes.resize(len, 0),
                Change::Sector(at, sector) if kept() => {
                    if let Some(place) = bytes.get_mut(at..at + sector.len()) {
                        place.copy_from_slice(&sector);
                    }
                }
                Change::Sector(..) => {}
            }
        }
        let placed = (0..bytes.len().div_ceil(SECTOR)).collect();
        *state = State { now: bytes.clone(), synced: bytes, placed, ..State::default() };
    }
}

impl State {
    fn change(&mut self, grows: bool) -> io::Result<()> {
        match &mut self.trouble {
            Some(Trouble::Full(0)) if grows => Err(ErrorKind::StorageFull.into()),
            Some(Trouble::Full(0)) => Ok(()),
            Some(Trouble::Full(left)) => {
                *left -= 1;
                Ok(())
            }
            _ => self.work(),
        }
    }

    fn work(&mut self) -> io::Result<()> {
        match &mut self.trouble {
            Some(Trouble::Dead(0)) => Err(io::Error::other("the disk is dead")),
            Some(Trouble::Dead(left)) => {
                *left -= 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock().unwrap();
        if matches!(state.trouble, Some(Trouble::Blind)) {
            return Err(io::Error::other("the disk cannot be read"));
        }
        let from = offset as usize;
        out.copy_from_slice(state.now.get(from..from + out.len()).ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let grows = len as usize > state.now.len();
        state.change(grows)?;
        state.now.resize(len as usize, 0);
        state.placed.split_off(&(len as usize).div_ceil(SECTOR));
        state.unsynced.push(Change::Len(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.work()?;
        state.synced = state.now.clone();
        state.unsynced.clear();
        state.syncs += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let from = offset as usize;
        let sectors = from / SECTOR..(from + data.len()).div_ceil(SECTOR);
        let grows = sectors.clone().any(|sector| !state.placed.contains(&sector));
        state.change(grows)?;
        state.placed.extend(sectors);
        state.now.get_mut(from..from + data.len()).ok_or(ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        for (index, sector) in data.chunks(SECTOR).enumerate() {
            state.unsynced.push(Change::Sector(from + index * SECTOR, sector.to_vec()));
        }
        Ok(())
    }
}
