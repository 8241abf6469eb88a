use std::{collections::BTreeMap, sync::Arc};

use lamplit_transport::{Address, Connection, Lanes, LinkKind, PipeReceiver};
use lamplit_types::{Channel, LinkId, Pipe};
use tokio::sync::mpsc;

use crate::{driver::Incident, limits, outlet::Outlet};

/// The links of a device. Each has a task that reads it into the inbox, and an [`Outlet`].
pub(crate) struct Links {
    open: BTreeMap<LinkId, Open>,
    last: u64,
    inbox: mpsc::Sender<Incident>,
}

struct Open {
    outlet: Outlet,
    lanes: Option<Arc<dyn Lanes>>,
    way: Way,
}

/// The way a link takes.
pub(crate) struct Way {
    pub(crate) kind: LinkKind,
    pub(crate) address: Option<Address>,
}

impl Links {
    pub(crate) const fn new(inbox: mpsc::Sender<Incident>) -> Self {
        Self { open: BTreeMap::new(), last: 0, inbox }
    }

    /// Numbers a connection and reads from it; none if there are too many, and it is closed.
    pub(crate) fn open(&mut self, connection: Connection) -> Option<(LinkId, Pipe)> {
        if self.open.len() >= limits::LINKS {
            tracing::warn!("{} links are open: a further one was closed", limits::LINKS);
            connection.sender.close();
            return None;
        }
        self.last = self.last.saturating_add(1);
        let link = LinkId(self.last);
        let way = Way { kind: connection.kind, address: connection.peer };
        self.open.insert(link, Open { outlet: Outlet::new(connection.sender), lanes: connection.lanes, way });
        tokio::spawn(read(link, connection.receiver, self.inbox.clone()));
        Some((link, connection.pipe))
    }

    /// The lanes of a link, if it has them.
    pub(crate) fn lanes(&self, link: LinkId) -> Option<Arc<dyn Lanes>> {
        self.open.get(&link)?.lanes.clone()
    }

    /// Which way a link takes.
    pub(crate) fn way(&self, link: LinkId) -> Option<&Way> {
        self.open.get(&link).map(|open| &open.way)
    }

    /// Whether what comes from a link still matters.
    pub(crate) fn is_open(&self, link: LinkId) -> bool {
        self.open.contains_key(&link)
    }

    /// Queues bytes. A link that doesn't take them in is ended; its reader says so to the inbox.
    pub(crate) fn send(&mut self, link: LinkId, channel: Channel, bytes: Vec<u8>) {
        if self.open.get_mut(&link).is_some_and(|open| open.outlet.send(channel, bytes).is_err()) {
            tracing::debug!("a link that takes nothing in was ended");
            self.cut(link);
        }
    }

    /// Ends a link after what was sent before, and forgets it.
    pub(crate) fn close(&mut self, link: LinkId) {
        if let Some(open) = self.open.remove(&link) {
            open.outlet.close();
        }
    }

    /// Ends a link at once; its reader says so to the inbox.
    pub(crate) fn cut(&self, link: LinkId) {
        if let Some(open) = self.open.get(&link) {
            open.outlet.cut();
        }
    }

    /// Forgets a link that ended. False if that was known.
    pub(crate) fn ended(&mut self, link: LinkId) -> bool {
        self.open.remove(&link).is_some()
    }

    pub(crate) fn close_all(&mut self) {
        while let Some((_, open)) = self.open.pop_first() {
            open.outlet.close();
        }
    }
}

async fn read(link: LinkId, mut receiver: Box<dyn PipeReceiver>, inbox: mpsc::Sender<Incident>) {
    while let Some((channel, bytes)) = receiver.receive().await {
        if inbox.send(Incident::Received(link, channel, bytes)).await.is_err() {
            return;
        }
    }
    // If nobody listens any more, nobody needs to know.
    let _ = inbox.send(Incident::Ended(link)).await;
}
