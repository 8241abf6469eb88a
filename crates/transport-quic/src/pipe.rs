use core::{array, net::SocketAddr};
use std::sync::Arc;

use lamplit_transport::{Connection, LinkKind, Pending, PipeReceiver, PipeSender, SendError};
use lamplit_types::{Channel, Class, Pipe};
use quinn::{RecvStream, SendDatagramError, SendStream, VarInt};
use tokio::sync::Mutex;

use crate::address;
use crate::admission::Place;
use crate::lanes::QuicLanes;
use crate::limits;
use crate::tls;

/// Codes that close a connection.
pub(crate) mod code {
    use quinn::VarInt;

    /// One side is done.
    pub(crate) const DONE: VarInt = VarInt::from_u32(0);
    /// The other side broke the rules about streams.
    pub(crate) const STREAMS: VarInt = VarInt::from_u32(1);
}

/// Why a QUIC connection could not become a pipe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    #[error(transparent)]
    Lost(#[from] quinn::ConnectionError),
    #[error("its streams are not ours")]
    Streams,
}

/// Opens the streams as the dialler: one for each class in turn, each led by the class's byte.
pub(crate) async fn dial(connection: quinn::Connection) -> Result<Connection, SetupError> {
    let [control, message, bulk] = Class::ALL;
    let lanes = [
        dial_stream(&connection, control).await?,
        dial_stream(&connection, message).await?,
        dial_stream(&connection, bulk).await?,
    ];
    assemble(connection, lanes, None)
}

/// Takes the streams that the dialler opened.
pub(crate) async fn accept(connection: quinn::Connection, place: Place) -> Result<Connection, SetupError> {
    let [control, message, bulk] = Class::ALL;
    let lanes = async {
        Ok([
            accept_stream(&connection, control).await?,
            accept_stream(&connection, message).await?,
            accept_stream(&connection, bulk).await?,
        ])
    };
    let lanes = lanes.await.inspect_err(|_: &SetupError| connection.close(code::STREAMS, b""))?;
    assemble(connection, lanes, Some(place))
}

type Lane = (SendStream, RecvStream);

async fn dial_stream(connection: &quinn::Connection, class: Class) -> Result<Lane, SetupError> {
    let (mut send, receive) = connection.open_bi().await?;
    prioritise(&send, class)?;
    // The other side hears of a stream by its first byte only.
    send.write_all(&[class as u8]).await.map_err(|_| SetupError::Streams)?;
    Ok((send, receive))
}

async fn accept_stream(connection: &quinn::Connection, class: Class) -> Result<Lane, SetupError> {
    let (send, mut receive) = connection.accept_bi().await?;
    prioritise(&send, class)?;
    let mut first = [0];
    receive.read_exact(&mut first).await.map_err(|_| SetupError::Streams)?;
    if first == [class as u8] { Ok((send, receive)) } else { Err(SetupError::Streams) }
}

fn prioritise(stream: &SendStream, class: Class) -> Result<(), SetupError> {
    let priority = match class {
        Class::Control => 2,
        Class::Message => 1,
        Class::Bulk => 0,
    };
    stream.set_priority(priority).map_err(|_| SetupError::Streams)
}

fn assemble(connection: quinn::Connection, lanes: [Lane; 3], place: Option<Place>) -> Result<Connection, SetupError> {
    let binding = tls::binding(&connection).ok_or(SetupError::Streams)?;
    let packet = connection.max_datagram_size().unwrap_or(0).min(limits::PACKET_BYTES);
    let [(control, control_in), (message, message_in), (bulk, bulk_in)] = lanes;
    // The dialler opened the streams of the classes, and they count on the other side.
    let opened_by_peer = if place.is_some() { Class::ALL.len() } else { 0 };
    let lanes = Arc::new(QuicLanes::new(connection.clone(), opened_by_peer));
    let remote = connection.remote_address();
    let peer = address::from_socket(SocketAddr::new(remote.ip().to_canonical(), remote.port()));
    let live = Arc::new(Live { connection, _place: place });
    let (control, message, bulk) = (Mutex::new(control), Mutex::new(message), Mutex::new(bulk));
    Ok(Connection {
        pipe: Pipe::Streams { binding, packet },
        kind: LinkKind::Lan,
        peer,
        sender: Arc::new(QuicSender { live: live.clone(), control, message, bulk, packet }),
        receiver: Box::new(QuicReceiver { live, control: control_in, message: message_in, bulk: bulk_in }),
        lanes: Some(lanes),
    })
}

