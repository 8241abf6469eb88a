use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    os::fd::AsFd as _,
    thread,
};

use anyhow::{Context, Result, anyhow};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Host, Lan};

/// Where multicast DNS is spoken (RFC 6762 3).
pub const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);

/// A port that nobody listens on.
const DISCARD: u16 = 9;

impl Lan {
    /// A socket on a host, to say to all on the first network what is said by multicast DNS ([`GROUP`]), and to hear it. Nothing
    /// else may speak it there.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn mouth(&self, host: Host) -> Result<UdpSocket> {
        self.speaking(host, GROUP.port(), true)
    }

    /// A socket on a host, to ask all on the first network from a port that is drawn, and hear nothing ([RFC 6762] 6.7).
    ///
    /// [RFC 6762]: https://www.rfc-editor.org/rfc/rfc6762
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn asker(&self, host: Host) -> Result<UdpSocket> {
        self.speaking(host, 0, false)
    }

    fn speaking(&self, host: Host, port: u16, and_hears: bool) -> Result<UdpSocket> {
        let own: Ipv4Addr = host.address().parse()?;
        self.socket(host, move || {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
            socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into())?;
            socket.set_multicast_if_v4(&own)?;
            socket.set_multicast_ttl_v4(255)?;
            socket.set_multicast_loop_v4(false)?;
            if and_hears {
                socket.join_multicast_v4(GROUP.ip(), &own)?;
            }
            Ok(socket.into())
        })
    }

    /// A socket on a host, and where the last host can be reached: what is said there goes openly over the first network, from one
    /// card to another, as all does that is sealed.
    pub(crate) fn speaker(&self, from: Host) -> Result<(UdpSocket, SocketAddrV4)> {
        let addresses = self.addresses(Host(self.hosts))?;
        let to =
            addresses.iter().find_map(|address| address.parse().ok()).context("the last host has an IPv4 address")?;
        let socket = self.socket(from, || Ok(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?))?;
        Ok((socket, SocketAddrV4::new(to, DISCARD)))
    }

    /// A socket that is opened on a host, and stays there.
    fn socket(&self, host: Host, open: impl FnOnce() -> Result<UdpSocket> + Send + 'static) -> Result<UdpSocket> {
        let namespace = File::open(self.network_of(host)).context("the host has a namespace")?;
        // The thread that went there is of no more use.
        let opened = thread::spawn(move || -> Result<UdpSocket> {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
            open()
        });
        opened.join().map_err(|_| anyhow!("the thread that opens a socket has ended"))?
    }
}
