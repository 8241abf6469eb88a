use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    Config, Target,
    receiver::{Device, Heard, Order, Receiver},
};

async fn set_up() -> (Receiver, Arc<dyn Sender>, Device) {
    let receiver = Receiver::start().await.unwrap();
    let sender = receiver.config().open(VapidKey::generate().unwrap()).unwrap();
    (receiver, sender, Device::new().unwrap())
}

fn target(receiver: &Receiver, device: &Device) -> Target {
    Target::WebPush(device.target(&format!("{}/push/1", receiver.url())).unwrap())
}

fn body(heard: &[Heard]) -> &[u8] {
    &heard.last().unwrap().body
}

#[tokio::test]
async fn a_browsers_push_service_takes_a_wake_and_the_browser_opens_it() {
    let (receiver, sender, device) = set_up().await;
    assert_eq!(sender.wake(&target(&receiver, &device)).await, Answer::Delivered);
    let heard = receiver.heard();
    let wake = heard.last().unwrap();
    assert_eq!((wake.path.as_str(), wake.version.as_str()), ("/push/1", "HTTP/2.0"));
    for (name, value) in [("ttl", "604800"), ("urgency", "high"), ("topic", "wake"), ("user-agent", "lamplit")] {
        assert_eq!(wake.header(name), Some(value));
    }
    assert_eq!(device.open(&wake.body).unwrap(), seal::WORD);
}

#[tokio::test]
async fn all_wakes_look_alike_but_for_what_is_random() {
    let (receiver, sender, device) = set_up().await;
    let other = Device::new().unwrap();
    for device in [&device, &device, &other] {
        assert_eq!(sender.wake(&target(&receiver, device)).await, Answer::Delivered);
    }
    let without_token = receiver.heard().into_iter().map(|mut heard| {
        let authorization = heard.headers.remove("authorization").unwrap();
        (heard.headers, heard.body.len(), authorization.len(), authorization.rsplit_once("k=").unwrap().1.to_owned())
    });
    let looks: Vec<_> = without_token.collect();
    assert!(looks.len() == 3 && looks.iter().all(|look| look == &looks[0]), "{looks:?}");
}

#[tokio::test]
async fn unified_push_is_web_push_and_its_older_kind_is_told_the_same_in_clear() {
    let (receiver, sender, device) = set_up().await;
    let sealed = device.target(&format!("{}/UP?token=abc", receiver.url())).unwrap();
    assert_eq!(sender.wake(&Target::UnifiedPush(UnifiedPush::Sealed(sealed))).await, Answer::Delivered);
    assert_eq!(device.open(body(&receiver.heard())).unwrap(), seal::WORD);
    let plain = Endpoint::parse(&format!("{}/plain/abc", receiver.url())).unwrap();
    assert_eq!(sender.wake(&Target::UnifiedPush(UnifiedPush::Plain(plain))).await, Answer::Delivered);
    assert_eq!(body(&receiver.heard()), seal::WORD);
}

#[tokio::test]
async fn each_answer_means_one_thing() {
    use Answer::{Delivered, Gone, Refused};
    let (receiver, sender, device) = set_up().await;
    let target = target(&receiver, &device);
    let later = |status, seconds: Option<u64>| Answer::Later {
        cause: Cause::Http(status),
        after: seconds.map(Duration::from_secs),
    };
    let other = |status| Refused(Refusal::Other(Cause::Http(status)));
    let unauthorised = |status| Refused(Refusal::Unauthorised(Cause::Http(status)));
    for (status, after, answer) in [
        (200, None, Delivered),
        (201, None, Delivered),
        (202, None, Delivered),
        (301, None, other(301)),
        (307, None, other(307)),
        (400, None, other(400)),
        (401, None, unauthorised(401)),
        (403, None, unauthorised(403)),
        (404, None, Gone),
        (408, None, later(408, None)),
        (410, None, Gone),
        (413, None, other(413)),
        (429, Some("120"), later(429, Some(120))),
        (429, None, later(429, None)),
        (500, None, later(500, None)),
        (502, None, later(502, None)),
        (503, Some("7"), later(503, Some(7))),
    ] {
        let mut headers = vec![("location", format!("{}/elsewhere", receiver.url()))];
        headers.extend(after.map(|after| ("retry-after", after.to_owned())));
        receiver.order([Order::Say(status, headers, "")]);
        assert_eq!(sender.wake(&target).await, answer, "{status}");
    }
    assert!(receiver.heard().iter().all(|heard| heard.path == "/push/1"), "a redirect was followed");
    assert_eq!(receiver.heard().len(), 17, "something was asked twice");
}

#[tokio::test]
async fn whoever_shows_another_operators_word_is_not_let_in() {
    let (receiver, _, device) = set_up().await;
    // The push service wants this operator's address, and this sender tells none.
    let config = Config { vapid_subject: None, ..receiver.config() };
    let sender = config.open(VapidKey::generate().unwrap()).unwrap();
    let refused = Answer::Refused(Refusal::Unauthorised(Cause::Http(403)));
    assert_eq!(sender.wake(&target(&receiver, &device)).await, refused);
}

#[tokio::test]
async fn nothing_is_sent_into_an_inner_network_unless_the_operator_says_so() {
    let (receiver, open, device) = set_up().await;
    let config = Config { inner: false, ..receiver.config() };
    let careful = config.open(VapidKey::generate().unwrap()).unwrap();
    let port = receiver.port();
    for host in ["127.0.0.1", "localhost", "2130706433"] {
        let endpoint = format!("https://{host}:{port}/plain/1");
        let sealed = Target::WebPush(device.target(&endpoint).unwrap());
        let plain = Target::UnifiedPush(UnifiedPush::Plain(Endpoint::parse(&endpoint).unwrap()));
        for target in [&sealed, &plain] {
            assert_eq!(careful.wake(target).await, Answer::Refused(Refusal::Inner), "{host}");
        }
        assert!(receiver.heard().is_empty());
    }
    // The control: the same, allowed.
    assert_eq!(open.wake(&target(&receiver, &device)).await, Answer::Delivered);
}

#[tokio::test]
async fn whoever_is_not_trusted_or_not_there_gets_nothing() {
    let (receiver, _, device) = set_up().await;
    let config = Config { ca: None, ..receiver.config() };
    let stranger = Config { fcm: None, apns: None, ..config }.open(VapidKey::generate().unwrap()).unwrap();
    assert_eq!(stranger.wake(&target(&receiver, &device)).await, Answer::later(Cause::Secure));
    assert!(receiver.heard().is_empty());
    let (sender, target) = (receiver.config().open(VapidKey::generate().unwrap()).unwrap(), target(&receiver, &device));
    drop(receiver);
    assert_eq!(sender.wake(&target).await, Answer::later(Cause::Connect));
}

#[tokio::test]
async fn a_push_service_that_never_answers_is_left() {
    let (receiver, sender, device) = set_up().await;
    receiver.order([Order::Silence]);
    let began = std::time::Instant::now();
    assert_eq!(sender.wake(&target(&receiver, &device)).await, Answer::later(Cause::Silence));
    assert!(began.elapsed() < 3 * limits::ANSWER, "{:?}", began.elapsed());
}
