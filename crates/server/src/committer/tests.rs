#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use lamplit_depot::{InMemoryBackend, StorageBackend};
use lamplit_service::{Change, Expect};
use lamplit_types::AccountId;

use super::*;

const PARTITION: Partition = Partition::Account(AccountId::from_bytes([7; 16]));

fn depot() -> Depot {
    Depot::on_backend(Box::new(InMemoryBackend::new()), Epoch([1; 8])).unwrap()
}

fn add(expects: Vec<Expect>) -> Batch {
    let changes = vec![Change::Append { prefix: b"f".to_vec(), value: b"an envelope".to_vec() }];
    Batch { partition: PARTITION, expects, changes }
}

#[tokio::test]
async fn each_gets_the_answer_to_its_own_batch_and_all_are_applied_in_their_order() {
    let (keeper, thread) = Keeper::start(depot(), Arc::default()).unwrap();
    let impossible = vec![Expect::Row { key: b"nothing".to_vec(), value: Some(Vec::new()) }];
    let batches = (0..2 * limits::GROUP).map(|at| if at % 3 == 1 { add(impossible.clone()) } else { add(Vec::new()) });
    let answers = join_all(batches.map(|batch| keeper.apply(batch))).await;
    let mut last = 0;
    for (at, answer) in answers.into_iter().enumerate() {
        if at % 3 == 1 {
            assert_eq!(answer, Err(ApplyError::Unexpected(0)), "batch {at}");
        } else {
            last += 1;
            assert_eq!(answer, Ok(Applied { last }), "batch {at}");
        }
    }
    assert_eq!(keeper.scan(&PARTITION, b"f", None, 10_000).await.unwrap().len() as u64, last);
    drop(keeper);
    thread.join().unwrap();
}

#[tokio::test]
async fn what_waits_when_the_keeper_goes_is_committed() {
    let (keeper, thread) = Keeper::start(depot(), Arc::default()).unwrap();
    let depot = keeper.depot.clone();
    let (answer, _answered) = oneshot::channel();
    keeper.queue.send(Waiting { batch: add(Vec::new()), answer }).await.unwrap();
    drop(keeper);
    thread.join().unwrap();
    assert_eq!(depot.scan(&PARTITION, b"f", None, 2).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_that_is_refused_is_no_failed_commit() {
    let metrics = Arc::<Metrics>::default();
    let (keeper, thread) = Keeper::start(depot(), metrics.clone()).unwrap();
    let changes = vec![Change::Put { key: b"q".to_vec(), value: b"none".to_vec() }];
    keeper.apply(Batch { partition: PARTITION, expects: Vec::new(), changes }).await.unwrap();
    let changes = vec![Change::Add { key: b"q".to_vec(), by: 1 }];
    let refused = keeper.apply(Batch { partition: PARTITION, expects: Vec::new(), changes }).await;
    assert!(matches!(refused, Err(ApplyError::Refused(_))), "{refused:?}");
    assert!(!metrics.is_failing());
    drop(keeper);
    thread.join().unwrap();
    let text = metrics.text(0, 0);
    assert!(text.contains("commits_total{outcome=\"failed\"} 0") && text.contains("outcome=\"done\"} 2"), "{text}");
}

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A disk that can be full.
#[derive(Debug)]
struct Disk {
    bytes: InMemoryBackend,
    is_full: Arc<AtomicBool>,
}

impl Disk {
    fn room(&self) -> io::Result<()> {
        if self.is_full.load(Ordering::Relaxed) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.room().and_then(|()| self.bytes.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.room().and_then(|()| self.bytes.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room().and_then(|()| self.bytes.write(offset, data))
    }
}

#[test]
fn a_group_that_fails_is_told_once() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let is_full = Arc::<AtomicBool>::default();
    let disk = Disk { bytes: InMemoryBackend::new(), is_full: is_full.clone() };
    let depot = Depot::on_backend(Box::new(disk), Epoch([1; 8])).unwrap();
    is_full.store(true, Ordering::Relaxed);
    let metrics = Metrics::default();
    let mut group: Vec<_> = (0..9).map(|_| Waiting { batch: add(Vec::new()), answer: oneshot::channel().0 }).collect();
    tracing::subscriber::with_default(log, || commit(&depot, &metrics, &mut group));
    let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(told.matches("nothing is kept").count(), 1, "{told}");
    assert!(metrics.is_failing());
}
