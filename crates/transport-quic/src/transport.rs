use core::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use lamplit_transport::{Address, Connection, DialError, EVENTS, Pending, Transport, TransportEvent};
use lamplit_types::Beacon;
use quinn::{ConnectError, ConnectionError, Endpoint, Incoming, TransportErrorCode};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::admission::Admission;
use crate::pipe::{self, SetupError, code};
use crate::{address, discovery, limits, socket, tls};

/// How to start.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Where to listen; port 0 lets the system choose. `[::]` takes IPv4 too.
    pub bind: SocketAddr,
    /// Whether to show beacons by DNS-SD and look for those of others. Without it only known addresses are dialled.
    pub discovery: bool,
}

impl Default for Config {
    /// Every address, a port of the system's choice, discovery on.
    fn default() -> Self {
        Self { bind: (Ipv6Addr::UNSPECIFIED, 0).into(), discovery: true }
    }
}

/// Why the transport could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The socket could not be opened.
    #[error("can't listen on {bind}: {why}; choose another address or port")]
    Bind {
        /// Where it was to listen.
        bind: SocketAddr,
        /// What the system said.
        why: io::Error,
    },
    /// TLS could not be set up.
    #[error("can't set up TLS: {0}")]
    Tls(String),
}

/// The local network as a [`Transport`].
pub struct QuicTransport {
    endpoint: Endpoint,
    dialling: quinn::ClientConfig,
    bound: SocketAddr,
    accepting: JoinHandle<()>,
    discovery: Option<Discovery>,
}

/// The task that shows beacons and looks for them.
struct Discovery {
    /// Emptied to end the task.
    shown: Mutex<Option<watch::Sender<Option<Beacon>>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl QuicTransport {
    /// Listens, and starts discovery if it is on. Must be called inside a tokio runtime.
    pub fn start(config: Config) -> Result<(Self, mpsc::Receiver<TransportEvent>), StartError> {
        let provider = tls::provider();
        let server = socket::server(&provider).map_err(|error| StartError::Tls(error.to_string()))?;
        let dialling = socket::client(&provider).map_err(|error| StartError::Tls(error.to_string()))?;
        let cannot = |why| StartError::Bind { bind: config.bind, why };
        let endpoint = socket::listen(config.bind, server).map_err(cannot)?;
        let bound = endpoint.local_addr().map_err(cannot)?;

        let (events, heard) = mpsc::channel(EVENTS);
        let accepting = tokio::spawn(accept_all(endpoint.clone(), events.clone()));
        let discovery = config.discovery.then(|| {
            let (shown, wanted) = watch::channel(None);
            let task = tokio::spawn(discovery::run(bound, wanted, events));
            Discovery { shown: Mutex::new(Some(shown)), task: Mutex::new(Some(task)) }
        });
        Ok((Self { endpoint, dialling, bound, accepting, discovery }, heard))
    }

    /// The sockets at which others may reach this device, loopback last.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        address::reachable(self.bound)
    }
}

