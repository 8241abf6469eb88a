//! A real server, and devices that come to it over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use lamplit_identity::{Cost, DeviceKeys, HandshakeKey, Phrase, VerifiedList, create_account};
use lamplit_server::{Config, Server};
use lamplit_service::Settings;
use lamplit_tls::{Expected, NOBODY, dialling, provider};
use lamplit_transport::{Address, Connection, DialError, LinkKind, SendError, Transport};
use lamplit_transport_quic::{Identity, ServerTransport};
use lamplit_types::{AccountId, Channel, Class, DeviceId, EnvelopeId, Pipe, Wall};
use lamplit_wire::FrameBuffer;
use lamplit_wire::bounded::Bytes;
use lamplit_wire::server::{Cursor, Down, Goodbye, Item, ListMark, Outcome, Post, Resume, Up};
use lamplit_wire::{Envelope, Suite};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long anything may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);
const CONTROL: Channel = Channel::Stream(Class::Control);

#[tokio::test]
async fn what_is_posted_to_somebody_who_is_away_is_there_when_they_come_and_then_no_more() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let (ada, grace) = (Person::new(1), Person::new(2));

    // Ada has been here before, so her mail has a place to wait.
    ada.come(&server).await.welcomed().await;
    let mut writing = grace.come(&server).await.welcomed().await;
    writing.say(&Up::Post(Box::new(ada.post(7)))).await;
    let Down::Posted(posted) = writing.hear().await else { panic!("what became of it") };
    assert_eq!((posted.id, posted.outcome), (EnvelopeId::from_bytes([7; 16]), Outcome::Kept));

    let mut reading = ada.come(&server).await.welcomed().await;
    let (cursor, envelopes) = reading.feed().await;
    assert_eq!(envelopes, [(grace.keys.id(), ada.envelope(7))]);
    // Another one while she is here.
    writing.say(&Up::Post(Box::new(ada.post(8)))).await;
    let (later, envelopes) = reading.feed().await;
    assert_eq!(envelopes, [(grace.keys.id(), ada.envelope(8))]);
    assert!(later.place > cursor.place);
    reading.say(&Up::Collected(later)).await;
    reading.leave().await;

    let mut again = ada.come_from(&server, Some(later)).await.welcomed().await;
    // Whatever waited would come before what comes now.
    writing.say(&Up::Post(Box::new(ada.post(9)))).await;
    assert_eq!(again.feed().await.1, [(grace.keys.id(), ada.envelope(9))]);
    server.stop().await;
}

#[tokio::test]
async fn what_is_kept_and_who_the_server_is_outlast_it() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let (ada, grace) = (Person::new(1), Person::new(2));
    ada.come(&server).await.welcomed().await;
    let mut writing = grace.come(&server).await.welcomed().await;
    writing.say(&Up::Post(Box::new(ada.post(7)))).await;
    assert!(matches!(writing.hear().await, Down::Posted(posted) if posted.outcome == Outcome::Kept));
    let key = server.key();
    server.stop().await;

    assert!(matches!(writing.hear().await, Down::Goodbye(Goodbye::Stopping)), "it says that it stops");
    assert!(writing.link.receiver.receive().await.is_none(), "and the connection ends");
    let server = start(place.path()).await;
    assert_eq!(server.key(), key);
    let mut reading = ada.come(&server).await.welcomed().await;
    assert_eq!(reading.feed().await.1, [(grace.keys.id(), ada.envelope(7))]);
    server.stop().await;
}

