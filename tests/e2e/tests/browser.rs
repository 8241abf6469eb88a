//! The loopback WebSocket and a real browser: pages that may not use it get nothing, however they ask.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, path::Path};

use lamplit_e2e::{Browser, Device, Host, Impostor, Lan, eventually};
use serde_json::{Value, json};

/// A daemon that lets the pages of `localhost` in, and no other.
fn daemon<'lan>(lan: &'lan Lan, browser: &Browser<'_>) -> (Device<'lan>, String, String) {
    let mut ada = Device::new(lan, Host::LEFT, "Ada").unwrap();
    ada.start(&["--web", "--web-origin", &browser.origin("localhost")]).unwrap();
    let web = ada.ask_there(&["web"]).unwrap();
    let (url, token) = (web["url"].as_str().unwrap().to_owned(), web["token"].as_str().unwrap().to_owned());
    (ada, url, token)
}

fn port(url: &str) -> &str {
    url.trim_start_matches("ws://127.0.0.1:").trim_end_matches('/')
}

/// The attempts of a report that got anywhere: those that were opened, or read a word.
fn successes(report: &Value) -> Vec<(&String, &Value)> {
    let attempts = report["attempts"].as_object().unwrap();
    assert_eq!(attempts.len(), 20, "{attempts:?}");
    let nothing = |outcome: &Value| *outcome == json!(["closed"]) || *outcome == json!(["opaque", 0, ""]);
    attempts.iter().filter(|(_, outcome)| !nothing(outcome)).collect()
}

#[test]
fn a_page_from_elsewhere_gets_nothing() {
    let lan = Lan::new().unwrap();
    let browser = Browser::new(&lan, Host::LEFT).unwrap();
    let (_ada, url, _) = daemon(&lan, &browser);
    let attack = format!("attack.html?port={}", port(&url));

    // The control: the same page from where pages are let in gets as far as the token, by the names that mean this
    // machine and by no other.
    let report = browser.visit(&browser.origin("localhost"), &attack).unwrap();
    let opened = successes(&report);
    assert_eq!(opened.len(), 6, "{opened:?}");
    for (name, outcome) in opened {
        assert!(!name.starts_with("rebound.example"), "{name}: {outcome}");
        assert!(name.ends_with("without a token") || name.ends_with("with a guess"), "{name}: {outcome}");
        assert_eq!(outcome[0], "open", "{name}");
        let last = outcome.as_array().unwrap().last().unwrap();
        assert_eq!(last["error"]["code"], 12, "{name}: {outcome}");
        assert!(!outcome.to_string().contains("Ada"), "{name}: {outcome}");
    }

    // From a name of its own, from this machine under another name, and from a port that is not the allowed one.
    for host in ["evil.example", "rebound.example", "127.0.0.1"] {
        let report = browser.visit(&browser.origin(host), &attack).unwrap();
        assert_eq!(report["origin"], browser.origin(host));
        assert_eq!(successes(&report), [], "{host}");
    }
}

#[test]
fn a_page_that_may_connect_and_knows_the_token_is_a_screen() {
    let lan = Lan::new().unwrap();
    let browser = Browser::new(&lan, Host::LEFT).unwrap();
    let (ada, url, token) = daemon(&lan, &browser);
    let screen = |url: &str, token: &str| {
        browser.visit(&browser.origin("localhost"), &format!("screen.html?url={url}&token={token}")).unwrap()
    };
    assert_eq!(screen(&url, &token), json!({ "name": "Ada", "lit": "qq", "refused": -32602, "openrpc": "1.3.2" }));
    assert_eq!(ada.ask(&["status"]).unwrap()["lit"][0]["app"], "qq");

    // Who does not know the token cannot tell the daemon from a stranger, and says nothing to it.
    let guessed = screen(&url, &"00".repeat(32));
    assert_eq!(guessed["failed"], "another program answers there, not the daemon: nothing was told to it");
    let elsewhere = screen("ws://127.0.0.1:9/", &token);
    assert!(elsewhere["failed"].as_str().unwrap().contains("nobody answers"), "{elsewhere}");
}

#[test]
fn a_page_shows_the_likeness_of_a_picture_before_it_is_fetched() {
    let lan = Lan::new().unwrap();
    let browser = Browser::new(&lan, Host::LEFT).unwrap();
    let (ada, url, token) = daemon(&lan, &browser);
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    grace.start(&[]).unwrap();
    ada.meet(&grace).unwrap();
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/picture/png");
    let sent = grace.data().join("picture.png");
    fs::copy(picture, &sent).unwrap();
    grace.ask(&["send", "--no-wait", "Ada", &sent.to_string_lossy()]).unwrap();
    eventually("the picture shall be announced", || ada.file("picture.png")).unwrap();
    let page = format!("picture.html?url={url}&token={token}");
    let shown = browser.visit(&browser.origin("localhost"), &page).unwrap();
    assert_eq!(shown, json!({ "name": "picture.png", "width": 2, "height": 2, "unknown": null }));
}

