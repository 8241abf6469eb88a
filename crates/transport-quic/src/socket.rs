use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use lamplit_types::Class;
use quinn::{Endpoint, EndpointConfig, NoneTokenStore, TokioRuntime, TransportConfig, VarInt};
use rustls::crypto::CryptoProvider;
use socket2::{Domain, Protocol, Socket, Type};

use crate::limits;
use crate::tls::{self, TlsError};

/// Opens the one socket that listens and dials.
pub(crate) fn listen(bind: SocketAddr, server: quinn::ServerConfig) -> io::Result<Endpoint> {
    Endpoint::new(EndpointConfig::default(), Some(server), open(bind)?, Arc::new(TokioRuntime))
}

/// How we accept.
pub(crate) fn server(provider: &Arc<CryptoProvider>) -> Result<quinn::ServerConfig, TlsError> {
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls::server(provider)?));
    config
        .transport_config(transport(STREAMS))
        .migration(true)
        .max_incoming(limits::WAITING)
        .incoming_buffer_size(limits::WAITING_BYTES)
        .incoming_buffer_size_total(8 * limits::WAITING_BYTES);
    Ok(config)
}

/// How we dial.
pub(crate) fn client(provider: &Arc<CryptoProvider>) -> Result<quinn::ClientConfig, TlsError> {
    let mut config = quinn::ClientConfig::new(Arc::new(tls::client(provider)?));
    // A token from one peer, shown to another, would link the two.
    config.transport_config(transport(0)).token_store(Arc::new(NoneTokenStore));
    Ok(config)
}

/// Whether the system knows any way to `peer`; without this a dial would only time out.
pub(crate) fn check_route(peer: SocketAddr) -> io::Result<()> {
    let any = if peer.is_ipv6() { SocketAddr::from(([0; 16], 0)) } else { (Ipv4Addr::UNSPECIFIED, 0).into() };
    UdpSocket::bind(any)?.connect(peer)
}

/// Streams of one connection: one for each class. The dialler opens them all, so the other side may open none.
const STREAMS: u32 = Class::ALL.len() as u32;

fn transport(streams_opened_by_peer: u32) -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(streams_opened_by_peer.into())
        .max_concurrent_uni_streams(0_u32.into())
        .stream_receive_window(limits::STREAM_WINDOW.into())
        .receive_window(limits::CONNECTION_WINDOW.into())
        .send_window(limits::CONNECTION_WINDOW.into())
        .datagram_receive_buffer_size(Some(limits::DATAGRAM_QUEUE))
        .datagram_send_buffer_size(limits::DATAGRAM_QUEUE)
        .initial_rtt(limits::FIRST_RTT)
        .keep_alive_interval(Some(limits::KEEP_ALIVE))
        .max_idle_timeout(limits::IDLE_TIMEOUT.as_millis().try_into().ok().map(|ms: u32| VarInt::from(ms).into()));
    Arc::new(config)
}

/// A UDP socket; one bound to every IPv6 address takes IPv4 too, and where there is no IPv6 it takes IPv4 alone.
fn open(bind: SocketAddr) -> io::Result<UdpSocket> {
    match open_as(bind) {
        Err(_) if bind.is_ipv6() && bind.ip().is_unspecified() => {
            open_as(SocketAddr::from((Ipv4Addr::UNSPECIFIED, bind.port())))
        }
        opened => opened,
    }
}

fn open_as(bind: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(bind), Type::DGRAM, Some(Protocol::UDP))?;
    if bind.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&bind.into())?;
    Ok(socket.into())
}
