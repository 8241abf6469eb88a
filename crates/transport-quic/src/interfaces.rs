//! The network interfaces of this machine, as they are now.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits;

/// One IP version of one interface: where multicast is said and heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Face {
    /// The system's number of the interface.
    pub(crate) interface: u32,
    pub(crate) is_v6: bool,
    pub(crate) is_loopback: bool,
}

/// What is there to be reached at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interfaces {
    /// Each face that is up, with the interface's name and the address that is shown there.
    pub(crate) faces: BTreeMap<Face, (String, IpAddr)>,
    /// Every address of this machine, also of interfaces that rest.
    pub(crate) addresses: Vec<IpAddr>,
}

impl Interfaces {
    /// Asks the system. What it does not tell is taken to be missing.
    pub(crate) fn now() -> Self {
        let all = if_addrs::get_if_addrs().unwrap_or_default();
        let mut found = Self { faces: BTreeMap::new(), addresses: all.iter().map(if_addrs::Interface::ip).collect() };
        for one in all.iter().filter(|one| one.is_oper_up() && !one.is_p2p()) {
            let Some(interface) = one.index else { continue };
            let ip = one.ip();
            let face = Face { interface, is_v6: ip.is_ipv6(), is_loopback: one.is_loopback() };
            let has_room = found.faces.len() < limits::FACES;
            match found.faces.get_mut(&face) {
                // Of several IPv6 addresses the link-local one reaches whoever hears of it. Of several IPv4 ones the first.
                Some((_, shown)) if is_link_local_v6(ip) && !is_link_local_v6(*shown) => *shown = ip,
                Some(_) => {}
                None if has_room => drop(found.faces.insert(face, (one.name.clone(), ip))),
                None => {}
            }
        }
        found
    }

    /// Whether an address is one of this machine's.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        self.addresses.contains(&ip.to_canonical())
    }
}

fn is_link_local_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}
