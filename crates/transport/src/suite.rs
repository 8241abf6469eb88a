//! What every transport must do, as tests: `transport_suite!(fixture)` in a test module makes a test of each function
//! here, but for [`beacons_are_seen`], which is called where the transport can see beacons.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use core::time::Duration;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use lamplit_types::{Beacon, Channel, Class, Pipe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{
    Address, Connection, DialError, LANES, Lanes, PipeReceiver, PipeSender, SendError, Transport, TransportEvent,
};

/// Makes the hosts of one test, all on one network.
pub trait Fixture {
    /// One more host. Called inside a tokio runtime.
    fn host(&self) -> Host;

    /// An address at which nobody listens.
    fn nobody(&self) -> Address;
}

/// A transport under test and what it hears.
pub struct Host {
    /// The transport.
    pub transport: Arc<dyn Transport>,
    /// Its events.
    pub events: mpsc::Receiver<TransportEvent>,
}

/// Makes a test of each function in the suite; `$fixture` is an expression that makes a [`Fixture`].
#[macro_export]
macro_rules! transport_suite {
    ($fixture:expr) => {
        $crate::transport_suite!(@each $fixture;
            both_ends_agree_on_the_pipe
            streams_arrive_complete_and_in_order
            much_data_arrives
            a_full_class_holds_up_no_other
            a_slow_peer_holds_up_no_other
            receiving_can_be_interrupted
            packets_arrive_whole
            a_closed_pipe_ends_for_both
            a_dropped_half_ends_the_pipe
            dialling_nobody_says_so
            dialling_another_scheme_says_so
            a_shut_down_transport_ends_everything
            lanes_carry_much_beside_the_channels
            no_lane_comes_before_it_is_allowed
            of_a_thousand_lanes_a_few_are_open
            lanes_end_with_their_connection
        );
    };
    (@each $fixture:expr; $($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::suite::$name(&$fixture).await;
        }
    )+};
}

/// More than any queue or window of a transport may hold, in bytes.
const MORE_THAN_FITS: usize = 16 * 1024 * 1024;
/// How long a send may take before it counts as waiting for room.
const STUCK: Duration = Duration::from_millis(500);
/// Patience of every step.
const PATIENCE: Duration = Duration::from_secs(20);

/// Both ends describe one pipe alike, and no two pipes share a binding.
pub async fn both_ends_agree_on_the_pipe(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, far) = connect(&alice, &mut bob).await;
    let (again, _far) = connect(&alice, &mut bob).await;
    assert_eq!((near.pipe, near.kind), (far.pipe, far.kind));
    assert_ne!(binding(&near), [0; 32]);
    assert_ne!(binding(&near), binding(&again));
}

/// Every class, in both directions at once.
pub async fn streams_arrive_complete_and_in_order(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, far) = connect(&alice, &mut bob).await;
    let (mut near_receiver, mut far_receiver) = (near.receiver, far.receiver);
    let sent = send_some(&near.sender);
    let sent_back = send_some(&far.sender);
    let ((), (), arrived, arrived_back) =
        tokio::join!(sent, sent_back, fetch(far_receiver.as_mut(), 3 * SOME), fetch(near_receiver.as_mut(), 3 * SOME));
    for class in Class::ALL {
        assert!(arrived[&Channel::Stream(class)] == pattern(class, SOME), "{class:?} there");
        assert!(arrived_back[&Channel::Stream(class)] == pattern(class, SOME), "{class:?} back");
    }
}

/// One portion larger than any window.
pub async fn much_data_arrives(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, mut far) = connect(&alice, &mut bob).await;
    let bulk = Channel::Stream(Class::Bulk);
    let bytes = pattern(Class::Bulk, MORE_THAN_FITS);
    let (sent, arrived) = tokio::join!(
        within("sending", near.sender.send(bulk, bytes.clone())),
        fetch(far.receiver.as_mut(), MORE_THAN_FITS)
    );
    sent.unwrap();
    assert!(arrived[&bulk] == bytes);
}

/// While nobody reads, a class fills up; the others still go out.
pub async fn a_full_class_holds_up_no_other(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, mut far) = connect(&alice, &mut bob).await;
    let bulk = fill(&near.sender, Class::Bulk).await;
    let message = fill(&near.sender, Class::Message).await;
    let control = Channel::Stream(Class::Control);
    within("the urgent class", near.sender.send(control, b"now".to_vec())).await.unwrap();

    let arrived = fetch(far.receiver.as_mut(), 2 * MORE_THAN_FITS + 3).await;
    assert_eq!(arrived[&control], b"now");
    bulk.await.unwrap().unwrap();
    message.await.unwrap().unwrap();
}

