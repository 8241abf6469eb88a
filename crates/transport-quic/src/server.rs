//! The way to a server: one QUIC connection whose both ends prove their keys in TLS, with one stream.

mod address;
mod pipe;
mod sockets;

use core::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use lamplit_tls::{Identity, is_another_key};
use lamplit_transport::{Address, Connection, DialError, EVENTS, Pending, Transport, TransportEvent};
use lamplit_types::Beacon;
use quinn::{ConnectionError, TransportErrorCode};
use rustls::crypto::CryptoProvider;
use tokio::net::lookup_host;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

pub use self::address::{Host, ServerAddress, ServerAddressError};
use self::sockets::{Refused, Sockets};
use crate::address::ways_to;
use crate::interfaces::Interfaces;
use crate::pipe::SetupError;
use crate::{limits, socket, tls};

/// Connections to servers, as a [`Transport`]: it shows this device to nobody, sees nobody, and is never dialled. It opens no
/// socket before the first dial.
///
/// A connection carries [`Class::Control`](lamplit_types::Class::Control) and packets, and nothing else. It goes on when this
/// device comes to another network.
pub struct ServerTransport {
    identity: Arc<dyn Identity>,
    provider: Arc<CryptoProvider>,
    sockets: Arc<Sockets>,
    watching: JoinHandle<()>,
    /// Held until the end: whoever listens learns that it is over.
    events: Mutex<Option<mpsc::Sender<TransportEvent>>>,
}

impl ServerTransport {
    /// Dials as the device whose key `identity` holds. Must be called inside a tokio runtime.
    pub fn new(identity: Arc<dyn Identity>) -> (Self, mpsc::Receiver<TransportEvent>) {
        let (events, heard) = mpsc::channel(EVENTS);
        let sockets = Arc::<Sockets>::default();
        let watching = tokio::spawn(sockets::watch(sockets.clone()));
        let events = Mutex::new(Some(events));
        (Self { identity, provider: tls::provider(), sockets, watching, events }, heard)
    }

    fn begin(&self, whole: &Address) -> Result<Dial, DialError> {
        let server = parse(whole)?;
        let address = shown(&server, whole);
        match socket::to_server(&self.provider, self.identity.clone(), server.key.0) {
            Ok(config) => Ok(Dial { server, address, config, sockets: self.sockets.clone() }),
            Err(error) => Err(DialError::Unreachable { address, why: error.to_string() }),
        }
    }

    fn stop(&self) {
        self.watching.abort();
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Transport for ServerTransport {
    fn scheme(&self) -> &'static str {
        address::SCHEME
    }

    fn advertise(&self, _beacon: Option<Beacon>) {}

    fn dial(&self, address: Address) -> Pending<'static, Result<Connection, DialError>> {
        let dial = self.begin(&address);
        Box::pin(async move {
            let dial = dial?;
            match timeout(limits::SERVER_DIAL_TIMEOUT, dial.run()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(silent(dial.address)),
            }
        })
    }

    fn addresses(&self) -> Vec<Address> {
        Vec::new()
    }

    fn shutdown(&self) -> Pending<'static, ()> {
        self.stop();
        let closing = self.sockets.close();
        Box::pin(async move {
            let idle = async {
                for endpoint in &closing {
                    endpoint.wait_idle().await;
                }
            };
            // Past the deadline the server finds out by itself.
            let _ = timeout(limits::SHUTDOWN_TIMEOUT, idle).await;
        })
    }
}

impl Drop for ServerTransport {
    fn drop(&mut self) {
        self.stop();
        self.sockets.close();
    }
}

impl fmt::Debug for ServerTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTransport").finish_non_exhaustive()
    }
}

fn parse(address: &Address) -> Result<ServerAddress, DialError> {
    let wrong = |error: ServerAddressError| DialError::Address { address: address.clone(), why: error.to_string() };
    address.as_str().parse().map_err(wrong)
}

/// The address as errors show it, without the key.
fn shown(server: &ServerAddress, whole: &Address) -> Address {
    server.place().unwrap_or_else(|| whole.clone())
}

/// One dial.
struct Dial {
    server: ServerAddress,
    address: Address,
    config: quinn::ClientConfig,
    sockets: Arc<Sockets>,
}

impl Dial {
    async fn run(&self) -> Result<Connection, DialError> {
        let ways = self.resolve().await?;
        self.try_all(ways).await
    }

    /// Tries the addresses of the server one after the other, without waiting for one to fail.
    async fn try_all(&self, ways: Vec<SocketAddr>) -> Result<Connection, DialError> {
        let mut tries = JoinSet::new();
        for (way, after) in ways.into_iter().zip(0..) {
            let (sockets, config, address) = (self.sockets.clone(), self.config.clone(), self.address.clone());
            tries.spawn(async move {
                sleep(limits::SERVER_NEXT_ADDRESS * after).await;
                connect(&sockets, config, way, address).await
            });
        }
        let mut outcome = Err(self.unreachable("it has no address"));
        while let Some(tried) = tries.join_next().await {
            match tried {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(failed)) => outcome = Err(worse(outcome, failed)),
                // Only what panics ends so.
                Err(_) => {}
            }
        }
        outcome
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, DialError> {
        let port = self.server.port;
        let mut found = match &self.server.host {
            Host::Ip(ip) => ways_to(SocketAddr::new(ip.to_canonical(), port), Interfaces::now),
            Host::Name(name) => {
                let found = lookup_host((name.as_str(), port)).await;
                found.map_err(|error| self.unreachable(&format!("its name was not found: {error}")))?.collect()
            }
        };
        found.truncate(limits::SERVER_ADDRESSES);
        Ok(found)
    }

    fn unreachable(&self, why: &str) -> DialError {
        DialError::Unreachable { address: self.address.clone(), why: why.to_owned() }
    }
}

/// Of two ways that led nowhere, what is to be told: that somebody answered says more than that nobody did.
fn worse(outcome: Result<Connection, DialError>, failed: DialError) -> DialError {
    match (outcome, failed) {
        (
            Err(told @ (DialError::Foreign { .. } | DialError::Refused { .. })),
            DialError::Silent { .. } | DialError::Unreachable { .. },
        ) => told,
        (_, failed) => failed,
    }
}

async fn connect(
    sockets: &Sockets,
    config: quinn::ClientConfig,
    way: SocketAddr,
    address: Address,
) -> Result<Connection, DialError> {
    let unreachable = |why: String| DialError::Unreachable { address: address.clone(), why };
    socket::check_route(way).map_err(|error| unreachable(error.to_string()))?;
    let connecting = match sockets.connect(config, way) {
        Ok(connecting) => connecting,
        Err(Refused::Closed) => return Err(DialError::ShutDown),
        Err(Refused::No(why)) => return Err(unreachable(why)),
    };
    let connected = async {
        let connection = connecting.await?;
        let pipe = pipe::dial(connection.clone(), Some(address.clone())).await?;
        sockets.note(connection);
        Ok(pipe)
    };
    connected.await.map_err(|error| explain(error, address.clone()))
}

fn silent(address: Address) -> DialError {
    DialError::Silent { address, seconds: limits::SERVER_DIAL_TIMEOUT.as_secs() }
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
        SetupError::Lost(error) if is_another_key(&error) => DialError::Foreign {
            address,
            why: "its key is another than the one it is known by, so it is another server".to_owned(),
        },
        error => DialError::Foreign { address, why: error.to_string() },
    }
}

#[cfg(test)]
mod tests;