#[tokio::test]
async fn a_copy_of_a_running_server_becomes_another_one_with_the_same_mail_and_a_life_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    let (data, copy) = (place.path().join("data"), place.path().join("copy.redb"));
    let server = start(place.path()).await;
    let (ada, grace) = (Person::new(1), Person::new(2));
    ada.come(&server).await.welcomed().await;
    let mut writing = grace.come(&server).await.welcomed().await;
    writing.say(&Up::Post(Box::new(ada.post(7)))).await;
    assert!(matches!(writing.hear().await, Down::Posted(posted) if posted.outcome == Outcome::Kept));
    assert!(command(&data, &["backup", copy.to_str().unwrap()]).await.unwrap().contains("server.key"));
    // Not in the copy.
    writing.say(&Up::Post(Box::new(ada.post(8)))).await;
    assert!(matches!(writing.hear().await, Down::Posted(posted) if posted.outcome == Outcome::Kept));

    let again = command(&data, &["backup", copy.to_str().unwrap()]).await.unwrap_err();
    assert!(again.contains("already"), "{again}");
    let error = command(&data, &["verify"]).await.unwrap_err();
    assert!(error.contains("in use"), "{error}");
    let said = command(&data, &["verify", copy.to_str().unwrap()]).await.unwrap();
    assert!(said.contains("is sound: format 1"), "{said}");

    let stats = command(&data, &["stats", "--json"]).await.unwrap();
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    assert_eq!(stats["accounts"], 2);
    assert!(stats["connections"].as_u64().unwrap() >= 1 && stats["store_bytes"].as_u64().unwrap() > 0, "{stats}");
    assert!(command(&data, &["stats"]).await.unwrap().contains("Accounts:     2"));
    let key = server.key();
    server.stop().await;
    assert!(command(&data, &["stats"]).await.unwrap_err().contains("no server runs"));

    let (other, restored) = (place.path().join("other"), place.path().join("other/data"));
    let said = command(&restored, &["restore", copy.to_str().unwrap()]).await.unwrap();
    assert!(said.contains("Put server.key back"), "{said}");
    std::fs::copy(data.join("server.key"), restored.join("server.key")).unwrap();
    let error = command(&restored, &["restore", copy.to_str().unwrap()]).await.unwrap_err();
    assert!(error.contains("already"), "{error}");
    let server = start(&other).await;
    assert_eq!(server.key(), key);
    let mut reading = ada.come(&server).await.welcomed().await;
    let (cursor, envelopes) = reading.feed().await;
    assert_eq!(envelopes, [(grace.keys.id(), ada.envelope(7))]);
    server.stop().await;

    // Without a server the command opens the store itself.
    let second = place.path().join("second.redb");
    command(&data, &["backup", second.to_str().unwrap()]).await.unwrap();
    let server = start(place.path()).await;
    let (before, envelopes) = ada.come(&server).await.welcomed().await.feed().await;
    assert_eq!(envelopes.len(), 2);
    assert_ne!(before.epoch, cursor.epoch, "devices notice that it is another life");
    server.stop().await;
    let nothing = place.path().join("nothing");
    assert!(command(&nothing, &["backup", "x"]).await.unwrap_err().contains("there is no store"));
    assert!(!nothing.exists());
}

#[tokio::test]
async fn a_backup_that_is_damaged_is_not_restored() {
    let place = tempfile::tempdir().unwrap();
    let bad = place.path().join("bad.redb");
    std::fs::write(&bad, "no store at all").unwrap();
    let data = place.path().join("data");
    let error = command(&data, &["restore", bad.to_str().unwrap()]).await.unwrap_err();
    assert!(error.contains("damaged"), "{error}");
    assert!(!data.exists(), "nothing was made");
}

#[tokio::test]
async fn a_server_with_another_key_is_not_talked_to() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let mut address = address_of(&server, server.bound());
    let (from, to) = if address.contains(":a") { (":a", ":b") } else { ("server:", "server:a") };
    address = address.replacen(from, to, 1);
    if to == "server:a" {
        // As long as before.
        address.remove("server:a".len());
    }
    let (transport, _nothing) = ServerTransport::new(Arc::new(Caller(Person::new(1).keys.handshake_key())));
    let error = transport.dial(Address::parse(&address).unwrap()).await.unwrap_err();
    assert!(matches!(&error, DialError::Foreign { why, .. } if why.contains("another server")), "{error}");
    assert!(!error.to_string().contains('@'), "the key is not told: {error}");
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_a_device_without_its_key() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let (ada, mallory) = (Person::new(1), Person::new(3));
    ada.come(&server).await.welcomed().await;

    let crypto = dialling(&provider(), b"lamplit-server/1", None, Expected::Only(server.key().0)).unwrap();
    let endpoint = quinn::Endpoint::client((Ipv6Addr::LOCALHOST, 0).into()).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let connecting = endpoint.connect_with(config, server.bound(), NOBODY).unwrap();
    let error = match timeout(PATIENCE, connecting).await.unwrap() {
        // It may be through before the server has looked at what it shows, which is nothing.
        Ok(connection) => timeout(PATIENCE, connection.closed()).await.unwrap(),
        Err(error) => error,
    };
    assert!(matches!(error, quinn::ConnectionError::ConnectionClosed(_)), "TLS ends it: {error}");

    // With a key of their own and somebody else's list, which anybody may have.
    let mut link = Link::open(&server, mallory.keys.handshake_key()).await;
    link.say(&Up::Resume(ada.resume(None))).await;
    assert!(matches!(link.hear().await, Down::ShowList));
    link.say(&Up::List(ada.list.wire().clone())).await;
    assert!(matches!(link.hear().await, Down::Goodbye(Goodbye::NotListed)));
    assert!(link.link.receiver.receive().await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection_by_the_rules() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let person = Person::new(1);
    // A Resume that is cut off in its body; and a frame after a good one that is too long to be one.
    let mut link = Link::open(&server, person.keys.handshake_key()).await;
    link.link.sender.send(CONTROL, vec![1, 64, 2, 0, 255, 255]).await.unwrap();
    assert!(matches!(link.hear().await, Down::Goodbye(Goodbye::Rules)));
    assert!(link.link.receiver.receive().await.is_none());

    let mut link = Link::open(&server, person.keys.handshake_key()).await;
    let mut bytes = Up::Resume(person.resume(None)).encode().unwrap();
    bytes.extend([1, 64, 255, 255, 255, 255, 255, 255]);
    link.link.sender.send(CONTROL, bytes).await.unwrap();
    assert!(matches!(link.hear().await, Down::ShowList), "what came before it counts");
    assert!(matches!(link.hear().await, Down::Goodbye(Goodbye::Rules)));
    server.stop().await;
}

