#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use core::time::Duration;
use std::net::Ipv4Addr;

use lamplit_tls::{Callers, KeyPair, ServerKey, accepting, peer_key, provider};
use lamplit_transport::{LinkKind, SendError};
use lamplit_types::{Channel, Class, Pipe};
use quinn::{Endpoint, RecvStream, SendStream, ServerConfig};
use tokio::net::UdpSocket;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);
const CONTROL: Channel = Channel::Stream(Class::Control);

/// A server that speaks no protocol.
struct There {
    endpoint: Endpoint,
    key: ServerKey,
}

impl There {
    fn open() -> Self {
        let key = KeyPair::from_seed(&[1; 32]);
        let public = ServerKey(key.public());
        let crypto = accepting(&provider(), b"lamplit-server/1", Arc::new(key), Callers::WithKey).unwrap();
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        config.migration(true);
        let endpoint = Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self { endpoint, key: public }
    }

    fn port(&self) -> u16 {
        self.endpoint.local_addr().unwrap().port()
    }

    fn address(&self, host: &str) -> Address {
        Address::parse(&format!("server:{}@{host}:{}", self.key, self.port())).unwrap()
    }

    /// What a dial here comes to at both ends. The stream shows with its first bytes.
    async fn called(&self, transport: &ServerTransport, first: &[u8]) -> (Connection, Met) {
        let there = async { self.endpoint.accept().await.unwrap().await.unwrap() };
        let dial = transport.dial(self.address("127.0.0.1"));
        let (link, connection) = soon(async { tokio::join!(dial, there) }).await;
        let link = link.unwrap();
        link.sender.send(CONTROL, first.to_vec()).await.unwrap();
        let (send, mut receive) = soon(connection.accept_bi()).await.unwrap();
        let mut heard = vec![0; first.len()];
        soon(receive.read_exact(&mut heard)).await.unwrap();
        assert_eq!(heard, first);
        (link, Met { connection, send, receive })
    }
}

/// A connection as the server has it.
struct Met {
    connection: quinn::Connection,
    send: SendStream,
    receive: RecvStream,
}

fn device() -> Arc<KeyPair> {
    Arc::new(KeyPair::from_seed(&[2; 32]))
}

fn transport() -> (ServerTransport, mpsc::Receiver<TransportEvent>) {
    ServerTransport::new(device())
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.unwrap()
}

#[tokio::test]
async fn both_ends_are_who_they_say_and_talk_on_one_stream_and_in_packets() {
    let (there, (transport, _events)) = (There::open(), transport());
    let (mut link, Met { connection, mut send, receive: _receive }) = there.called(&transport, b"good evening").await;
    assert_eq!(peer_key(&connection), Some(device().public()));
    send.write_all(b"and you").await.unwrap();
    assert_eq!(soon(link.receiver.receive()).await, Some((CONTROL, b"and you".to_vec())));

    let Pipe::Streams { binding, packet } = link.pipe else { panic!("streams") };
    assert_eq!(lamplit_tls::binding(&connection, b"EXPORTER-lamplit-server"), Some(binding));
    link.sender.send(Channel::Packet, vec![7; packet]).await.unwrap();
    assert_eq!(soon(connection.read_datagram()).await.unwrap().len(), packet);
    let too_large = SendError::TooLarge { found: packet + 1, max: packet };
    assert_eq!(link.sender.send(Channel::Packet, vec![7; packet + 1]).await, Err(too_large));
    connection.send_datagram(b"ping".to_vec().into()).unwrap();
    assert_eq!(soon(link.receiver.receive()).await, Some((Channel::Packet, b"ping".to_vec())));

    for class in [Class::Message, Class::Bulk] {
        let channel = Channel::Stream(class);
        assert_eq!(link.sender.send(channel, vec![1]).await, Err(SendError::NoChannel(channel)));
    }
    assert_eq!((link.kind, link.lanes.is_none()), (LinkKind::Server, true));
    assert_eq!(link.peer.unwrap().as_str(), format!("server:127.0.0.1:{}", there.port()), "no key is in it");

    // The last words come before the end, also to one who is slow.
    send.write_all(b"goodbye").await.unwrap();
    send.finish().unwrap();
    soon(send.stopped()).await.unwrap();
    connection.close(0_u32.into(), b"");
    soon(there.endpoint.wait_idle()).await;
    assert_eq!(soon(link.receiver.receive()).await, Some((CONTROL, b"goodbye".to_vec())));
    assert_eq!(soon(link.receiver.receive()).await, None);
    soon(connection.closed()).await;
}

