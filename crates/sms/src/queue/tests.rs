use core::{
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    time::Duration,
};
use std::sync::Arc;

use super::*;
use crate::Cause;

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_go_at_once_and_none_is_left_out() {
    let queue = Arc::new(Queue::new(3, 17));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sends = (0..20).map(|_| {
        let (queue, now, most) = (queue.clone(), now.clone(), most.clone());
        tokio::spawn(async move {
            let send = async {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_secs(1)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            };
            queue.run(send).await
        })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap(), Ok(()));
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_is_told_at_once_and_who_waits_too_long_later() {
    let queue = Arc::new(Queue::new(1, 1));
    let run = |seconds| {
        let queue = queue.clone();
        async move {
            let send = async {
                sleep(Duration::from_secs(seconds)).await;
                Ok(())
            };
            queue.run(send).await
        }
    };
    let first = tokio::spawn(run(100));
    tokio::task::yield_now().await;
    let second = tokio::spawn(run(0));
    tokio::task::yield_now().await;
    assert_eq!(run(0).await, Err(SendError::Full));
    assert_eq!(second.await.unwrap(), Err(SendError::Full));
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(run(0).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn only_what_certainly_was_not_taken_is_offered_again() {
    for (error, tries) in [
        (SendError::Unreachable(Cause::Connect), limits::TRIES),
        (SendError::Busy(Cause::Http(503)), limits::TRIES),
        (SendError::Full, 1),
        (SendError::Unclear(Cause::Silence), 1),
        (SendError::Partly(Cause::Closed), 1),
        (SendError::Unauthorised(Cause::Http(403)), 1),
        (SendError::Number(Cause::Smpp(11)), 1),
        (SendError::Text, 1),
        (SendError::Refused(Cause::Http(400)), 1),
    ] {
        let offers = AtomicU32::new(0);
        let offer = || async {
            offers.fetch_add(1, Ordering::SeqCst);
            Err(error)
        };
        assert_eq!(retry(offer).await, Err(error));
        assert_eq!(offers.load(Ordering::SeqCst), tries, "{error}");
        assert!(!(error.is_permanent() && error.may_have_been_sent()));
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_over_once_it_was_taken() {
    let offers = AtomicU32::new(0);
    let offer = || async {
        let first = offers.fetch_add(1, Ordering::SeqCst) == 0;
        if first { Err(SendError::Unreachable(Cause::Closed)) } else { Ok(()) }
    };
    assert_eq!(retry(offer).await, Ok(()));
    assert_eq!(offers.load(Ordering::SeqCst), 2);
}
