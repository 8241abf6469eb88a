use super::net::*;
use crate::*;
use lamplit_types::limits::{FRAME_BYTES, LINK_QUEUE_BYTES};

fn bytes_sent(end: &End) -> usize {
    end.sent.iter().map(|(_, bytes)| bytes.len()).sum()
}

#[test]
fn the_largest_frames_cross_the_smallest_packets_with_loss() {
    let faults = Faults { loss: 20, doubled: 5, ..BLE };
    let mut net = Net::connected(1, Pipe::Packets { mtu: 20 }, faults);
    let frames = [bytes(1, FRAME_BYTES), bytes(2, FRAME_BYTES)];
    net.alice.link.send(net.now, Class::Bulk, &frames[0]).unwrap();
    net.bob.link.send(net.now, Class::Bulk, &frames[1]).unwrap();
    net.run(60 * 60_000, |net| net.bob.frames(Class::Bulk).len() + net.alice.frames(Class::Bulk).len() == 2);
    assert_eq!(net.bob.frames(Class::Bulk), [&frames[0]]);
    assert_eq!(net.alice.frames(Class::Bulk), [&frames[1]]);
}

#[test]
fn frames_arrive_once_and_in_order_over_every_pipe() {
    for (seed, (pipe, faults)) in (0..).zip(pipes()) {
        let mut net = Net::connected(seed, pipe, faults);
        let sent: Vec<Vec<u8>> = (0..60).map(|n| bytes(n, 1 + (n as usize * 97) % 900)).collect();
        for (frame, class) in sent.iter().zip(Class::ALL.into_iter().cycle()) {
            net.alice.link.send(net.now, class, frame).unwrap();
            net.bob.link.send(net.now, class, frame).unwrap();
        }
        net.run(10 * 60_000, |net| net.alice.events.len() == 61 && net.bob.events.len() == 61);
        net.settle(10_000);
        for (skip, class) in Class::ALL.into_iter().enumerate() {
            let expected: Vec<&[u8]> = sent.iter().skip(skip).step_by(3).map(Vec::as_slice).collect();
            assert_eq!(net.alice.frames(class), expected, "{pipe:?} {class:?}");
            assert_eq!(net.bob.frames(class), expected, "{pipe:?} {class:?}");
        }
        assert_eq!((net.alice.link.queued(), net.bob.link.queued()), (0, 0));
        assert_eq!((net.alice.link.deadline(), net.bob.link.deadline()), (None, None), "an idle link is silent");
    }
}

#[test]
fn a_message_overtakes_a_file_of_a_mebibyte() {
    let mut net = Net::connected(3, Pipe::Packets { mtu: 247 }, BLE);
    let file: Vec<Vec<u8>> = (0..16).map(|n| bytes(n, FRAME_BYTES)).collect();
    let mut rest = file.iter();
    let mut next = rest.next();
    while let Some(frame) = next {
        match net.alice.link.send(net.now, Class::Bulk, frame) {
            Ok(()) => next = rest.next(),
            Err(error) => {
                assert_eq!(error, SendError::Full);
                let queued = net.alice.link.queued();
                net.run(60_000, |net| net.alice.link.queued() < queued);
            }
        }
    }
    let queued = net.alice.link.queued();
    assert!(queued > 700_000, "most of the file still waits");
    net.alice.link.send(net.now, Class::Message, b"dinner is ready").unwrap();
    let asked = net.now;
    net.run(60_000, |net| !net.bob.frames(Class::Message).is_empty());
    // What was on the way before it goes first, nothing else does: a few round trips, with retransmission.
    assert!(net.now.since(asked) < 500, "{}", net.now.since(asked));
    assert!(queued.saturating_sub(net.alice.link.queued()) < 3 * limits::WINDOW_MOST * limits::SEGMENT_BYTES);
    net.run(60 * 60_000, |net| net.bob.frames(Class::Bulk).len() == 16);
    assert_eq!(net.bob.frames(Class::Bulk), file);
}

