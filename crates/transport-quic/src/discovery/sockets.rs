use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::interfaces::Face;
use crate::limits;

/// Where multicast DNS is spoken (RFC 6762 3).
pub(crate) const PORT: u16 = 5353;
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// What came in on a face, and from where.
pub(crate) type Packet = (Face, IpAddr, Vec<u8>);

/// A socket of its own for each face, so that what is said and heard stays there.
pub(crate) struct Sockets {
    open: BTreeMap<Face, (IpAddr, Mouth)>,
    heard: mpsc::Sender<Packet>,
}

struct Mouth {
    socket: Arc<UdpSocket>,
    group: SocketAddr,
    reading: JoinHandle<()>,
    /// Why the last packet did not leave.
    refused: Option<io::ErrorKind>,
}

impl Drop for Mouth {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Sockets {
    /// No face yet. What is heard waits, up to a limit, until it is fetched; then the system drops the rest.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Packet>) {
        let (heard, packets) = mpsc::channel(limits::PACKETS);
        (Self { open: BTreeMap::new(), heard }, packets)
    }

    /// Opens what is new and closes what is gone. Gives those that are open; the others are tried again the next time.
    pub(crate) fn set(&mut self, faces: impl Iterator<Item = (Face, IpAddr)>) -> Vec<(Face, IpAddr)> {
        let faces: BTreeMap<_, _> = faces.collect();
        self.open.retain(|face, (ip, _)| faces.get(face) == Some(ip));
        for (face, ip) in faces {
            if self.open.contains_key(&face) {
                continue;
            }
            match Mouth::open(face, ip, self.heard.clone()) {
                Ok(mouth) => drop(self.open.insert(face, (ip, mouth))),
                Err(error) => tracing::debug!(%error, "an interface takes no multicast"),
            }
        }
        self.open.iter().map(|(face, (ip, _))| (*face, *ip)).collect()
    }

    /// Sends a packet to whoever listens on a face. One that cannot leave is lost, as on the air.
    pub(crate) fn say(&mut self, face: Face, packet: &[u8]) {
        let Some((_, mouth)) = self.open.get_mut(&face) else { return };
        let refused = mouth.socket.try_send_to(packet, mouth.group).err().map(|error| error.kind());
        // One that finds no room at the moment is lost and not refused.
        mouth.refused = refused.filter(|kind| *kind != io::ErrorKind::WouldBlock);
    }

    /// Why nothing leaves by a face, if so.
    pub(crate) fn refused(&self, face: Face) -> Option<io::ErrorKind> {
        self.open.get(&face).and_then(|(_, mouth)| mouth.refused)
    }
}

impl Mouth {
    fn open(face: Face, ip: IpAddr, heard: mpsc::Sender<Packet>) -> io::Result<Self> {
        let socket = Arc::new(UdpSocket::from_std(open(face, ip)?)?);
        let reading = tokio::spawn(read(face, socket.clone(), heard));
        Ok(Self { socket, group: group(face), reading, refused: None })
    }
}

/// A socket that speaks and hears multicast DNS on one face alone.
pub(crate) fn open(face: Face, ip: IpAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(group(face)), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    // Linux takes the sockets of one port for a group in which any may have a packet, and gives what came in on one interface
    // to the socket of another. There the line above is enough to share a multicast port.
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    socket.set_reuse_port(true)?;
    match ip {
        IpAddr::V4(v4) => {
            socket.bind(&bound(face).into())?;
            // Otherwise it hears whatever any socket of this machine has joined.
            #[cfg(target_os = "linux")]
            socket.set_multicast_all_v4(false)?;
            socket.join_multicast_v4(&GROUP_V4, &v4)?;
            socket.set_multicast_if_v4(&v4)?;
            socket.set_multicast_ttl_v4(255)?;
            socket.set_multicast_loop_v4(true)?;
        }
        IpAddr::V6(_) => {
            socket.set_only_v6(true)?;
            socket.bind(&bound(face).into())?;
            #[cfg(target_os = "linux")]
            socket.set_multicast_all_v6(false)?;
            socket.join_multicast_v6(&GROUP_V6, face.interface)?;
            socket.set_multicast_if_v6(face.interface)?;
            socket.set_multicast_hops_v6(255)?;
            socket.set_multicast_loop_v6(true)?;
        }
    }
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// The group of a face.
pub(crate) fn group(face: Face) -> SocketAddr {
    if face.is_v6 {
        SocketAddr::V6(SocketAddrV6::new(GROUP_V6, PORT, 0, face.interface))
    } else {
        SocketAddr::new(GROUP_V4.into(), PORT)
    }
}

/// Bound to the group, a socket takes no packet away from the system's own mDNS. Not every system can.
fn bound(face: Face) -> SocketAddr {
    if cfg!(target_os = "linux") {
        return group(face);
    }
    let any = if face.is_v6 { IpAddr::from(Ipv6Addr::UNSPECIFIED) } else { Ipv4Addr::UNSPECIFIED.into() };
    SocketAddr::new(any, PORT)
}

async fn read(face: Face, socket: Arc<UdpSocket>, heard: mpsc::Sender<Packet>) {
    let mut bytes = vec![0; limits::MESSAGE_BYTES];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut bytes).await else {
            // The interface is gone, or about to be.
            sleep(limits::DISCOVERY_REST).await;
            continue;
        };
        let Some(message) = bytes.get(..length) else { continue };
        if heard.send((face, from.ip(), message.to_vec())).await.is_err() {
            return;
        }
    }
}
