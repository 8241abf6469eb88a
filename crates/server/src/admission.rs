use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplit_service::Network;

use crate::limits;

/// Counts connections and handshakes, together and by where they come from.
#[derive(Default)]
pub(crate) struct Admission(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    all: Count,
    /// Sources that hold anything, so at most [`limits::CONNECTIONS`].
    each: HashMap<Source, Count>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    /// Handshakes included.
    connections: usize,
    handshakes: usize,
}

/// What one person can have to themselves: an IPv4 address, or as much of an IPv6 address as is given to one household.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4(Ipv4Addr),
    V6([u8; 8]),
}

/// The same, for whatever else is counted by it.
pub(crate) fn network(ip: IpAddr) -> Network {
    Network(match Source::of(ip) {
        // Nobody has an IPv6 network of that beginning (RFC 4291 2.5.5).
        Source::V4(ip) => u64::from(ip.to_bits()).to_be_bytes(),
        Source::V6(bytes) => bytes,
    })
}

/// A place for one connection, which begins with its handshake; dropping it makes room for another.
pub(crate) struct Place {
    admission: Arc<Admission>,
    source: Source,
    is_handshake: bool,
}

impl Admission {
    /// A place for a caller from `ip`, if all shares have room.
    pub(crate) fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let source = Source::of(ip);
        let mut counts = self.lock();
        let each = counts.each.get(&source).copied().unwrap_or_default();
        let is_full = counts.all.connections >= limits::CONNECTIONS
            || counts.all.handshakes >= limits::HANDSHAKES
            || each.connections >= limits::CONNECTIONS_A_SOURCE
            || each.handshakes >= limits::HANDSHAKES_A_SOURCE;
        if is_full {
            return None;
        }
        counts.change(source, |count| {
            count.connections += 1;
            count.handshakes += 1;
        });
        drop(counts);
        Some(Place { admission: self.clone(), source, is_handshake: true })
    }

    /// Connections, handshakes included.
    pub(crate) fn connections(&self) -> usize {
        self.lock().all.connections
    }

    /// Handshakes under way.
    pub(crate) fn handshakes(&self) -> usize {
        self.lock().all.handshakes
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn change(&mut self, source: Source, change: impl Fn(&mut Count)) {
        change(&mut self.all);
        let each = self.each.entry(source).or_default();
        change(each);
        if each.connections == 0 {
            self.each.remove(&source);
        }
    }
}

impl Source {
    fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, g, h, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

impl Place {
    /// The handshake is over.
    pub(crate) fn settle(&mut self) {
        if core::mem::take(&mut self.is_handshake) {
            let less = |count: &mut Count| count.handshakes = count.handshakes.saturating_sub(1);
            self.admission.lock().change(self.source, less);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.settle();
        let less = |count: &mut Count| count.connections = count.connections.saturating_sub(1);
        self.admission.lock().change(self.source, less);
    }
}

#[cfg(test)]
mod tests;
