use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use lamplit_types::BlobId;

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// It is read before it is sent.
    Reading,
    /// It comes.
    Fetching,
    /// It goes.
    Serving,
}

/// A file that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Which.
    pub blob: BlobId,
    /// What is done with it.
    pub doing: Doing,
    /// Bytes that are done.
    pub done: u64,
    /// Bytes of the file.
    pub total: u64,
}

/// The files that are under way now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Transfers(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    last: u64,
    running: BTreeMap<u64, (BlobId, Doing, u64, Arc<AtomicU64>)>,
}

/// One of them, as long as it lives.
#[derive(Debug)]
pub(crate) struct Meter {
    number: u64,
    done: Arc<AtomicU64>,
    transfers: Transfers,
}

impl Transfers {
    /// All of them.
    pub fn all(&self) -> Vec<Transfer> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = running.running.values().map(|(blob, doing, total, done)| Transfer {
            blob: *blob,
            doing: *doing,
            done: done.load(Ordering::Relaxed),
            total: *total,
        });
        all.collect()
    }

    pub(crate) fn begin(&self, blob: BlobId, doing: Doing, total: u64) -> Meter {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.last = running.last.saturating_add(1);
        let (number, done) = (running.last, Arc::new(AtomicU64::new(0)));
        running.running.insert(number, (blob, doing, total, done.clone()));
        Meter { number, done, transfers: self.clone() }
    }
}

impl Meter {
    pub(crate) fn add(&self, bytes: usize) {
        self.done.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.transfers.0.lock().unwrap_or_else(PoisonError::into_inner).running.remove(&self.number);
    }
}
