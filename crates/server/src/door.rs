//! The socket, and who may come in.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use lamplit_service::Store;
use lamplit_tls::{Callers, KeyPair, TlsError, accepting, provider, resetting};
use quinn::{Endpoint, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::admission::Admission;
use crate::connection::{DONE, Shared, serve, stopped};
use crate::limits;
use crate::metrics::Handshake;

/// What both sides must speak (RFC 7301).
const ALPN: &[u8] = b"lamplit-server/1";

/// Opens the socket: devices show a key of their own, and find the one of the server.
pub(crate) fn open(listen: SocketAddr, key: Arc<KeyPair>) -> Result<Endpoint, OpenError> {
    let endpoint = resetting(&key);
    let mut config = ServerConfig::with_crypto(Arc::new(accepting(&provider(), ALPN, key, Callers::WithKey)?));
    config
        .transport_config(Arc::new(transport()))
        .migration(true)
        .max_incoming(limits::WAITING)
        .incoming_buffer_size(limits::WAITING_BYTES)
        .incoming_buffer_size_total(limits::WAITING_BYTES_IN_ALL);
    Ok(Endpoint::new(endpoint, Some(config), bind(listen)?, Arc::new(TokioRuntime))?)
}

/// Why the socket was not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Socket(#[from] io::Error),
}

/// Serves whoever comes, each in a task of its own, until the server stops; then until all have said goodbye.
pub(crate) async fn keep<S: Store + 'static>(
    endpoint: Endpoint,
    shared: Arc<Shared<S>>,
    admission: Arc<Admission>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut guests = JoinSet::new();
    let stop = stopping.clone();
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => break,
            caller = endpoint.accept() => match caller {
                Some(caller) => admit(caller, &admission, &shared, &stop, &mut guests),
                None => break,
            },
            Some(_) = guests.join_next() => {}
        }
    }
    // Nobody comes in any more.
    endpoint.set_server_config(None);
    let farewell = async { while guests.join_next().await.is_some() {} };
    if timeout(limits::STOPPING, farewell).await.is_err() {
        tracing::info!(connections = guests.len(), "some did not say goodbye in time and were cut");
    }
    endpoint.close(DONE, b"");
    guests.shutdown().await;
    let _ = timeout(limits::LAST_WORDS, endpoint.wait_idle()).await;
}

fn admit<S: Store + 'static>(
    caller: Incoming,
    admission: &Arc<Admission>,
    shared: &Arc<Shared<S>>,
    stopping: &watch::Receiver<bool>,
    guests: &mut JoinSet<()>,
) {
    if admission.handshakes() >= limits::UNVALIDATED && !caller.remote_address_validated() {
        if caller.retry().is_err() {
            tracing::debug!("a caller could not be asked to show that its address is its own");
        }
        return;
    }
    let Some(mut place) = admission.enter(caller.remote_address().ip()) else {
        tracing::debug!("too many connections: a caller was refused");
        shared.metrics.handshake(Handshake::Refused);
        caller.refuse();
        return;
    };
    let (shared, stopping) = (shared.clone(), stopping.clone());
    guests.spawn(async move {
        match timeout(limits::HANDSHAKE_TIMEOUT, async { caller.await }).await {
            Ok(Ok(connection)) => {
                place.settle();
                shared.metrics.handshake(Handshake::Made);
                serve(shared, connection, stopping).await;
            }
            Ok(Err(error)) => {
                shared.metrics.handshake(Handshake::Failed);
                tracing::debug!(%error, "a handshake failed");
            }
            Err(_) => {
                shared.metrics.handshake(Handshake::Failed);
                tracing::debug!("a handshake took too long");
            }
        }
        drop(place);
    });
}

fn transport() -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(limits::STREAMS.into())
        .max_concurrent_uni_streams(0_u32.into())
        .stream_receive_window(limits::RECEIVE_WINDOW.into())
        .receive_window(limits::RECEIVE_WINDOW.into())
        .send_window(limits::SEND_WINDOW.into())
        .datagram_receive_buffer_size(Some(limits::DATAGRAMS))
        .datagram_send_buffer_size(limits::DATAGRAMS)
        .max_idle_timeout(limits::IDLE_TIMEOUT.as_millis().try_into().ok().map(|ms: u32| VarInt::from(ms).into()));
    config
}

/// A UDP socket; one bound to every IPv6 address takes IPv4 too, and where there is no IPv6 it takes IPv4 alone.
fn bind(listen: SocketAddr) -> io::Result<UdpSocket> {
    match bind_as(listen) {
        Err(_) if listen.is_ipv6() && listen.ip().is_unspecified() => {
            bind_as((Ipv4Addr::UNSPECIFIED, listen.port()).into())
        }
        bound => bound,
    }
}

fn bind_as(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    if listen.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&listen.into())?;
    Ok(socket.into())
}
