//! Node's own cryptography, which is OpenSSL's, reads what was sent: neither our code nor our library is asked.

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use url::form_urlencoded;

use super::*;
use crate::{Answer, Target, VapidKey};

fn reader(told: &serde_json::Value) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/receiver/tests/reader.mjs");
    let node = Command::new("node").arg(script).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut node = node.expect("node is missing: apt-get install nodejs (`cargo xtask test` does so)");
    node.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let done = node.wait_with_output().unwrap();
    (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[tokio::test]
async fn an_independent_reader_opens_every_message_and_verifies_every_signature() {
    let receiver = Receiver::start().await.unwrap();
    let device = Device::new().unwrap();
    let key = VapidKey::generate().unwrap();
    let vapid = BASE64URL_NOPAD.encode(key.public());
    let sender = receiver.config().open(key).unwrap();
    let web = Target::WebPush(device.target(&format!("{}/push/1", receiver.url())).unwrap());
    for target in [web, Target::Fcm(receiver.android().unwrap()), Target::Apns(receiver.iphone().unwrap())] {
        assert_eq!(sender.wake(&target).await, Answer::Delivered);
    }
    let heard = receiver.heard();
    let at = |path: &str| heard.iter().find(|heard| heard.path.starts_with(path)).unwrap();
    let form: BTreeMap<String, String> = form_urlencoded::parse(&at("/token").body).into_owned().collect();
    let private: EcPrivateKeyBin<'_> = device.key.as_be_bytes().unwrap();
    let keys = lock(&receiver.state.keys);
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let told = json!({
        "private": text(private.as_ref()),
        "public": text(device.keys().0),
        "auth": text(&device.keys().1),
        "body": text(&at("/push/1").body),
        "said": "wake",
        "authorization": at("/push/1").header("authorization"),
        "vapid": vapid,
        "url": receiver.url(),
        "assertion": form["assertion"],
        "google": text(&keys.as_ref().unwrap().google),
        "provider": at("/3/device/").header("authorization").unwrap().trim_start_matches("Bearer "),
        "apple": text(&keys.as_ref().unwrap().apple),
    });
    assert_eq!(reader(&told), (true, String::new()));
    // The control: it sees what is not as it should be.
    for (name, other) in [
        ("said", json!("woke")),
        ("auth", json!(text(&[0; 16]))),
        ("vapid", told["apple"].clone()),
        ("url", json!("https://push.example")),
        ("apple", told["vapid"].clone()),
        ("assertion", json!(form["assertion"].replacen('.', ".e", 1))),
    ] {
        let mut wrong = told.clone();
        wrong[name] = other;
        assert!(!reader(&wrong).0, "{name}");
    }
}