#[tokio::test]
async fn a_device_that_says_something_late_is_served_by_the_time_it_is_then() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let ada = Person::new(1);
    ada.come(&server).await.welcomed().await;
    let mut link = Link::open(&server, ada.keys.handshake_key()).await;
    let bytes = Up::Resume(ada.resume(None)).encode().unwrap();
    let (first, rest) = bytes.split_at(4);
    link.link.sender.send(CONTROL, first.to_vec()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let late = now();
    link.link.sender.send(CONTROL, rest.to_vec()).await.unwrap();
    let Down::Welcome(welcome) = link.hear().await else { panic!("it is known") };
    assert!(welcome.time >= late, "{:?} is before {late:?}", welcome.time);
    server.stop().await;
}

#[tokio::test]
async fn a_device_has_one_connection_and_the_newer_one_is_it() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let (ada, grace) = (Person::new(1), Person::new(2));
    let mut older = ada.come(&server).await.welcomed().await;
    let mut newer = ada.come(&server).await.welcomed().await;
    assert!(matches!(older.hear().await, Down::Goodbye(Goodbye::Newer)));
    assert!(older.link.receiver.receive().await.is_none());

    let writing = grace.come(&server).await.welcomed().await;
    writing.say(&Up::Post(Box::new(ada.post(7)))).await;
    assert_eq!(newer.feed().await.1.len(), 1, "news come to the newer one");
    server.stop().await;
}

/// Callers who never finish their handshake take no place from those at other addresses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_half_open_connections_from_one_address_leave_others_served() {
    let place = tempfile::tempdir().unwrap();
    let server = start_at(place.path(), (Ipv6Addr::UNSPECIFIED, 0).into()).await;
    let hole = Hole::open(&server, Ipv4Addr::LOCALHOST, true).await;
    let mut flood = flood(&server, &[&hole]);
    // The address of the flood has no place left.
    let same = SocketAddr::from((Ipv4Addr::LOCALHOST, server.bound().port()));
    let same = Address::parse(&address_of(&server, same)).unwrap();
    let (neighbour, _nothing) = ServerTransport::new(Arc::new(Caller(Person::new(8).keys.handshake_key())));
    let full = async {
        while !matches!(neighbour.dial(same.clone()).await, Err(DialError::Refused { .. })) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, full).await.unwrap();
    others_are_served(&server).await;
    assert!(flood.try_join_next().is_none(), "it went on all the time");
    flood.shutdown().await;
    server.stop().await;
}

/// Who says that packets come from addresses that are others' is asked to show that they are theirs, and takes no place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_connections_from_forged_addresses_leave_others_served() {
    let place = tempfile::tempdir().unwrap();
    let server = start_at(place.path(), (Ipv6Addr::UNSPECIFIED, 0).into()).await;
    let mut holes = Vec::new();
    for host in 2..62 {
        holes.push(Hole::open(&server, Ipv4Addr::new(127, 0, 0, host), false).await);
    }
    let mut flood = flood(&server, &holes.iter().collect::<Vec<_>>());
    let asked = async {
        while holes.iter().map(|hole| hole.asked.load(Ordering::Relaxed)).sum::<usize>() < CROWD {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, asked).await.unwrap();
    others_are_served(&server).await;
    assert!(flood.try_join_next().is_none(), "it went on all the time");
    flood.shutdown().await;
    server.stop().await;
}

