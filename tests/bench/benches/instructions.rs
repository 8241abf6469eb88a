//! How many instructions it takes to read a frame, to open what came over a link, and to open an envelope: counted by
//! valgrind, so that a machine that is busy changes nothing. `cargo xtask bench instructions` runs it.

#![allow(
    missing_docs,
    unused_qualifications,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "what fails here fails the measurement, and what its macros write is theirs"
)]

use std::hint::black_box;

use chacha20::ChaCha8Rng;
use gungraun::{library_benchmark, library_benchmark_group, main};
use lamplit_link::{Candidate, Directory, Link, LinkEvent, Opening, Psk, StaticKey};
use lamplit_seal::{OlmAccount, OlmMessage, Sessions, padding};
use lamplit_types::{
    AccountId, AudienceId, Channel, Class, DeviceId, EnvelopeId, Hlc, Incarnation, MessageId, Mono, PairTag, Pipe,
    Text, Wall,
};
use lamplit_wire::{Body, Content, Decoded, Envelope, Frame, KeyId, Mark, SealedPresence, Suite, decode};
use rand_core::SeedableRng;

/// As much as Bluetooth mostly carries.
const MTU: usize = 247;
/// A sealed message of an ordinary length.
const SEALED: usize = 300;
const TEXT: &str = "Shall we meet at the lake at seven? I bring the boat, you bring something to eat, and no phones.";
const NOW: Mono = Mono(1_000);
const TAG: PairTag = PairTag::from_bytes([5; 8]);
const CALLER: DeviceId = DeviceId::from_bytes([1; 32]);
const CALLED: DeviceId = DeviceId::from_bytes([2; 32]);

fn acknowledgement() -> Vec<u8> {
    Frame::Ack(EnvelopeId::from_bytes([7; 16])).encode().unwrap()
}

fn envelope() -> Vec<u8> {
    let envelope = Envelope {
        suite: Suite::Olm,
        to: CALLED,
        id: EnvelopeId::from_bytes([7; 16]),
        expires: Wall(1_800_000_000_000),
        sealed: vec![7; SEALED].try_into().unwrap(),
    };
    Frame::Envelope(envelope).encode().unwrap()
}

fn presence() -> Vec<u8> {
    let presence = SealedPresence {
        audience: AudienceId::from_bytes([7; 16]),
        key: KeyId { generation: 1 << 16, day: 20_833 },
        sealed: vec![7; 256].try_into().unwrap(),
    };
    Frame::Presence(presence).encode().unwrap()
}

#[library_benchmark]
#[bench::acknowledgement(acknowledgement())]
#[bench::envelope(envelope())]
#[bench::presence(presence())]
fn wire_decode(bytes: Vec<u8>) -> (Vec<u8>, Option<Decoded<Frame>>) {
    let decoded = decode(&mut black_box(bytes.as_slice())).unwrap();
    (bytes, decoded)
}

/// A link that was just opened over packets, and one message for it.
struct Met {
    link: Link,
    rng: ChaCha8Rng,
    packets: Vec<(Channel, Vec<u8>)>,
}

struct Caller;

impl Directory for Caller {
    fn candidates(&self, _: PairTag) -> Vec<Candidate> {
        vec![Candidate { peer: CALLER, remote_static: key(1).public(), psk: Psk::from_bytes([6; 32]) }]
    }
    fn accepts_strangers(&self) -> bool {
        false
    }
    fn first_seen(&mut self, _: PairTag, _: [u8; 32]) -> bool {
        true
    }
}

fn key(number: u8) -> StaticKey {
    StaticKey::from_bytes([number; 32])
}

fn met(bytes: usize) -> Met {
    let mut rng = ChaCha8Rng::from_seed([7; 32]);
    let opening = Opening::Known {
        tag: TAG,
        peer: CALLED,
        local_static: key(1),
        remote_static: key(2).public(),
        psk: Psk::from_bytes([6; 32]),
    };
    let pipe = Pipe::Packets { mtu: MTU };
    let mut near = Link::dial(NOW, &mut rng, pipe, opening).unwrap();
    let mut far = Link::accept(NOW, &mut rng, pipe, key(2));
    for _ in 0..4 {
        while let Some((channel, packet)) = near.poll_transmit(NOW) {
            far.receive(NOW, &mut rng, &mut Caller, channel, &packet).unwrap();
        }
        while let Some((channel, packet)) = far.poll_transmit(NOW) {
            near.receive(NOW, &mut rng, &mut Caller, channel, &packet).unwrap();
        }
    }
    assert!(matches!(far.poll_event(), Some(LinkEvent::Established { .. })));
    near.send(NOW, Class::Message, &vec![7; bytes]).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = near.poll_transmit(NOW) {
        packets.push(packet);
    }
    Met { link: far, rng, packets }
}

#[library_benchmark]
#[bench::one_packet(met(150))]
#[bench::an_envelope(met(400))]
fn link_open(mut met: Met) -> (Met, Option<LinkEvent>) {
    for (channel, packet) in black_box(&met.packets) {
        met.link.receive(NOW, &mut met.rng, &mut Caller, *channel, packet).unwrap();
    }
    let event = met.link.poll_event();
    assert!(event.is_some());
    (met, event)
}

/// Open sessions, and a message in them.
fn sealed(is_answer: bool) -> (Sessions, OlmMessage) {
    let (mut ada, mut grace) = (OlmAccount::new(), OlmAccount::new());
    let (mut here, mut there) = (Sessions::new(), Sessions::new());
    here.add(ada.start(grace.identity_key(), grace.one_time_key()).unwrap());
    let say = |from: &mut Sessions| {
        let text = Text::parse(TEXT).unwrap();
        let content = Content {
            conversation: AccountId::from_bytes([7; 16]).into(),
            incarnation: Incarnation(1 << 32),
            seq: 300,
            base: 300,
            sent: Hlc { wall: Wall(1_800_000_000_000), count: 0 },
            mark: Mark([7; 16]),
            body: Body::Text { id: MessageId::from_bytes([7; 16]), text },
        };
        from.encrypt(&padding::pad(&postcard::to_allocvec(&content).unwrap()).unwrap()).unwrap()
    };
    let first = say(&mut here);
    there.receive(&mut grace, ada.identity_key(), &first).unwrap();
    let answer = say(&mut there);
    here.receive(&mut ada, grace.identity_key(), &answer).unwrap();
    let next = say(&mut here);
    if is_answer {
        return (there, next);
    }
    there.decrypt(&next).unwrap();
    let another = say(&mut here);
    (there, another)
}

#[library_benchmark]
#[bench::answer(sealed(true))]
#[bench::next_of_the_same(sealed(false))]
fn envelope_open((mut sessions, message): (Sessions, OlmMessage)) -> (Sessions, Content) {
    let plain = sessions.decrypt(black_box(&message)).unwrap();
    let content = postcard::from_bytes(padding::unpad(&plain).unwrap()).unwrap();
    (sessions, content)
}

library_benchmark_group!(name = opening, benchmarks = [wire_decode, link_open, envelope_open]);
main!(library_benchmark_groups = opening);