impl Transport for QuicTransport {
    fn scheme(&self) -> &'static str {
        address::SCHEME
    }

    fn advertise(&self, beacon: Option<Beacon>) {
        let Some(discovery) = &self.discovery else { return };
        if let Some(shown) = &*discovery.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            shown.send_if_modified(|now| core::mem::replace(now, beacon) != beacon);
        }
    }

    fn dial(&self, address: Address) -> Pending<'static, Result<Connection, DialError>> {
        let (endpoint, dialling) = (self.endpoint.clone(), self.dialling.clone());
        Box::pin(async move {
            let peer = address::to_socket(&address)?;
            let unreachable = |why: String| DialError::Unreachable { address: address.clone(), why };
            socket::check_route(peer).map_err(|error| unreachable(error.to_string()))?;
            let connecting = match endpoint.connect_with(dialling, peer, tls::NOBODY) {
                Ok(connecting) => connecting,
                Err(ConnectError::EndpointStopping) => return Err(DialError::ShutDown),
                Err(error) => return Err(unreachable(error.to_string())),
            };
            let connect = async { pipe::dial(connecting.await?).await };
            match timeout(limits::HANDSHAKE_TIMEOUT, connect).await {
                Ok(connected) => connected.map_err(|error| explain(error, address)),
                Err(_) => Err(silent(address)),
            }
        })
    }

    fn addresses(&self) -> Vec<Address> {
        self.local_addresses().into_iter().filter_map(address::from_socket).collect()
    }

    fn shutdown(&self) -> Pending<'static, ()> {
        self.endpoint.close(code::DONE, b"");
        let endpoint = self.endpoint.clone();
        let discovery = self.discovery.as_ref().and_then(Discovery::stop);
        Box::pin(async move {
            // Past the deadline those who did not hear of it find out by themselves.
            let _ = timeout(limits::SHUTDOWN_TIMEOUT, endpoint.wait_idle()).await;
            let Some(mut discovery) = discovery else { return };
            if timeout(limits::SHUTDOWN_TIMEOUT, &mut discovery).await.is_err() {
                discovery.abort();
            }
        })
    }
}

impl Discovery {
    fn stop(&self) -> Option<JoinHandle<()>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.task.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for QuicTransport {
    fn drop(&mut self) {
        self.endpoint.close(code::DONE, b"");
        self.accepting.abort();
    }
}

impl fmt::Debug for QuicTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuicTransport").field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// Accepts callers until the endpoint is closed, each in a task of its own, so that a slow one holds up no other.
async fn accept_all(endpoint: Endpoint, events: mpsc::Sender<TransportEvent>) {
    let admission = Arc::new(Admission::default());
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            incoming = endpoint.accept() => match incoming {
                Some(incoming) => admit(incoming, &admission, &mut handshakes, &events),
                None => return,
            },
            Some(_) = handshakes.join_next() => {}
        }
    }
}

fn admit(
    incoming: Incoming,
    admission: &Arc<Admission>,
    handshakes: &mut JoinSet<()>,
    events: &mpsc::Sender<TransportEvent>,
) {
    if handshakes.len() >= limits::UNVALIDATED && !incoming.remote_address_validated() {
        if incoming.retry().is_err() {
            tracing::debug!("a caller could not be asked to show that its address is its own");
        }
        return;
    }
    let Some(place) = admission.enter(incoming.remote_address().ip()) else {
        tracing::debug!("too many connections: a caller was refused");
        incoming.refuse();
        return;
    };
    let events = events.clone();
    handshakes.spawn(async move {
        let accept = async { pipe::accept(incoming.await?, place).await };
        match timeout(limits::HANDSHAKE_TIMEOUT, accept).await {
            // The driver is gone if it can't be told; then the connection goes too.
            Ok(Ok(connection)) => drop(events.send(TransportEvent::Incoming(connection)).await),
            Ok(Err(error)) => tracing::debug!(%error, "a caller's handshake failed"),
            Err(_) => tracing::debug!("a caller's handshake took too long"),
        }
    });
}

fn silent(address: Address) -> DialError {
    DialError::Silent { address, seconds: limits::HANDSHAKE_TIMEOUT.as_secs() }
}

fn explain(error: SetupError, address: Address) -> DialError {
    match error {
        SetupError::Lost(ConnectionError::TimedOut) => silent(address),
        SetupError::Lost(ConnectionError::LocallyClosed) => DialError::ShutDown,
        SetupError::Lost(ConnectionError::ApplicationClosed(_)) => DialError::Refused { address },
        SetupError::Lost(ConnectionError::ConnectionClosed(close))
            if close.error_code == TransportErrorCode::CONNECTION_REFUSED =>
        {
            DialError::Refused { address }
        }
        error => DialError::Foreign { address, why: error.to_string() },
    }
}

#[cfg(test)]
mod tests;
