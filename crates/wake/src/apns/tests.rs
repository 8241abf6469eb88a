use core::time::Duration;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;

use super::*;
use crate::{
    Target, VapidKey,
    receiver::{Order, Receiver},
};

async fn set_up() -> (Receiver, Arc<dyn Sender>, Target) {
    let receiver = Receiver::start().await.unwrap();
    let sender = receiver.config().open(VapidKey::generate().unwrap()).unwrap();
    let target = Target::Apns(receiver.iphone().unwrap());
    (receiver, sender, target)
}

fn provider() -> Provider {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    Provider { key, key_id: "ABC123DEFG".into(), team_id: "DEF123GHIJ".into(), now: Mutex::new(None) }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn apple_takes_a_wake_over_http_2_and_the_token_stays_the_same() {
    let (receiver, sender, target) = set_up().await;
    for _ in 0..3 {
        assert_eq!(sender.wake(&target).await, Answer::Delivered);
    }
    let heard = receiver.heard();
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|wake| wake.version == "HTTP/2.0" && wake.headers == heard[0].headers));
    assert_eq!(heard[0].path, format!("/3/device/{}", "5e".repeat(32)));
}

#[tokio::test]
async fn another_apps_device_is_not_asked_for() {
    let (receiver, sender, _) = set_up().await;
    let other = Target::Apns(ApnsTarget::parse("c0ffee", "org.example.other").unwrap());
    assert_eq!(sender.wake(&other).await, Answer::Refused(Refusal::Topic));
    assert!(receiver.heard().is_empty());
}

#[tokio::test]
async fn each_reason_of_apple_means_one_thing() {
    use Answer::{Gone, Refused};
    let (receiver, sender, target) = set_up().await;
    let other = |status| Refused(Refusal::Other(Cause::Http(status)));
    for (status, body, answer) in [
        (200, "", Answer::Delivered),
        (410, r#"{"reason":"Unregistered","timestamp":1}"#, Gone),
        (410, "", Gone),
        (400, r#"{"reason":"BadDeviceToken"}"#, Gone),
        (400, r#"{"reason":"DeviceTokenNotForTopic"}"#, Refused(Refusal::Topic)),
        (400, r#"{"reason":"BadTopic"}"#, other(400)),
        (400, "<html>", other(400)),
        (403, r#"{"reason":"InvalidProviderToken"}"#, Refused(Refusal::Unauthorised(Cause::Http(403)))),
        (403, r#"{"reason":"ExpiredProviderToken"}"#, Answer::later(Cause::Http(403))),
        (404, r#"{"reason":"BadPath"}"#, other(404)),
        (413, r#"{"reason":"PayloadTooLarge"}"#, other(413)),
        (429, r#"{"reason":"TooManyRequests"}"#, Answer::later(Cause::Http(429))),
        (500, r#"{"reason":"InternalServerError"}"#, Answer::later(Cause::Http(500))),
        (503, r#"{"reason":"Shutdown"}"#, Answer::later(Cause::Http(503))),
    ] {
        receiver.order([Order::Say(status, Vec::new(), body)]);
        assert_eq!(sender.wake(&target).await, answer, "{status} {body}");
    }
}

#[tokio::test]
async fn another_teams_key_is_not_let_in() {
    let (receiver, _, target) = set_up().await;
    let stranger = Receiver::start().await.unwrap();
    let mut config = receiver.config();
    config.apns.as_mut().unwrap().file = stranger.config().apns.unwrap().file;
    let sender = config.open(VapidKey::generate().unwrap()).unwrap();
    assert_eq!(sender.wake(&target).await, Answer::Refused(Refusal::Unauthorised(Cause::Http(403))));
}

#[test]
fn a_token_is_made_anew_between_20_and_60_minutes() {
    let (provider, began, wall) = (provider(), Instant::now(), SystemTime::now());
    let at = |minutes: u32| provider.token(began + minutes * MINUTE, wall + minutes * MINUTE).unwrap();
    let first = at(0);
    assert_eq!(at(39), first);
    let second = at(40);
    assert_ne!(second, first);
    let claims = second.split('.').nth(1).unwrap().as_bytes().to_vec();
    let claims: serde_json::Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(&claims).unwrap()).unwrap();
    let iat = (wall + 40 * MINUTE).duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(claims, serde_json::json!({ "iss": "DEF123GHIJ", "iat": iat }));
    // Apple says that it has ended: it is believed of one that may be replaced.
    provider.expired(&second, began + 59 * MINUTE);
    assert_eq!(at(59), second);
    provider.expired(&first, began + 61 * MINUTE);
    assert_eq!(at(61), second, "it was said of another");
    provider.expired(&second, began + 61 * MINUTE);
    assert_ne!(at(61), second);
}
