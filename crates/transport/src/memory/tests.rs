#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::*;
use crate::suite::{Fixture, Host};

struct Memory(MemoryNetwork);

impl Fixture for Memory {
    fn host(&self) -> Host {
        let (transport, events) = self.0.join();
        Host { transport: Arc::new(transport), events }
    }

    fn nobody(&self) -> Address {
        Address::in_memory(u64::MAX)
    }
}

crate::transport_suite!(Memory(MemoryNetwork::new(MemoryPipe::Streams)));

#[tokio::test]
async fn beacons_are_seen() {
    crate::suite::beacons_are_seen(&Memory(MemoryNetwork::new(MemoryPipe::Streams))).await;
}

#[tokio::test]
async fn who_joins_late_sees_the_beacons_that_are_shown() {
    let network = MemoryNetwork::new(MemoryPipe::Streams);
    let (early, _events) = network.join();
    let shown = Beacon::from_bytes([7; 8]);
    early.advertise(Some(shown));
    let (_late, mut events) = network.join();
    let Some(TransportEvent::Sighted { beacon, address }) = events.recv().await else { panic!("a sighting was due") };
    assert_eq!((beacon, address), (shown, early.addresses().remove(0)));
}

#[tokio::test]
async fn a_pipe_of_packets_carries_packets_alone_and_loses_what_finds_no_room() {
    let mtu = 20;
    let network = MemoryNetwork::new(MemoryPipe::Packets { mtu });
    let (alice, _alice_hears) = network.join();
    let (bob, mut bob_hears) = network.join();
    let near = alice.dial(bob.addresses().remove(0)).await.unwrap();
    let Some(TransportEvent::Incoming(mut far)) = bob_hears.recv().await else { panic!("bob was dialled") };
    assert_eq!((near.pipe, far.pipe), (Pipe::Packets { mtu }, Pipe::Packets { mtu }));

    let stream = Channel::Stream(Class::Control);
    assert_eq!(near.sender.send(stream, vec![1]).await, Err(SendError::NoChannel(stream)));
    let large = near.sender.send(Channel::Packet, vec![0; mtu + 1]).await;
    assert_eq!(large, Err(SendError::TooLarge { found: mtu + 1, max: mtu }));

    let sent = 3 * QUEUE;
    for number in 0..sent {
        near.sender.send(Channel::Packet, vec![u8::try_from(number).unwrap(); mtu]).await.unwrap();
    }
    near.sender.close();
    let mut arrived = 0;
    while let Some((channel, bytes)) = far.receiver.receive().await {
        assert_eq!((channel, bytes.len()), (Channel::Packet, mtu));
        arrived += 1;
    }
    assert_eq!(arrived, QUEUE, "the queue held as many, the rest is lost");
}