/// One connection is full; another to the same host is not.
pub async fn a_slow_peer_holds_up_no_other(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (slow, _slow_far) = connect(&alice, &mut bob).await;
    let stuck = fill(&slow.sender, Class::Message).await;
    let (near, mut far) = connect(&alice, &mut bob).await;
    let message = Channel::Stream(Class::Message);
    within("the quick one", near.sender.send(message, b"still here".to_vec())).await.unwrap();
    assert_eq!(fetch(far.receiver.as_mut(), 10).await[&message], b"still here");
    assert!(!stuck.is_finished());
    slow.sender.close();
    assert_eq!(within("the stuck sender", stuck).await.unwrap(), Err(SendError::Closed));
}

/// A `receive` that was dropped has eaten nothing.
pub async fn receiving_can_be_interrupted(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, mut far) = connect(&alice, &mut bob).await;
    let message = Channel::Stream(Class::Message);
    let sender = near.sender.clone();
    let sending = tokio::spawn(async move {
        for byte in 0..200 {
            sender.send(message, vec![byte]).await.unwrap();
            sleep(Duration::from_micros(300)).await;
        }
    });
    let mut arrived = Vec::new();
    within("interrupted fetching", async {
        while arrived.len() < 200 {
            tokio::select! {
                biased;
                () = sleep(Duration::from_micros(100)) => {}
                fetched = far.receiver.receive() => arrived.extend(fetched.unwrap().1),
            }
        }
    })
    .await;
    sending.await.unwrap();
    assert_eq!(arrived, (0..200).collect::<Vec<u8>>());
}

/// A packet of the largest size arrives as it was, a larger one is refused.
pub async fn packets_arrive_whole(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, mut far) = connect(&alice, &mut bob).await;
    let Pipe::Streams { packet: max, .. } = near.pipe else { panic!("the suite is for pipes with streams") };
    if max > 0 {
        let bytes = pattern(Class::Control, max);
        // A packet may be lost.
        let arrived = within("a packet", async {
            loop {
                near.sender.send(Channel::Packet, bytes.clone()).await.unwrap();
                if let Ok(arrived) = timeout(STUCK, far.receiver.receive()).await {
                    return arrived;
                }
            }
        })
        .await;
        assert_eq!(arrived, Some((Channel::Packet, bytes)));
    }
    let large = near.sender.send(Channel::Packet, vec![0; max + 1]).await;
    let refused =
        if max > 0 { SendError::TooLarge { found: max + 1, max } } else { SendError::NoChannel(Channel::Packet) };
    assert_eq!(large, Err(refused));
}

/// Either side closes; both sides see it, in both halves.
pub async fn a_closed_pipe_ends_for_both(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (mut near, mut far) = connect(&alice, &mut bob).await;
    near.sender.close();
    ended(&mut near).await;
    ended(&mut far).await;
    let (mut near, mut far) = connect(&alice, &mut bob).await;
    far.sender.close();
    ended(&mut near).await;
    ended(&mut far).await;
}

/// Dropping either half closes.
pub async fn a_dropped_half_ends_the_pipe(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, mut far) = connect(&alice, &mut bob).await;
    let (sender, receiver) = (near.sender, near.receiver);
    drop(receiver);
    ended(&mut far).await;
    drop(sender);
    let (near, mut far) = connect(&alice, &mut bob).await;
    let (sender, _receiver) = (near.sender, near.receiver);
    drop(sender);
    ended(&mut far).await;
}

