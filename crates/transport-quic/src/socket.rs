use core::time::Duration;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use lamplit_tls::{Identity, TlsError};
use lamplit_types::Class;
use quinn::{Endpoint, EndpointConfig, NoneTokenStore, TokioRuntime, TransportConfig, VarInt};
use rustls::crypto::CryptoProvider;
use socket2::{Domain, Protocol, Socket, Type};

use crate::limits;
use crate::tls;

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

/// How we dial a server under `identity`, which takes nobody with another key than `expected` for it.
pub(crate) fn to_server(
    provider: &Arc<CryptoProvider>,
    identity: Arc<dyn Identity>,
    expected: [u8; 32],
) -> Result<quinn::ClientConfig, TlsError> {
    let crypto = tls::to_server(provider, identity, expected)?;
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    let mut pace = pace(0, limits::SERVER_KEEP_ALIVE, limits::SERVER_IDLE_TIMEOUT);
    // A server may be on the other side of the world.
    pace.initial_rtt(limits::SERVER_FIRST_RTT);
    config.transport_config(Arc::new(pace)).token_store(Arc::new(NoneTokenStore));
    Ok(config)
}

/// A socket of one IP version to dial from, at a port of the system's choice.
pub(crate) fn unbound(is_v6: bool) -> io::Result<UdpSocket> {
    let any = if is_v6 { (Ipv6Addr::UNSPECIFIED, 0).into() } else { (Ipv4Addr::UNSPECIFIED, 0).into() };
    open_as(any, true)
}

/// An endpoint that only dials.
pub(crate) fn dialler(is_v6: bool) -> io::Result<Endpoint> {
    Endpoint::new(EndpointConfig::default(), None, unbound(is_v6)?, Arc::new(TokioRuntime))
}

/// Whether the system knows any way to `peer`; without this a dial would only time out.
pub(crate) fn check_route(peer: SocketAddr) -> io::Result<()> {
    let any = if peer.is_ipv6() { SocketAddr::from(([0; 16], 0)) } else { (Ipv4Addr::UNSPECIFIED, 0).into() };
    UdpSocket::bind(any)?.connect(peer)
}

/// Streams of one connection: one for each class. The dialler opens them all, so the other side may open none.
const STREAMS: u32 = Class::ALL.len() as u32;

fn transport(streams_opened_by_peer: u32) -> Arc<TransportConfig> {
    Arc::new(pace(streams_opened_by_peer, limits::KEEP_ALIVE, limits::IDLE_TIMEOUT))
}

fn pace(streams_opened_by_peer: u32, keep_alive: Duration, idle: Duration) -> TransportConfig {
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
        .keep_alive_interval(Some(keep_alive))
        .max_idle_timeout(idle.as_millis().try_into().ok().map(|ms: u32| VarInt::from(ms).into()));
    config
}

/// A UDP socket; one bound to every IPv6 address takes IPv4 too, and where there is no IPv6 it takes IPv4 alone.
fn open(bind: SocketAddr) -> io::Result<UdpSocket> {
    open_by(bind, |bind| open_as(bind, false))
}

/// The same, with what opens it.
fn open_by(bind: SocketAddr, open: impl Fn(SocketAddr) -> io::Result<UdpSocket>) -> io::Result<UdpSocket> {
    match open(bind) {
        Err(_) if bind.is_ipv6() && bind.ip().is_unspecified() => {
            open(SocketAddr::from((Ipv4Addr::UNSPECIFIED, bind.port())))
        }
        opened => opened,
    }
}

fn open_as(bind: SocketAddr, only_v6: bool) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(bind), Type::DGRAM, Some(Protocol::UDP))?;
    if bind.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.bind(&bind.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests;