/// Callers through holes.
const CROWD: usize = 1_000;

/// Dials again and again through `holes`.
fn flood(server: &Server, holes: &[&Hole]) -> JoinSet<()> {
    let mut flood = JoinSet::new();
    // Each hole answers one socket.
    let transports: Vec<_> = holes
        .iter()
        .map(|_| Arc::new(ServerTransport::new(Arc::new(Caller(Person::new(9).keys.handshake_key()))).0))
        .collect();
    for (hole, transport) in holes.iter().zip(transports).cycle().take(CROWD) {
        let address = Address::parse(&address_of(server, hole.address)).unwrap();
        flood.spawn(async move {
            loop {
                assert!(transport.dial(address.clone()).await.is_err(), "no answer comes through");
            }
        });
    }
    flood
}

async fn others_are_served(server: &Server) {
    let elsewhere = SocketAddr::from((Ipv6Addr::LOCALHOST, server.bound().port()));
    for seed in 10..15 {
        let person = Person::new(seed);
        let link = Link::open_at(server, elsewhere, person.keys.handshake_key()).await;
        person.greet(link, None).await.welcomed().await.leave().await;
    }
}

#[tokio::test]
async fn a_link_to_a_server_has_one_stream() {
    let place = tempfile::tempdir().unwrap();
    let server = start(place.path()).await;
    let link = Link::open(&server, Person::new(1).keys.handshake_key()).await.link;
    assert_eq!(link.kind, LinkKind::Server);
    assert!(matches!(link.pipe, Pipe::Streams { packet, .. } if packet > 1_000));
    assert!(link.lanes.is_none());
    assert_eq!(link.peer.as_ref().unwrap().as_str(), format!("server:{}", server.bound()));
    for class in [Class::Message, Class::Bulk] {
        let channel = Channel::Stream(class);
        assert_eq!(link.sender.send(channel, vec![1]).await, Err(SendError::NoChannel(channel)));
    }
    assert_eq!(link.sender.send(Channel::Packet, vec![1; 100]).await, Ok(()));
    server.stop().await;
}

async fn start(data: &Path) -> Server {
    start_at(data, (Ipv6Addr::LOCALHOST, 0).into()).await
}

async fn start_at(data: &Path, listen: SocketAddr) -> Server {
    Server::start(Config { data: data.join("data"), listen, status: None, sms: None, settings: Settings::default() })
        .await
        .unwrap()
}

