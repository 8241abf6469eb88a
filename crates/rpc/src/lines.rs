//! Messages on a byte stream: one a line.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use crate::{
    carrier::{ReadError, Reader, Writer},
    limits,
};

/// Lines from a socket. What the other side sends can never make this hold more than [`limits::LINE_BYTES`].
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    reader: BufReader<R>,
    buffer: Vec<u8>,
    /// Whether the buffer holds a line that was handed out, and not the beginning of one.
    handed_out: bool,
}

/// Lines to a socket.
#[derive(Debug)]
pub(crate) struct LineWriter<W>(W);

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), buffer: Vec::new(), handed_out: false }
    }
}

impl<R: AsyncRead + Unpin + Send> Reader for LineReader<R> {
    /// The next line without its line feed. What has no line feed at the end is no line.
    async fn next(&mut self) -> Result<Option<&[u8]>, ReadError> {
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
                return Err(ReadError::TooLong);
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

impl<W: AsyncWrite + Unpin> LineWriter<W> {
    pub(crate) const fn new(writer: W) -> Self {
        Self(writer)
    }
}

impl<W: AsyncWrite + Unpin + Send> Writer for LineWriter<W> {
    /// What is written holds no line feed of its own: JSON escapes them inside text.
    async fn write(&mut self, mut message: Vec<u8>) -> io::Result<()> {
        message.push(b'\n');
        self.0.write_all(&message).await
    }

    /// The line feed was the end of what was said.
    async fn end(&mut self) {}
}

#[cfg(test)]
mod tests;
