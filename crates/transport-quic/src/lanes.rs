use lamplit_transport::{LANES, Lane, Lanes, Pending, SendError};
use quinn::{Connection, RecvStream, SendStream};

use crate::limits;

/// Lower than that of every class, so that no file holds up a message.
const PRIORITY: i32 = -1;

/// Further streams of a connection.
pub(crate) struct QuicLanes {
    connection: Connection,
    /// Streams of the classes that the other side opened, which count beside its lanes.
    opened_by_peer: u32,
}

impl QuicLanes {
    pub(crate) fn new(connection: Connection, opened_by_peer: usize) -> Self {
        Self { connection, opened_by_peer: u32::try_from(opened_by_peer).unwrap_or(0) }
    }
}

impl Lanes for QuicLanes {
    fn allow(&self) {
        self.connection.set_receive_window(limits::LANES_WINDOW.into());
        self.connection.set_send_window(limits::LANES_WINDOW.into());
        self.connection.set_max_concurrent_bi_streams(self.opened_by_peer.saturating_add(LANES).into());
    }

    fn open(&self) -> Pending<'static, Result<Lane, SendError>> {
        let connection = self.connection.clone();
        Box::pin(async move {
            let (send, receive) = connection.open_bi().await.map_err(|_| SendError::Closed)?;
            Ok(lane(send, receive))
        })
    }

    fn accept(&self) -> Pending<'static, Option<Lane>> {
        let connection = self.connection.clone();
        Box::pin(async move {
            let (send, receive) = connection.accept_bi().await.ok()?;
            Some(lane(send, receive))
        })
    }
}

fn lane(send: SendStream, receive: RecvStream) -> Lane {
    // It only fails on a stream that has ended; that is found out by writing.
    let _ = send.set_priority(PRIORITY);
    Lane { reader: Box::new(receive), writer: Box::new(send) }
}