#[test]
fn a_message_is_taken_though_files_fill_the_queue() {
    for pipe in [Pipe::Packets { mtu: 64 }, streams(1, 0)] {
        let mut net = Net::connected(4, pipe, SERIAL);
        for class in [Class::Bulk, Class::Message, Class::Control] {
            let mut taken = 0;
            while net.alice.link.send(net.now, class, &[7; FRAME_BYTES]).is_ok() {
                taken += 1;
            }
            assert!(taken >= 1, "{class:?} has a share of its own");
            assert!(net.alice.link.queued() <= limits::queue_share(class));
            assert_eq!(net.alice.link.send(net.now, class, &[7; FRAME_BYTES]), Err(SendError::Full));
        }
        assert!(net.alice.link.queued() <= LINK_QUEUE_BYTES);
    }
}

#[test]
fn what_is_not_read_stops_the_sender_and_nobody_else() {
    let mut net = Net::connected(5, Pipe::Packets { mtu: 247 }, BLE);
    net.bob.is_reading = false;
    let before = bytes_sent(&net.alice);
    let frame = bytes(1, 10_000);
    for _ in 0..60 {
        net.alice.link.send(net.now, Class::Bulk, &frame).unwrap();
    }
    net.settle(10 * 60_000);
    assert_eq!(net.alice.error, None);
    assert_eq!(net.alice.link.queued(), 60 * 10_004 - limits::CREDIT_BYTES, "all the credit is used, no byte more");
    assert!(bytes_sent(&net.alice) - before < 2 * limits::CREDIT_BYTES);
    assert_eq!(net.alice.link.deadline(), None, "nothing is sent in vain");

    // Another class has credit of its own.
    net.alice.link.send(net.now, Class::Message, b"are you there?").unwrap();
    net.settle(60_000);
    assert_eq!(net.alice.link.queued(), 60 * 10_004 - limits::CREDIT_BYTES);

    net.bob.is_reading = true;
    net.run(10 * 60_000, |net| net.bob.frames(Class::Bulk).len() == 60);
    assert_eq!(net.bob.frames(Class::Message), [b"are you there?"]);
    assert!(net.bob.frames(Class::Bulk).iter().all(|found| *found == frame));
}

#[test]
fn keys_change_under_way_though_packets_are_reordered() {
    let mut net = Net::connected(6, Pipe::Packets { mtu: 185 }, BLE);
    let frame = bytes(1, 50_000);
    let mut count = 0;
    // Bob only acknowledges: both directions must come past two changes of keys.
    while net.alice.sent.len() < 3 * 3 * limits::EPOCH_SEGMENTS as usize {
        while net.alice.link.send(net.now, Class::Bulk, &frame).is_ok() {
            count += 1;
        }
        net.settle(2_000);
        net.bob.events.retain(|event| match event {
            LinkEvent::Frame { bytes, .. } => {
                assert!(*bytes == frame);
                count -= 1;
                false
            }
            _ => true,
        });
        assert_eq!((net.alice.error, net.bob.error), (None, None));
    }
    net.run(60_000, |net| net.alice.link.queued() == 0);
    net.exchange();
    assert_eq!(net.bob.frames(Class::Bulk).len(), count);
}

#[test]
fn a_wire_that_dies_is_noticed() {
    let mut net = Net::connected(7, Pipe::Packets { mtu: 64 }, SERIAL);
    net.alice.link.send(net.now, Class::Message, b"hello?").unwrap();
    net.faults = DEAD;
    let start = net.now;
    net.settle(10 * 60_000);
    assert_eq!(net.alice.error, Some(LinkError::Silent));
    assert!((20_000..60_000).contains(&net.now.since(start)), "{}", net.now.since(start));
    assert_eq!(net.alice.link.send(net.now, Class::Message, b"x"), Err(SendError::Closed));
    assert!(net.alice.link.poll_transmit(net.now).is_none());
    assert_eq!(net.bob.error, None, "it has nothing to wait for");
}

