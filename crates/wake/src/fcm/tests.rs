use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    Target, VapidKey,
    receiver::{Order, Receiver},
};

async fn set_up() -> (Receiver, Arc<dyn Sender>, Target) {
    let receiver = Receiver::start().await.unwrap();
    let sender = receiver.config().open(VapidKey::generate().unwrap()).unwrap();
    let target = Target::Fcm(receiver.android().unwrap());
    (receiver, sender, target)
}

fn say(status: u16, body: &'static str) -> Order {
    Order::Say(status, Vec::new(), body)
}

#[tokio::test]
async fn google_takes_a_wake_and_one_token_is_enough_for_many() {
    let (receiver, sender, target) = set_up().await;
    let all: Vec<_> = (0..20).map(|_| (sender.clone(), target.clone())).collect();
    let all = all.into_iter().map(|(sender, target)| tokio::spawn(async move { sender.wake(&target).await }));
    for wake in all.collect::<Vec<_>>() {
        assert_eq!(wake.await.unwrap(), Answer::Delivered);
    }
    assert_eq!((receiver.granted(), receiver.heard().len()), (1, 21));
}

#[tokio::test]
async fn a_token_that_ended_is_replaced() {
    let (receiver, sender, target) = set_up().await;
    receiver.order([say(200, ""), say(401, "")]);
    assert_eq!(sender.wake(&target).await, Answer::Delivered);
    assert_eq!(sender.wake(&target).await, Answer::later(Cause::Http(401)));
    assert_eq!(sender.wake(&target).await, Answer::Delivered);
    assert_eq!(receiver.granted(), 2);
}

#[tokio::test]
async fn only_what_google_says_of_the_device_makes_it_forgotten() {
    use Answer::{Gone, Refused};
    let (receiver, sender, target) = set_up().await;
    let other = |status| Refused(Refusal::Other(Cause::Http(status)));
    for (status, body, answer) in [
        (
            404,
            r#"{"error":{"code":404,"status":"NOT_FOUND","details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"UNREGISTERED"}]}}"#,
            Gone,
        ),
        (
            400,
            r#"{"error":{"code":400,"details":[{"@type":"x","errorCode":"INVALID_ARGUMENT"},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message.token","description":"x"}]}]}}"#,
            Gone,
        ),
        (404, r#"{"error":{"code":404,"status":"NOT_FOUND","message":"no such project"}}"#, other(404)),
        (400, r#"{"error":{"details":[{"fieldViolations":[{"field":"message.android.ttl"}]}]}}"#, other(400)),
        (404, "<html>", other(404)),
        (
            403,
            r#"{"error":{"details":[{"errorCode":"SENDER_ID_MISMATCH"}]}}"#,
            Refused(Refusal::Unauthorised(Cause::Http(403))),
        ),
        (302, "", other(302)),
        (500, "", Answer::later(Cause::Http(500))),
    ] {
        receiver.order([say(status, body)]);
        assert_eq!(sender.wake(&target).await, answer, "{status} {body}");
    }
    receiver.order([Order::Say(429, vec![("retry-after", "60".to_owned())], "")]);
    let answer = Answer::Later { cause: Cause::Http(429), after: Some(Duration::from_secs(60)) };
    assert_eq!(sender.wake(&target).await, answer);
}

#[tokio::test]
async fn an_account_that_google_does_not_know_is_not_asked_for_again_and_again() {
    let (receiver, _, target) = set_up().await;
    // Another account's file, at this Google.
    let stranger = Receiver::start().await.unwrap();
    let file = stranger.config().fcm.unwrap().file;
    let text = std::fs::read_to_string(&file).unwrap().replace(&stranger.url(), &receiver.url());
    std::fs::write(&file, text).unwrap();
    let fcm = FcmConfig { file, url: Some(receiver.url()) };
    let config = crate::Config { fcm: Some(fcm), ..receiver.config() };
    let sender = config.open(VapidKey::generate().unwrap()).unwrap();
    for _ in 0..5 {
        assert_eq!(sender.wake(&target).await, Answer::Refused(Refusal::Unauthorised(Cause::Token(400))));
    }
    assert_eq!((receiver.granted(), receiver.heard().len()), (0, 1));
}