/// What the program says to a command about the server whose data is in `data`; an error if it failed.
async fn command(data: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_lamplit-server"));
    command.env_clear().args(args).arg("--data").arg(data);
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn address_of(server: &Server, place: SocketAddr) -> String {
    format!("server:{}@{place}", server.key())
}

fn now() -> Wall {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Wall(u64::try_from(now).unwrap())
}

/// Somebody with one device.
struct Person {
    account: AccountId,
    keys: DeviceKeys,
    list: VerifiedList,
}

impl Person {
    fn new(seed: u8) -> Self {
        let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let account = AccountId::from_random([seed; 16]);
        let root = Phrase::generate(&mut rng).unwrap().root_key(cheap).unwrap();
        let keys = DeviceKeys::generate(&mut rng);
        let claim = keys.claim(account, [seed; 32]).unwrap();
        let list = create_account(&mut rng, &root, claim, None, now()).unwrap().list;
        Self { account, keys, list }
    }

    fn resume(&self, cursor: Option<Cursor>) -> Resume {
        Resume { account: self.account, list: self.list.head(), cursor }
    }

    /// An envelope for this person.
    fn envelope(&self, id: u8) -> Envelope {
        Envelope {
            suite: Suite::Olm,
            to: self.keys.id(),
            id: EnvelopeId::from_bytes([id; 16]),
            expires: Wall(now().0 / 86_400_000 * 86_400_000 + 20 * 86_400_000),
            sealed: Bytes::try_from(vec![id; 300]).unwrap(),
        }
    }

    fn post(&self, id: u8) -> Post {
        Post { account: self.account, list: ListMark::from(self.list.head()), envelope: self.envelope(id) }
    }

    async fn come(&self, server: &Server) -> Link {
        self.come_from(server, None).await
    }

    async fn come_from(&self, server: &Server, cursor: Option<Cursor>) -> Link {
        self.greet(Link::open(server, self.keys.handshake_key()).await, cursor).await
    }

    async fn greet(&self, mut link: Link, cursor: Option<Cursor>) -> Link {
        link.say(&Up::Resume(self.resume(cursor))).await;
        link.list = Some(self.list.clone());
        link
    }
}

/// A device's connection.
struct Link {
    link: Connection,
    heard: FrameBuffer,
    list: Option<VerifiedList>,
    /// Ends its connections with itself.
    _transport: ServerTransport,
}

impl Link {
    async fn open(server: &Server, key: HandshakeKey) -> Self {
        Self::open_at(server, server.bound(), key).await
    }

    async fn open_at(server: &Server, place: SocketAddr, key: HandshakeKey) -> Self {
        let (transport, _nothing) = ServerTransport::new(Arc::new(Caller(key)));
        let address = Address::parse(&address_of(server, place)).unwrap();
        let link = timeout(PATIENCE, transport.dial(address)).await.unwrap().unwrap();
        Self { link, heard: FrameBuffer::default(), list: None, _transport: transport }
    }

    async fn say(&self, frame: &Up) {
        self.link.sender.send(CONTROL, frame.encode().unwrap()).await.unwrap();
    }

    async fn hear(&mut self) -> Down {
        loop {
            if let Some(frame) = self.heard.pop().unwrap() {
                return frame;
            }
            let (channel, bytes) = timeout(PATIENCE, self.link.receiver.receive()).await.unwrap().unwrap();
            assert_eq!(channel, CONTROL);
            self.heard.push(&bytes);
        }
    }

    /// Waits to be welcome, and shows the list if it is asked for.
    async fn welcomed(mut self) -> Self {
        loop {
            match self.hear().await {
                Down::Welcome(_) => return self,
                Down::ShowList => {
                    let list = self.list.take().unwrap();
                    self.say(&Up::List(list.wire().clone())).await;
                }
                other => panic!("not welcome: {other:?}"),
            }
        }
    }

    /// The next part of the feed: the place after it, and what is in it.
    async fn feed(&mut self) -> (Cursor, Vec<(DeviceId, Envelope)>) {
        let Down::Feed(feed) = self.hear().await else { panic!("the feed goes on") };
        let items = feed.items.iter().map(|item| {
            let Item::Envelope(delivery) = item else { panic!("it is mail") };
            (delivery.device, delivery.envelope.clone())
        });
        (feed.cursor, items.collect())
    }

    /// Ends the connection once the server has heard all of it: it answers what cannot be answered otherwise.
    async fn leave(mut self) {
        self.say(&Up::Post(Box::new(Person::new(99).post(1)))).await;
        while !matches!(self.hear().await, Down::Posted(_)) {}
        self.link.sender.close();
    }
}

struct Caller(HandshakeKey);

impl Identity for Caller {
    fn public(&self) -> [u8; 32] {
        self.0.public()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).unwrap()
    }
}

/// A way to a server on which its answers are lost.
struct Hole {
    address: SocketAddr,
    /// How often the server asked for a sign that the caller's address is its own.
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Hole {
    /// One that comes to the server from the address `from`, and lets through only what asks for that sign, if even that.
    async fn open(server: &Server, from: Ipv4Addr, lets_through: bool) -> Self {
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let back = UdpSocket::bind((from, 0)).await.unwrap();
        back.connect((Ipv4Addr::LOCALHOST, server.bound().port())).await.unwrap();
        let address = front.local_addr().unwrap();
        let asked = Arc::<AtomicUsize>::default();
        let counted = asked.clone();
        let task = tokio::spawn(async move {
            let (mut there, mut here) = (vec![0; 2_000], vec![0; 2_000]);
            let mut caller = None;
            loop {
                tokio::select! {
                    Ok((length, from)) = front.recv_from(&mut there) => {
                        caller = Some(from);
                        let _ = back.send(&there[..length]).await;
                    }
                    Ok(length) = back.recv(&mut here) => {
                        // A long header of type 3 (RFC 9000 17.2.5).
                        if here[0] & 0xb0 != 0xb0 {
                            continue;
                        }
                        counted.fetch_add(1, Ordering::Relaxed);
                        if let Some(caller) = caller.filter(|_| lets_through) {
                            let _ = front.send_to(&here[..length], caller).await;
                        }
                    }
                }
            }
        });
        Self { address, asked, task }
    }
}

impl Drop for Hole {
    fn drop(&mut self) {
        self.task.abort();
    }
}
