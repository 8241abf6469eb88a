#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async, tungstenite::Message};

use super::{
    proof::{Meeting, Nonce, Side},
    *,
};
use crate::{
    Connection,
    api::{Event, GetStatus, Light, Note, Say, Stop, Subscribe},
    testing::{Daemon, ORIGIN, PATIENCE, code, wait_for},
};

type Socket = WebSocketStream<TcpStream>;

/// A WebSocket to the daemon on which nothing was said yet.
async fn knock(address: &WebAddress) -> Socket {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, address.port)).await.unwrap();
    client_async(address.url(), stream).await.unwrap().0
}

/// Sends a message and returns the next, or `None` if the daemon ends it.
async fn exchange(socket: &mut Socket, message: Value) -> Option<Value> {
    let _ = socket.send(Message::text(message.to_string())).await;
    heard(socket).await
}

async fn heard(socket: &mut Socket) -> Option<Value> {
    match timeout(PATIENCE, socket.next()).await.expect("nothing is said") {
        Some(Ok(Message::Text(text))) => Some(serde_json::from_str(&text).unwrap()),
        _ => None,
    }
}

/// What the daemon answers to these headers.
async fn status(address: &WebAddress, headers: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, address.port)).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\n{headers}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: \
         13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_carriers_lead_to_the_same_daemon() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let contact = ada.meet(&grace).await;
    let mut page = Connection::open_web(&ada.web()).await.unwrap();
    let mut program = ada.connect().await;
    assert_eq!(page.call(Subscribe {}).await.unwrap().contacts[0].id, contact);
    program.call(Note { contact: contact.clone(), note: Some("tea".to_owned()) }).await.unwrap();
    let noted = wait_for(&mut page, |event| match event {
        Event::ContactChanged { contact } => contact.note,
        _ => None,
    });
    assert_eq!(noted.await, "tea");
    page.call(Light { app: "qq".to_owned() }).await.unwrap();
    assert_eq!(program.call(GetStatus {}).await.unwrap().lit[0].app, "qq");
    let text = "x".repeat(lamplit_types::limits::TEXT_BYTES);
    page.call(Say { conversation: contact, text }).await.unwrap();
    page.call(Stop {}).await.unwrap();
    while page.next().await.unwrap().is_some() {}
    let data = ada.data();
    let _dir = ada.stopped().await;
    assert!(matches!(WebAddress::read(&data), Err(AddressError::None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_show_the_token_first_is_told_nothing() {
    let ada = Daemon::start("Ada").await;
    let address = ada.web();
    let nonce = "01".repeat(32);
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"nonce": nonce}});
    let status = json!({"jsonrpc": "2.0", "id": 2, "method": "status"});
    let guess = |proof: &str| json!({"jsonrpc": "2.0", "id": 2, "method": "authenticate", "params": {"proof": proof}});
    // Without a greeting, with half of one, and with guesses.
    for words in [
        vec![status.clone()],
        vec![json!("hello")],
        vec![json!([hello.clone(), guess(&"00".repeat(32)), status.clone()])],
        vec![json!({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"nonce": "01"}})],
        vec![guess(&"00".repeat(32))],
        vec![hello.clone(), status.clone()],
        vec![hello.clone(), hello.clone()],
        vec![hello.clone(), guess("")],
        vec![hello.clone(), guess(&"00".repeat(32))],
        vec![hello.clone(), guess(address.expose_token())],
    ] {
        let mut socket = knock(&address).await;
        let mut last = None;
        for word in &words {
            last = exchange(&mut socket, word.clone()).await;
        }
        assert!(last.is_some_and(|last| last["error"]["code"].is_i64()), "{words:?}");
        // There is no second try.
        assert_eq!(exchange(&mut socket, status.clone()).await, None, "{words:?}");
    }
    // The daemon's own proof is not good for the program, nor is that of another meeting.
    let mut socket = knock(&address).await;
    let greeting = exchange(&mut socket, hello.clone()).await.unwrap();
    let refused = exchange(&mut socket, guess(greeting["result"]["proof"].as_str().unwrap())).await.unwrap();
    assert_eq!(refused["error"]["code"], ErrorCode::NotProven as i64);
    let nonce_of = |greeting: &Value| Nonce::parse(greeting["result"]["nonce"].as_str().unwrap()).unwrap();
    let meeting = Meeting { port: address.port, program: Nonce::parse(&nonce).unwrap(), daemon: nonce_of(&greeting) };
    let proof = address.token.prove(Side::Program, &meeting).unwrap();
    let mut socket = knock(&address).await;
    let other = exchange(&mut socket, hello.clone()).await.unwrap();
    assert_eq!(exchange(&mut socket, guess(&proof)).await.unwrap()["error"]["code"], ErrorCode::NotProven as i64);
    // The control: it is the right one that is let in.
    let mut socket = knock(&address).await;
    let greeting = exchange(&mut socket, hello).await.unwrap();
    assert_ne!(nonce_of(&greeting), nonce_of(&other));
    let meeting = Meeting { daemon: nonce_of(&greeting), ..meeting };
    let proof = address.token.prove(Side::Program, &meeting).unwrap();
    assert_eq!(exchange(&mut socket, guess(&proof)).await.unwrap()["result"], json!({}));
    assert_eq!(exchange(&mut socket, status).await.unwrap()["result"]["name"], "Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_names_that_were_not_allowed_are_turned_away_at_the_handshake() {
    let ada = Daemon::start("Ada").await;
    let address = ada.web();
    let host = format!("Host: 127.0.0.1:{}\r\n", address.port);
    assert_eq!(status(&address, &host).await, "HTTP/1.1 101");
    assert_eq!(status(&address, &format!("{host}Origin: {ORIGIN}\r\n")).await, "HTTP/1.1 101");
    assert_eq!(status(&address, &format!("{host}Origin: http://evil.example\r\n")).await, "HTTP/1.1 403");
    assert_eq!(status(&address, &format!("{host}Origin: null\r\n")).await, "HTTP/1.1 403");
    assert_eq!(status(&address, &format!("Host: evil.example:{}\r\n", address.port)).await, "HTTP/1.1 403");
}

