use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplit_types::DeviceId;
use lamplit_wire::server::{Down, Lamp};
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
    /// A packet was sent to its device, or could not be.
    pub(crate) packets: Notify,
    /// Whether one could not be.
    unsent: AtomicBool,
    /// By which packets are sent.
    connection: Option<quinn::Connection>,
}

impl Bell {
    /// That of a connection.
    pub(crate) fn of(connection: quinn::Connection) -> Self {
        Self { connection: Some(connection), ..Self::default() }
    }

    /// Sends a packet. One that finds no room is lost.
    fn send(&self, packet: Vec<u8>) {
        let sent = self.connection.as_ref().is_some_and(|connection| {
            // What waits longest would have to go for it, and nobody would know.
            connection.datagram_send_buffer_space() >= packet.len() && connection.send_datagram(packet.into()).is_ok()
        });
        if !sent {
            return self.was_not_sent();
        }
        self.packets.notify_one();
    }

    /// A packet may not have been sent.
    pub(crate) fn was_not_sent(&self) {
        self.unsent.store(true, Ordering::Relaxed);
        self.packets.notify_one();
    }

    /// Whether a packet could not be sent since the last time.
    pub(crate) fn take_unsent(&self) -> bool {
        self.unsent.swap(false, Ordering::Relaxed)
    }
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

    /// Sends each of these devices its packet, if it is here.
    pub(crate) fn light(&self, lamps: Vec<(DeviceId, Lamp)>) {
        if lamps.is_empty() {
            return;
        }
        let told: Vec<(Arc<Bell>, Lamp)> = {
            let seats = self.lock();
            let bell = |device: &DeviceId| seats.taken.get(device).map(|(_, bell)| bell.clone());
            lamps.into_iter().filter_map(|(device, lamp)| Some((bell(&device)?, lamp))).collect()
        };
        for (bell, lamp) in told {
            // What cannot be written is not sent: the device finds out that it lacks a packet.
            if let Ok(packet) = Down::Lamp(Box::new(lamp)).encode() {
                bell.send(packet);
            }
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
