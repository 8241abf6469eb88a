use core::fmt;
use core::str::FromStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use lamplit_tls::ServerKey;
use lamplit_transport::Address;

use crate::address::is_one_host;

/// The scheme of a server's address.
pub(crate) const SCHEME: &str = "server";
/// What a server's link begins with, as people hand it on.
const LINK: &str = "lamplit:server/";
/// Characters of a label of a name (RFC 1035 2.3.4).
const LABEL_CHARS: usize = 63;

/// Where a server is and by what key it is known: `server:KEY@HOST:PORT`, as in `server:aaaa…@sync.example.org:4433` or
/// `server:aaaa…@[2001:db8::1]:4433`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerAddress {
    /// Its key.
    pub key: ServerKey,
    /// Where to ask for it.
    pub host: Host,
    /// Its UDP port.
    pub port: u16,
}

/// A computer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// By its name, in small letters.
    Name(String),
    /// By its address.
    Ip(IpAddr),
}

/// Why a text is no server's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerAddressError {
    /// No link.
    #[error("a server's link begins with \"lamplit:server/\", as `lamplit-server address` says it")]
    Link,
    /// Its parts are not there.
    #[error("a server's address is \"server:KEY@HOST:PORT\", as `lamplit-server address` says it")]
    Form,
    /// The key.
    #[error(transparent)]
    Key(#[from] lamplit_tls::ServerKeyError),
    /// The host.
    #[error("the host is a name, an IPv4 address or an IPv6 address in [brackets], of one computer")]
    Host,
    /// The port.
    #[error("the port is a number from 1 to 65535")]
    Port,
    /// All together.
    #[error("the name of the host is too long")]
    TooLong,
}

impl ServerAddress {
    /// Reads the link that people hand on: `lamplit:server/KEY@HOST:PORT`. Blanks around it do not matter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_link(link: &str) -> Result<Self, ServerAddressError> {
        let rest = link.trim().strip_prefix(LINK).ok_or(ServerAddressError::Link)?;
        format!("{SCHEME}:{rest}").parse()
    }

    /// The link to hand on.
    pub fn to_link(&self) -> String {
        format!("{LINK}{}@{}:{}", self.key, self.host, self.port)
    }

    /// The same for [`Transport::dial`](lamplit_transport::Transport::dial).
    pub fn to_address(&self) -> Option<Address> {
        Address::parse(&self.to_string()).ok()
    }

    /// What may be shown: where it is, without the key.
    pub(crate) fn place(&self) -> Option<Address> {
        Address::parse(&format!("{SCHEME}:{}:{}", self.host, self.port)).ok()
    }
}

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        let rest = text.strip_prefix(SCHEME).and_then(|rest| rest.strip_prefix(':')).ok_or(ServerAddressError::Form)?;
        let (key, place) = rest.split_once('@').ok_or(ServerAddressError::Form)?;
        let (host, port) = place.rsplit_once(':').ok_or(ServerAddressError::Form)?;
        let found = Self { key: key.parse()?, host: host.parse()?, port: port_of(port)? };
        // It must go through everything that an address goes through.
        found.to_address().map(|_| found).ok_or(ServerAddressError::TooLong)
    }
}

impl FromStr for Host {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let ip = match inside {
            Some(inside) => Some(inside.parse::<Ipv6Addr>().map_err(|_| ServerAddressError::Host)?.into()),
            None => text.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        };
        match ip {
            Some(ip) if is_one_host(SocketAddr::new(ip, 1)) => Ok(Self::Ip(ip)),
            None if is_name(text) => Ok(Self::Name(text.to_ascii_lowercase())),
            _ => Err(ServerAddressError::Host),
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}:{}@{}:{}", self.key, self.host, self.port)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerAddress(…)")
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host(…)")
    }
}

fn port_of(text: &str) -> Result<u16, ServerAddressError> {
    // `parse` also takes a plus sign and leading zeros.
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(ServerAddressError::Port)
}

/// Whether it can be a host's name (RFC 1123 2.1). One that ends in a number would be an IPv4 address to many.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=LABEL_CHARS).contains(&label.len())
            && label.bytes().all(good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.').all(label) && !text.rsplit('.').next().is_none_or(is_number)
}

#[cfg(test)]
mod tests;
