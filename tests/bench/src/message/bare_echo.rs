//! Bytes there and back over quinn and nothing else.

use anyhow::Result;
use quinn::{Connection, RecvStream, SendStream};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

use crate::bare_quinn::{self, Ends};

pub(crate) struct BareEcho {
    stream: Mutex<(SendStream, RecvStream)>,
    bytes: usize,
    near: Runtime,
    /// Kept, since dropping them ends the connection.
    _far: Runtime,
    _ends: Ends,
}

impl BareEcho {
    /// Two endpoints on loopback, each with a runtime of its own, and one stream between them.
    pub(crate) fn start(bytes: usize) -> Result<Self> {
        let [near, far] = [(); 2].map(|()| Builder::new_multi_thread().enable_all().build());
        let (near, far) = (near?, far?);
        let ends = bare_quinn::connect(&near, &far)?;
        far.spawn(echo_all(ends.far.clone(), bytes));
        let stream = near.block_on(ends.near.open_bi())?;
        Ok(Self { stream: Mutex::new(stream), bytes, near, _far: far, _ends: ends })
    }

    /// There and back.
    pub(crate) fn round(&self) -> Result<()> {
        self.near.block_on(async {
            let (send, receive) = &mut *self.stream.lock().await;
            let mut bytes = vec![7; self.bytes];
            send.write_all(&bytes).await?;
            receive.read_exact(&mut bytes).await?;
            Ok(())
        })
    }
}

async fn echo_all(connection: Connection, bytes: usize) -> Result<()> {
    let (mut send, mut receive) = connection.accept_bi().await?;
    let mut buffer = vec![0; bytes];
    loop {
        receive.read_exact(&mut buffer).await?;
        send.write_all(&buffer).await?;
    }
}
