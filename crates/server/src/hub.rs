use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplit_types::DeviceId;
use tokio::sync::Notify;

/// Which connection serves which device.
#[derive(Default)]
pub(crate) struct Hub(Mutex<Seats>);

#[derive(Default)]
struct Seats {
    taken: BTreeMap<DeviceId, (u64, Arc<Bell>)>,
    last: u64,
}

/// What a connection hears from the others.
#[derive(Default)]
pub(crate) struct Bell {
    /// There is something new for its device.
    pub(crate) news: Notify,
    /// Its device has a newer connection.
    pub(crate) newer: Notify,
}

/// A connection's seat; left by dropping it.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    device: DeviceId,
    number: u64,
}

impl Hub {
    /// The connection behind `bell` serves the device from now on; one that did before is told.
    pub(crate) fn sit(self: &Arc<Self>, device: DeviceId, bell: Arc<Bell>) -> Seat {
        let mut seats = self.lock();
        seats.last = seats.last.wrapping_add(1);
        let number = seats.last;
        if let Some((_, before)) = seats.taken.insert(device, (number, bell)) {
            before.newer.notify_one();
        }
        Seat { hub: self.clone(), device, number }
    }

    /// Wakes those of `devices` that are here.
    pub(crate) fn wake(&self, devices: &BTreeSet<DeviceId>) {
        if devices.is_empty() {
            return;
        }
        let seats = self.lock();
        for (_, bell) in devices.iter().filter_map(|device| seats.taken.get(device)) {
            bell.news.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.lock();
        // A newer connection keeps its own.
        if seats.taken.get(&self.device).is_some_and(|(number, _)| *number == self.number) {
            seats.taken.remove(&self.device);
        }
    }
}
