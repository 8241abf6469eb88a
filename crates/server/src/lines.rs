use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use lamplit_tls::ServerKey;

use crate::limits;

/// What is typed into a device to use the server whose key is `key` and which listens at `listen`: a line for each address that
/// others may reach it at, the likeliest first.
pub fn address_lines(key: ServerKey, listen: SocketAddr) -> Vec<String> {
    let places = if listen.ip().is_unspecified() {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let up = interfaces.iter().filter(|interface| interface.is_oper_up()).map(if_addrs::Interface::ip);
        ranked(listen, up)
    } else {
        vec![listen]
    };
    places.into_iter().map(|place| format!("lamplit:server/{key}@{place}")).collect()
}

/// Public addresses first, loopback last.
fn ranked(listen: SocketAddr, all: impl Iterator<Item = IpAddr>) -> Vec<SocketAddr> {
    let mut ranked = BTreeSet::new();
    for ip in all.filter(|ip| listen.is_ipv6() || ip.is_ipv4()) {
        let rank = match ip {
            // They mean something to one network alone, and say no interface.
            IpAddr::V6(v6) if v6.is_unicast_link_local() => continue,
            ip if ip.is_loopback() => 5,
            IpAddr::V4(v4) if v4.is_link_local() => 4,
            IpAddr::V4(v4) if v4.is_private() => 2,
            IpAddr::V6(v6) if v6.is_unique_local() => 3,
            IpAddr::V4(_) => 0,
            IpAddr::V6(_) => 1,
        };
        ranked.insert((rank, ip));
    }
    ranked.into_iter().take(limits::ADDRESSES).map(|(_, ip)| SocketAddr::new(ip, listen.port())).collect()
}

#[cfg(test)]
mod tests;
