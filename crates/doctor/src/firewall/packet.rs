use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Needs;
use crate::Ip;
use crate::finding::MULTICAST_PORT;

/// The groups of multicast DNS (RFC 6762).
const GROUP_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251));
const GROUP_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 0, 0, 0xFB));
/// What Linux picks from where a program chooses no port (ip_local_port_range of ip-sysctl).
const BY_CHANCE: (u16, u16) = (32_768, 60_999);

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// A UDP packet that begins something and must get through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) way: Way,
    pub(super) ip: Ip,
    /// By which interface.
    pub(super) interface: &'a str,
    /// The group it is sent to; none: to this machine's own address.
    pub(super) group: Option<IpAddr>,
    /// The lowest and the highest port that it may be sent to.
    pub(super) ports: (u16, u16),
}

impl<'a> Packet<'a> {
    /// All that are needed: multicast both ways, and what others connect by.
    pub(super) fn needed(needs: Needs<'a>) -> impl Iterator<Item = Self> {
        // Where none is known to be up, rules for all interfaces still tell something.
        let interfaces: &[&str] = if needs.interfaces.is_empty() { &[""] } else { needs.interfaces };
        let own = needs.port.map_or(BY_CHANCE, |port| (port, port));
        interfaces.iter().flat_map(move |interface| {
            let multicast = move |way, ip, group| Packet {
                way,
                ip,
                interface,
                group: Some(group),
                ports: (MULTICAST_PORT, MULTICAST_PORT),
            };
            let connect = move |ip| Packet { way: Way::In, ip, interface, group: None, ports: own };
            [
                multicast(Way::In, Ip::V4, GROUP_V4),
                multicast(Way::In, Ip::V6, GROUP_V6),
                multicast(Way::Out, Ip::V4, GROUP_V4),
                multicast(Way::Out, Ip::V6, GROUP_V6),
                connect(Ip::V4),
                connect(Ip::V6),
            ]
        })
    }

    pub(super) const fn is_multicast(&self) -> bool {
        self.group.is_some()
    }
}
