use proptest::prelude::*;
use rand_core::Rng;

use super::net::*;
use crate::*;

/// What is done to a packet on its way.
#[derive(Clone, Debug)]
enum Attack {
    Pass,
    Drop,
    Truncate(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Extend(Vec<u8>),
    /// An earlier packet in its place.
    Replay(prop::sample::Index),
    /// Back to where it came from.
    Reflect,
    Random(Vec<u8>),
    Doubled,
}

fn attack() -> impl Strategy<Value = Attack> {
    let junk = || prop::collection::vec(any::<u8>(), 0..80);
    prop_oneof![
        // Enough to get through: an attacker who stops everything is a wire that died.
        40 => Just(Attack::Pass),
        1 => Just(Attack::Drop),
        1 => any::<prop::sample::Index>().prop_map(Attack::Truncate),
        2 => (any::<prop::sample::Index>(), 1u8..).prop_map(|(at, bits)| Attack::Flip(at, bits)),
        1 => junk().prop_map(Attack::Extend),
        2 => any::<prop::sample::Index>().prop_map(Attack::Replay),
        1 => Just(Attack::Reflect),
        1 => junk().prop_map(Attack::Random),
        1 => Just(Attack::Doubled),
    ]
}

/// Hands every packet to the attacker, who hands on what he likes; `false` if there was none.
fn pass(net: &mut Net, attacks: &mut impl Iterator<Item = Attack>, past: &mut Vec<Vec<u8>>) -> bool {
    let before = past.len();
    for to_bob in [true, false] {
        loop {
            let from = if to_bob { &mut net.alice } else { &mut net.bob };
            let Some((channel, mut bytes)) = from.link.poll_transmit(net.now) else { break };
            past.push(bytes.clone());
            match attacks.next().unwrap_or(Attack::Pass) {
                Attack::Pass => net.deliver(to_bob, channel, &bytes),
                Attack::Drop => {}
                Attack::Truncate(at) => net.deliver(to_bob, channel, &bytes[..at.index(bytes.len())]),
                Attack::Flip(at, bits) => {
                    let at = at.index(bytes.len());
                    bytes[at] ^= bits;
                    net.deliver(to_bob, channel, &bytes);
                }
                Attack::Extend(more) => {
                    bytes.extend(more);
                    net.deliver(to_bob, channel, &bytes);
                }
                Attack::Replay(index) => net.deliver(to_bob, channel, &past[index.index(past.len())].clone()),
                Attack::Reflect => net.deliver(!to_bob, channel, &bytes),
                Attack::Random(junk) => net.deliver(to_bob, channel, &junk),
                Attack::Doubled => {
                    net.deliver(to_bob, channel, &bytes);
                    net.deliver(to_bob, channel, &bytes);
                }
            }
        }
        let reader = if to_bob { &mut net.bob } else { &mut net.alice };
        while let Some(event) = reader.link.poll_event() {
            reader.events.push(event);
        }
    }
    past.len() > before
}

/// Goes on to the next deadline; `false` if there is none.
fn wait(net: &mut Net) -> bool {
    let deadlines = [net.alice.link.deadline(), net.bob.link.deadline()];
    let Some(next) = deadlines.into_iter().flatten().min() else { return false };
    net.now = net.now.max(next);
    for end in [&mut net.alice, &mut net.bob] {
        if end.link.deadline().is_some_and(|deadline| deadline <= net.now) {
            end.error = end.error.or(end.link.on_deadline(net.now).err());
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn an_attacked_session_delivers_all_or_nothing_else(
        mtu in prop::sample::select(MTUS.to_vec()),
        seed in any::<u64>(),
        attacks in prop::collection::vec(attack(), 0..150),
    ) {
        let mut net = Net::connected(seed, Pipe::Packets { mtu }, SERIAL);
        let mut past: Vec<Vec<u8>> = net.alice.sent.iter().chain(&net.bob.sent).map(|(_, bytes)| bytes.clone()).collect();
        let sent: Vec<Vec<u8>> = (0..12).map(|n| bytes(n, 1 + n as usize * 60)).collect();
        for (frame, class) in sent.iter().zip(Class::ALL.into_iter().cycle()) {
            net.alice.link.send(net.now, class, frame).unwrap();
        }
        let mut attacks = attacks.into_iter();
        for _ in 0..1_000 {
            if !pass(&mut net, &mut attacks, &mut past) && !wait(&mut net) {
                break;
            }
        }
        // Once the attacks are over everything has come: a session can't be broken, nor fooled.
        prop_assert_eq!((net.alice.error, net.bob.error), (None, None));
        for (skip, class) in Class::ALL.into_iter().enumerate() {
            let expected: Vec<&[u8]> = sent.iter().skip(skip).step_by(3).map(Vec::as_slice).collect();
            prop_assert_eq!(net.bob.frames(class), expected);
        }
        prop_assert_eq!(net.alice.events.len(), 1);
    }

    #[test]
    fn an_attacked_handshake_is_right_or_none(
        mtu in prop::sample::select(MTUS.to_vec()),
        seed in any::<u64>(),
        attacks in prop::collection::vec(attack(), 1..40),
        is_known in any::<bool>(),
    ) {
        let mut book = Book::with_alice();
        book.strangers = true;
        let opening = if is_known { known() } else { Opening::Stranger };
        let mut net = Net::new(seed, Pipe::Packets { mtu }, SERIAL, opening, book);
        let (mut attacks, mut past) = (attacks.into_iter(), Vec::new());
        for _ in 0..200 {
            if !pass(&mut net, &mut attacks, &mut past) && !wait(&mut net) {
                break;
            }
        }
        if let (Some(alice), Some(bob)) = (net.alice.established(), net.bob.established()) {
            prop_assert_eq!(alice.1, bob.1);
        }
        for (end, peer) in [(&net.alice, BOB), (&net.bob, ALICE)] {
            prop_assert!(end.established().is_some() || end.error.is_some());
            if let Some((found, ..)) = end.established() {
                prop_assert_eq!(found, is_known.then_some(peer));
            }
        }
    }

    #[test]
    fn random_bytes_never_establish_anything(
        is_streams in any::<bool>(),
        pieces in prop::collection::vec((0usize..4, prop::collection::vec(any::<u8>(), 0..300)), 1..30),
    ) {
        let pipe = if is_streams { streams(1, 300) } else { Pipe::Packets { mtu: 64 } };
        let mut book = Book::with_alice();
        book.strangers = true;
        let mut net = Net::new(1, pipe, DEAD, known(), book);
        for (channel, bytes) in pieces {
            let channel = match channel {
                0 => Channel::Packet,
                n => Channel::Stream(Class::ALL[n - 1]),
            };
            net.deliver(true, channel, &bytes);
            net.deliver(false, channel, &bytes);
            net.exchange();
            prop_assert!(net.alice.events.is_empty() && net.bob.events.is_empty());
        }
    }

    #[test]
    fn changed_streams_never_panic(
        seed in any::<u64>(),
        at in any::<prop::sample::Index>(),
        bits in 1u8..,
    ) {
        let mut net = Net::connected(seed, streams(1, 300), SERIAL);
        net.alice.link.send(net.now, Class::Control, &bytes(1, 700)).unwrap();
        let (channel, mut sent) = net.alice.link.poll_transmit(net.now).unwrap();
        let at = at.index(sent.len());
        sent[at] ^= bits;
        net.deliver(true, channel, &sent);
        net.exchange();
        // TLS would not let this through; still nothing worse than a wrong frame may come of it.
        let frames = net.bob.events.len() - 1;
        prop_assert!(frames <= 700 && (frames == 1 || at < 4 || frames == 0));
    }
}

#[test]
fn forged_packets_do_not_fill_memory_or_stop_the_session() {
    let mut net = Net::connected(5, Pipe::Packets { mtu: 64 }, SERIAL);
    for n in 0..200_000u64 {
        let mut junk = bytes(n, 64);
        junk[0] = 0x40 | net.rng.next_u64() as u8 & 0x3f;
        net.deliver(true, Channel::Packet, &junk);
    }
    assert_eq!(net.bob.error, None);
    net.alice.link.send(net.now, Class::Message, b"still here").unwrap();
    net.run(60_000, |net| net.bob.frames(Class::Message) == [b"still here"]);
}

#[test]
fn bytes_on_a_stream_that_is_not_there_are_the_transports_fault() {
    let mut net = Net::connected(6, Pipe::Packets { mtu: 64 }, SERIAL);
    net.deliver(true, Channel::Stream(Class::Bulk), b"x");
    assert_eq!(net.bob.error, Some(LinkError::WrongChannel));
}
