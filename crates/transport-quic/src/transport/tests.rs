#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod wire;

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Instant;

use lamplit_transport::suite::{self, Fixture, Host};
use lamplit_transport::transport_suite;
use lamplit_types::{Channel, Class};
use quinn::Endpoint;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio::time::sleep;

use super::*;
use crate::pipe::code;

struct Loopback;

impl Fixture for Loopback {
    fn host(&self) -> Host {
        host(silent_at((Ipv4Addr::LOCALHOST, 0).into()))
    }

    fn nobody(&self) -> Address {
        let closed = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        address::from_socket(closed).unwrap()
    }
}

transport_suite!(Loopback);

/// Every address, as it is shipped, found by DNS-SD.
struct Shipped;

impl Fixture for Shipped {
    fn host(&self) -> Host {
        host(Config { pause: Duration::from_millis(300), ..Config::default() })
    }

    fn nobody(&self) -> Address {
        Loopback.nobody()
    }
}

#[tokio::test]
async fn beacons_are_seen() {
    suite::beacons_are_seen(&Shipped).await;
}

#[tokio::test]
async fn one_socket_takes_both_ip_versions() {
    let (alice, bob) = (Shipped.host(), Shipped.host());
    let addresses = bob.transport.addresses();
    assert!(addresses.iter().any(|address| address.rest().starts_with("127.")), "{addresses:?}");
    for address in addresses {
        let text = address.to_string();
        alice.transport.dial(address).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[tokio::test]
async fn a_port_in_use_is_said() {
    let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let _taken = UdpSocket::bind(taken).unwrap();
    let error = QuicTransport::start(silent_at(taken)).unwrap_err();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}

#[tokio::test]
async fn an_address_without_a_way_fails_at_once() {
    let start = Instant::now();
    let broadcast = Address::parse("udp:255.255.255.255:9").unwrap();
    let error = Loopback.host().transport.dial(broadcast).await.unwrap_err();
    assert!(matches!(error, DialError::Unreachable { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_caller_without_the_post_quantum_group_is_refused() {
    let bob = Loopback.host();
    let error = Stranger::new(&Arc::new(classical())).connect(&bob).await.unwrap_err();
    // The TLS alert handshake_failure, as a QUIC error (RFC 9001 4.8).
    let ConnectionError::ConnectionClosed(close) = &error else { panic!("{error}") };
    assert_eq!(close.error_code, TransportErrorCode::crypto(40), "{error}");
    Stranger::new(&tls::provider()).connect(&bob).await.unwrap();
}

#[tokio::test]
async fn a_stranger_gets_three_streams_and_no_more() {
    let mut bob = Loopback.host();
    let stranger = Stranger::new(&tls::provider());
    let connection = stranger.connect(&bob).await.unwrap();
    let mut kept = Vec::new();
    for class in Class::ALL {
        let mut stream = connection.open_bi().await.unwrap();
        stream.0.write_all(&[class as u8]).await.unwrap();
        kept.push(stream);
    }
    let event = bob.events.recv().await.unwrap();
    assert!(matches!(event, TransportEvent::Incoming(_)), "{event:?}");
    assert!(timeout(Duration::from_millis(300), connection.open_bi()).await.is_err());
    assert!(timeout(Duration::from_millis(300), connection.open_uni()).await.is_err());
}

#[tokio::test]
async fn a_dialled_stranger_may_open_no_streams() {
    let alice = Loopback.host();
    let listening = socket::server(&tls::provider()).unwrap();
    let stranger = socket::listen((Ipv4Addr::LOCALHOST, 0).into(), listening).unwrap();
    let address = address::from_socket(stranger.local_addr().unwrap()).unwrap();
    let (near, far) =
        tokio::join!(alice.transport.dial(address), async { stranger.accept().await.unwrap().await.unwrap() });
    let _near = near.unwrap();
    assert!(timeout(Duration::from_millis(300), far.open_bi()).await.is_err());
}

#[tokio::test]
async fn a_caller_whose_streams_are_not_ours_is_dropped() {
    let mut bob = Loopback.host();
    let stranger = Stranger::new(&tls::provider());
    let connection = stranger.connect(&bob).await.unwrap();
    let (mut send, _receive) = connection.open_bi().await.unwrap();
    send.write_all(&[Class::Bulk as u8]).await.unwrap();
    let ConnectionError::ApplicationClosed(close) = connection.closed().await else { panic!("closed by the other") };
    assert_eq!(close.error_code, code::STREAMS);
    assert!(bob.events.try_recv().is_err(), "nobody heard of it");
}

#[tokio::test]
async fn whoever_tries_a_thousand_streams_gets_three_and_costs_nobody_anything() {
    let (alice, mut bob) = (Loopback.host(), Loopback.host());
    let stranger = Stranger::new(&tls::provider());
    let connection = stranger.connect(&bob).await.unwrap();
    let mut kept = Vec::new();
    for class in Class::ALL {
        let mut stream = connection.open_bi().await.unwrap();
        stream.0.write_all(&[class as u8]).await.unwrap();
        kept.push(stream);
    }
    let Some(TransportEvent::Incoming(mut far)) = bob.events.recv().await else { panic!("bob was dialled") };
    let mut tries = JoinSet::new();
    for _ in 0..1000 {
        let (both, one) = (connection.clone(), connection.clone());
        tries.spawn(async move { drop(both.open_bi().await) });
        tries.spawn(async move { drop(one.open_uni().await) });
    }
    // Bytes that nobody fetches, on every stream it has, and packets beside them: what waits has a limit.
    let mut written = 0;
    let flood = async {
        loop {
            for (send, _) in &mut kept {
                if let Ok(Ok(())) = timeout(Duration::from_millis(20), send.write_all(&[0; 64 * 1024])).await {
                    written += 64 * 1024;
                }
            }
            let _ = connection.send_datagram(vec![0; 1000].into());
        }
    };
    let _ = timeout(Duration::from_secs(2), flood).await;
    assert!(tries.try_join_next().is_none(), "none was opened");
    // Twice the window: what bob holds, and what waits here to be sent.
    assert!(written <= 2 * limits::CONNECTION_WINDOW as usize + 3 * 64 * 1024, "{written}");
    // Meanwhile others get in and are heard.
    let (near, mut heard) = suite::connect(&alice, &mut bob).await;
    let control = Channel::Stream(Class::Control);
    near.sender.send(control, b"clear".to_vec()).await.unwrap();
    assert_eq!(heard.receiver.receive().await, Some((control, b"clear".to_vec())));
    // Dropped by whoever has no use for it, and then all of it is gone.
    assert!(far.receiver.receive().await.is_some());
    drop(far);
    connection.closed().await;
    while tries.join_next().await.is_some() {}
}

#[tokio::test]
async fn a_caller_who_says_a_byte_now_and_then_is_dropped_in_time() {
    let mut bob = Loopback.host();
    let stranger = Stranger::new(&tls::provider());
    let connection = stranger.connect(&bob).await.unwrap();
    let start = Instant::now();
    let slow = connection.clone();
    let dribble = tokio::spawn(async move {
        let mut kept = Vec::new();
        for class in Class::ALL {
            sleep(Duration::from_secs(3)).await;
            let mut stream = slow.open_bi().await.ok()?;
            stream.0.write_all(&[class as u8]).await.ok()?;
            kept.push(stream);
        }
        Some(kept)
    });
    connection.closed().await;
    assert!(start.elapsed() < limits::HANDSHAKE_TIMEOUT + Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(bob.events.try_recv().is_err(), "nobody heard of it");
    dribble.abort();
}

#[tokio::test]
async fn a_caller_who_says_nothing_is_dropped_in_time() {
    let mut bob = Loopback.host();
    let stranger = Stranger::new(&tls::provider());
    let connection = stranger.connect(&bob).await.unwrap();
    let start = Instant::now();
    connection.closed().await;
    assert!(start.elapsed() < limits::HANDSHAKE_TIMEOUT + Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(bob.events.try_recv().is_err(), "nobody heard of it");
}

#[tokio::test]
async fn one_source_can_not_take_all_places() {
    let (alice, mut bob) = (Loopback.host(), Loopback.host());
    let mut held = Vec::new();
    for _ in 0..limits::INCOMING_PER_SOURCE {
        held.push(suite::connect(&alice, &mut bob).await);
    }
    let address = bob.transport.addresses().remove(0);
    let error = alice.transport.dial(address.clone()).await.unwrap_err();
    assert_eq!(error, DialError::Refused { address });
    held.pop();
    sleep(Duration::from_millis(100)).await;
    suite::connect(&alice, &mut bob).await;
}

#[tokio::test]
async fn many_callers_at_once_show_their_addresses_and_get_in() {
    let (alice, mut bob) = (Loopback.host(), Loopback.host());
    let address = bob.transport.addresses().remove(0);
    let dials: Vec<_> =
        (0..limits::INCOMING_PER_SOURCE).map(|_| tokio::spawn(alice.transport.dial(address.clone()))).collect();
    let mut held = Vec::new();
    for dial in dials {
        held.push(dial.await.unwrap().unwrap());
    }
    for _ in &held {
        assert!(matches!(bob.events.recv().await, Some(TransportEvent::Incoming(_))));
    }
}

#[tokio::test]
async fn garbage_harms_nobody() {
    let (alice, mut bob) = (Loopback.host(), Loopback.host());
    let target = address::to_socket(&bob.transport.addresses().remove(0)).unwrap();
    let noise = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut bytes = [0; 1400];
    for round in 0..2000 {
        getrandom::fill(&mut bytes).unwrap();
        if round % 2 == 0 {
            // Looks like a first packet of QUIC version 1 (RFC 9000 17.2.2).
            bytes.iter_mut().zip([0xc3, 0, 0, 0, 1, 8]).for_each(|(byte, header)| *byte = header);
        }
        noise.send_to(bytes.get(..1 + round % 1400).unwrap(), target).unwrap();
    }
    let (near, mut far) = suite::connect(&alice, &mut bob).await;
    let control = Channel::Stream(Class::Control);
    near.sender.send(control, b"clear".to_vec()).await.unwrap();
    assert_eq!(far.receiver.receive().await, Some((control, b"clear".to_vec())));
}

#[tokio::test]
async fn a_dialled_host_without_the_post_quantum_group_is_told_apart() {
    let alice = Loopback.host();
    let listening = socket::server(&Arc::new(classical())).unwrap();
    let stranger = socket::listen((Ipv4Addr::LOCALHOST, 0).into(), listening).unwrap();
    let address = address::from_socket(stranger.local_addr().unwrap()).unwrap();
    let (dialled, _) = tokio::join!(alice.transport.dial(address), async { stranger.accept().await.unwrap().await });
    let error = dialled.unwrap_err();
    assert!(matches!(error, DialError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_connection_survives_a_new_port() {
    let (alice, mut bob) = (Loopback.host(), Loopback.host());
    let (relay, mut near, mut far) = relayed(&alice, &mut bob).await;
    let message = Channel::Stream(Class::Message);
    for heard in [b"one", b"two"] {
        near.sender.send(message, heard.to_vec()).await.unwrap();
        assert_eq!(far.receiver.receive().await, Some((message, heard.to_vec())));
        relay.rebind.send(()).await.unwrap();
    }
    far.sender.send(message, b"back".to_vec()).await.unwrap();
    assert_eq!(near.receiver.receive().await, Some((message, b"back".to_vec())));
}

#[tokio::test]
async fn a_connection_ends_in_time_when_the_network_does() {
    let (alice, mut bob) = (Loopback.host(), Loopback.host());
    let (relay, mut near, mut far) = relayed(&alice, &mut bob).await;
    let start = Instant::now();
    drop(relay);
    assert_eq!(near.receiver.receive().await, None);
    assert_eq!(far.receiver.receive().await, None);
    let took = start.elapsed();
    assert!(took < limits::IDLE_TIMEOUT + Duration::from_secs(5), "{took:?}");
    assert!(took > limits::IDLE_TIMEOUT / 2, "{took:?}: something else ended it");
}

/// A connection that goes through a relay: the relay, the dialler's end and the other's.
async fn relayed(alice: &Host, bob: &mut Host) -> (Relay, Connection, Connection) {
    let relay = Relay::start(address::to_socket(&bob.transport.addresses().remove(0)).unwrap()).await;
    let dial = alice.transport.dial(address::from_socket(relay.address).unwrap());
    let (near, event) = tokio::join!(dial, bob.events.recv());
    let Some(TransportEvent::Incoming(far)) = event else { panic!("bob was dialled") };
    (relay, near.unwrap(), far)
}

fn classical() -> CryptoProvider {
    CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519], ..aws_lc_rs::default_provider() }
}

fn silent_at(bind: SocketAddr) -> Config {
    Config { bind, discovery: false, ..Config::default() }
}

fn host(config: Config) -> Host {
    let (transport, events) = QuicTransport::start(config).unwrap();
    Host { transport: Arc::new(transport), events }
}

/// Speaks QUIC as it likes.
struct Stranger {
    endpoint: Endpoint,
    dialling: quinn::ClientConfig,
}

impl Stranger {
    fn new(provider: &Arc<CryptoProvider>) -> Self {
        let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self { endpoint, dialling: socket::client(provider).unwrap() }
    }

    async fn connect(&self, host: &Host) -> Result<quinn::Connection, ConnectionError> {
        let peer = address::to_socket(&host.transport.addresses().remove(0)).unwrap();
        self.endpoint.connect_with(self.dialling.clone(), peer, tls::NOBODY).unwrap().await
    }
}

/// Passes packets between one caller and `target`; as a NAT does, it may change the port it calls from.
struct Relay {
    address: SocketAddr,
    /// Each message changes the port; dropping it stops everything.
    rebind: mpsc::Sender<()>,
}

impl Relay {
    async fn start(target: SocketAddr) -> Self {
        let front = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = front.local_addr().unwrap();
        let (rebind, mut wishes) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut back = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let mut caller = None;
            let (mut out, mut home) = ([0; 2000], [0; 2000]);
            loop {
                tokio::select! {
                    received = front.recv_from(&mut out) => {
                        let (length, from) = received.unwrap();
                        caller = Some(from);
                        back.send_to(out.get(..length).unwrap(), target).await.unwrap();
                    }
                    received = back.recv_from(&mut home) => {
                        let (length, _) = received.unwrap();
                        front.send_to(home.get(..length).unwrap(), caller.unwrap()).await.unwrap();
                    }
                    wish = wishes.recv() => match wish {
                        Some(()) => back = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(),
                        None => return,
                    },
                }
            }
        });
        Self { address, rebind }
    }
}
