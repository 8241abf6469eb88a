#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::future::join_all;
use lamplit_depot::InMemoryBackend;
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
    let (keeper, thread) = Keeper::start(depot()).unwrap();
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
    let (keeper, thread) = Keeper::start(depot()).unwrap();
    let depot = keeper.depot.clone();
    let (answer, _answered) = oneshot::channel();
    keeper.queue.send(Waiting { batch: add(Vec::new()), answer }).await.unwrap();
    drop(keeper);
    thread.join().unwrap();
    assert_eq!(depot.scan(&PARTITION, b"f", None, 2).await.unwrap().len(), 1);
}
