//! Watches the network of this machine: interfaces that come and go, addresses that change, and sleep.

use core::time::Duration;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::watch;
use tokio::time::sleep;

use crate::endpoints::Endpoints;
use crate::interfaces::Interfaces;
use crate::limits;

/// The network as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) interfaces: Interfaces,
    /// How often this machine has slept, or stood still, for so long that whoever knew it has given it up.
    pub(crate) wakes: u64,
}

impl Network {
    pub(crate) fn now() -> Self {
        Self { interfaces: Interfaces::now(), wakes: 0 }
    }
}

/// Tells what changes, and ends the connections that a change has cut: to find out by themselves would take them
/// [`limits::IDLE_TIMEOUT`].
pub(crate) async fn watch(endpoints: Arc<Endpoints>, network: watch::Sender<Network>) {
    watch_by(Pulse::now, endpoints, network).await;
}

/// The same, by other clocks than this machine's.
async fn watch_by(clocks: impl Fn() -> Pulse, endpoints: Arc<Endpoints>, network: watch::Sender<Network>) {
    let mut pulse = clocks();
    loop {
        sleep(limits::NETWORK_CHECK).await;
        let interfaces = Interfaces::now();
        let slept = pulse.beat(clocks());
        if slept {
            endpoints.cut(|_| true);
        } else if network.borrow().interfaces.addresses != interfaces.addresses {
            // What came to an address that is gone cannot be answered. What was dialled moves to another by itself.
            endpoints.cut(|connection| connection.local_ip().is_some_and(|ip| !interfaces.has(ip)));
        }
        endpoints.tidy(Instant::now());
        network.send_if_modified(|network| {
            network.wakes = network.wakes.saturating_add(slept.into());
            let changed = network.interfaces != interfaces;
            network.interfaces = interfaces;
            changed || slept
        });
        if network.is_closed() {
            return;
        }
    }
}

/// When this machine was last seen awake, by both of its clocks: the steady one may stop while it sleeps.
#[derive(Clone, Copy)]
pub(crate) struct Pulse {
    steady: Instant,
    wall: SystemTime,
}

impl Pulse {
    pub(crate) fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// Whether the time since the last beat is more than anybody waits for us. A wall clock that was set forward looks
    /// the same, and costs each link a second.
    pub(crate) fn beat(&mut self, now: Self) -> bool {
        core::mem::replace(self, now).until(self) > limits::NETWORK_CHECK + limits::IDLE_TIMEOUT
    }

    /// So much later, by both clocks.
    #[cfg(test)]
    pub(crate) fn after(&self, time: Duration) -> Self {
        Self { steady: self.steady + time, wall: self.wall + time }
    }

    /// How long until `later`, by the clock that went further.
    pub(crate) fn until(&self, later: &Self) -> Duration {
        let wall = later.wall.duration_since(self.wall).unwrap_or(Duration::ZERO);
        wall.max(later.steady.saturating_duration_since(self.steady))
    }
}

#[cfg(test)]
mod tests;
