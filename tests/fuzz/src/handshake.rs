//! The handshake of the daemon's WebSocket, as anybody on the machine and any page in a browser can send it.

use std::io::{self, Read, Write};

use lamplit_rpc::{Door, Origin};
use tokio_tungstenite::tungstenite::{
    accept_hdr,
    handshake::server::{ErrorResponse, Request, Response},
    http::StatusCode,
};

const PORT: u16 = 4300;
const HOSTS: [&str; 3] = ["127.0.0.1:4300", "[::1]:4300", "localhost:4300"];
const ORIGIN: &str = "http://localhost:8080";

/// Answers `data` as the daemon does. Who is let in has named this machine, and is a program or a page that may: read from the
/// bytes once more, in another way.
pub fn handshake(data: &[u8]) {
    knock(&Door::new(PORT, Origin::parse(ORIGIN).into_iter().collect()), data);
}

#[expect(clippy::result_large_err, reason = "the shape of the closure is tungstenite's")]
fn knock(door: &Door, data: &[u8]) {
    let mut wire = Wire { unread: data, written: Vec::new() };
    let admit = |request: &Request, response: Response| match door.admit(request.uri(), request.headers()) {
        Ok(()) => Ok(response),
        Err(why) => {
            let mut refusal = ErrorResponse::new(Some(why.to_string()));
            *refusal.status_mut() = StatusCode::FORBIDDEN;
            Err(refusal)
        }
    };
    // It may come to nothing in many ways; what counts is what was answered.
    let _ = accept_hdr(&mut wire, admit);
    let Wire { written, .. } = wire;
    if written.starts_with(b"HTTP/1.1 101 ") {
        let head = String::from_utf8_lossy(data);
        let hosts = values(&head, "host");
        assert!(
            matches!(hosts.as_slice(), [host] if HOSTS.iter().any(|here| host.eq_ignore_ascii_case(here))),
            "{hosts:?}"
        );
        let origins = values(&head, "origin");
        assert!(origins.iter().all(|origin| *origin == ORIGIN) && origins.len() <= 1, "{origins:?}");
    } else {
        assert!(written.is_empty() || written.starts_with(b"HTTP/1.1 403 "));
    }
}

/// The values of a header.
fn values<'h>(head: &'h str, wanted: &str) -> Vec<&'h str> {
    let lines = head.split('\n').skip(1).map(|line| line.trim_end_matches('\r')).take_while(|line| !line.is_empty());
    let headers = lines.filter_map(|line| line.split_once(':'));
    headers.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).collect()
}

/// A connection that has all of its bytes already.
#[derive(Debug)]
struct Wire<'d> {
    unread: &'d [u8],
    written: Vec<u8>,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.unread.read(buffer)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