/// The error names the address.
pub async fn dialling_nobody_says_so(fixture: &impl Fixture) {
    let alice = fixture.host();
    let nobody = fixture.nobody();
    let error = within("the dial", alice.transport.dial(nobody.clone())).await.unwrap_err();
    assert!(matches!(error, DialError::Silent { .. } | DialError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(nobody.as_str()), "{error}");
}

/// An address of another transport is refused at once.
pub async fn dialling_another_scheme_says_so(fixture: &impl Fixture) {
    let alice = fixture.host();
    let other = Address::parse("pigeon:17").unwrap();
    assert!(alice.transport.addresses().iter().all(|address| address.scheme() == alice.transport.scheme()));
    let error = alice.transport.dial(other.clone()).await.unwrap_err();
    assert!(matches!(&error, DialError::Address { address, .. } if *address == other), "{error}");
}

/// Connections end on both sides, events end, and a dial says why it fails.
pub async fn a_shut_down_transport_ends_everything(fixture: &impl Fixture) {
    let (mut alice, mut bob) = (fixture.host(), fixture.host());
    let (mut near, mut far) = connect(&alice, &mut bob).await;
    within("shutting down", alice.transport.shutdown()).await;
    ended(&mut near).await;
    ended(&mut far).await;
    within("the end of events", async { while alice.events.recv().await.is_some() {} }).await;
    let error = alice.transport.dial(bob.transport.addresses().remove(0)).await.unwrap_err();
    assert_eq!(error, DialError::ShutDown);
}

/// A lane carries much both ways, while the channels go on. A transport without lanes has nothing to show.
pub async fn lanes_carry_much_beside_the_channels(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, mut far) = connect(&alice, &mut bob).await;
    let Some((near_lanes, far_lanes)) = lanes(&near, &far) else { return };
    near_lanes.allow();
    far_lanes.allow();
    for (from, to) in [(near_lanes.clone(), far_lanes.clone()), (far_lanes, near_lanes)] {
        let mut asked = within("opening a lane", from.open()).await.unwrap();
        within("asking", asked.writer.write_all(b"please")).await.unwrap();
        let mut asked_of = within("accepting a lane", to.accept()).await.unwrap();
        let mut question = [0; 6];
        within("hearing", asked_of.reader.read_exact(&mut question)).await.unwrap();
        assert_eq!(&question, b"please");
        let much = pattern(Class::Bulk, MORE_THAN_FITS);
        let sent = much.clone();
        let sending = tokio::spawn(async move {
            asked_of.writer.write_all(&sent).await.unwrap();
            asked_of.writer.shutdown().await.unwrap();
            asked_of
        });
        near.sender.send(Channel::Stream(Class::Message), b"meanwhile".to_vec()).await.unwrap();
        assert_eq!(within("a message", far.receiver.receive()).await.unwrap().1, b"meanwhile");
        let mut came = Vec::new();
        within("reading a lane", asked.reader.read_to_end(&mut came)).await.unwrap();
        assert!(came == much, "{} bytes of {}", came.len(), much.len());
        drop(sending.await);
    }
}

/// Whoever has not proved who it is opens no lane.
pub async fn no_lane_comes_before_it_is_allowed(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, far) = connect(&alice, &mut bob).await;
    let Some((near_lanes, far_lanes)) = lanes(&near, &far) else { return };
    let opening = tokio::spawn(near_lanes.open());
    sleep(STUCK).await;
    assert!(!opening.is_finished(), "it was not allowed");
    far_lanes.allow();
    let mut lane = within("opening a lane", opening).await.unwrap().unwrap();
    lane.writer.write_all(b"!").await.unwrap();
    assert!(within("accepting a lane", far_lanes.accept()).await.is_some());
}

/// Whoever opens a thousand lanes has a few, the channels go on, and the next open once those have ended.
pub async fn of_a_thousand_lanes_a_few_are_open(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, mut far) = connect(&alice, &mut bob).await;
    let Some((near_lanes, far_lanes)) = lanes(&near, &far) else { return };
    far_lanes.allow();
    let mut opening = JoinSet::new();
    for _ in 0..1000 {
        let opened = near_lanes.open();
        opening.spawn(async {
            let mut lane = opened.await.unwrap();
            lane.writer.write_all(b"!").await.unwrap();
            lane
        });
    }
    for _ in 0..2 {
        let (mut opened, mut accepted) = (Vec::new(), Vec::new());
        for _ in 0..LANES {
            opened.push(within("opening a lane", opening.join_next()).await.unwrap().unwrap());
            accepted.push(within("accepting a lane", far_lanes.accept()).await.unwrap());
        }
        near.sender.send(Channel::Stream(Class::Message), b"meanwhile".to_vec()).await.unwrap();
        assert_eq!(within("a message", far.receiver.receive()).await.unwrap().1, b"meanwhile");
        assert!(timeout(STUCK, far_lanes.accept()).await.is_err(), "one more is open");
        assert!(opening.try_join_next().is_none(), "one more is open");
    }
}

/// With the connection everything on its lanes ends.
pub async fn lanes_end_with_their_connection(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let (near, far) = connect(&alice, &mut bob).await;
    let Some((near_lanes, far_lanes)) = lanes(&near, &far) else { return };
    far_lanes.allow();
    let mut asked = within("opening a lane", near_lanes.open()).await.unwrap();
    asked.writer.write_all(b"!").await.unwrap();
    let mut asked_of = within("accepting a lane", far_lanes.accept()).await.unwrap();
    near.sender.close();
    let mut rest = Vec::new();
    let _ = within("the lane's end", asked_of.reader.read_to_end(&mut rest)).await;
    assert!(within("no further lane", far_lanes.accept()).await.is_none());
    assert!(within("opening one more", near_lanes.open()).await.is_err());
}

fn lanes(near: &Connection, far: &Connection) -> Option<(Arc<dyn Lanes>, Arc<dyn Lanes>)> {
    assert_eq!(near.lanes.is_some(), far.lanes.is_some());
    Some((near.lanes.clone()?, far.lanes.clone()?))
}

