use super::net::*;
use crate::*;

const PACKETS: Pipe = Pipe::Packets { mtu: 23 };

/// Both shapes of a pipe, without faults.
fn shapes() -> [Pipe; 2] {
    [PACKETS, streams(9, 1_200)]
}

fn is_open(net: &Net) -> bool {
    net.alice.established().is_some() && net.bob.established().is_some()
}

/// Runs a handshake that must fail: no side may be established, and Bob may not have said a word.
#[track_caller]
fn fails(mut net: Net, expected: LinkError) {
    net.settle(60_000);
    assert_eq!(net.bob.error, Some(expected));
    assert!(net.bob.sent.is_empty() && net.bob.events.is_empty() && net.alice.events.is_empty());
    assert_eq!(net.alice.error, Some(LinkError::HandshakeTimeout));
    assert_eq!(net.bob.link.send(net.now, Class::Message, b"x"), Err(SendError::Closed));
    assert_eq!(net.alice.link.deadline(), None);
}

#[test]
fn contacts_meet_over_every_pipe() {
    for (seed, (pipe, faults)) in (0..).zip(pipes()) {
        let mut net = Net::new(seed, pipe, faults, known(), Book::with_alice());
        net.run(15_000, is_open);
        let (to, alice_hash, alice_role) = net.alice.established().unwrap();
        let (from, bob_hash, bob_role) = net.bob.established().unwrap();
        assert_eq!((to, from), (Some(BOB), Some(ALICE)), "{pipe:?}");
        assert_eq!(alice_hash, bob_hash);
        assert_eq!((alice_role, bob_role), (Role::Initiator, Role::Responder));
    }
}

#[test]
fn strangers_meet_over_every_pipe() {
    let mut hashes = std::collections::BTreeSet::new();
    for (seed, (pipe, faults)) in (100..).zip(pipes()) {
        let book = Book { strangers: true, ..Book::default() };
        let mut net = Net::new(seed, pipe, faults, Opening::Stranger, book);
        net.run(15_000, is_open);
        let (alice, bob) = (net.alice.established().unwrap(), net.bob.established().unwrap());
        assert_eq!((alice.0, bob.0), (None, None));
        assert_eq!(alice.1, bob.1);
        hashes.insert(alice.1);
    }
    assert_eq!(hashes.len(), pipes().len(), "every link has its own hash");
}

#[test]
fn frames_go_both_ways_right_after() {
    for (seed, (pipe, faults)) in (200..).zip(pipes()) {
        let mut net = Net::connected(seed, pipe, faults);
        net.alice.link.send(net.now, Class::Message, b"to bob").unwrap();
        net.bob.link.send(net.now, Class::Message, b"to alice").unwrap();
        net.run(60_000, |net| net.bob.frames(Class::Message) == [b"to bob"]);
        net.run(60_000, |net| net.alice.frames(Class::Message) == [b"to alice"]);
    }
}

#[test]
fn wrong_secret_is_met_with_silence() {
    for pipe in shapes() {
        let mut book = Book::with_alice();
        book.contacts[0].3 = Psk::from_bytes([4; 32]);
        fails(Net::new(1, pipe, SERIAL, known(), book), LinkError::Unknown);
    }
}

#[test]
fn wrong_static_keys_are_met_with_silence() {
    for pipe in shapes() {
        let impostor = StaticKey::from_bytes([66; 32]);
        let opening = Opening::Known {
            tag: TAG,
            peer: BOB,
            local_static: impostor.clone(),
            remote_static: bob_key().public(),
            psk: psk(),
        };
        fails(Net::new(2, pipe, SERIAL, opening, Book::with_alice()), LinkError::Unknown);
        let opening = Opening::Known {
            tag: TAG,
            peer: BOB,
            local_static: alice_key(),
            remote_static: impostor.public(),
            psk: psk(),
        };
        fails(Net::new(3, pipe, SERIAL, opening, Book::with_alice()), LinkError::Unknown);
    }
}

#[test]
fn unknown_tag_is_met_with_silence() {
    for pipe in shapes() {
        let mut book = Book::with_alice();
        book.contacts[0].0 = PairTag::from_bytes([0; 8]);
        fails(Net::new(4, pipe, SERIAL, known(), book), LinkError::Unknown);
    }
}

#[test]
fn strangers_who_are_not_awaited_are_met_with_silence() {
    for pipe in shapes() {
        fails(Net::new(5, pipe, SERIAL, Opening::Stranger, Book::with_alice()), LinkError::StrangersRefused);
    }
}

#[test]
fn of_several_contacts_with_one_tag_the_right_one_is_found() {
    let mut book = Book::with_alice();
    let other = (TAG, DeviceId::from_bytes([7; 32]), StaticKey::from_bytes([8; 32]).public(), Psk::from_bytes([9; 32]));
    book.contacts.insert(0, other.clone());
    book.contacts.push(other.clone());
    let mut net = Net::new(6, PACKETS, SERIAL, known(), book);
    net.run(5_000, is_open);
    assert_eq!(net.bob.established().unwrap().0, Some(ALICE));

    let mut book = Book::with_alice();
    for _ in 0..limits::CANDIDATES {
        book.contacts.insert(0, other.clone());
    }
    fails(Net::new(6, PACKETS, SERIAL, known(), book), LinkError::Unknown);
}

