use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use data_encoding::HEXLOWER;
use lamplit_transport::TransportEvent;
use lamplit_types::Beacon;
use mdns_sd::{IfKind, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, sleep, timeout};

use crate::{address, limits};

/// The service under which every device shows itself (RFC 6763 7).
const SERVICE: &str = "_lamplit._udp.local.";
/// How long the mDNS thread may take to answer, or to say goodbye.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shows the wanted beacon and reports those of others until nobody wants anything any more. If mDNS fails, or is
/// flooded, it starts afresh after a rest.
pub(crate) async fn run(
    bound: SocketAddr,
    mut wanted: watch::Receiver<Option<Beacon>>,
    events: mpsc::Sender<TransportEvent>,
) {
    loop {
        match Session::open(bound, &events) {
            Ok(mut session) => {
                let ended = session.run(&mut wanted).await;
                session.close().await;
                match ended {
                    Ended::Unwanted => return,
                    Ended::Flooded => tracing::warn!("too many DNS-SD records on this network: discovery rests"),
                    Ended::Failed(error) => tracing::warn!(%error, "DNS-SD failed: discovery rests"),
                }
            }
            Err(error) => tracing::warn!(%error, "DNS-SD can't start: discovery rests"),
        }
        tokio::select! {
            () = sleep(limits::DISCOVERY_REST) => {}
            () = unwanted(&mut wanted) => return,
        }
        wanted.mark_changed();
    }
}

/// Returns once nobody can want anything any more.
async fn unwanted(wanted: &mut watch::Receiver<Option<Beacon>>) {
    while wanted.changed().await.is_ok() {}
}

/// One life of an mDNS daemon, which is a thread with its own sockets and cache.
struct Session<'a> {
    bound: SocketAddr,
    events: &'a mpsc::Sender<TransportEvent>,
    daemon: ServiceDaemon,
    found: Receiver<ServiceEvent>,
    /// Full name of the service that is registered.
    shown: Option<String>,
    /// Beacons of our own, the latest last.
    own: VecDeque<Beacon>,
    /// What was told.
    sighted: BTreeMap<Beacon, Vec<SocketAddr>>,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // The thread would outlive its handle.
        let _ = self.daemon.shutdown();
    }
}

/// Why a session ended.
enum Ended {
    Unwanted,
    Flooded,
    Failed(mdns_sd::Error),
}

impl<'a> Session<'a> {
    fn open(bound: SocketAddr, events: &'a mpsc::Sender<TransportEvent>) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        let found = daemon.browse(SERVICE)?;
        Ok(Self { bound, events, daemon, found, shown: None, own: VecDeque::new(), sighted: BTreeMap::new() })
    }

    async fn run(&mut self, wanted: &mut watch::Receiver<Option<Beacon>>) -> Ended {
        let mut check = interval(limits::CACHE_CHECK);
        loop {
            tokio::select! {
                changed = wanted.changed() => {
                    if changed.is_err() {
                        return Ended::Unwanted;
                    }
                    let beacon = *wanted.borrow_and_update();
                    if let Err(error) = self.show(beacon) {
                        return Ended::Failed(error);
                    }
                }
                // The daemon drops a browser that lags behind by a thousand events.
                event = self.found.recv_async() => match event {
                    Ok(event) => self.tell(event).await,
                    Err(_) => return Ended::Flooded,
                },
                _ = check.tick() => if self.cached().await > limits::CACHED_RECORDS {
                    return Ended::Flooded;
                },
            }
        }
    }

    /// Says goodbye for what is shown.
    async fn close(self) {
        // Dropping `self` asks again, which the ended daemon refuses.
        if let Ok(done) = self.daemon.shutdown() {
            let _ = timeout(PATIENCE, done.recv_async()).await;
        }
    }

    /// Puts `beacon` in the place of what is shown, under a host name of its own.
    fn show(&mut self, beacon: Option<Beacon>) -> Result<(), mdns_sd::Error> {
        if let Some(name) = self.shown.take() {
            self.daemon.unregister(&name)?;
        }
        let Some(beacon) = beacon else { return Ok(()) };
        self.own.push_back(beacon);
        if self.own.len() > limits::OWN_BEACONS {
            self.own.pop_front();
        }
        let service = describe(beacon, self.bound)?;
        let name = service.get_fullname().to_owned();
        self.daemon.register(service)?;
        self.shown = Some(name);
        Ok(())
    }

