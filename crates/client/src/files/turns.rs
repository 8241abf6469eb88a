//! Whatever touches what is here of one file waits until the one before has let go of it, its threads included.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use lamplit_types::BlobId;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::unconstrained,
};

/// Whose turn it is, for each file that somebody works at or waits for.
#[derive(Default)]
pub(super) struct Turns(BTreeMap<BlobId, Arc<Mutex<()>>>);

/// A place in the queue for one file. Whoever leaves it lets the next one come up.
pub(super) enum Place {
    First(OwnedMutexGuard<()>),
    Behind(Pin<Box<dyn Future<Output = OwnedMutexGuard<()>> + Send>>),
}

/// The right to touch what is here of a file, until its last copy is dropped: each thread that works at it holds one.
pub(super) type Turn = Arc<OwnedMutexGuard<()>>;

impl Turns {
    /// Stands in line behind all that stand there for that file.
    pub(super) fn stand(&mut self, blob: BlobId) -> Place {
        let queue = self.0.entry(blob).or_default().clone();
        let mut turn = Box::pin(unconstrained(queue.lock_owned()));
        // The first poll is what takes the place.
        match turn.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(guard) => Place::First(guard),
            Poll::Pending => Place::Behind(turn),
        }
    }

    /// Forgets the files that nobody works at any more.
    pub(super) fn sweep(&mut self) {
        self.0.retain(|_, queue| Arc::strong_count(queue) > 1);
    }
}

impl Place {
    /// Waits for the turn.
    pub(super) async fn turn(self) -> Turn {
        Arc::new(match self {
            Self::First(guard) => guard,
            Self::Behind(turn) => turn.await,
        })
    }
}
