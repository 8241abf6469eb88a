//! Files that are read through before they are sent take turns: each may want the memory for a whole picture, and the disk.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;

/// Who is read now, and who waits. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sends {
    /// For those that wait, and those whose turn it is.
    room: Arc<Semaphore>,
    going: Arc<Semaphore>,
}

/// Somebody's turn, as long as it lives.
#[derive(Debug)]
pub(crate) struct Sending {
    _room: OwnedSemaphorePermit,
    _going: OwnedSemaphorePermit,
}

impl Sends {
    pub(crate) fn new() -> Self {
        let going = Semaphore::new(limits::SENT_AT_ONCE);
        let room = Semaphore::new(limits::SENT_AT_ONCE + limits::SENDS_WAITING);
        Self { room: Arc::new(room), going: Arc::new(going) }
    }

    /// Waits for a turn, behind those that came before. `None` at once if too many wait.
    pub(crate) async fn take(&self) -> Option<Sending> {
        let room = self.room.clone().try_acquire_owned().ok()?;
        let going = self.going.clone().acquire_owned().await.ok()?;
        Some(Sending { _room: room, _going: going })
    }
}

#[cfg(test)]
mod tests;
