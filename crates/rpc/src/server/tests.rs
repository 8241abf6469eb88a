#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};

use crate::{
    ConnectError, Connection,
    api::{
        Accept, Event, Family, GetContacts, GetHistory, GetNearby, GetStatus, Invite, Light, METHODS, Note, Over, Say,
        Snapshot, Stop, Subscribe,
    },
    testing::{Daemon, PATIENCE, code, exchange, wait_for},
};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sees_and_changes_what_the_daemon_has() {
    let ada = Daemon::start("Ada").await;
    let mut daemon = ada.connect().await;
    daemon.call(Light { app: "QQ".to_owned() }).await.unwrap();
    let status = daemon.call(GetStatus {}).await.unwrap();
    assert_eq!((status.name.as_str(), status.lit[0].app.as_str(), status.contacts), ("Ada", "qq", 0));
    assert_eq!(status.storage, crate::api::Storage::Working);
    assert_eq!(daemon.call(GetContacts::default()).await.unwrap().contacts, []);

    let nobody = "00000000-0000-4000-8000-000000000000".to_owned();
    let say = Say { conversation: nobody.clone(), text: "hello".to_owned() };
    assert_eq!(code(daemon.call(say).await.unwrap_err()), ErrorCode::UnknownContact as i64);
    let garbled = Say { conversation: "Grace".to_owned(), text: "hello".to_owned() };
    assert_eq!(code(daemon.call(garbled).await.unwrap_err()), ErrorCode::InvalidParams as i64);
    let control = Say { conversation: nobody, text: "\u{1b}[2J".to_owned() };
    assert_eq!(code(daemon.call(control).await.unwrap_err()), ErrorCode::InvalidParams as i64);
    let link = "https://example.org".to_owned();
    assert_eq!(code(daemon.call(Accept { link }).await.unwrap_err()), ErrorCode::BadInvite as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_gets_a_snapshot_and_then_what_happens() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let (mut here, mut there) = (ada.connect().await, grace.connect().await);
    assert_eq!(there.call(Subscribe {}).await.unwrap().status.name, "Grace");
    assert_eq!(code(there.call(Subscribe {}).await.unwrap_err()), ErrorCode::AlreadySubscribed as i64);

    let link = here.call(Invite {}).await.unwrap().link;
    let contact = there.call(Accept { link }).await.unwrap().contact;
    let met = wait_for(&mut there, |event| match event {
        Event::ContactAdded { contact } => Some(contact),
        _ => None,
    });
    let met = met.await;
    assert_eq!((met.id.as_str(), met.name.as_str()), (contact.as_str(), "Ada"));

    // Who is near is told with what their devices are reached over.
    let near = wait_for(&mut there, |event| match event {
        Event::Near { contact, near: true } => Some(contact),
        _ => None,
    });
    let (near, told) = (near.await, there.call(GetNearby {}).await.unwrap());
    assert_eq!((near.as_str(), told.people.len(), told.strangers), (contact.as_str(), 1, 0));
    let (person, device) = (&told.people[0], &told.people[0].devices[0]);
    assert_eq!((person.contact.as_str(), person.name.as_str()), (contact.as_str(), "Ada"));
    assert_eq!((device.over, device.family), (Over::Lan, Some(Family::Ipv4)));
    assert!(device.address.as_ref().unwrap().starts_with("127.0.0.1:"), "{device:?}");

    let grace_at_ada = here.call(GetContacts::default()).await.unwrap().contacts.remove(0);
    let said = here.call(Say { conversation: grace_at_ada.id.clone(), text: "one\ntwo".to_owned() }).await.unwrap();
    let message = wait_for(&mut there, |event| match event {
        Event::Message { message, .. } => Some(message),
        _ => None,
    });
    let message = message.await;
    assert_eq!((message.id, message.text.as_str(), message.mine), (said.id, "one\ntwo", false));
    let page = there.call(GetHistory { conversation: contact, before: None, limit: Some(1) }).await.unwrap();
    assert_eq!((page.messages.len(), page.more), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_and_harms_nobody() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    for (line, expected) in [
        ("not json", ErrorCode::Parse),
        ("[]", ErrorCode::InvalidRequest),
        (r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, ErrorCode::InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"method":"fly"}"#, ErrorCode::MethodNotFound),
        (r#"{"jsonrpc":"2.0","id":1,"method":"say","params":{"conversation":"x"}}"#, ErrorCode::InvalidParams),
        (r#"{"jsonrpc":"2.0","id":1,"method":"say","params":["x","y"]}"#, ErrorCode::InvalidParams),
        (r#"{"jsonrpc":"2.0","id":1,"method":"light","params":["icq"]}"#, ErrorCode::InvalidParams),
        (r#"{"jsonrpc":"2.0","id":1,"method":"status","params":[]}"#, ErrorCode::InvalidParams),
        (r#"{"jsonrpc":"2.0","id":1,"method":"status","params":{"more":1}}"#, ErrorCode::InvalidParams),
    ] {
        let answer = exchange(&mut stream, line).await;
        assert_eq!(answer["error"]["code"], expected as i64, "{line}: {answer}");
    }
    // The same connection goes on, and a text is as good an id as a number.
    let answer = exchange(&mut stream, r#"{"jsonrpc":"2.0","id":"a","method":"status"}"#).await;
    assert_eq!((&answer["id"], &answer["result"]["name"]), (&json!("a"), &json!("Ada")));
    // A notification is carried out and not answered.
    let line = r#"{"jsonrpc":"2.0","method":"light","params":{"app":"qq"}}"#;
    let both = format!("{line}\n{}", r#"{"jsonrpc":"2.0","id":2,"method":"status"}"#);
    assert_eq!(exchange(&mut stream, &both).await["result"]["lit"][0]["app"], "qq");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_too_long_ends_its_connection_and_no_other() {
    let ada = Daemon::start("Ada").await;
    let (mut stream, mut other) = (ada.raw().await, ada.connect().await);
    let line = vec![b'x'; limits::LINE_BYTES + 1];
    stream.write_all(&line).await.unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["error"]["code"], ErrorCode::TooLong as i64);
    let mut rest = String::new();
    // Ended or reset: nothing more comes.
    assert!(matches!(stream.read_line(&mut rest).await, Ok(0) | Err(_)));
    other.call(GetStatus {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_allowed_are_refused() {
    let ada = Daemon::start("Ada").await;
    let mut open = Vec::new();
    for _ in 0..limits::CONNECTIONS {
        let mut connection = ada.connect().await;
        connection.call(GetStatus {}).await.unwrap();
        open.push(connection);
    }
    let refused = ada.connect().await.call(GetStatus {}).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::Busy as i64);
    open.truncate(1);
    let again = async {
        while ada.connect().await.call(GetStatus {}).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, again).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_its_owners_and_goes_with_the_daemon() {
    let ada = Daemon::start("Ada").await;
    let path = ada.socket();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut daemon = ada.connect().await;
    daemon.call(Stop {}).await.unwrap();
    assert!(daemon.next().await.unwrap().is_none());
    let _dir = ada.stopped().await;
    assert!(!path.exists());
    assert!(matches!(Connection::open(&path).await, Err(ConnectError::NoDaemon)));
}

#[tokio::test]
async fn a_dead_daemons_socket_is_replaced_and_nothing_else_is() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("socket");
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(Connection::open(&path).await, Err(ConnectError::NoDaemon)));
    drop(Server::bind(&path).unwrap());

    let file = dir.path().join("file");
    fs::write(&file, "precious").unwrap();
    assert!(matches!(Server::bind(&file), Err(BindError::InTheWay(_))));
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let long = dir.path().join("x".repeat(120));
    assert!(matches!(Server::bind(&long), Err(BindError::PathTooLong(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_fits_into_a_line_whatever_is_in_it() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let (mut here, mut there) = (ada.connect().await, grace.connect().await);
    here.call(Subscribe {}).await.unwrap();
    let link = here.call(Invite {}).await.unwrap().link;
    there.call(Accept { link }).await.unwrap();
    let contact = wait_for(&mut here, |event| match event {
        Event::ContactAdded { contact } => Some(contact.id),
        _ => None,
    })
    .await;
    // Each of these takes two bytes in JSON: all together they are twice what a line holds.
    let text = "\n\"".repeat(lamplit_types::limits::TEXT_BYTES / 2 - 1) + "x";
    for _ in 0..60 {
        here.call(Say { conversation: contact.clone(), text: text.clone() }).await.unwrap();
    }
    let (mut before, mut pages, mut found) = (None, 0, 0);
    loop {
        let page = here.call(GetHistory { conversation: contact.clone(), before, limit: None }).await.unwrap();
        before = page.messages.last().map(|message| message.index);
        (pages, found) = (pages + 1, found + page.messages.len());
        if !page.more {
            break;
        }
    }
    assert_eq!(found, 60);
    assert!(pages > 2, "{pages} pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_the_list_is_there() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    for method in METHODS.iter().filter(|method| **method != "stop") {
        let answer = exchange(&mut stream, &json!({"jsonrpc": "2.0", "id": 1, "method": method}).to_string()).await;
        assert_ne!(answer["error"]["code"], ErrorCode::MethodNotFound as i64, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_was_too_slow_is_told_so_and_how_things_are() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let mut here = ada.connect().await;
    let contact = ada.meet(&grace).await;
    let mut slow = ada.raw().await;
    assert!(exchange(&mut slow, r#"{"jsonrpc":"2.0","id":1,"method":"subscribe"}"#).await["result"].is_object());
    // More than the socket, the queue and the client keep.
    let filler = "x".repeat(4000);
    for number in 0..1500 {
        let note = Some(format!("{number} {filler}"));
        here.call(Note { contact: contact.clone(), note }).await.unwrap();
    }
    let told = async {
        let mut line = String::new();
        loop {
            line.clear();
            slow.read_line(&mut line).await.unwrap();
            let told: Value = serde_json::from_str(&line).unwrap();
            if told["method"] == "lagged" {
                return told["params"].clone();
            }
        }
    };
    let told = timeout(PATIENCE, told).await.expect("nobody is told");
    assert!(told["missed"].as_u64() > Some(0));
    let snapshot: Snapshot = serde_json::from_value(told["snapshot"].clone()).unwrap();
    assert!(snapshot.contacts[0].note.as_ref().unwrap().starts_with("1499 "));
}
