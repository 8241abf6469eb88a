#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::limits::FRAME_BYTES;

use super::*;
use crate::{SendError, tests::net::*};

#[test]
fn what_comes_before_the_handshake_waits_and_is_bounded() {
    let mut net = Net::new(1, streams(1, 0), SERIAL, known(), Book::with_alice());
    let framed = [&framing::prefix(false, 5)[..], b"early"].concat();
    net.deliver(false, Channel::Stream(Class::Bulk), &framed);
    net.deliver(false, Channel::Packet, b"too early");
    net.exchange();
    assert!(net.alice.events.is_empty());
    net.settle(1_000);
    assert!(net.alice.established().is_some());
    assert_eq!(net.alice.frames(Class::Bulk), [b"early"]);
    assert!(net.alice.packets().is_empty());

    let mut net = Net::new(2, streams(1, 0), DEAD, known(), Book::with_alice());
    let framed = [&framing::prefix(false, FRAME_BYTES)[..], &[1; FRAME_BYTES]].concat();
    for _ in 0..EARLY_BYTES / framed.len() {
        net.deliver(true, Channel::Stream(Class::Bulk), &framed);
        assert_eq!(net.bob.error, None);
    }
    net.deliver(true, Channel::Stream(Class::Message), &framed);
    assert_eq!(net.bob.error, Some(LinkError::Unpolled { limit: EARLY_BYTES }));
}

#[test]
fn what_is_not_polled_is_bounded() {
    let mut net = Net::connected(3, streams(1, 100), SERIAL);
    net.bob.is_reading = false;
    let mut count = 0;
    while net.bob.error.is_none() {
        match net.alice.link.send(net.now, Class::Bulk, &[1; FRAME_BYTES]) {
            Ok(()) => count += 1,
            Err(error) => assert_eq!(error, SendError::Full),
        }
        net.settle(1_000);
    }
    assert_eq!(net.bob.error, Some(LinkError::Unpolled { limit: UNPOLLED_BYTES }));
    net.bob.is_reading = true;
    net.exchange();
    assert!(net.bob.frames(Class::Bulk).len() >= count - 2, "what was whole is still given out");
}

#[test]
fn of_packets_not_polled_the_oldest_are_dropped() {
    let mut net = Net::connected(4, streams(1, 100), SERIAL);
    for n in 0..2 * PACKETS_WAITING {
        net.deliver(true, Channel::Packet, &[n as u8]);
    }
    net.exchange();
    let expected: Vec<_> = (PACKETS_WAITING..2 * PACKETS_WAITING).map(|n| [n as u8]).collect();
    assert_eq!(net.bob.packets(), expected);
}

#[test]
fn a_frame_that_is_too_long_ends_it() {
    let mut net = Net::connected(5, streams(1, 100), SERIAL);
    net.deliver(true, Channel::Stream(Class::Bulk), &framing::prefix(false, FRAME_BYTES + 1));
    assert_eq!(net.bob.error, Some(LinkError::FrameLength { found: FRAME_BYTES + 1 }));
}

#[test]
fn each_class_has_its_stream_and_the_most_urgent_is_first() {
    let mut net = Net::connected(6, streams(1, 100), SERIAL);
    for class in [Class::Bulk, Class::Message, Class::Control] {
        net.alice.link.send(net.now, class, b"x").unwrap();
    }
    net.alice.link.send_packet(net.now, b"y").unwrap();
    let order: Vec<_> =
        std::iter::from_fn(|| net.alice.link.poll_transmit(net.now)).map(|(channel, _)| channel).collect();
    let streams = Class::ALL.map(Channel::Stream);
    assert_eq!(order, [Channel::Packet, streams[0], streams[1], streams[2]]);
}