    /// Passes on what concerns beacons of others. Waits if the driver lags; the daemon's queue is bounded.
    async fn tell(&mut self, event: ServiceEvent) {
        match event {
            ServiceEvent::ServiceResolved(service) => self.tell_sighted(&service).await,
            ServiceEvent::ServiceRemoved(_, name) => {
                let Some(beacon) = beacon_of(&name).filter(|beacon| !self.own.contains(beacon)) else { return };
                self.sighted.remove(&beacon);
                let _ = self.events.send(TransportEvent::Lost { beacon }).await;
            }
            _ => {}
        }
    }

    async fn tell_sighted(&mut self, service: &ResolvedService) {
        let Some(beacon) = beacon_of(service.get_fullname()) else { return };
        if self.own.contains(&beacon) {
            return;
        }
        if self.sighted.len() >= limits::SIGHTED_BEACONS && !self.sighted.contains_key(&beacon) {
            tracing::debug!("many beacons are shown here: sightings may be told again");
            self.sighted.clear();
        }
        let told = self.sighted.entry(beacon).or_default();
        let before = core::mem::replace(told, sockets_of(service));
        for &socket in told.iter().filter(|socket| !before.contains(socket)) {
            let Some(address) = address::from_socket(socket) else { continue };
            let _ = self.events.send(TransportEvent::Sighted { beacon, address }).await;
        }
    }

    /// Records in the daemon's cache, which it lets others fill without bound.
    async fn cached(&self) -> i64 {
        let Ok(metrics) = self.daemon.get_metrics() else { return 0 };
        let Ok(Ok(metrics)) = timeout(PATIENCE, metrics.recv_async()).await else { return 0 };
        metrics.iter().filter(|(name, _)| name.starts_with("cached-")).map(|(_, count)| count).sum()
    }
}

/// The service that shows `beacon`: no text, nothing that stays the same but the port.
fn describe(beacon: Beacon, bound: SocketAddr) -> Result<ServiceInfo, mdns_sd::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| mdns_sd::Error::Msg(error.to_string()))?;
    let host = format!("{}.local.", HEXLOWER.encode(&random));
    let instance = HEXLOWER.encode(beacon.as_bytes());
    let ip = bound.ip();
    let addresses = if ip.is_unspecified() { String::new() } else { ip.to_string() };
    let mut service = ServiceInfo::new(SERVICE, &instance, &host, addresses, bound.port(), None)?;
    if ip.is_unspecified() {
        service = service.enable_addr_auto();
    }
    if ip.is_ipv4() {
        service.set_interfaces(vec![IfKind::IPv4]);
    }
    // Nobody else draws the same 64 bits; probing would take most of a second and let others make us rename.
    service.set_requires_probe(false);
    Ok(service)
}

/// The beacon that names a service, if it is one: sixteen hexadecimal digits, nothing else.
fn beacon_of(full_name: &str) -> Option<Beacon> {
    let (instance, service) = full_name.split_once('.')?;
    if !service.eq_ignore_ascii_case(SERVICE) || instance.len() != 16 {
        return None;
    }
    let bytes = HEXLOWER.decode(instance.as_bytes()).ok()?;
    Some(Beacon::from_bytes(bytes.try_into().ok()?))
}

/// Where a service can be dialled, the likeliest first, at most [`limits::SIGHTED_ADDRESSES`].
fn sockets_of(service: &ResolvedService) -> Vec<SocketAddr> {
    let port = service.get_port();
    let mut ranked = BTreeSet::new();
    for ip in service.get_addresses() {
        // A packet from the network could otherwise make us knock at our own ports.
        if ip.is_loopback() && !came_by_loopback(ip) {
            continue;
        }
        let (rank, socket) = match ip {
            ScopedIp::V4(v4) => (1, SocketAddr::new(IpAddr::V4(*v4.addr()), port)),
            ScopedIp::V6(v6) => (2, address::scoped(*v6.addr(), port, v6.scope_id().index)),
            _ => continue,
        };
        if address::is_one_host(socket) {
            ranked.insert((if ip.is_loopback() { 0 } else { rank }, socket));
        }
    }
    ranked.into_iter().take(limits::SIGHTED_ADDRESSES).map(|(_, socket)| socket).collect()
}

/// Whether the packet that told of `ip` came in on a loopback interface.
fn came_by_loopback(ip: &ScopedIp) -> bool {
    let interfaces = match ip {
        ScopedIp::V4(v4) => v4.interface_ids().to_vec(),
        ScopedIp::V6(v6) => vec![v6.scope_id().clone()],
        _ => return false,
    };
    interfaces.iter().flat_map(|interface| interface.get_addrs()).any(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