#[test]
fn a_replayed_first_message_is_met_with_silence() {
    for pipe in shapes() {
        let mut net = Net::connected(7, pipe, SERIAL);
        let first_messages = net.alice.sent.clone();
        let book = std::mem::take(&mut net.bob.book);
        assert_eq!(book.seen.len(), 1);

        let mut again = Net::new(8, pipe, DEAD, known(), book);
        for (channel, bytes) in &first_messages {
            again.deliver(true, *channel, bytes);
        }
        again.exchange();
        assert_eq!(again.bob.error, Some(LinkError::Replayed));
        assert!(again.bob.sent.is_empty() && again.bob.events.is_empty());
    }
}

#[test]
fn whoever_replays_all_an_initiator_said_is_never_established() {
    let mut net = Net::connected(9, PACKETS, SERIAL);
    net.alice.link.send(net.now, Class::Message, b"pay him").unwrap();
    net.settle(1_000);
    assert_eq!(net.bob.frames(Class::Message), [b"pay him"]);

    // Bob has lost his memory; the replayer has not, but Bob's ephemeral key is another one now.
    let mut again = Net::new(10, PACKETS, DEAD, known(), Book::with_alice());
    for (channel, bytes) in net.alice.sent.clone() {
        again.deliver(true, channel, &bytes);
    }
    again.settle(60_000);
    assert!(again.bob.events.is_empty());
    assert_eq!(again.bob.error, Some(LinkError::HandshakeTimeout));
}

#[test]
fn a_first_message_that_does_not_open_is_not_remembered() {
    let mut net = Net::new(11, streams(9, 0), SERIAL, known(), Book::with_alice());
    net.exchange();
    let (channel, mut bytes) = net.alice.sent[0].clone();
    *bytes.last_mut().unwrap() ^= 1;
    net.deliver(true, channel, &bytes);
    assert_eq!(net.bob.error, Some(LinkError::Unknown));
    assert!(net.bob.book.seen.is_empty());
}

#[test]
fn every_byte_of_the_first_message_counts() {
    let sent = {
        let mut net = Net::new(12, streams(9, 0), SERIAL, known(), Book::with_alice());
        net.exchange();
        net.alice.sent[0].1.clone()
    };
    for index in limits::PREFIX_BYTES..sent.len() {
        let mut net = Net::new(12, streams(9, 0), SERIAL, known(), Book::with_alice());
        // The changed tag leads to Alice too, so that only the prologue can tell.
        let mut bytes = sent.clone();
        bytes[index] ^= 0x10;
        let tag = PairTag::from_bytes(bytes[5..13].try_into().unwrap());
        net.bob.book.contacts.push((tag, ALICE, alice_key().public(), psk()));
        net.deliver(true, Channel::Stream(Class::Control), &bytes);
        net.exchange();
        assert!(net.bob.error.is_some() && net.bob.sent.is_empty(), "byte {index}");
    }
}

#[test]
fn one_in_the_middle_of_two_pipes_is_refused() {
    for opening in [known(), Opening::Stranger] {
        let mut book = Book::with_alice();
        book.strangers = true;
        let is_known = matches!(opening, Opening::Known { .. });
        let mut net = Net::between(13, streams(1, 0), streams(2, 0), SERIAL, opening, book);
        net.settle(60_000);
        assert!(net.alice.events.is_empty() && net.bob.events.is_empty());
        // Contacts are told apart by the first message, strangers by the second.
        let failed = if is_known { net.bob.error } else { net.alice.error };
        assert_eq!(failed, Some(if is_known { LinkError::Unknown } else { LinkError::Handshake }));
    }
}

#[test]
fn a_dead_wire_times_out() {
    for pipe in shapes() {
        let mut net = Net::new(14, pipe, DEAD, known(), Book::with_alice());
        if pipe != PACKETS {
            net.alice.sent.clear();
            while net.alice.link.poll_transmit(net.now).is_some() {}
        }
        let start = net.now;
        net.settle(60_000);
        assert_eq!(net.alice.error, Some(LinkError::HandshakeTimeout));
        assert_eq!(net.bob.error, Some(LinkError::HandshakeTimeout));
        assert_eq!(net.now.since(start), limits::HANDSHAKE_MS);
    }
}

#[test]
fn a_pipe_that_is_too_small_is_refused() {
    let mut net = Net::new(15, PACKETS, SERIAL, known(), Book::with_alice());
    let pipe = Pipe::Packets { mtu: 19 };
    assert!(matches!(Link::dial(net.now, &mut net.rng, pipe, known()), Err(OpenError::Mtu { mtu: 19 })));
    net.bob.link = Link::accept(net.now, &mut net.rng, pipe, bob_key());
    net.deliver(true, Channel::Packet, &[0; 19]);
    assert_eq!(net.bob.error, Some(LinkError::Closed));
    assert_eq!(net.bob.link.deadline(), None);
}

#[test]
fn nothing_is_sent_before_the_link_is_established() {
    for pipe in shapes() {
        let mut net = Net::new(16, pipe, SERIAL, known(), Book::with_alice());
        assert_eq!(net.alice.link.send(net.now, Class::Message, b"x"), Err(SendError::NotEstablished));
        assert_eq!(net.bob.link.send_packet(net.now, b"x"), Err(SendError::NotEstablished));
    }
}
