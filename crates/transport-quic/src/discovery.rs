//! Shows beacons by multicast DNS and reports those of others.
//!
//! [`chatter`] decides what is said and when, [`dns`] how it is written, [`sockets`] moves it; here they come together.

mod chatter;
pub(crate) mod dns;
mod hearing;
pub(crate) mod sockets;

use core::future::pending;
use core::time::Duration;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lamplit_transport::{Hearing, TransportEvent};
use lamplit_types::{Beacon, Wall};
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, sleep_until};

use self::chatter::{Chatter, Out};
use self::hearing::{Known, hearing_of};
use self::sockets::{Packet, Sockets};
use crate::endpoints::Endpoints;
use crate::interfaces::Interfaces;
use crate::limits;
use crate::network::{Network, Pulse};

/// One device's discovery.
pub(crate) struct Discovery {
    endpoints: Arc<Endpoints>,
    events: mpsc::Sender<TransportEvent>,
    hearing: watch::Sender<Hearing>,
    chatter: Chatter,
    sockets: Sockets,
    packets: mpsc::Receiver<Packet>,
    /// When it was last at work.
    pulse: Pulse,
    /// The epoch in which what is shown was wished.
    epoch: u64,
}

impl Discovery {
    pub(crate) fn new(
        endpoints: Arc<Endpoints>,
        events: mpsc::Sender<TransportEvent>,
        hearing: watch::Sender<Hearing>,
        pause: Duration,
    ) -> Self {
        let (sockets, packets) = Sockets::new();
        let chatter = Chatter::new(Instant::now(), pause, Box::new(random));
        Self { endpoints, events, hearing, chatter, sockets, packets, pulse: Pulse::now(), epoch: epoch() }
    }

    /// Shows the wanted beacon and reports those of others until nobody wants anything any more.
    pub(crate) async fn run(
        mut self,
        mut wanted: watch::Receiver<Option<Beacon>>,
        mut network: watch::Receiver<Network>,
    ) {
        let mut wakes = network.borrow_and_update().wakes;
        let mut check = interval(limits::NETWORK_CHECK);
        loop {
            self.act().await;
            let deadline = self.chatter.deadline();
            tokio::select! {
                changed = wanted.changed() => match changed {
                    Ok(()) => {
                        self.epoch = epoch();
                        self.chatter.show(Instant::now(), *wanted.borrow_and_update());
                    }
                    Err(_) => break,
                },
                Some((face, from, message)) = self.packets.recv() => {
                    self.chatter.heard(Instant::now(), face, from, &message);
                }
                Ok(()) = network.changed() => {
                    let now = network.borrow_and_update().wakes;
                    if core::mem::replace(&mut wakes, now) != now {
                        self.chatter.begin_anew(Instant::now());
                    }
                }
                () = due(deadline) => {}
                _ = check.tick() => self.check(&network.borrow().interfaces.clone()),
            }
        }
        self.chatter.goodbye();
        self.act().await;
    }

    /// Opens what is new, also what could not be opened before, and notes what is heard.
    fn check(&mut self, interfaces: &Interfaces) {
        let bound = self.endpoints.bound();
        let faces = interfaces.faces.iter().map(|(face, (_, ip))| (*face, *ip));
        let faces: Vec<_> = faces.filter(|(_, ip)| reaches(bound, *ip)).collect();
        let open = self.sockets.set(faces.iter().copied());
        self.chatter.faces(Instant::now(), open.into_iter());
        let ears: BTreeMap<_, _> = self.chatter.ears().collect();
        let heard = hearing_of(faces.into_iter().map(|(face, _)| {
            (face, Known { ears: ears.get(&face).copied(), is_refused: self.sockets.refused(face).is_some() })
        }));
        if self.hearing.send_if_modified(|hearing| core::mem::replace(hearing, heard) != heard) {
            tracing::debug!(?heard, "whether devices find each other here");
        }
    }

    /// Does what is due, and says and tells what comes of it. Waits if the driver lags; the queues before it are bounded.
    async fn act(&mut self) {
        let (endpoints, now) = (&self.endpoints, Instant::now());
        // The first that is done after a sleep, before anything is said.
        if self.pulse.beat(Pulse::now()) && self.epoch != epoch() {
            self.chatter.hold_back(now);
        }
        self.chatter.due(now, &mut || endpoints.renew(now));
        while let Some(out) = self.chatter.poll() {
            let event = match out {
                Out::Say(face, packet) => {
                    self.sockets.say(face, &packet);
                    continue;
                }
                Out::Sighted(beacon, socket) => match crate::address::from_socket(socket) {
                    Some(address) => TransportEvent::Sighted { beacon, address },
                    None => continue,
                },
                Out::Lost(beacon) => TransportEvent::Lost { beacon },
            };
            let _ = self.events.send(event).await;
        }
    }
}

/// Whether a socket bound to `bound` is reached at `ip`.
fn reaches(bound: SocketAddr, ip: IpAddr) -> bool {
    let any = bound.ip();
    if any.is_unspecified() { any.is_ipv6() || ip.is_ipv4() } else { any.to_canonical() == ip }
}

async fn due(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// The epoch of the present time, by which names change.
fn epoch() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall(u64::try_from(now.as_millis()).unwrap_or(u64::MAX)).epoch()
}

/// A random number; without randomness names would be the same everywhere, so it is asked for until it comes.
fn random() -> u64 {
    loop {
        if let Ok(number) = getrandom::u64() {
            return number;
        }
    }
}
