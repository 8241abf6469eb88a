//! Commits what many connections change as one group: the disk is asked once for all of them.

use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use lamplit_depot::Depot;
use lamplit_service::{Applied, ApplyError, Batch, Partition, Row, Store, StoreError};
use lamplit_wire::server::Epoch;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::unconstrained;
use tokio::time::timeout;

use crate::limits;
use crate::metrics::Metrics;

/// The [`Store`] of all sessions: reads go to the depot, changes to the thread that commits.
#[derive(Debug)]
pub(crate) struct Keeper {
    depot: Arc<Depot>,
    queue: mpsc::Sender<Waiting>,
}

/// A batch, and whoever waits for it.
#[derive(Debug)]
struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Result<Applied, ApplyError>>,
}

impl Keeper {
    /// Starts the thread, which counts its commits. It ends once the keeper is dropped and all that waited is committed.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(depot: Depot, metrics: Arc<Metrics>) -> io::Result<(Self, thread::JoinHandle<()>)> {
        let depot = Arc::new(depot);
        let (queue, waiting) = mpsc::channel(limits::QUEUE);
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let committing = depot.clone();
        let run = move || runtime.block_on(commit_all(&committing, &metrics, waiting));
        let thread = thread::Builder::new().name("commits".to_owned()).spawn(run)?;
        Ok((Self { depot, queue }, thread))
    }

    /// What is asked besides the sessions.
    pub(crate) fn depot(&self) -> Arc<Depot> {
        self.depot.clone()
    }

    /// Whether changes are committed, for who does not hold the keeper.
    pub(crate) fn pulse(&self) -> Pulse {
        Pulse(self.queue.downgrade())
    }
}

/// Tells whether the thread is there.
pub(crate) struct Pulse(mpsc::WeakSender<Waiting>);

impl Pulse {
    pub(crate) fn beats(&self) -> bool {
        self.0.upgrade().is_some_and(|queue| !queue.is_closed())
    }
}

impl Store for Keeper {
    fn epoch(&self) -> Epoch {
        self.depot.epoch()
    }

    async fn get(&self, partition: &Partition, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.depot.get(partition, key).await
    }

    async fn scan(
        &self,
        partition: &Partition,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.depot.scan(partition, prefix, after, limit).await
    }

    async fn apply(&self, batch: Batch) -> Result<Applied, ApplyError> {
        let stopped = || ApplyError::Storage("the server stops".to_owned());
        let (answer, answered) = oneshot::channel();
        // Never put off to be fair to others: of many batches of one task a later one would go first.
        unconstrained(self.queue.send(Waiting { batch, answer })).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    async fn partitions(&self, after: Option<&Partition>, limit: usize) -> Result<Vec<Partition>, StoreError> {
        self.depot.partitions(after, limit).await
    }
}

/// How the spreading of rows stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// There is nothing to spread.
    Done,
    /// It begins, or goes on, when nothing else is to be done for so long.
    After(Duration),
}

async fn commit_all(depot: &Depot, metrics: &Metrics, mut waiting: mpsc::Receiver<Waiting>) {
    // The store may come with rows that are not spread.
    let mut spread = Spread::After(limits::QUIET);
    let mut group = Vec::new();
    loop {
        let gather = waiting.recv_many(&mut group, limits::GROUP);
        let gathered = match spread {
            Spread::Done => Some(gather.await),
            Spread::After(quiet) => timeout(quiet, gather).await.ok(),
        };
        match gathered {
            Some(0) => return,
            Some(_) => {
                commit(depot, metrics, &mut group);
                spread = if depot.is_due() { spread_some(depot) } else { Spread::After(limits::QUIET) };
            }
            None => spread = spread_some(depot),
        }
    }
}

fn commit(depot: &Depot, metrics: &Metrics, group: &mut Vec<Waiting>) {
    let (batches, answers): (Vec<_>, Vec<_>) = group.drain(..).map(|one| (one.batch, one.answer)).unzip();
    let begun = Instant::now();
    let results = depot.commit(batches);
    let error =
        |of: fn(&ApplyError) -> bool| results.iter().filter_map(|result| result.as_ref().err()).find(|error| of(error));
    // All of them have the same one.
    let failed = error(|error| matches!(error, ApplyError::Storage(_) | ApplyError::Full));
    if let Some(error) = failed {
        tracing::error!(%error, batches = results.len(), "nothing is kept");
    }
    // It is of one account, and the others are committed.
    if let Some(error) = error(|error| matches!(error, ApplyError::Refused(_))) {
        tracing::error!(%error, "a change was refused");
    }
    metrics.committed(results.len(), begun.elapsed(), failed.is_some());
    for (answer, result) in answers.into_iter().zip(results) {
        // A connection that has ended asks no more.
        let _ = answer.send(result);
    }
}

fn spread_some(depot: &Depot) -> Spread {
    match depot.spread() {
        Ok(true) => Spread::After(Duration::ZERO),
        Ok(false) => Spread::Done,
        Err(error) => {
            tracing::warn!(%error, "rows could not be spread; nothing is lost");
            Spread::After(limits::SPREAD_REST)
        }
    }
}

#[cfg(test)]
mod tests;
