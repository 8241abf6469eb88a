#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;

use quinn::{ClientConfig as Dialling, Connection, Endpoint, ServerConfig as Accepting};
use tokio::time::timeout;

use super::*;
use crate::{KeyPair, peer_key};

const ALPN: &[u8] = b"test/1";
const PATIENCE: Duration = Duration::from_secs(20);

fn key(seed: u8) -> Arc<KeyPair> {
    Arc::new(KeyPair::from_seed(&[seed; 32]))
}

/// Somebody who is called.
struct Called {
    endpoint: Endpoint,
    address: SocketAddr,
}

impl Called {
    fn new(own: Arc<dyn Identity>, callers: Callers) -> Self {
        let crypto = accepting(&provider(), ALPN, own, callers).unwrap();
        let local = (Ipv4Addr::LOCALHOST, 0).into();
        let endpoint = Endpoint::server(Accepting::with_crypto(Arc::new(crypto)), local).unwrap();
        let address = endpoint.local_addr().unwrap();
        Self { endpoint, address }
    }

    /// What a call comes to, here and there.
    async fn call(&self, crypto: QuicClientConfig) -> (Result<Connection, ConnectionError>, Option<Connection>) {
        let caller = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let connecting = caller.connect_with(Dialling::new(Arc::new(crypto)), self.address, NOBODY).unwrap();
        let there = async { self.endpoint.accept().await.unwrap().await.ok() };
        let (here, there) = timeout(PATIENCE, async { tokio::join!(connecting, there) }).await.unwrap();
        let here = match here {
            // The caller is through first. Whether it is let in, it hears next.
            Ok(connection) if there.is_none() => Err(timeout(PATIENCE, connection.closed()).await.unwrap()),
            here => here,
        };
        (here, there)
    }
}

#[tokio::test]
async fn both_ends_know_each_others_key() {
    let (server, device) = (key(1), key(2));
    let called = Called::new(server.clone(), Callers::WithKey);
    let crypto = dialling(&provider(), ALPN, Some(device.clone()), Expected::Only(server.public())).unwrap();
    let (here, there) = called.call(crypto).await;
    let (here, there) = (here.unwrap(), there.unwrap());
    assert_eq!(peer_key(&here), Some(server.public()));
    assert_eq!(peer_key(&there), Some(device.public()));
    assert_eq!(binding(&here, b"EXPORTER-test"), binding(&there, b"EXPORTER-test"));
    assert_ne!(binding(&here, b"EXPORTER-test"), binding(&here, b"EXPORTER-other"));
}

#[tokio::test]
async fn whoever_has_another_key_than_the_pinned_one_learns_nothing_of_the_caller() {
    let called = Called::new(key(1), Callers::WithKey);
    let signed = Arc::new(Signed::default());
    let own = Arc::new(Recording { key: key(2), signed: signed.clone() });
    let crypto = dialling(&provider(), ALPN, Some(own), Expected::Only(key(3).public())).unwrap();
    let (here, there) = called.call(crypto).await;
    assert!(is_another_key(&here.unwrap_err()) && there.is_none());
    assert!(signed.lock().unwrap().is_empty(), "the caller proves nothing to a stranger");
}

#[tokio::test]
async fn a_caller_shows_a_key_where_one_is_asked_for() {
    let called = Called::new(key(1), Callers::WithKey);
    let (here, there) = called.call(dialling(&provider(), ALPN, None, Expected::Anyone).unwrap()).await;
    let error = here.unwrap_err();
    assert!(there.is_none() && !is_another_key(&error), "{error}");

    let called = Called::new(key(1), Callers::Nameless);
    let (here, there) = called.call(dialling(&provider(), ALPN, None, Expected::Anyone).unwrap()).await;
    assert!(here.is_ok());
    assert_eq!(peer_key(&there.unwrap()), None);
}

#[tokio::test]
async fn nobody_can_show_a_key_that_is_not_theirs() {
    let called = Called::new(key(1), Callers::WithKey);
    let thief = Arc::new(Thief { victim: key(2).public(), own: key(3) });
    let crypto = dialling(&provider(), ALPN, Some(thief.clone()), Expected::Anyone).unwrap();
    let (here, there) = called.call(crypto).await;
    assert!(here.is_err() && there.is_none(), "a caller");

    let called = Called::new(thief, Callers::Nameless);
    let (here, there) = called.call(dialling(&provider(), ALPN, None, Expected::Only(key(2).public())).unwrap()).await;
    assert!(here.is_err() && there.is_none(), "one who is called");
}

#[tokio::test]
async fn there_is_one_key_exchange_and_one_protocol() {
    let called = Called::new(key(1), Callers::Nameless);
    let weak = Arc::new(CryptoProvider { kx_groups: vec![kx_group::X25519], ..default_provider() });
    let (here, there) = called.call(dialling(&weak, ALPN, None, Expected::Anyone).unwrap()).await;
    assert!(here.is_err() && there.is_none(), "X25519 alone");
    let (here, there) = called.call(dialling(&provider(), b"test/2", None, Expected::Anyone).unwrap()).await;
    assert!(here.is_err() && there.is_none(), "another protocol");
}

#[tokio::test]
async fn what_is_signed_begins_as_nothing_else_does() {
    let called = Called::new(key(1), Callers::WithKey);
    let signed = Arc::new(Signed::default());
    let own = Arc::new(Recording { key: key(2), signed: signed.clone() });
    let (here, _there) = called.call(dialling(&provider(), ALPN, Some(own), Expected::Anyone).unwrap()).await;
    assert!(here.is_ok());
    let signed = signed.lock().unwrap();
    let [message] = signed.as_slice() else { panic!("one signature for one handshake") };
    assert!(message.starts_with(&[b' '; 64]));
    assert!(message[64..].starts_with(b"TLS 1.3, client CertificateVerify\0"));
}

type Signed = Mutex<Vec<Vec<u8>>>;

/// Remembers what it signs.
struct Recording {
    key: Arc<KeyPair>,
    signed: Arc<Signed>,
}

impl Identity for Recording {
    fn public(&self) -> [u8; 32] {
        self.key.public()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signed.lock().unwrap().push(message.to_vec());
        self.key.sign(message)
    }
}

/// Shows somebody else's key.
struct Thief {
    victim: [u8; 32],
    own: Arc<KeyPair>,
}

impl Identity for Thief {
    fn public(&self) -> [u8; 32] {
        self.victim
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.own.sign(message)
    }
}
