#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::{
    pin::{Pin, pin},
    task::{Context, Waker},
};

use super::*;

fn waits(taking: Pin<&mut impl Future<Output = Option<Sending>>>) -> bool {
    taking.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[tokio::test]
async fn who_is_beyond_the_limit_waits_in_turn_and_who_is_beyond_that_too_is_turned_away() {
    let sends = Sends::new();
    let mut going = Vec::new();
    for _ in 0..limits::SENT_AT_ONCE {
        going.push(sends.take().await.unwrap());
    }
    let (mut first, mut second) = (Box::pin(sends.take()), Box::pin(sends.take()));
    assert!(waits(first.as_mut()) && waits(second.as_mut()));
    let mut others: Vec<_> = (2..limits::SENDS_WAITING).map(|_| Box::pin(sends.take())).collect();
    for other in &mut others {
        assert!(waits(other.as_mut()));
    }
    assert!(sends.take().await.is_none(), "there is no room left");
    // Whoever waits no longer leaves room for another one.
    others.pop();
    let mut late = pin!(sends.take());
    assert!(waits(late.as_mut()));

    going.pop();
    assert!(waits(second.as_mut()), "the first is first");
    let turn = first.await.unwrap();
    assert!(waits(second.as_mut()));
    drop(turn);
    assert!(second.await.is_some());
}
