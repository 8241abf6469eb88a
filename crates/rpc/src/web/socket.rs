//! Messages on a WebSocket: a text message each, at either end.

use std::io;

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Bytes, Message, error::CapacityError, protocol::WebSocketConfig},
};

use crate::{
    carrier::{ReadError, Reader, Writer},
    limits,
};

/// What is read at a time.
const READ_BYTES: usize = 16 * 1024;

/// Messages from a WebSocket. The other side's pings are answered on the way.
#[derive(Debug)]
pub(crate) struct WebReader {
    stream: SplitStream<WebSocketStream<TcpStream>>,
    last: Bytes,
}

/// Messages to a WebSocket.
#[derive(Debug)]
pub(crate) struct WebWriter(SplitSink<WebSocketStream<TcpStream>, Message>);

/// A message is as long as a line of the local socket may be, in however many frames; what is written is not kept back.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(limits::LINE_BYTES))
        .max_frame_size(Some(limits::LINE_BYTES))
}

/// The two ends of what is said and heard.
pub(super) fn split(socket: WebSocketStream<TcpStream>) -> (WebReader, WebWriter) {
    let (sink, stream) = socket.split();
    (WebReader { stream, last: Bytes::new() }, WebWriter(sink))
}

impl Reader for WebReader {
    async fn next(&mut self) -> Result<Option<&[u8]>, ReadError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => self.last = text.into(),
                Some(Ok(Message::Binary(bytes))) => self.last = bytes,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Err(tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                    return Err(ReadError::TooLong);
                }
                Some(Err(error)) => return Err(ReadError::Io(io::Error::other(error))),
            }
            return Ok(Some(&self.last));
        }
    }
}

impl Writer for WebWriter {
    async fn write(&mut self, message: Vec<u8>) -> io::Result<()> {
        let text = String::from_utf8(message).map_err(io::Error::other)?;
        self.0.send(Message::text(text)).await.map_err(io::Error::other)
    }

    async fn end(&mut self) {
        // Whoever is gone already needs no farewell.
        let _ = SinkExt::close(&mut self.0).await;
    }
}
