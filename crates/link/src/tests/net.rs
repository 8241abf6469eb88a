//! Two links and what is between them, in virtual time.

use std::collections::{BTreeMap, BTreeSet};

use chacha20::ChaCha8Rng;
use lamplit_types::{Channel, Class, DeviceId, Mono, PairTag, Pipe};
use rand_core::{Rng, SeedableRng};

use crate::*;

pub(crate) const MTUS: [usize; 7] = [20, 23, 64, 185, 247, 510, 1200];
pub(crate) const ALICE: DeviceId = DeviceId::from_bytes([0xa1; 32]);
pub(crate) const BOB: DeviceId = DeviceId::from_bytes([0xb0; 32]);
pub(crate) const TAG: PairTag = PairTag::from_bytes(*b"pair tag");

/// What a wire does to packets; streams are spared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    /// Percent lost.
    pub(crate) loss: u64,
    /// Percent that come twice.
    pub(crate) doubled: u64,
    /// Milliseconds on the way.
    pub(crate) delay: (u64, u64),
    pub(crate) is_ordered: bool,
}

pub(crate) const SERIAL: Faults = Faults { loss: 0, doubled: 0, delay: (5, 5), is_ordered: true };
pub(crate) const BLE: Faults = Faults { loss: 10, doubled: 5, delay: (10, 60), is_ordered: false };
pub(crate) const DEAD: Faults = Faults { loss: 100, ..SERIAL };

pub(crate) fn alice_key() -> StaticKey {
    StaticKey::from_bytes([1; 32])
}

pub(crate) fn bob_key() -> StaticKey {
    StaticKey::from_bytes([2; 32])
}

pub(crate) fn psk() -> Psk {
    Psk::from_bytes([3; 32])
}

pub(crate) fn known() -> Opening {
    Opening::Known { tag: TAG, peer: BOB, local_static: alice_key(), remote_static: bob_key().public(), psk: psk() }
}

/// Whom one side knows.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) contacts: Vec<(PairTag, DeviceId, [u8; 32], Psk)>,
    pub(crate) strangers: bool,
    pub(crate) seen: BTreeSet<(PairTag, [u8; 32])>,
}

impl Book {
    pub(crate) fn with_alice() -> Self {
        Self { contacts: vec![(TAG, ALICE, alice_key().public(), psk())], ..Self::default() }
    }
}

impl Directory for Book {
    fn candidates(&self, tag: PairTag) -> Vec<Candidate> {
        let of_tag = self.contacts.iter().filter(|contact| contact.0 == tag);
        of_tag.map(|(_, peer, key, psk)| Candidate { peer: *peer, remote_static: *key, psk: psk.clone() }).collect()
    }
    fn accepts_strangers(&self) -> bool {
        self.strangers
    }
    fn first_seen(&mut self, tag: PairTag, ephemeral: [u8; 32]) -> bool {
        self.seen.insert((tag, ephemeral))
    }
}

/// One side.
pub(crate) struct End {
    pub(crate) link: Link,
    pub(crate) book: Book,
    pub(crate) events: Vec<LinkEvent>,
    pub(crate) error: Option<LinkError>,
    pub(crate) is_reading: bool,
    /// All it ever sent.
    pub(crate) sent: Vec<(Channel, Vec<u8>)>,
}

impl End {
    fn new(link: Link, book: Book) -> Self {
        Self { link, book, events: Vec::new(), error: None, is_reading: true, sent: Vec::new() }
    }

    /// Peer, hash and role of the established link.
    pub(crate) fn established(&self) -> Option<(Option<DeviceId>, [u8; 32], Role)> {
        match self.events.first()? {
            LinkEvent::Established { peer, handshake_hash, role } => Some((*peer, *handshake_hash, *role)),
            other => panic!("{other:?} before the link was established"),
        }
    }

