#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io,
    net::Ipv4Addr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lamplit_identity::Cost;
use lamplit_node::{Answer, Command, CommandError, Event, setup, view};
use lamplit_store::{InMemoryBackend, StorageBackend};
use lamplit_tls::{Callers, KeyPair, ServerKey, accepting, peer_key, provider};
use lamplit_transport::{PipeReceiver, PipeSender};
use lamplit_transport_quic::Identity;
use lamplit_types::{AccountId, AppId, MessageId, Name, Text, Wall};
use tokio::{net::UdpSocket, time::timeout};

use crate::{CommandFailed, Events, Missed, SendFailed, Storage, files::Manner};

use super::*;

const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
const PATIENCE: Duration = Duration::from_secs(20);

/// A disk in memory that can be full.
#[derive(Debug)]
struct Disk {
    bytes: InMemoryBackend,
    full: Arc<AtomicBool>,
}

impl Disk {
    fn room(&self) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.room()?;
        self.bytes.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.room()?;
        self.bytes.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room()?;
        self.bytes.write(offset, data)
    }
}

/// A device on loopback, and the switch that fills its disk.
fn device(name: &str) -> (Client, Arc<AtomicBool>) {
    let (parts, full) = parts(name);
    (Client::start(parts).unwrap(), full)
}

fn parts(name: &str) -> (Parts, Arc<AtomicBool>) {
    let full = Arc::new(AtomicBool::new(false));
    let store = Store::on_backend(Box::new(Disk { bytes: InMemoryBackend::new(), full: full.clone() })).unwrap();
    let mut random = Random::new().unwrap();
    let now = Clock::start().now().wall;
    let name = Name::parse(name).unwrap();
    let (new, _phrase) = setup::first_device(random.rng(), now, name, CHEAP).unwrap();
    store.commit(new.writes).unwrap();
    // Its own: whoever starts throws away what lies apart there and is nobody's.
    let files = Folder::new(std::env::temp_dir().join(format!("lamplit-client-{}", new.device)));
    let opened = Opened { secrets: new.secrets, store, files };
    let network = Network { bind: Some((Ipv4Addr::LOCALHOST, 0).into()), discovery: false };
    (Parts::on_network(opened, network).unwrap(), full)
}

