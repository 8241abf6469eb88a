//! What a session asks of the connection under it: whole messages in, whole messages out. A message is one JSON text.

use std::io;

use crate::limits;

/// Where messages come from.
pub(crate) trait Reader: Send {
    /// The next message, or `None` at the end. If it is dropped while it waits, the next call goes on where it was.
    fn next(&mut self) -> impl Future<Output = Result<Option<&[u8]>, ReadError>> + Send;
}

/// Where messages go.
pub(crate) trait Writer: Send {
    /// Sends a message, as a whole or with an error.
    fn write(&mut self, message: Vec<u8>) -> impl Future<Output = io::Result<()>> + Send;

    /// Says that nothing more comes.
    fn end(&mut self) -> impl Future<Output = ()> + Send;
}

/// Why no message came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The message passed the limit.
    #[error("the message is longer than {} bytes", limits::LINE_BYTES)]
    TooLong,
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
