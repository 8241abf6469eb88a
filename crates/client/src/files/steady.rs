//! Bytes of a lane that come and go as long as it moves: not a whole piece within a time, but not a byte at a time either.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::limits;

/// Reads all of `bytes`, unless too little comes for too long.
pub(super) async fn read(reader: &mut (dyn AsyncRead + Send + Sync + Unpin), bytes: &mut [u8]) -> io::Result<()> {
    for some in bytes.chunks_mut(limits::SLOWEST) {
        within(reader.read_exact(some)).await?;
    }
    Ok(())
}

/// Writes all of `bytes`, unless the other side takes too little for too long.
pub(super) async fn write(writer: &mut (dyn AsyncWrite + Send + Sync + Unpin), bytes: &[u8]) -> io::Result<()> {
    for some in bytes.chunks(limits::SLOWEST) {
        within(writer.write_all(some)).await?;
    }
    Ok(())
}

async fn within<T>(what: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limits::STALLED, what).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
