//! So many at once, so many waiting, and what is tried again.

use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{SendError, backoff::Backoff, limits};

pub(crate) struct Queue {
    /// For those who wait and those whose turn it is.
    places: Semaphore,
    turns: Semaphore,
}

impl Queue {
    pub(crate) fn new(at_once: u16, waiting: u16) -> Self {
        let at_once = usize::from(at_once);
        Self { places: Semaphore::new(at_once + usize::from(waiting)), turns: Semaphore::new(at_once) }
    }

    /// Does `send` when it is its turn.
    pub(crate) async fn run(&self, send: impl Future<Output = Result<(), SendError>>) -> Result<(), SendError> {
        let _place = self.places.try_acquire().map_err(|_| SendError::Full)?;
        let turn = timeout(limits::TURN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(SendError::Full) };
        send.await
    }
}

/// Offers a text up to [`limits::TRIES`] times, and again only if it certainly was not taken.
pub(crate) async fn retry<F>(mut offer: impl FnMut() -> F) -> Result<(), SendError>
where
    F: Future<Output = Result<(), SendError>>,
{
    let mut backoff = Backoff::new(limits::PAUSE, limits::TURN);
    let mut tries = 1;
    loop {
        match offer().await {
            Err(error) if error.is_worth_another_try() && tries < limits::TRIES => {
                tracing::debug!(%error, "the text is offered again");
                sleep(backoff.pause()).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests;
