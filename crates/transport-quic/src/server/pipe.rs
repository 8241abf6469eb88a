use std::sync::Arc;

use lamplit_transport::{Address, Connection, LinkKind, Pending, PipeReceiver, PipeSender, SendError};
use lamplit_types::{Channel, Class, Pipe};
use quinn::{RecvStream, SendStream};
use tokio::sync::Mutex;

use crate::pipe::{Live, SetupError, code, read};
use crate::{limits, tls};

/// The one stream of a connection, which its first bytes open at the server.
const STREAM: Channel = Channel::Stream(Class::Control);

/// Opens the stream.
pub(super) async fn dial(connection: quinn::Connection, peer: Option<Address>) -> Result<Connection, SetupError> {
    let (control, control_in) = connection.open_bi().await?;
    let binding = tls::server_binding(&connection).ok_or(SetupError::Streams)?;
    let packet = connection.max_datagram_size().unwrap_or(0).min(limits::PACKET_BYTES);
    let live = Arc::new(Live::dialled(connection));
    Ok(Connection {
        pipe: Pipe::Streams { binding, packet },
        kind: LinkKind::Server,
        peer,
        sender: Arc::new(Sender { live: live.clone(), control: Mutex::new(control), packet }),
        receiver: Box::new(Receiver { live, control: control_in }),
        lanes: None,
    })
}

struct Sender {
    live: Arc<Live>,
    control: Mutex<SendStream>,
    packet: usize,
}

impl PipeSender for Sender {
    fn send(&self, channel: Channel, bytes: Vec<u8>) -> Pending<'_, Result<(), SendError>> {
        Box::pin(async move {
            match channel {
                STREAM => self.live.write(&mut *self.control.lock().await, bytes).await,
                Channel::Stream(_) => Err(SendError::NoChannel(channel)),
                Channel::Packet => self.live.send_packet(bytes, self.packet),
            }
        })
    }

    fn close(&self) {
        self.live.close(code::DONE);
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.close();
    }
}

struct Receiver {
    live: Arc<Live>,
    control: RecvStream,
}

impl Receiver {
    async fn next(&mut self) -> Option<(Channel, Vec<u8>)> {
        let packet = tokio::select! {
            biased;
            packet = self.live.read_packet() => packet,
            bytes = read(&mut self.control) => return self.heard(bytes),
        };
        if let Some(packet) = packet {
            return Some((Channel::Packet, packet));
        }
        // The connection has ended. What the server said last may still wait in the stream.
        let bytes = read(&mut self.control).await;
        self.heard(bytes)
    }

    fn heard(&self, bytes: Option<Vec<u8>>) -> Option<(Channel, Vec<u8>)> {
        // The stream lives as long as its connection.
        if bytes.is_none() {
            self.live.close(code::DONE);
        }
        bytes.map(|bytes| (STREAM, bytes))
    }
}

impl PipeReceiver for Receiver {
    fn receive(&mut self) -> Pending<'_, Option<(Channel, Vec<u8>)>> {
        Box::pin(self.next())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.live.close(code::DONE);
    }
}
