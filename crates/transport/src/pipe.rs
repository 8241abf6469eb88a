use core::fmt;
use std::sync::Arc;

use lamplit_types::{Channel, Pipe};

use crate::{Address, Lanes, Pending};

/// What kind of way a connection takes; of two ways to one device the lesser kind is taken first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkKind {
    /// The local network: fast and free.
    Lan,
    /// Bluetooth Low Energy: near, slow, and paid for in battery.
    Ble,
    /// Through the server: everywhere, and paid for in data.
    Server,
}

/// A pipe to another device, whoever that is. It ends, for both sides, when [`PipeSender::close`] is called, when the
/// last clone of `sender` or when `receiver` is dropped, or when the network gives up; what was on its way may be
/// lost then.
pub struct Connection {
    /// What the pipe does for us.
    pub pipe: Pipe,
    /// What kind of way it takes.
    pub kind: LinkKind,
    /// Where the other end is, if this carrier knows such places. It may have moved since.
    pub peer: Option<Address>,
    /// The half that sends.
    pub sender: Arc<dyn PipeSender>,
    /// The half that receives.
    pub receiver: Box<dyn PipeReceiver>,
    /// Lanes beside the pipe, if it has them. They end with it.
    pub lanes: Option<Arc<dyn Lanes>>,
}

impl fmt::Debug for Connection {
    // The binding in `pipe` is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The half of a pipe that sends.
pub trait PipeSender: Send + Sync {
    /// Hands `bytes` over, waiting while the channel is full. A full channel holds up no other, so each should have a
    /// task of its own. Concurrent calls on one channel are served in turn. A packet never waits: one that finds no
    /// room is lost, as on the air.
    ///
    /// On a stream, bytes arrive complete and in order but not in the same portions. Dropping the future of a stream
    /// before it is done may leave a part of `bytes` sent: close the pipe then.
    fn send(&self, channel: Channel, bytes: Vec<u8>) -> Pending<'_, Result<(), SendError>>;

    /// Ends the pipe at once, for both sides.
    fn close(&self);
}

/// The half of a pipe that receives.
pub trait PipeReceiver: Send {
    /// The next bytes of whichever channel has some, packets first, then the more urgent class; none once the pipe has ended. The future
    /// may be dropped without losing anything. Bytes that are not fetched fill their channel, and the other side
    /// waits.
    fn receive(&mut self) -> Pending<'_, Option<(Channel, Vec<u8>)>>;
}

/// Why bytes could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The pipe is no more.
    #[error("this connection has ended; dial again")]
    Closed,
    /// The pipe has no such channel: no streams, or no packets.
    #[error("this connection carries no {0:?}")]
    NoChannel(Channel),
    /// Too large to be one packet.
    #[error("a packet of {found} bytes is more than the {max} this connection carries; split it")]
    TooLarge {
        /// Bytes of this packet.
        found: usize,
        /// Bytes of the largest.
        max: usize,
    },
}
