#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::panic::catch_unwind;

use super::*;

/// A handshake that is right but for who asks.
fn from(origin: &str) -> Vec<u8> {
    let head = format!("GET / HTTP/1.1\r\nHost: localhost:{PORT}\r\nOrigin: {origin}\r\n");
    let rest = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    format!("{head}{rest}").into_bytes()
}

/// Without this, a target that sees nothing would look like a door that holds.
#[test]
fn a_door_that_lets_others_in_is_seen() {
    let (ours, theirs) = (from(ORIGIN), from("http://evil.example"));
    handshake(&ours);
    handshake(&theirs);
    let open = Door::new(PORT, vec![Origin::parse("http://evil.example").unwrap()]);
    knock(&open, &ours);
    assert!(catch_unwind(|| knock(&open, &theirs)).is_err());
}