    pub(crate) fn frames(&self, wanted: Class) -> Vec<&[u8]> {
        self.events
            .iter()
            .filter_map(|event| match event {
                LinkEvent::Frame { class, bytes } if *class == wanted => Some(bytes.as_slice()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn packets(&self) -> Vec<&[u8]> {
        self.events
            .iter()
            .filter_map(|event| match event {
                LinkEvent::Packet(bytes) => Some(bytes.as_slice()),
                _ => None,
            })
            .collect()
    }
}

/// Alice, who dials, and Bob, with a wire between them.
pub(crate) struct Net {
    pub(crate) now: Mono,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) faults: Faults,
    pub(crate) alice: End,
    pub(crate) bob: End,
    /// By time of arrival and order of sending; `true` is for Bob.
    wire: BTreeMap<(Mono, u64), (bool, Channel, Vec<u8>)>,
    serial: u64,
    last: BTreeMap<(bool, Channel), Mono>,
}

impl Net {
    pub(crate) fn new(seed: u64, pipe: Pipe, faults: Faults, opening: Opening, book: Book) -> Self {
        Self::between(seed, pipe, pipe, faults, opening, book)
    }

    pub(crate) fn between(seed: u64, his: Pipe, hers: Pipe, faults: Faults, opening: Opening, book: Book) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let now = Mono(1_000);
        let alice = Link::dial(now, &mut rng, hers, opening).unwrap();
        let bob = Link::accept(now, &mut rng, his, bob_key());
        let (alice, bob) = (End::new(alice, Book::default()), End::new(bob, book));
        Self { now, rng, faults, alice, bob, wire: BTreeMap::new(), serial: 0, last: BTreeMap::new() }
    }

    /// Contacts on a link that is established.
    pub(crate) fn connected(seed: u64, pipe: Pipe, faults: Faults) -> Self {
        let mut net = Self::new(seed, pipe, faults, known(), Book::with_alice());
        net.run(60_000, |net| net.alice.established().is_some() && net.bob.established().is_some());
        net
    }

    /// Runs until the condition holds; panics when it does not within so many milliseconds.
    #[track_caller]
    pub(crate) fn run(&mut self, millis: u64, done: impl Fn(&Self) -> bool) {
        let end = self.now.plus(millis);
        while !done(self) {
            let has_more = self.step(end);
            let errors = (self.alice.error, self.bob.error);
            assert!(has_more || done(self), "not done at {:?}; errors: {errors:?}", self.now);
        }
    }

    /// Runs until nothing happens any more, at most so many milliseconds.
    pub(crate) fn settle(&mut self, millis: u64) {
        let end = self.now.plus(millis);
        while self.step(end) {}
    }

    /// Lets both sides speak, then goes on to the next arrival or deadline. `false` if there is none before `end`.
    fn step(&mut self, end: Mono) -> bool {
        self.exchange();
        let arrival = self.wire.first_key_value().map(|((at, _), _)| *at);
        let deadlines = [self.alice.link.deadline(), self.bob.link.deadline()];
        let Some(next) = arrival.into_iter().chain(deadlines.into_iter().flatten()).min() else { return false };
        if next > end {
            self.now = end;
            return false;
        }
        self.now = self.now.max(next);
        while let Some(entry) = self.wire.first_entry()
            && entry.key().0 <= self.now
        {
            let (to_bob, channel, bytes) = entry.remove();
            self.deliver(to_bob, channel, &bytes);
        }
        for end in [&mut self.alice, &mut self.bob] {
            if end.link.deadline().is_some_and(|deadline| deadline <= self.now) {
                let result = end.link.on_deadline(self.now);
                end.error = end.error.or(result.err());
                assert!(end.link.deadline().is_none_or(|deadline| deadline > self.now), "a deadline must move on");
            }
        }
        true
    }

    pub(crate) fn deliver(&mut self, to_bob: bool, channel: Channel, bytes: &[u8]) {
        let end = if to_bob { &mut self.bob } else { &mut self.alice };
        let result = end.link.receive(self.now, &mut self.rng, &mut end.book, channel, bytes);
        end.error = end.error.or(result.err());
    }

    /// Reads events and puts on the wire what is to be sent.
    pub(crate) fn exchange(&mut self) {
        for to_bob in [true, false] {
            let from = if to_bob { &mut self.alice } else { &mut self.bob };
            while from.is_reading
                && let Some(event) = from.link.poll_event()
            {
                from.events.push(event);
            }
            while let Some((channel, bytes)) =
                (if to_bob { &mut self.alice } else { &mut self.bob }).link.poll_transmit(self.now)
            {
                (if to_bob { &mut self.alice } else { &mut self.bob }).sent.push((channel, bytes.clone()));
                self.put(to_bob, channel, bytes);
            }
        }
    }

    fn put(&mut self, to_bob: bool, channel: Channel, bytes: Vec<u8>) {
        let is_stream = channel != Channel::Packet;
        if !is_stream && self.chance(self.faults.loss) {
            return;
        }
        let copies = if !is_stream && self.chance(self.faults.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let (least, most) = self.faults.delay;
            let mut at = self.now.plus(least + self.rng.next_u64() % (most - least + 1));
            if is_stream || self.faults.is_ordered {
                let last = self.last.entry((to_bob, channel)).or_default();
                at = at.max(*last);
                *last = at;
            }
            // A stream's bytes come in other pieces than they were written.
            let cut = if is_stream { 1 + self.rng.next_u64() as usize % 5_000 } else { bytes.len() };
            for piece in bytes.chunks(cut) {
                self.serial += 1;
                self.wire.insert((at, self.serial), (to_bob, channel, piece.to_vec()));
            }
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.next_u64() % 100 < percent
    }
}

pub(crate) fn streams(binding: u8, packet: usize) -> Pipe {
    Pipe::Streams { binding: [binding; 32], packet }
}

/// Every kind of pipe with every kind of wire.
pub(crate) fn pipes() -> Vec<(Pipe, Faults)> {
    let packets = MTUS.into_iter().flat_map(|mtu| [SERIAL, BLE].map(|faults| (Pipe::Packets { mtu }, faults)));
    packets.chain([(streams(9, 1_200), BLE), (streams(9, 0), SERIAL)]).collect()
}

/// `len` bytes that differ by `seed`.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
