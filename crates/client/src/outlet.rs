//! The way out of one link. Each channel has a task that waits while the pipe is full, so that the driver never does.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use lamplit_transport::{PipeSender, SendError};
use lamplit_types::Channel;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::limits;

pub(crate) struct Outlet {
    pipe: Arc<dyn PipeSender>,
    /// Unbounded by themselves: `waiting` bounds their bytes.
    queues: BTreeMap<Channel, mpsc::UnboundedSender<Vec<u8>>>,
    waiting: Arc<AtomicUsize>,
    writers: JoinSet<()>,
}

/// More than [`limits::LINK_BYTES`] would wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Outlet {
    pub(crate) fn new(pipe: Arc<dyn PipeSender>) -> Self {
        Self { pipe, queues: BTreeMap::new(), waiting: Arc::default(), writers: JoinSet::new() }
    }

    /// Queues bytes; never waits.
    pub(crate) fn send(&mut self, channel: Channel, bytes: Vec<u8>) -> Result<(), Full> {
        let len = bytes.len();
        if self.waiting.load(Ordering::Relaxed).saturating_add(len) > limits::LINK_BYTES {
            return Err(Full);
        }
        self.waiting.fetch_add(len, Ordering::Relaxed);
        let queue = self.queues.entry(channel).or_insert_with(|| {
            let (queue, queued) = mpsc::unbounded_channel();
            self.writers.spawn(write(self.pipe.clone(), channel, queued, self.waiting.clone()));
            queue
        });
        // A writer that is gone has closed the pipe; the reading side tells of it.
        let _ = queue.send(bytes);
        Ok(())
    }

    /// Ends the pipe after what was sent before.
    pub(crate) fn close(mut self) {
        self.queues.clear();
        tokio::spawn(async move {
            let drained = async { while self.writers.join_next().await.is_some() {} };
            if timeout(limits::LAST_WORDS, drained).await.is_ok() {
                sleep(limits::LINGER).await;
            }
            self.pipe.close();
        });
    }

    /// Ends the pipe at once.
    pub(crate) fn cut(&self) {
        self.pipe.close();
    }
}

async fn write(
    pipe: Arc<dyn PipeSender>,
    channel: Channel,
    mut queued: mpsc::UnboundedReceiver<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some(bytes) = queued.recv().await {
        let len = bytes.len();
        let sent = pipe.send(channel, bytes).await;
        waiting.fetch_sub(len, Ordering::Relaxed);
        match sent {
            Ok(()) => {}
            // Packets may be lost; the link above knows.
            Err(SendError::TooLarge { found, max }) => tracing::debug!(found, max, "a packet did not fit"),
            Err(SendError::Closed | SendError::NoChannel(_)) => return pipe.close(),
        }
    }
}

#[cfg(test)]
mod tests;