/// What both halves share.
pub(crate) struct Live {
    connection: quinn::Connection,
    _place: Option<Place>,
}

impl Live {
    /// A connection that nobody counts.
    pub(crate) const fn dialled(connection: quinn::Connection) -> Self {
        Self { connection, _place: None }
    }

    pub(crate) fn close(&self, code: VarInt) {
        self.connection.close(code, b"");
    }

    /// Writes to one of its streams.
    pub(crate) async fn write(&self, stream: &mut SendStream, bytes: Vec<u8>) -> Result<(), SendError> {
        stream.write_chunk(bytes.into()).await.map_err(|_| {
            // A stream the other side has stopped is as bad as a connection that ended.
            self.close(code::DONE);
            SendError::Closed
        })
    }

    /// Sends a packet of at most `max` bytes; 0: it carries none.
    pub(crate) fn send_packet(&self, bytes: Vec<u8>, max: usize) -> Result<(), SendError> {
        let found = bytes.len();
        if max == 0 {
            return Err(SendError::NoChannel(Channel::Packet));
        }
        if found > max {
            return Err(SendError::TooLarge { found, max });
        }
        match self.connection.send_datagram(bytes.into()) {
            Err(SendDatagramError::ConnectionLost(_)) => Err(SendError::Closed),
            // The path has just become too narrow: lost, as packets may be.
            Err(_) | Ok(()) => Ok(()),
        }
    }

    pub(crate) async fn read_packet(&self) -> Option<Vec<u8>> {
        self.connection.read_datagram().await.ok().map(Vec::from)
    }
}

struct QuicSender {
    live: Arc<Live>,
    control: Mutex<SendStream>,
    message: Mutex<SendStream>,
    bulk: Mutex<SendStream>,
    packet: usize,
}

impl QuicSender {
    const fn stream(&self, class: Class) -> &Mutex<SendStream> {
        match class {
            Class::Control => &self.control,
            Class::Message => &self.message,
            Class::Bulk => &self.bulk,
        }
    }
}

impl PipeSender for QuicSender {
    fn send(&self, channel: Channel, bytes: Vec<u8>) -> Pending<'_, Result<(), SendError>> {
        Box::pin(async move {
            match channel {
                Channel::Stream(class) => self.live.write(&mut *self.stream(class).lock().await, bytes).await,
                Channel::Packet => self.live.send_packet(bytes, self.packet),
            }
        })
    }

    fn close(&self) {
        self.live.close(code::DONE);
    }
}

impl Drop for QuicSender {
    fn drop(&mut self) {
        self.close();
    }
}

struct QuicReceiver {
    live: Arc<Live>,
    control: RecvStream,
    message: RecvStream,
    bulk: RecvStream,
}

impl QuicReceiver {
    async fn next(&mut self) -> Option<(Channel, Vec<u8>)> {
        let (channel, bytes) = tokio::select! {
            biased;
            packet = self.live.read_packet() => (Channel::Packet, packet),
            bytes = read(&mut self.control) => (Channel::Stream(Class::Control), bytes),
            bytes = read(&mut self.message) => (Channel::Stream(Class::Message), bytes),
            bytes = read(&mut self.bulk) => (Channel::Stream(Class::Bulk), bytes),
        };
        // A stream lives as long as its connection: one that ends ends all.
        bytes
            .or_else(|| {
                self.live.close(code::DONE);
                None
            })
            .map(|bytes| (channel, bytes))
    }
}

impl PipeReceiver for QuicReceiver {
    fn receive(&mut self) -> Pending<'_, Option<(Channel, Vec<u8>)>> {
        Box::pin(self.next())
    }
}

impl Drop for QuicReceiver {
    fn drop(&mut self) {
        self.live.close(code::DONE);
    }
}

/// What has arrived on a stream, or nothing once it ended. May be dropped without losing anything.
pub(crate) async fn read(stream: &mut RecvStream) -> Option<Vec<u8>> {
    let mut chunks: [_; limits::READ_CHUNKS] = array::from_fn(|_| Default::default());
    let count = stream.read_chunks(&mut chunks).await.ok()??;
    chunks.get(..count).map(<[_]>::concat)
}
