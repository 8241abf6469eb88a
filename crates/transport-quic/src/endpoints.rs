//! The sockets of this device.
//!
//! Others are told two ports, and neither says anything of the other. The **door** is in invitations and what is typed
//! by hand, so it stays as long as the process runs; nothing on the network shows it. The **shown** port goes with a
//! beacon and is as new as that: an SRV record that kept its port would link all names of a device. The ports before it
//! take callers until everybody has forgotten the names they went with, and carry their connections to their end.
//!
//! Who chose a port chose the one that a firewall lets through: then it is door and shown port in one.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use lamplit_transport::TransportEvent;
use quinn::{Endpoint, Incoming};
use rustls::crypto::CryptoProvider;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::admission::Admission;
use crate::pipe::{self, SetupError, code};
use crate::{limits, socket};
use lamplit_tls::TlsError;

/// Every socket that listens or dials.
pub(crate) struct Endpoints {
    provider: Arc<CryptoProvider>,
    admission: Arc<Admission>,
    chosen: SocketAddr,
    bound: SocketAddr,
    door: Listening,
    moving: Mutex<Moving>,
}

struct Moving {
    /// Where callers are told; none once everything is closed.
    events: Option<mpsc::Sender<TransportEvent>>,
    shown: Option<Listening>,
    /// Shown before, the latest last, each with when it was replaced.
    before: VecDeque<(Listening, Instant)>,
    /// Everything that is connected.
    connections: Vec<quinn::Connection>,
}

/// An endpoint and the task that takes its callers.
struct Listening {
    endpoint: Endpoint,
    accepting: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Why the sockets could not be opened.
pub(crate) enum OpenError {
    /// TLS could not be set up.
    Tls(TlsError),
    /// The system did not let us listen.
    Bind(io::Error),
}

impl Endpoints {
    /// Opens the door.
    pub(crate) fn open(
        chosen: SocketAddr,
        provider: Arc<CryptoProvider>,
        events: mpsc::Sender<TransportEvent>,
    ) -> Result<Arc<Self>, OpenError> {
        let server = socket::server(&provider).map_err(OpenError::Tls)?;
        let endpoint = socket::listen(chosen, server).map_err(OpenError::Bind)?;
        let bound = endpoint.local_addr().map_err(OpenError::Bind)?;
        Ok(Arc::new_cyclic(|endpoints| {
            let accepting = tokio::spawn(accept_all(endpoint.clone(), endpoints.clone()));
            let door = Listening { endpoint, accepting };
            let moving = Moving { events: Some(events), shown: None, before: VecDeque::new(), connections: Vec::new() };
            Self { provider, admission: Arc::default(), chosen, bound, door, moving: Mutex::new(moving) }
        }))
    }

    /// The door's socket.
    pub(crate) const fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Opens a new port to show from `now` on, with a key of its own, and gives it. None if the system has none to give now.
    pub(crate) fn renew(self: &Arc<Self>, now: Instant) -> Option<u16> {
        if self.chosen.port() != 0 {
            return Some(self.chosen.port());
        }
        let server = socket::server(&self.provider).ok()?;
        let bind = SocketAddr::new(self.bound.ip(), 0);
        let opened = socket::listen(bind, server).and_then(|endpoint| Ok((endpoint.local_addr()?.port(), endpoint)));
        let (port, endpoint) = opened.inspect_err(|error| tracing::warn!(%error, "no port can be opened now")).ok()?;
        let accepting = tokio::spawn(accept_all(endpoint.clone(), Arc::downgrade(self)));
        let mut moving = self.lock();
        moving.events.as_ref()?;
        if let Some(before) = moving.shown.replace(Listening { endpoint, accepting }) {
            moving.before.push_back((before, now));
        }
        if moving.before.len() > limits::PORTS_BEFORE
            && let Some((oldest, _)) = moving.before.pop_front()
        {
            oldest.endpoint.close(code::DONE, b"");
        }
        Some(port)
    }

    /// The endpoint to dial from: the latest port, so that no packet bears one that other names went with.
    pub(crate) fn dialling(&self) -> Endpoint {
        self.lock().shown.as_ref().unwrap_or(&self.door).endpoint.clone()
    }

    /// Remembers a connection, to end it when the network does.
    pub(crate) fn note(&self, connection: quinn::Connection) {
        let mut moving = self.lock();
        moving.connections.retain(|known| known.close_reason().is_none());
        moving.connections.push(connection);
    }

    /// Ends the connections that `is_cut` says are cut.
    pub(crate) fn cut(&self, is_cut: impl Fn(&quinn::Connection) -> bool) {
        self.lock().connections.retain(|connection| {
            if is_cut(connection) {
                connection.close(code::DONE, b"");
            }
            connection.close_reason().is_none()
        });
    }

    /// Lets go of ports that nobody can know any more.
    pub(crate) fn tidy(&self, now: Instant) {
        let mut moving = self.lock();
        moving.connections.retain(|known| known.close_reason().is_none());
        moving.before.retain(|(before, since)| {
            if now.saturating_duration_since(*since) < limits::PORT_KNOWN {
                return true;
            }
            before.endpoint.set_server_config(None);
            before.endpoint.open_connections() > 0
        });
    }

    /// Ends everything, and gives what is to be waited for.
    pub(crate) fn close(&self) -> Vec<Endpoint> {
        let mut moving = self.lock();
        moving.events = None;
        moving.connections.clear();
        let before = moving.before.iter().map(|(before, _)| before);
        let all: Vec<_> = before.chain(&moving.shown).chain([&self.door]).map(|one| one.endpoint.clone()).collect();
        all.iter().for_each(|endpoint| endpoint.close(code::DONE, b""));
        all
    }

    fn lock(&self) -> MutexGuard<'_, Moving> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(self: &Arc<Self>, incoming: Incoming, handshakes: &mut JoinSet<()>) {
        if handshakes.len() >= limits::UNVALIDATED && !incoming.remote_address_validated() {
            if incoming.retry().is_err() {
                tracing::debug!("a caller could not be asked to show that its address is its own");
            }
            return;
        }
        let Some(place) = self.admission.enter(incoming.remote_address().ip()) else {
            tracing::debug!("too many connections: a caller was refused");
            incoming.refuse();
            return;
        };
        let Some(events) = self.lock().events.clone() else { return };
        let endpoints = Arc::downgrade(self);
        handshakes.spawn(async move {
            let accept = async {
                let connection = incoming.await?;
                let noted = connection.clone();
                let pipe = pipe::accept(connection, place).await?;
                if let Some(endpoints) = endpoints.upgrade() {
                    endpoints.note(noted);
                }
                Ok::<_, SetupError>(pipe)
            };
            match timeout(limits::HANDSHAKE_TIMEOUT, accept).await {
                // The driver is gone if it can't be told; then the connection goes too.
                Ok(Ok(connection)) => drop(events.send(TransportEvent::Incoming(connection)).await),
                Ok(Err(error)) => tracing::debug!(%error, "a caller's handshake failed"),
                Err(_) => tracing::debug!("a caller's handshake took too long"),
            }
        });
    }
}

/// Accepts callers until the endpoint is closed, each in a task of its own, so that a slow one holds up no other.
async fn accept_all(endpoint: Endpoint, endpoints: Weak<Endpoints>) {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            incoming = endpoint.accept() => match (incoming, endpoints.upgrade()) {
                (Some(incoming), Some(endpoints)) => endpoints.admit(incoming, &mut handshakes),
                _ => return,
            },
            Some(_) = handshakes.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests;