/// A beacon is sighted by others and by them alone, leads to who shows it, and is lost when another takes its place.
pub async fn beacons_are_seen(fixture: &impl Fixture) {
    let (alice, mut bob) = (fixture.host(), fixture.host());
    let [mine, first, second] = [(); 3].map(|()| any_beacon());
    bob.transport.advertise(Some(mine));
    alice.transport.advertise(Some(first));
    let address = sighting(&mut bob, first, mine).await;
    let near = within("dialling what was sighted", bob.transport.dial(address)).await.unwrap();
    near.sender.close();

    alice.transport.advertise(Some(second));
    // The old one may end at once or be forgotten after a while: a goodbye just before the new one would link the two.
    sighting(&mut bob, second, mine).await;

    alice.transport.advertise(None);
    within("the end of the beacon", async {
        loop {
            if matches!(bob.events.recv().await.unwrap(), TransportEvent::Lost { beacon } if beacon == second) {
                return;
            }
        }
    })
    .await;
}

/// A beacon of its own for each run: others may be testing on the same network.
fn any_beacon() -> Beacon {
    Beacon::from_bytes(RandomState::new().build_hasher().finish().to_be_bytes())
}

async fn sighting(host: &mut Host, of: Beacon, mine: Beacon) -> Address {
    within("a sighting; is there a network interface that is up and can multicast?", async {
        loop {
            match host.events.recv().await.expect("events go on") {
                TransportEvent::Sighted { beacon, address } if beacon == of => return address,
                event => assert!(!names(&event, mine), "one's own beacon"),
            }
        }
    })
    .await
}

fn names(event: &TransportEvent, own: Beacon) -> bool {
    matches!(event, TransportEvent::Sighted { beacon, .. } | TransportEvent::Lost { beacon } if *beacon == own)
}

/// A connection from one host to the other: the dialler's end and the other's.
pub async fn connect(from: &Host, to: &mut Host) -> (Connection, Connection) {
    let address = to.transport.addresses().pop().expect("an address to dial");
    let (near, far) = tokio::join!(
        within("dialling", from.transport.dial(address)),
        within("being dialled", async {
            loop {
                if let TransportEvent::Incoming(connection) = to.events.recv().await.expect("events go on") {
                    return connection;
                }
            }
        })
    );
    (near.unwrap(), far)
}

fn binding(connection: &Connection) -> [u8; 32] {
    match connection.pipe {
        Pipe::Streams { binding, .. } => binding,
        Pipe::Packets { .. } => panic!("the suite is for pipes with streams"),
    }
}

/// Bytes of each class in an exchange of several portions.
const SOME: usize = 100_000;

/// Sends the pattern of each class in portions of many sizes, all classes by turns.
async fn send_some(sender: &Arc<dyn PipeSender>) {
    let mut at = 0;
    for portion in (1..).map(|step| step * 37) {
        let end = SOME.min(at + portion);
        for class in Class::ALL {
            let bytes = pattern(class, SOME)[at..end].to_vec();
            within("sending", sender.send(Channel::Stream(class), bytes)).await.unwrap();
        }
        at = end;
        if at == SOME {
            return;
        }
    }
}

/// Receives `total` bytes, by channel.
async fn fetch(receiver: &mut dyn PipeReceiver, total: usize) -> BTreeMap<Channel, Vec<u8>> {
    let (mut arrived, mut count) = (BTreeMap::<_, Vec<u8>>::new(), 0);
    while count < total {
        let (channel, bytes) = within("fetching", receiver.receive()).await.expect("the pipe goes on");
        assert!(!bytes.is_empty());
        count += bytes.len();
        arrived.entry(channel).or_default().extend(bytes);
    }
    assert_eq!(count, total, "nothing twice");
    arrived
}

/// Sends more than fits and returns once that is stuck.
async fn fill(sender: &Arc<dyn PipeSender>, class: Class) -> tokio::task::JoinHandle<Result<(), SendError>> {
    let sender = sender.clone();
    let bytes = pattern(class, MORE_THAN_FITS);
    let filling = tokio::spawn(async move { sender.send(Channel::Stream(class), bytes).await });
    sleep(STUCK).await;
    assert!(!filling.is_finished(), "{class:?} took {MORE_THAN_FITS} bytes that nobody read");
    filling
}

/// Bytes that repeat only after a long while and differ between classes.
fn pattern(class: Class, length: usize) -> Vec<u8> {
    let mut state = 1 + class as u32;
    let step = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    core::iter::repeat_with(step).take(length).collect()
}

async fn ended(connection: &mut Connection) {
    within("the end of the pipe", async { while connection.receiver.receive().await.is_some() {} }).await;
    let sent = connection.sender.send(Channel::Stream(Class::Control), vec![1]).await;
    assert_eq!(sent, Err(SendError::Closed));
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}
