use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use lamplit_transport::{Address, DialError};

use crate::interfaces::Interfaces;
use crate::limits;

/// The scheme of this transport's addresses.
pub(crate) const SCHEME: &str = "udp";

/// The address of a socket, such as `udp:192.168.1.4:4242` or `udp:[fe80::1%3]:4242`.
pub(crate) fn from_socket(socket: SocketAddr) -> Option<Address> {
    Address::parse(&format!("{SCHEME}:{socket}")).ok()
}

/// The socket to dial at `address`.
pub(crate) fn to_socket(address: &Address) -> Result<SocketAddr, DialError> {
    let wrong = |why: &str| DialError::Address { address: address.clone(), why: why.to_owned() };
    if address.scheme() != SCHEME {
        return Err(wrong("here it begins with \"udp:\""));
    }
    let form = "it needs an IP address and a port, as in \"udp:192.168.1.4:4242\" or \"udp:[fe80::1%3]:4242\"";
    let socket: SocketAddr = address.rest().parse().map_err(|_| wrong(form))?;
    if is_one_host(socket) { Ok(socket) } else { Err(wrong("no single device has this IP address and port")) }
}

/// Whether a socket can be that of one device.
pub(crate) fn is_one_host(socket: SocketAddr) -> bool {
    let ip = socket.ip().to_canonical();
    socket.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
}

/// Where a socket bound to `bound` can be reached: its own address, or those of all interfaces, private and IPv4 ones
/// first, loopback last. Link-local IPv6 addresses are among them only where there is nothing else to be reached at: they
/// mean something to one network alone, and say no interface.
pub(crate) fn reachable(bound: SocketAddr) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let addresses = interfaces.iter().filter(|interface| interface.is_oper_up()).map(if_addrs::Interface::ip);
    ranked(bound, addresses)
}

fn ranked(bound: SocketAddr, addresses: impl Iterator<Item = IpAddr>) -> Vec<SocketAddr> {
    const LINK_LOCAL_V6: u8 = 4;
    let mut ranked = BTreeSet::new();
    for ip in addresses.filter(|ip| bound.is_ipv6() || ip.is_ipv4()) {
        let rank = match ip {
            IpAddr::V4(v4) if v4.is_loopback() => 5,
            IpAddr::V6(v6) if v6.is_loopback() => 6,
            IpAddr::V6(v6) if v6.is_unicast_link_local() => LINK_LOCAL_V6,
            IpAddr::V4(v4) if v4.is_private() => 0,
            IpAddr::V4(v4) if v4.is_link_local() => 3,
            IpAddr::V4(_) => 1,
            IpAddr::V6(_) => 2,
        };
        ranked.insert((rank, ip));
    }
    if ranked.first().is_some_and(|(rank, _)| *rank < LINK_LOCAL_V6) {
        ranked.retain(|(rank, _)| *rank != LINK_LOCAL_V6);
    }
    // The cut keeps the first, so what is cut is never all but loopback.
    ranked.into_iter().take(limits::OWN_ADDRESSES).map(|(_, ip)| SocketAddr::new(ip, bound.port())).collect()
}

/// The sockets that `peer` may be: a link-local address that says no interface, as in an invite, is tried on each.
pub(crate) fn ways_to(peer: SocketAddr, interfaces: impl FnOnce() -> Interfaces) -> Vec<SocketAddr> {
    match peer {
        SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() && v6.scope_id() == 0 => {
            let all = interfaces();
            let faces = all.faces.keys().filter(|face| face.is_v6 && !face.is_loopback);
            faces.map(|face| scoped(*v6.ip(), v6.port(), face.interface)).collect()
        }
        _ => vec![peer],
    }
}

/// A socket address with the interface that a link-local address needs.
pub(crate) fn scoped(ip: Ipv6Addr, port: u16, interface: u32) -> SocketAddr {
    let scope = if ip.is_unicast_link_local() { interface } else { 0 };
    SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope))
}

#[cfg(test)]
mod tests;
