use core::time::Duration;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quinn::{ConnectError, Connecting, Connection, Endpoint};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::interfaces::Interfaces;
use crate::network::Pulse;
use crate::pipe::code;
use crate::{limits, socket, tls};

/// One socket for each IP version, opened when it is first dialled from and kept.
#[derive(Default)]
pub(super) struct Sockets {
    open: Mutex<Open>,
    dialled: Notify,
}

#[derive(Default)]
struct Open {
    closed: bool,
    v4: Option<Endpoint>,
    v6: Option<Endpoint>,
    connections: Vec<Connection>,
}

/// Why nothing was dialled.
pub(super) enum Refused {
    /// It is over.
    Closed,
    /// The system does not let us, or the address is none to dial.
    No(String),
}

impl Sockets {
    /// Begins a handshake.
    pub(super) fn connect(&self, config: quinn::ClientConfig, way: SocketAddr) -> Result<Connecting, Refused> {
        let endpoint = self.endpoint(way.is_ipv6())?;
        endpoint.connect_with(config, way, tls::NOBODY).map_err(|error| match error {
            ConnectError::EndpointStopping => Refused::Closed,
            error => Refused::No(error.to_string()),
        })
    }

    /// Looks after a connection from now on.
    pub(super) fn note(&self, connection: Connection) {
        let mut open = self.lock();
        open.connections.retain(|known| known.close_reason().is_none());
        open.connections.push(connection);
        drop(open);
        self.dialled.notify_one();
    }

    /// Ends everything, and gives what is to be waited for.
    pub(super) fn close(&self) -> Vec<Endpoint> {
        let mut open = self.lock();
        open.closed = true;
        open.connections.clear();
        let all: Vec<_> = [open.v4.take(), open.v6.take()].into_iter().flatten().collect();
        all.iter().for_each(|endpoint| endpoint.close(code::DONE, b""));
        all
    }

    /// Goes on from new sockets: this machine has come to another network, where the old ones may lead nowhere. The servers
    /// see each connection come from elsewhere, and it goes on.
    pub(super) fn rebind(&self) {
        let open = self.lock();
        for (endpoint, is_v6) in [(&open.v4, false), (&open.v6, true)] {
            let Some(endpoint) = endpoint else { continue };
            let moved = socket::unbound(is_v6).and_then(|socket| endpoint.rebind(socket));
            if let Err(error) = moved {
                tracing::debug!(%error, "the old socket to servers stays");
            }
        }
    }

    /// Ends every connection: the servers have given them up.
    fn cut(&self) {
        self.lock().connections.drain(..).for_each(|connection| connection.close(code::DONE, b""));
    }

    fn is_idle(&self) -> bool {
        let mut open = self.lock();
        open.connections.retain(|known| known.close_reason().is_none());
        open.connections.is_empty()
    }

    fn endpoint(&self, is_v6: bool) -> Result<Endpoint, Refused> {
        let mut open = self.lock();
        if open.closed {
            return Err(Refused::Closed);
        }
        let place = if is_v6 { &mut open.v6 } else { &mut open.v4 };
        if let Some(endpoint) = place {
            return Ok(endpoint.clone());
        }
        let opened = socket::dialler(is_v6).map_err(|error: io::Error| Refused::No(error.to_string()))?;
        Ok(place.insert(opened).clone())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches the network while there are connections.
pub(super) async fn watch(sockets: Arc<Sockets>) {
    loop {
        sockets.dialled.notified().await;
        let mut seen = Seen::now();
        while !sockets.is_idle() {
            sleep(limits::NETWORK_CHECK).await;
            match seen.look(Seen::now()) {
                Change::None => {}
                Change::Moved => sockets.rebind(),
                Change::Slept => sockets.cut(),
            }
        }
    }
}

/// What was seen last.
struct Seen {
    pulse: Pulse,
    addresses: Vec<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    Moved,
    Slept,
}

impl Seen {
    fn now() -> Self {
        Self { pulse: Pulse::now(), addresses: Interfaces::now().addresses }
    }

    fn look(&mut self, now: Self) -> Change {
        let before = core::mem::replace(self, now);
        let gap: Duration = before.pulse.until(&self.pulse);
        if gap > limits::SERVER_IDLE_TIMEOUT {
            Change::Slept
        } else if before.addresses != self.addresses {
            Change::Moved
        } else {
            Change::None
        }
    }
}

#[cfg(test)]
mod tests;
