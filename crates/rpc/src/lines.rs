use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::limits;

/// Lines from a socket. What the other side sends can never make this hold more than [`limits::LINE_BYTES`].
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    buffer: Vec<u8>,
    /// Whether the buffer holds a line that was handed out, and not the beginning of one.
    handed_out: bool,
}

/// Why no line came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// The line passed the limit.
    #[error("the line is longer than {} bytes", limits::LINE_BYTES)]
    TooLong,
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), buffer: Vec::new(), handed_out: false }
    }

    /// The next line without its line feed, or `None` at the end. If it is dropped while it waits, the next call goes
    /// on where it was.
    pub(crate) async fn next(&mut self) -> Result<Option<&[u8]>, LineError> {
        if self.handed_out {
            self.buffer.clear();
            self.handed_out = false;
        }
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                return Ok(None);
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let taken = available.iter().take(end.unwrap_or(available.len()));
            if self.buffer.len().saturating_add(taken.len()) > limits::LINE_BYTES {
                return Err(LineError::TooLong);
            }
            self.buffer.extend(taken);
            let used = end.map_or(available.len(), |end| end.saturating_add(1));
            self.reader.consume(used);
            if end.is_some() {
                self.handed_out = true;
                return Ok(Some(&self.buffer));
            }
        }
    }
}

#[cfg(test)]
mod tests;
