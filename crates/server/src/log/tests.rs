#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::{Arc, Mutex};

use super::*;

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(said: &str) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_env_filter(filter(said).unwrap()).with_writer(move || writer.clone());
    tracing::subscriber::with_default(log.finish(), || {
        tracing::debug!(target: "lamplit_server::door", "own");
        tracing::debug!(target: "quinn_proto::endpoint", "sending stateless reset to 192.0.2.1");
        tracing::warn!(target: "quinn_udp", "sendmsg error, destination: 192.0.2.1");
        tracing::debug!(target: "rustls::server", "a hello");
        tracing::warn!(target: "quinn_proto::connection", "amiss");
    });
    let logged = lines.0.lock().unwrap().clone();
    String::from_utf8(logged).unwrap()
}

#[test]
fn nobodys_address_is_logged_unless_who_makes_the_connections_is_named() {
    for said in ["info", "debug", "trace", "info,lamplit_server=trace"] {
        let logged = logged(said);
        assert!(!logged.contains("192.0.2.1") && !logged.contains("a hello"), "{said}: {logged}");
        assert!(logged.contains("amiss"), "{said}: {logged}");
        assert_eq!(logged.contains("own"), said != "info", "{said}: {logged}");
    }
    assert!(logged("info,quinn_proto=debug").contains("stateless reset"));
    assert!(logged("info,quinn_udp=warn").contains("sendmsg"));
    assert!(filter("lamplit=loud").is_err());
}
