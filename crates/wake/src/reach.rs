//! Where the server may go. Devices name the addresses of their push services: without this, whoever has an account could
//! let the server knock at the doors of the network it stands in.

use core::fmt;
use std::{
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses targets may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those that the whole internet reaches.
    #[default]
    Public,
    /// All, since the operator says so: those of an inner network and of this machine too.
    Inner,
}

impl Reach {
    /// Whether this address may be asked.
    pub fn allows(self, address: IpAddr) -> bool {
        self == Self::Inner || is_public(address)
    }
}

/// Looks up names, and finds only addresses that may be asked: so it holds for the address that is connected to, whatever
/// the name meant a moment before.
pub(crate) struct Guarded(pub(crate) Reach);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|at| reach.allows(at.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Box::new(IsInner) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// All addresses of a name are of inner networks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IsInner;

impl fmt::Display for IsInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it has only addresses of inner networks")
    }
}

impl Error for IsInner {}

/// Whether an error of this kind is at the bottom of it. An I/O error does not name what it holds as its source, but the
/// source of that.
pub(crate) fn holds<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}

/// As the registries of special addresses have it (RFC 6890 and what IANA added since).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, this machine, and networks of one's own.
        [0 | 10 | 127, ..] => true,
        // Behind a provider's translation.
        [100, second, ..] => second & 0xC0 == 64,
        [169, 254, ..] | [192, 168, ..] => true,
        [172, second, ..] => second & 0xF0 == 16,
        // Of protocols, for documents, of an old relay, for measurements.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [198, second, ..] => second & 0xFE == 18,
        // To many, and what is reserved.
        [first, ..] => first >= 224,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // IPv4 by a translation (RFC 6052).
        [0x64, 0xFF9B, 0, 0, 0, 0, high, low] => {
            let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Of protocols with Teredo, for documents, and IPv4 by 6to4.
        [0x2001, second, ..] => second >= 0x200 && second != 0xDB8,
        [0x2002, ..] => false,
        [0x3FFF, second, ..] => second & 0xF000 != 0,
        [first, ..] => first & 0xE000 == 0x2000,
    }
}

#[cfg(test)]
mod tests;