#[test]
fn a_link_outlives_a_pause_of_the_wire() {
    let mut net = Net::connected(8, Pipe::Packets { mtu: 64 }, BLE);
    let frame = bytes(1, 5_000);
    net.alice.link.send(net.now, Class::Message, &frame).unwrap();
    net.faults = DEAD;
    net.settle(15_000);
    net.faults = BLE;
    net.run(60_000, |net| net.bob.frames(Class::Message) == [&frame]);
}

#[test]
fn of_packets_the_latest_wins() {
    for pipe in [Pipe::Packets { mtu: 20 }, streams(1, 0), streams(1, 64), streams(1, 400)] {
        let mut net = Net::connected(9, pipe, SERIAL);
        for n in 0..50 {
            net.alice.link.send_packet(net.now, &[n; 320]).unwrap();
        }
        net.settle(60_000);
        assert_eq!(net.bob.packets(), [[49; 320]], "{pipe:?}");
        let as_packet = net.alice.sent.iter().filter(|(channel, _)| *channel == Channel::Packet).count();
        match pipe {
            Pipe::Streams { packet, .. } => assert_eq!(as_packet, usize::from(packet >= 320)),
            Pipe::Packets { .. } => assert!(as_packet > 320 / 17),
        }
    }
}

#[test]
fn packets_do_not_pile_up_on_a_wire_that_is_slow() {
    let mut net = Net::connected(10, Pipe::Packets { mtu: 20 }, SERIAL);
    net.faults = DEAD;
    for n in 0..100 {
        net.alice.link.send_packet(net.now, &[n; 1_000]).unwrap();
        net.settle(50);
    }
    assert!(net.alice.link.queued() < 3_000, "{}", net.alice.link.queued());
    net.faults = SERIAL;
    net.settle(60_000);
    assert_eq!(net.bob.packets().last(), Some(&[99; 1_000].as_slice()));
}

#[test]
fn lengths_are_checked_before_sending() {
    let mut net = Net::connected(11, Pipe::Packets { mtu: 20 }, SERIAL);
    let link = &mut net.alice.link;
    assert_eq!(link.send(net.now, Class::Bulk, &[]), Err(SendError::Empty));
    let refused = Err(SendError::TooLarge { found: FRAME_BYTES + 1, limit: FRAME_BYTES });
    assert_eq!(link.send(net.now, Class::Bulk, &[0; FRAME_BYTES + 1]), refused);
    let refused = Err(SendError::TooLarge { found: 1_201, limit: limits::PACKET_BYTES });
    assert_eq!(link.send_packet(net.now, &[0; 1_201]), refused);
}

#[test]
fn overhead_is_small() {
    // A short message is one packet where it fits one, the acknowledgement another.
    let mut net = Net::connected(12, Pipe::Packets { mtu: 247 }, SERIAL);
    net.settle(1_000);
    let before = (net.alice.sent.len(), net.bob.sent.len());
    net.alice.link.send(net.now, Class::Message, &[7; 200]).unwrap();
    net.settle(1_000);
    assert_eq!((net.alice.sent.len() - before.0, net.bob.sent.len() - before.1), (1, 1));

    // Three bytes of every twenty are the header's, then a tag for each 512 bytes and some little: nothing is lost,
    // so nothing else is spent.
    let mut net = Net::connected(13, Pipe::Packets { mtu: 20 }, SERIAL);
    let before = (bytes_sent(&net.alice), bytes_sent(&net.bob));
    net.alice.link.send(net.now, Class::Bulk, &[7; FRAME_BYTES]).unwrap();
    net.settle(60_000);
    let there = bytes_sent(&net.alice) - before.0;
    assert!(there * 100 < FRAME_BYTES * 126, "{there} bytes for {FRAME_BYTES}");
    let back = bytes_sent(&net.bob) - before.1;
    assert!(back * 100 < FRAME_BYTES * 6, "{back} bytes back for {FRAME_BYTES}");
}