/// What a daemon leaves behind that dies leads nobody to who takes its port.
#[test]
fn the_address_of_a_daemon_is_gone_with_it_and_never_the_same() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let file = ada.data().join("lamplit.web.json");
    ada.start(&[]).unwrap();
    assert!(ada.ask_there(&["web"]).unwrap_err().to_string().contains("lamplit run --web"));
    ada.stop().unwrap();

    ada.start(&["--web", "4300"]).unwrap();
    let first = ada.ask_there(&["web"]).unwrap();
    assert_eq!(first["url"], "ws://127.0.0.1:4300/");
    ada.kill().unwrap();
    assert!(file.exists());
    // Nobody is there, and it says so.
    assert!(ada.ask_there(&["web"]).unwrap_err().to_string().contains("no daemon is running"));

    ada.start(&["--web=4300"]).unwrap();
    assert_ne!(ada.ask_there(&["web"]).unwrap()["token"], first["token"]);
    // A second daemon cannot have the port, and does not start without.
    let mut grace = Device::new(&lan, Host::LEFT, "Grace").unwrap();
    assert!(grace.start(&["--web", "4300"]).is_err());
    ada.stop().unwrap();
    assert!(!file.exists());

    // Nor is what a dead daemon left there for one that opens no WebSocket.
    ada.start(&["--web"]).unwrap();
    ada.kill().unwrap();
    ada.start(&[]).unwrap();
    assert!(!file.exists());
}

/// The methods that an impostor was called, until whoever did so was gone. That was one alone, who said nothing of the token.
fn heard(impostor: &Impostor, token: &str) -> Vec<String> {
    let lines = impostor.heard().unwrap();
    assert!(lines.iter().all(|line| !line.contains(token)), "{lines:#?}");
    let calls = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("heard: ")?).ok());
    calls.map(|call| call["method"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn whoever_takes_the_port_of_a_daemon_that_died_is_not_told_the_token() {
    let lan = Lan::new().unwrap();
    let browser = Browser::new(&lan, Host::LEFT).unwrap();
    let (mut ada, url, token) = daemon(&lan, &browser);
    let origin = browser.origin("localhost");
    let screen =
        |url: &str, token: &str| browser.visit(&origin, &format!("screen.html?url={url}&token={token}")).unwrap();
    assert_eq!(screen(&url, &token)["name"], "Ada");
    ada.kill().unwrap();
    let impostor = Impostor::start(&lan, Host::LEFT, port(&url).parse().unwrap(), None).unwrap();

    // The control: of a page that tells everybody what it knows, it hears that.
    browser.visit(&origin, &format!("attack.html?port={}", port(&url))).unwrap();
    let guess = "00".repeat(32);
    for (way, before) in [("in a call", "\"proof\":\""), ("as a protocol", "lamplit, ")] {
        let told = format!("{before}{guess}");
        let hears = eventually(way, || Ok(impostor.heard()?.iter().any(|line| line.contains(&told)).then_some(())));
        hears.unwrap();
    }
    drop(impostor);

    // Those that keep to what docs/api.md says tell it nothing: a page, and the command that finds what the daemon left.
    let impostor = Impostor::start(&lan, Host::LEFT, port(&url).parse().unwrap(), None).unwrap();
    let stranger = "another program answers there, not the daemon: nothing was told to it";
    assert_eq!(screen(&url, &token), json!({ "failed": stranger }));
    assert_eq!(heard(&impostor, &token), ["hello"]);
    assert!(fs::read_to_string(ada.data().join("lamplit.web.json")).unwrap().contains(&token));
    let refused = ada.ask_there(&["web"]).unwrap_err().to_string();
    assert!(refused.contains("another program answers at") && !refused.contains(&token), "{refused}");
    assert_eq!(heard(&impostor, &token), ["hello"]);

    // A daemon that is started anew says that the port is taken, or has another one.
    let refused = ada.try_start(&[&format!("--web={}", port(&url))]).unwrap().unwrap_err();
    assert!(refused.message.contains("is another program's: choose another"), "{}", refused.message);
    ada.start(&["--web", "--web-origin", &origin]).unwrap();
    let web = ada.ask_there(&["web"]).unwrap();
    let (new_url, new_token) = (web["url"].as_str().unwrap(), web["token"].as_str().unwrap());
    assert!(new_url != url && new_token != token);
    assert_eq!(screen(new_url, new_token)["name"], "Ada");
    drop(impostor);

    // Nor does it help to ask the daemon what to answer: that names its own port.
    let between = Some(port(new_url).parse().unwrap());
    let impostor = Impostor::start(&lan, Host::LEFT, port(&url).parse().unwrap(), between).unwrap();
    assert_eq!(screen(&url, new_token), json!({ "failed": stranger }));
    assert_eq!(heard(&impostor, new_token), ["hello"]);
}
