use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;

/// Counts the connections others have dialled, together and from each IP address.
#[derive(Default)]
pub(crate) struct Admission(Mutex<Sources>);

#[derive(Default)]
struct Sources {
    total: usize,
    /// Addresses that hold a connection, so at most [`limits::INCOMING`].
    each: BTreeMap<IpAddr, usize>,
}

/// A place for one connection; dropping it makes room for another.
pub(crate) struct Place {
    admission: Arc<Admission>,
    source: IpAddr,
}

impl Admission {
    /// A place for a connection from `source`, if both shares have room.
    pub(crate) fn enter(self: &Arc<Self>, source: IpAddr) -> Option<Place> {
        let source = source.to_canonical();
        let mut sources = self.lock();
        if sources.total >= limits::INCOMING {
            return None;
        }
        let held = sources.each.get(&source).copied().unwrap_or(0);
        if held >= limits::INCOMING_PER_SOURCE {
            return None;
        }
        sources.total += 1;
        sources.each.insert(source, held + 1);
        Some(Place { admission: self.clone(), source })
    }

    fn lock(&self) -> MutexGuard<'_, Sources> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sources = self.admission.lock();
        sources.total = sources.total.saturating_sub(1);
        match sources.each.get_mut(&self.source) {
            Some(held) if *held > 1 => *held -= 1,
            _ => drop(sources.each.remove(&self.source)),
        }
    }
}

#[cfg(test)]
mod tests;