/// Whoever took the port answers as well as it can, and learns a nonce.
#[tokio::test(flavor = "multi_thread")]
async fn who_took_the_port_is_told_nothing() {
    let thief = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = thief.local_addr().unwrap().port();
    let taken = WebError::Taken(port).to_string();
    let dir = tempfile::TempDir::new().unwrap();
    let bound = WebServer::bind(dir.path(), WebOptions { port, origins: Vec::new() }).await;
    assert_eq!(bound.unwrap_err().to_string(), taken);
    assert!(matches!(WebAddress::read(dir.path()), Err(AddressError::None)));

    let listening = tokio::spawn(async move {
        let mut socket = accept_async(thief.accept().await.unwrap().0).await.unwrap();
        let hello = heard(&mut socket).await.unwrap();
        let proof = "00".repeat(32);
        let greeting = json!({"jsonrpc": "2.0", "id": 1, "result": {"nonce": proof, "proof": proof}});
        (hello, exchange(&mut socket, greeting).await)
    });
    let address = WebAddress { port, token: Token::new().unwrap() };
    let refused = Connection::open_web(&address).await.unwrap_err();
    assert!(matches!(refused, ConnectError::NotTheDaemon(_)), "{refused}");
    let (hello, more) = listening.await.unwrap();
    assert!(!hello.to_string().contains(address.expose_token()));
    assert_eq!((hello["method"].as_str(), more), (Some("hello"), None));
}

/// Somebody who asks the real daemon what to answer is found out by the port.
#[tokio::test(flavor = "multi_thread")]
async fn who_took_another_port_cannot_pass_for_the_daemon_by_asking_it() {
    let ada = Daemon::start("Ada").await;
    let real = ada.web();
    let thief = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let elsewhere = WebAddress { port: thief.local_addr().unwrap().port(), token: real.token.clone() };
    let relay = tokio::spawn(async move {
        let mut near = accept_async(thief.accept().await.unwrap().0).await.unwrap();
        let mut far = knock(&real).await;
        let hello = heard(&mut near).await.unwrap();
        let greeting = exchange(&mut far, hello).await.unwrap();
        assert!(greeting["result"]["proof"].is_string());
        exchange(&mut near, greeting).await
    });
    let refused = Connection::open_web(&elsewhere).await.unwrap_err();
    assert!(matches!(refused, ConnectError::NotTheDaemon(_)), "{refused}");
    assert_eq!(relay.await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_say_nothing_take_no_place_of_those_who_are_known() {
    let ada = Daemon::start("Ada").await;
    let address = ada.web();
    let mut inside = Connection::open_web(&address).await.unwrap();
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, address.port));
    let mut silent = Vec::new();
    let turned_away = async {
        loop {
            let mut stream = connect().await.unwrap();
            // Closed at once is one too many; one that waits for us has a place.
            match timeout(NO_ROOM, stream.read(&mut [0; 1])).await {
                Ok(_) => return,
                Err(_) => silent.push(stream),
            }
        }
    };
    timeout(PATIENCE, turned_away).await.expect("there is no end of places");
    assert!(silent.len() <= limits::STRANGERS * 3, "{} strangers", silent.len());
    inside.call(GetStatus {}).await.unwrap();
    ada.connect().await.call(GetStatus {}).await.unwrap();
    drop(silent);
    let again = async {
        while Connection::open_web(&address).await.is_err() {
            sleep(NO_ROOM).await;
        }
    };
    timeout(PATIENCE, again).await.expect("there is room again");
}

/// A stranger cannot wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_closed() {
    let ada = Daemon::start("Ada").await;
    let mut mute = knock(&ada.web()).await;
    assert_eq!(heard(&mut mute).await, None);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, ada.web().port)).await.unwrap();
    stream.write_all(b"GET / HT").await.unwrap();
    let closed = timeout(PATIENCE, stream.read(&mut [0; 1])).await.expect("it stays open");
    assert!(matches!(closed, Ok(0) | Err(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_allowed_are_refused_on_the_websocket_and_not_on_the_socket() {
    let ada = Daemon::start("Ada").await;
    let address = ada.web();
    let mut open = Vec::new();
    for _ in 0..limits::CONNECTIONS {
        open.push(Connection::open_web(&address).await.unwrap());
    }
    let refused = Connection::open_web(&address).await.unwrap().call(GetStatus {}).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::Busy as i64);
    ada.connect().await.call(GetStatus {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_ends_its_connection() {
    let ada = Daemon::start("Ada").await;
    let mut page = Connection::open_web(&ada.web()).await.unwrap();
    let text = "x".repeat(limits::LINE_BYTES);
    let refused = page.call(Say { conversation: String::new(), text }).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::TooLong as i64);
    assert!(page.next().await.unwrap().is_none());
}
