use core::fmt;
use core::time::Duration;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use lamplit_tls::TlsError;
use lamplit_transport::{Address, Connection, DialError, EVENTS, Hearing, Pending, Transport, TransportEvent};
use lamplit_types::Beacon;
use quinn::{ConnectError, ConnectionError, TransportErrorCode};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::discovery::Discovery;
use crate::endpoints::{Endpoints, OpenError};
use crate::interfaces::Interfaces;
use crate::network::{self, Network};
use crate::pipe::{self, SetupError};
use crate::{address, limits, socket, tls};

/// How to start.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Where to listen; port 0 lets the system choose, and then each beacon is shown with a port of its own. `[::]` takes
    /// IPv4 too.
    pub bind: SocketAddr,
    /// Whether to show beacons by DNS-SD and look for those of others. Without it only known addresses are dialled.
    pub discovery: bool,
    /// The longest pause between two names ([`limits::ROTATION_PAUSE`]). Tests have no time for it.
    pub pause: Duration,
}

impl Default for Config {
    /// Every address, a port of the system's choice, discovery on.
    fn default() -> Self {
        Self { bind: (Ipv6Addr::UNSPECIFIED, 0).into(), discovery: true, pause: limits::ROTATION_PAUSE }
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
    endpoints: Arc<Endpoints>,
    dialling: quinn::ClientConfig,
    hearing: watch::Receiver<Hearing>,
    watching: JoinHandle<()>,
    discovery: Option<Showing>,
    _network: watch::Receiver<Network>,
}

/// The task that shows beacons and looks for them.
struct Showing {
    /// Emptied to end the task.
    shown: Mutex<Option<watch::Sender<Option<Beacon>>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl QuicTransport {
    /// Listens, and starts discovery if it is on. Must be called inside a tokio runtime.
    pub fn start(config: Config) -> Result<(Self, mpsc::Receiver<TransportEvent>), StartError> {
        let provider = tls::provider();
        let tls = |error: TlsError| StartError::Tls(error.to_string());
        let dialling = socket::client(&provider).map_err(tls)?;
        let (events, heard) = mpsc::channel(EVENTS);
        let endpoints = Endpoints::open(config.bind, provider, events.clone()).map_err(|error| match error {
            OpenError::Tls(error) => tls(error),
            OpenError::Bind(why) => StartError::Bind { bind: config.bind, why },
        })?;
        let (changes, network) = watch::channel(Network::now());
        let watching = tokio::spawn(network::watch(endpoints.clone(), changes));
        let (hears, hearing) = watch::channel(if config.discovery { Hearing::Untested } else { Hearing::Off });
        let discovery = config.discovery.then(|| {
            let (shown, wanted) = watch::channel(None);
            let discovery = Discovery::new(endpoints.clone(), events, hears, config.pause);
            let task = tokio::spawn(discovery.run(wanted, network.clone()));
            Showing { shown: Mutex::new(Some(shown)), task: Mutex::new(Some(task)) }
        });
        Ok((Self { endpoints, dialling, hearing, watching, discovery, _network: network }, heard))
    }

    /// The sockets at which others may reach this device, loopback last.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        address::reachable(self.endpoints.bound())
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
        let (endpoints, dialling) = (self.endpoints.clone(), self.dialling.clone());
        Box::pin(async move {
            let ways = address::ways_to(address::to_socket(&address)?, Interfaces::now);
            let mut tries: JoinSet<_> = ways
                .into_iter()
                .map(|peer| dial_at(endpoints.clone(), dialling.clone(), peer, address.clone()))
                .collect();
            let why = "no interface has link-local addresses".to_owned();
            let mut outcome = Err(DialError::Unreachable { address, why });
            while let Some(tried) = tries.join_next().await {
                match tried {
                    Ok(Ok(connection)) => return Ok(connection),
                    Ok(failed) => outcome = failed,
                    // Only what panics ends so.
                    Err(_) => {}
                }
            }
            outcome
        })
    }

    fn addresses(&self) -> Vec<Address> {
        self.local_addresses().into_iter().filter_map(address::from_socket).collect()
    }

    fn hearing(&self) -> Hearing {
        *self.hearing.borrow()
    }

    fn shutdown(&self) -> Pending<'static, ()> {
        self.watching.abort();
        let closing = self.endpoints.close();
        let discovery = self.discovery.as_ref().and_then(Showing::stop);
        Box::pin(async move {
            // Past the deadline those who did not hear of it find out by themselves.
            let idle = async {
                for endpoint in &closing {
                    endpoint.wait_idle().await;
                }
            };
            let _ = timeout(limits::SHUTDOWN_TIMEOUT, idle).await;
            let Some(mut discovery) = discovery else { return };
            if timeout(limits::SHUTDOWN_TIMEOUT, &mut discovery).await.is_err() {
                discovery.abort();
            }
        })
    }
}

impl Showing {
    fn stop(&self) -> Option<JoinHandle<()>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.task.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for QuicTransport {
    fn drop(&mut self) {
        self.watching.abort();
        self.endpoints.close();
    }
}

impl fmt::Debug for QuicTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuicTransport").field("bound", &self.endpoints.bound()).finish_non_exhaustive()
    }
}

async fn dial_at(
    endpoints: Arc<Endpoints>,
    dialling: quinn::ClientConfig,
    peer: SocketAddr,
    address: Address,
) -> Result<Connection, DialError> {
    let unreachable = |why: String| DialError::Unreachable { address: address.clone(), why };
    socket::check_route(peer).map_err(|error| unreachable(error.to_string()))?;
    let connecting = match endpoints.dialling().connect_with(dialling, peer, tls::NOBODY) {
        Ok(connecting) => connecting,
        Err(ConnectError::EndpointStopping) => return Err(DialError::ShutDown),
        Err(error) => return Err(unreachable(error.to_string())),
    };
    let connect = async {
        let connection = connecting.await?;
        let pipe = pipe::dial(connection.clone()).await?;
        endpoints.note(connection);
        Ok(pipe)
    };
    match timeout(limits::HANDSHAKE_TIMEOUT, connect).await {
        Ok(connected) => connected.map_err(|error| explain(error, address)),
        Err(_) => Err(silent(address)),
    }
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
