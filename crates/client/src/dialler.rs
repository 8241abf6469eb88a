use std::sync::Arc;

use lamplit_node::{Address, DialId};
use lamplit_transport::{Connection, DialError, Pending, Transport};
use lamplit_types::Beacon;
use tokio::{sync::mpsc, time::timeout};

use crate::{driver::Incident, limits};

/// The transports, and what a device does with all of them.
pub(crate) struct Dialler {
    transports: Arc<[Arc<dyn Transport>]>,
    inbox: mpsc::Sender<Incident>,
    running: usize,
}

impl Dialler {
    pub(crate) const fn new(transports: Arc<[Arc<dyn Transport>]>, inbox: mpsc::Sender<Incident>) -> Self {
        Self { transports, inbox, running: 0 }
    }

    /// Dials on the transport that the address names; what comes of it goes to the inbox.
    pub(crate) fn dial(&mut self, dial: DialId, address: Address) {
        let dialling = if self.running < limits::DIALS { self.begin(address) } else { None };
        self.running = self.running.saturating_add(1);
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let connection = match dialling {
                Some(dialling) => dialling.await.inspect_err(explain).ok(),
                None => None,
            };
            // If nobody listens any more, the connection ends by being dropped.
            let _ = inbox.send(Incident::Dialled(dial, connection)).await;
        });
    }

    /// To be called for every dial that came to the inbox.
    pub(crate) const fn done(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    pub(crate) fn advertise(&self, beacon: Beacon) {
        for transport in self.transports.iter() {
            transport.advertise(Some(beacon));
        }
    }

    pub(crate) async fn shutdown(&self) {
        for transport in self.transports.iter() {
            if timeout(limits::GOODBYE, transport.shutdown()).await.is_err() {
                tracing::debug!("a transport did not shut down in time");
            }
        }
    }

    fn begin(&self, Address(text): Address) -> Option<Pending<'static, Result<Connection, DialError>>> {
        let address = lamplit_transport::Address::parse(&text).ok()?;
        let transport = self.transports.iter().find(|transport| transport.scheme() == address.scheme())?;
        Some(transport.dial(address))
    }
}

/// Logs why a dial led nowhere, without the address.
fn explain(error: &DialError) {
    let reason = match error {
        DialError::Address { .. } => "no address to dial",
        DialError::Unreachable { .. } => "no way there",
        DialError::Silent { .. } => "nobody answered",
        DialError::Refused { .. } => "refused",
        DialError::Foreign { .. } => "answered in another protocol",
        DialError::ShutDown => "shut down",
    };
    tracing::debug!(reason, "a dial led nowhere");
}