#[tokio::test]
async fn a_server_is_found_by_its_name() {
    let (there, (transport, _events)) = (There::open(), transport());
    let accepting = async { there.endpoint.accept().await.unwrap().await };
    let (dialled, accepted) = soon(async { tokio::join!(transport.dial(there.address("localhost")), accepting) }).await;
    assert!(dialled.is_ok() && accepted.is_ok());
}

#[tokio::test]
async fn a_server_is_reached_at_whichever_of_its_addresses_answers() {
    let (there, (transport, _events)) = (There::open(), transport());
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let ways = vec![silent.local_addr().unwrap(), there.endpoint.local_addr().unwrap()];
    let dial = transport.begin(&there.address("127.0.0.1")).unwrap();
    let accepting = async { there.endpoint.accept().await.unwrap().await };
    let (dialled, accepted) = soon(async { tokio::join!(dial.try_all(ways), accepting) }).await;
    assert!(dialled.is_ok() && accepted.is_ok());
}

#[tokio::test]
async fn a_dial_that_leads_nowhere_says_why_and_no_key() {
    let (there, (transport, _events)) = (There::open(), transport());
    let other = ServerKey([0; 32]);
    let text = format!("server:{other}@127.0.0.1:{}", there.port());
    let dial = transport.dial(Address::parse(&text).unwrap());
    let accepting = async { there.endpoint.accept().await.unwrap().await.is_err() };
    let (dialled, refused) = soon(async { tokio::join!(dial, accepting) }).await;
    let error = dialled.unwrap_err();
    assert!(matches!(&error, DialError::Foreign { why, .. } if why.contains("another server")), "{error}");
    assert!(refused && !error.to_string().contains(&other.to_string()), "{error}");

    let refusing = async { there.endpoint.accept().await.unwrap().refuse() };
    let (dialled, ()) = soon(async { tokio::join!(transport.dial(there.address("127.0.0.1")), refusing) }).await;
    assert!(matches!(dialled, Err(DialError::Refused { .. })));

    let nobody = format!("server:{}@nobody.invalid:1", there.key);
    let error = soon(transport.dial(Address::parse(&nobody).unwrap())).await.unwrap_err();
    assert!(matches!(error, DialError::Unreachable { .. }), "{error}");

    let malformed = Address::parse("server:nothing").unwrap();
    assert!(matches!(soon(transport.dial(malformed)).await, Err(DialError::Address { .. })));
}

#[tokio::test]
async fn a_connection_goes_on_from_another_network() {
    let (there, (transport, _events)) = (There::open(), transport());
    let (mut link, Met { connection, mut send, mut receive }) = there.called(&transport, b"from here").await;
    let before = connection.remote_address();

    transport.sockets.rebind();
    link.sender.send(CONTROL, b"and there".to_vec()).await.unwrap();
    let mut heard = [0; 9];
    soon(receive.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"and there");
    send.write_all(b"I see").await.unwrap();
    assert_eq!(soon(link.receiver.receive()).await, Some((CONTROL, b"I see".to_vec())));
    assert_ne!(connection.remote_address(), before, "it comes from another socket");
}

#[tokio::test]
async fn a_transport_that_is_shut_down_says_goodbye_and_dials_no_more() {
    let (there, (transport, mut events)) = (There::open(), transport());
    let (_link, Met { connection, .. }) = there.called(&transport, b"good evening").await;
    soon(transport.shutdown()).await;
    assert!(matches!(soon(connection.closed()).await, ConnectionError::ApplicationClosed(_)));
    assert!(soon(events.recv()).await.is_none());
    assert!(matches!(soon(transport.dial(there.address("127.0.0.1"))).await, Err(DialError::ShutDown)));
}