/// Waits for the first event that is wanted.
async fn until<T>(events: &mut Events, what: &str, wanted: impl Fn(Event) -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = wanted(events.next().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Makes two devices contacts of each other.
async fn acquaint(host: &Handle, guest: &Handle) {
    let (mut host_hears, mut guest_hears) = (host.events(), guest.events());
    let Ok(Answer::Invited(invite)) = host.invite().await else { panic!("an invite was asked for") };
    guest.command(Command::Accept(invite)).await.unwrap();
    let added = |event| matches!(event, Event::ContactAdded(_)).then_some(());
    until(&mut host_hears, "a guest", added).await;
    until(&mut guest_hears, "a host", added).await;
}

async fn only_contact(handle: &Handle) -> view::ContactView {
    let contacts = handle.read(|read| view::contacts(read, None, 10)).await.unwrap();
    let [contact] = contacts.as_slice() else { panic!("there are {} contacts", contacts.len()) };
    contact.clone()
}

async fn say(handle: &Handle, to: AccountId, text: &str) -> Result<MessageId, CommandFailed> {
    match handle.command(Command::Say { to: to.into(), text: Text::parse(text).unwrap() }).await? {
        Answer::Saying(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

/// Waits until the message is in a device's database.
async fn arrived(handle: &Handle, id: MessageId) -> view::MessageView {
    let looking = async {
        loop {
            if let Some(message) = handle.read(move |read| view::message(read, id)).await.unwrap() {
                return message;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, looking).await.expect("a message did not arrive")
}

#[tokio::test]
async fn two_clients_meet_and_talk() {
    let ((ada, _), (grace, _)) = (device("Ada"), device("Grace"));
    let (here, there) = (ada.handle(), grace.handle());
    acquaint(&here, &there).await;
    assert_eq!(only_contact(&there).await.name.as_str(), "Ada");

    let mut events = there.events();
    let friend = only_contact(&here).await.account;
    let id = say(&here, friend, "good evening").await.unwrap();
    let told = until(&mut events, "the message", |event| match event {
        Event::Message { id, .. } => Some(id),
        _ => None,
    });
    assert_eq!(told.await, id);
    // What was told is committed.
    assert_eq!(arrived(&there, id).await.text(), "good evening");

    here.command(Command::Light { app: AppId::parse("qq").unwrap(), on: true }).await.unwrap();
    assert_eq!(here.state().own_lit.len(), 1);
    until(&mut events, "presence", |event| matches!(event, Event::Presence(_)).then_some(())).await;
    assert_eq!(there.state().lit.values().flatten().map(|lit| lit.apps.len()).sum::<usize>(), 1);
    assert_eq!(there.state().near.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_the_state_holds_up_nobody() {
    let (ada, _) = device("Ada");
    let handle = ada.handle();
    let before = handle.state();
    let light = handle.command(Command::Light { app: AppId::parse("qq").unwrap(), on: true });
    timeout(PATIENCE, light).await.expect("nothing is done while somebody looks").unwrap();
    assert_eq!((before.own_lit.len(), handle.state().own_lit.len()), (0, 1));
}

#[tokio::test]
async fn a_server_sees_a_device_by_its_id() {
    let key = KeyPair::from_seed(&[1; 32]);
    let address = format!("server:{}@127.0.0.1", ServerKey(key.public()));
    let crypto = accepting(&provider(), b"lamplit-server/1", Arc::new(key), Callers::WithKey).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let server = quinn::Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = format!("{address}:{}", server.local_addr().unwrap().port());

    let (parts, _) = parts("Ada");
    let (transport, _) = parts.transports.iter().find(|(transport, _)| transport.scheme() == "server").unwrap();
    let dial = transport.dial(lamplit_transport::Address::parse(&address).unwrap());
    let accept = async { server.accept().await.unwrap().await.unwrap() };
    let (link, seen) = timeout(PATIENCE, async { tokio::join!(dial, accept) }).await.unwrap();
    assert!(link.is_ok());
    assert_eq!(peer_key(&seen), Some(*parts.secrets.device().as_bytes()));
}

#[tokio::test]
async fn what_a_client_says_last_is_that_it_stopped() {
    let (ada, _) = device("Ada");
    let handle = ada.handle();
    let mut events = handle.events();
    handle.stop();
    ada.wait().await.unwrap();
    handle.stopped().await;
    assert_eq!(events.next().await.unwrap_err(), Missed::Stopped);
    assert_eq!(handle.invite().await.unwrap_err(), CommandFailed::Stopping);
    // The database can still be read.
    assert_eq!(handle.read(view::me).await.unwrap().name.as_str(), "Ada");
}

#[tokio::test]
async fn a_client_that_nobody_holds_stops() {
    let (ada, _) = device("Ada");
    let mut state = ada.handle().state.clone();
    drop(ada);
    let stopped = async { while state.changed().await.is_ok() {} };
    timeout(PATIENCE, stopped).await.expect("the driver goes on for nobody");
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_lost_or_told_and_it_goes_on_when_there_is_room() {
    let ((ada, ada_full), (grace, grace_full)) = (device("Ada"), device("Grace"));
    let (here, there) = (ada.handle(), grace.handle());
    acquaint(&here, &there).await;
    // Asked for while there is room: a database that found none is opened again before it can be read.
    let friend = only_contact(&here).await.account;

    ada_full.store(true, Ordering::SeqCst);
    let refused = say(&here, friend, "never said").await;
    let Err(CommandFailed::Refused(CommandError::Storage(reason))) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("disk is full"), "{reason}");
    assert!(matches!(&here.state().storage, Storage::Failing(reason) if reason.contains("disk is full")));
    ada_full.store(false, Ordering::SeqCst);

    // Said by one who can keep it, to one who cannot: it waits.
    let said = timeout(PATIENCE, async {
        loop {
            match say(&here, friend, "said").await {
                Ok(id) => return id,
                Err(CommandFailed::Refused(CommandError::Storage(_))) => {}
                Err(other) => panic!("{other}"),
            }
        }
    });
    let first = said.await.expect("there is room again");
    assert_eq!(here.state().storage, Storage::Working);
    arrived(&there, first).await;

    let mut events = there.events();
    grace_full.store(true, Ordering::SeqCst);
    let second = say(&here, friend, "into a full disk").await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Nor can it be read while the database finds no room to be opened again.
    assert!(!matches!(there.read(move |read| view::message(read, second)).await, Ok(Some(_))));
    grace_full.store(false, Ordering::SeqCst);
    assert_eq!(arrived(&there, second).await.text(), "into a full disk");
    let told = until(&mut events, "the message", |event| match event {
        Event::Message { id, .. } => Some(id),
        _ => None,
    });
    assert_eq!(told.await, second);

    let page =
        there.read(|read| view::history(read, view::contacts(read, None, 1)?.remove(0).account.into(), None, 10));
    let texts: Vec<String> = page.await.unwrap().iter().map(|message| message.text().to_owned()).collect();
    assert_eq!(texts, ["into a full disk", "said"]);
}

#[tokio::test]
async fn a_reader_that_sleeps_is_told_what_it_missed() {
    let (events, receiver) = broadcast::channel(limits::EVENTS);
    let (ada, _) = device("Ada");
    let handle = Handle { events: Arc::new(receiver), ..ada.handle() };
    let mut reader = handle.events();
    let more = 7;
    for _ in 0..limits::EVENTS + more {
        events.send(Event::Warning(lamplit_node::Warning::Clock)).unwrap();
    }
    assert_eq!(reader.next().await.unwrap_err(), Missed::Lagged(u64::try_from(more).unwrap()));
    assert!(reader.next().await.is_ok());
}

#[tokio::test]
async fn a_dial_to_nobody_comes_to_nothing_and_stalls_nothing() {
    let ((ada, _), (grace, _)) = (device("Ada"), device("Grace"));
    let (here, there) = (ada.handle(), grace.handle());
    acquaint(&here, &there).await;
    grace.handle().stop();
    grace.wait().await.unwrap();
    let contact = only_contact(&here).await.account;
    // Nobody listens at the discard port.
    here.dial(contact, (Ipv4Addr::LOCALHOST, 9).into()).await.unwrap();
    for _ in 0..20 {
        let asked = here.command(Command::SetName(Name::parse("Ada L.").unwrap()));
        timeout(PATIENCE, asked).await.expect("the loop stands").unwrap();
    }
    let _: Wall = here.now();
}

/// Passes on what comes at an address of its own, as somebody on the way does.
async fn in_the_middle(of: Handle, opens_tls: bool) -> SocketAddr {
    let to = of.addresses().into_iter().next().unwrap();
    if !opens_tls {
        let (near, far) = (loopback().await, loopback().await);
        let at = near.local_addr().unwrap();
        far.connect(to).await.unwrap();
        tokio::spawn(async move {
            let (mut out, mut back, mut caller) = ([0; 2048], [0; 2048], at);
            loop {
                tokio::select! {
                    Ok((len, from)) = near.recv_from(&mut out) => {
                        caller = from;
                        far.send(out.get(..len).unwrap()).await.unwrap();
                    }
                    Ok(len) = far.recv(&mut back) => {
                        near.send_to(back.get(..len).unwrap(), caller).await.unwrap();
                    }
                }
            }
        });
        return at;
    }
    let config = Config { bind: (Ipv4Addr::LOCALHOST, 0).into(), discovery: false, ..Config::default() };
    let (transport, mut callers) = QuicTransport::start(config).unwrap();
    let at = transport.local_addresses().into_iter().next().unwrap();
    let to = lamplit_transport::Address::parse(&format!("udp:{to}")).unwrap();
    tokio::spawn(async move {
        while let Some(event) = callers.recv().await {
            let TransportEvent::Incoming(caller) = event else { continue };
            let called = transport.dial(to.clone()).await.unwrap();
            tokio::spawn(pass_on(caller.receiver, called.sender));
            tokio::spawn(pass_on(called.receiver, caller.sender));
        }
    });
    at
}

async fn loopback() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

async fn pass_on(mut from: Box<dyn PipeReceiver>, to: Arc<dyn PipeSender>) {
    while let Some((channel, bytes)) = from.receive().await {
        if to.send(channel, bytes).await.is_err() {
            return;
        }
    }
    to.close();
}

/// How an invite ends whose address is that of somebody in the middle.
async fn accepted_through(opens_tls: bool) -> bool {
    let ((ada, _), (grace, _)) = (device("Ada"), device("Grace"));
    let (here, there) = (ada.handle(), grace.handle());
    let address = in_the_middle(here.clone(), opens_tls).await;
    let Ok(Answer::Invited(invite)) = here.command(Command::Invite { addresses: vec![address] }).await else {
        panic!("an invite was asked for")
    };
    let mut events = there.events();
    there.command(Command::Accept(invite)).await.unwrap();
    let accepted = until(&mut events, "an end", |event| match event {
        Event::ContactAdded(_) => Some(true),
        Event::AcceptFailed { .. } => Some(false),
        _ => None,
    });
    let accepted = accepted.await;
    let known = here.read(|read| view::contacts(read, None, 10)).await.unwrap();
    assert_eq!(known.is_empty(), !accepted);
    accepted
}

#[tokio::test]
async fn who_opens_tls_on_the_way_gets_no_further() {
    assert!(!accepted_through(true).await, "the handshake holds for another connection than its own");
}

#[tokio::test]
async fn who_only_passes_packets_on_is_in_nobodys_way() {
    assert!(accepted_through(false).await);
}

#[tokio::test]
async fn a_file_that_is_refused_leaves_no_copy() {
    let (client, _) = device("Ada");
    let handle = client.handle();
    let picture = std::env::temp_dir().join(format!("lamplit-client-{}.png", std::process::id()));
    std::fs::write(&picture, include_bytes!("../../../demo/src/lamp.png")).unwrap();
    let nobody = AccountId::from_random([7; 16]);
    let refused = handle.send_file(nobody.into(), picture.clone(), Manner::default()).await.unwrap_err();
    let unknown = CommandFailed::Refused(CommandError::UnknownContact);
    assert!(matches!(refused, SendFailed::Command(why) if why == unknown));
    let gone = async {
        while !handle.folder.all_apart().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the copy and its tree are thrown away");
    std::fs::remove_file(picture).unwrap();
}

// On one thread, where each task that is ready has its turn before this one goes on.
#[tokio::test]
async fn files_are_read_a_few_at_a_time_and_too_many_are_refused() {
    let (client, _) = device("Ada");
    let handle = client.handle();
    let nobody = AccountId::from_random([7; 16]);
    let path = std::env::temp_dir().join(format!("lamplit-client-{}.txt", std::process::id()));
    std::fs::write(&path, "a few words").unwrap();
    let send = || {
        let (handle, path) = (handle.clone(), path.clone());
        tokio::spawn(async move { handle.send_file(nobody.into(), path, Manner::default()).await.unwrap_err() })
    };
    let mut taken = Vec::new();
    for _ in 0..limits::SENT_AT_ONCE {
        taken.push(handle.sends.take().await.unwrap());
    }
    let mut waiting: Vec<_> = (0..limits::SENDS_WAITING).map(|_| send()).collect();
    tokio::task::yield_now().await;
    let refused = timeout(PATIENCE, send()).await.expect("it is told at once").unwrap();
    assert!(matches!(refused, SendFailed::Busy), "{refused}");
    assert!(refused.to_string().contains("32 files"), "{refused}");
    assert!(waiting.iter().all(|sending| !sending.is_finished()), "they wait");
    drop(taken);
    for sending in waiting.drain(..) {
        let refused = timeout(PATIENCE, sending).await.expect("each has its turn").unwrap();
        assert!(matches!(refused, SendFailed::Command(_)), "{refused}");
    }
    std::fs::remove_file(path).unwrap();
}
