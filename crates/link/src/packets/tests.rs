#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::Pipe;

use super::*;
use crate::{Link, tests::net::*};

const PIPE: Pipe = Pipe::Packets { mtu: 20 };

#[test]
fn the_last_message_is_repeated_until_the_peer_is_heard() {
    let mut net = Net::new(1, PIPE, SERIAL, known(), Book::with_alice());
    net.run(1_000, |net| net.bob.sent.len() == 3);
    net.faults = DEAD;
    net.settle(20);
    // What Alice said on being established is lost: Bob cannot know that she has the keys.
    assert!(net.alice.established().is_some() && net.bob.established().is_none());
    net.faults = SERIAL;
    net.run(10_000, |net| net.bob.established().is_some());
    assert_eq!(net.bob.sent.len(), 6, "three packets, twice");
}

#[test]
fn a_repeated_message_changes_nothing() {
    let mut net = Net::connected(2, PIPE, SERIAL);
    let (events, sent) = (net.alice.events.clone(), net.bob.sent.clone());
    for (channel, bytes) in sent {
        net.deliver(false, channel, &bytes);
    }
    net.alice.link.send(net.now, Class::Message, b"x").unwrap();
    net.settle(10_000);
    assert_eq!(net.alice.events, events);
    assert_eq!(net.bob.frames(Class::Message), [b"x"]);
}

#[test]
fn pieces_of_a_message_are_kept_over_its_repetitions() {
    let mut net = Net::new(3, PIPE, DEAD, known(), Book::with_alice());
    // Of each repetition another packet comes through: four times are enough.
    for round in 0..4 {
        let packets: Vec<_> = std::iter::from_fn(|| net.alice.link.poll_transmit(net.now)).collect();
        assert_eq!(packets.len(), 4);
        assert!(net.bob.link.poll_transmit(net.now).is_none());
        net.deliver(true, packets[round].0, &packets[round].1);
        net.now = net.alice.link.deadline().unwrap();
        net.alice.link.on_deadline(net.now).unwrap();
    }
    assert!(net.bob.link.poll_transmit(net.now).is_some());
}

#[test]
fn the_first_packet_is_as_written() {
    let mut net = Net::new(4, PIPE, SERIAL, known(), Book::with_alice());
    let (channel, packet) = net.alice.link.poll_transmit(net.now).unwrap();
    assert_eq!((channel, packet.len()), (Channel::Packet, 20));
    assert_eq!(packet[..12], [&[0, 0, 0, 1][..], TAG.as_bytes()].concat());
    let mut stranger = Link::dial(net.now, &mut net.rng, PIPE, Opening::Stranger).unwrap();
    assert_eq!(stranger.poll_transmit(net.now).unwrap().1[..4], [0, 0, 0, 2]);
}
