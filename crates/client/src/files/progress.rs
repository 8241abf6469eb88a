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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Which.
    pub blob: BlobId,
    /// What is done with it.
    pub doing: Doing,
    /// Bytes that are done.
    pub done: u64,
    /// Bytes of the file.
    pub total: u64,
    /// Why it does not come at the moment, if it was tried and failed, and what to do. It is tried again.
    pub trouble: Option<String>,
}

/// The files that are under way now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Transfers(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    last: u64,
    running: BTreeMap<u64, (BlobId, Doing, u64, Arc<AtomicU64>)>,
    /// Files that did not come, and why; at most those that are to be fetched.
    failed: BTreeMap<BlobId, (u64, String)>,
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
        let under_way = running.running.values().map(|(blob, doing, total, done)| Transfer {
            blob: *blob,
            doing: *doing,
            done: done.load(Ordering::Relaxed),
            total: *total,
            trouble: None,
        });
        let failed = running.failed.iter().map(|(blob, (total, why))| Transfer {
            blob: *blob,
            doing: Doing::Fetching,
            done: 0,
            total: *total,
            trouble: Some(why.clone()),
        });
        under_way.chain(failed).collect()
    }

    /// Remembers why a file did not come, until it is tried again or not wanted any more.
    pub(crate) fn failed(&self, blob: BlobId, total: u64, why: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed.insert(blob, (total, why));
    }

    pub(crate) fn forget(&self, blob: BlobId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed.remove(&blob);
    }

    pub(crate) fn begin(&self, blob: BlobId, doing: Doing, total: u64) -> Meter {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.last = running.last.saturating_add(1);
        running.failed.remove(&blob);
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
